//! Orders as a bulk customer follows them, through the binary: counted, taken back, sent again, asked for twice.

use crate::daemon::client::Client;
use crate::daemon::simulated::sim;
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, PATIENCE, account, carrier, quiet_port, route, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PRICED: &str = "price = { default = \"0.087\", currency = \"EUR\" }\n";

fn managed(port: u16, more: &str) -> Daemon {
    let daemon = Daemon::start(
        &(account("[1]") + "balance = \"managed\"\n" + &carrier(port, "") + &route(&(PRICED.to_owned() + more))),
    );
    let credit = json!({ "amount": "1000", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    daemon
}

/// So many recipients, each with what the simulated carrier is to do with it.
fn recipients(of: &[(usize, &str)]) -> Vec<Value> {
    let words = of.iter().flat_map(|(count, word)| std::iter::repeat_n(*word, *count));
    words
        .enumerate()
        .map(|(at, word)| json!({ "to": format!("+3161{at:07}"), "text": format!("#sim:{word}") }))
        .collect()
}

fn send(client: &mut Client, to: &[Value]) -> Value {
    let accepted = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    accepted.json()
}

fn order(client: &mut Client, id: &Value) -> Value {
    let found = client.get(&format!("/v1/orders/{id}"));
    assert_eq!(found.status, 200, "{}", found.text());
    found.json()
}

/// The totals of an order, which are those of its messages at any moment.
fn adds_up(client: &mut Client, id: &Value) -> Value {
    let words = ["queued", "sent", "delivered", "failed", "expired", "unknown", "cancelled"];
    let found = order(client, id);
    let sum: u64 = words.iter().map(|it| found[it].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), found["total"].as_u64(), "{found}");
    assert_eq!(found["pending"].as_u64(), Some(found["queued"].as_u64().unwrap() + found["sent"].as_u64().unwrap()));
    found
}

/// The messages of an order as they are listed, counted by their statuses.
fn listed(client: &mut Client, id: &Value, status: &str) -> u64 {
    let csv = client.get(&format!("/v1/orders/{id}/messages?format=csv&status={status}"));
    assert_eq!(csv.status, 200, "{}", csv.text());
    csv.text().lines().count() as u64 - 1
}

#[test]
fn an_order_of_3304_is_7_slices_and_1200_delivered_of_it_are_36_32_percent() {
    let (_sim, port) = sim(&[]);
    let mut daemon = managed(port, "receipt_timeout = \"5s\"\nvalidity = \"20s\"\n");
    let mut client = daemon.client();
    let accepted = send(&mut client, &recipients(&[(1_200, "delivrd"), (20, "undeliv"), (2_084, "none")]));
    let id = accepted["order_id"].clone();
    assert_eq!((&accepted["count"], &order(&mut client, &id)["slices"]), (&json!(3_304), &json!(7)));
    let found = until("what the carrier says of it", PATIENCE, || {
        let found = adds_up(&mut client, &id);
        (found["delivered"] == 1_200 && found["failed"] == 20 && found["sent"] == 2_084).then_some(found)
    });
    let told = |it: &Value| ["status", "pending", "progress_pct", "completed_pct", "cost"].map(|name| it[name].clone());
    assert_eq!(told(&found), [json!("IN_PROGRESS"), json!(2_084), json!(36.32), json!(36.92), json!("287.448")]);
    // The same after a kill.
    daemon.kill();
    daemon.restart();
    let mut client = daemon.client();
    let after = adds_up(&mut client, &id);
    assert_eq!((&after["delivered"], &after["failed"]), (&json!(1_200), &json!(20)), "{after}");
    // What has not ended meanwhile has not changed at all.
    if after["sent"] == 2_084 {
        assert_eq!(told(&after), told(&found));
    }
    let ended = until("the end of all of it", 2 * PATIENCE, || {
        let found = adds_up(&mut client, &id);
        (found["pending"] == 0).then_some(found)
    });
    assert_eq!(told(&ended), [json!("PARTIAL"), json!(0), json!(36.32), json!(100.0), json!("287.448")]);
    for (name, word) in [("delivered", "DELIVERED"), ("failed", "FAILED"), ("unknown", "UNKNOWN"), ("sent", "SENT")] {
        assert_eq!(Some(listed(&mut client, &id, word)), ended[name].as_u64(), "{word}");
    }
    let orders = client.get("/v1/orders").json();
    assert_eq!(orders["data"], json!([ended]));
}

#[test]
fn totals_equal_their_messages_at_every_moment_and_after_kills() {
    let (_sim, port) =
        sim(&["--latency", "1ms..5ms", "--receipts", "0ms..100ms", "--outcome", "delivrd=5,undeliv=2,expired=1"]);
    let mut daemon = managed(port, "");
    let to: Vec<Value> = (0..4_000).map(|it| json!(format!("+3162{it:07}"))).collect();
    let body = json!({ "to": to, "from": "YOURAPP", "text": "hi" });
    let accepted = daemon.client().post("/v1/messages", &body);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["order_id"].clone();
    for round in 0..4 {
        let mut client = daemon.client();
        until("some progress", PATIENCE, || {
            let found = adds_up(&mut client, &id);
            let ended = found["total"].as_u64().unwrap() - found["pending"].as_u64().unwrap();
            (500 * round < ended || found["pending"] == 0).then_some(())
        });
        daemon.kill();
        daemon.restart();
        let mut client = daemon.client();
        assert_eq!(adds_up(&mut client, &id)["total"], 4_000);
    }
    let mut client = daemon.client();
    let ended = until("the end", 2 * PATIENCE, || {
        let found = adds_up(&mut client, &id);
        (found["pending"] == 0).then_some(found)
    });
    for (name, word) in [("delivered", "DELIVERED"), ("failed", "FAILED"), ("expired", "EXPIRED")] {
        assert_eq!(Some(listed(&mut client, &id, word)), ended[name].as_u64(), "{word}");
        assert_ne!(ended[name], 0, "{ended}");
    }
}

#[test]
fn an_order_is_taken_back_but_for_what_has_left_and_paid_back_over_a_kill() {
    let mut daemon = managed(quiet_port(), "");
    let mut client = daemon.client();
    let id = send(&mut client, &recipients(&[(10_000, "delivrd")]))["order_id"].clone();
    assert_eq!(client.get("/v1/balance").json()["balance"], "130.000");
    let back = client.call("DELETE", &format!("/v1/orders/{id}"), None).unwrap();
    let told = json!({ "order_id": id, "cancelled": 10_000, "left": 0 });
    assert_eq!((back.status, back.json()), (200, told.clone()));
    assert_eq!(client.get("/v1/balance").json()["balance"], "1000.000");
    let found = adds_up(&mut client, &id);
    assert_eq!((&found["status"], &found["cancelled"]), (&json!("CANCELLED"), &json!(10_000)));
    daemon.kill();
    daemon.restart();
    let mut client = daemon.client();
    assert_eq!(client.call("DELETE", &format!("/v1/orders/{id}"), None).unwrap().json(), told);
    assert_eq!(client.get("/v1/balance").json()["balance"], "1000.000");
    // What has left stays, and is paid for.
    let (_sim, port) = sim(&[]);
    let daemon = managed(port, "");
    let mut client = daemon.client();
    let id = send(&mut client, &recipients(&[(30, "none")]))["order_id"].clone();
    until("all of it to leave", PATIENCE, || (order(&mut client, &id)["sent"] == 30).then_some(()));
    let back = client.call("DELETE", &format!("/v1/orders/{id}"), None).unwrap();
    assert_eq!(back.json(), json!({ "order_id": id, "cancelled": 0, "left": 30 }));
    assert_eq!(client.get("/v1/balance").json()["balance"], "997.390");
}

#[test]
fn what_failed_is_sent_again_once_for_each_key() {
    let (_sim, port) = sim(&[]);
    let mut daemon = managed(port, "");
    let mut client = daemon.client();
    let id = send(&mut client, &recipients(&[(30, "delivrd"), (20, "undeliv"), (10, "expired")]))["order_id"].clone();
    until("all of it to end", PATIENCE, || (order(&mut client, &id)["pending"] == 0).then_some(()));
    let path = format!("/v1/orders/{id}/retry");
    let first = client.keyed("POST", &path, &json!({}), "again").unwrap();
    assert_eq!(first.status, 202, "{}", first.text());
    let again = first.json();
    assert_eq!((&again["count"], &again["retry_of"], &again["cost"]), (&json!(30), &id, &json!("2.610")));
    assert_eq!(first.header("location"), Some(&*format!("/v1/orders/{}", again["order_id"])));
    until("the second to end", PATIENCE, || {
        let found = order(&mut client, &again["order_id"]);
        (found["failed"] == 20 && found["expired"] == 10).then_some(())
    });
    daemon.kill();
    daemon.restart();
    let mut client = daemon.client();
    let repeat = client.keyed("POST", &path, &json!({}), "again").unwrap();
    assert_eq!(
        (repeat.json()["order_id"].clone(), repeat.header("idempotent-replayed")),
        (again["order_id"].clone(), Some("true"))
    );
    let orders = client.get("/v1/orders").json()["data"].as_array().unwrap().len();
    assert_eq!(orders, 2);
    let other = client.keyed("POST", &path, &json!({ "statuses": ["FAILED"] }), "again").unwrap();
    assert_eq!((other.status, other.json()["type"].clone()), (422, json!("/problems/idempotency-key-reused")));
    let none = client.post(&path, &json!({ "statuses": ["UNKNOWN"] }));
    assert_eq!((none.status, none.json()["type"].clone()), (409, json!("/problems/nothing-to-retry")));
}

#[test]
fn a_text_that_was_erased_is_not_sent_again() {
    let (_sim, port) = sim(&[]);
    let daemon = managed(port, "class = \"otp\"\n");
    let mut client = daemon.client();
    let id = send(&mut client, &recipients(&[(2, "undeliv")]))["order_id"].clone();
    until("it to end", PATIENCE, || (order(&mut client, &id)["failed"] == 2).then_some(()));
    let refused = client.post(&format!("/v1/orders/{id}/retry"), &json!({}));
    assert_eq!((refused.status, refused.json()["type"].clone()), (422, json!("/problems/text-erased")));
    assert_eq!(client.get("/v1/orders").json()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn two_hundred_at_once_under_one_key_are_one_order_and_so_is_one_after_a_restart() {
    let mut daemon = managed(quiet_port(), "");
    let body = json!({ "to": recipients(&[(40, "none")]), "from": "YOURAPP" });
    let send = |mut client: Client, key: &str| {
        let reply = client.keyed("POST", "/v1/messages", &body, key).unwrap();
        (reply.status, reply.json()["order_id"].clone(), reply.header("idempotent-replayed").is_some())
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..200).map(|_| scope.spawn(|| send(daemon.client(), "double-tap"))).collect();
        all.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|it| it.0 == 202), "{answers:?}");
    let orders: BTreeSet<String> = answers.iter().map(|it| it.1.to_string()).collect();
    assert_eq!(
        (orders.len(), answers.iter().filter(|it| !it.2).count()),
        (1, 1),
        "one was first, and all were told of it"
    );
    let balance = |daemon: &Daemon| daemon.client().get("/v1/balance").json()["balance"].clone();
    assert_eq!(balance(&daemon), "996.520");
    daemon.kill();
    daemon.restart();
    assert_eq!(send(daemon.client(), "double-tap"), (202, answers[0].1.clone(), true));
    assert_eq!(daemon.client().get("/v1/orders").json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(balance(&daemon), "996.520");
    let other = json!({ "to": recipients(&[(41, "none")]), "from": "YOURAPP" });
    let refused = daemon.client().keyed("POST", "/v1/messages", &other, "double-tap").unwrap();
    assert_eq!((refused.status, &refused.json()["type"]), (422, &json!("/problems/idempotency-key-reused")));
}

#[test]
fn an_estimate_is_what_is_then_charged() {
    let daemon = managed(quiet_port(), "");
    let mut client = daemon.client();
    let long = "x".repeat(161);
    let text = |it: usize| if it % 3 == 1 { &*long } else { ["a", "日本"][it % 2] };
    let mut to: Vec<Value> = (0..600).map(|it| json!({ "to": format!("+3163{it:07}"), "text": text(it) })).collect();
    to.extend([json!("06"), json!({ "to": "+31630000000", "text": "a" })]);
    let body = json!({ "to": to, "from": "YOURAPP", "text": "shared" });
    let estimate = client.post("/v1/estimate", &body).json();
    assert_eq!(client.get("/v1/balance").json()["balance"], "1000.000", "nothing is taken for it");
    let accepted = client.post("/v1/messages", &body);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let accepted = accepted.json();
    // 600 messages, of which 200 take two parts.
    assert_eq!(
        (&estimate["cost"], &estimate["parts"], &estimate["count"]),
        (&json!("69.600"), &json!(800), &json!(600))
    );
    for name in ["cost", "count", "rejected", "duplicates", "currency", "route_id"] {
        assert_eq!(estimate[name], accepted[name], "{name}");
    }
    assert_eq!(
        (&accepted["balance_after"], &client.get("/v1/balance").json()["balance"]),
        (&json!("930.400"), &json!("930.400"))
    );
    assert_eq!(order(&mut client, &accepted["order_id"])["cost"], "69.600");
    let messages: BTreeSet<String> =
        estimate["messages"].as_array().unwrap().iter().map(|it| it["cost"].to_string()).collect();
    assert_eq!(messages.len(), 2);
}

/// What was told of the ends of orders, oldest first.
fn completed(client: &mut Client) -> Vec<Value> {
    let page = client.get("/v1/events?types=order.completed&limit=1000").json();
    page["data"].as_array().unwrap().iter().map(|it| it["data"].clone()).collect()
}

/// What an event says of an order is what its page says.
fn tells(event: &Value, page: &Value) {
    let words = ["order_id", "route_id", "status", "total", "delivered", "failed", "expired", "unknown", "cancelled"];
    for name in [&words[..], &["created_at"]].concat() {
        assert_eq!(event[name], page[name], "{name}: {event} {page}");
    }
    assert!(!event["class"].is_null() && event["total"].as_u64().is_some_and(|it| 1 < it), "{event}");
}

#[test]
fn the_end_of_an_order_is_told_once_with_its_totals_over_kills() {
    let web = Web::start(|_, _| Act::Reply(200, "", String::new()));
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let endpoint = format!(
        "[[account.webhook]]\nurl = \"http://127.0.0.1:{}/\"\nsecret_file = \"{}\"\nallow_networks = [\"127.0.0.1\"]\n\
         types = [\"order.completed\"]\n",
        web.port(),
        secret.display()
    );
    let (_sim, port) = sim(&["--receipts", "0ms..700ms"]);
    let mut daemon = Daemon::start(&(account("[1]") + &endpoint + &carrier(port, "") + &route(PRICED)));
    let mut orders = Vec::new();
    for of in [
        &[(600, "delivrd")][..],
        &[(400, "delivrd"), (200, "undeliv")],
        &[(2, "undeliv"), (2, "expired")],
        &[(1, "delivrd")],
    ] {
        orders.push(send(&mut daemon.client(), &recipients(of))["order_id"].clone());
    }
    for _ in 0..3 {
        until("some to end", PATIENCE, || {
            let ended = |id: &Value| {
                order(&mut daemon.client(), id)["pending"].as_u64() < order(&mut daemon.client(), id)["total"].as_u64()
            };
            ended(&orders[0]).then_some(())
        });
        daemon.kill();
        daemon.restart();
    }
    let mut client = daemon.client();
    until("all to end", PATIENCE, || orders.iter().all(|id| order(&mut client, id)["pending"] == 0).then_some(()));
    let several = &orders[..3];
    let told = completed(&mut client);
    assert_eq!(told.len(), several.len(), "{told:?}");
    for id in several {
        let page = adds_up(&mut client, id);
        tells(told.iter().find(|it| it["order_id"] == *id).unwrap_or_else(|| panic!("nothing of {id}")), &page);
    }
    assert_eq!(order(&mut client, &orders[1])["status"], "PARTIAL");
    let called = until("the endpoint to be told", PATIENCE, || {
        let ids: BTreeSet<String> = web.asked().iter().map(|it| it.json()["data"]["order_id"].to_string()).collect();
        (several.len() <= ids.len()).then_some(ids)
    });
    assert_eq!(called, several.iter().map(Value::to_string).collect());
    daemon.kill();
    daemon.restart();
    assert_eq!(completed(&mut daemon.client()), told);
}

#[test]
fn an_order_that_is_taken_back_has_ended_too_and_a_repeat_of_it_does_not_end_again() {
    let mut daemon = managed(quiet_port(), "");
    let mut client = daemon.client();
    let body = json!({ "to": recipients(&[(700, "none")]), "from": "YOURAPP" });
    let first = client.keyed("POST", "/v1/messages", &body, "k").unwrap().json()["order_id"].clone();
    let other = send(&mut client, &recipients(&[(2, "none")]))["order_id"].clone();
    assert!(completed(&mut client).is_empty());
    // What was there before a start is counted from the store.
    daemon.kill();
    daemon.restart();
    let mut client = daemon.client();
    for id in [&first, &other] {
        assert_eq!(client.call("DELETE", &format!("/v1/orders/{id}"), None).unwrap().status, 200);
    }
    let told = completed(&mut client);
    assert_eq!(told.len(), 2, "{told:?}");
    for (event, id) in told.iter().zip([&first, &other]) {
        tells(event, &order(&mut client, id));
        assert_eq!((&event["order_id"], &event["status"]), (id, &json!("CANCELLED")));
    }
    assert_eq!(client.keyed("POST", "/v1/messages", &body, "k").unwrap().json()["order_id"], first);
    client.call("DELETE", &format!("/v1/orders/{first}"), None).unwrap();
    assert_eq!(completed(&mut client), told);
}
