//! Which request goes where, and what holds for all of them.
//!
//! One function is around everything: it catches panics, takes the time and counts. More would
//! cost every request.

use crate::api::handler::context::{Context, OTHER};
use crate::api::handler::head;
use crate::api::handler::panics::{caught, fault_of_ours};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::hook;
use crate::api::operate::{
    actions, dry_run, find, guards, inspect, ledger, orders, people, probes, suppressions, webhooks,
};
use crate::api::port::around::At;
use crate::api::port::kind::{PortKind, PortRole};
use crate::api::port::{self, twilio, vonage};
use crate::api::read::{self, balance, events, list, message, order, order_messages, routes};
use crate::api::reference::document::Described;
use crate::api::reference::{self, Reference, problems};
use crate::api::submit::{cancel, endpoints, estimate, messages, outcome, retry};
use crate::api::verify;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use std::sync::Arc;
use std::time::Instant;
use tower_service::Service;

/// Names an endpoint as answers are counted under it.
macro_rules! named {
    (get $path:literal) => {
        concat!("GET ", $path)
    };
    (post $path:literal) => {
        concat!("POST ", $path)
    };
    (delete $path:literal) => {
        concat!("DELETE ", $path)
    };
}

/// Makes, of one table, the routes of each listener, the names of all of them, and what the reference says of them.
macro_rules! endpoints {
    ($($listener:ident $table:ident { $($path:literal { $($method:ident: $handler:path => $about:path),+ })+ })+) => {
        /// What answers are counted under, as method and pattern; a closed set, so that telemetry can show all of it
        /// from the start.
        pub const ENDPOINTS: &[&str] = &[$($($(named!($method $path)),+),+),+];

        $(fn $listener() -> Router<Arc<Context>> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($handler))+))+
        }

        const $table: &[Described] =
            &[$($(Described { method: stringify!($method), path: $path, about: $about }),+),+];)+
    };
}

