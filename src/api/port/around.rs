//! What is around each request of a port: who calls, and refusals in the words of the service.

use crate::api::handler::context::Context;
use crate::api::handler::head;
use crate::api::handler::panics::{caught, fault_of_ours};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::port::kind::{PortKind, PortRole};
use crate::api::port::{twilio, vonage};
use crate::text::base64;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

/// A port as its requests find it.
#[derive(Clone)]
pub(in crate::api) struct At {
    pub(in crate::api) context: Arc<Context>,
    pub(in crate::api) role: PortRole,
}

/// Answers as the service would.
pub(in crate::api) async fn around(State(at): State<At>, mut request: Request, next: Next) -> Response {
    let (began, kind) = (Instant::now(), at.role.kind);
    let path = request.uri().path().to_owned();
    bear(&mut request);
    request.extensions_mut().insert(at.role.clone());
    let mut response = match head::refused(&request) {
        Some(response) => response,
        None => caught(next.run(request)).await.unwrap_or_else(fault_of_ours),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        say(&mut response, (kind, &problem), &path);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (at.context.wiring.on_answer)(kind.endpoint(), response.status().as_u16(), began.elapsed());
    response
}

/// What these services take as a user's password is a key.
fn bear(request: &mut Request) {
    let Some(given) = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()) else { return };
    let Some(encoded) = given.get(..6).filter(|it| it.eq_ignore_ascii_case("Basic ")).and_then(|_| given.get(6..))
    else {
        return;
    };
    let decoded = base64::decode(encoded.trim()).map(Zeroizing::new);
    let key = decoded.as_ref().and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| it.split_once(':'));
    let bearer = key.and_then(|(_, key)| HeaderValue::from_str(&Zeroizing::new(format!("Bearer {key}"))).ok());
    if let Some(mut bearer) = bearer {
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
}

fn say(response: &mut Response, (kind, problem): (PortKind, &Problem), path: &str) {
    let (status, document) = match kind {
        PortKind::TwilioVerify => twilio::error(problem),
        PortKind::VonageVerify => vonage::error(problem, path),
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.body_mut() = Body::from(document.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

/// What is at no path of the service, or of another method.
pub(in crate::api) async fn nothing() -> Response {
    Problem::new(Kind::NotFound, "There is nothing of this at this port.").into_response()
}
