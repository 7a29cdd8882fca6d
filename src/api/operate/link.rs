//! How links are shown, and how their carriers answer.

use crate::api::handler::context::Context;
use crate::api::handler::kinds::{LinkState, Moment};
use crate::api::handler::time::Timestamp;
use crate::dispatch::door::plan::{Carrier, Plan};
use crate::dispatch::door::snapshot::{Minute, Snapshot};
use crate::message::id::{CarrierId, LinkId};
use crate::telemetry::labels::bind_name;
use crate::telemetry::link_status::{LinkStatus, Trouble};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// A link, but for what the loop knows of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkView<'a> {
    /// Its name: the carrier's, and its number from 1.
    id: String,
    /// The carrier.
    carrier: &'a str,
    /// How it stands.
    #[schema(value_type = LinkState)]
    state: &'static str,
    /// Since when; of one that is down since it was last bound, or started.
    #[schema(value_type = Option<Moment>)]
    since: Timestamp,
    /// When it tries again; null while it is up, and while it tries.
    #[schema(value_type = Option<Moment>)]
    next_try_at: Timestamp,
    /// How often in a row it has ended or was not made.
    failures: u32,
    /// Why it last ended, or was not made.
    last_error: Option<ErrorView<'a>>,
}

/// Why a link last ended, or was not made.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkError)]
struct ErrorView<'a> {
    /// When.
    #[schema(value_type = Option<Moment>)]
    at: Timestamp,
    /// What happened.
    error: &'a str,
    /// What may be done about it.
    hint: Option<&'static str>,
}

impl<'a> LinkView<'a> {
    pub(crate) fn of(id: LinkId, standing: &'a LinkStatus, plan: &'a Plan) -> Self {
        let error = |it: &'a Trouble| ErrorView { at: Timestamp(it.at), error: &it.error, hint: it.hint };
        Self {
            id: link_name(plan, id),
            carrier: plan.carrier_name(id.carrier).unwrap_or_default(),
            state: standing.word.word(),
            since: Timestamp(standing.since),
            next_try_at: Timestamp(standing.next_try),
            failures: standing.failures,
            last_error: standing.last.as_ref().map(error),
        }
    }
}

/// A link with what it holds.
#[derive(Serialize, ToSchema)]
#[schema(as = BusyLink)]
pub(crate) struct BusyLinkView<'a> {
    #[serde(flatten)]
    link: LinkView<'a>,
    /// How many parts it can hold.
    capacity: usize,
    /// How many requests may be unanswered on it.
    window: usize,
    /// How many parts it holds.
    in_use: usize,
    /// How its carrier answered in the last minute.
    carrier_last_minute: MinuteView,
}

impl<'a> BusyLinkView<'a> {
    pub(crate) fn of(id: LinkId, standing: &'a LinkStatus, snapshot: &Snapshot, plan: &'a Plan) -> Self {
        let link = snapshot.links.iter().find(|it| it.id == id);
        let minute = snapshot.carriers.iter().find(|it| it.id == id.carrier).map(|it| it.minute);
        Self {
            link: LinkView::of(id, standing, plan),
            capacity: link.map_or(0, |it| it.capacity),
            window: link.map_or(0, |it| it.window),
            in_use: link.map_or(0, |it| it.in_use),
            carrier_last_minute: MinuteView::of(&minute.unwrap_or_default()),
        }
    }
}

/// A carrier on the page that needs no key and asks nobody.
#[derive(Serialize, ToSchema)]
pub(crate) struct CarrierStatus<'a> {
    /// Its name.
    id: &'a str,
    /// How it answered in the last minute.
    last_minute: MinuteView,
}

impl<'a> CarrierStatus<'a> {
    pub(crate) fn of(carrier: &'a Carrier, minutes: &BTreeMap<CarrierId, Minute>) -> Self {
        let minute = minutes.get(&carrier.id).copied().unwrap_or_default();
        Self { id: &carrier.name, last_minute: MinuteView::of(&minute) }
    }
}

/// How a carrier answered in the last minute.
#[derive(Serialize, ToSchema)]
#[schema(as = LastMinute)]
pub(crate) struct MinuteView {
    /// How many answers there were.
    answers: u32,
    /// How many of them refused.
    refused: u32,
    /// In how many seconds half of them came.
    p50_seconds: Option<f64>,
    /// In how many seconds 99 of 100 came.
    p99_seconds: Option<f64>,
}

impl MinuteView {
    pub(crate) fn of(it: &Minute) -> Self {
        // Three digits: they are right to an eighth.
        let seconds = |it: Duration| (it.as_secs_f64() * 1_000.0).round() / 1_000.0;
        Self {
            answers: it.answers,
            refused: it.refused,
            p50_seconds: it.p50.map(seconds),
            p99_seconds: it.p99.map(seconds),
        }
    }
}

/// The link of a name such as `acme-1`, if it runs.
pub(crate) fn link(context: &Context, plan: &Plan, name: &str) -> Option<LinkId> {
    context.wiring.links.all().into_keys().find(|it| link_name(plan, *it) == name)
}

/// The name of a link.
pub(crate) fn link_name(plan: &Plan, link: LinkId) -> String {
    bind_name(plan.carrier_name(link.carrier).unwrap_or_default(), link.bind)
}
