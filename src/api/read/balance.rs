//! What an account has and what things cost: `GET /v1/balance` and `GET /v1/routes/{id}/pricing`.
//!
//! Amounts are decimal strings, and exact.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, CurrencyCode, RouteKey, described, words};
use crate::api::handler::problem::{Kind, Problem};
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
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// `GET /v1/balance`
pub(crate) async fn balance(State(context): State<Arc<Context>>, by: Reader) -> Result<Response, Problem> {
    let balance = of_account(&context, by.account()).await?;
    let kind = KINDS[usize::from(balance.is_some())];
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

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Balance", "getBalance", "Get the balance")
        .says("What the account has left, exactly. It is what `POST /v1/messages` pays from.")
        .by::<Reader>()
        .answers::<Balance>(200, "What there is.")
        .refuses(&READS)
}

/// Whether accounts pay in advance: words of the API.
const KINDS: [&str; 2] = ["unlimited", "managed"];

/// What an account has.
#[derive(Serialize, ToSchema)]
struct Balance {
    /// What is left; null where the account does not pay in advance.
    #[schema(value_type = Option<Amount>)]
    balance: Option<Shown<Exact>>,
    /// What it is in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// `managed`: the account pays in advance.
    #[schema(value_type = BalanceKind)]
    kind: &'static str,
}

/// Whether an account pays in advance, as the reference has it.
enum BalanceKind {}

impl PartialSchema for BalanceKind {
    fn schema() -> RefOr<Schema> {
        described("Whether the account pays in advance (`managed`) or not.", words(KINDS))
    }
}

impl ToSchema for BalanceKind {}

/// What the reference says of it.
pub(crate) fn about_pricing() -> Endpoint {
    Endpoint::new("Routes", "getPricing", "Get the prices of a route")
        .says("What a part costs, by destination. The longest prefix counts, else the country, else the default.")
        .by::<Reader>()
        .path::<RouteKey>("id", "$ROUTE", "The number of the route.")
        .answers::<Pricing<'_>>(200, "Its prices.")
        .refuses(&[Kind::NotFound])
}

/// `GET /v1/routes/{id}/pricing`
pub(crate) async fn pricing(Path(id): Path<String>, by: Reader) -> Result<Response, Problem> {
    let route = route(&by, &id)?;
    Ok(json::answer(StatusCode::OK, &Pricing::of(route.id, by.account().price(route)), 256))
}

/// What a part costs, by destination: the longest prefix, else the country, else the default.
#[derive(Serialize, ToSchema)]
struct Pricing<'a> {
    /// The number of the route.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// Whether it has prices.
    priced: bool,
    /// What a price is for: each part.
    per: &'static str,
    /// What the prices are in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// The price of what is not named below; null where that has none, and is refused.
    #[schema(value_type = Option<Amount>)]
    default: Option<Shown<Exact>>,
    /// Prices of countries, by their two letters (ISO 3166).
    #[schema(value_type = BTreeMap<String, Amount>)]
    countries: BTreeMap<&'a str, Shown<Exact>>,
    /// Prices of numbers that begin so.
    #[schema(value_type = BTreeMap<String, Amount>)]
    prefixes: BTreeMap<String, Shown<Exact>>,
}

impl<'a> Pricing<'a> {
    fn of(route: RouteId, table: Option<&'a PriceTable>) -> Self {
        let shown = |it: &Money| Shown(it.exact());
        let countries = table.iter().flat_map(|it| &it.countries);
        let prefixes = table.iter().flat_map(|it| &it.prefixes);
        Self {
            route_id: route.shown(),
            priced: table.is_some(),
            per: "part",
            currency: table.map(|it| Shown(it.currency)),
            default: table.and_then(|it| it.default.as_ref()).map(shown),
            countries: countries.map(|(country, it)| (&**country, shown(it))).collect(),
            prefixes: prefixes.map(|(prefix, it)| (format!("+{prefix}"), shown(it))).collect(),
        }
    }
}
