//! What an account has and what things cost: `GET /v1/balance`, `GET /v1/routes/{id}/pricing`; and for operators the
//! ledger and credit, under `/admin/v1/accounts/{id}`.
//!
//! Amounts are decimal strings, and exact: the lines of a ledger add up to the balance to the last digit.

use crate::api::handler::auth::{Scope, peer};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::dispatch::door::plan::Account;
use crate::message::id::{RouteId, Seq};
use crate::message::money::{Currency, Exact, Money};
use crate::message::price::PriceTable;
use crate::record::entry::Entry;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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
        Ok(json::answer(StatusCode::OK, &document, 128))
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
        Ok(json::answer(StatusCode::OK, &document, 256))
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
