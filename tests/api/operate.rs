//! What operators see and order over HTTP, with a stand-in for the loop.

use crate::api::world::{KEY, NOW, World, account, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::{Denial, Unfit};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const OPERATOR: &str = "key-of-operator";

/// The plan with an account `ops` that may only operate.
pub(super) fn world() -> World {
    let mut plan = plan();
    let mut ops = account(9, "ops", OPERATOR);
    ops.scopes = nuncio::dispatch::door::plan::Scopes { admin: true, ..Default::default() };
    plan.accounts.insert(ops.id, ops);
    World::of(plan)
}

async fn get(world: &World, path: &str) -> crate::api::world::Answer {
    world.operate(Request::get(path).header("x-api-key", OPERATOR).body(Body::empty()).unwrap()).await
}

async fn post(world: &World, path: &str, body: &Value) -> crate::api::world::Answer {
    let request = Request::post(path).header("x-api-key", OPERATOR).body(Body::from(body.to_string())).unwrap();
    world.operate(request).await
}

#[tokio::test]
async fn only_the_scope_admin_sees_or_orders_anything() {
    let world = world();
    let see = [
        "carriers",
        "links",
        "routes",
        "queues",
        "accounts",
        "config",
        "actions",
        "links/acme-1/trace",
        "messages?limit=1",
    ];
    for path in see.map(|it| format!("/admin/v1/{it}")) {
        let request = |key: &str| Request::get(&path).header("x-api-key", key).body(Body::empty()).unwrap();
        assert_eq!(world.operate(request(KEY)).await.problem().1, "scope-missing", "{path}");
        assert_eq!(world.operate(request("")).await.status, 401, "{path}");
        assert_eq!(world.operate(request(OPERATOR)).await.status, 200, "{path}");
        assert_eq!(world.ask(request(OPERATOR)).await.status, 404, "{path} is not for applications");
    }
    let order = [
        ("carriers/acme/pause", json!({ "for": "1m" })),
        ("carriers/acme/drain", json!({ "for": "1m" })),
        ("carriers/acme/resume", json!({})),
        ("carriers/acme/breaker", json!({ "state": "open", "for": "1m" })),
        ("routes/8/pause", json!({ "for": "1m" })),
        ("routes/8/resume", json!({})),
        ("links/acme-1/rebind", json!({})),
        ("links/acme-1/trace", json!({ "for": "1m" })),
    ];
    for (path, mut body) in order {
        let path = format!("/admin/v1/{path}");
        body["reason"] = "because".into();
        let request = Request::post(&path).header("x-api-key", KEY).body(Body::from(body.to_string())).unwrap();
        assert_eq!(world.operate(request).await.problem().1, "scope-missing", "{path}");
        assert_eq!(post(&world, &path, &body).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_order_is_answered_with_what_stands_and_listed_newest_first() {
    let world = world();
    let body = json!({ "reason": " too many errors ", "for": "10m" });
    let paused = post(&world, "/admin/v1/carriers/acme/pause", &body).await;
    let until = (NOW + Duration::from_secs(600)).to_string();
    let expected = json!({ "n": 1, "at": NOW.to_string(), "actor": "ops", "action": "pause",
        "target": { "carrier": "acme" }, "reason": "too many errors", "until": until });
    assert_eq!((paused.status.as_u16(), paused.json()), (200, expected.clone()));

    let body = json!({ "reason": "maintenance", "until": "2026-11-20T11:00:00Z" });
    post(&world, "/admin/v1/routes/8/pause", &body).await;
    post(&world, "/admin/v1/links/acme-1/trace", &json!({ "reason": "look", "for": "5m", "pdus": 20 })).await;
    let list = get(&world, "/admin/v1/actions?limit=2").await.json();
    let [trace, route] = &list["data"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!((&trace["target"], &trace["pdus"]), (&json!({ "link": "acme-1" }), &json!(20)));
    assert_eq!((&route["target"], &route["until"]), (&json!({ "route": 8 }), &json!("2026-11-20T11:00:00.000Z")));
    let next = list["next_cursor"].as_str().expect("there is more");
    let rest = get(&world, &format!("/admin/v1/actions?limit=2&cursor={next}")).await.json();
    assert_eq!(rest, json!({ "data": [expected], "next_cursor": null }));
}

#[tokio::test]
async fn what_is_wrong_with_an_order_is_pointed_at() {
    let world = world();
    let long = "x".repeat(501);
    for (path, body, pointer) in [
        ("carriers/acme/pause", json!({ "reason": "r" }), "/for"),
        ("carriers/acme/pause", json!({ "reason": "", "for": "1m" }), "/reason"),
        ("carriers/acme/pause", json!({ "reason": long, "for": "1m" }), "/reason"),
        ("carriers/acme/pause", json!({ "reason": "r", "for": "soon" }), "/for"),
        ("carriers/acme/pause", json!({ "reason": "r", "for": "1m", "until": "2026-11-20T11:00:00Z" }), "/until"),
        ("carriers/acme/pause", json!({ "reason": "r", "until": "tomorrow" }), "/until"),
        ("carriers/acme/pause", json!({ "reason": "r", "for": "1m", "state": "open" }), "/state"),
        ("carriers/acme/resume", json!({ "reason": "r", "for": "1m" }), "/for"),
        ("carriers/acme/breaker", json!({ "reason": "r", "for": "1m", "state": "ajar" }), "/state"),
        ("carriers/acme/breaker", json!({ "reason": "r", "state": "open" }), "/for"),
        ("links/acme-1/trace", json!({ "reason": "r", "for": "1m", "pdus": 0 }), "/pdus"),
        ("links/acme-1/trace", json!({ "reason": "r", "for": "1m", "pdus": 10_001 }), "/pdus"),
    ] {
        let refused = post(&world, &format!("/admin/v1/{path}"), &body).await;
        let (status, slug, _, pointers) = refused.problem();
        assert_eq!((status, &*slug, &pointers[..]), (422, "invalid-request", &[pointer.to_owned()][..]), "{body}");
    }
    for path in ["carriers/nobody/pause", "routes/99/pause", "routes/x/pause", "links/acme-2/trace", "links/acme/trace"]
    {
        let refused = post(&world, &format!("/admin/v1/{path}"), &json!({ "reason": "r", "for": "1m" })).await;
        assert_eq!(refused.problem().0, 404, "{path}");
    }
    for (body, status, pointers) in [
        ("{", 400, &[""][..]),
        ("[]", 422, &[""]),
        ("{}", 422, &["/reason"]),
        ("{\"reason\":7}", 422, &["/reason"]),
        ("{\"reason\":\"r\",\"fro\":1}", 422, &["/fro"]),
        ("{\"reason\":\"r\",\"route_id\":\"8\"}", 422, &["/route_id"]),
    ] {
        let request = Request::post("/admin/v1/carriers/acme/resume").header("x-api-key", OPERATOR);
        let problem = world.operate(request.body(Body::from(body)).unwrap()).await.problem();
        assert_eq!(
            (problem.0, &problem.3[..]),
            (status, &pointers.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..]),
            "{body}"
        );
    }
    *world.instead.lock().unwrap() = Some(Err(Denial::Unfit(Unfit::TooLong)));
    let refused = post(&world, "/admin/v1/carriers/acme/pause", &json!({ "reason": "r", "for": "8d" })).await;
    assert_eq!(refused.problem(), (422, "invalid-request".into(), "validation".into(), vec!["/for".into()]));
}

#[tokio::test]
async fn a_trace_is_read_as_lines_and_the_configuration_as_it_was_written() {
    let world = world();
    let trace = get(&world, "/admin/v1/links/acme-1/trace").await;
    assert_eq!((trace.header("content-type"), &*trace.text), ("application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n"));
    assert_eq!(get(&world, "/admin/v1/links/acme-2/trace").await.problem().0, 404);
    assert_eq!(get(&world, "/admin/v1/config").await.json(), json!({ "store": { "path": "/tmp" } }));
    let accounts = get(&world, "/admin/v1/accounts").await;
    let shop = &accounts.json()["data"][0];
    assert_eq!(
        (&shop["id"], &shop["keys"], &shop["scopes"]),
        (&json!("shop"), &json!(1), &json!(["send", "read", "verify", "webhooks"]))
    );
    let unused = shop["key_use"][0].clone();
    assert_eq!((unused["sha256"].as_str().unwrap().len(), &unused["last_used_at"]), (8, &Value::Null), "{unused}");
    assert_eq!(
        world.ask(Request::get("/v1/routes").header("x-api-key", KEY).body(Body::empty()).unwrap()).await.status,
        200
    );
    let used = get(&world, "/admin/v1/accounts").await.json()["data"][0]["key_use"][0].clone();
    assert!(used["last_used_at"].is_string() && used["sha256"] == unused["sha256"], "{used}");
    let links = get(&world, "/admin/v1/links").await.json();
    assert_eq!((&links["data"][0]["id"], &links["data"][0]["state"]), (&json!("acme-1"), &json!("down")));
    let routes = get(&world, "/admin/v1/routes").await.json();
    assert_eq!(routes["data"][0]["carriers"], json!(["acme"]));
}
