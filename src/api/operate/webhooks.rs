//! The endpoints of all accounts as operators see them, under `/admin/v1/webhooks`, and what tells them again.

use crate::api::handler::admitted::Operator;
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::json;
use crate::api::handler::kinds::{EventType, Moment};
use crate::api::handler::memory::Holder;
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::time::{Timestamp, now};
use crate::api::operate::actions::unknown;
use crate::api::read::events;
use crate::api::read::webhooks::{EndpointView, answer};
use crate::dispatch::door::plan::Plan;
use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::event::EventKind;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// `GET /admin/v1/webhooks`
pub(crate) async fn all(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let all = context.wiring.endpoints.all();
    let name = |it| by.plan().account_name(it).unwrap_or(AccountId::OPERATORS_NAME);
    Ok(answer(all.values().map(|it| EndpointView::of(it, Some(name(it.account)))).collect()))
}

/// What the reference says of it.
pub(crate) fn about_all() -> Endpoint {
    Endpoint::new("Webhooks", "listAllWebhooks", "Look at all endpoints")
        .says("The endpoints of all accounts, how they stand, and what came of their latest calls.")
        .by::<Operator>()
        .answers::<Page<EndpointView<'_>>>(200, "All of them.")
}

/// What the reference says of it.
pub(crate) fn about_recover() -> Endpoint {
    Endpoint::new("Webhooks", "recoverWebhooks", "Tell again what was given up")
        .says(
            "Has the endpoints of an account told again what was given up, by the time of the events. An endpoint that is told \
             no more is told again.",
        )
        .by::<Operator>()
        .path::<String>("id", "shop", "The account's name in the configuration, or `operator`.")
        .body::<Span>("From when to when.", json!({ "since": "2026-11-20T10:00:00Z" }))
        .answers::<Recovering>(202, "It is told again.")
        .refuses(&[Kind::NotFound])
}

/// What the reference says of it.
pub(crate) fn about_test() -> Endpoint {
    Endpoint::new("Webhooks", "testWebhooks", "Try the endpoints of an account out")
        .says(
            "Calls the endpoints of an account with an example of an event, signed as any other, with the header \
             `nuncio-test: 1` and `test` in its `data`. It is in no log, is called for once, and stands among the latest \
             calls of the endpoint.",
        )
        .by::<Operator>()
        .path::<String>("id", "shop", "The account's name in the configuration, or `operator`.")
        .body::<Example>("Of which type.", json!({ "type": "message.delivered" }))
        .answers::<Trying>(202, "They are called.")
        .refuses(&[Kind::NotFound, Kind::QueueFull])
}

/// Of which type an example is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExampleEvent)]
struct Example {
    /// A type of events.
    #[schema(value_type = EventType)]
    r#type: String,
}

/// Which endpoints are called.
#[derive(Serialize, ToSchema)]
struct Trying {
    /// Endpoints that are called: those of the account that were not being tried out already.
    endpoints: usize,
}

/// `POST /admin/v1/webhooks/{account}/test`
pub(crate) async fn test(
    State(context): State<Arc<Context>>,
    Path(account): Path<String>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let account = told(by.plan(), &account)?;
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    let asked: Example =
        json::read(&body, |error| Problem::at(Kind::Invalid, "", format!("The body is not {{\"type\"}}: {error}.")))?;
    let kinds: &[EventKind] = if account == AccountId::OPERATORS { &EventKind::OF_OPERATORS } else { &EventKind::TOLD };
    let kind =
        events::kind_among(kinds, &asked.r#type).map_err(|detail| Problem::at(Kind::Invalid, "/type", detail))?;
    match (context.wiring.try_out)(account, kind) {
        (_, 0) => Err(unknown("endpoint of an account")),
        (0, _) => Err(Problem::new(Kind::QueueFull, "The endpoints are being tried out: wait until that is over.")),
        (endpoints, _) => Ok(json::answer(StatusCode::ACCEPTED, &Trying { endpoints }, 32)),
    }
}

/// Whose endpoints are meant: those of an account, or of operators.
fn told(plan: &Plan, name: &str) -> Result<AccountId, Problem> {
    match plan.account_named(name) {
        Some(account) => Ok(account.id),
        None if name == AccountId::OPERATORS_NAME => Ok(AccountId::OPERATORS),
        None => Err(unknown("account")),
    }
}

/// From when to when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecoverySpan)]
struct Span {
    /// Events from this time on.
    #[schema(value_type = Moment)]
    since: String,
    /// Events up to this time; now, unless it is written.
    #[schema(value_type = Option<Moment>)]
    until: Option<String>,
}

/// What is told again.
#[derive(Serialize, ToSchema)]
struct Recovering {
    /// Endpoints of the account.
    endpoints: usize,
}

/// `POST /admin/v1/webhooks/{account}/recover`: what was given up is told again, and an endpoint that was told no more
/// is.
pub(crate) async fn recover(
    State(context): State<Arc<Context>>,
    Path(account): Path<String>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let account = told(by.plan(), &account)?;
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    let span: Span = json::read(&body, |error| {
        Problem::at(Kind::Invalid, "", format!("The body is not {{\"since\", \"until\"}}: {error}."))
    })?;
    let read = |name: &str, text: &str| {
        let wrong = || {
            Problem::at(Kind::Invalid, format!("/{name}"), "must be a time of RFC 3339, such as 2026-11-20T10:00:00Z")
        };
        Timestamp::parse(text).ok_or_else(wrong)
    };
    let since: Time = read("since", &span.since)?;
    let until = span.until.as_deref().map_or(Ok(now()), |it| read("until", it))?;
    let endpoints = (context.wiring.recover)(account, since, until);
    if endpoints == 0 {
        return Err(unknown("endpoint of an account"));
    }
    Ok(json::answer(StatusCode::ACCEPTED, &Recovering { endpoints }, 32))
}
