//! Asking a carrier about messages that it says nothing of, and what is learned of its ids.

use crate::daemon::raw::{self, Frame, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, route, until};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const QUERY_SM: u32 = 3;
/// ESME_RINVMSGID and ESME_RINVCMDID.
const INVALID_ID: u32 = 0x0C;
const INVALID_COMMAND: u32 = 3;

fn daemon(smsc: &Smsc, more: &str) -> Daemon {
    Daemon::start(&(account("[1]") + &carrier(smsc.port(), more) + &route("")))
}

/// Sends a message, has it taken under this id, and gives its page's path.
fn taken(daemon: &Daemon, link: &mut Link, id: &str) -> String {
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": format!("as {id}") });
    let accepted = daemon.client().post("/v1/messages", &body);
    assert_eq!(accepted.status, 202);
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, format!("{id}\0").as_bytes());
    format!("/v1/messages/{}", accepted.json()["messages"][0]["id"].as_str().unwrap())
}

fn comes_to(daemon: &Daemon, page: &str, status: &str) -> Value {
    until(&format!("{page} is {status}"), PATIENCE, || {
        let page = daemon.client().get(page).json();
        (page["status"] == status).then_some(page)
    })
}

/// The next question, which must be about this id, from the sender of the submit.
fn asked(link: &mut Link, id: &str) -> Frame {
    let query = link.read_command(QUERY_SM);
    assert_eq!(query.body, [id.as_bytes(), b"\0\x05\0YOURAPP\0"].concat());
    query
}

#[test]
fn a_silent_message_is_asked_about_until_its_end_is_known() {
    let smsc = Smsc::new();
    let mut daemon = daemon(&smsc, "query = true\nquery_after = \"200ms\"");
    let mut link = smsc.bound();
    let page = taken(&daemon, &mut link, "a1");
    // It is still tried, then it is not known for now, then it was delivered.
    let first = asked(&mut link, "a1");
    link.answer(&first, 0, b"a1\0\0\x01\0");
    let second = asked(&mut link, "a1");
    link.answer(&second, 0x58, &[]);
    // A restart forgets how long to wait, not whom to ask about.
    assert_eq!(comes_to(&daemon, &page, "SENT")["error"], Value::Null);
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    let third = asked(&mut link, "a1");
    link.answer(&third, 0, b"a1\x00260101123005004+\0\x02\0");
    let shown = comes_to(&daemon, &page, "DELIVERED");
    let receipt = &shown["attempts"][0]["receipt"];
    assert_eq!((&receipt["raw_status"], &receipt["done_at"]), (&json!("DELIVRD"), &json!("2026-01-01T11:30:05.000Z")));

    // Whom the carrier does not know is not asked about again, and whom it knows still is.
    let unknown = taken(&daemon, &mut link, "b2");
    let question = asked(&mut link, "b2");
    link.answer(&question, INVALID_ID, &[]);
    let failed = taken(&daemon, &mut link, "c3");
    let question = asked(&mut link, "c3");
    link.answer(&question, 0, b"c3\0\0\x05\x1B");
    assert_eq!(comes_to(&daemon, &failed, "FAILED")["error"]["carrier_code"], "027");
    comes_to(&daemon, &unknown, "SENT");
    let page = daemon.metrics();
    for (result, count) in [("final", 2.0), ("refused", 1.0), ("pending", 0.0), ("unanswered", 0.0)] {
        assert_eq!(page.value(&format!("queries_total{{carrier=\"acme\",result=\"{result}\"}}")), count, "{result}");
    }
    // Nor is a carrier asked that does not serve the operation.
    taken(&daemon, &mut link, "d4");
    let question = asked(&mut link, "d4");
    link.send(&raw::pdu(raw::GENERIC_NACK, INVALID_COMMAND, question.sequence, &[]));
    taken(&daemon, &mut link, "e5");
    taken(&daemon, &mut link, "f6");
    daemon.signal(rustix::process::Signal::TERM);
    let last = loop {
        let frame = link.read().expect("an unbind comes");
        assert_ne!(frame.command, QUERY_SM, "{frame:?}");
        if frame.command == raw::UNBIND {
            break frame;
        }
    };
    link.answer(&last, 0, &[]);
    assert_eq!(daemon.end().code(), Some(0));
}

#[test]
fn a_receipt_that_comes_before_its_answer_is_found_by_either_of_its_ids() {
    let smsc = Smsc::new();
    let mut daemon = daemon(&smsc, "");
    let mut link = smsc.bound();
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" });
    let accepted = daemon.client().post("/v1/messages", &body).json();
    let submit = link.read_command(raw::SUBMIT_SM);
    // Its parameter has a suffix that neither its text nor the answer has.
    let receipt = [&raw::deliver(4, b"id:1479.3937 stat:DELIVRD err:000")[..], b"\0\x1E\0\x0B1479.3937@1\0"].concat();
    link.send_pdu(raw::DELIVER_SM, 7, &receipt);
    assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    link.answer(&submit, 0, b"1479.3937\0");
    comes_to(&daemon, &format!("/v1/messages/{}", accepted["messages"][0]["id"].as_str().unwrap()), "DELIVERED");
    assert_eq!(daemon.terminate().code(), Some(0));
}

#[test]
fn how_a_carrier_writes_its_ids_is_learned_and_survives_a_kill() {
    const LEARNED: &str = "message_id_form{carrier=\"acme\",form=\"resp-hex\"}";
    let smsc = Smsc::new();
    let mut daemon = daemon(&smsc, "");
    let mut link = smsc.bound();
    let receipt = |link: &mut Link, from: &[u8], id: u32| {
        let mut body = [b"\0\x01\x01", from, b"\0\x05\0YOURAPP\0\x04\0\0\0\0\0\0\0\0"].concat();
        let text = format!("id:{id:010} stat:DELIVRD err:000");
        body.push(text.len() as u8);
        body.extend(text.bytes());
        link.send_pdu(raw::DELIVER_SM, id, &body);
        assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    };
    for id in [0x6AAD5_u32, 0x6AAD6, 0x6AAD7] {
        assert_eq!(daemon.metrics().value(LEARNED), 0.0);
        let page = taken(&daemon, &mut link, &format!("{id:x}"));
        receipt(&mut link, b"31612345678", id);
        comes_to(&daemon, &page, "DELIVERED");
    }
    assert_eq!(daemon.metrics().value(LEARNED), 1.0);
    assert_eq!(daemon.said("was learned", 1)["message_id"], "resp-hex");
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    // A receipt that does not name the handset is believed now by its converted id alone.
    let page = taken(&daemon, &mut link, "6aad8");
    receipt(&mut link, b"", 0x6AAD8);
    comes_to(&daemon, &page, "DELIVERED");
    assert_eq!(daemon.metrics().value(LEARNED), 1.0);
}
