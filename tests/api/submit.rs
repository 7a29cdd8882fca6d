//! `POST /v1/messages` and `POST /v1/estimate`.

use super::world::{KEY, World, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::{Cancelled, Denial};
use nuncio::message::class::Class;
use nuncio::message::id::RouteId;
use nuncio::message::source::Source;
use nuncio::number::e164::E164;
use nuncio::route::rule::Rule;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn hello() -> Value {
    json!({ "to": "+31612345678", "from": "YOURAPP", "text": "Your verification code is 4839", "route_id": 8 })
}

/// The right request, with some fields set and those that are null removed.
pub(crate) fn changed(changes: &Value) -> Value {
    let mut body = hello();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() { drop(body.as_object_mut().unwrap().remove(name)) } else { body[name] = value.clone() }
    }
    body
}

#[tokio::test]
async fn a_message_is_accepted_with_everything_that_the_contract_names() {
    let world = World::new();
    let body = changed(
        &json!({ "class": "otp", "client_ref": "login-77", "validity": "10m", "encoding": "auto", "callback_url": "" }),
    );
    let mut body = body;
    body["callback_url"] = Value::Null;
    let answer = world.send(body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let got = answer.json();
    let id = got["messages"][0]["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "order_id": world.order(25_303), "route_id": 8, "count": 1, "initial_state": "QUEUED", "cost": "0.087", "currency": "EUR", "balance_after": null,
        "messages": [ { "id": id, "to": "+31612345678", "client_ref": "login-77", "status": "QUEUED", "encoding": "gsm7", "parts": 1, "cost": "0.087" } ]
    });
    assert_eq!(got, expected);
    assert_eq!(answer.header("location"), format!("/v1/messages/{id}"));
    assert_eq!(answer.header("content-type"), "application/json");
    let submission = world.last();
    assert_eq!(
        (submission.route, submission.class, submission.validity),
        (RouteId(8), Class::Otp, Duration::from_secs(600))
    );
    assert_eq!(submission.source, Source::Alphanumeric("YOURAPP".into()));
    assert_eq!(submission.recipients[0].destination, E164(31_612_345_678));
    assert_eq!(world.wakes.load(Ordering::Relaxed), 1, "the loop's thread is woken");
    assert_eq!(*world.answers.lock().unwrap(), [("POST /v1/messages", 202)]);
}

#[tokio::test]
async fn what_may_be_left_away_has_a_default() {
    let world = World::new();
    let answer = world.send(json!({ "to": "+31612345678", "text": "hi" })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["route_id"]), (202, &json!(8)), "the first granted route");
    assert_eq!(world.last().source, Source::Alphanumeric("YOURAPP".into()), "the only granted sender");
    let answer = world.send(json!({ "to": "+4915112345678", "text": "hi", "route_id": 1 })).await;
    let got = answer.json();
    assert_eq!(
        (&got["cost"], &got["messages"][0]["cost"], &got["currency"]),
        (&Value::Null, &Value::Null, &json!("EUR")),
        "unpriced"
    );
}

