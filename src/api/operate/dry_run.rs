//! `GET /admin/v1/routes/dry-run`: what a request would become and why, and nothing is sent.
//!
//! The request is judged by the very code that judges those of applications; how carriers stand comes from the loop
//! as it is now. Draws by weight and probes are left out: what is shown is what most messages would do.

use crate::api::handler::admitted::Operator;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{
    AlphabetWord, Amount, AnyNumber, ClosedWord, CurrencyCode, OrderOfCarriers, RankWord, RouteKey, StageWord,
    TrafficClass,
};
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::handler::query::{self, invalid};
use crate::api::handler::time::now;
use crate::api::operate::actions::{ActionView, unknown};
use crate::api::operate::inspect::snapshot;
use crate::api::operate::views::ScoreView;
use crate::api::submit::diagnose;
use crate::api::submit::quote::{Judge, Quote};
use crate::api::submit::ranking::USUAL;
use crate::dispatch::door::happening::Recipient;
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::door::snapshot::{AtCarrier, Closed, Scored, Snapshot};
use crate::message::class::Class;
use crate::message::id::CarrierId;
use crate::message::money::{Currency, Money};
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::record::action::Deed;
use crate::route::choose::{self, Grade, Signals};
use crate::route::plan::Route;
use crate::route::rule::{self, Rule};
use crate::text::content::Content;
use crate::text::cut::Cut;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What may be asked.
const PARAMETERS: [&str; 7] = ["to", "class", "account", "from", "route_id", "text", "tag"];
/// What is said where the question names no text: one part in every alphabet.
const TEXT: &str = "dry run";

/// `GET /admin/v1/routes/dry-run?to=&class=&account=&from=&route_id=&text=`
pub(crate) async fn dry_run(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let plan = by.plan();
    let question = Question::read(asked.as_deref())?;
    let account = plan.account_named(&question.account).ok_or_else(|| unknown("account"))?;
    let snapshot = snapshot(&context).await?;
    let body = question.body();
    let asked = diagnose::read(body.as_bytes())?;
    let rules = rules(plan, account, &question);
    let mut page = Page { account: &account.name, to: &question.to, rules, ..Page::default() };
    let judge = Judge { plan, opted_out: &context.wiring.opted_out, account };
    match Quote::of(judge, &asked).and_then(|it| it.0.some().map(|()| it)) {
        Err(refusal) => page.refusal = Some(Refusal::of(&refusal)),
        Ok((quote, submission)) => {
            let [line, ..] = &quote.lines[..] else { return Err(Problem::new(Kind::Internal, "Nobody is left.")) };
            let [recipient, ..] = &submission.recipients[..] else {
                return Err(Problem::new(Kind::Internal, "Nobody is left."));
            };
            page.accepted = true;
            page.country = plan.country(line.to);
            page.encoding = Some(line.alphabet.word());
            page.parts = Some(line.parts);
            page.cost = line.price.map(Shown);
            page.currency = quote.currency.map(Shown);
            page.route = Some(RouteView::of(quote.route, &page.rules, question.route_id.is_some()));
            page.held =
                snapshot.held_routes.iter().find(|it| it.0 == quote.route.id).map(|it| ActionView::of(&it.1, plan));
            let view = View { plan, snapshot: &snapshot, route: quote.route, to: line.to };
            let from = recipient.source.as_ref().unwrap_or(&submission.source);
            page.carriers = view.carriers((recipient, from), line.price.zip(quote.currency));
            let first = page.carriers.iter().find(|it| it.takes);
            page.waits = first.is_none() || page.held.is_some();
            page.goes_to = first.or_else(|| page.carriers.iter().find(|it| it.parts.is_some())).map(|it| it.id);
        }
    }
    Ok(json::answer(StatusCode::OK, &page, 2_048))
}

/// What is asked.
#[derive(Default)]
struct Question {
    to: String,
    account: String,
    class: Option<String>,
    from: Option<String>,
    route_id: Option<u32>,
    text: Option<String>,
    tag: Option<String>,
}

