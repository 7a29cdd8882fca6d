//! What an account has and what things cost: `GET /v1/balance` and `GET /v1/routes/{id}/pricing`.
//!
//! Amounts are decimal strings, and exact.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::problem::Problem;
use crate::api::handler::reads::blocking;
use crate::api::read::routes::route;
use crate::dispatch::door::plan::Account;
use crate::message::id::{RouteId, Seq};
use crate::message::money::{Currency, Exact, Money};
use crate::message::price::PriceTable;
use crate::record::entry::Entry;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET /v1/balance`
pub(crate) async fn balance(State(context): State<Arc<Context>>, by: Reader) -> Result<Response, Problem> {
    let balance = of_account(&context, by.account()).await?;
    let kind = if balance.is_some() { "managed" } else { "unlimited" };
    let currency = by.account().currency.map(Shown);
    let document = Balance { balance: balance.map(|it| Shown(it.exact())), currency, kind };
    Ok(json::answer(StatusCode::OK, &document, 128))
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
pub(crate) async fn pricing(Path(id): Path<String>, by: Reader) -> Result<Response, Problem> {
    let route = route(&by, &id)?;
    Ok(json::answer(StatusCode::OK, &Pricing::of(route.id, route.price.as_ref()), 256))
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
