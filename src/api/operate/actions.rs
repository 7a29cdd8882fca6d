//! What operators order: `POST /admin/v1/{carriers,routes,links}/{id}/…`, and what they ordered before.
//!
//! Every order says why, and what stands says when it ends. It is durable before it is answered, and is
//! carried out by then or at once.

use crate::api::handler::admitted::Operator;
use crate::api::handler::ask::{ask_whether, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json::{self, Shown, escape};
use crate::api::handler::kinds::{ActionWord, Cursor, Moment, PageSize, RouteKey, Span};
use crate::api::handler::memory::Holder;
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem, unknown_name};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::{Timestamp, duration};
use crate::api::handler::{body, page};
use crate::api::operate::link::{link, link_name};
use crate::dispatch::door::happening::{Demand, Ending};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Denial, Unfit};
use crate::guard::prefix::Prefix;
use crate::message::id::{CarrierId, RouteId};
use crate::message::veil::Pages;
use crate::record::action::{Action, Deed, Target};
use crate::wire::trace::PDUS_MAX;
use axum::extract::{MatchedPath, Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// Characters of a reason: a sentence or two.
const REASON_MAX: usize = 500;
/// Digits of a prefix: those of a whole number would stay in the log of orders when somebody is forgotten.
const PREFIX_MAX: usize = 9;
/// PDUs of a trace that does not say how many.
const PDUS: u16 = 1_000;
const _: () = assert!(PDUS <= PDUS_MAX);

/// `POST /admin/v1/{carriers,routes,links,prefixes}/{id}/{what}`
pub(crate) async fn order(
    State(context): State<Arc<Context>>,
    matched: MatchedPath,
    Path(id): Path<String>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let mut words = matched.as_str().rsplit('/');
    let (what, noun) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
    perform(&context, (noun, &id, what), &by, request).await
}

/// `POST /admin/v1/store/release`: what a restored store holds may go.
pub(crate) async fn release(
    State(context): State<Arc<Context>>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    perform(&context, ("store", "", "release"), &by, request).await
}

/// `POST /admin/v1/clock/confirm`: the clock on the wall is right.
pub(crate) async fn confirm_clock(
    State(context): State<Arc<Context>>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    perform(&context, ("store", "", "confirm"), &by, request).await
}

/// `GET /admin/v1/actions`: what operators have ordered, newest first.
pub(crate) async fn actions(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let asked = page::Asked::read(asked.as_deref(), context.veil(), Pages::Actions)?;
    let (before, limit) = (asked.place.unwrap_or(u64::MAX), asked.limit);
    let mut actions = blocking(&context, move |readers| readers.actions(before, limit + 1)).await?;
    let next = asked.cut(&mut actions, |it| it.n);
    let data = actions.iter().map(|it| ActionView::of(it, by.plan())).collect();
    Ok(json::answer(StatusCode::OK, &asked.page(data, next), 4_096))
}

/// What the body of an order may have.
const FIELDS: [&str; 7] = ["reason", "for", "until", "state", "to", "route_id", "pdus"];

/// What is ordered, and why.
#[derive(Default, ToSchema)]
#[schema(as = OperatorOrder)]
pub(crate) struct Asked {
    /// Why: it is shown wherever the order is.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// How long it stands. What stands needs this or `until`; what is done at once has neither.
    #[schema(rename = "for", value_type = Option<Span>)]
    lasts: Option<String>,
    /// Until when it stands.
    #[schema(value_type = Option<Moment>)]
    until: Option<String>,
    /// Of a breaker `open` or `closed`, of a guard `allow` or `block`, or `auto`, which lets it decide itself again; of
    /// others not.
    state: Option<String>,
    /// To which carrier; of a move alone. Without it each goes where its route would have it.
    to: Option<String>,
    /// Of which route; of a move alone. Without it of all.
    #[schema(value_type = Option<RouteKey>)]
    route_id: Option<u32>,
    /// After how many PDUs it ends; of a trace alone. 1,000 without it.
    #[schema(minimum = 1, maximum = 10000)]
    pdus: Option<u16>,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let fields: Map<String, Value> = json::read(body, |_| Problem::at(Kind::Invalid, "", "must be an object"))?;
        let mut asked = Self::default();
        for (name, value) in fields {
            let invalid = |detail: String| Problem::at(Kind::Invalid, format!("/{}", escape(&name)), detail);
            let text = || value.as_str().map(str::to_owned).ok_or_else(|| invalid("must be a text".to_owned()));
            let number = || value.as_u64().ok_or_else(|| invalid("must be a whole number".to_owned()));
            match &*name {
                "reason" => asked.reason = text()?,
                "for" => asked.lasts = Some(text()?),
                "until" => asked.until = Some(text()?),
                "state" => asked.state = Some(text()?),
                "to" => asked.to = Some(text()?),
                // What is too large is no route, and no number of PDUs that is kept.
                "route_id" => asked.route_id = Some(u32::try_from(number()?).unwrap_or(u32::MAX)),
                "pdus" => asked.pdus = Some(u16::try_from(number()?).unwrap_or(u16::MAX)),
                _ => return Err(invalid(unknown_name(&name, &FIELDS))),
            }
        }
        Ok(asked)
    }
}