impl Question {
    fn read(text: Option<&str>) -> Result<Self, Problem> {
        let mut question = Self::default();
        for pair in query::pairs(text, &PARAMETERS)? {
            let (name, value) = pair?;
            match &*name {
                "to" => question.to = query::number(&value).into_owned(),
                "account" => question.account = value,
                "class" => question.class = Some(value),
                "from" => question.from = Some(value),
                "text" => question.text = Some(value),
                "tag" => question.tag = Some(value),
                _ => {
                    let id = value.parse().map_err(|_| invalid("route_id", "must be a route's number"))?;
                    question.route_id = Some(id);
                }
            }
        }
        for (name, value) in [("to", &question.to), ("account", &question.account)] {
            if value.is_empty() {
                return Err(invalid(name, "is required"));
            }
        }
        Ok(question)
    }

    /// The body of the request that an application would send.
    fn body(&self) -> String {
        let mut body = serde_json::json!({ "to": self.to, "text": self.text.as_deref().unwrap_or(TEXT) });
        let words = [("from", &self.from), ("class", &self.class), ("tag", &self.tag)];
        for (name, value) in words.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
            body[name] = value.as_str().into();
        }
        if let Some(id) = self.route_id {
            body["route_id"] = id.into();
        }
        body.to_string()
    }
}

/// Each rule, and what of it does not fit, up to the one that is taken.
fn rules<'a>(plan: &'a Plan, account: &'a Account, question: &'a Question) -> Vec<RuleView> {
    let Ok(destination) = E164::parse(&question.to, account.region.as_deref()) else { return Vec::new() };
    let only = match &account.senders[..] {
        [only] if &**only != "*" => Some(&**only),
        _ => None,
    };
    let sender = question.from.as_deref().or(only);
    let sender = sender.and_then(|it| Source::parse_in(it, account.region.as_deref()).ok()).map(|it| it.to_string());
    let asked = rule::Asked {
        account: account.id,
        destination,
        class: question.class.as_deref().and_then(Class::from_word),
        sender: sender.as_deref(),
        tag: question.tag.as_deref(),
        text: Some(question.text.as_deref().unwrap_or(TEXT)),
        at: now(),
    };
    if question.route_id.is_some() {
        return Vec::new();
    }
    let mut shown = Vec::new();
    for (place, rule) in (1..).zip(&plan.rules) {
        let why_not = why_not(rule, account, &asked);
        shown.push(RuleView { rule: place, route_id: rule.route.shown(), fits: why_not.is_none(), why_not });
        if why_not.is_none() {
            break;
        }
    }
    shown
}

fn why_not(rule: &Rule, account: &Account, asked: &rule::Asked<'_>) -> Option<&'static str> {
    let without = |change: fn(&mut Rule)| {
        let mut other = rule.clone();
        change(&mut other);
        other
    };
    if !account.routes.contains(&account.route(rule.route.0)) {
        return Some("its route is not granted to the account");
    }
    if rule.fits(asked) {
        return None;
    }
    // The condition without which it would fit; with several, the first that does not.
    type Without = fn(&mut Rule);
    let conditions: [(Without, &'static str); 7] = [
        (|it| it.prefixes.clear(), "the number has none of its prefixes"),
        (|it| it.class = None, "the request is not for its class"),
        (|it| it.account = None, "it is for another account"),
        (|it| it.sender = None, "the sender is another"),
        (|it| it.tag = None, "the tag is another"),
        (|it| it.text = None, "the text has nothing of its pattern"),
        (|it| it.hours = None, "it is not within its hours there"),
    ];
    let alone = conditions.iter().find(|(change, _)| without(*change).fits(asked));
    Some(alone.map_or("several of its conditions are not met", |it| it.1))
}

/// How the carriers of a route stand for one recipient.
struct View<'a> {
    plan: &'a Plan,
    snapshot: &'a Snapshot,
    route: &'a Route,
    to: E164,
}

impl Signals for View<'_> {
    fn grade(&self, carrier: CarrierId) -> Grade {
        let judged = self.score(carrier).map(|it| it.judged);
        judged.map(|it| Grade { score: it.score, demoted: it.demoted }).unwrap_or_default()
    }

    fn cost(&self, carrier: CarrierId) -> Option<Money> {
        self.plan.cost(carrier, self.to)
    }
}

