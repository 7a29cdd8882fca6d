//! What an SMSC should never send: the link closes or the PDU is answered, it is counted, and the
//! daemon goes on.

use crate::daemon::raw::{self, Frame, Smsc};
use crate::daemon::{Daemon, account, carrier, route, until};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// What garbage may cost in memory: some buffers of the longest PDU.
const RSS_MAX: u64 = 16 << 20;

/// ESME_RINVCMDLEN and ESME_RINVCMDID.
const INVALID_LENGTH: u32 = 2;
const INVALID_COMMAND: u32 = 3;

/// Receipts that said so.
const DELIVERED: &str = "receipts_total{carrier=\"acme\",status=\"DELIVERED\"}";

fn daemon(port: u16) -> Daemon {
    Daemon::start(&(account("[1]") + &carrier(port, "") + &route("")))
}

#[test]
fn impossible_lengths_close_the_link_and_are_counted() {
    let smsc = Smsc::new();
    let daemon = daemon(smsc.port());
    let lengths = [0, 15, u32::MAX, 73 * 1024];
    let head = |it: &u32| [it.to_be_bytes(), 5_u32.to_be_bytes(), [0; 4], [0, 0, 0, 1]].concat();
    let mut garbage: Vec<Vec<u8>> = lengths.iter().map(head).collect();
    garbage.push(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec());
    // Nothing of this is kept: it is read after the length, if at all.
    garbage.push([head(&u32::MAX), vec![0xA5; 4 << 20]].concat());
    let before = daemon.rss();
    for octets in &garbage {
        let mut link = smsc.bound();
        link.send(octets);
        let said = link.read_to_close();
        let nack = |it: &Frame| (it.command, it.status) == (raw::GENERIC_NACK, INVALID_LENGTH);
        // With megabytes unread the nack may be lost in the reset that the close becomes.
        assert!(octets.len() > 1 << 20 || said.iter().any(nack), "{:?}: {said:?}", &octets[..16]);
    }
    let mut early = smsc.accept();
    early.send(b"SSH-2.0-OpenSSH_9.2\r\n");
    early.read_to_close();
    let mut link = smsc.bound();
    let counted = daemon.metrics().value("malformed_pdus_total{carrier=\"acme\",reason=\"length\"}");
    assert_eq!(counted, (garbage.len() + 1) as f64);
    assert!(daemon.rss() < before + RSS_MAX);
    still_works(daemon, &mut link);
}

#[test]
fn pdus_that_lie_are_answered_and_the_link_goes_on() {
    let smsc = Smsc::new();
    let daemon = daemon(smsc.port());
    let mut link = smsc.bound();
    // About a message that nobody sent: kept for a while, and confirmed.
    let text = b"id:1 stat:DELIVRD err:000";
    let good = raw::deliver(4, text);
    let mut long = good.clone();
    let at = long.len() - text.len() - 1;
    long[at] = 200;
    let endless = [&good[..], &[0x04, 0x24, 0xFF, 0xFF, b'x']].concat();
    let torn = [&good[..], &[0x00, 0x1E, 0x00]].concat();
    let cut = good[..20].to_vec();
    // A length that lies is read as far as there is something; what is not there at all is refused.
    for (sequence, (body, understood)) in
        (100..).zip([(&long, true), (&endless, true), (&torn, true), (&cut, false), (&Vec::new(), false)])
    {
        link.send_pdu(raw::DELIVER_SM, sequence, body);
        let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
        assert_eq!((answer.sequence, answer.status == 0), (sequence, understood), "{body:?}");
    }
    link.send_pdu(0x0000_00FF, 7, b"what is this");
    let answer = link.read().expect("an answer");
    assert_eq!((answer.command, answer.status, answer.sequence), (raw::GENERIC_NACK, INVALID_COMMAND, 7));
    let page = daemon.metrics();
    assert_eq!(page.value("malformed_pdus_total{carrier=\"acme\",reason=\"body\"}"), 2.0);
    assert_eq!(page.value("malformed_pdus_total{carrier=\"acme\",reason=\"command\"}"), 1.0);
    link.send_pdu(raw::DELIVER_SM, 200, &good);
    let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    assert_eq!((answer.status, answer.sequence), (0, 200), "a good one after the bad ones");
    assert_eq!(page.value(DELIVERED), 3.0);
    // Facts are told after what rests on them is done, the answer included.
    until("the good one is counted", PATIENCE, || (daemon.metrics().value(DELIVERED) == 4.0).then_some(()));
    still_works(daemon, &mut link);
}

/// A message goes out, and its receipt comes in.
fn still_works(mut daemon: Daemon, link: &mut raw::Link) {
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "still there" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"abc\0");
    link.send_pdu(raw::DELIVER_SM, 900, &raw::deliver(4, b"id:abc stat:DELIVRD err:000"));
    link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    until("it is delivered", PATIENCE, || {
        (daemon.metrics().value("messages_total{route=\"1\",status=\"DELIVERED\"}") == 1.0).then_some(())
    });
    assert!(daemon.lives());
}
