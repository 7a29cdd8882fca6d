//! What operators look at: metrics, probes and the state of everything.

use crate::api::answer;
use crate::api::context::Context;
use crate::api::link::{CarrierStatus, LinkView};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// `GET /metrics`
pub(super) async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let exposition = Arc::clone(&context.wiring.exposition);
    // With many series the text takes milliseconds to write, which no other request should wait for.
    let text = tokio::task::spawn_blocking(move || exposition()).await;
    match text {
        Ok(text) => plain(StatusCode::OK, "text/plain; version=0.0.4", text),
        Err(_) => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "The metrics could not be written.\n".to_owned())
        }
    }
}

/// `GET /livez`: whether a restart would help.
pub(super) async fn livez(State(context): State<Arc<Context>>) -> Response {
    if context.wiring.health.poisoned.load(Ordering::Relaxed) {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "The store failed.\n".to_owned());
    }
    plain(StatusCode::OK, "text/plain", "ok\n".to_owned())
}

/// `GET /readyz`: whether new work should come here.
pub(super) async fn readyz(State(context): State<Arc<Context>>) -> Response {
    match context.wiring.health.unready() {
        None => plain(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
    }
}

/// `GET /statusz`: the loop is not asked, so that it is told even when that hangs.
pub(super) async fn statusz(State(context): State<Arc<Context>>) -> Response {
    let (directory, operators) = (context.directory(), &context.wiring.operators);
    let (links, minutes) = ((operators.links)(), (operators.minutes)());
    let status = Status {
        daemon: (context.wiring.statusz)(),
        links: links.iter().map(|(id, it)| LinkView::of(*id, it, &directory.plan)).collect(),
        carriers: directory.plan.carriers.values().map(|it| CarrierStatus::of(it, &minutes)).collect(),
    };
    answer::json(StatusCode::OK, &status, 4_096)
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    daemon: serde_json::Value,
    links: Vec<LinkView<'a>>,
    carriers: Vec<CarrierStatus<'a>>,
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
