//! What leaves: senders in the alphabet of the carrier, numbers without leading zeros, and how long a message is worth
//! sending. The real binary against an SMSC of bare octets, which is read without nuncio's own code.

use crate::daemon::raw::{Frame, SUBMIT_SM, Smsc};
use crate::daemon::{Daemon, PATIENCE, account, carrier, carrier_named, route, until};
use serde_json::{Value, json};

/// Type, plan and octets of the sender, and the validity.
fn read(frame: &Frame) -> (u8, u8, Vec<u8>, String) {
    let mut rest = &frame.body[..];
    let mut word = |skip: usize| {
        let head = rest.split_off(..skip).expect("the field is there");
        let end = rest.iter().position(|it| *it == 0).expect("an end");
        let word = rest.split_off(..end).expect("the field is there").to_vec();
        rest = &rest[1..];
        (head.to_vec(), word)
    };
    let _service_type = word(0);
    let (kind, sender) = word(2);
    let _destination = word(2);
    let _scheduled = word(3);
    let (_, validity) = word(0);
    (kind[0], kind[1], sender, String::from_utf8(validity).expect("ASCII"))
}

fn hello(from: &str) -> Value {
    json!({ "to": "+31612345678", "from": from, "text": "hello" })
}

/// A carrier `beta` beside `acme`.
fn beta(port: u16, more: &str) -> String {
    carrier_named("beta", port, more)
}

/// What a carrier with these lines sees of each sender.
fn seen(more: &str, region: &str, senders: &[&str]) -> Vec<(u8, u8, Vec<u8>)> {
    let smsc = Smsc::new();
    let account = account("[1]") + region + "\n";
    let daemon = Daemon::start(&(account + &carrier(smsc.port(), more) + &route("")));
    let mut link = smsc.bound();
    let mut seen = Vec::new();
    for (nth, from) in senders.iter().enumerate() {
        let accepted = daemon.client().post("/v1/messages", &hello(from));
        assert_eq!(accepted.status, 202, "{from}: {}", accepted.text());
        let submit = link.read_command(SUBMIT_SM);
        let (ton, npi, sender, _) = read(&submit);
        seen.push((ton, npi, sender));
        link.answer(&submit, 0, format!("id-{nth}\0").as_bytes());
    }
    seen
}

#[test]
fn a_name_leaves_in_the_alphabet_that_the_carrier_reads() {
    let name = |octets: &[u8]| (5, 0, octets.to_vec());
    let gsm = seen("sender_alphabet = \"gsm7\"", "", &["ÅSA", "€uro", "SHOP_NL"]);
    assert_eq!(gsm, [name(b"\x0ESA"), name(b"\x1Beuro"), name(b"SHOP\x11NL")]);
    assert_eq!(seen("alphabet = \"latin1\"", "", &["ÅSA", "SHOP_NL"]), [name(b"\xC5SA"), name(b"SHOP_NL")]);
    assert_eq!(seen("", "", &["SHOP_NL", "A@B"]), [name(b"SHOP_NL"), name(b"A@B")]);
}

#[test]
fn a_name_that_no_carrier_can_be_told_is_refused_and_one_that_another_can_goes_there() {
    let (acme, other) = (Smsc::new(), Smsc::new());
    let both = route("").replace("[\"acme\"]", "[\"acme\", \"beta\"]");
    let alone = "[[route]]\nid = 2\ncarriers = [\"acme\"]\n";
    let gsm = beta(other.port(), "sender_alphabet = \"gsm7\"");
    let daemon = Daemon::start(&(account("[1, 2]") + &carrier(acme.port(), "") + &gsm + &both + alone));
    let (_idle, mut link) = (acme.bound(), other.bound());
    let mut body = hello("ÅSA");
    let estimate = daemon.client().post("/v1/estimate", &body);
    assert_eq!(estimate.json()["carriers"], json!(["beta"]), "{}", estimate.text());
    let asked = "/admin/v1/routes/dry-run?to=%2B31612345678&account=shop&from=%C3%85SA";
    let shown = daemon.operator().get(asked).json();
    assert_eq!((&shown["goes_to"], &shown["carriers"][0]["takes"]), (&json!("beta"), &json!(false)), "{shown}");
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    assert_eq!(read(&link.read_command(SUBMIT_SM)).2, b"\x0ESA");
    body["route_id"] = 2.into();
    for path in ["/v1/estimate", "/v1/messages"] {
        let refused = daemon.client().post(path, &body);
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/from")), "{path}");
        assert!(refused.text().contains("sender_alphabet"), "{}", refused.text());
    }
    let shown = daemon.operator().get(&format!("{asked}&route_id=2")).json();
    assert_eq!(shown["accepted"], false, "{shown}");
    // Every carrier can be told this one, and the first takes it.
    assert_eq!(daemon.client().post("/v1/estimate", &hello("SHOP")).json()["carriers"], json!(["acme", "beta"]));
}

