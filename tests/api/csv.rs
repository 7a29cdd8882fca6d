//! Files of recipients.

use super::world::{Answer, KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::{Denial, Limit, Reply};
use nuncio::message::id::AccountId;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::batch::{Batch, Marks};
use nuncio::record::contract::{Forget, Store};
use nuncio::route::opt_out::{Key, List};
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
}

/// How the loop was asked for each order: under which key, and whether that is remembered for another day.
fn keys(world: &World) -> Vec<(String, bool)> {
    let all = world.submissions.lock().unwrap();
    all.iter().filter_map(|it| it.idempotency.as_ref()).map(|it| (it.key.to_string(), it.renews)).collect()
}

#[tokio::test]
async fn a_file_that_stopped_goes_on_under_its_key_which_is_then_remembered_for_another_day() {
    let (world, csv, key) = (World::new(), recipients(20_001), [("idempotency-key", "k")]);
    world.script.lock().unwrap().extend([None, Some(Err(Denial::QueueFull(Duration::from_millis(1_200))))]);
    let first = file(&world, "text=hi", csv.clone(), &key).await.json();
    assert_eq!((&first["count"], &first["orders"].as_array().unwrap().len()), (&json!(10_000), &1));
    assert_eq!((&first["stopped"]["line"], &first["stopped"]["retry_after"]), (&json!(10_002), &json!(2)));
    assert_eq!(first["stopped"]["type"], "/problems/queue-full");
    let second = file(&world, "text=hi", csv.clone(), &key).await;
    assert_eq!((second.header("idempotent-replayed"), &second.json()["stopped"]), ("", &Value::Null));
    assert_eq!((&second.json()["count"], &second.json()["orders"][0]), (&json!(20_001), &first["orders"][0]));
    let expected = [("k", false), ("k\u{1f}1", true), ("k\u{1f}2", true)];
    assert_eq!(keys(&world), expected.map(|it| (it.0.to_owned(), it.1)));
    assert_eq!(file(&world, "text=hi", csv, &key).await.header("idempotent-replayed"), "true");
    assert_eq!(world.stored(), 3);
}

