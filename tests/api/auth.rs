//! Who may call.

use super::world::{KEY, World, account, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::api::handler::auth::ClientAddress;
use nuncio::dispatch::door::plan::Scopes;
use std::sync::Arc;

#[tokio::test]
async fn who_has_no_key_learns_nothing() {
    let world = World::new();
    for (name, value) in
        [("x-other", "1"), ("x-api-key", "wrong"), ("authorization", "Basic abc"), ("x-api-key", "key-of-asleep")]
    {
        for path in ["/v1/messages", "/v1/orders/1", "/v1/routes"] {
            let answer = world.ask(Request::get(path).header(name, value).body(Body::empty()).unwrap()).await;
            let problem = answer.problem();
            assert_eq!(
                (problem.0, problem.1.as_str(), problem.2.as_str()),
                (401, "unauthorized", "auth"),
                "{name}: {value}"
            );
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
}

#[tokio::test]
async fn scopes_and_networks_are_kept() {
    let world = World::new();
    let ask = async |method: &str, key: &str, from: [u8; 4]| {
        let request = Request::builder().method(method).uri("/v1/messages").header("x-api-key", key);
        let body = Body::from(r#"{"to":"+31612345678","text":"hi"}"#);
        let answer = world.ask(request.extension(ClientAddress(from.into())).body(body).unwrap()).await;
        (answer.status.as_u16(), answer.json()["type"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(ask("POST", "key-of-reader", [1; 4]).await, (403, "/problems/scope-missing".to_owned()));
    assert_eq!(ask("GET", "key-of-reader", [1; 4]).await.0, 200);
    assert_eq!(ask("POST", "key-of-lan", [11, 0, 0, 1]).await, (403, "/problems/network-refused".to_owned()));
    assert_eq!(ask("POST", "key-of-lan", [10, 0, 0, 1]).await.0, 202);
    assert_eq!(ask("GET", "key-of-lan", [10, 0, 0, 1]).await, (403, "/problems/scope-missing".to_owned()));
    let refusals = world.refusals.lock().unwrap();
    assert_eq!(refusals.iter().filter(|it| it.1 == 403).count(), 2, "what asks to send is counted: {refusals:?}");
}

#[tokio::test]
async fn a_reload_changes_the_keys_and_two_may_live() {
    let world = World::new();
    let ask = async |key: &str| {
        world.ask(Request::get("/v1/routes").header("x-api-key", key).body(Body::empty()).unwrap()).await
    };
    assert_eq!((ask(KEY).await.status.as_u16(), ask("next").await.status.as_u16()), (200, 401));
    let mut rotated = plan();
    let next = account(1, "shop", "next").keys[0];
    rotated.accounts.values_mut().next().unwrap().keys.push(next);
    world.plan.send_replace(Arc::new(rotated.clone()));
    assert_eq!((ask(KEY).await.status.as_u16(), ask("next").await.status.as_u16()), (200, 200));
    rotated.accounts.values_mut().next().unwrap().keys.remove(0);
    world.plan.send_replace(Arc::new(rotated));
    assert_eq!((ask(KEY).await.status.as_u16(), ask("next").await.status.as_u16()), (401, 200));
}

#[tokio::test]
async fn who_may_only_verify_tells_outcomes_and_does_nothing_else() {
    let mut plan = plan();
    for (id, name, verify) in [(6, "checker", true), (7, "stranger", false)] {
        let mut it = account(id, name, name);
        it.scopes = Scopes { verify, read: !verify, ..Scopes::default() };
        plan.accounts.insert(it.id, it);
    }
    let world = World::of(plan);
    let ask = async |key: &str, path: &str, body: &'static str| {
        let request = Request::post(path).header("x-api-key", key).body(Body::from(body)).unwrap();
        let answer = world.ask(request).await;
        if answer.status.is_success() { String::new() } else { answer.problem().1 }
    };
    let told = "/v1/messages/895611ac-9894-8319-8aaa-0123456789ab/outcome";
    assert_eq!(ask("checker", told, r#"{"verified":true}"#).await, "");
    assert_eq!(ask("stranger", told, r#"{"verified":true}"#).await, "scope-missing");
    let message = r#"{"to":"+31612345678","text":"hi"}"#;
    assert_eq!(ask("checker", "/v1/messages", message).await, "scope-missing");
}