#[test]
fn a_number_leaves_without_leading_zeros_or_not_at_all() {
    let number = |ton, npi, digits: &[u8]| (ton, npi, digits.to_vec());
    let here = seen("", "region = \"NL\"", &["0031612345678", "0612345678", "00000"]);
    let dutch = number(1, 1, b"31612345678");
    assert_eq!(here, [dutch.clone(), dutch.clone(), number(3, 0, b"00000")]);
    assert_eq!(seen("", "", &["0031612345678"]), [dutch]);
    let daemon = Daemon::start(&(account("[1]") + &carrier(crate::daemon::quiet_port(), "") + &route("")));
    for from in ["0612345678", "+0612345678", "000612345678"] {
        let refused = daemon.client().post("/v1/messages", &hello(from));
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/from")), "{from}");
        assert!(refused.text().contains("+31612345678"), "{}", refused.text());
    }
}

#[test]
fn a_sender_is_the_same_wherever_and_however_it_is_written() {
    let smsc = Smsc::new();
    let shop = account("[1, 2]").replace("senders = [\"*\"]", "region = \"NL\"\nsenders = [\"0612345678\", \"SHOP\"]");
    let rule = "[[rule]]\nsender = \"0031612345678\"\nroute = 2\n";
    let second = "[[route]]\nid = 2\ncarriers = [\"acme\"]\n\
        senders = { allow = [\"+31612345678\"], by_country = { DE = \"030123456\" } }\n";
    let daemon = Daemon::start(&(shop + &carrier(smsc.port(), "") + &route("") + second + rule));
    let mut link = smsc.bound();
    for (nth, from) in ["+31612345678", "31612345678", "0031612345678", "0612345678"].into_iter().enumerate() {
        let accepted = daemon.client().post("/v1/messages", &hello(from));
        assert_eq!((accepted.status, &accepted.json()["route_id"]), (202, &json!(2)), "{from}: {}", accepted.text());
        let submit = link.read_command(SUBMIT_SM);
        assert_eq!(read(&submit).2, b"31612345678", "{from}");
        link.answer(&submit, 0, format!("id-{nth}\0").as_bytes());
    }
    let german = json!({ "to": "+4915112345678", "from": "0612345678", "text": "hello" });
    assert_eq!(daemon.client().post("/v1/messages", &german).status, 202);
    assert_eq!(read(&link.read_command(SUBMIT_SM)).2, b"4930123456");
    let refused = daemon.client().post("/v1/messages", &hello("0687654321"));
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn a_carrier_that_wants_no_validity_period_is_told_none_and_its_refusal_names_the_option() {
    let (acme, other) = (Smsc::new(), Smsc::new());
    let none = beta(other.port(), "validity_period = \"none\"");
    let both = route("").replace("[\"acme\"]", "[\"acme\", \"beta\"]");
    let daemon = Daemon::start(&(account("[1]") + &carrier(acme.port(), "") + &none + &both));
    let (mut first, mut second) = (acme.bound(), other.bound());
    let accepted = daemon.client().post("/v1/messages", &hello("SHOP")).json();
    let path = format!("/v1/messages/{}", accepted["messages"][0]["id"].as_str().unwrap());
    let submit = first.read_command(SUBMIT_SM);
    assert!(read(&submit).3.ends_with("000R"), "{submit:?}");
    first.answer(&submit, 0x62, b"\0");
    let submit = second.read_command(SUBMIT_SM);
    assert_eq!(read(&submit).3, "");
    second.answer(&submit, 0, b"id\0");
    until("it is sent", PATIENCE, || (daemon.client().get(&path).json()["status"] == "SENT").then_some(()));
    let line = daemon.said("the carrier refuses how long a message is worth sending", 1);
    assert_eq!((&line["carrier"], &line["status"]), (&json!("acme"), &json!("ESME_RINVEXPIRY")));
    assert!(line["hint"].as_str().is_some_and(|it| it.contains("validity_period")), "{line}");
}
