//! How the endpoints of an account stand: `GET /v1/webhooks`.

use crate::api::handler::admitted::Hearer;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::json;
use crate::api::handler::kinds::{CallWord, EndpointKey, EndpointWord, EventKey, EventType, MakerWord, Moment};
use crate::api::handler::page::Page;
use crate::api::handler::problem::Problem;
use crate::api::handler::time::Timestamp;
use crate::message::time::Time;
use crate::record::event::EventKind;
use crate::telemetry::endpoint_status::{EndpointCall, EndpointStatus};
use crate::telemetry::meters::webhook::CallResult;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// `GET /v1/webhooks`
pub(crate) async fn of_account(State(context): State<Arc<Context>>, by: Hearer) -> Result<Response, Problem> {
    let all = context.wiring.endpoints.all();
    let own = all.values().filter(|it| it.account == by.account().id);
    Ok(answer(own.map(|it| EndpointView::of(it, None)).collect()))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Events", "listWebhooks", "Look at the endpoints")
        .says("The endpoints that the account is told its events at, how they stand, and what came of their latest calls.")
        .by::<Hearer>()
        .answers::<Page<EndpointView<'_>>>(200, "All of them.")
}

/// A list of endpoints, whole: an account has few.
pub(crate) fn answer(data: Vec<EndpointView<'_>>) -> Response {
    let calls: usize = data.iter().map(|it| it.calls.len()).sum();
    let octets = data.len() * 512 + calls * 384 + 64;
    json::answer(StatusCode::OK, &Page::whole(data), octets)
}

/// How an endpoint stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct EndpointView<'a> {
    /// Whose it is; left away where it is the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account: Option<&'a str>,
    /// What names an endpoint that the account made or a request named; null where it stands in the configuration.
    #[schema(value_type = Option<EndpointKey>)]
    id: Option<&'a str>,
    /// Who made it.
    #[schema(value_type = MakerWord)]
    made_by: &'static str,
    /// Of what it is told.
    #[schema(value_type = Vec<EventType>)]
    types: Vec<&'static str>,
    /// Where it is, without a query, which may be a secret.
    url: &'a str,
    /// Whether it is told.
    #[schema(value_type = EndpointWord)]
    state: &'static str,
    /// Since when nothing has been taken, if what was tried last was not.
    #[schema(value_type = Option<Moment>)]
    failing_since: Timestamp,
    /// Since when it is told no more.
    #[schema(value_type = Option<Moment>)]
    disabled_at: Timestamp,
    /// Events that have yet to be told.
    pending: u64,
    /// Since when the oldest of them waits.
    #[schema(value_type = Option<Moment>)]
    oldest_pending_at: Timestamp,
    /// The share of the latest calls that were taken, from 0 to 1.
    success_share: Option<f64>,
    /// How long half of them took at most, in milliseconds.
    p50_ms: Option<u64>,
    /// How long 99 in a hundred of them took at most.
    p99_ms: Option<u64>,
    /// The latest calls, newest first: 100 at most.
    calls: Vec<CallView<'a>>,
}

/// One call of an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookCall)]
struct CallView<'a> {
    /// When it began.
    #[schema(value_type = Moment)]
    at: Timestamp,
    /// The first event that it told; null where that is not kept any more.
    #[schema(value_type = Option<EventKey>)]
    event_id: Option<&'a str>,
    /// How many events it told.
    events: usize,
    /// Whether it told an example: it counts for nothing.
    test: bool,
    /// What came of it.
    #[schema(value_type = CallWord)]
    result: &'static str,
    /// The status of the answer; null where there was none.
    status: Option<u16>,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// What the answer said, or why there was none.
    detail: &'a str,
}

impl<'a> EndpointView<'a> {
    pub(crate) fn of(status: &'a EndpointStatus, account: Option<&'a str>) -> Self {
        let calls = status.calls.iter().filter(|it| !it.is_test);
        let taken = calls.clone().filter(|it| it.result == CallResult::Ok).count();
        let mut took: Vec<Duration> = calls.map(|it| it.took).collect();
        took.sort_unstable();
        let at = |share: usize| took.get((took.len() * share).div_ceil(100).saturating_sub(1)).map(millis);
        Self {
            account,
            id: status.key.as_deref(),
            made_by: status.maker.word(),
            types: status.kinds.told().map(EventKind::word).collect(),
            url: &status.name,
            state: status.state.word(),
            failing_since: Timestamp(status.failing_since),
            disabled_at: Timestamp(status.disabled_at),
            pending: status.outbox,
            oldest_pending_at: Timestamp(status.oldest.unwrap_or(Time::NEVER)),
            success_share: (!took.is_empty()).then(|| taken as f64 / took.len() as f64),
            p50_ms: at(50),
            p99_ms: at(99),
            calls: status.calls.iter().map(CallView::of).collect(),
        }
    }
}

impl<'a> CallView<'a> {
    fn of(call: &'a EndpointCall) -> Self {
        Self {
            at: Timestamp(call.at),
            event_id: call.event.as_deref(),
            events: call.events,
            test: call.is_test,
            result: call.result.word(),
            status: call.status,
            duration_ms: millis(&call.took),
            detail: &call.detail,
        }
    }
}

fn millis(duration: &Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
