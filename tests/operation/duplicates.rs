//! Who stands twice among the recipients of a request.

use crate::daemon::{Daemon, account, carrier, quiet_port, route};
use crate::operation::requests::problem;
use serde_json::{Value, json};

fn daemon() -> Daemon {
    let shop = account("[1]") + "balance = \"managed\"\nregion = \"NL\"\nquota = \"100/1d\"\n";
    let priced = "price = { default = \"0.10\", currency = \"EUR\" }";
    let daemon = Daemon::start(&(shop + &carrier(quiet_port(), "") + &route(priced)));
    let credit = json!({ "amount": "10", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    daemon
}

fn request(to: Value) -> Value {
    json!({ "to": to, "from": "YOURAPP", "text": "hi" })
}

/// Count, cost and `duplicates` of an answer.
fn told(answer: &Value) -> (u64, &str, &Value) {
    (answer["count"].as_u64().unwrap(), answer["cost"].as_str().unwrap(), &answer["duplicates"])
}

#[test]
fn who_stands_twice_in_a_request_gets_it_once_and_is_told_of() {
    let daemon = daemon();
    let mut client = daemon.client();
    let asked =
        request(json!(["+31612345678", "+31612345679", "06 12345678", { "to": "0031612345678", "text": "hi" }]));
    let left_out = json!({ "count": 2, "left_out": [
        { "to": "06 12345678", "pointer": "/to/2" }, { "to": "0031612345678", "pointer": "/to/3/to" }
    ] });
    let estimate = client.post("/v1/estimate", &asked).json();
    assert_eq!(told(&estimate), (2, "0.200", &left_out), "{estimate}");
    let first = client.keyed("POST", "/v1/messages", &asked, "k").unwrap();
    assert_eq!((first.status, told(&first.json())), (202, (2, "0.200", &left_out)));
    assert_eq!(first.json()["balance_after"], "9.800");
    assert_eq!(first.header("ratelimit"), Some("\"quota\";r=98;t=86400"), "the quota counts what is sent");
    let order = client.get(&format!("/v1/orders/{}", first.json()["order_id"])).json();
    assert_eq!((&order["total"], &order["cost"]), (&json!(2), &json!("0.200")), "{order}");
    let again = client.keyed("POST", "/v1/messages", &asked, "k").unwrap();
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), first.json()));
}

#[test]
fn duplicates_are_sent_on_demand() {
    let daemon = daemon();
    let mut client = daemon.client();
    let asked = |duplicates: Value| {
        let mut asked = request(json!(["+31612345678", "+31612345678"]));
        asked["duplicates"] = duplicates;
        asked
    };
    let both = client.keyed("POST", "/v1/messages", &asked(json!("send")), "k").unwrap();
    assert_eq!((both.status, told(&both.json())), (202, (2, "0.200", &Value::Null)), "{}", both.text());
    let other = client.keyed("POST", "/v1/messages", &asked(json!("drop")), "k").unwrap();
    problem(&other, 422, "idempotency-key-reused");
    let one = client.post("/v1/messages", &asked(json!("drop"))).json();
    assert_eq!((one["count"].as_u64(), &one["duplicates"]["count"]), (Some(1), &json!(1)), "{one}");
    for (unheard, detail) in [(json!("sned"), "must be drop or send"), (json!(true), "must be a text")] {
        let refused = client.post("/v1/messages", &asked(unheard));
        let fault = problem(&refused, 422, "invalid-request")["errors"][0].clone();
        assert_eq!(fault, json!({ "detail": detail, "pointer": "/duplicates" }));
    }
}

#[test]
fn what_differs_is_no_duplicate_and_what_is_refused_is_none() {
    let daemon = daemon();
    let mut client = daemon.client();
    let own = |text: &str, reference: &str| json!({ "to": "+31612345678", "text": text, "client_ref": reference });
    let asked = request(json!([own("a", "1"), own("b", "1"), own("a", "2"), "+31612345678"]));
    let all = client.post("/v1/messages", &asked).json();
    assert_eq!(told(&all), (4, "0.400", &Value::Null), "{all}");
    let same = request(json!([own("a", "1"), own("b", "1"), own("a", "1"), "nobody", "nobody"]));
    let some = client.post("/v1/messages", &same).json();
    let left_out = json!({ "count": 1, "left_out": [{ "to": "+31612345678", "pointer": "/to/2/to" }] });
    assert_eq!(told(&some), (2, "0.200", &left_out), "{some}");
    assert_eq!(some["rejected"].as_array().unwrap().len(), 2, "{some}");
    let many = client.post("/v1/estimate", &request(json!(vec!["+31612345678"; 1_000]))).json();
    assert_eq!((&many["count"], &many["duplicates"]["count"]), (&json!(1), &json!(999)));
    assert_eq!(many["duplicates"]["left_out"].as_array().unwrap().len(), 100, "the first are named");
}
