//! Habits 35 to 45: what an SMSC answers to a submit and to a bind.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::until;
use crate::quirks::session::alone;
use crate::quirks::stage::{INVALID_LENGTH, PATIENCE, Stage, tlv};
use serde_json::Value;
use std::time::{Duration, Instant};

const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;

/// ESME_RTHROTTLED and ESME_RMSGQFUL.
const THROTTLED: u32 = 0x58;
const QUEUE_FULL: u32 = 0x14;

#[test]
fn quirk_35_an_error_response_has_any_body_or_none() {
    let mut stage = Stage::with("", "retry = { attempts = 1 }");
    let info = tlv(0x001D, b"no such number");
    let id_and_info = [b"0b5f\0", &info[..]].concat();
    let cases: [(u32, &[u8]); 8] = [
        (0x0A, b""),
        (0x0A, &[0; 4]),
        (0x0B, b"0b5f\0"),
        (0x45, b"\0"),
        (0x0B, &info),
        (0x0B, &id_and_info),
        (0x45, &[0xFF, 0xFE, 0x80]),
        (0x45, &[0x00, 0x1D, 0xFF, 0xFF, b'x']),
    ];
    for (status, body) in cases {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, status, body);
        let attempt = stage.first_answer(&id);
        assert_eq!((attempt["answer"].as_str(), &attempt["command_status"]), (Some("elsewhere"), &Value::from(status)));
        assert_eq!(attempt["carrier_message_id"], Value::Null, "{body:02x?}");
        // The only carrier of the route has refused it.
        stage.becomes(&id, "FAILED");
    }
    assert_eq!(stage.daemon.metrics().sum("malformed_pdus_total", &[]), 0.0);
    stage.works();
}

#[test]
fn quirk_36_a_message_that_was_taken_without_an_id_is_sent() {
    let mut stage = Stage::new("");
    for (taken, body) in (1..).zip([&b""[..], b"\0", &[0; 3]]) {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, body);
        let message = stage.becomes(&id, "SENT");
        assert_eq!(message["attempts"][0]["answer"], "taken");
        assert_eq!(message["attempts"][0]["carrier_message_id"], Value::Null);
        // Its receipt fits nothing, and is confirmed and kept all the same.
        stage.receipt(&format!("id:unheard{taken} stat:DELIVRD err:000"));
        stage.shows("receipts_parked", f64::from(taken));
        assert_eq!(stage.message(&id)["status"], "SENT");
    }
}

#[test]
fn quirk_37_the_id_in_a_deliver_sm_resp_is_empty() {
    let mut stage = Stage::new("");
    // A receipt, a message from a handset, and the same in a data_sm.
    for (esm_class, text) in [(4, &b"id:9 stat:DELIVRD"[..]), (0, b"hello")] {
        let answer = stage.deliver(&raw::deliver(esm_class, text));
        assert_eq!(answer.body, [0], "esm_class {esm_class}");
        let payload = tlv(0x0424, text);
        let data = [&b"\0\x01\x0131612345678\0\0\0shop\0"[..], &[esm_class, 0, 0], &payload].concat();
        let sequence = stage.next();
        stage.link.send_pdu(0x103, sequence, &data);
        let answer = stage.link.read_command(0x8000_0103);
        assert_eq!((answer.sequence, &answer.body[..]), (sequence, &[0][..]), "esm_class {esm_class}");
    }
    // And in a refusal of what cannot be read.
    assert_eq!(stage.deliver(b"\0\x01").body, [0]);
}

#[test]
fn quirk_38_a_receipt_may_come_before_the_answer() {
    let mut stage = Stage::new("");
    let (id, submit) = stage.submit("one");
    stage.receipt("id:early stat:DELIVRD err:000");
    stage.shows("receipts_parked", 1.0);
    stage.link.answer(&submit, 0, b"early\0");
    let message = stage.becomes(&id, "DELIVERED");
    assert_eq!(message["attempts"][0]["receipt"]["raw_status"], "DELIVRD");
    stage.shows("receipts_parked", 0.0);
}