endpoints! {
    of_application OF_APPLICATION {
        "/v1/messages" { post: messages::messages => messages::about, get: list::messages => list::about_messages }
        "/v1/messages/{id}" { get: message::message => message::about, delete: cancel::cancel => cancel::about }
        "/v1/messages/{id}/outcome" { post: outcome::outcome => outcome::about }
        "/v1/orders" { get: order::orders => order::about_orders }
        "/v1/orders/{id}" { get: order::order => order::about, delete: cancel::cancel_order => cancel::about_order }
        "/v1/orders/{id}/retry" { post: retry::retry => retry::about }
        "/v1/orders/{id}/messages" { get: order_messages::order_messages => order_messages::about }
        "/v1/verifications" { post: verify::begin::begin => verify::begin::about, get: verify::look::of_number => verify::look::about_of_number }
        "/v1/verifications/predict" { post: verify::predict::predict => verify::predict::about }
        "/v1/verifications/summary" { get: verify::summary::summary => verify::summary::about }
        "/v1/verifications/{id}" { get: verify::look::one => verify::look::about }
        "/v1/verifications/{id}/check" { post: verify::check::check => verify::check::about }
        "/v1/verifications/{id}/resend" { post: verify::resend::resend => verify::resend::about }
        "/v1/verifications/{id}/cancel" { post: verify::check::cancel => verify::check::about_cancel }
        "/v1/estimate" { post: estimate::estimate => estimate::about }
        "/v1/routes" { get: routes::all => routes::about_all }
        "/v1/routes/{id}" { get: routes::one => routes::about_one }
        "/v1/routes/{id}/pricing" { get: balance::pricing => balance::about_pricing }
        "/v1/balance" { get: balance::balance => balance::about }
        "/v1/events" { get: events::of_account => events::about_of_account }
        "/v1/webhooks" { get: read::webhooks::of_account => read::webhooks::about, post: endpoints::make => endpoints::about_make }
        "/v1/webhooks/{id}" { delete: endpoints::remove => endpoints::about_remove }
        "/hooks/{carrier}/{secret}" { get: hook::take => hook::about_get, post: hook::take => hook::about_post }
    }
    of_operators OF_OPERATORS {
        "/admin/v1/events/unrouted" { get: events::unrouted => events::about_unrouted }
        "/admin/v1/accounts/{id}/ledger" { get: ledger::ledger => ledger::about }
        "/admin/v1/accounts/{id}/credit" { post: ledger::credit => ledger::about_credit }
        "/admin/v1/messages" { get: find::messages => find::about_messages }
        "/admin/v1/messages/{id}" { get: find::message => find::about_message }
        "/admin/v1/messages/{id}/story" { get: find::story => find::about_story }
        "/admin/v1/webhooks" { get: webhooks::all => webhooks::about_all }
        "/admin/v1/webhooks/{id}/recover" { post: webhooks::recover => webhooks::about_recover }
        "/admin/v1/webhooks/{id}/test" { post: webhooks::test => webhooks::about_test }
        "/admin/v1/suppressions" { get: suppressions::all => suppressions::about_all, post: suppressions::add => suppressions::about_add, delete: suppressions::lift => suppressions::about_lift }
        "/admin/v1/people/{number}" { delete: people::forget => people::about }
        "/admin/v1/carriers" { get: inspect::carriers => inspect::about_carriers }
        "/admin/v1/links" { get: inspect::links => inspect::about_links }
        "/admin/v1/routes" { get: inspect::routes => inspect::about_routes }
        "/admin/v1/routes/dry-run" { get: dry_run::dry_run => dry_run::about }
        "/admin/v1/queues" { get: inspect::queues => inspect::about_queues }
        "/admin/v1/accounts" { get: inspect::accounts => inspect::about_accounts }
        "/admin/v1/config" { get: inspect::config => inspect::about_config }
        "/admin/v1/actions" { get: actions::actions => actions::about }
        "/admin/v1/carriers/{id}/pause" { post: actions::order => orders::about_pause }
        "/admin/v1/carriers/{id}/resume" { post: actions::order => orders::about_resume }
        "/admin/v1/carriers/{id}/drain" { post: actions::order => orders::about_drain }
        "/admin/v1/carriers/{id}/breaker" { post: actions::order => orders::about_breaker }
        "/admin/v1/carriers/{id}/move" { post: actions::order => orders::about_move }
        "/admin/v1/routes/{id}/pause" { post: actions::order => orders::about_pause_route }
        "/admin/v1/routes/{id}/resume" { post: actions::order => orders::about_resume_route }
        "/admin/v1/links/{id}/rebind" { post: actions::order => orders::about_rebind }
        "/admin/v1/links/{id}/trace" { get: inspect::trace => inspect::about_trace, post: actions::order => orders::about_trace }
        "/admin/v1/guards" { get: guards::guards => guards::about }
        "/admin/v1/prefixes/{id}/guard" { post: actions::order => orders::about_guard }
        "/admin/v1/store/release" { post: actions::release => orders::about_release }
        "/admin/v1/clock/confirm" { post: actions::confirm_clock => orders::about_confirm_clock }
        "/metrics" { get: probes::metrics => probes::about_metrics }
        "/livez" { get: probes::livez => probes::about_livez }
        "/readyz" { get: probes::readyz => probes::about_readyz }
        "/statusz" { get: probes::statusz => probes::about_statusz }
    }
    of_both OF_BOTH {
        "/openapi.json" { get: reference::document => reference::about_document }
        "/docs" { get: reference::page => reference::about_page }
        "/problems" { get: problems::all => problems::about_all }
        "/problems/{code}" { get: problems::one => problems::about_one }
    }
}

static FOR_APPLICATIONS: Reference = Reference::new("nuncio", TO_APPLICATIONS, &[OF_APPLICATION, OF_BOTH]);
static FOR_OPERATORS: Reference = Reference::new("nuncio for operators", TO_OPERATORS, &[OF_OPERATORS, OF_BOTH]);

/// What applications have to know before everything else.
const TO_APPLICATIONS: &str = include_str!("reference/applications.md");
/// What operators have to know.
const TO_OPERATORS: &str = include_str!("reference/operators.md");

/// Where messages are taken.
const MESSAGES: &str = "/v1/messages";
/// Where every refusal is one of a message.
const SUBMIT: &str = named!(post "/v1/messages");
/// Where hooks are.
const HOOKS: &str = "/hooks";

/// What has nothing of anybody in it.
const OPEN: [&str; 8] =
    ["/metrics", "/livez", "/readyz", "/statusz", "/openapi.json", "/docs", "/problems", "/problems/{code}"];

/// What is answered on a listener.
#[derive(Clone)]
pub struct Api {
    routes: Router,
    context: Arc<Context>,
    /// Whether messages are taken here.
    takes_messages: bool,
}

/// What applications call, and carriers over HTTP.
pub fn application(context: &Arc<Context>) -> Api {
    Api { takes_messages: true, ..Api::of(of_application(), &FOR_APPLICATIONS, context) }
}

