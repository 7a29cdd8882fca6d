//! What became of messages and orders.

use super::world::{Answer, NOW, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::message::attempt::{self, Attempt, CarrierMessageId, Cause};
use nuncio::message::extras::Parameter;
use nuncio::message::id::{CarrierId, LinkId, PartKey};
use nuncio::message::money::Money;
use nuncio::message::phase::{End, Move};
use nuncio::message::reason::Reason;
use nuncio::message::receipt::{DoneDate, Receipt};
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::record::entry::{Entry, PastAttempt};
use serde_json::{Value, json};

const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };

pub(super) const fn at(millis: u64) -> Time {
    Time(NOW.0 + millis)
}

pub(super) async fn send(world: &World, to: Value) -> Value {
    let answer = world.send(json!({ "to": to, "text": "hi", "client_ref": "r" })).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()
}

pub(super) fn deliver(entry: &mut Entry) {
    let part = &mut entry.parts[0];
    let mut refused = Attempt::new(1, LinkId { carrier: CarrierId(9), bind: 2 }, Cause::First, at(10));
    (refused.written_at, refused.answered_at) = (at(12), at(20));
    refused.answer = Some(attempt::Answer::Elsewhere);
    refused.command_status = Some(0x58);
    entry.past.push(PastAttempt { key: PartKey::new(entry.body.seq(), 0), attempt: refused });
    let mut taken = Attempt::new(2, LINK, Cause::Failover, at(30));
    taken.answered_at = at(40);
    taken.answer = Some(attempt::Answer::Taken);
    taken.command_status = Some(0);
    taken.carrier_message_id = CarrierMessageId::new("1d305b4c");
    taken.cost = Some(Money(31_000));
    taken.receipt = Some(Box::new(Receipt {
        status: Status::Delivered,
        raw_status: "DELIVRD".into(),
        error_code: Some("000".into()),
        received_at: at(50),
        done_at: Some(at(45)),
        done_date: Some(Box::new(DoneDate { raw: "2611201200".into(), offset: Some(7_200) })),
        tlvs: vec![Parameter { tag: 0x1402, value: (*b"acme\0").into() }],
        later: vec![Receipt {
            status: Status::Failed,
            raw_status: "UNDELIV".into(),
            error_code: None,
            received_at: at(60),
            done_at: None,
            done_date: None,
            tlvs: Vec::new(),
            later: Vec::new(),
        }],
    }));
    part.attempt = Some(taken);
    part.done_at = at(50);
    for step in [Move::Intend, Move::Take, Move::End(End::Delivered)] {
        part.step(step).unwrap();
    }
}

pub(super) fn fail(entry: &mut Entry) {
    let part = &mut entry.parts[0];
    let mut refused = Attempt::new(1, LINK, Cause::First, at(10));
    refused.answered_at = at(20);
    refused.answer = Some(attempt::Answer::Never);
    refused.command_status = Some(0x0B);
    part.attempt = Some(refused);
    part.reason = Some(Reason::NumberInvalid);
    part.done_at = at(20);
    for step in [Move::Intend, Move::End(End::Failed)] {
        part.step(step).unwrap();
    }
}

