//! What an account has and what things cost: `GET /v1/balance`, `GET /v1/routes/{id}/pricing`; and for operators the
//! ledger and credit, under `/admin/v1/accounts/{id}`.
//!
//! Amounts are decimal strings, and exact: the lines of a ledger add up to the balance to the last digit.

use crate::api::handler::auth::{Directory, Scope};
use crate::api::handler::body;
use crate::api::handler::context::{Call, Context};
use crate::api::handler::idempotency;
use crate::api::handler::json;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::time::Moment;
use crate::api::read::list::{PAGE_PARAMETERS, query};
use crate::api::read::order::blocking;
use crate::api::submit::answer::{self, Shown};
use crate::api::submit::fingerprint;
use crate::api::submit::messages::{awaited, peer, refusal, send};
use crate::dispatch::door::happening::{Ask, Credit};
use crate::dispatch::door::plan::Account;
use crate::dispatch::door::reply::Reply;
use crate::message::id::{RouteId, Seq};
use crate::message::money::{Currency, Exact, Money};
use crate::message::price::PriceTable;
use crate::message::veil::{Pages, Veil};
use crate::record::entry::Entry;
use crate::record::money::LedgerLine;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Characters of a note: enough for an invoice and a name.
const NOTE_MAX: usize = 255;

/// `GET /v1/balance`
pub(crate) async fn balance(State(context): State<Arc<Context>>, request: Request) -> Response {
    let head = request.into_parts().0;
    let found = async {
        let directory = context.directory();
        let account = directory.admit(&head.headers, peer(&head.extensions), Scope::Read)?;
        let balance = of_account(&context, account).await?;
        let kind = if balance.is_some() { "managed" } else { "unlimited" };
        let document =
            Balance { balance: balance.map(|it| Shown(it.exact())), currency: account.currency.map(Shown), kind };
        Ok(answer::json(StatusCode::OK, &document, 128))
    };
    found.await.unwrap_or_else(|problem: Problem| problem.into_response(head.uri.path()))
}

/// What an account has; `None` where it does not pay from a balance.
pub(crate) async fn of_account(context: &Context, account: &Account) -> Result<Option<Money>, Problem> {
    if !account.terms.managed {
        return Ok(None);
    }
    let id = account.id;
    blocking(context, move |readers| readers.balance(id)).await.map(Some)
}

/// What of these messages was paid back, by their seqs.
pub(crate) async fn refunds(context: &Context, entries: &[Entry]) -> Result<BTreeMap<Seq, Money>, Problem> {
    let charged: Vec<_> =
        entries.iter().filter(|it| it.body.charged).map(|it| (it.body.order, it.body.seq())).collect();
    if charged.is_empty() {
        return Ok(BTreeMap::new());
    }
    blocking(context, move |readers| readers.refunds(&charged)).await
}

#[derive(Serialize)]
struct Balance {
    balance: Option<Shown<Exact>>,
    currency: Option<Shown<Currency>>,
    kind: &'static str,
}

/// `GET /v1/routes/{id}/pricing`
pub(crate) async fn pricing(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let directory = context.directory();
    let found = directory.admit(request.headers(), peer(request.extensions()), Scope::Read).and_then(|account| {
        let id = id.parse().ok().map(RouteId).filter(|it| account.routes.contains(it));
        let route = id.and_then(|it| directory.plan.routes.get(&it));
        let route =
            route.ok_or_else(|| Problem::new(Kind::NotFound, "There is no route with this id for this account."))?;
        let document = Pricing::of(route.id, route.price.as_ref());
        Ok(answer::json(StatusCode::OK, &document, 256))
    });
    found.unwrap_or_else(|problem| problem.into_response(request.uri().path()))
}

/// What a part costs, by destination: the longest prefix, else the country, else the default.
#[derive(Serialize)]
struct Pricing<'a> {
    route_id: u32,
    priced: bool,
    per: &'static str,
    currency: Option<Shown<Currency>>,
    default: Option<Shown<Exact>>,
    countries: BTreeMap<&'a str, Shown<Exact>>,
    prefixes: BTreeMap<String, Shown<Exact>>,
}

impl<'a> Pricing<'a> {
    fn of(route: RouteId, table: Option<&'a PriceTable>) -> Self {
        let shown = |it: &Money| Shown(it.exact());
        let countries = table.iter().flat_map(|it| &it.countries);
        let prefixes = table.iter().flat_map(|it| &it.prefixes);
        Self {
            route_id: route.0,
            priced: table.is_some(),
            per: "part",
            currency: table.map(|it| Shown(it.currency)),
            default: table.and_then(|it| it.default.as_ref()).map(shown),
            countries: countries.map(|(country, it)| (&**country, shown(it))).collect(),
            prefixes: prefixes.map(|(prefix, it)| (format!("+{prefix}"), shown(it))).collect(),
        }
    }
}

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
        Ok(answer::json(StatusCode::OK, &Ledger { data, next_cursor: next }, lines.len() * 192 + 64))
    };
    found.await.unwrap_or_else(|problem: Problem| problem.into_response(head.uri.path()))
}

fn named<'a>(directory: &'a Directory, name: &str) -> Result<&'a Account, Problem> {
    let found = directory.plan.accounts.values().find(|it| &*it.name == name);
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
    let (to, answer) = oneshot::channel();
    send(context, Call::Ask(Ask::Credit(Box::new(credit)), to))?;
    let veil = context.veil();
    let created =
        |line: &LedgerLine| answer::json(StatusCode::CREATED, &LineView::of(line, &veil, account.currency), 256);
    match awaited(answer).await? {
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
