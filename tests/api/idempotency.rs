//! The same request twice, under one key.

use super::world::{Answer, KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::Denial;
use serde_json::json;

async fn send(world: &World, key: &str, body: &str) -> Answer {
    let request = Request::post("/v1/messages").header("x-api-key", KEY).header("idempotency-key", key);
    world.ask(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn the_first_answer_comes_again() {
    let world = World::new();
    let one = r#"{"to":"+31612345678","text":"hi","client_ref":"a"}"#;
    let many = r#"{"to":["+31612345678",{"to":"+31612345679","text":"日本","client_ref":"b"},"06"],"text":"hi"}"#;
    for (key, body) in [("k1", one), ("k2", many)] {
        let first = send(&world, key, body).await;
        let again = send(&world, key, body).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
        assert_eq!(first.text, again.text);
        assert_eq!(first.header("location"), again.header("location"));
    }
    assert_eq!(world.stored(), 2);
    assert_eq!(send(&world, "\"k1\"", one).await.status, 202, "in quotes, as the draft writes it");
    assert_eq!(world.stored(), 2);
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let world = World::new();
    send(&world, "k", r#"{"to":"+31612345678","text":"hi"}"#).await;
    let answer = send(&world, "k", r#"{"to":"+31612345678","text":"ho"}"#).await;
    assert_eq!((answer.problem().0, answer.problem().1.as_str()), (422, "idempotency-key-reused"));
    let hash = world.last().idempotency.unwrap().hash;
    send(&world, "other", r#"{"to":"+31612345678","text":"hi"}"#).await;
    assert_eq!(world.last().idempotency.unwrap().hash, hash, "the hash is of the request and not of its key");
}

#[tokio::test]
async fn a_repeat_tells_of_the_route_that_it_goes_by() {
    let world = World::new();
    let body = r#"{"to":["+31612345678","+31612345679"],"text":"hi"}"#;
    let first = send(&world, "k", body).await;
    let mut plan = super::world::plan();
    plan.accounts.get_mut(&nuncio::message::id::AccountId(1)).unwrap().routes.reverse();
    world.plan.send_replace(std::sync::Arc::new(plan));
    assert_eq!(send(&world, "other", body).await.json()["route_id"], 1, "another goes by another today");
    assert_eq!(send(&world, "k", body).await.text, first.text);
}

#[tokio::test]
async fn a_repeat_has_the_first_answer_where_it_would_be_refused_today() {
    let world = World::new();
    let body = r#"{"to":"+31612345678","text":"hi","client_ref":"a"}"#;
    let first = send(&world, "k", body).await;
    let mut plan = super::world::plan();
    plan.accounts.get_mut(&nuncio::message::id::AccountId(1)).unwrap().routes.clear();
    world.plan.send_replace(std::sync::Arc::new(plan));
    assert_eq!(send(&world, "other", body).await.problem().0, 403, "another is refused today");
    let again = send(&world, "k", body).await;
    assert_eq!((again.text.as_str(), again.header("idempotent-replayed")), (first.text.as_str(), "true"));
    let changed = send(&world, "k", r#"{"to":"+31612345678","text":"ho"}"#).await;
    assert_eq!(changed.problem().1, "idempotency-key-reused");
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn who_is_not_accepted_is_counted_once_others_are() {
    let world = World::new();
    let body = r#"{"to":["+31612345678","06"],"text":"hi"}"#;
    world.script.lock().unwrap().extend([Some(Err(Denial::QueueFull(std::time::Duration::from_secs(5))))]);
    assert_eq!(send(&world, "k", body).await.status, 503);
    assert_eq!(*world.refusals.lock().unwrap(), [("queue", 503)]);
    for _ in 0..2 {
        assert_eq!(send(&world, "k", body).await.status, 202);
    }
    assert_eq!(*world.refusals.lock().unwrap(), [("queue", 503), ("validation", 422)]);
}

#[tokio::test]
async fn a_key_has_a_length() {
    let world = World::new();
    let body = json!({ "to": "+31612345678", "text": "hi" }).to_string();
    for bad in ["", "\"\"", &"k".repeat(256)] {
        assert_eq!(send(&world, bad, &body).await.problem().0, 400, "{bad}");
    }
    assert_eq!(send(&world, &"k".repeat(255), &body).await.status, 202);
}