impl<'a> View<'a> {
    fn at(&self, carrier: CarrierId) -> Option<&'a AtCarrier> {
        self.snapshot.carriers.iter().find(|it| it.id == carrier)
    }

    fn score(&self, carrier: CarrierId) -> Option<&'a Scored> {
        let scores = &self.at(carrier)?.scores;
        scores.iter().find(|it| it.route == self.route.id && it.country == self.plan.country(self.to))
    }

    fn carriers(
        &self,
        (recipient, from): (&Recipient, &Source),
        price: Option<(Money, Currency)>,
    ) -> Vec<CarrierView<'a>> {
        let ranking = choose::ranking(self.route, &self.plan.networks.destination(self.to), self, USUAL);
        let weight = |carrier| {
            let at = self.route.carriers.iter().position(|it| *it == carrier)?;
            let sum: f64 = self.route.weights.iter().sum();
            self.route.weights.get(at).map(|it| it / sum)
        };
        let shown = ranking.iter().filter_map(|it| {
            let carrier = self.plan.carriers.get(&it.carrier)?;
            let content = Content::plain(&recipient.text, recipient.requested);
            let cut = Cut::of(content, &carrier.dialect.text).ok().filter(|_| self.plan.says_at(it.carrier, from));
            let parts = cut.map(|it| it.estimate().parts);
            let each = Signals::cost(self, it.carrier);
            let cost = each.zip(parts).map(|(each, parts)| each.times(parts as u64));
            let charges_in = carrier.dialect.cost.as_ref().map(|it| it.currency);
            let same = price.filter(|it| Some(it.1) == charges_in);
            let closed = self.why_closed(it.carrier);
            Some(CarrierView {
                id: &carrier.name,
                why: it.why.word(),
                takes: closed.is_none() && parts.is_some(),
                closed: closed.map(Closed::word),
                held: self.at(it.carrier)?.held.as_ref().map(|it| ActionView::of(it, self.plan)),
                links_up: self.at(it.carrier)?.links_up,
                weight: weight(it.carrier),
                score: self.score(it.carrier).map(ScoreView::of),
                parts,
                cost: cost.map(Shown),
                currency: charges_in.map(Shown),
                margin: same.zip(cost).map(|((price, _), cost)| Shown(Money(price.0 - cost.0))),
            })
        });
        shown.collect()
    }

    /// Why a carrier takes nothing now. The only one of a route is not left for its faults.
    fn why_closed(&self, carrier: CarrierId) -> Option<Closed> {
        let at = self.at(carrier)?;
        let forced = at.forced.as_ref().is_some_and(|it| it.deed == Deed::OpenBreaker);
        let alone = self.route.every_carrier().len() == 1 && !forced;
        at.closed.filter(|it| !(alone && *it == Closed::BreakerOpen))
    }
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Routing", "dryRun", "Tell what would happen to a message")
        .says("Judges a request as `POST /v1/messages` would, and shows by which rule and route and to which carrier it would go. Nothing is sent.")
        .by::<Operator>()
        .must::<AnyNumber>("to", "To whom.")
        .query::<TrafficClass>("class", "What it would be for.")
        .must::<String>("account", "Whose it would be.")
        .query::<String>("from", "From whom.")
        .query::<RouteKey>("route_id", "By which route, where the request would name one.")
        .query::<String>("text", "What it would say.")
        .query::<String>("tag", "The tag that it would have.")
        .answers::<Page<'_>>(200, "What would happen.")
        .refuses(&[Kind::Invalid, Kind::NotFound])
        .refuses(&ASKS)
        .asks("?to=%2B31612345678&account=shop")
}

