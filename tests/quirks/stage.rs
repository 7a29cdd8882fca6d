//! The real daemon with one carrier, an SMSC of bare octets that a test plays by hand.
//!
//! ```text
//!   test ── Stage ──► nuncio ◄── HTTP ──┐
//!              ├─ link: SMPP by octets ─┘ messages, attempts, metrics, log lines are read back
//! ```

use crate::daemon::client::Client;
use crate::daemon::raw::{self, Frame, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, route, until};
use serde_json::{Value, json};
use std::time::Duration;

/// How long anything is awaited.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// ESME_RINVCMDLEN, ESME_RINVCMDID, ESME_RINVBNDSTS.
pub(super) const INVALID_LENGTH: u32 = 0x02;
pub(super) const INVALID_COMMAND: u32 = 0x03;
pub(super) const INVALID_STATE: u32 = 0x04;

/// `deliver_sm_resp`.
pub(super) const DELIVERED: u32 = raw::DELIVER_SM | raw::RESPONSE;

/// One daemon, one carrier, one link.
pub(super) struct Stage {
    pub(super) smsc: Smsc,
    pub(super) daemon: Daemon,
    pub(super) link: Link,
    client: Client,
    sequence: u32,
}

impl Stage {
    /// Bound, with these lines of the carrier beyond its login.
    pub(super) fn new(carrier_lines: &str) -> Self {
        Self::with(carrier_lines, "")
    }

    /// The same, with lines of the route too.
    pub(super) fn with(carrier_lines: &str, route_lines: &str) -> Self {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), carrier_lines) + &route(route_lines)));
        let link = smsc.bound();
        let client = daemon.client();
        Self { smsc, daemon, link, client, sequence: 1_000 }
    }

    /// Accepts a message of this text and waits for its submit; its id, and the submit.
    pub(super) fn submit(&mut self, text: &str) -> (String, Frame) {
        let id = self.accept("+31612345678", text);
        (id, self.link.read_command(raw::SUBMIT_SM))
    }

    /// Accepts a message to this number; its id.
    pub(super) fn accept(&mut self, to: &str, text: &str) -> String {
        let reply = self.client.post("/v1/messages", &json!({ "to": to, "from": "shop", "text": text }));
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()["messages"][0]["id"].as_str().expect("a message has an id").to_owned()
    }

    /// A message as the API tells of it.
    pub(super) fn message(&mut self, id: &str) -> Value {
        let reply = self.client.get(&format!("/v1/messages/{id}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Waits until a message is as it should be.
    pub(super) fn awaits(&mut self, id: &str, what: &str, mut is: impl FnMut(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            last = self.message(id);
            if is(&last) {
                return last;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what}: not within {PATIENCE:?}: {last:#}")
    }

    /// Waits until a message has this status.
    pub(super) fn becomes(&mut self, id: &str, status: &str) -> Value {
        self.awaits(id, status, |it| it["status"] == status)
    }

    /// Waits until the first attempt of a message has been answered, and gives it.
    pub(super) fn first_answer(&mut self, id: &str) -> Value {
        let message = self.awaits(id, "an answer", |it| !it["attempts"][0]["answer"].is_null());
        message["attempts"][0].clone()
    }

    /// A number for the next request of the SMSC.
    pub(super) fn next(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// Sends a `deliver_sm` of this body; its answer.
    pub(super) fn deliver(&mut self, body: &[u8]) -> Frame {
        let sequence = self.next();
        self.link.send_pdu(raw::DELIVER_SM, sequence, body);
        let answer = self.link.read_command(DELIVERED);
        assert_eq!(answer.sequence, sequence);
        answer
    }

    /// Sends a receipt with this text, which is confirmed.
    pub(super) fn receipt(&mut self, text: &str) {
        let answer = self.deliver(&Delivery { esm_class: 4, text: text.as_bytes(), ..Delivery::default() }.body());
        assert_eq!((answer.status, &answer.body[..]), (0, &[0][..]), "{text}");
    }

    /// The counter of PDUs that were malformed in this way.
    pub(super) fn malformed(&self, reason: &str) -> f64 {
        self.daemon.metrics().value(&format!("malformed_pdus_total{{carrier=\"acme\",reason=\"{reason}\"}}"))
    }

    /// Waits until that counter stands at a value.
    pub(super) fn counts(&self, reason: &str, count: f64) {
        until(&format!("{count} malformed by {reason}"), PATIENCE, || {
            let counted = self.malformed(reason);
            assert!(counted <= count, "{counted} malformed by {reason}, not {count}");
            (counted == count).then_some(())
        });
    }

    /// Waits until a metric stands at a value.
    pub(super) fn shows(&self, series: &str, value: f64) {
        until(&format!("{series} is {value}"), PATIENCE, || {
            (self.daemon.metrics().value(series) == value).then_some(())
        });
    }

    /// A message goes out on the link and its receipt comes in.
    pub(super) fn works(&mut self) {
        let (id, submit) = self.submit("still there");
        let name = format!("works{}", self.next());
        self.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        self.receipt(&format!("id:{name} stat:DELIVRD err:000"));
        self.becomes(&id, "DELIVERED");
    }
}

/// The body of a `deliver_sm`, field by field.
#[derive(Clone)]
pub(super) struct Delivery<'a> {
    /// With its NUL, as all strings here.
    pub(super) service_type: &'a [u8],
    pub(super) source: (u8, u8, &'a [u8]),
    pub(super) destination: (u8, u8, &'a [u8]),
    pub(super) esm_class: u8,
    pub(super) schedule: &'a [u8],
    pub(super) validity: &'a [u8],
    pub(super) registered_delivery: u8,
    pub(super) data_coding: u8,
    /// What `sm_length` says, if not the truth.
    pub(super) sm_length: Option<u8>,
    pub(super) text: &'a [u8],
    /// What follows the text: optional parameters and worse.
    pub(super) tail: &'a [u8],
}

impl Default for Delivery<'_> {
    fn default() -> Self {
        Self {
            service_type: b"\0",
            source: (1, 1, b"31612345678\0"),
            destination: (0, 0, b"shop\0"),
            esm_class: 0,
            schedule: b"\0",
            validity: b"\0",
            registered_delivery: 0,
            data_coding: 0,
            sm_length: None,
            text: b"",
            tail: b"",
        }
    }
}

impl Delivery<'_> {
    /// Its octets.
    pub(super) fn body(&self) -> Vec<u8> {
        let length = self.sm_length.unwrap_or_else(|| u8::try_from(self.text.len()).expect("short"));
        [
            self.service_type,
            &[self.source.0, self.source.1],
            self.source.2,
            &[self.destination.0, self.destination.1],
            self.destination.2,
            &[self.esm_class, 0, 0],
            self.schedule,
            self.validity,
            &[self.registered_delivery, 0, self.data_coding, 0, length],
            self.text,
            self.tail,
        ]
        .concat()
    }
}

/// An optional parameter.
pub(super) fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short");
    [&tag.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}
