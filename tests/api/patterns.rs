//! The patterns of the document beside what is read: each fits what is taken, and nothing else.

use crate::api::reference::{OPERATOR, documents, world};
use crate::api::world::{KEY, World};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Counts on both sides of every bound that a time has.
const COUNTS: [&str; 18] = [
    "", "0", "1", "2", "7", "8", "59", "60", "61", "100", "168", "169", "10080", "10081", "604799", "604800", "604801",
    "700000",
];

/// Whether what stands behind a name of the document is taken, as it is asked for at the place that has it.
async fn is_taken(world: &World, name: &str, value: &str) -> bool {
    let quoted = |it: &str| it.bytes().map(|it| format!("%{it:02X}")).collect::<String>();
    let body = |more: Value| {
        let mut it = json!({ "to": "+31612345678", "text": "hi" });
        it.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        it.to_string()
    };
    let answer = match name {
        "Validity" => world.post("/v1/estimate", body(json!({ "validity": value }))).await,
        "RegistrationKey" => world.post("/v1/estimate", body(json!({ "dlt": { "entity_id": value } }))).await,
        "IdempotencyKey" => {
            let request = Request::post("/v1/messages").header("x-api-key", KEY).header("idempotency-key", value);
            world.ask(request.body(Body::from(body(json!({})))).unwrap()).await
        }
        "Span" => {
            let request = Request::post("/admin/v1/carriers/acme/pause").header("x-api-key", OPERATOR);
            let body = json!({ "reason": "maintenance", "for": value }).to_string();
            world.operate(request.body(Body::from(body)).unwrap()).await
        }
        "EventWait" => world.get(&format!("/v1/events?wait={}", quoted(value))).await,
        "EventTypes" => world.get(&format!("/v1/events?types={}", quoted(value))).await,
        "StatusList" => {
            world.get(&format!("/v1/orders/{}/messages?status={}", world.order(25_303), quoted(value))).await
        }
        _ => panic!("{name} is read nowhere"),
    };
    assert!(answer.status.is_success() || [400, 422].contains(&answer.status.as_u16()), "{value}: {}", answer.text);
    answer.status.is_success()
}

#[tokio::test]
async fn a_pattern_fits_what_is_taken_and_nothing_else() {
    let world = world();
    let order = json!({ "to": ["+31612345678", "+31612345679"], "text": "hi" });
    assert_eq!(world.send(order).await.status, 202);
    let mut spans = Vec::new();
    for before in ["", "0", "00", "+", "-", " "] {
        for count in COUNTS {
            spans.extend(["s", "m", "h", "d", "", "w", "S", "s ", "ms"].map(|unit| format!("{before}{count}{unit}")));
        }
    }
    let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let long = "k".repeat(255);
    let keys = texts(&[
        "k",
        "",
        "\"\"",
        "k 1",
        "\"k 1\"",
        "a,b",
        "\"a,b;c\"",
        "a;x=1",
        "a\"",
        "\"a",
        "\"a\" x",
        "\\",
        "\"\\\\\"",
        "\"\\a\"",
        "a\\b",
        &long,
        &format!("{long}k"),
    ]);
    let ids = texts(&["", "1", "a b", "é", "\t", "~", &long, &format!("{long}1")]);
    let types = texts(&[
        "message.delivered",
        "message.delivered,message.failed",
        "",
        ",",
        "message.delivered,",
        "messageXdelivered",
        "MESSAGE.DELIVERED",
        "message.delivered, message.failed",
    ]);
    let statuses = texts(&["SENT", "SENT,QUEUED", "", "sent", "SENT,", "SENT, QUEUED", "LOST", "SENT,SENT"]);
    let document = &documents(&world).await;
    let asked = [
        ("Validity", &spans),
        ("EventWait", &spans),
        ("Span", &spans),
        ("IdempotencyKey", &keys),
        ("RegistrationKey", &ids),
        ("EventTypes", &types),
        ("StatusList", &statuses),
    ];
    for (name, values) in asked {
        let pattern = document.iter().find_map(|it| it["components"]["schemas"][name]["pattern"].as_str()).unwrap();
        let pattern = regex::Regex::new(pattern).unwrap();
        // Nobody waits for events of a daemon that ends.
        world.health.draining.store(name.starts_with("Event"), Ordering::Relaxed);
        let mut taken = 0;
        for value in values {
            let is = is_taken(&world, name, value).await;
            assert_eq!(pattern.is_match(value), is, "{name} {value:?}");
            taken += usize::from(is);
        }
        assert!(0 < taken && taken < values.len(), "{name}: {taken}");
    }
}
