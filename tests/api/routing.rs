//! Where a request leads: rules, senders of destinations, the order of carriers, and what an account sees of a route.

use super::submit::changed;
use super::world::{World, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::carrier::dialect::Dialect;
use nuncio::dispatch::door::plan::Carrier;
use nuncio::message::id::{CarrierId, RouteId};
use nuncio::message::money::{Currency, Money};
use nuncio::message::price::PriceTable;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::route::hours::Hours;
use nuncio::route::plan::CarrierOrder;
use nuncio::route::rule::{Pattern, Rule};
use nuncio::route::table::PrefixTable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[tokio::test]
async fn a_rule_may_go_by_the_tag_and_by_what_each_recipient_is_told() {
    let mut plan = plan();
    let text = Some(Pattern::parse("(?i)code").unwrap());
    plan.rules = vec![
        Rule { tag: Some("news".into()), ..Rule::to(RouteId(1)) },
        Rule { text, ..Rule::to(RouteId(8)) },
        Rule::to(RouteId(1)),
    ];
    let world = World::of(plan);
    let routed = async |changes: Value| {
        let mut body = changed(&changes);
        body.as_object_mut().unwrap().remove("route_id");
        world.send(body).await.json()["route_id"].clone()
    };
    assert_eq!(routed(json!({})).await, 8);
    assert_eq!(routed(json!({ "tag": "news" })).await, 1);
    assert_eq!(routed(json!({ "tag": "other", "text": "hello" })).await, 1);
    let own = json!([{ "to": "+31612345678" }, { "to": "+31622345678", "text": "hello" }]);
    assert_eq!(routed(json!({ "to": own })).await, 1, "one of them is told something else");
    let answer = world.send(changed(&json!({ "tag": 7 }))).await;
    assert_eq!((answer.problem().0, answer.problem().3), (422, vec!["/tag".to_owned()]));
    let answer = world.send(changed(&json!({ "tag": "x".repeat(65) }))).await;
    assert_eq!((answer.problem().0, answer.problem().3), (422, vec!["/tag".to_owned()]));
}

#[expect(clippy::disallowed_methods, reason = "what is asked of the daemon goes by the clock on the wall")]
#[tokio::test]
async fn a_rule_may_go_by_the_hours_in_which_a_message_is_to_go() {
    let mut plan = plan();
    let hours = Some(Hours::parse("22:00-08:00").unwrap());
    plan.rules = vec![Rule { hours, ..Rule::to(RouteId(1)) }];
    plan.routes.get_mut(&RouteId(8)).unwrap().price = None;
    let world = World::of(plan);
    // Tomorrow, at a time of the day that is night in the Netherlands and day in India.
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64 / 86_400_000;
    let tomorrow = |hour: u64| Time((today + 1) * 86_400_000 + hour * 3_600_000).to_string();
    let routed = async |to: &str, hour: u64| {
        let body = changed(&json!({ "route_id": null, "to": to, "send_at": tomorrow(hour) }));
        world.send(body).await.json()["route_id"].clone()
    };
    assert_eq!((routed("+31612345678", 4).await, routed("+919876543210", 4).await), (json!(1), json!(8)));
    assert_eq!((routed("+31612345678", 18).await, routed("+919876543210", 18).await), (json!(8), json!(1)));
}

#[tokio::test]
async fn a_destination_with_a_sender_of_its_own_gets_that_one() {
    let mut plan = plan();
    let american = Source::International("18005550100".into());
    let senders = &mut plan.routes.get_mut(&RouteId(1)).unwrap().senders_by_country;
    senders.countries.insert("US".into(), american.clone());
    let world = World::of(plan);
    let to = json!(["+12025550143", "+31612345678"]);
    let answer = world.send(changed(&json!({ "route_id": 1, "to": to.clone() }))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let submission = world.last();
    assert_eq!(submission.source, Source::Alphanumeric("YOURAPP".into()));
    let own: Vec<Option<Source>> = submission.recipients.iter().map(|it| it.source.clone()).collect();
    assert_eq!(own, [Some(american.clone()), None]);
    // Whoever has no sender at all reaches those that have one of their own, and nobody else.
    let body = changed(&json!({ "route_id": 1, "to": to, "from": null })).to_string();
    let request = Request::post("/v1/messages").header("x-api-key", "key-of-dutch").body(Body::from(body));
    let answer = world.ask(request.unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["rejected"][0]["pointer"]),
        (202, &json!("/from")),
        "{}",
        answer.text
    );
    assert_eq!(answer.json()["rejected"][0]["code"], "missing_sender");
    assert_eq!((world.last().source.clone(), world.last().recipients.len()), (Source::Unset, 1));
}

#[tokio::test]
async fn an_estimate_shows_the_carriers_of_the_first_destination_in_their_order() {
    let mut plan = plan();
    let cost = |amount: i64| {
        let currency = Currency::parse("EUR").unwrap();
        let cost = PriceTable {
            default: Some(Money(amount)),
            countries: BTreeMap::new(),
            prefixes: BTreeMap::new(),
            currency,
        };
        Arc::new(Dialect { cost: Some(cost), ..Dialect::default() })
    };
    for (id, name, amount) in [(1, "acme", 30), (2, "beta", 20), (3, "corp", 10), (4, "gone", 1)] {
        let carrier = Carrier { dialect: cost(amount), retired: name == "gone", ..Carrier::new(CarrierId(id), name) };
        plan.carriers.insert(carrier.id, carrier);
    }
    let route = plan.routes.get_mut(&RouteId(8)).unwrap();
    (route.carriers, route.weights) = (vec![CarrierId(2), CarrierId(1)], vec![70.0, 30.0]);
    let belgian: Box<[CarrierId]> = [1, 4, 3].map(CarrierId).into();
    route.carriers_by_country.countries.insert("BE".into(), belgian);
    plan.routes.get_mut(&RouteId(1)).unwrap().carriers = [1, 2, 3].map(CarrierId).into();
    plan.routes.get_mut(&RouteId(1)).unwrap().order = CarrierOrder::Cheapest;
    let world = World::of(plan);
    let carriers = async |route: u32, to: Value| {
        let body = changed(&json!({ "route_id": route, "to": to }));
        world.post("/v1/estimate", body.to_string()).await.json()["carriers"].clone()
    };
    assert_eq!(carriers(8, json!("+31612345678")).await, json!(["beta", "acme"]));
    assert_eq!(carriers(1, json!(["+31612345678", "+32470123456"])).await, json!(["corp", "beta", "acme"]));
}

#[tokio::test]
async fn an_account_sees_by_what_a_route_carries_and_not_who() {
    let mut plan = plan();
    let route = plan.routes.get_mut(&RouteId(8)).unwrap();
    route.senders = vec!["YOURAPP".into()];
    let senders = &mut route.senders_by_country;
    senders.countries.insert("US".into(), Source::International("18005550100".into()));
    senders.prefixes = PrefixTable::new([("1416", Source::Short("12345".into()))]).unwrap();
    route.receipt_window = Some(Duration::from_secs(30));
    let world = World::of(plan);
    assert_eq!(
        world.get("/v1/routes/8").await.json(),
        json!({
            "id": 8, "name": "otp", "class": "otp", "default": true, "priced": true, "currency": "EUR", "validity_seconds": 600,
            "senders": ["YOURAPP"], "senders_by_country": { "+1416": "12345", "US": "+18005550100" },
            "receipt_window_seconds": 30, "max_wait_seconds": 5, "receipt_timeout_seconds": 86_400, "strict_order": false,
            "countries": { "NL": "0.087" }, "price": null
        })
    );
    let short = world.get("/v1/routes").await.json()["data"][0].clone();
    assert_eq!((short["id"].clone(), short.get("countries")), (json!(8), None));
}