#[test]
fn quirk_39_a_generic_nack_answers_the_request_of_its_number() {
    let mut stage = Stage::new("");
    let (id, submit) = stage.submit("one");
    // One that names nothing is passed over and counted, whatever it complains of.
    stage.link.send(&raw::pdu(raw::GENERIC_NACK, 0x45, 0, &[]));
    stage.link.send(&raw::pdu(raw::GENERIC_NACK, INVALID_LENGTH, 0x0070_0000, &[]));
    stage.counts("sequence", 2.0);
    assert_eq!(stage.message(&id)["attempts"][0]["answer"], Value::Null);
    stage.link.send(&raw::pdu(raw::GENERIC_NACK, 0x45, submit.sequence, &[]));
    let attempt = stage.first_answer(&id);
    assert_eq!((&attempt["answer"], &attempt["command_status"]), (&"elsewhere".into(), &0x45.into()));
    // A nack that says that all is well has taken nothing.
    let (id, submit) = stage.submit("two");
    stage.link.send(&raw::pdu(raw::GENERIC_NACK, 0, submit.sequence, &[]));
    assert_eq!(stage.first_answer(&id)["answer"], "never");
    stage.works();
    // Twice the length of what nobody sent: they have lost the boundaries of PDUs.
    stage.link.send(&raw::pdu(raw::GENERIC_NACK, INVALID_LENGTH, 0, &[]));
    stage.link.read_to_close();
    stage.daemon.said("session ended", 1);
    stage.link = stage.smsc.bound();
    stage.works();
}

#[test]
fn quirk_40_an_answer_with_a_wrong_number_is_passed_over_and_counted() {
    let mut stage = Stage::new("");
    let (first, one) = stage.submit("one");
    let (second, two) = stage.submit("two");
    stage.link.send(&raw::pdu(one.command | raw::RESPONSE, 0, 0x0050_0000, b"lost\0"));
    stage.link.answer(&one, 0, b"a\0");
    // The number of the first again, where that of the second should stand.
    stage.link.answer(&one, 0, b"b\0");
    stage.counts("sequence", 2.0);
    assert_eq!(stage.first_answer(&first)["carrier_message_id"], "a");
    assert_eq!(stage.message(&second)["attempts"][0]["answer"], Value::Null);
    stage.link.answer(&two, 0, b"c\0");
    assert_eq!(stage.first_answer(&second)["carrier_message_id"], "c");
}

#[test]
fn a_response_of_another_operation_with_the_number_of_an_open_submit_is_passed_by() {
    let mut stage = Stage::new("");
    // enquire_link_resp, deliver_sm_resp, query_sm_resp, data_sm_resp, unbind_resp, bind_transceiver_resp.
    let others: [(u32, &[u8]); 6] =
        [(0x15, b""), (0x05, b"x\0"), (0x03, b"x\0\0\x02\0"), (0x0103, b"x\0"), (0x06, b""), (0x09, b"x\0")];
    for (nth, (command, body)) in (1_u32..).zip(others) {
        let (id, submit) = stage.submit("one");
        stage.link.send(&raw::pdu(command | raw::RESPONSE, 0, submit.sequence, body));
        stage.counts("sequence", f64::from(nth));
        assert_eq!(stage.message(&id)["attempts"][0]["answer"], Value::Null, "{command:#x}");
        stage.link.answer(&submit, 0, format!("{}\0", 700_000_000 + nth).as_bytes());
        assert_eq!(stage.first_answer(&id)["carrier_message_id"], (700_000_000 + nth).to_string());
        stage.receipt(&format!("id:{} stat:DELIVRD err:000", 700_000_000 + nth));
        stage.becomes(&id, "DELIVERED");
    }
}

#[test]
fn quirk_41_already_bound_is_a_refusal_that_waits_for_the_old_session() {
    let lines = "reconnect = { base = \"10ms\", max = \"20ms\", already_bound = \"700ms\" }";
    let smsc = Smsc::new();
    let daemon = alone(smsc.port(), lines);
    let mut link = smsc.accept();
    let bind = link.read().expect("a bind");
    let refused = Instant::now();
    link.answer(&bind, 0x05, b"raw\0");
    link.read_to_close();
    let mut again = smsc.accept();
    assert!(Duration::from_millis(700) <= refused.elapsed(), "it came back after {:?}", refused.elapsed());
    let line = daemon.said("session ended", 1);
    assert!(line["reason"].as_str().is_some_and(|it| it.ends_with("ESME_RALYBND")), "{line}");
    assert_eq!(daemon.metrics().value("link_up{carrier=\"acme\",bind=\"acme-1\"}"), 0.0);
    let bind = again.read().expect("a bind");
    again.answer(&bind, 0, b"raw\0");
    daemon.said("bound", 1);
}