/// What operators and their probes call.
pub fn operations(context: &Arc<Context>) -> Api {
    Api::of(of_operators(), &FOR_OPERATORS, context)
}

/// What clients of another service call.
pub fn port(role: PortRole, context: &Arc<Context>) -> Api {
    let routes = match role.kind {
        PortKind::TwilioVerify => Router::new()
            .route("/v2/Services/{service}/Verifications", post(twilio::begin))
            .route("/v2/Services/{service}/Verifications/{sid}", get(twilio::fetch).post(twilio::update))
            .route("/v2/Services/{service}/VerificationCheck", post(twilio::check)),
        PortKind::VonageVerify => Router::new()
            .route("/v2/verify", post(vonage::begin))
            .route("/v2/verify/{id}", post(vonage::check).delete(vonage::cancel))
            .route("/v2/verify/{id}/next_workflow", post(vonage::next)),
    };
    let at = At { context: Arc::clone(context), role };
    let routes = routes
        .fallback(port::around::nothing)
        .method_not_allowed_fallback(port::around::nothing)
        .layer(from_fn_with_state(at, port::around::around))
        .with_state(Arc::clone(context));
    Api { routes, context: Arc::clone(context), takes_messages: false }
}

impl Api {
    fn of(routes: Router<Arc<Context>>, reference: &'static Reference, context: &Arc<Context>) -> Self {
        let routes = routes
            .merge(of_both().layer(Extension(reference)))
            .fallback(no_such_path)
            .method_not_allowed_fallback(no_such_method)
            .layer(from_fn_with_state(Arc::clone(context), around))
            .with_state(Arc::clone(context));
        Self { routes, context: Arc::clone(context), takes_messages: false }
    }

    /// Answers a request, whatever it is.
    pub async fn answer(self, request: Request) -> Response {
        // The one path that is called for every message does not pay for the choice among all of them.
        if self.takes_messages && request.method() == Method::POST && request.uri().path() == MESSAGES {
            let direct = |request| messages::messages.call(request, Arc::clone(&self.context));
            return watch(&self.context, (SUBMIT, false), request, direct).await;
        }
        let mut routes = self.routes;
        let Ok(response) = routes.call(request).await;
        response
    }
}

async fn no_such_path(request: Request) -> Result<Response, Problem> {
    // RFC 9110, 9.3.7: whether anybody is there.
    if request.method() == Method::OPTIONS && request.uri().path() == "*" {
        return Ok(nothing());
    }
    Err(Problem::new(Kind::NotFound, "There is nothing at this path."))
}

/// axum adds the header Allow.
async fn no_such_method(request: Request) -> Result<Response, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(nothing());
    }
    Err(Problem::new(Kind::MethodNotAllowed, "The header Allow names what can be done here."))
}

/// 204
fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// What a request was for, as far as it may be repeated: the path of a hook has a secret in it.
fn instance(uri: &Uri) -> &str {
    let path = uri.path();
    if path.starts_with(HOOKS) { HOOKS } else { path }
}

/// What is around every route.
async fn around(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let pattern = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let endpoint = pattern.map_or(OTHER, |it| endpoint(request.method(), it));
    let may_be_kept = pattern.is_some_and(|it| OPEN.contains(&it));
    watch(&context, (endpoint, may_be_kept), request, |it| next.run(it)).await
}

/// Refuses what HTTP does, catches panics, says of refusals for what they are, takes the time, counts.
async fn watch<F: Future<Output = Response>>(
    context: &Context,
    (endpoint, may_be_kept): (&'static str, bool),
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let began = Instant::now();
    let uri = request.uri().clone();
    let mut response = match head::refused(&request) {
        Some(response) => response,
        None => caught(next(request)).await.unwrap_or_else(fault_of_ours),
    };
    if let Some(problem) = Problem::write(&mut response, instance(&uri))
        && endpoint == SUBMIT
    {
        (context.wiring.on_refusal)(problem.kind.stage(), problem.kind.status());
    }
    if !may_be_kept {
        // Numbers and texts are for who asked: a cache on the way knows an Authorization, and not our header (RFC 9111,
        // 3.5).
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    (context.wiring.on_answer)(endpoint, response.status().as_u16(), began.elapsed());
    response
}

/// The one of [`ENDPOINTS`] that a method and a pattern are; HEAD is a GET whose body stays here.
fn endpoint(method: &Method, pattern: &str) -> &'static str {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let is = |known: &&&str| known.split_once(' ').is_some_and(|it| it == (method.as_str(), pattern));
    ENDPOINTS.iter().find(is).copied().unwrap_or(OTHER)
}
