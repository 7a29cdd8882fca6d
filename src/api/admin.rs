//! What operators look at: metrics, probes and the state of everything.

use crate::api::answer;
use crate::api::context::Context;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
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

/// `GET /statusz`
pub(super) async fn statusz(State(context): State<Arc<Context>>) -> Response {
    answer::json(StatusCode::OK, &(context.wiring.statusz)(), 4_096)
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