#[tokio::test]
async fn each_refusal_has_its_status_slug_stage_and_pointer_and_nothing_is_stored() {
    let world = World::new();
    let long = "x".repeat(153 * 10 + 1);
    let fixed: Vec<(Value, u16, &str, &str, &str)> = vec![
        (json!({ "to": null }), 422, "invalid-request", "validation", "/to"),
        (json!({ "to": [] }), 422, "invalid-request", "validation", "/to"),
        (json!({ "to": 31 }), 422, "invalid-request", "validation", "/to"),
        (json!({ "to": "0612345678" }), 422, "invalid-request", "validation", "/to"),
        (json!({ "to": "+31" }), 422, "invalid-request", "validation", "/to"),
        (json!({ "to": "+88212345678" }), 403, "destination-denied", "authorization", "/to"),
        (json!({ "to": "+4915112345678" }), 422, "no-price", "pricing", "/to"),
        (json!({ "from": "TWELVELETTER" }), 422, "invalid-request", "validation", "/from"),
        (json!({ "from": "12" }), 422, "invalid-request", "validation", "/from"),
        (json!({ "from": "OTHER" }), 403, "sender-not-granted", "authorization", "/from"),
        (json!({ "text": null }), 422, "invalid-request", "validation", "/text"),
        (json!({ "text": "" }), 422, "invalid-request", "validation", "/text"),
        (json!({ "text": long }), 422, "invalid-request", "validation", "/text"),
        (json!({ "text": "日本", "encoding": "gsm7" }), 422, "invalid-request", "validation", "/text"),
        (json!({ "route_id": 99 }), 422, "invalid-request", "validation", "/route_id"),
        (json!({ "route_id": "8" }), 422, "invalid-request", "validation", "/route_id"),
        (json!({ "route_id": 5 }), 403, "route-not-granted", "authorization", "/route_id"),
        (json!({ "class": "marketing" }), 403, "class-mismatch", "authorization", "/class"),
        (json!({ "class": "spam" }), 422, "invalid-request", "validation", "/class"),
        (json!({ "validity": "10 minutes" }), 422, "invalid-request", "validation", "/validity"),
        (json!({ "validity": "8d" }), 422, "invalid-request", "validation", "/validity"),
        (json!({ "validity": "0s" }), 422, "invalid-request", "validation", "/validity"),
        (json!({ "encoding": "utf8" }), 422, "invalid-request", "validation", "/encoding"),
        (json!({ "client_ref": "r".repeat(256) }), 422, "invalid-request", "validation", "/client_ref"),
        (json!({ "txt": "x" }), 422, "invalid-request", "validation", "/txt"),
    ];
    for (changes, status, slug, stage, pointer) in fixed {
        let answer = world.send(changed(&changes)).await;
        let expected = (status, slug.to_owned(), stage.to_owned(), vec![pointer.to_owned()]);
        assert_eq!(answer.problem(), expected, "{changes}: {}", answer.text);
        assert_eq!(answer.json()["instance"], "/v1/messages");
    }
    assert_eq!(world.stored(), 0);
    assert!(world.refusals.lock().unwrap().contains(&("pricing", 422)));
}

#[tokio::test]
async fn a_callback_is_at_an_address_that_may_be_called() {
    let world = World::new();
    let long = format!("https://shop.example/{}", "x".repeat(2_000));
    for bad in [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://u:p@shop.example/",
        "http://shop.example:22/",
        "https://a/\n",
        &long,
    ] {
        let answer = world.send(changed(&json!({ "callback_url": bad }))).await;
        assert_eq!(answer.problem().3, ["/callback_url"], "{bad}");
    }
    let answer = world.send(changed(&json!({ "callback_url": 7 }))).await;
    assert_eq!(answer.problem().3, ["/callback_url"]);
    assert_eq!(world.stored(), 0);
}

#[tokio::test]
async fn a_query_beside_json_is_not_passed_over() {
    let world = World::new();
    let asked = |query: &str| {
        let body = json!({ "to": "+31612345678", "text": "hi" }).to_string();
        let request = Request::post(format!("/v1/messages{query}")).header("x-api-key", KEY);
        request.header("content-type", "application/json").body(Body::from(body)).unwrap()
    };
    let answer = world.ask(asked("?route_id=8&flash=true")).await;
    assert_eq!((answer.status.as_u16(), answer.problem().3), (422, vec!["/route_id".to_owned()]), "{}", answer.text);
    assert_eq!(world.stored(), 0);
    assert_eq!(world.ask(asked("?")).await.status, 202);
}

#[tokio::test]
async fn misspelt_fields_are_answered_with_the_nearest() {
    let world = World::new();
    let answer = world.send(changed(&json!({ "client_reff": "x" }))).await;
    assert!(answer.json()["detail"].as_str().unwrap().contains("did you mean client_ref?"), "{}", answer.text);
    for (body, status) in
        [("{\"to\":", 400), ("", 400), ("hello", 400), ("[1]", 422), ("{\"to\":\"+1\",\"to\":\"+1\"}", 422)]
    {
        let answer = world.post("/v1/messages", body).await;
        assert_eq!((answer.problem().0, answer.problem().3), (status, vec![String::new()]), "{body}");
    }
}

