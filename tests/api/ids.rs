//! What is younger than the key of a store has no name but its veiled one, wherever a name is read.

use super::read::send;
use super::world::{KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::message::id::{MessageId, OrderId, Seq};
use nuncio::message::veil::{Pages, Since, Veil};
use serde_json::{Value, json};

/// Names as versions wrote them that had no key.
fn plain() -> Veil {
    Veil::new([0; 2], Since { seq: Seq(Seq::END), order: OrderId::from_record(u64::MAX), event: u64::MAX })
}

async fn status(world: &World, method: &str, path: &str, body: &Value) -> u16 {
    let request = Request::builder().method(method).uri(path).header("x-api-key", KEY);
    let request = request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap();
    world.ask(request).await.status.as_u16()
}

#[tokio::test]
async fn a_number_in_records_names_nothing() {
    let world = World::new();
    let sent = send(&world, json!(["+31612345671", "+31612345672"])).await;
    let (order, id) = (sent["order_id"].as_u64().unwrap(), sent["messages"][0]["id"].as_str().unwrap().to_owned());
    let veil = world.store.lock().unwrap().veil();
    let MessageId { seq, token } = veil.read_message(&id).unwrap();
    assert_eq!((seq, veil.read_order(order)), (Seq(1), Some(OrderId::from_record(25_303))));
    let bare = plain().message(MessageId { seq, token }).to_string();
    assert!(bare.starts_with("00000000-0000-801"), "{bare}");
    // Nor does another number under the mask of a token that is known.
    let other = veil.message(MessageId { seq: Seq(2), token }).to_string();
    let masked = |it: &str| u64::from_str_radix(&it.replace('-', "")[..12], 16).unwrap();
    assert_eq!(masked(&other), masked(&id), "they differ in the last digits alone");
    let none = Value::Null;
    for (method, path, body) in [
        ("GET", "/v1/messages/{id}", &none),
        ("POST", "/v1/messages/{id}/outcome", &json!({ "verified": true })),
        ("DELETE", "/v1/messages/{id}", &none),
    ] {
        let of = |id: &str| path.replace("{id}", id);
        assert_eq!(status(&world, method, &of(&bare), body).await, 404, "{method} {path}");
        assert_ne!(status(&world, method, &of(&id), body).await, 404, "{method} {path}");
    }
    for path in ["/v1/orders/{id}", "/v1/orders/{id}/messages"] {
        let of = |order: u64| path.replace("{id}", &order.to_string());
        assert_eq!(status(&world, "GET", &of(25_303), &none).await, 404, "{path}");
        assert_eq!(status(&world, "GET", &of(order), &none).await, 200, "{path}");
    }
    let lists = ["/v1/messages".to_owned(), format!("/v1/orders/{order}/messages"), "/v1/events".to_owned()];
    for (list, pages) in lists.iter().zip([Pages::Messages, Pages::Messages, Pages::Events]) {
        let of = |cursor: &str| format!("{list}?cursor={cursor}");
        assert_eq!(status(&world, "GET", &of("c1.2"), &none).await, 422, "{list}");
        assert_eq!(status(&world, "GET", &of(&veil.cursor(Pages::Ledger, 2)), &none).await, 422, "{list}");
        assert_eq!(status(&world, "GET", &of(&veil.cursor(pages, 2)), &none).await, 200, "{list}");
    }
}
