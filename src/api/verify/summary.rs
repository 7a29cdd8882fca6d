//! `GET /v1/verifications/summary`: how many came back, by which way, and what each cost.

use crate::api::handler::admitted::Prover;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, ChannelWord, CurrencyCode, Moment};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query;
use crate::api::handler::reads::blocking;
use crate::api::handler::time::{Timestamp, now};
use crate::api::read::attempt_view::CarrierName;
use crate::api::verify::view::{channel_of, cost};
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::attempt::{Answer, Attempt};
use crate::message::channel::Channel;
use crate::message::id::{CarrierId, MessageId};
use crate::message::money::{Currency, Exact, Money};
use crate::message::status::Status;
use crate::message::time::Time;
use crate::record::entry::Entry;
use crate::record::verification::Verification;
use crate::store::sqlite::readers::Readers;
use crate::verify::progress::VerificationStatus;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// What it may be asked for.
const PARAMETERS: [&str; 3] = ["app", "since", "until"];
/// How far back it looks where nothing else is asked for.
const USUAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Verifications that are read at once.
const PAGE: usize = 1_000;
/// Verifications of all accounts that are looked at: seconds.
const LOOKED_MAX: usize = 100_000;

/// `GET /v1/verifications/summary`
pub(crate) async fn summary(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Prover,
) -> Result<Response, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let (mut app, mut since, mut until) = (None, None, None);
    for pair in query::pairs(asked.as_deref(), &PARAMETERS)? {
        let (name, value) = pair?;
        let moment = || Timestamp::parse(&value).ok_or_else(|| query::invalid(&name, "must be a time of RFC 3339"));
        match &*name {
            "app" => {
                let known = plan.app_named(&value).map(|it| it.id);
                app = Some(known.ok_or_else(|| query::invalid("app", "there is no such app"))?);
            }
            "since" => since = Some(moment()?),
            _ => until = Some(moment()?),
        }
    }
    let asked_until = until;
    let until = until.unwrap_or_else(now);
    if since.is_some_and(|it| until <= it) {
        return Err(query::invalid("since", "is not before until"));
    }
    let mut sum =
        Sum { since: since.unwrap_or(Time(until.0.saturating_sub(USUAL.as_millis() as u64))), ..Sum::default() };
    let mut before = match asked_until {
        Some(until) => begun_before(&context, until).await?,
        None => u64::MAX,
    };
    let mut looked = 0;
    loop {
        let page = blocking(&context, move |readers| readers.verifications_before(before, PAGE)).await?;
        looked += page.len();
        let Some(last) = page.last() else { break };
        let (n, oldest) = (last.id.n, last.created);
        let mine = |it: &Verification| {
            it.account == account.id && app.is_none_or(|app| it.app == app) && !it.is_test && it.created < until
        };
        let page: Vec<Verification> = page.into_iter().filter(|it| mine(it) && sum.since <= it.created).collect();
        let ids: Vec<MessageId> = page.iter().flat_map(|it| it.messages.iter().copied()).collect();
        let entries = blocking(&context, move |readers| readers.messages(&ids)).await?;
        let mut of: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        for it in entries {
            if let Some(n) = it.body.extras.as_ref().and_then(|it| it.verification) {
                of.entry(n).or_default().push(it);
            }
        }
        page.iter().for_each(|it| sum.add(it, of.get(&it.id.n).map_or(&[][..], |it| it), (account, plan)));
        before = n;
        if oldest < sum.since {
            break;
        }
        if LOOKED_MAX <= looked {
            sum.since = oldest;
            break;
        }
    }
    Ok(json::answer(StatusCode::OK, &sum.view(until, (account, plan)), 1_024))
}

/// A place below which next to everything was begun before a time, and above which nothing was: places rise with time.
async fn begun_before(context: &Context, until: Time) -> Result<u64, Problem> {
    let search = move |readers: &Readers| {
        let Some(newest) = readers.verifications_before(u64::MAX, 1)?.pop() else { return Ok(0) };
        let (mut low, mut high) = (0, newest.id.n + 1);
        while low + 1 < high {
            let middle = low.midpoint(high);
            match readers.verifications_before(middle, 1)?.pop() {
                Some(it) if until <= it.created => high = middle.min(it.id.n + 1),
                _ => low = middle,
            }
        }
        Ok(high)
    };
    blocking(context, search).await
}

