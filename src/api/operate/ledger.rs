//! What operators see and change of what accounts have: the ledger and credit, under `/admin/v1/accounts/{id}`.
//!
//! Amounts are decimal strings, and exact: the lines of a ledger add up to the balance to the last digit.

use crate::api::handler::admitted::Operator;
use crate::api::handler::ask::ask;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{
    Amount, CurrencyCode, Cursor, IdempotencyKey, LedgerWord, Moment, OrderKey, PageSize,
};
use crate::api::handler::memory::Holder;
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Timestamp;
use crate::api::handler::{body, idempotency, page};
use crate::api::operate::actions::unknown;
use crate::api::submit::fingerprint;
use crate::dispatch::door::happening::Credit;
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::door::reply::Credited;
use crate::message::money::{Currency, Exact, Money};
use crate::message::veil::{Pages, Veil};
use crate::record::money::LedgerLine;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Characters of a note: enough for an invoice and a name.
const NOTE_MAX: usize = 255;

/// `GET /admin/v1/accounts/{id}/ledger`, newest line first.
pub(crate) async fn ledger(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let account = account(by.plan(), &id)?;
    let veil = context.veil();
    let asked = page::Asked::read(asked.as_deref(), veil, Pages::Ledger)?;
    let (of, before, limit) = (account.id, asked.place.unwrap_or(u64::MAX), asked.limit);
    let mut lines = blocking(&context, move |readers| readers.ledger(of, before, limit + 1)).await?;
    let next = asked.cut(&mut lines, |it| it.n);
    let data = lines.iter().map(|it| LineView::of(it, &veil, account.currency)).collect();
    Ok(json::answer(StatusCode::OK, &asked.page(data, next), lines.len() * 192 + 64))
}

fn account<'p>(plan: &'p Plan, name: &str) -> Result<&'p Account, Problem> {
    plan.account_named(name).ok_or_else(|| unknown("account"))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Accounts", "getLedger", "List what an account paid and got")
        .says("The lines whose sum is the balance, newest first.")
        .by::<Operator>()
        .path::<String>("id", "shop", "The account's name in the configuration.")
        .paged::<Cursor, PageSize>()
        .answers::<Page<LineView<'_>>>(200, "Lines, newest first.")
        .refuses(&[Kind::Invalid, Kind::NotFound])
        .refuses(&READS)
}

/// What the reference says of it.
pub(crate) fn about_credit() -> Endpoint {
    Endpoint::new("Accounts", "addCredit", "Add credit")
        .says("Adds to the balance of an account that pays in advance, or takes from it by an amount below zero.")
        .by::<Operator>()
        .path::<String>("id", "shop", "The account's name in the configuration.")
        .header::<IdempotencyKey>("Idempotency-Key", "Makes the request safe to repeat: one key for one request.")
        .body::<Asked>("How much, and why.", json!({ "amount": "25.00", "note": "invoice 2026-117" }))
        .answers::<LineView<'_>>(201, "The line of the ledger, and what there is now.")
        .tells(201, "Idempotent-Replayed", (false, "`true` where this is the answer to an earlier request again."))
        .refuses(&[Kind::NotFound, Kind::KeyReused])
        .refuses(&READS)
        .refuses(&ASKS)
}

/// A line of a ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerLine)]
struct LineView<'a> {
    /// Its number.
    n: u64,
    /// When it was written.
    #[schema(value_type = Moment)]
    at: Timestamp,
    /// Why.
    #[schema(value_type = LedgerWord)]
    why: &'static str,
    /// By how much the balance changed.
    #[schema(value_type = Amount)]
    amount: Shown<Exact>,
    /// What there was after it.
    #[schema(value_type = Amount)]
    balance: Shown<Exact>,
    /// What it is in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// For which order; null of credit.
    #[schema(value_type = Option<OrderKey>)]
    order_id: Option<u64>,
    /// The place of the message in its order's range: an operator finds it by the order.
    seq: Option<u64>,
    /// What the operator wrote.
    note: Option<&'a str>,
}

impl<'a> LineView<'a> {
    fn of(line: &'a LedgerLine, veil: &Veil, currency: Option<Currency>) -> Self {
        Self {
            n: line.n,
            at: Timestamp(line.at),
            why: line.why.word(),
            amount: Shown(line.amount.exact()),
            balance: Shown(line.balance.exact()),
            currency: currency.map(Shown),
            order_id: line.order.map(|it| veil.order(it)),
            seq: line.seq.map(|it| it.0),
            note: line.note.as_deref(),
        }
    }
}

/// `POST /admin/v1/accounts/{id}/credit`
pub(crate) async fn credit(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let account = account(by.plan(), &id)?;
    let key = idempotency::key(request.headers())?;
    let path = request.uri().path().to_owned();
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    let asked: Asked = json::read(&body, |error| {
        Problem::at(Kind::Invalid, "", format!("The body is not {{\"amount\", \"note\"}}: {error}."))
    })?;
    let amount = amount(&asked.amount).ok_or_else(|| {
        Problem::at(Kind::Invalid, "/amount", "must be a decimal number but zero, in quotes, with at most six decimals")
    })?;
    let unsaid = asked.note.as_deref().is_none_or(|it| it.trim().is_empty());
    if amount.0 < 0 && unsaid {
        return Err(Problem::at(Kind::Invalid, "/note", "is required for an amount below zero: it says why"));
    }
    if asked.note.as_ref().is_some_and(|it| NOTE_MAX < it.chars().count()) {
        return Err(Problem::at(Kind::Invalid, "/note", format!("must have at most {NOTE_MAX} characters")));
    }
    let keyed = key.map(|key| {
        fingerprint::key(key, (&path, &body), |it| {
            it.member("amount", Some(&amount.0.to_le_bytes()));
            it.member("note", asked.note.as_deref().map(str::as_bytes));
        })
    });
    let credit = Credit {
        by: by.account().id,
        account: account.id,
        amount,
        note: asked.note.map(Into::into),
        idempotency: keyed,
    };
    let veil = context.veil();
    let created =
        |line: &LedgerLine| json::answer(StatusCode::CREATED, &LineView::of(line, &veil, account.currency), 256);
    match ask(&context, Box::new(credit)).await? {
        Credited::Now(line) => Ok(created(&line)),
        Credited::Before(n) => {
            let of = account.id;
            let found = blocking(&context, move |readers| readers.ledger(of, n.saturating_add(1), 1)).await?;
            let lost = || Problem::new(Kind::Internal, "The line of an earlier credit is not in the ledger.");
            let line = found.into_iter().next().filter(|it| it.n == n).ok_or_else(lost)?;
            Ok(idempotency::mark_replay(created(&line)))
        }
    }
}

/// An amount, below zero for what is taken back; `None` of nothing.
fn amount(text: &str) -> Option<Money> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |it| (-1, it));
    Money::parse(text).ok().filter(|it| 0 < it.0).map(|it| Money(sign * it.0))
}

/// Credit for an account.
#[derive(Deserialize, ToSchema)]
#[schema(as = Credit)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// How much: a decimal number but zero, with six decimals at most; below zero it is taken back.
    #[schema(pattern = "^-?[0-9]+([.][0-9]{1,6})?$")]
    amount: String,
    /// Why; needed for an amount below zero.
    #[schema(max_length = 255)]
    note: Option<String>,
}
