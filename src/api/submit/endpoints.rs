//! Endpoints that accounts make themselves: `POST /v1/webhooks` and `DELETE /v1/webhooks/{id}`.

use crate::api::handler::admitted::Teller;
use crate::api::handler::ask::{ANSWER_TIMEOUT, refusal};
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::json;
use crate::api::handler::kinds::{CallbackUrl, EndpointKey, EventType, Moment, PayloadWord};
use crate::api::handler::made_endpoints::{EndpointRequest, NewEndpoint, NotMade};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::time::Timestamp;
use crate::api::read::events;
use crate::dispatch::door::reply::Denial;
use crate::message::id::{AccountId, EndpointId};
use crate::record::event::{EventKind, EventKinds};
use crate::record::made_endpoint::{EndpointTerms, MadeEndpoint};
use crate::text::base64;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;

/// Characters of a URL: what servers and proxies take.
pub(super) const URL_MAX: usize = 2_000;
/// Characters of a secret: more than 64 octets in base64 and what stands before them.
const SECRET_MAX: usize = 128;
/// Octets of a secret that is made here.
const SECRET: usize = 32;

/// What is told where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
struct Asked {
    /// Where: `https://` or `http://`, at a public address, on port 80, 443 or one from 1024 on.
    #[schema(value_type = CallbackUrl)]
    url: String,
    /// Of which types; all but `message.sent` without it.
    #[schema(value_type = Option<Vec<EventType>>)]
    types: Option<Vec<String>>,
    /// How much of an event; `full` without it.
    #[schema(value_type = Option<PayloadWord>)]
    payload: Option<String>,
    /// Events of one call: with more than one `data` is a list. 1 without it.
    #[schema(minimum = 1, maximum = 100)]
    batch: Option<u8>,
    /// Calls under way at once; 8 without it.
    #[schema(minimum = 1, maximum = 64)]
    in_flight: Option<u8>,
    /// What signs, as Standard Webhooks writes it: `whsec_…` or `whsk_…`. Without it one is made.
    #[schema(max_length = 128)]
    secret: Option<String>,
}

/// An endpoint that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeWebhook)]
struct Made<'a> {
    /// What names it.
    #[schema(value_type = EndpointKey)]
    id: String,
    /// Where it is.
    url: &'a str,
    /// Of what it is told.
    #[schema(value_type = Vec<EventType>)]
    types: Vec<&'static str>,
    /// How much of an event.
    #[schema(value_type = PayloadWord)]
    payload: &'static str,
    /// Events of one call.
    batch: u8,
    /// Calls under way at once.
    in_flight: u8,
    /// What signs. It is shown here and nowhere else.
    secret: &'a str,
    /// Since when it is told.
    #[schema(value_type = Moment)]
    created_at: Timestamp,
}

impl<'a> Made<'a> {
    fn of(made: &'a MadeEndpoint, terms: &'a EndpointTerms) -> Self {
        Self {
            id: made.name(),
            url: &made.url,
            types: terms.kinds.told().map(EventKind::word).collect(),
            payload: if terms.is_thin { "thin" } else { "full" },
            batch: terms.batch,
            in_flight: terms.in_flight,
            secret: &terms.secret,
            created_at: Timestamp(made.at),
        }
    }
}

/// `POST /v1/webhooks`
pub(crate) async fn make(
    State(context): State<Arc<Context>>,
    by: Teller,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account().id;
    let (octets, _held) = body::read(&context, Holder::Account(account), request.into_body()).await?;
    let asked: Asked =
        json::read(&octets, |error| Problem::new(Kind::Invalid, format!("The body is not valid: {error}.")))?;
    let terms = asked.terms()?;
    let new = NewEndpoint { account, url: asked.url.into(), terms: Some(terms) };
    let made = ask(&context, |reply| EndpointRequest::Make(new, reply)).await?.map_err(|it| not_made(it, "/url"))?;
    let Some(terms) = &made.terms else {
        return Err(Problem::new(Kind::Internal, "What was made is not what was asked for."));
    };
    Ok(json::answer(StatusCode::CREATED, &Made::of(&made, terms), 1_024))
}