/// What is summed up.
#[derive(Debug, Default)]
struct Sum {
    since: Time,
    verifications: u64,
    pending: u64,
    paid: Costs,
    charged: Costs,
    /// What is charged for tries at another carrier than the one before.
    again: Costs,
    failovers: u64,
    seconds: Vec<f64>,
    ways: BTreeMap<(Option<String>, Channel, Option<CarrierId>), Way>,
}

#[derive(Debug, Default)]
struct Way {
    codes: u64,
    approved: u64,
    charged: Costs,
}

/// Amounts; there is no sum of those of several currencies.
#[derive(Clone, Copy, Debug, Default)]
enum Costs {
    #[default]
    None,
    Of(Money, Option<Currency>),
    Several,
}

impl Costs {
    fn add(&mut self, amount: Money, currency: Option<Currency>) {
        *self = match *self {
            Self::None => Self::Of(amount, currency),
            Self::Of(sum, of) if of == currency => Self::Of(sum + amount, of),
            _ => Self::Several,
        };
    }

    const fn known(self) -> Option<(Money, Option<Currency>)> {
        match self {
            Self::Of(sum, currency) => Some((sum, currency)),
            Self::None | Self::Several => None,
        }
    }

    /// What each of so many cost.
    fn each(self, count: u64) -> Option<Shown<Exact>> {
        let (sum, _) = self.known()?;
        (0 < count).then(|| Shown(Money(sum.0 / count.cast_signed()).exact()))
    }
}

impl Sum {
    fn add(&mut self, it: &Verification, entries: &[Entry], (account, plan): (&Account, &Plan)) {
        self.verifications += 1;
        self.pending += u64::from(it.progress.is_pending());
        let country = plan.country(it.to).map(str::to_owned);
        if let Some(paid) = cost(entries) {
            let route = entries.first().map(|it| it.body.route);
            self.paid.add(paid, route.and_then(|it| plan.currency(it, account.currency)));
        }
        for entry in entries {
            let channel = channel_of(it, entry);
            let mut before = None;
            for attempt in attempts(entry) {
                let carrier = attempt.link.carrier;
                let moved = before.replace(carrier).is_some_and(|it| it != carrier);
                let way = self.ways.entry((country.clone(), channel, Some(carrier))).or_default();
                way.codes += u64::from(attempt.answer == Some(Answer::Taken));
                self.failovers += u64::from(moved);
                let Some(amount) = attempt.cost else { continue };
                let charges = plan.carriers.get(&carrier).and_then(|it| it.dialect.cost.as_ref());
                let currency = charges.map(|it| it.currency);
                way.charged.add(amount, currency);
                self.charged.add(amount, currency);
                if moved {
                    self.again.add(amount, currency);
                }
            }
        }
        if it.progress.status() == VerificationStatus::Approved {
            self.seconds.push(it.progress.ended().since(it.created).as_secs_f64());
            let by = carrying(entries);
            let channel = by.map_or(it.channel, |entry| channel_of(it, entry));
            let carrier = by.and_then(|it| attempts(it).last()).map(|it| it.link.carrier);
            self.ways.entry((country, channel, carrier)).or_default().approved += 1;
        }
    }

    fn view<'a>(mut self, until: Time, (account, plan): (&Account, &'a Plan)) -> SummaryView<'a> {
        self.seconds.sort_unstable_by(f64::total_cmp);
        let at = |part: usize| self.seconds.get(self.seconds.len() * part / 100).copied();
        let shows = account.shows_carriers;
        let approved = self.seconds.len() as u64;
        let ended = self.verifications - self.pending;
        let amount = |it: Costs| it.known().map(|it| Shown(it.0.exact()));
        let share = match (self.again.known(), self.charged.known()) {
            (Some((again, _)), Some((all, _))) if 0 < all.0 => Some(again.0 as f64 / all.0 as f64),
            _ => None,
        };
        let mut ways: BTreeMap<(Option<String>, Channel, Option<CarrierId>), Way> = BTreeMap::new();
        for ((country, channel, carrier), it) in self.ways {
            // Who is not shown carriers is shown the sum of them.
            let way = ways.entry((country, channel, carrier.filter(|_| shows))).or_default();
            (way.codes, way.approved) = (way.codes + it.codes, way.approved + it.approved);
            way.charged = if shows { it.charged } else { Costs::None };
        }
        let view = |((country, channel, carrier), it): ((Option<String>, Channel, Option<CarrierId>), Way)| WayView {
            country,
            channel: channel.word(),
            carrier: carrier.map(|id| Shown(CarrierName { plan, id })),
            codes: it.codes,
            approved: it.approved,
            conversion: part(it.approved, it.codes),
            carrier_cost: amount(it.charged),
            carrier_cost_per_success: it.charged.each(it.approved),
            carrier_currency: it.charged.known().and_then(|it| it.1).map(Shown),
        };
        SummaryView {
            since: Timestamp(self.since),
            until: Timestamp(until),
            verifications: self.verifications,
            pending: self.pending,
            approved,
            conversion: part(approved, ended),
            seconds_p50: at(50),
            seconds_p95: at(95),
            failovers: self.failovers,
            failover_cost_share: share.filter(|_| shows),
            cost: amount(self.paid),
            cost_per_success: self.paid.each(approved),
            currency: self.paid.known().and_then(|it| it.1).map(Shown),
            ways: ways.into_iter().map(view).collect(),
        }
    }
}