#[test]
fn quirk_42_what_a_carrier_throttles_is_sent_again_and_has_used_up_no_attempt() {
    let mut stage = Stage::with("", "retry = { attempts = 1 }");
    for (nth, status) in [(1, THROTTLED), (2, QUEUE_FULL)] {
        let (id, submit) = stage.submit("one");
        let other = stage.accept("+31612345679", "waits too");
        let at_once = stage.link.read_command(raw::SUBMIT_SM);
        stage.link.answer(&submit, status, &[]);
        stage.link.answer(&at_once, status, &[]);
        let next = stage.link.read_command(raw::SUBMIT_SM);
        stage.link.answer(&next, 0, format!("a{nth}\0").as_bytes());
        let next = stage.link.read_command(raw::SUBMIT_SM);
        stage.link.answer(&next, 0, format!("b{nth}\0").as_bytes());
        // Neither was a try: the route allows no second one.
        for id in [id, other] {
            let message = stage.becomes(&id, "SENT");
            assert_eq!(message["attempts"][0]["answer"], "taken");
        }
        stage.shows("throttled_total{carrier=\"acme\"}", f64::from(2 * nth));
    }
}

#[test]
fn quirk_43_a_status_that_no_table_knows_keeps_its_number() {
    let mut stage = Stage::with("", "retry = { attempts = 1 }");
    let cases = [
        (0x22, "never"),
        (0x94, "never"),
        (0x400, "elsewhere"),
        (0x401, "never"),
        (0x4FF, "elsewhere"),
        (0xDEAD, "never"),
        (u32::MAX, "never"),
    ];
    for (status, answer) in cases {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, status, &[]);
        let attempt = stage.first_answer(&id);
        assert_eq!((&attempt["command_status"], &attempt["answer"]), (&status.into(), &answer.into()));
        let message = stage.becomes(&id, "FAILED");
        assert_eq!(message["error"]["carrier_code"], format!("0x{status:08X}"));
    }
    stage.works();
}

#[test]
fn quirk_44_no_coverage_is_about_the_number_and_no_permission_is_about_the_carrier() {
    let mut stage = Stage::with("", "retry = { base = \"10ms\", max = \"20ms\" }");
    // RINVDSTADR, whether the number is wrong or the carrier has no way to it: it would say so again.
    let (id, submit) = stage.submit("one");
    stage.link.answer(&submit, 0x0B, b"\0");
    let message = stage.becomes(&id, "FAILED");
    assert_eq!((&message["error"]["code"], &message["attempts"][1]), (&"NUMBER_INVALID".into(), &Value::Null));
    // RINVCMDID in the response of a submit: this account may not use it, now. It is tried again.
    let (id, submit) = stage.submit("two");
    stage.link.answer(&submit, 0x03, &[]);
    let again = stage.link.read_command(raw::SUBMIT_SM);
    stage.link.answer(&again, 0, b"two\0");
    let message = stage.becomes(&id, "SENT");
    let answers = [&message["attempts"][0]["answer"], &message["attempts"][1]["answer"]];
    assert_eq!(answers, ["elsewhere", "taken"]);
    assert_eq!(message["attempts"][1]["cause"], "retry");
}

#[test]
fn quirk_45_a_refused_bind_has_no_body_and_is_tried_again() {
    let smsc = Smsc::new();
    let daemon = alone(smsc.port(), "reconnect = { base = \"10ms\", max = \"20ms\", refused = \"50ms\" }");
    // RINVSYSID, RINVPASWD, RINVSYSTYP, RBINDFAIL: none of them ends the link for good.
    for (status, body) in [(0x0F, &b""[..]), (0x0E, b"\0"), (0x53, b""), (0x0D, b"raw\0")] {
        let mut link = smsc.accept();
        let bind = link.read().expect("a bind");
        link.answer(&bind, status, body);
        link.read_to_close();
    }
    // A nack refuses a bind as well, and an answer to another request does not answer it.
    let mut link = smsc.accept();
    let bind = link.read().expect("a bind");
    link.send(&raw::pdu(BIND_TRANSCEIVER_RESP, 0, bind.sequence + 1, b"raw\0"));
    link.send(&raw::pdu(raw::GENERIC_NACK, 0x03, bind.sequence, &[]));
    link.read_to_close();
    daemon.said("session ended", 5);
    // A success without a body, or without a name, is a success.
    for body in [&b""[..], b"\0"] {
        let mut link = smsc.accept();
        let bind = link.read().expect("a bind");
        link.answer(&bind, 0, body);
        until("it is up", PATIENCE, || {
            (daemon.metrics().value("link_up{carrier=\"acme\",bind=\"acme-1\"}") == 1.0).then_some(())
        });
    }
}
