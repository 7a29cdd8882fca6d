//! How carriers, links, routes, queues and accounts are shown to operators.

use crate::api::handler::auth::Directory;
use crate::api::handler::kinds::{BreakerWord, ClosedWord, CurrencyCode, Moment, RouteKey, TrafficClass};
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
use utoipa::ToSchema;

/// A carrier.
#[derive(Serialize, ToSchema)]
#[schema(as = Carrier)]
pub(crate) struct CarrierView<'a> {
    /// Its name.
    id: &'a str,
    /// The moment of which this is told.
    #[schema(value_type = Moment)]
    at: Timestamp,
    /// Links of it that are bound.
    links_up: usize,
    /// Parts that its links can hold.
    capacity: usize,
    /// Parts that they hold.
    in_use: usize,
    /// Submits a second that we allow ourselves now; null is unlimited.
    pace_limit: Option<f64>,
    /// Parts that wait for it.
    queued: u64,
    /// Parts that wait for a receipt.
    awaiting_receipt: u64,
    /// Parts whose outcome is not known.
    doubtful: u64,
    /// The order by which it is paused or drained.
    held: Option<ActionView<'a>>,
    /// Why it takes nothing now; null while parts are given to it.
    #[schema(value_type = Option<ClosedWord>)]
    closed: Option<&'static str>,
    /// Its breaker; null where it has none.
    breaker: Option<BreakerView>,
    /// The order by which its breaker stands as it does.
    forced: Option<ActionView<'a>>,
    /// What it is worth, by route and country.
    scores: Vec<ScoreView>,
    /// How it answered in the last minute.
    last_minute: MinuteView,
    /// What it has done since the daemon started.
    since_start: TallyView,
}

