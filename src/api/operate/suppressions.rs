//! `/admin/v1/suppressions`: who does not want to be written to, and what operators change about it.

use crate::api::handler::admitted::Operator;
use crate::api::handler::ask::{ask, ask_whether, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{AnyNumber, Cursor, Moment, OriginWord, PageSize, PhoneNumber};
use crate::api::handler::memory::Holder;
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query::{self, invalid};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Timestamp;
use crate::api::handler::{body, page};
use crate::dispatch::door::happening::{Lift, Suppress};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{self, Denial, Suppressed};
use crate::message::id::AccountId;
use crate::message::veil::Pages;
use crate::number::e164::E164;
use crate::record::suppression::{Origin, Suppression};
use crate::record::views::SuppressionQuery;
use crate::route::inbound::recipient;
use crate::route::opt_out::Key;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the list may be asked for.
const LISTED: [&str; 4] = ["account", "to", "cursor", "limit"];
/// What names a key that is lifted.
const LIFTED: [&str; 4] = ["account", "sender", "to", "reason"];
/// Characters of a reason.
const REASON_MAX: usize = 255;

/// `GET /admin/v1/suppressions`
pub(crate) async fn all(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let asked: Vec<_> = query::pairs(asked.as_deref(), &LISTED)?.collect::<Result<_, _>>()?;
    let mut page = page::Asked::first(context.veil(), Pages::Suppressions);
    let (mut of, mut to) = (None, None);
    for (name, value) in &asked {
        match name.as_str() {
            "account" => of = Some(account(by.plan(), value)?),
            "to" => to = Some(number(value)?),
            _ => page.set(name, value).map_err(|detail| invalid(name, detail))?,
        }
    }
    let query = SuppressionQuery { account: of, number: to, after: page.place.unwrap_or(0), limit: page.limit + 1 };
    let mut found = blocking(&context, move |readers| readers.suppressions(&query)).await?;
    // Of one number all are shown.
    let next = if to.is_some() { None } else { page.cut(&mut found, |it| it.0) };
    let data: Vec<_> = found.iter().map(|(_, it)| View::of(it, by.plan())).collect();
    let octets = data.len() * 160 + 64;
    Ok(json::answer(StatusCode::OK, &page.page(data, next), octets))
}

/// `POST /admin/v1/suppressions`
pub(crate) async fn add(
    State(context): State<Arc<Context>>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let (octets, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    let asked: Asked =
        json::read(&octets, |error| Problem::new(Kind::Invalid, format!("The body is not valid: {error}.")))?;
    let key = key(by.plan(), asked.account.as_deref(), asked.sender.as_deref(), &asked.to)?;
    let reason = reason(Some(&asked.reason))?;
    let Suppressed(at) = ask(&context, Suppress(key.clone(), reason.clone())).await?;
    let kept = Suppression { key, at, origin: Origin::Operator, reason };
    Ok(json::answer(StatusCode::OK, &View::of(&kept, by.plan()), 256))
}

/// `DELETE /admin/v1/suppressions?to=&account=&sender=&reason=`
pub(crate) async fn lift(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let asked: Vec<_> = query::pairs(asked.as_deref(), &LIFTED)?.collect::<Result<_, _>>()?;
    let of = |name: &str| asked.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
    let to = of("to").ok_or_else(|| Problem::at(Kind::Invalid, "/to", "is required"))?;
    let key = key(by.plan(), of("account"), of("sender"), to)?;
    match ask_whether(&context, Lift(key, reason(of("reason"))?)).await? {
        Ok(reply::Lifted) => Ok(json::answer(StatusCode::OK, &Lifted { lifted: true }, 32)),
        Err(Denial::NotFound) => Err(Problem::new(Kind::NotFound, "There is nothing on the list for these.")),
        Err(other) => Err(refusal(&other)),
    }
}

/// What a number is put on the list by.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewSuppression)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The number, with its country code.
    #[schema(value_type = AnyNumber)]
    to: String,
    /// Of which account; without it of all.
    account: Option<String>,
    /// From which sender; without it from all.
    sender: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
}

/// What the reference says of it.
pub(crate) fn about_all() -> Endpoint {
    Endpoint::new("Suppressions", "listSuppressions", "List who does not want to be written to")
        .says("The list of suppressed numbers, by handsets' keywords and by operators.")
        .by::<Operator>()
        .query::<String>("account", "Only those of this account.")
        .query::<AnyNumber>("to", "Only those of this number; all of them are on one page.")
        .paged::<Cursor, PageSize>()
        .answers::<Page<View<'_>>>(200, "Keys of the list.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
}

/// What the reference says of it.
pub(crate) fn about_add() -> Endpoint {
    let example = json!({ "to": "+31612345678", "reason": "asked by telephone" });
    Endpoint::new("Suppressions", "suppress", "Put a number on the list")
        .says("From then on messages to it are refused, as far as the scope of `[opt_out]` goes.")
        .by::<Operator>()
        .body::<Asked>("Who does not want to be written to, and why.", example)
        .answers::<View<'_>>(200, "The key as it stands on the list.")
        .refuses(&[Kind::ListFull])
        .refuses(&ASKS)
}

/// What the reference says of it.
pub(crate) fn about_lift() -> Endpoint {
    Endpoint::new("Suppressions", "liftSuppression", "Take a number from the list")
        .says("Takes exactly the key that is named off the list.")
        .by::<Operator>()
        .must::<AnyNumber>("to", "The number, with its country code.")
        .query::<String>("account", "Of which account; without it of all.")
        .query::<String>("sender", "From which sender; without it from all.")
        .must::<String>("reason", "Why, in 1 to 255 characters.")
        .answers::<Lifted>(200, "It is off the list.")
        .refuses(&[Kind::Invalid, Kind::NotFound])
        .refuses(&ASKS)
        .asks("?to=%2B31612345678&reason=asked%20by%20telephone")
}

fn key(plan: &Plan, whose: Option<&str>, sender: Option<&str>, to: &str) -> Result<Key, Problem> {
    let account = whose.map(|it| account(plan, it)).transpose()?;
    let sender = sender.map(recipient).filter(|it| !it.is_empty());
    Ok(Key { account, sender, number: number(to)? })
}

fn account(plan: &Plan, name: &str) -> Result<AccountId, Problem> {
    let found = plan.account_named(name);
    found.map(|it| it.id).ok_or_else(|| invalid("account", "there is no such account"))
}

fn number(text: &str) -> Result<E164, Problem> {
    E164::parse(&query::number(text), None).map_err(|why| invalid("to", why.to_string()))
}

fn reason(text: Option<&str>) -> Result<Box<str>, Problem> {
    let text = text.map(str::trim).filter(|it| !it.is_empty() && it.chars().count() <= REASON_MAX);
    text.map(Into::into).ok_or_else(|| invalid("reason", format!("is required, with 1 to {REASON_MAX} characters")))
}

/// A number that was taken from the list.
#[derive(Serialize, ToSchema)]
struct Lifted {
    /// That it is off the list.
    lifted: bool,
}

/// One key of the list; `null` where it holds for all.
#[derive(Serialize, ToSchema)]
#[schema(as = Suppression)]
struct View<'a> {
    /// Which classes of messages all suppressions stop, as `[opt_out]` says now.
    scope: &'static str,
    /// Of which account; null where of all.
    account: Option<&'a str>,
    /// From which sender; null where from all.
    sender: Option<&'a str>,
    /// The number.
    #[schema(value_type = PhoneNumber)]
    to: Shown<E164>,
    /// Since when.
    #[schema(value_type = Moment)]
    since: Timestamp,
    /// Who put it there.
    #[schema(value_type = OriginWord)]
    origin: &'static str,
    /// Why, in the operator's words; the keyword of a handset.
    reason: &'a str,
}

impl<'a> View<'a> {
    fn of(it: &'a Suppression, plan: &'a Plan) -> Self {
        let name = |id: AccountId| plan.account_name(id).unwrap_or("of an earlier configuration");
        Self {
            scope: plan.opt_out.scope(),
            account: it.key.account.map(name),
            sender: it.key.sender.as_deref(),
            to: Shown(it.key.number),
            since: Timestamp(it.at),
            origin: it.origin.word(),
            reason: &it.reason,
        }
    }
}
