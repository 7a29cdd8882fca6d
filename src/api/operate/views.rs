//! How carriers, links, routes, queues and accounts are shown to operators.

use crate::api::handler::time::Timestamp;
use crate::api::operate::actions::ActionView;
use crate::api::operate::link::MinuteView;
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::door::snapshot::{AtBreaker, AtCarrier, Closed, InQueue, Scored, Snapshot, Tally};
use crate::message::attempt::Answer;
use crate::message::time::Time;
use crate::route::breaker::BreakerState;
use crate::route::plan::Route;
use serde::Serialize;
use std::collections::BTreeMap;

/// A carrier.
#[derive(Serialize)]
pub(crate) struct CarrierView<'a> {
    id: &'a str,
    at: Timestamp,
    links_up: usize,
    capacity: usize,
    in_use: usize,
    pace_limit: Option<f64>,
    queued: u64,
    awaiting_receipt: u64,
    doubtful: u64,
    held: Option<ActionView<'a>>,
    /// `null` while parts are given to it.
    closed: Option<&'static str>,
    breaker: Option<BreakerView>,
    forced: Option<ActionView<'a>>,
    scores: Vec<ScoreView>,
    last_minute: MinuteView,
    since_start: TallyView,
}

#[derive(Serialize)]
struct BreakerView {
    state: &'static str,
    until: Timestamp,
    faults: u64,
    answers: u64,
    window_seconds: f64,
    opens_over: f64,
    sample: u32,
}

impl BreakerView {
    fn of(it: &AtBreaker) -> Self {
        let until = if let BreakerState::Open { until } = it.state { until } else { Time::NEVER };
        Self {
            state: it.state.word(),
            until: Timestamp(until),
            faults: it.faults,
            answers: it.answers,
            window_seconds: it.options.window.as_secs_f64(),
            opens_over: it.options.ratio,
            sample: it.options.sample,
        }
    }
}

/// What a carrier is worth in a country, and what that was made of.
#[derive(Serialize)]
pub(crate) struct ScoreView {
    route_id: u32,
    country: Option<&'static str>,
    score: Option<f64>,
    recent: Option<f64>,
    samples: u32,
    delivery_ratio: Option<f64>,
    median_seconds: Option<f64>,
    conversion: Option<f64>,
    demoted: bool,
}

impl ScoreView {
    pub(crate) fn of(it: &Scored) -> Self {
        let judged = &it.judged;
        Self {
            route_id: it.route.0,
            country: it.country,
            score: judged.score,
            recent: judged.recent,
            samples: judged.samples,
            delivery_ratio: judged.delivery,
            median_seconds: judged.median.map(|it| it.as_secs_f64()),
            conversion: judged.conversion,
            demoted: judged.demoted,
        }
    }
}

#[derive(Serialize)]
struct TallyView {
    submitted: u64,
    answers: BTreeMap<&'static str, u64>,
    throttled: u64,
    receipts: u64,
    delivered: u64,
}

impl TallyView {
    fn of(tally: &Tally) -> Self {
        Self {
            submitted: tally.submitted,
            answers: Answer::ALL.map(|it| (it.word(), tally.answers[usize::from(it.number())])).into(),
            throttled: tally.throttled,
            receipts: tally.receipts,
            delivered: tally.delivered,
        }
    }
}

impl<'a> CarrierView<'a> {
    pub(crate) fn of(it: &'a AtCarrier, at: Time, plan: &'a Plan) -> Self {
        Self {
            id: plan.carrier_name(it.id).unwrap_or_default(),
            at: Timestamp(at),
            links_up: it.links_up,
            capacity: it.capacity,
            in_use: it.in_use,
            pace_limit: it.pace,
            queued: it.queued,
            awaiting_receipt: it.awaiting,
            doubtful: it.doubtful,
            held: it.held.as_ref().map(|it| ActionView::of(it, plan)),
            closed: it.closed.map(Closed::word),
            breaker: it.breaker.as_ref().map(BreakerView::of),
            forced: it.forced.as_ref().map(|it| ActionView::of(it, plan)),
            scores: it.scores.iter().map(ScoreView::of).collect(),
            last_minute: MinuteView::of(&it.minute),
            since_start: TallyView::of(&it.tally),
        }
    }
}

/// A route.
#[derive(Serialize)]
pub(crate) struct RouteView<'a> {
    id: u32,
    name: &'a str,
    class: &'static str,
    carriers: Vec<&'a str>,
    queued: u64,
    oldest_age_seconds: Option<f64>,
    held: Option<ActionView<'a>>,
    validity_seconds: u64,
    currency: Option<String>,
}

impl<'a> RouteView<'a> {
    pub(crate) fn of(route: &'a Route, snapshot: &'a Snapshot, plan: &'a Plan) -> Self {
        let queues = snapshot.queues.iter().filter(|it| it.route == route.id);
        let held = snapshot.held_routes.iter().find(|it| it.0 == route.id);
        Self {
            id: route.id.0,
            name: &route.name,
            class: route.class.word(),
            carriers: route.carriers.iter().map(|it| plan.carrier_name(*it).unwrap_or_default()).collect(),
            queued: queues.clone().map(|it| it.parts).sum(),
            oldest_age_seconds: queues.filter_map(|it| it.oldest).max().map(|it| it.as_secs_f64()),
            held: held.map(|it| ActionView::of(&it.1, plan)),
            validity_seconds: route.validity.as_secs(),
            currency: route.price.as_ref().map(|it| it.currency.to_string()),
        }
    }
}

/// A queue.
#[derive(Serialize)]
pub(crate) struct QueueView<'a> {
    route_id: u32,
    class: &'static str,
    account: Option<&'a str>,
    carrier: Option<&'a str>,
    parts: u64,
    delayed: u64,
    throttled: u64,
    oldest_age_seconds: Option<f64>,
}

impl<'a> QueueView<'a> {
    pub(crate) fn of(it: &InQueue, plan: &'a Plan) -> Self {
        Self {
            route_id: it.route.0,
            class: it.class.word(),
            account: plan.account_name(it.account),
            carrier: it.carrier.map(|it| plan.carrier_name(it).unwrap_or_default()),
            parts: it.parts,
            delayed: it.delayed,
            throttled: it.throttled,
            oldest_age_seconds: it.oldest.map(|it| it.as_secs_f64()),
        }
    }
}

/// An account.
#[derive(Serialize)]
pub(crate) struct AccountView<'a> {
    id: &'a str,
    active: bool,
    scopes: Vec<&'static str>,
    keys: usize,
    routes: Vec<u32>,
    senders: &'a [Box<str>],
    region: Option<&'a str>,
    currency: Option<String>,
}

impl<'a> AccountView<'a> {
    pub(crate) fn of(account: &'a Account) -> Self {
        let it = account.scopes;
        let scopes =
            [("send", it.send), ("read", it.read), ("verify", it.verify), ("admin", it.admin), ("reveal", it.reveal)];
        Self {
            id: &account.name,
            active: account.active,
            scopes: scopes.into_iter().filter(|it| it.1).map(|it| it.0).collect(),
            keys: account.keys.len(),
            routes: account.routes.iter().map(|it| it.0).collect(),
            senders: &account.senders,
            region: account.region.as_deref(),
            currency: account.currency.map(|it| it.to_string()),
        }
    }
}
