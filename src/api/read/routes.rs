//! `GET /v1/routes` and `GET /v1/routes/{id}`: what an account may use.

use crate::api::handler::admitted::Reader;
use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::json;
use crate::api::handler::kinds::{Amount, CurrencyCode, RouteKey, TrafficClass};
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::dispatch::door::plan::Account;
use crate::route::plan::Route;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `GET /v1/routes`
pub(crate) async fn all(by: Reader) -> Response {
    let routes = by.account().routes.iter().filter_map(|id| by.plan().routes.get(id));
    let data: Vec<Shown<'_>> = routes.map(|route| Shown::of(by.account(), route)).collect();
    json::answer(StatusCode::OK, &Page::whole(data), 1_024)
}

/// `GET /v1/routes/{id}`
pub(crate) async fn one(Path(id): Path<String>, by: Reader) -> Result<Response, Problem> {
    Ok(json::answer(StatusCode::OK, &Profile::of(by.account(), route(&by, &id)?), 1_024))
}

/// The route that a path names, if the account may use it.
pub(crate) fn route<'a>(by: &'a Reader, id: &str) -> Result<&'a Route, Problem> {
    let id = id.parse().ok().map(|it| by.account().route(it)).filter(|it| by.account().routes.contains(it));
    let route = id.and_then(|it| by.plan().routes.get(&it));
    route.ok_or_else(|| Problem::new(Kind::NotFound, "There is no route with this id for this account."))
}

/// What the reference says of it.
pub(crate) fn about_all() -> Endpoint {
    Endpoint::new("Routes", "listRoutes", "List the routes")
        .says("The routes that the account may use. The first is taken where neither the request nor a rule names one.")
        .by::<Reader>()
        .answers::<Page<Shown<'_>>>(200, "All of them, on one page.")
        .leads(200, "getRoute", ("id", "$response.body#/data/0/id", "The first of them."))
}

/// What the reference says of it.
pub(crate) fn about_one() -> Endpoint {
    Endpoint::new("Routes", "getRoute", "Get a route")
        .says("A route that the account may use, and by what rules it carries messages.")
        .by::<Reader>()
        .path::<RouteKey>("id", "$ROUTE", "The number of the route.")
        .answers::<Profile<'_>>(200, "The route.")
        .refuses(&[Kind::NotFound])
}

/// A route as an account sees it: who carries it is not the account's business.
#[derive(Serialize, ToSchema)]
#[schema(as = Route)]
struct Shown<'a> {
    /// Its number.
    #[schema(value_type = RouteKey)]
    id: u32,
    /// What it is called.
    name: &'a str,
    /// What its messages are for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// Whether it is taken where neither the request nor a rule names one.
    default: bool,
    /// Whether it has prices.
    priced: bool,
    /// What the prices are in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
    /// Seconds that a message is worth sending where the request does not say.
    validity_seconds: u64,
}

/// A route and by what it carries.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteProfile)]
struct Profile<'a> {
    #[serde(flatten)]
    route: Shown<'a>,
    /// The only senders that it takes; none is any.
    #[schema(value_type = Vec<String>)]
    senders: &'a [Box<str>],
    /// Whom destinations see, whatever the request says.
    senders_by_country: BTreeMap<String, String>,
    /// Seconds after which a message without a receipt goes to the next carrier; null where it does not.
    receipt_window_seconds: Option<u64>,
    /// Seconds that a message waits for a carrier before it goes to the next; null where it does not.
    max_wait_seconds: Option<u64>,
    /// Seconds after the validity for which a receipt is waited for; then the message is `UNKNOWN`.
    receipt_timeout_seconds: u64,
    /// Whether no more than one part to one number is in flight at a time.
    strict_order: bool,
    /// What a part costs in the countries that have a price of their own.
    #[schema(value_type = BTreeMap<String, Amount>)]
    countries: BTreeMap<&'a str, String>,
    /// What it costs in the others; none is refused where the route is priced.
    #[schema(value_type = Option<Amount>)]
    price: Option<String>,
}

impl<'a> Profile<'a> {
    fn of(account: &'a Account, route: &'a Route) -> Self {
        let senders = route.senders_by_country.entries().map(|(to, it)| (to, it.to_string()));
        let prices = account.price(route);
        let countries = prices.into_iter().flat_map(|it| &it.countries);
        Self {
            route: Shown::of(account, route),
            senders: &route.senders,
            senders_by_country: senders.collect(),
            receipt_window_seconds: route.receipt_window.map(|it| it.as_secs()),
            max_wait_seconds: route.max_wait.map(|it| it.as_secs()),
            receipt_timeout_seconds: route.receipt_timeout.as_secs(),
            strict_order: route.strict_order,
            countries: countries.map(|(country, price)| (&**country, price.to_string())).collect(),
            price: prices.and_then(|it| it.default).map(|it| it.to_string()),
        }
    }
}

impl<'a> Shown<'a> {
    fn of(account: &'a Account, route: &'a Route) -> Self {
        Self {
            id: route.id.shown(),
            name: &route.name,
            class: route.class.word(),
            default: account.routes.first() == Some(&route.id),
            priced: account.price(route).is_some(),
            currency: account.price(route).map(|it| it.currency.to_string()),
            validity_seconds: route.validity.as_secs(),
        }
    }
}
