//! What a customer is shown of carriers.

use crate::daemon::raw::{self, Link, Smsc, deliver};
use crate::daemon::{Daemon, account, carrier, route, until};
use crate::operation::requests::{BODY, problem};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A daemon whose account has these lines, and the link of its carrier, which charges 0.031.
fn daemon(more: &str) -> (Daemon, Link) {
    let smsc = Smsc::new();
    let acme = carrier(smsc.port(), "cost = { default = \"0.031\", currency = \"EUR\" }");
    let priced = route("price = { default = \"0.087\", currency = \"EUR\" }");
    let inbound = "[[inbound]]\nto = [\"shop\"]\naccount = \"shop\"\n";
    let daemon = Daemon::start(&(account("[1]") + more + &acme + &priced + inbound));
    (daemon, smsc.bound())
}

/// Sends a message that the carrier takes and then says of that it did not arrive, and gives its page.
fn failed(daemon: &Daemon, link: &mut Link) -> Value {
    let body: Value = serde_json::from_str(BODY).unwrap();
    let sent = daemon.client().post("/v1/messages", &body);
    assert_eq!(sent.status, 202, "{}", sent.text());
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"1d305b4c\0");
    let receipt =
        b"id:1d305b4c sub:001 dlvrd:000 submit date:2611201000 done date:2611201001 stat:UNDELIV err:027 text:";
    link.send_pdu(raw::DELIVER_SM, 77, &deliver(4, receipt));
    let path = format!("/v1/messages/{}", sent.json()["messages"][0]["id"].as_str().unwrap());
    until("it failed", PATIENCE, || Some(daemon.client().get(&path).json()).filter(|it| it["status"] == "FAILED"))
}

#[test]
fn a_customer_with_a_balance_sees_routes_and_neither_carriers_nor_what_they_charge() {
    let (daemon, mut link) = daemon("balance = \"managed\"\n");
    let credit = json!({ "amount": "10", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    let page = failed(&daemon, &mut link);
    link.send_pdu(raw::DELIVER_SM, 78, &deliver(0, b"hello"));
    let event = until("an event", PATIENCE, || {
        Some(daemon.client().get("/v1/events?types=message.received").json()["data"][0].clone())
            .filter(Value::is_object)
    });
    let mut client = daemon.client();
    let body: Value = serde_json::from_str(BODY).unwrap();
    let estimate = client.post("/v1/estimate", &body).json();
    let order = client.get(&format!("/v1/orders/{}/messages", page["order_id"])).json();
    let list = client.get("/v1/messages").json();
    for shown in [&page, &order, &list, &event, &estimate, &client.get("/v1/routes/1").json()] {
        let text = shown.to_string();
        for word in ["acme", "0.031", "1d305b4c", "\"UNDELIV\"", "\"027\"", "2611201001", "+00:00"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    assert_eq!((&event["data"]["text"], &event["data"]["carrier"]), (&json!("hello"), &Value::Null));
    assert_eq!(estimate["carriers"], Value::Null);
    let attempt = &page["attempts"][0];
    for hidden in ["carrier", "bind", "command_status", "carrier_message_id", "cost"] {
        assert_eq!(attempt.get(hidden), Some(&Value::Null), "{hidden}");
    }
    let receipt = &attempt["receipt"];
    assert_eq!(
        (&receipt["status"], &receipt["raw_status"], &receipt["tlvs"]),
        (&json!("FAILED"), &Value::Null, &Value::Null)
    );
    assert_eq!((&attempt["answer"], &page["error"]["carrier_code"]), (&json!("taken"), &Value::Null));
    assert!(
        page["error"]["code"].is_string() && receipt["received_at"].is_string() && page["cost"] == "0.087",
        "{page}"
    );
    let refused = client.get("/v1/messages?carrier_message_id=1d305b4c");
    assert_eq!(problem(&refused, 422, "invalid-request")["errors"][0]["pointer"], "/carrier_message_id");
    let path = format!("/admin/v1/messages/{}", page["id"].as_str().unwrap());
    let whole = daemon.operator().get(&path).json()["attempts"][0].clone();
    assert_eq!(
        (&whole["carrier"], &whole["cost"], &whole["command_status"]),
        (&json!("acme"), &json!("0.031"), &json!(0))
    );
    assert_eq!((&whole["bind"], &whole["carrier_message_id"]), (&json!("acme-1"), &json!("1d305b4c")));
    assert_eq!((&whole["receipt"]["raw_status"], &whole["receipt"]["error_code"]), (&json!("UNDELIV"), &json!("027")));
}

#[test]
fn an_account_is_shown_carriers_where_the_operator_says_so_and_their_charges_never() {
    let (daemon, mut link) = daemon("shows = \"carrier\"\n");
    let page = failed(&daemon, &mut link);
    let attempt = &page["attempts"][0];
    assert_eq!((&attempt["carrier"], &attempt["carrier_message_id"]), (&json!("acme"), &json!("1d305b4c")));
    assert_eq!((&attempt["receipt"]["raw_status"], &page["error"]["carrier_code"]), (&json!("UNDELIV"), &json!("027")));
    assert_eq!((&attempt["cost"], &page["cost"]), (&Value::Null, &json!("0.087")));
    let found = daemon.client().get("/v1/messages?carrier_message_id=1d305b4c").json();
    assert_eq!(found["data"][0]["id"], page["id"]);
}