/// Every try at the first part of a message, which speaks for all, oldest first.
fn attempts(entry: &Entry) -> impl Iterator<Item = &Attempt> {
    let past = entry.past.iter().filter(|it| it.key.index() == 0).map(|it| &it.attempt);
    past.chain(entry.parts.first().and_then(|it| it.attempt.as_ref()))
}

/// By which message the code came, as far as one can tell: of those that were delivered the last, else the last that
/// left.
fn carrying(entries: &[Entry]) -> Option<&Entry> {
    let delivered = entries.iter().rev().find(|it| it.status() == Status::Delivered);
    delivered.or_else(|| entries.iter().rev().find(|it| it.sent_at().known().is_some()))
}

fn part(some: u64, all: u64) -> Option<f64> {
    (0 < all).then(|| some as f64 / all as f64)
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Verifications", "summarizeVerifications", "Sum verifications up")
        .says(
            "How many codes came back, by which way, and what each success cost: the verifications that were begun in a time, the last \
             24 hours if nothing else is asked for. Those to numbers for tests do not count.",
        )
        .by::<Prover>()
        .query::<String>("app", "Of this app alone.")
        .query::<Moment>("since", "Begun then or later.")
        .query::<Moment>("until", "Begun before.")
        .answers::<SummaryView<'_>>(200, "What came of them.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?app=login")
}

/// Verifications of a time.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationSummary)]
struct SummaryView<'a> {
    /// From when on; later than was asked for where all accounts together began more than 100,000 since.
    #[schema(value_type = Moment)]
    since: Timestamp,
    /// Until when.
    #[schema(value_type = Moment)]
    until: Timestamp,
    /// How many were begun.
    verifications: u64,
    /// How many of them have not ended.
    pending: u64,
    /// How many codes came back.
    approved: u64,
    /// Which part of those that have ended; null where none has.
    conversion: Option<f64>,
    /// Half of those that came back did so within so many seconds.
    seconds_p50: Option<f64>,
    /// And 95 of a hundred.
    seconds_p95: Option<f64>,
    /// Tries at another carrier that nobody asked for.
    failovers: u64,
    /// Which part of what carriers charged was for these; null where the account is not shown carriers, or no cost is
    /// stated, or in several currencies.
    failover_cost_share: Option<f64>,
    /// What the account paid; null where the routes have no prices, or in several currencies.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Exact>>,
    /// That, for each that came back.
    #[schema(value_type = Option<Amount>)]
    cost_per_success: Option<Shown<Exact>>,
    /// In what it paid.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// The same by country, channel and carrier.
    ways: Vec<WayView<'a>>,
}

/// What went a way.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationWay)]
struct WayView<'a> {
    /// In which country, in ISO letters; null for numbers of none, and of who is forgotten.
    country: Option<String>,
    /// By what.
    #[schema(value_type = ChannelWord)]
    channel: &'static str,
    /// At which carrier; null where the account is not shown it.
    #[schema(value_type = Option<String>)]
    carrier: Option<Shown<CarrierName<'a>>>,
    /// Codes that it took.
    codes: u64,
    /// Verifications whose code came back by it, as far as one can tell.
    approved: u64,
    /// Which part of the codes these are; null where it took none.
    conversion: Option<f64>,
    /// What the carrier charged; null where the account is not shown it, or no cost is stated.
    #[schema(value_type = Option<Amount>)]
    carrier_cost: Option<Shown<Exact>>,
    /// That, for each that came back.
    #[schema(value_type = Option<Amount>)]
    carrier_cost_per_success: Option<Shown<Exact>>,
    /// In what it charges.
    #[schema(value_type = Option<CurrencyCode>)]
    carrier_currency: Option<Shown<Currency>>,
}
