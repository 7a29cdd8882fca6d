//! `GET` and `POST /hooks/{carrier}/{secret}`: where a carrier over HTTP tells what became of messages.
//!
//! It is answered with 200 once everything in it is durable, and with 503 where it is to come again. A wrong secret
//! is answered as if there were nothing. What is not understood is counted, and taken: to hear it again would not help.

use crate::api::handler::ask::{ANSWER_TIMEOUT, send};
use crate::api::handler::body;
use crate::api::handler::context::{Context, LoopRequest};
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::carrier::http::receipt::{Hook, ParsedReceipts};
use crate::dispatch::door::plan::Plan;
use crate::message::id::CarrierId;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// `GET` and `POST /hooks/{carrier}/{secret}`
pub(super) async fn take(
    State(context): State<Arc<Context>>,
    Path((name, secret)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let plan = Arc::clone(&context.wiring.plan.borrow());
    let (carrier, hook) = hook(&plan, (&name, &secret))?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    if request.method() == Method::GET
        && let Some(challenge) = hook.challenge_answer(&query)
    {
        return Ok(answer(challenge));
    }
    let (body, _held) = body::read(&context, Holder::Carrier(carrier), request.into_body()).await?;
    let ParsedReceipts { news, unread } = hook.read(&query, &body);
    if 0 < unread {
        (context.wiring.on_unread)(carrier, &name, unread);
    }
    if !news.is_empty() {
        let (to, durable) = oneshot::channel();
        send(&context, LoopRequest::Receipts(carrier, news, to))?;
        if !matches!(timeout(ANSWER_TIMEOUT, durable).await, Ok(Ok(()))) {
            return Err(Problem::new(Kind::NoAnswer, "It is not known whether this was stored; send it again."));
        }
    }
    Ok(answer(String::new()))
}

/// What the reference says of it.
pub(super) fn about_get() -> Endpoint {
    about("hearFromCarrierByQuery").says(
        "For carriers over HTTP that tell in the query what became of messages, and for those that ask with a challenge \
         whether the hook is theirs. What is not understood is counted, and taken. The names in the query are those that \
         `hook` of the carrier has in the configuration.",
    )
}

/// What the reference says of it.
pub(super) fn about_post() -> Endpoint {
    about("hearFromCarrier")
        .says(
            "For carriers over HTTP that tell in a body what became of messages. It is answered once everything in it is \
             durable. What is not understood is counted, and taken; its form is what `hook` of the carrier says.",
        )
        .refuses(&[Kind::TooLarge, Kind::TooSlow, Kind::Malformed])
}

fn about(name: &str) -> Endpoint {
    Endpoint::new("Hooks", name, "Hear from a carrier")
        .path::<String>("carrier", "acme", "The carrier's name in the configuration.")
        .path::<String>(
            "secret",
            "$SECRET",
            "The secret of the hook; a wrong one is answered as if there were nothing.",
        )
        .answers_in(200, &["text/plain"], "Everything in it is durable; of a challenge, its answer.")
        .refuses(&[Kind::NotFound])
        .refuses(&ASKS)
}

/// The carrier of this name, if it calls us and this is its secret.
fn hook<'p>(plan: &'p Plan, (name, secret): (&str, &str)) -> Result<(CarrierId, &'p Hook), Problem> {
    let given: [u8; 32] = Sha256::digest(secret).into();
    let found = plan.carrier_named(name);
    let hook = found.and_then(|it| Some((it.id, it.dialect.hook.as_deref()?)));
    hook.filter(|(_, hook)| bool::from(hook.secret.ct_eq(&given)))
        .ok_or_else(|| Problem::new(Kind::NotFound, "There is nothing at this path."))
}

/// 200, with a text that no browser takes for a page.
fn answer(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