/// Does what the path names, to what it names, as the body says.
async fn perform(
    context: &Context,
    (noun, id, what): (&str, &str, &str),
    by: &Operator,
    request: Request,
) -> Result<Response, Problem> {
    let (actor, plan) = (by.account().id, by.plan());
    let (body, _held) = body::read(context, Holder::Account(actor), request.into_body()).await?;
    let asked = Asked::read(&body)?;
    let target = match noun {
        "carriers" => Target::Carrier(carrier(plan, id).ok_or_else(|| unknown("carrier"))?),
        "routes" => Target::Route(route(plan, id).ok_or_else(|| unknown("route"))?),
        "store" => Target::Store,
        "prefixes" => Target::Prefix(prefix(id).ok_or_else(|| unknown("prefix"))?),
        _ => Target::Link(link(context, plan, id).ok_or_else(|| unknown("link"))?),
    };
    let deed = asked.deed(what, plan)?;
    refuse_without_pdus(plan, deed, target)?;
    let end = asked.end(deed)?;
    let reason = asked.reason.trim();
    if !(1..=REASON_MAX).contains(&reason.chars().count()) {
        return Err(Problem::at(Kind::Invalid, "/reason", format!("must have 1 to {REASON_MAX} characters")));
    }
    let demand = Demand { actor, deed, target, reason: reason.into(), end };
    match ask_whether(context, Box::new(demand)).await? {
        Ok(action) => Ok(json::answer(StatusCode::OK, &ActionView::of(&action, plan), 512)),
        Err(Denial::Unfit(Unfit::NoTarget)) => Err(unknown("carrier, route or link")),
        Err(Denial::Unfit(unfit @ (Unfit::Over | Unfit::TooLong | Unfit::TraceTooLong))) => {
            let pointer = if asked.until.is_some() { "/until" } else { "/for" };
            Err(Problem::at(Kind::Invalid, pointer, unfit.to_string()))
        }
        Err(other) => Err(refusal(&other)),
    }
}

impl Asked {
    /// What is to be done, and that nothing is asked for besides.
    fn deed(&self, what: &str, plan: &Plan) -> Result<Deed, Problem> {
        let invalid = |pointer, detail: &'static str| Problem::at(Kind::Invalid, pointer, detail);
        let misplaced = [
            (
                "/state",
                "goes with breaker and guard only",
                self.state.is_some() && !["breaker", "guard"].contains(&what),
            ),
            ("/to", "goes with move only", self.to.is_some() && what != "move"),
            ("/route_id", "goes with move only", self.route_id.is_some() && what != "move"),
            ("/pdus", "goes with trace only", self.pdus.is_some() && what != "trace"),
        ];
        if let Some((pointer, detail, _)) = misplaced.into_iter().find(|it| it.2) {
            return Err(invalid(pointer, detail));
        }
        Ok(match what {
            "pause" => Deed::Pause,
            "resume" => Deed::Resume,
            "drain" => Deed::Drain,
            "rebind" => Deed::Rebind,
            "release" => Deed::Release,
            "confirm" => Deed::ConfirmClock,
            "trace" => {
                let pdus = self.pdus.unwrap_or(PDUS);
                if !(1..=PDUS_MAX).contains(&pdus) {
                    return Err(invalid("/pdus", "must be from 1 to 10000"));
                }
                Deed::Trace { pdus }
            }
            "breaker" => match self.state.as_deref() {
                Some("open") => Deed::OpenBreaker,
                Some("closed") => Deed::CloseBreaker,
                Some("auto") => Deed::FreeBreaker,
                _ => return Err(invalid("/state", "must be open, closed or auto")),
            },
            "guard" => match self.state.as_deref() {
                Some("allow") => Deed::LetThrough,
                Some("block") => Deed::Block,
                Some("auto") => Deed::FreePrefix,
                _ => return Err(invalid("/state", "must be allow, block or auto")),
            },
            _ => {
                let other = |it: &CarrierId| !plan.is_sandbox(*it);
                let to = self.to.as_deref().map(|it| {
                    carrier(plan, it)
                        .filter(other)
                        .ok_or_else(|| invalid("/to", "is no carrier that messages can go to"))
                });
                let route = self.route_id.map(RouteId::written).filter(|it| plan.routes.contains_key(it));
                if self.route_id.is_some() && route.is_none() {
                    return Err(invalid("/route_id", "is no route"));
                }
                Deed::Move { to: to.transpose()?, route }
            }
        })
    }

    /// When it ends: said by what stands, and by nothing else.
    fn end(&self, deed: Deed) -> Result<Ending, Problem> {
        let invalid = |pointer, detail: &'static str| Problem::at(Kind::Invalid, pointer, detail);
        match (&self.lasts, &self.until) {
            (Some(_), Some(_)) => Err(invalid("/until", "for says it already")),
            (Some(_), None) if !deed.ends() => Err(invalid("/for", "this is done at once and has no end")),
            (None, Some(_)) if !deed.ends() => Err(invalid("/until", "this is done at once and has no end")),
            (None, None) if deed.ends() => Err(invalid("/for", "is required, or until: what stands must end")),
            (Some(text), None) => duration(text)
                .map(Ending::After)
                .ok_or_else(|| invalid("/for", "must be a time like 90s, 10m, 2h or 1d")),
            (None, Some(text)) => {
                Timestamp::parse(text).map(Ending::At).ok_or_else(|| invalid("/until", "must be a time of RFC 3339"))
            }
            (None, None) => Ok(Ending::Never),
        }
    }
}

