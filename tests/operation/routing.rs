//! Where messages go, through the real binary: the file of prefixes and its reload, weights, senders of destinations.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, PATIENCE, account, carrier, carrier_named, quiet_port, route};
use crate::operation::configuration::EXIT_CONFIG;
use serde_json::{Value, json};

/// A message of the shop for somebody.
fn hello(to: &str) -> Value {
    json!({ "to": to, "from": "SHOP", "text": "hello" })
}

/// A second carrier.
fn beta(port: u16) -> String {
    carrier_named("beta", port, "")
}

#[test]
fn the_file_of_prefixes_is_read_again_without_a_restart_and_a_wrong_one_changes_nothing() {
    let by_network = "carriers_by_country = { KPN = [\"beta\"] }";
    let port = quiet_port();
    let mut daemon = Daemon::prepare("", &[]);
    let file = daemon.config().with_file_name("prefixes.csv");
    std::fs::write(&file, "31610,NL,KPN\n").unwrap();
    let numbers = format!("[numbers]\nprefixes_file = {:?}\n", file.to_str().unwrap());
    daemon.configure(&(numbers + &account("[1]") + &carrier(port, "") + &beta(port) + &route(by_network)));
    daemon.restart();
    let carriers = |to: &str| daemon.client().post("/v1/estimate", &hello(to)).json()["carriers"].clone();
    assert_eq!((carriers("+31610123456"), carriers("+31620123456")), (json!(["beta"]), json!(["acme"])));
    std::fs::write(&file, "31610,NL,Odido\n31620,NL,KPN\n").unwrap();
    daemon.reload();
    assert_eq!((carriers("+31610123456"), carriers("+31620123456")), (json!(["acme"]), json!(["beta"])));
    std::fs::write(&file, "31610,NL,KPN\n31620,Holland,KPN\n").unwrap();
    daemon.reload();
    assert_eq!((carriers("+31610123456"), carriers("+31620123456")), (json!(["acme"]), json!(["beta"])));
    assert_eq!(daemon.metrics().value("config_last_reload_successful"), 0.0);
    let said = daemon.command(&["check"]).output().unwrap();
    let words = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert_eq!(said.status.code(), Some(EXIT_CONFIG), "{words}");
    assert!(words.contains("prefixes.csv:2: \"Holland\" is not a country"), "{words}");
}

#[test]
fn a_weight_decides_who_gets_a_message_and_a_destination_whom_it_is_from() {
    let (acme, other) = (Smsc::new(), Smsc::new());
    let more = "senders = { by_country = { US = \"+18005550100\" } }";
    let weighted = route(more).replace("[\"acme\"]", "{ acme = 1, beta = 1000000 }");
    let daemon = Daemon::start(&(account("[1]") + &carrier(acme.port(), "") + &beta(other.port()) + &weighted));
    let (_idle, mut link) = (acme.bound(), other.bound());
    let up = "link_up{carrier=\"beta\",bind=\"beta-1\"}";
    crate::daemon::until("beta is bound", PATIENCE, || (daemon.metrics().value(up) == 1.0).then_some(()));
    for (to, sender) in [("+31612345678", &b"SHOP\0"[..]), ("+12025550143", b"18005550100\0")] {
        assert_eq!(daemon.client().post("/v1/messages", &hello(to)).status, 202);
        let submit = link.read_command(raw::SUBMIT_SM);
        let seen = submit.body.windows(sender.len()).any(|it| it == sender);
        assert!(seen, "{to} is to see {}: {:?}", String::from_utf8_lossy(sender), submit.body);
        link.answer(&submit, 0, format!("{to}\0").as_bytes());
    }
}