#[tokio::test]
async fn the_order_that_is_made_first_has_the_key_of_the_file() {
    let (world, key) = (World::new(), [("idempotency-key", "k")]);
    let good = |from: usize, to: usize| (from..to).map(|it| format!("+31612{it:06}\n")).collect::<String>();
    let csv = format!("to\n{}{}", "06\n".repeat(10_000), good(0, 10_001));
    let first = file(&world, "text=hi", csv.clone(), &key).await;
    assert_eq!((first.status.as_u16(), &first.json()["count"]), (202, &json!(10_001)), "{}", &first.text[..200]);
    assert_eq!(keys(&world), [("k".to_owned(), false), ("k\u{1f}2".to_owned(), false)]);
    let again = file(&world, "text=hi", csv.clone(), &key).await;
    assert_eq!((again.header("idempotent-replayed"), &again.json()), ("true", &first.json()));
    // Whatever else comes under the key, nothing of it is made: not even what no key of the first has the place of.
    for other in
        [format!("to\n{}", good(20_000, 40_000)), format!("to\n{}", good(20_000, 20_001)), csv + "+31612999999\n"]
    {
        let refused = file(&world, "text=hi", other, &key).await.problem();
        assert_eq!((refused.0, refused.1.as_str()), (422, "idempotency-key-reused"));
    }
    let request = Request::post("/v1/messages").header("x-api-key", KEY).header("idempotency-key", "k");
    let json = request.body(Body::from(r#"{"to":"+31612345671","text":"hi"}"#)).unwrap();
    assert_eq!(world.ask(json).await.problem().1, "idempotency-key-reused");
    assert_eq!(world.stored(), 2);
}

#[tokio::test]
async fn a_file_of_whose_orders_the_first_are_forgotten_is_not_begun_anew() {
    let (world, csv, key) = (World::new(), recipients(20_000), [("idempotency-key", "k")]);
    assert_eq!(file(&world, "text=hi", csv.clone(), &key).await.status, 202);
    {
        let mut store = world.store.lock().unwrap();
        let marks = store.recover().unwrap().marks;
        let mut last = store.idempotency(AccountId(1), "k\u{1f}1").unwrap().expect("the second order has a key");
        let day = Duration::from_secs(86_400);
        last.at = super::world::NOW + day / 2;
        let marks = Marks { time: super::world::NOW + day + day / 4, ..marks };
        store.commit(&Batch { idempotency: vec![last], marks, ..Batch::default() }).unwrap();
        store.retain(&Forget { before: Time(0), parked_before: Time(0), limit: 100, anew: true }).unwrap();
        assert!(store.idempotency(AccountId(1), "k").unwrap().is_none());
    }
    let refused = file(&world, "text=hi", csv, &key).await.problem();
    assert_eq!((refused.0, refused.1.as_str(), world.stored()), (422, "idempotency-key-reused", 2));
}

#[tokio::test]
async fn a_file_is_told_to_come_again_only_while_its_key_is_known() {
    let hours = |it: u64| Duration::from_secs(it * 3_600);
    for (wait, told) in [(hours(22), json!(22 * 3_600)), (hours(23), Value::Null), (hours(48), Value::Null)] {
        let world = World::new();
        let full = Err(Denial::TooMany { limit: Limit::Quota, wait: Some(wait), means: Box::default() });
        world.script.lock().unwrap().extend([None, Some(full)]);
        let stopped = file(&world, "text=hi", recipients(10_001), &[]).await.json()["stopped"].clone();
        assert_eq!((&stopped["type"], &stopped["retry_after"]), (&json!("/problems/quota-exceeded"), &told));
    }
}

fn too_fast(wait: Duration) -> Option<Reply> {
    Some(Err(Denial::TooMany { limit: Limit::Rate, wait: Some(wait), means: Box::default() }))
}

#[tokio::test]
async fn an_order_that_waits_for_the_rate_is_judged_anew_and_told_of_once() {
    let world = World::new();
    let short = || too_fast(Duration::from_millis(3));
    world.script.lock().unwrap().extend([None, short(), short(), None]);
    let csv = recipients(10_001) + "06\n+31612010000\n+31612000000\n";
    let told = file(&world, "text=hi", csv, &[]).await.json();
    assert_eq!((&told["count"], &told["stopped"]), (&json!(10_001), &Value::Null));
    assert_eq!((told["rejected"].as_array().unwrap().len(), &told["duplicates"]["count"]), (1, &json!(2)));
    assert_eq!(*world.refusals.lock().unwrap(), [("validation", 422)]);
}

#[tokio::test]
async fn a_disk_that_fills_up_while_a_file_is_taken_stops_it() {
    let world = World::new();
    // The second order waits for the rate; when it is judged anew the disk is full.
    world.script.lock().unwrap().extend([None, too_fast(Duration::from_millis(200)), None]);
    let csv = recipients(10_001);
    let full = async {
        while world.stored() == 0 {
            tokio::task::yield_now().await;
        }
        world.health.disk_low.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (told, ()) = tokio::join!(file(&world, "text=hi", csv, &[]), full);
    let told = told.json();
    assert_eq!((&told["stopped"]["type"], &told["stopped"]["retry_after"]), (&json!("/problems/disk-low"), &json!(10)));
    assert_eq!((&told["count"], world.stored()), (&json!(10_000), 1));
}

#[tokio::test]
async fn a_rate_that_is_further_away_than_a_file_waits_stops_it_at_once() {
    let world = World::new();
    world.script.lock().unwrap().extend([None, too_fast(Duration::from_secs(31))]);
    let began = std::time::Instant::now();
    let told = file(&world, "text=hi", recipients(10_000) + "06\n+31612345671\n", &[]).await.json();
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(
        (&told["stopped"]["type"], &told["stopped"]["retry_after"]),
        (&json!("/problems/rate-exceeded"), &json!(31))
    );
    assert_eq!((&told["count"], &told["stopped"]["line"]), (&json!(10_000), &json!(10_002)));
    // Of what is not taken nothing is told: it is judged when it comes again.
    assert_eq!((&told["rejected"], world.refusals.lock().unwrap().len()), (&json!([]), 0));
    // The first order is a request as any other.
    world.script.lock().unwrap().extend([too_fast(Duration::from_millis(10))]);
    let refused = file(&world, "text=hi", recipients(10_001), &[]).await;
    assert_eq!((refused.problem().0, refused.header("retry-after")), (429, "1"));
}

#[tokio::test]
async fn a_repeat_tells_of_its_orders_what_they_are_and_not_what_they_would_be() {
    let (world, csv, key) = (World::new(), recipients(10_001), [("idempotency-key", "k")]);
    let first = file(&world, "text=hi", csv.clone(), &key).await.json();
    let mut plan = super::world::plan();
    plan.accounts.get_mut(&AccountId(1)).unwrap().routes.reverse();
    world.plan.send_replace(std::sync::Arc::new(plan));
    let again = file(&world, "text=hi", csv, &key).await;
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first, "true"));
}

#[tokio::test]
async fn where_all_lines_are_refused_for_one_reason_it_is_the_file_s() {
    let world = World::new();
    let of = async |csv: String| {
        let refused = file(&world, "text=a", csv, &[]).await.problem();
        (refused.0, refused.1, refused.3)
    };
    let denied = of("to\n+88212345678\n".into()).await;
    assert_eq!(denied, (403, "destination-denied".into(), vec!["/lines/2/to".into()]));
    let unpriced = of("to\n+442071838750\n+442071838751\n".into()).await;
    assert_eq!((unpriced.0, unpriced.1.as_str()), (422, "no-price"));
    let mixed = of(format!("to\n{}+442071838750\n", "06\n".repeat(10_000))).await;
    assert_eq!((mixed.0, mixed.1.as_str(), mixed.2.len()), (422, "invalid-request", 100));
}

#[tokio::test]
async fn who_does_not_want_it_is_left_out_of_each_order() {
    let mut plan = super::world::plan();
    let mut list = List::default();
    for number in [31_612_000_001, 31_612_010_001] {
        list.put(&Key { account: None, sender: None, number: E164(number) });
    }
    plan.opt_out.listed = std::sync::Arc::new(list);
    let world = World::of(plan);
    let told = file(&world, "text=hi&route_id=1", recipients(10_002), &[]).await.json();
    let rejected: Vec<_> =
        told["rejected"].as_array().unwrap().iter().map(|it| (it["line"].clone(), it["code"].clone())).collect();
    assert_eq!(rejected, [(json!(3), json!("suppressed")), (json!(10_003), json!("suppressed"))]);
    assert_eq!((&told["orders"][0]["count"], &told["orders"][1]["count"]), (&json!(9_999), &json!(1)));
}

#[tokio::test]
async fn what_keeps_the_first_order_from_entering_is_a_refusal() {
    let world = World::new();
    *world.instead.lock().unwrap() = Some(Err(Denial::QueueFull(Duration::from_secs(5))));
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

#[tokio::test]
async fn a_repeat_of_a_file_has_its_orders_where_they_would_be_refused_today() {
    for count in [2, 10_001] {
        let (world, csv, key) = (World::new(), recipients(count), [("idempotency-key", "k")]);
        let first = file(&world, "text=hi", csv.clone(), &key).await.json();
        let mut plan = super::world::plan();
        plan.accounts.get_mut(&AccountId(1)).unwrap().routes.clear();
        world.plan.send_replace(std::sync::Arc::new(plan));
        assert_eq!(file(&world, "text=hi", csv.clone(), &[]).await.problem().0, 403, "another is refused today");
        let again = file(&world, "text=hi", csv, &key).await;
        assert_eq!((again.json(), again.header("idempotent-replayed")), (first, "true"));
    }
}
