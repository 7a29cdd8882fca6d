//! Files of recipients.

use super::world::{Answer, KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::Reply;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn file(world: &World, query: &str, file: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
    let request = Request::post(format!("/v1/messages?{query}")).header("x-api-key", KEY);
    let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
    let request = if headers.iter().any(|it| it.0 == "content-type") {
        request
    } else {
        request.header("content-type", "text/csv")
    };
    world.ask(request.body(file.into()).unwrap()).await
}

/// What was asked of the loop: number, text, reference.
fn sent(world: &World) -> Vec<(String, String, Option<String>)> {
    let last = world.last();
    let of = |it: &nuncio::dispatch::door::happening::Recipient| {
        (it.destination.to_string(), it.text.to_string(), it.client_ref.as_deref().map(str::to_owned))
    };
    last.recipients.iter().map(of).collect()
}

#[tokio::test]
async fn a_file_is_an_order_with_the_fields_of_each_line_in_its_text() {
    let world = World::new();
    let csv = "\u{feff}to,name,client_ref,text\r\n+31612345671,Ann,r-1,\r\n+31612345672,\"Bob, \"\"B\"\"\",,\r\n\
               +31612345673,Cy,,own {name}\r\n";
    let answer = file(&world, "from=YOURAPP&text=Hi+%7Bname%7D%21&client_ref=all&route_id=8", csv, &[]).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let it = |to: &str, text: &str, reference: &str| (to.to_owned(), text.to_owned(), Some(reference.to_owned()));
    let expected = [
        it("+31612345671", "Hi Ann!", "r-1"),
        it("+31612345672", "Hi Bob, \"B\"!", "all"),
        it("+31612345673", "own {name}", "all"),
    ];
    assert_eq!(sent(&world), expected);
    let order = world.order(25_303);
    let made = json!({
        "order_id": order, "route_id": 8, "count": 3, "first_line": 2, "last_line": 4, "cost": "0.261"
    });
    let told = json!({
        "lines": 3, "count": 3, "cost": "0.261", "currency": "EUR", "balance_after": null, "orders": [made],
        "rejected": [], "duplicates": { "count": 0, "left_out": [] }, "stopped": null
    });
    assert_eq!((answer.json(), answer.header("location")), (told, &*format!("/v1/orders/{order}")));
    assert_eq!(world.get(&format!("/v1/orders/{order}")).await.json()["total"], 3);
}

#[tokio::test]
async fn what_is_not_accepted_is_told_line_by_line() {
    let world = World::new();
    let csv = "to,text\n0612345678,a\n+31612345671,\n+31612345672,\"two\nlines\"\n\n+88212345678,a\n+31612345673,b\n\
               +31 6 12345673,b\n,c\n";
    let answer = file(&world, "", csv, &[]).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let told = answer.json();
    let of = |it: &Value| (it["line"].as_u64().unwrap(), it["field"].clone(), it["code"].clone(), it["to"].clone());
    let rejected: Vec<_> = told["rejected"].as_array().unwrap().iter().map(of).collect();
    let expected = [
        (2, json!("to"), json!("invalid_number"), json!("0612345678")),
        (3, json!("text"), json!("missing_text"), json!("+31612345671")),
        (7, json!("to"), json!("destination_denied"), json!("+88212345678")),
        (10, json!("to"), json!("invalid_number"), json!("")),
    ];
    assert_eq!(rejected, expected, "{told}");
    assert_eq!(told["duplicates"], json!({ "count": 1, "left_out": [{ "line": 9, "to": "+31 6 12345673" }] }));
    assert_eq!((&told["lines"], &told["count"]), (&json!(7), &json!(2)));
    assert_eq!((&told["orders"][0]["first_line"], &told["orders"][0]["last_line"]), (&json!(4), &json!(8)));
    assert!(told["rejected"][0]["detail"].as_str().is_some_and(|it| !it.is_empty()));
}

#[tokio::test]
async fn what_is_wrong_with_a_file_or_its_query_is_refused_whole() {
    let world = World::new();
    let good = "to\n+31612345671\n";
    for (query, csv, slug, pointer) in [
        ("text=a", "", "malformed-csv", "/lines/1"),
        ("text=a", "to\n", "invalid-request", "/lines"),
        ("text=a", "to,to\n+31612345671,a\n", "invalid-request", "/lines/1"),
        ("text=a", "to\n+31612345671,a\n", "malformed-csv", "/lines/2"),
        ("text=a", "to\n+31612345671\n\"", "malformed-csv", "/lines/3"),
        ("text=a", "to\n+31612345671\n\"+31", "malformed-csv", "/lines/3"),
        ("text=a", "to\n+316123\u{0}45671\n", "malformed-csv", "/lines/2"),
        ("text=a", "to;text\n+31612345671;a\n", "invalid-request", "/lines/1"),
        ("text=a", "to\nx\ny\n", "invalid-request", "/lines/2/to"),
        ("", good, "invalid-request", "/lines/2/text"),
        ("text=Hi+%7Bname%7D", good, "invalid-request", "/text"),
        ("text=Hi+%7B", good, "invalid-request", "/text"),
        ("text=a&txt=b", good, "invalid-request", "/txt"),
        ("text=a&to=%2B31612345671", good, "invalid-request", "/to"),
        ("text=a&from=OTHER", good, "sender-not-granted", "/from"),
        ("text=a&route_id=5", good, "route-not-granted", "/route_id"),
        ("text=a&class=marketing&route_id=8", good, "class-mismatch", "/class"),
        ("text=a&encoding=utf8", good, "invalid-request", "/encoding"),
    ] {
        let refused = file(&world, query, csv, &[]).await.problem();
        assert_eq!(
            (refused.1.as_str(), refused.3.first().map(String::as_str)),
            (slug, Some(pointer)),
            "{query} {csv:?}"
        );
    }
    for kind in ["text/csv; charset=iso-8859-1", "text/csv; header=absent"] {
        let refused = file(&world, "text=a", good, &[("content-type", kind)]).await.problem();
        assert_eq!((refused.0, refused.1.as_str()), (400, "invalid-header"), "{kind}");
    }
    assert_eq!(world.stored(), 0);
    let written =
        file(&world, "text=a", good, &[("content-type", "Text/CSV; charset=\"UTF-8\"; header=present")]).await;
    assert_eq!(written.status, 202, "{}", written.text);
}

/// A file of so many recipients, each with a number of its own.
fn recipients(count: usize) -> String {
    let lines: String = (0..count).map(|it| format!("+31612{it:06}\n")).collect();
    format!("to\n{lines}")
}

#[tokio::test]
async fn a_large_file_is_several_orders_and_who_stands_twice_is_left_out_over_all_of_them() {
    let world = World::new();
    let csv = recipients(25_000) + "+31612000000\n+31612024999\n";
    let answer = file(&world, "text=hi", csv, &[]).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let told = answer.json();
    let orders: Vec<[u64; 3]> = told["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| ["count", "first_line", "last_line"].map(|name| it[name].as_u64().unwrap()))
        .collect();
    assert_eq!(orders, [[10_000, 2, 10_001], [10_000, 10_002, 20_001], [5_000, 20_002, 25_001]]);
    assert_eq!(answer.header("location"), "");
    assert_eq!((&told["lines"], &told["count"], &told["cost"]), (&json!(25_002), &json!(25_000), &json!("2175.000")));
    assert_eq!(told["duplicates"]["count"], 2);
    assert_eq!(told["duplicates"]["left_out"][0], json!({ "line": 25_002, "to": "+31612000000" }));
    let numbers: BTreeSet<u64> = world
        .submissions
        .lock()
        .unwrap()
        .iter()
        .flat_map(|it| it.recipients.iter().map(|it| it.destination.0))
        .collect();
    assert_eq!(numbers.len(), 25_000);
    let all = file(&world, "text=hi&duplicates=send", recipients(10_000) + "+31612000000\n", &[]).await.json();
    assert_eq!((&all["count"], &all["orders"][1]["count"]), (&json!(10_001), &json!(1)));
}

#[tokio::test]
async fn a_file_that_comes_again_under_its_key_makes_nothing_and_goes_on_where_it_stopped() {
    let world = World::new();
    let (csv, key) = (recipients(10_001), [("idempotency-key", "k")]);
    let first = file(&world, "text=hi", csv.clone(), &key).await;
    assert_eq!((first.status.as_u16(), world.stored()), (202, 2), "{}", first.text);
    let again = file(&world, "text=hi", csv.clone(), &key).await;
    assert_eq!((again.json(), again.header("idempotent-replayed"), world.stored()), (first.json(), "true", 2));
    for (query, other) in [("text=ho", csv.clone()), ("text=hi", recipients(10_000)), ("text=hi&tag=x", csv)] {
        let refused = file(&world, query, other, &key).await.problem();
        assert_eq!((refused.0, refused.1.as_str()), (422, "idempotency-key-reused"), "{query}");
    }
    // Of another the first order was made and the second was not, as by a kill.
    let half = file(&world, "text=hi", recipients(20_001), &[("idempotency-key", "half")]).await;
    assert_eq!(half.status, 202);
    assert_eq!(world.stored(), 5);
}

#[tokio::test]
async fn what_keeps_the_first_order_from_entering_is_a_refusal() {
    let world = World::new();
    *world.instead.lock().unwrap() = Some(Reply::QueueFull(Duration::from_secs(5)));
    let refused = file(&world, "text=hi", recipients(10_001), &[]).await;
    assert_eq!((refused.problem().0, refused.header("retry-after")), (503, "5"));
}

#[tokio::test]
async fn a_file_has_its_own_limit_and_the_time_of_others_for_each_part_of_it() {
    let world = World::new();
    // More than `max_body`, in one piece.
    let large =
        format!("to,text\n{}", (0..20_000).map(|it| format!("+31612{it:06},{}\n", "x".repeat(60))).collect::<String>());
    assert!(1 << 20 < large.len());
    assert_eq!(file(&world, "", large, &[]).await.status, 202);
    let announced = Body::from(vec![b'x'; (32 << 20) + 1]);
    assert_eq!(file(&world, "text=a", announced, &[]).await.problem().1, "body-too-large");
    let json = Request::post("/v1/messages").header("x-api-key", KEY).body(Body::from(vec![b' '; (1 << 20) + 1]));
    assert_eq!(world.ask(json.unwrap()).await.problem().1, "body-too-large");
}