#[tokio::test]
async fn a_delivered_message_tells_all_its_layers_and_attempts() {
    let world = World::new();
    let id = send(&world, json!("+31612345678")).await["messages"][0]["id"].as_str().unwrap().to_owned();
    world.change(0, deliver);
    let got = world.get(&format!("/v1/messages/{id}")).await.json();
    let time = |millis: u64| format!("2026-11-20T10:00:00.{millis}Z");
    // One macro does not take them all.
    let receipt = json!({ "status": "DELIVERED", "raw_status": "DELIVRD", "error_code": "000", "received_at": time(173), "done_at": time(168),
        "done_date": "2611201200", "offset": "+02:00", "tlvs": { "0x1402": "hex:61636D6500" } });
    let later = json!({ "status": "FAILED", "raw_status": "UNDELIV", "error_code": null, "received_at": time(183), "done_at": null,
        "done_date": null, "offset": null, "tlvs": {} });
    let mut expected = json!({
        "id": id, "order_id": world.order(25_303), "to": "+31612345678", "from": "YOURAPP", "route_id": 8, "class": "otp", "client_ref": "r",
        "status": "DELIVERED", "error": null, "encoding": "gsm7", "parts": 1, "cost": "0.087", "charged": null, "refunded": null, "currency": "EUR",
        "created_at": time(123), "queued_at": time(123), "sent_at": time(163), "done_at": time(173),
        "attempts": [
            { "part": 1, "number": 1, "carrier": "#9", "bind": "#9-3", "cause": "first", "intended_at": time(133), "submitted_at": time(135), "answered_at": time(143),
              "answer": "elsewhere", "command_status": 0x58, "carrier_message_id": null, "cost": null, "receipt": null, "later_receipts": [] },
            { "part": 1, "number": 2, "carrier": "acme", "bind": "acme-1", "cause": "failover", "intended_at": time(153), "submitted_at": null, "answered_at": time(163),
              "answer": "taken", "command_status": 0, "carrier_message_id": "1d305b4c", "cost": null,
              "receipt": receipt, "later_receipts": [later] },
        ]
    });
    expected["throttled"] = json!(0);
    expected["send_at"] = json!(null);
    expected["layers"] =
        json!({ "api": time(123), "system": time(133), "provider": time(163), "carrier": null, "device": time(173) });
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_failed_message_says_why() {
    let world = World::new();
    let id = send(&world, json!("+31612345678")).await["messages"][0]["id"].as_str().unwrap().to_owned();
    let queued = world.get(&format!("/v1/messages/{id}")).await.json();
    assert_eq!(
        (&queued["status"], &queued["error"], &queued["done_at"]),
        (&json!("QUEUED"), &Value::Null, &Value::Null)
    );
    assert_eq!((&queued["layers"]["system"], &queued["attempts"]), (&Value::Null, &json!([])));
    world.change(0, fail);
    let failed = world.get(&format!("/v1/messages/{id}")).await.json();
    let error = json!({
        "stage": "submit", "code": "NUMBER_INVALID", "detail": Reason::NumberInvalid.detail(), "permanent": true, "carrier_code": "0x0000000B"
    });
    assert_eq!((&failed["status"], &failed["error"]), (&json!("FAILED"), &error));
}

#[tokio::test]
async fn nobody_sees_what_is_not_his() {
    let world = World::new();
    let sent = send(&world, json!("+31612345678")).await;
    let (id, order) = (sent["messages"][0]["id"].as_str().unwrap(), &sent["order_id"]);
    let other = async |method: &str, path: String| -> Answer {
        let request = Request::builder().method(method).uri(path).header("x-api-key", "key-of-dutch");
        world.ask(request.body(Body::empty()).unwrap()).await
    };
    for path in [format!("/v1/messages/{id}"), format!("/v1/orders/{order}"), format!("/v1/orders/{order}/messages")] {
        assert_eq!(other("GET", path.clone()).await.problem().0, 404, "{path}");
        assert_eq!(world.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(other("DELETE", format!("/v1/messages/{id}")).await.problem().0, 404);
    assert_eq!(other("GET", "/v1/messages".to_owned()).await.json()["data"], json!([]));
    for path in [
        "/v1/messages/nonsense",
        "/v1/messages/00000000-0000-8000-8000-000000000000",
        "/v1/orders/x",
        "/v1/orders/1",
        "/v1/routes/5",
    ] {
        assert_eq!(world.get(path).await.problem().0, 404, "{path}");
    }
}

#[tokio::test]
async fn an_order_adds_up() {
    let world = World::new();
    let order = send(&world, json!(["+31612345671", "+31612345672", "+31612345673"])).await["order_id"].clone();
    let fresh = world.get(&format!("/v1/orders/{order}")).await.json();
    assert_eq!(fresh["status"], "QUEUED");
    world.change(0, deliver);
    world.change(1, fail);
    let got = world.get(&format!("/v1/orders/{order}")).await.json();
    let expected = json!({
        "order_id": order, "route_id": 8, "status": "IN_PROGRESS", "total": 3, "queued": 1, "sent": 0, "delivered": 1, "failed": 1, "expired": 0,
        "unknown": 0, "cancelled": 0, "pending": 1, "progress_pct": 33.33, "completed_pct": 66.67, "cost": "0.261", "currency": "EUR", "slices": 1,
        "created_at": "2026-11-20T10:00:00.123Z"
    });
    assert_eq!(got, expected);
}

#[tokio::test]
async fn lists_turn_their_pages() {
    let world = World::new();
    let numbers: Vec<String> = (0..5).map(|it| format!("+3161234567{it}")).collect();
    let order = send(&world, json!(numbers)).await["order_id"].clone();
    for (first, newest_first) in
        [(format!("/v1/orders/{order}/messages?limit=2"), false), ("/v1/messages?limit=2".to_owned(), true)]
    {
        let (mut path, mut seen, mut pages) = (first.clone(), Vec::new(), 0);
        loop {
            let page = world.get(&path).await.json();
            seen.extend(page["data"].as_array().unwrap().iter().map(|it| it["to"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("{first}&cursor={cursor}");
        }
        if newest_first {
            seen.reverse();
        }
        assert_eq!((seen, pages), (numbers.clone(), 3), "{first}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_bad_filters_are_named() {
    let world = World::new();
    send(&world, json!(["+31612345671", "+31612345672"])).await;
    world.change(0, deliver);
    let found =
        async |query: &str| world.get(&format!("/v1/messages?{query}")).await.json()["data"].as_array().unwrap().len();
    assert_eq!(
        (found("status=DELIVERED").await, found("status=QUEUED").await, found("status=FAILED").await),
        (1, 1, 0)
    );
    assert_eq!(found(&format!("order_id={}", world.order(25_303))).await, 2);
    assert_eq!((found("order_id=25303").await, found("order_id=1").await), (0, 0), "no order is called by its number");
    for (query, pointer) in [
        ("status=delivered", "/status"),
        ("to=abc", "/to"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("since=yesterday", "/since"),
        ("cursor=zzz", "/cursor"),
        ("order_id=-1", "/order_id"),
        ("order_id=0", "/order_id"),
        ("order_id=9007199254740992", "/order_id"),
        ("sttus=SENT", "/sttus"),
    ] {
        let answer = world.get(&format!("/v1/messages?{query}")).await;
        assert_eq!((answer.problem().0, answer.problem().3), (422, vec![pointer.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn what_has_not_left_is_taken_back() {
    let world = World::new();
    let sent = send(&world, json!(["+31612345671", "+31612345672"])).await;
    let path = |at: usize| format!("/v1/messages/{}", sent["messages"][at]["id"].as_str().unwrap());
    let answer = world.delete(&path(0)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({ "id": sent["messages"][0]["id"], "status": "CANCELLED" }))
    );
    world.change(1, deliver);
    assert_eq!(world.delete(&path(1)).await.problem(), (409, "too-late".to_owned(), "submit".to_owned(), vec![]));
    assert_eq!(world.delete("/v1/messages/00000000-0000-8000-8000-000000000000").await.problem().0, 404);
}

#[tokio::test]
async fn routes_are_those_that_are_granted() {
    let world = World::new();
    let got = world.get("/v1/routes").await.json();
    let ids: Vec<&Value> = got["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [8, 1]);
    let one = world.get("/v1/routes/8").await.json();
    assert_eq!((&one["class"], &one["default"], &one["currency"]), (&json!("otp"), &json!(true), &json!("EUR")));
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let world = World::new();
    assert_eq!(world.get("/v2").await.problem().0, 404);
    assert_eq!(world.get("/metrics").await.problem().0, 404, "operators look elsewhere");
    let answer = world.delete("/v1/routes").await;
    assert_eq!(answer.problem().0, 405);
    assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
    assert_eq!(world.answers.lock().unwrap().first(), Some(&("other", 404)));
}