#[tokio::test]
async fn a_region_lets_national_numbers_in() {
    let world = World::new();
    let body = json!({ "to": "0612345678", "from": "+31600000000", "text": "hi" }).to_string();
    let request = Request::post("/v1/messages").header("x-api-key", "key-of-dutch").body(Body::from(body)).unwrap();
    let answer = world.ask(request).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["messages"][0]["to"]), (202, &json!("+31612345678")));
    let request = Request::post("/v1/messages").header("x-api-key", "key-of-dutch");
    let answer = world.ask(request.body(Body::from(r#"{"to":"0612345678","text":"hi"}"#)).unwrap()).await;
    assert_eq!(answer.problem().3, ["/from"], "any sender is granted, so none is the default");
}

#[tokio::test]
async fn bulk_takes_the_good_and_names_the_bad() {
    let world = World::new();
    let to = json!([
        "+31612345678",
        { "to": "+31612345679", "client_ref": "b", "text": "for you" },
        "0612345678",
        { "to": "+88212345678" },
        { "to": "+31612345670", "text": "" },
        { "to": "+4915112345678", "client_ref": "f" },
    ]);
    let answer = world.send(changed(&json!({ "to": to, "client_ref": "all" }))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let got = answer.json();
    assert_eq!((&got["count"], &got["cost"]), (&json!(2), &json!("0.174")));
    assert_eq!(answer.header("location"), format!("/v1/orders/{}", world.order(25_303)));
    let refs: Vec<&Value> = got["messages"].as_array().unwrap().iter().map(|it| &it["client_ref"]).collect();
    assert_eq!(refs, ["all", "b"]);
    assert_eq!(&*world.last().recipients[1].text, "for you");
    let rejected = got["rejected"].as_array().unwrap();
    let shown: Vec<[&str; 3]> =
        rejected.iter().map(|it| ["to", "pointer", "code"].map(|name| it[name].as_str().unwrap())).collect();
    let expected = [
        ["0612345678", "/to/2", "invalid_number"],
        ["+88212345678", "/to/3/to", "destination_denied"],
        ["+31612345670", "/to/4/text", "empty_text"],
        ["+4915112345678", "/to/5/to", "no_price"],
    ];
    assert_eq!(shown, expected);
    assert!(rejected.iter().all(|it| !it["detail"].as_str().unwrap().is_empty()));
}

#[tokio::test]
async fn bulk_of_none_but_bad_is_refused() {
    let world = World::new();
    let answer = world.send(changed(&json!({ "to": ["0612345678", "+88212345678"] }))).await;
    let (status, slug, _, pointers) = answer.problem();
    assert_eq!(
        (status, slug.as_str(), pointers),
        (422, "invalid-request", vec!["/to/0".to_owned(), "/to/1".to_owned()])
    );
    let answer = world.send(changed(&json!({ "to": ["+88212345678", "+88212345679"] }))).await;
    assert_eq!(answer.problem().0, 422);
    assert_eq!(world.stored(), 0);
}

#[tokio::test]
async fn ten_thousand_recipients_are_taken_and_not_one_more() {
    let world = World::new();
    let list = |count: u64| (0..count).map(|it| format!("+{}", 31_600_000_000 + it)).collect::<Vec<_>>();
    let answer = world.send(changed(&json!({ "to": list(10_000), "text": "hi" }))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["count"]), (202, &json!(10_000)));
    let answer = world.send(changed(&json!({ "to": list(10_001), "text": "hi" }))).await;
    assert_eq!(answer.problem().3, ["/to"]);
    assert!(answer.text.contains("10000"));
}

#[tokio::test]
async fn several_parts_cost_several_times() {
    let world = World::new();
    let got = world.send(changed(&json!({ "text": "x".repeat(161) }))).await.json();
    assert_eq!((&got["messages"][0]["parts"], &got["cost"]), (&json!(2), &json!("0.174")));
    let got = world.send(changed(&json!({ "text": "日本" }))).await.json();
    assert_eq!(got["messages"][0]["encoding"], "ucs2");
}

#[tokio::test]
async fn the_first_rule_that_fits_the_whole_request_chooses_the_route() {
    let mut plan = plan();
    let rule = |prefix: &str, route| Rule { prefixes: vec![prefix.into()], ..Rule::to(RouteId(route)) };
    plan.rules = vec![rule("3161", 5), rule("3161", 1), rule("31", 8)];
    let world = World::of(plan);
    let routed =
        async |to: Value| world.send(changed(&json!({ "to": to, "route_id": null }))).await.json()["route_id"].clone();
    assert_eq!(routed(json!("+31612345678")).await, 1, "a route that is not granted is passed over");
    assert_eq!(routed(json!(["+31612345678", "+31622345678"])).await, 8, "the rule must fit both");
    assert_eq!(routed(json!(["+31622345678"])).await, 8);
}

#[tokio::test]
async fn the_loops_refusals_have_their_codes() {
    let world = World::new();
    for (reply, status, slug, retry_after) in [
        (Err(Denial::QueueFull(Duration::from_millis(1_500))), 503, "queue-full", "2"),
        (Err(Denial::Draining), 503, "draining", "1"),
        (Err(Denial::KeyReused), 422, "idempotency-key-reused", ""),
        (Ok(Cancelled.into()), 500, "internal", ""),
    ] {
        *world.instead.lock().unwrap() = Some(reply);
        let answer = world.send(hello()).await;
        assert_eq!(
            (answer.problem().0, answer.problem().1.as_str(), answer.header("retry-after")),
            (status, slug, retry_after)
        );
        assert_eq!(answer.json()["retryable"], status == 503);
    }
}

#[tokio::test]
async fn a_full_lane_and_a_daemon_that_cannot_keep_are_503() {
    let world = World::stuck(plan(), 1);
    let first = tokio::spawn(world.application.clone_ask(hello()));
    while world.wakes.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let answer = world.send(hello()).await;
    assert_eq!((answer.problem().1.as_str(), answer.header("retry-after")), ("queue-full", "1"));
    for (flag, slug) in [
        (&world.health.disk_low, "disk-low"),
        (&world.health.draining, "draining"),
        (&world.health.poisoned, "store-failed"),
    ] {
        flag.store(true, Ordering::Relaxed);
        let answer = world.send(hello()).await;
        assert_eq!((answer.problem().0, answer.problem().1.as_str()), (503, slug));
        assert_eq!(answer.problem().2, "queue");
        assert_ne!(answer.header("retry-after"), "");
    }
    first.abort();
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_never_answers_leaves_the_outcome_open() {
    let world = World::stuck(plan(), 8);
    let answer = world.send(hello()).await;
    assert_eq!(answer.problem().1, "no-answer");
    assert!(answer.text.contains("Idempotency-Key"));
}

#[tokio::test]
async fn an_estimate_stores_nothing_and_says_what_it_would_cost() {
    let world = World::new();
    let answer = world.post("/v1/estimate", changed(&json!({ "text": "x".repeat(161) })).to_string()).await;
    let expected = json!({
        "route_id": 8, "class": "otp", "carriers": ["acme"], "count": 1, "encoding": "gsm7", "parts": 2, "cost": "0.174", "currency": "EUR",
        "sufficient_balance": true,
        "messages": [ { "to": "+31612345678", "client_ref": null, "encoding": "gsm7", "parts": 2, "cost": "0.174" } ]
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    let answer = world.post("/v1/estimate", changed(&json!({ "to": "1" })).to_string()).await;
    assert_eq!((answer.problem().0, answer.json()["instance"].as_str()), (422, Some("/v1/estimate")));
    assert_eq!(world.stored(), 0);
}

/// Asks without borrowing the world, for a request that waits.
trait CloneAsk {
    fn clone_ask(&self, body: Value) -> impl Future<Output = ()> + Send + 'static;
}

impl CloneAsk for nuncio::api::router::Api {
    fn clone_ask(&self, body: Value) -> impl Future<Output = ()> + Send + 'static {
        let request = Request::post("/v1/messages").header("host", "x").header("x-api-key", super::world::KEY);
        let request = request.body(Body::from(body.to_string()));
        let answer = self.clone().answer(request.unwrap());
        async move { drop(answer.await) }
    }
}