/// `DELETE /v1/webhooks/{id}`
pub(crate) async fn remove(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Teller,
) -> Result<Response, Problem> {
    let account = by.account().id;
    let key = id.strip_prefix("ep_").filter(|it| it.len() == 16 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    let key = key.and_then(|it| u64::from_str_radix(it, 16).ok()).ok_or_else(none)?;
    if !ask(&context, |reply| EndpointRequest::Remove(account, key, reply)).await? {
        return Err(none());
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The endpoint that stands for the host of a callback; it is made where it is the first there.
pub(super) async fn of_callback(context: &Context, account: AccountId, origin: String) -> Result<EndpointId, Problem> {
    if let Some(known) = context.wiring.callbacks.get(account, &origin) {
        return Ok(known);
    }
    let new = NewEndpoint { account, url: origin.into(), terms: None };
    let made = ask(context, |reply| EndpointRequest::Make(new, reply)).await?;
    made.map(|it| it.id).map_err(|it| not_made(it, "/callback_url"))
}

/// Asks those who run endpoints, and waits until what they answer is durable.
async fn ask<T>(context: &Context, request: impl FnOnce(oneshot::Sender<T>) -> EndpointRequest) -> Result<T, Problem> {
    let (reply, answer) = oneshot::channel();
    context.wiring.of_endpoints.try_send(request(reply)).map_err(|error| match error {
        TrySendError::Full(_) => Problem::new(Kind::QueueFull, "Too many endpoints are being made."),
        TrySendError::Closed(_) => refusal(&Denial::Draining),
    })?;
    match timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => {
            Err(Problem::new(Kind::NoAnswer, "It is not known whether it was done; look at the list."))
        }
    }
}

fn not_made(why: NotMade, pointer: &'static str) -> Problem {
    match why {
        NotMade::Address(detail) => Problem::at(Kind::Invalid, pointer, detail),
        NotMade::Secret(detail) => Problem::at(Kind::Invalid, "/secret", detail),
        NotMade::Unsigned(detail) => Problem::at(Kind::NoSecret, pointer, detail),
        NotMade::Twice => Problem::at(Kind::EndpointExists, pointer, "is that of an endpoint of the account"),
        NotMade::TooMany(most) => Problem::at(
            Kind::TooManyEndpoints,
            pointer,
            format!(
                "is one more than the {most} that an account may have, those of the last minute that have gone included"
            ),
        ),
        NotMade::Ending => refusal(&Denial::Draining),
    }
}

/// Which of the two is not said: one of another account, or none.
fn none() -> Problem {
    Problem::new(Kind::NotFound, "The account has made no endpoint with this id.")
}

impl Asked {
    fn terms(&self) -> Result<EndpointTerms, Problem> {
        let too_long = |pointer, most| Problem::at(Kind::Invalid, pointer, format!("has more than {most} characters"));
        if URL_MAX < self.url.len() {
            return Err(too_long("/url", URL_MAX));
        }
        if self.secret.as_ref().is_some_and(|it| SECRET_MAX < it.len()) {
            return Err(too_long("/secret", SECRET_MAX));
        }
        let is_thin = match self.payload.as_deref() {
            None | Some("full") => false,
            Some("thin") => true,
            Some(_) => return Err(Problem::at(Kind::Invalid, "/payload", "is neither full nor thin")),
        };
        Ok(EndpointTerms {
            secret: self.secret.as_deref().map_or_else(secret, |it| Ok(it.to_owned()))?.into(),
            kinds: self.kinds()?,
            is_thin,
            batch: within("/batch", self.batch.unwrap_or(1), 100)?,
            in_flight: within("/in_flight", self.in_flight.unwrap_or(8), 64)?,
        })
    }

    fn kinds(&self) -> Result<EventKinds, Problem> {
        let Some(types) = &self.types else { return Ok(EventKinds::USUAL) };
        if types.is_empty() {
            return Err(Problem::at(Kind::Invalid, "/types", "names none, so that nothing would ever be told"));
        }
        types.iter().enumerate().try_fold(EventKinds::default(), |all, (at, word)| {
            let kind = events::kind(word).map_err(|it| Problem::at(Kind::Invalid, format!("/types/{at}"), it))?;
            Ok(all.with(kind))
        })
    }
}

fn within(pointer: &'static str, number: u8, most: u8) -> Result<u8, Problem> {
    let wrong = || Problem::at(Kind::Invalid, pointer, format!("is not within 1 and {most}"));
    if (1..=most).contains(&number) { Ok(number) } else { Err(wrong()) }
}

/// A secret that nobody has seen.
fn secret() -> Result<String, Problem> {
    let mut octets = [0; SECRET];
    getrandom::fill(&mut octets).map_err(|_| Problem::new(Kind::Internal, "The system gives no random numbers."))?;
    Ok(format!("whsec_{}", base64::encode(&octets)))
}

/// What the reference says of it.
pub(crate) fn about_make() -> Endpoint {
    Endpoint::new("Events", "makeWebhook", "Have events told to an endpoint")
        .says(
            "Makes an endpoint of the account, beside those that stand in the configuration. It is told what happens from now \
             on, signed as Standard Webhooks 1.0.0 says. An account may make 16.",
        )
        .by::<Teller>()
        .body::<Asked>("Where, what and how.", json!({ "url": "https://shop.example/sms", "types": ["message.delivered", "message.failed"] }))
        .answers::<Made<'_>>(201, "It is durable, and told from now on.")
        .leads(201, "removeWebhook", ("id", "$response.body#/id", "Has it told nothing more."))
        .refuses(&[Kind::EndpointExists, Kind::TooManyEndpoints])
        .refuses(&ASKS)
}

/// What the reference says of it.
pub(crate) fn about_remove() -> Endpoint {
    Endpoint::new("Events", "removeWebhook", "Have events told to an endpoint no more")
        .says(
            "Ends an endpoint that the account made. What it has yet to be told is not told any more and stays in \
             `GET /v1/events`. One that stands in the configuration is the operator's to take out.",
        )
        .by::<Teller>()
        .path::<EndpointKey>("id", "ep_5d2c8b1e40a97f33", "The endpoint.")
        .answers_nothing("It is told nothing more.")
        .refuses(&[Kind::NotFound])
        .refuses(&ASKS)
}
