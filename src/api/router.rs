//! Which request goes where, and what holds for all of them.
//!
//! One layer is around everything: it catches panics, takes the time and counts. More would
//! cost every request.

use crate::api::handler::context::{Context, OTHER};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::{head, problems};
use crate::api::hook;
use crate::api::operate::{actions, dry_run, find, inspect, ledger, probes, suppressions};
use crate::api::read::{balance, events, list, message, order, routes};
use crate::api::submit::{cancel, estimate, messages, outcome};
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// What answers are counted under, as method and pattern; a closed set, so that
/// telemetry can show all of it from the start.
pub const ENDPOINTS: &[&str] = &[
    "POST /v1/messages",
    "GET /v1/messages",
    "GET /v1/messages/{id}",
    "DELETE /v1/messages/{id}",
    "POST /v1/messages/{id}/outcome",
    "GET /v1/orders/{id}",
    "GET /v1/orders/{id}/messages",
    "POST /v1/estimate",
    "GET /v1/routes",
    "GET /v1/routes/{id}",
    "GET /v1/routes/{id}/pricing",
    "GET /v1/balance",
    "GET /v1/events",
    "GET /hooks/{carrier}/{secret}",
    "POST /hooks/{carrier}/{secret}",
    "GET /admin/v1/events/unrouted",
    "GET /admin/v1/accounts/{id}/ledger",
    "POST /admin/v1/accounts/{id}/credit",
    "GET /admin/v1/messages",
    "GET /admin/v1/messages/{id}",
    "GET /admin/v1/messages/{id}/story",
    "GET /admin/v1/suppressions",
    "POST /admin/v1/suppressions",
    "DELETE /admin/v1/suppressions",
    "GET /admin/v1/carriers",
    "GET /admin/v1/links",
    "GET /admin/v1/routes",
    "GET /admin/v1/routes/dry-run",
    "GET /admin/v1/queues",
    "GET /admin/v1/accounts",
    "GET /admin/v1/config",
    "GET /admin/v1/actions",
    "GET /admin/v1/links/{id}/trace",
    "POST /admin/v1/carriers/{id}/pause",
    "POST /admin/v1/carriers/{id}/resume",
    "POST /admin/v1/carriers/{id}/drain",
    "POST /admin/v1/carriers/{id}/breaker",
    "POST /admin/v1/carriers/{id}/move",
    "POST /admin/v1/routes/{id}/pause",
    "POST /admin/v1/routes/{id}/resume",
    "POST /admin/v1/links/{id}/rebind",
    "POST /admin/v1/links/{id}/trace",
    "POST /admin/v1/store/release",
    "POST /admin/v1/clock/confirm",
    "GET /problems",
    "GET /problems/{code}",
    "GET /metrics",
    "GET /livez",
    "GET /readyz",
    "GET /statusz",
];

/// Where every refusal is one of a message.
const SUBMIT: &str = "POST /v1/messages";
/// Where hooks are.
const HOOKS: &str = "/hooks";

/// What has nothing of anybody in it.
const OPEN: [&str; 6] = ["/metrics", "/livez", "/readyz", "/statusz", "/problems", "/problems/{code}"];

/// What applications call, and carriers over HTTP.
pub fn application(context: &Arc<Context>) -> Router {
    let routes = Router::new()
        .route("/v1/messages", post(messages::messages).get(list::messages))
        .route("/v1/messages/{id}", get(message::message).delete(cancel::cancel))
        .route("/v1/messages/{id}/outcome", post(outcome::outcome))
        .route("/v1/orders/{id}", get(order::order))
        .route("/v1/orders/{id}/messages", get(list::order_messages))
        .route("/v1/estimate", post(estimate::estimate))
        .route("/v1/routes", get(routes::all))
        .route("/v1/routes/{id}", get(routes::one))
        .route("/v1/routes/{id}/pricing", get(balance::pricing))
        .route("/v1/balance", get(balance::balance))
        .route("/v1/events", get(events::of_account))
        .route("/hooks/{carrier}/{secret}", get(hook::told).post(hook::told));
    around(routes, context)
}

/// What operators and their probes call.
pub fn operations(context: &Arc<Context>) -> Router {
    let routes = Router::new()
        .route("/metrics", get(probes::metrics))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/statusz", get(probes::statusz))
        .route("/admin/v1/events/unrouted", get(events::unrouted))
        .route("/admin/v1/accounts/{id}/ledger", get(ledger::ledger))
        .route("/admin/v1/accounts/{id}/credit", post(ledger::credit))
        .route("/admin/v1/messages", get(find::messages))
        .route("/admin/v1/messages/{id}", get(find::message))
        .route("/admin/v1/messages/{id}/story", get(find::story))
        .route("/admin/v1/suppressions", get(suppressions::all).post(suppressions::add).delete(suppressions::lift))
        .route("/admin/v1/carriers", get(inspect::carriers))
        .route("/admin/v1/links", get(inspect::links))
        .route("/admin/v1/routes", get(inspect::routes))
        .route("/admin/v1/routes/dry-run", get(dry_run::dry_run))
        .route("/admin/v1/queues", get(inspect::queues))
        .route("/admin/v1/accounts", get(inspect::accounts))
        .route("/admin/v1/config", get(inspect::config))
        .route("/admin/v1/actions", get(actions::actions))
        .route("/admin/v1/carriers/{id}/pause", post(actions::order))
        .route("/admin/v1/carriers/{id}/resume", post(actions::order))
        .route("/admin/v1/carriers/{id}/drain", post(actions::order))
        .route("/admin/v1/carriers/{id}/breaker", post(actions::order))
        .route("/admin/v1/carriers/{id}/move", post(actions::order))
        .route("/admin/v1/routes/{id}/pause", post(actions::order))
        .route("/admin/v1/routes/{id}/resume", post(actions::order))
        .route("/admin/v1/links/{id}/rebind", post(actions::order))
        .route("/admin/v1/links/{id}/trace", get(inspect::trace).post(actions::order))
        .route("/admin/v1/store/release", post(actions::release))
        .route("/admin/v1/clock/confirm", post(actions::confirm_clock));
    around(routes, context)
}

fn around(routes: Router<Arc<Context>>, context: &Arc<Context>) -> Router {
    routes
        .route("/problems", get(problems::all))
        .route("/problems/{code}", get(problems::one))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::clone(context), watch))
        .with_state(Arc::clone(context))
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

/// Refuses what HTTP does, catches panics, says of refusals for what they are, takes the time, counts.
async fn watch(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let uri = request.uri().clone();
    let pattern = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let endpoint = pattern.map_or(OTHER, |it| endpoint(request.method(), it));
    let may_be_kept = pattern.is_some_and(|it| OPEN.contains(&it));
    let mut response = match head::refused(&request) {
        Some(response) => response,
        None => caught(next.run(request)).await.unwrap_or_else(|| {
            Problem::new(Kind::Internal, "The request met a fault of ours; it is logged.").answer(endpoint)
        }),
    };
    if let Some(problem) = Problem::write(&mut response, instance(&uri))
        && endpoint == SUBMIT
    {
        (context.wiring.on_refusal)(problem.kind.stage(), problem.kind.status());
    }
    if !may_be_kept {
        // Numbers and texts are for who asked: a cache on the way knows an Authorization, and not our header (RFC 9111, 3.5).
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

/// What a future gives, or nothing where it panics.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        // After a panic the future is never polled again, so nothing sees what it left behind.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}
