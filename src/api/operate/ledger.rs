//! What operators see and change of what accounts have: the ledger and credit, under `/admin/v1/accounts/{id}`.
//!
//! Amounts are decimal strings, and exact: the lines of a ledger add up to the balance to the last digit.

use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::auth::{Directory, Scope, peer};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Moment;
use crate::api::handler::{body, idempotency};
use crate::api::read::list::{PAGE_PARAMETERS, query};
use crate::api::submit::fingerprint;
use crate::dispatch::door::happening::{Ask, Credit};
use crate::dispatch::door::plan::Account;
use crate::dispatch::door::reply::Reply;
use crate::message::money::{Currency, Exact, Money};
use crate::message::veil::{Pages, Veil};
use crate::record::money::LedgerLine;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Characters of a note: enough for an invoice and a name.
const NOTE_MAX: usize = 255;

/// `GET /admin/v1/accounts/{id}/ledger`, newest line first.
pub(crate) async fn ledger(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let head = request.into_parts().0;
    let found = async {
        let directory = context.directory();
        let operator = directory.admit(&head.headers, peer(&head.extensions), Scope::Admin)?;
        let account = named(&directory, &id)?;
        let veil = context.veil();
        let asked = query(operator, (veil, Pages::Ledger), head.uri.query().unwrap_or(""), &PAGE_PARAMETERS)?;
        let (of, before, limit) = (account.id, asked.before.map_or(u64::MAX, |it| it.0), asked.limit);
        let mut lines = blocking(&context, move |readers| readers.ledger(of, before, limit + 1)).await?;
        let more = limit < lines.len();
        lines.truncate(limit);
        let next = lines.last().filter(|_| more).map(|it| veil.cursor(Pages::Ledger, it.n));
        let data = lines.iter().map(|it| LineView::of(it, &veil, account.currency)).collect();
        Ok(json::answer(StatusCode::OK, &Ledger { data, next_cursor: next }, lines.len() * 192 + 64))
    };
    found.await.unwrap_or_else(|problem: Problem| problem.into_response(head.uri.path()))
}

fn named<'a>(directory: &'a Directory, name: &str) -> Result<&'a Account, Problem> {
    let found = directory.plan.account_named(name);
    found.ok_or_else(|| Problem::new(Kind::NotFound, "There is no account with this id."))
}

#[derive(Serialize)]
struct Ledger<'a> {
    data: Vec<LineView<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct LineView<'a> {
    n: u64,
    at: Moment,
    why: &'static str,
    amount: Shown<Exact>,
    balance: Shown<Exact>,
    currency: Option<Shown<Currency>>,
    order_id: Option<u64>,
    /// The place of the message in its order's range: an operator finds it by the order.
    seq: Option<u64>,
    note: Option<&'a str>,
}

impl<'a> LineView<'a> {
    fn of(line: &'a LedgerLine, veil: &Veil, currency: Option<Currency>) -> Self {
        Self {
            n: line.n,
            at: Moment(line.at),
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
pub(crate) async fn credit(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    credited(&context, &id, &head, body).await.unwrap_or_else(|problem| problem.into_response(&path))
}

async fn credited(context: &Context, id: &str, head: &Parts, body: axum::body::Body) -> Result<Response, Problem> {
    let directory = context.directory();
    let operator = directory.admit(&head.headers, peer(&head.extensions), Scope::Admin)?;
    let account = named(&directory, id)?;
    let key = idempotency::key(&head.headers)?;
    let (body, _held) = body::read(context, Holder::Account(operator.id), body).await?;
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
        fingerprint::keyed(key, (head.uri.path(), &body), |it| {
            it.member("amount", Some(&amount.0.to_le_bytes()));
            it.member("note", asked.note.as_deref().map(str::as_bytes));
        })
    });
    let credit =
        Credit { by: operator.id, account: account.id, amount, note: asked.note.map(Into::into), idempotency: keyed };
    let veil = context.veil();
    let created =
        |line: &LedgerLine| json::answer(StatusCode::CREATED, &LineView::of(line, &veil, account.currency), 256);
    match ask(context, Ask::Credit(Box::new(credit))).await? {
        Reply::Credited(line) => Ok(created(&line)),
        Reply::CreditedBefore(n) => {
            let of = account.id;
            let found = blocking(context, move |readers| readers.ledger(of, n.saturating_add(1), 1)).await?;
            let lost = || Problem::new(Kind::Internal, "The line of an earlier credit is not in the ledger.");
            let line = found.into_iter().next().filter(|it| it.n == n).ok_or_else(lost)?;
            Ok(idempotency::replayed(created(&line)))
        }
        other => Err(refusal(&other)),
    }
}

/// An amount, below zero for what is taken back; `None` of nothing.
fn amount(text: &str) -> Option<Money> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |it| (-1, it));
    Money::parse(text).ok().filter(|it| 0 < it.0).map(|it| Money(sign * it.0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    amount: String,
    note: Option<String>,
}