/// What would happen to a message.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = DryRun)]
struct Page<'a> {
    /// Whose it would be.
    account: &'a str,
    /// To whom.
    to: &'a str,
    /// In which country that is, by its two letters (ISO 3166).
    country: Option<&'static str>,
    /// Whether it would be accepted.
    accepted: bool,
    /// Why not.
    refusal: Option<Refusal>,
    /// Those that were looked at.
    rules: Vec<RuleView>,
    /// By which route it would go.
    route: Option<RouteView<'a>>,
    /// The order by which the route is paused.
    held: Option<ActionView<'a>>,
    /// In which alphabet.
    #[schema(value_type = Option<AlphabetWord>)]
    encoding: Option<&'static str>,
    /// In how many SMS.
    parts: Option<u8>,
    /// What it would cost.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// The carriers of the route, best first.
    carriers: Vec<CarrierView<'a>>,
    /// The first that takes it; where none does, it waits for the best.
    goes_to: Option<&'a str>,
    /// Whether it would wait.
    waits: bool,
}

/// Why a message would not be accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunRefusal)]
struct Refusal {
    /// The code of the problem.
    code: &'static str,
    /// How far it would come.
    #[schema(value_type = StageWord)]
    stage: &'static str,
    /// What is wrong, in a sentence.
    detail: String,
    /// Each thing that is wrong.
    errors: Vec<Fault>,
}

impl Refusal {
    fn of(problem: &Problem) -> Self {
        let detail = problem.detail.clone().into_owned();
        Self { code: problem.kind.slug(), stage: problem.kind.stage(), detail, errors: problem.errors.clone() }
    }
}

/// A rule that chooses a route.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunRule)]
struct RuleView {
    /// Its place in the configuration, from 1.
    rule: usize,
    /// Which route it chooses.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// Whether it fits.
    fits: bool,
    /// Which of its conditions is not met.
    why_not: Option<&'static str>,
}

/// The route that a message would go by.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunRoute)]
struct RouteView<'a> {
    /// Its number.
    #[schema(value_type = RouteKey)]
    id: u32,
    /// What it is called.
    name: &'a str,
    /// What its messages are for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// What puts its carriers into order.
    #[schema(value_type = OrderOfCarriers)]
    order: &'static str,
    /// What chose it.
    chosen_by: String,
}

impl<'a> RouteView<'a> {
    fn of(route: &'a Route, rules: &[RuleView], asked_for: bool) -> Self {
        let chosen_by = match rules.iter().find(|it| it.fits) {
            _ if asked_for => "the request".to_owned(),
            Some(rule) => format!("rule {}", rule.rule),
            None => "the first route of the account".to_owned(),
        };
        Self {
            id: route.id.shown(),
            name: &route.name,
            class: route.class.word(),
            order: route.order.word(),
            chosen_by,
        }
    }
}

/// A carrier that a message would be tried at.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunCarrier)]
struct CarrierView<'a> {
    /// Its name.
    id: &'a str,
    /// Why it stands in this place.
    #[schema(value_type = RankWord)]
    why: &'static str,
    /// Whether it would take it now.
    takes: bool,
    /// Why it takes nothing now.
    #[schema(value_type = Option<ClosedWord>)]
    closed: Option<&'static str>,
    /// The order by which it is paused or drained.
    held: Option<ActionView<'a>>,
    /// Links of it that are bound.
    links_up: usize,
    /// The share of messages that it is drawn for, where the route has weights.
    weight: Option<f64>,
    /// What it is worth there.
    score: Option<ScoreView>,
    /// SMS that it cuts the text into; null if it cannot say it.
    parts: Option<usize>,
    /// What it charges.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What it charges in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// What is left of what the customer pays, where both are in one currency.
    #[schema(value_type = Option<Amount>)]
    margin: Option<Shown<Money>>,
}
