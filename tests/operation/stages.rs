//! Where on its way a message is refused or fails, row by row of the table that the gateway was built after.

use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, KEY, PATIENCE, account, carrier, route, until};
use serde_json::{Value, json};

const PRICED: &str = "price = { NL = \"0.087\", currency = \"EUR\" }\nvalidity = \"4s\"\nreceipt_timeout = \"1s\"\nretry = { attempts = 1 }\n";

/// What is expected of a row.
enum Stage {
    /// Refused before anything is stored: the status of HTTP, the stage, the problem.
    Refused(u16, &'static str, &'static str),
    /// Accepted, and then: the status of the message, the stage and the code of its error.
    Ends(&'static str, Value, Value),
}

#[test]
fn what_fails_is_said_with_its_stage_and_nothing_that_is_known_to_have_failed_stays_pending() {
    let (_sim, port) = sim(&[]);
    let daemon = Daemon::start(&(account("[1]") + "balance = \"managed\"\n" + &carrier(port, "") + &route(PRICED)));
    let credit = json!({ "amount": "0.50", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    let to = |word: &str| json!({ "to": "+31612345678", "from": "YOURAPP", "text": format!("#sim:{word}") });
    let with = |field: &str, value: Value| {
        let mut body = to("delivrd");
        body[field] = value;
        body
    };
    let many = json!(["+31612345671", "+31612345672", "+31612345673", "+31612345674", "+31612345675", "+31612345676"]);
    let refused = Stage::Refused;
    let ends = |status, stage: &'static str, code: &'static str| Stage::Ends(status, json!(stage), json!(code));
    let rows = [
        ("missing API key", "", to("delivrd"), refused(401, "auth", "unauthorized")),
        ("validation", KEY, with("to", json!("06")), refused(422, "validation", "invalid-request")),
        ("invalid route", KEY, with("route_id", json!(9)), refused(422, "validation", "invalid-request")),
        ("no pricing", KEY, with("to", json!("+4915112345678")), refused(422, "pricing", "no-price")),
        ("insufficient balance", KEY, with("to", many), refused(402, "quota", "insufficient-balance")),
        ("provider submit failed", KEY, to("submitfail"), ends("FAILED", "submit", "SUBMIT_ERROR")),
        ("delivery rejected", KEY, to("rejectd"), ends("FAILED", "delivery", "REJECTED")),
        ("receipt of delivery", KEY, to("delivrd"), Stage::Ends("DELIVERED", Value::Null, Value::Null)),
        ("time-out", KEY, to("none"), ends("UNKNOWN", "delivery", "NO_RECEIPT")),
    ];
    let mut accepted = Vec::new();
    for (row, key, body, expected) in rows {
        let reply = daemon.client_with(key).post("/v1/messages", &body);
        match expected {
            Stage::Refused(status, stage, code) => {
                let told = reply.json();
                let told = (reply.status, told["stage"].clone(), told["type"].clone());
                assert_eq!(told, (status, json!(stage), json!(format!("/problems/{code}"))), "{row}");
                assert_eq!(orders(&daemon), accepted.len(), "{row}: nothing is stored");
            }
            Stage::Ends(status, stage, code) => {
                assert_eq!(reply.status, 202, "{row}: {}", reply.text());
                accepted.push((row, reply.json()["order_id"].clone(), (status, stage, code)));
            }
        }
    }
    for (row, order, expected) in accepted {
        let message = until(row, PATIENCE, || {
            let it = daemon.client().get(&format!("/v1/orders/{order}/messages")).json()["data"][0].clone();
            (it["status"] != "QUEUED" && it["status"] != "SENT").then_some(it)
        });
        let error = &message["error"];
        let told = (message["status"].as_str().unwrap(), error["stage"].clone(), error["code"].clone());
        assert_eq!(told, expected, "{row}: {message}");
    }
}

fn orders(daemon: &Daemon) -> usize {
    daemon.client().get("/v1/orders").json()["data"].as_array().unwrap().len()
}