/// What lets parts through to a carrier while it works.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
struct BreakerView {
    /// Whether it lets them through.
    #[schema(value_type = BreakerWord)]
    state: &'static str,
    /// Until when it is open.
    #[schema(value_type = Option<Moment>)]
    until: Timestamp,
    /// Answers of the window that are faults of the carrier.
    faults: u64,
    /// Answers of the window.
    answers: u64,
    /// How long the window is.
    window_seconds: f64,
    /// Over which share of faults it opens.
    opens_over: f64,
    /// From how many answers on.
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
#[derive(Serialize, ToSchema)]
#[schema(as = Score)]
pub(crate) struct ScoreView {
    /// For which route.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// In which country, by its two letters (ISO 3166).
    country: Option<&'static str>,
    /// What it is worth, from 0 to 1; null while too little is known.
    score: Option<f64>,
    /// The score of the last ten minutes.
    recent: Option<f64>,
    /// Messages that ended within the hour.
    samples: u32,
    /// Which share of them arrived.
    delivery_ratio: Option<f64>,
    /// In how many seconds half of those came.
    median_seconds: Option<f64>,
    /// Which share of codes came back.
    conversion: Option<f64>,
    /// Whether it is so much worse than the best that it goes last.
    demoted: bool,
}

impl ScoreView {
    pub(crate) fn of(it: &Scored) -> Self {
        let judged = &it.judged;
        Self {
            route_id: it.route.shown(),
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

/// What a carrier has done.
#[derive(Serialize, ToSchema)]
#[schema(as = Tally)]
struct TallyView {
    /// Parts that were written to it.
    submitted: u64,
    /// How many of its answers mean what.
    #[schema(value_type = BTreeMap<String, u64>)]
    answers: BTreeMap<&'static str, u64>,
    /// Answers that asked for a slower pace.
    throttled: u64,
    /// Receipts of it.
    receipts: u64,
    /// Those that say that a part arrived.
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
#[derive(Serialize, ToSchema)]
#[schema(as = RouteStatus)]
pub(crate) struct RouteView<'a> {
    /// Its number.
    #[schema(value_type = RouteKey)]
    id: u32,
    /// Whether it leads to the simulated carrier: the twin of the route of this number.
    sandbox: bool,
    /// What it is called.
    name: &'a str,
    /// What its messages are for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// Its carriers, as they are configured.
    carriers: Vec<&'a str>,
    /// Parts that wait.
    queued: u64,
    /// How long the oldest of them waits; null where none does.
    oldest_age_seconds: Option<f64>,
    /// The order by which it is paused.
    held: Option<ActionView<'a>>,
    /// Seconds that a message is worth sending where the request does not say.
    validity_seconds: u64,
    /// What its prices are in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
}

impl<'a> RouteView<'a> {
    pub(crate) fn of(route: &'a Route, snapshot: &'a Snapshot, plan: &'a Plan) -> Self {
        let queues = snapshot.queues.iter().filter(|it| it.route == route.id);
        let held = snapshot.held_routes.iter().find(|it| it.0 == route.id);
        Self {
            id: route.id.shown(),
            sandbox: route.id.is_in_sandbox(),
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
#[derive(Serialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueView<'a> {
    /// Of which route.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// Whether it leads to the simulated carrier: the twin of the route of this number.
    sandbox: bool,
    /// What its messages are for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// Of which account.
    account: Option<&'a str>,
    /// For which carrier; null where none is chosen.
    carrier: Option<&'a str>,
    /// Parts that wait.
    parts: u64,
    /// Of these, those that wait for another attempt.
    delayed: u64,
    /// Of these, those that wait because the carrier throttles what goes to their recipients.
    throttled: u64,
    /// How long the one at its head waits; null where all of them wait for another attempt.
    oldest_age_seconds: Option<f64>,
}

impl<'a> QueueView<'a> {
    pub(crate) fn of(it: &InQueue, plan: &'a Plan) -> Self {
        Self {
            route_id: it.route.shown(),
            sandbox: it.route.is_in_sandbox(),
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
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView<'a> {
    /// Its name.
    id: &'a str,
    /// Whether its keys are taken.
    active: bool,
    /// Whether what it sends stays in this process.
    sandbox: bool,
    /// What its keys are good for.
    scopes: Vec<&'static str>,
    /// How many keys it has.
    keys: usize,
    /// Each of them, and when it was used last: one that was replaced and is not used any more can be taken out.
    key_use: Vec<KeyView>,
    /// The routes that it may use, the one it uses by default first.
    routes: Vec<u32>,
    /// The senders that it may use; `*` is any.
    #[schema(value_type = Vec<String>)]
    senders: &'a [Box<str>],
    /// Where national numbers of it are dialled.
    region: Option<&'a str>,
    /// What it pays in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
}

/// A key of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyUse)]
struct KeyView {
    /// The first digits of its SHA-256.
    sha256: String,
    /// When it was used last; null where it was not since the start.
    #[schema(value_type = Option<Moment>)]
    last_used_at: Timestamp,
}

impl<'a> AccountView<'a> {
    pub(crate) fn of(account: &'a Account, keys: &Directory) -> Self {
        let it = account.scopes;
        let scopes = [
            ("send", it.send),
            ("read", it.read),
            ("verify", it.verify),
            ("webhooks", it.webhooks),
            ("admin", it.admin),
            ("reveal", it.reveal),
        ];
        Self {
            id: &account.name,
            active: account.active,
            sandbox: account.is_sandbox,
            scopes: scopes.into_iter().filter(|it| it.1).map(|it| it.0).collect(),
            keys: account.keys.len(),
            key_use: account
                .keys
                .iter()
                .map(|it| KeyView { sha256: hex::encode(&it[..4]), last_used_at: Timestamp(keys.last_use(it)) })
                .collect(),
            routes: account.routes.iter().map(|it| it.shown()).collect(),
            senders: &account.senders,
            region: account.region.as_deref(),
            currency: account.currency.map(|it| it.to_string()),
        }
    }
}
