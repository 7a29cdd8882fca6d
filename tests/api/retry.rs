//! What did not arrive of an order, sent again.

use super::read::{deliver, fail, send};
use super::world::{Answer, KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::message::class::Class;
use nuncio::message::id::RouteId;
use nuncio::message::phase::{End, Move};
use nuncio::message::source::Source;
use nuncio::number::e164::E164;
use nuncio::record::entry::Entry;
use nuncio::route::opt_out::{Key, List, OptOut};
use serde_json::{Value, json};
use std::time::Duration;

/// Three messages, each with a text of its own: one delivered, two failed.
async fn world() -> (World, Value) {
    let world = World::new();
    let to = |number: &str, text: &str| json!({ "to": number, "text": text, "client_ref": format!("ref {text}") });
    let to = json!([to("+31612345671", "one"), to("+31612345672", "two"), to("+31612345673", "three")]);
    let order = send(&world, to).await["order_id"].clone();
    world.change(0, fail);
    world.change(1, deliver);
    world.change(2, fail);
    (world, order)
}

async fn retry(world: &World, order: &Value, body: &str, key: Option<&str>) -> Answer {
    let mut request = Request::post(format!("/v1/orders/{order}/retry")).header("x-api-key", KEY);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    world.ask(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn end_with(end: End) -> impl FnOnce(&mut Entry) {
    move |entry| _ = entry.parts[0].step(Move::End(end)).unwrap()
}

#[tokio::test]
async fn what_failed_is_a_new_order_with_its_texts_and_references() {
    let (world, order) = world().await;
    let answer = retry(&world, &order, "", None).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let told = answer.json();
    assert_eq!((&told["retry_of"], &told["count"], &told["cost"]), (&order, &json!(2), &json!("0.174")));
    assert_ne!(told["order_id"], order);
    assert_eq!(answer.header("location"), format!("/v1/orders/{}", told["order_id"]));
    let again = world.last();
    let said: Vec<(String, &str, Option<&str>)> =
        again.recipients.iter().map(|it| (it.destination.to_string(), &*it.text, it.client_ref.as_deref())).collect();
    let expected = [("+31612345671", "one", Some("ref one")), ("+31612345673", "three", Some("ref three"))];
    assert_eq!(said, expected.map(|it| (it.0.to_owned(), it.1, it.2)));
    assert_eq!((again.route.0, again.validity), (8, Duration::from_secs(600)));
    assert_eq!(again.source, Source::parse("YOURAPP").unwrap());
}

#[tokio::test]
async fn one_message_is_an_order_too() {
    let world = World::new();
    let order = send(&world, json!("+31612345671")).await["order_id"].clone();
    world.change(0, fail);
    let answer = retry(&world, &order, "{}", None).await;
    assert_eq!(answer.header("location"), format!("/v1/orders/{}", answer.json()["order_id"]));
    assert_eq!((&answer.json()["retry_of"], &answer.json()["count"]), (&order, &json!(1)));
}

#[tokio::test]
async fn only_what_ended_so_as_the_request_says_is_sent_again() {
    let world = World::new();
    let numbers: Vec<String> = (0..5).map(|it| format!("+3161234567{it}")).collect();
    let order = send(&world, json!(numbers)).await["order_id"].clone();
    world.change(0, fail);
    world.change(1, end_with(End::Expired));
    world.change(2, end_with(End::Unknown));
    world.change(3, end_with(End::Cancelled));
    for (body, places) in [
        ("", &[0, 1][..]),
        (r#"{"statuses":null}"#, &[0, 1]),
        (r#"{"statuses":["UNKNOWN"]}"#, &[2]),
        (r#"{"statuses":["CANCELLED","FAILED","FAILED"]}"#, &[0, 3]),
        (r#"{"statuses":["FAILED","EXPIRED","UNKNOWN","CANCELLED"]}"#, &[0, 1, 2, 3]),
    ] {
        assert_eq!(retry(&world, &order, body, None).await.status, 202, "{body}");
        let sent: Vec<String> = world.last().recipients.iter().map(|it| it.destination.to_string()).collect();
        assert_eq!(sent, places.iter().map(|it: &usize| numbers[*it].clone()).collect::<Vec<_>>(), "{body}");
    }
    for (body, code, pointer) in [
        (r#"{"statuses":["SENT"]}"#, 422, "/statuses/0"),
        (r#"{"statuses":["FAILED","DELIVERED"]}"#, 422, "/statuses/1"),
        (r#"{"statuses":["failed"]}"#, 422, "/statuses/0"),
        (r#"{"statuses":[]}"#, 422, "/statuses"),
        (r#"{"statuses":"FAILED"}"#, 422, ""),
        (r#"[["UNKNOWN"]]"#, 422, ""),
        (r#"{"status":["FAILED"]}"#, 422, ""),
        (r#"{"statuses":"#, 400, ""),
    ] {
        let refused = retry(&world, &order, body, None).await.problem();
        assert_eq!((refused.0, refused.3), (code, vec![pointer.to_owned()]), "{body}");
    }
    assert_eq!(world.stored(), 6);
}

#[tokio::test]
async fn where_nothing_is_left_or_no_text_is_kept_nothing_is_stored() {
    let (world, order) = world().await;
    let none = retry(&world, &order, r#"{"statuses":["EXPIRED"]}"#, None).await.problem();
    assert_eq!((none.0, none.1.as_str()), (409, "nothing-to-retry"));
    world.erase(0);
    let mixed = retry(&world, &order, "", None).await.json();
    let message = world.get(&format!("/v1/orders/{order}/messages?limit=1")).await.json()["data"][0]["id"].clone();
    let pointer = format!("/messages/{}", message.as_str().unwrap());
    let detail = "has no text any more: it was erased when the message ended";
    let rejected = json!([{ "to": "+31612345671", "pointer": pointer, "code": "text_erased", "detail": detail }]);
    assert_eq!((&mixed["count"], &mixed["rejected"]), (&json!(1), &rejected));
    world.erase(2);
    let stored = world.stored();
    let refused = retry(&world, &order, "", None).await.problem();
    assert_eq!((refused.0, refused.1.as_str(), refused.3.len()), (422, "text-erased", 2));
    assert_eq!(world.stored(), stored);
    for other in [json!(1), json!("x")] {
        assert_eq!(retry(&world, &other, "", None).await.problem().0, 404);
    }
}

#[tokio::test]
async fn a_repeat_has_the_first_answer_even_where_nothing_could_be_sent_any_more() {
    let (world, order) = world().await;
    let first = retry(&world, &order, "", Some("k")).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let again = retry(&world, &order, r#"{"statuses":["EXPIRED","FAILED"]}"#, Some("k")).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (202, first.text.as_str()));
    assert_eq!((again.header("idempotent-replayed"), again.header("location")), ("true", first.header("location")));
    let other = retry(&world, &order, r#"{"statuses":["FAILED"]}"#, Some("k")).await.problem();
    assert_eq!((other.0, other.1.as_str()), (422, "idempotency-key-reused"));
    [0, 2].into_iter().for_each(|it| world.erase(it));
    assert_eq!(retry(&world, &order, "", Some("k")).await.text, first.text);
    assert_eq!(
        retry(&world, &order, r#"{"statuses":["FAILED"]}"#, Some("k")).await.problem().1,
        "idempotency-key-reused"
    );
    assert_eq!(retry(&world, &order, "", None).await.problem().1, "text-erased");
    assert_eq!(world.stored(), 2);
}

#[tokio::test]
async fn what_is_asked_beyond_a_text_is_asked_again() {
    let world = World::new();
    let wishes = json!({
        "to": ["+31612345671", "+31612345672"], "data": "AAEC", "destination_port": 2948, "validity": "90s", "tlvs": { "0x1400": "31" }
    });
    let order = world.send(wishes).await.json()["order_id"].clone();
    let first = world.last();
    world.change(0, fail);
    let answer = retry(&world, &order, "", None).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let again = world.last();
    assert_eq!(again.recipients[0], first.recipients[0]);
    assert_eq!((again.validity, again.class, again.source), (first.validity, first.class, first.source));
}

#[tokio::test]
async fn what_an_account_may_not_do_any_more_it_may_not_do_again() {
    let (world, order) = world().await;
    let changed = |change: &dyn Fn(&mut nuncio::dispatch::door::plan::Account)| {
        let mut plan = super::world::plan();
        change(plan.accounts.get_mut(&nuncio::message::id::AccountId(1)).unwrap());
        world.plan.send_replace(std::sync::Arc::new(plan));
    };
    changed(&|it| it.routes.clear());
    assert_eq!(retry(&world, &order, "", None).await.problem().1, "route-not-granted");
    changed(&|it| it.senders = vec!["OTHER".into()]);
    assert_eq!(retry(&world, &order, "", None).await.problem().1, "sender-not-granted");
    changed(&|it| it.destinations.deny.push("316".into()));
    assert_eq!(retry(&world, &order, "", None).await.problem().1, "invalid-request");
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn it_is_priced_and_judged_as_if_it_were_asked_for_now() {
    let (world, order) = world().await;
    let mut plan = super::world::plan();
    plan.routes.insert(RouteId(8), super::world::route(8, Class::Otp, Some("0.1")));
    world.plan.send_replace(std::sync::Arc::new(plan.clone()));
    let dearer = retry(&world, &order, "", None).await.json();
    assert_eq!((&dearer["cost"], &dearer["messages"][0]["cost"]), (&json!("0.200"), &json!("0.100")));
    let mut list = List::default();
    list.put(&Key { account: None, sender: None, number: E164(31_612_345_671) });
    plan.opt_out = OptOut { listed: std::sync::Arc::new(list), all: true, ..plan.opt_out };
    world.plan.send_replace(std::sync::Arc::new(plan));
    let told = retry(&world, &order, "", None).await.json();
    assert_eq!((&told["count"], &told["rejected"][0]["code"]), (&json!(1), &json!("suppressed")), "{told}");
    assert_eq!(told["rejected"][0]["to"], "+31612345671");
}