/// What is spoken over HTTP has no PDUs.
fn refuse_without_pdus(plan: &Plan, deed: Deed, target: Target) -> Result<(), Problem> {
    match (deed, target) {
        (Deed::Trace { .. }, Target::Link(it))
            if plan.carriers.get(&it.carrier).is_some_and(|it| it.dialect.texts_only) =>
        {
            Err(Problem::new(Kind::Invalid, "The carrier is asked over HTTP; there are no PDUs to trace."))
        }
        _ => Ok(()),
    }
}

/// The first digits of numbers, with their plus or without it.
fn prefix(written: &str) -> Option<Prefix> {
    let digits = written.strip_prefix('+').unwrap_or(written);
    Prefix::parse(&format!("+{digits}")).filter(|_| digits.len() <= PREFIX_MAX)
}

/// The carrier of a name.
pub(crate) fn carrier(plan: &Plan, name: &str) -> Option<CarrierId> {
    plan.carrier_named(name).map(|it| it.id)
}

/// The route of a number.
pub(crate) fn route(plan: &Plan, id: &str) -> Option<RouteId> {
    id.parse().ok().map(RouteId::written).filter(|it| plan.routes.contains_key(it))
}

/// The refusal for what the configuration does not name.
pub(crate) fn unknown(noun: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("There is no {noun} with this id."))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Operation", "listActions", "List what was ordered")
        .says("What operators have ordered, newest first.")
        .by::<Operator>()
        .paged::<Cursor, PageSize>()
        .answers::<Page<ActionView<'_>>>(200, "Orders, newest first.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
}

/// An action as operators see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Action)]
pub(crate) struct ActionView<'a> {
    /// Its number.
    n: u64,
    /// When it was ordered.
    #[schema(value_type = Moment)]
    at: Timestamp,
    /// Who ordered it.
    #[schema(value_type = String)]
    actor: Shown<Actor<'a>>,
    /// What was ordered.
    #[schema(value_type = ActionWord)]
    action: &'static str,
    /// Of what.
    target: TargetView,
    /// To which carrier, of a move; else it is left away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    to: Option<&'a str>,
    /// Of which route, of a move; else it is left away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RouteKey>, nullable = false)]
    route_id: Option<u32>,
    /// After how many PDUs it ends, of a trace; else it is left away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pdus: Option<u16>,
    /// Why, in the operator's words.
    reason: &'a str,
    /// Until when it stands; null of what is done at once.
    #[schema(value_type = Option<Moment>)]
    until: Timestamp,
}

/// Who ordered it: as the account was called then, else as it is, else by its number.
struct Actor<'a> {
    action: &'a Action,
    plan: &'a Plan,
}

impl std::fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.plan.account_name(self.action.actor) {
            _ if !self.action.by.is_empty() => f.write_str(&self.action.by),
            Some(name) => f.write_str(name),
            None => write!(f, "#{}", self.action.actor.0),
        }
    }
}

/// What an action is about.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionTarget)]
#[serde(rename_all = "lowercase")]
enum TargetView {
    /// A carrier, by its name.
    Carrier(String),
    /// A route, by its number.
    Route(u32),
    /// A link, by its name.
    Link(String),
    /// The store that was restored, the clock, or a person, who is not said.
    Store(&'static str),
    /// Numbers that begin so.
    Prefix(String),
}

impl<'a> ActionView<'a> {
    pub(crate) fn of(action: &'a Action, plan: &'a Plan) -> Self {
        let name = |it: CarrierId| plan.carrier_name(it);
        let (to, route_id, pdus) = match action.deed {
            Deed::Move { to, route } => (to.and_then(name), route.map(|it| it.0), None),
            Deed::Trace { pdus } => (None, None, Some(pdus)),
            _ => (None, None, None),
        };
        Self {
            n: action.n,
            at: Timestamp(action.at),
            actor: Shown(Actor { action, plan }),
            action: action.deed.word(),
            target: match action.target {
                Target::Carrier(it) => TargetView::Carrier(name(it).unwrap_or_default().to_owned()),
                Target::Route(it) => TargetView::Route(it.0),
                Target::Link(it) => TargetView::Link(link_name(plan, it)),
                Target::Store if action.deed == Deed::ConfirmClock => TargetView::Store("clock"),
                Target::Store if action.deed == Deed::Forget => TargetView::Store("person"),
                Target::Store => TargetView::Store("restored"),
                Target::Prefix(it) => TargetView::Prefix(it.to_string()),
            },
            to,
            route_id,
            pdus,
            reason: &action.reason,
            until: Timestamp(action.until),
        }
    }
}
