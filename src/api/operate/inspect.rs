//! How everything stands, for operators: `GET /admin/v1/{carriers,links,routes,queues,accounts,config}`.
//!
//! What the loop knows comes as one picture of one moment; what the configuration says stands beside it.

use crate::api::handler::admitted::Operator;
use crate::api::handler::ask::ask;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json;
use crate::api::handler::kinds::ConfigDocument;
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::operate::actions::unknown;
use crate::api::operate::link::{BusyLinkView, link, link_name};
use crate::api::operate::views::{AccountView, CarrierView, QueueView, RouteView};
use crate::dispatch::door::happening::Inspect;
use crate::dispatch::door::snapshot::Snapshot;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// `GET /admin/v1/carriers`
pub(crate) async fn carriers(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let snapshot = snapshot(&context).await?;
    Ok(list(snapshot.carriers.iter().map(|it| CarrierView::of(it, snapshot.at, by.plan())).collect()))
}

/// `GET /admin/v1/links`: those that run, bound or not.
pub(crate) async fn links(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let running = context.wiring.links.all();
    let snapshot = snapshot(&context).await?;
    Ok(list(running.iter().map(|(id, it)| BusyLinkView::of(*id, it, &snapshot, by.plan())).collect()))
}

/// `GET /admin/v1/routes`
pub(crate) async fn routes(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let snapshot = snapshot(&context).await?;
    Ok(list(by.plan().routes.values().map(|it| RouteView::of(it, &snapshot, by.plan())).collect()))
}

/// `GET /admin/v1/queues`: those with something in them, the oldest first.
pub(crate) async fn queues(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let snapshot = snapshot(&context).await?;
    let mut queues: Vec<_> = snapshot.queues.iter().collect();
    queues.sort_by_key(|it| std::cmp::Reverse(it.oldest));
    Ok(list(queues.into_iter().map(|it| QueueView::of(it, by.plan())).collect()))
}

/// `GET /admin/v1/accounts`
pub(crate) async fn accounts(by: Operator) -> Response {
    list(by.plan().accounts.values().map(|it| AccountView::of(it, by.directory())).collect())
}

/// `GET /admin/v1/config`: what was written, without its secrets.
pub(crate) async fn config(State(context): State<Arc<Context>>, _by: Operator) -> Response {
    json::answer(StatusCode::OK, &context.wiring.shown.get(), 4_096)
}

/// `GET /admin/v1/links/{id}/trace`: the latest, a line of JSON for each PDU.
pub(crate) async fn trace(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Operator,
) -> Result<Response, Problem> {
    let link = link(&context, by.plan(), &id).ok_or_else(|| unknown("link"))?;
    let trace = Arc::clone(&context.wiring.trace);
    // Thousands of PDUs take their time to explain, and no more than a few traces are read at once.
    let lines = blocking(&context, move |_| Ok(trace(link))).await?.ok_or_else(|| {
        let name = link_name(by.plan(), link);
        Problem::new(Kind::NotFound, format!("{name} has not been traced since it was started."))
    })?;
    let mut text = lines.join("\n");
    text.push_str(if lines.is_empty() { "" } else { "\n" });
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}

/// What the reference says of it.
pub(crate) fn about_carriers() -> Endpoint {
    seen("Carriers", ("listCarriers", "List the carriers"))
        .says("How each carrier stands now.")
        .answers::<Page<CarrierView<'_>>>(200, "All of them, on one page.")
}

/// What the reference says of it.
pub(crate) fn about_links() -> Endpoint {
    seen("Links", ("listLinks", "List the links"))
        .says("Those that run, bound or not.")
        .answers::<Page<BusyLinkView<'_>>>(200, "All of them, on one page.")
}

/// What the reference says of it.
pub(crate) fn about_routes() -> Endpoint {
    seen("Routing", ("listAllRoutes", "List all routes"))
        .says("Every route, and what waits for it.")
        .answers::<Page<RouteView<'_>>>(200, "All of them, on one page.")
}

/// What the reference says of it.
pub(crate) fn about_queues() -> Endpoint {
    seen("Routing", ("listQueues", "List the queues"))
        .says("Those with something in them, the oldest first.")
        .answers::<Page<QueueView<'_>>>(200, "All of them, on one page.")
}

/// What the reference says of it.
pub(crate) fn about_accounts() -> Endpoint {
    Endpoint::new("Accounts", "listAccounts", "List the accounts")
        .says("Every account as it is configured, without its keys.")
        .by::<Operator>()
        .answers::<Page<AccountView<'_>>>(200, "All of them, on one page.")
}

/// What the reference says of it.
pub(crate) fn about_config() -> Endpoint {
    Endpoint::new("Operation", "getConfig", "Get the configuration")
        .says("The configuration in force as it was written, without its secrets.")
        .by::<Operator>()
        .answers::<ConfigDocument>(200, "The configuration.")
}

/// What the reference says of it.
pub(crate) fn about_trace() -> Endpoint {
    Endpoint::new("Links", "getTrace", "Get a trace")
        .says("The latest trace of a link: each PDU a line of JSON, numbers without their middle and no texts.")
        .by::<Operator>()
        .path::<String>("id", "acme-1", "The name of the link.")
        .answers_in(200, &["application/x-ndjson"], "The PDUs.")
        .refuses(&[Kind::NotFound])
        .refuses(&READS)
}

fn seen(group: &str, (name, summary): (&str, &str)) -> Endpoint {
    Endpoint::new(group, name, summary).by::<Operator>().refuses(&ASKS)
}

fn list<T: Serialize>(data: Vec<T>) -> Response {
    let octets = data.len() * 512 + 64;
    json::answer(StatusCode::OK, &Page::whole(data), octets)
}

/// Asks the loop how everything stands.
pub(crate) async fn snapshot(context: &Context) -> Result<Box<Snapshot>, Problem> {
    ask(context, Inspect).await
}
