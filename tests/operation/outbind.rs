//! A carrier that connects to us and asks by outbind to be bound to; and what it says by the way.

use crate::daemon::raw::{self, Link};
use crate::daemon::{Daemon, account, quiet_port, route, until};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const OUTBIND: u32 = 0x0B;
const BIND_TRANSCEIVER: u32 = 9;
const ALERT_NOTIFICATION: u32 = 0x0102;
/// ESME_RBINDFAIL.
const BIND_FAILED: u32 = 0x0D;

fn daemon(port: u16) -> Daemon {
    let carrier = format!(
        "[[carrier]]\nid = \"acme\"\noutbind = {{ listen = \"127.0.0.1:{port}\", system_id = \"ACME\", \
         password = \"theirs\" }}\nsystem_id = \"nuncio\"\npassword = \"Zk7pQ2xw\"\ninterface_version = \"5.0\"\n\
         reconnect = {{ base = \"50ms\", max = \"200ms\" }}\n"
    );
    Daemon::start(&(account("[1]") + &carrier + &route("")))
}

fn connected(port: u16) -> Link {
    until("somebody listens", PATIENCE, || Link::to(port))
}

#[test]
fn an_outbind_is_answered_with_a_bind_and_messages_flow() {
    let port = quiet_port();
    let daemon = daemon(port);
    let mut stranger = connected(port);
    stranger.send_pdu(OUTBIND, 1, b"ACME\0wrong\0");
    let said = stranger.read_to_close();
    assert_eq!((said[0].command, said[0].status), (raw::GENERIC_NACK, BIND_FAILED), "{said:?}");

    let mut link = connected(port);
    link.send_pdu(OUTBIND, 1, b"ACME\0theirs\0");
    let bind = link.read().expect("a bind comes");
    assert_eq!(bind.command, BIND_TRANSCEIVER);
    assert!(bind.body.starts_with(b"nuncio\0Zk7pQ2xw\0"), "{bind:?}");
    link.answer(&bind, 0, b"ACME\0\x02\x10\0\x01\x50");
    daemon.said("outbind came", 1);

    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"77\0\x04\x28\0\x01\x55");
    link.send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, b"id:77 stat:DELIVRD err:000"));
    assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    let series = |it: &str| daemon.metrics().value(it);
    assert_eq!(series("receipts_total{carrier=\"acme\",status=\"DELIVERED\"}"), 1.0);
    assert_eq!(series("congestion_ratio{carrier=\"acme\",bind=\"acme-1\"}"), 0.85);
    assert_eq!(series("malformed_pdus_total{carrier=\"acme\",reason=\"state\"}"), 0.0);

    // An alert is told of, masked, and nothing answers it.
    link.send_pdu(ALERT_NOTIFICATION, 8, b"\x01\x0131612345678\0\0\0nuncio\0");
    assert_eq!(daemon.said("can be reached again", 1)["handset"], "+3161****678");
    link.send_pdu(raw::ENQUIRE_LINK, 9, &[]);
    let next = link.read().expect("an answer");
    assert_eq!((next.command, next.sequence), (raw::ENQUIRE_LINK | raw::RESPONSE, 9));
}
