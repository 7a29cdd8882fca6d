//! What becomes of messages from handsets.
//!
//! ```text
//!            again within the window? ──► confirmed, nothing else
//!  Mo ──►    part of several?         ──► waits, durable, until the others came or time is up ─┐
//!            whole                    ─────────────────────────────────────────────────────────┴─► event of an
//!                                                                              account, or of none
//! ```
//!
//! **Guarantee.** What is confirmed to the carrier is durable: it stands in exactly one event, or it waits, and
//! it ends up in one. One that comes again within `redelivery_window` is confirmed again and told once, over a
//! crash, too: what is known again is made durable together with what it became.

use crate::carrier::mo::{self, Mo, Said};
use crate::dispatch::fact::Fact;
use crate::dispatch::waiting::{Key, Put};
use crate::dispatch::{Dice, Dispatch};
use crate::message::id::CarrierId;
use crate::message::time::Time;
use crate::record::event::{Event, EventId, EventKind};
use crate::record::mo::{MoPart, MoSeen};
use crate::route::inbound::{self, Received};
use crate::route::opt_out::Wish;
use crate::text::Alphabet;
use crate::text::base64;
use serde::Serialize;

/// Messages that one sweep tells because their time is up: each is a row or more.
const DUE_MAX: usize = 500;

impl Dispatch {
    /// Takes in a message from a handset, or a part of one.
    pub(super) fn mo(&mut self, carrier: CarrierId, mo: Mo, dice: Dice<'_>) {
        let options = self.mo_options(carrier);
        let waiting = mo.concat.map(|place| (Key::of(carrier, &mo, &place), place));
        let before = waiting.as_ref().and_then(|(key, place)| self.waiting.at(key, place.index));
        // What the PDU says beside the text may differ when a carrier sends a part again.
        let says = |it: &Mo| (it.udhi, it.data_coding) == (mo.udhi, mo.data_coding) && it.octets == mo.octets;
        let (taken, same) = (before.is_some(), before.is_some_and(|it| says(&it.mo)));
        if same || self.seen.holds(carrier, mo.fingerprint, horizon(self.now, options)) {
            self.facts.push(Fact::MoAgain { carrier });
            return;
        }
        self.facts.push(Fact::Mo { carrier });
        let part = MoPart { number: self.number(), carrier, mo, at: self.now };
        if options.redelivery_window.is_some() {
            self.remember(&part);
        }
        let Some((key, place)) = waiting else {
            self.tell(&[part], dice);
            return;
        };
        // A handset counts anew: what it counted before is not completed any more.
        if taken && let Some(parts) = self.waiting.take(&key) {
            self.tell_waiting(&parts, dice);
        }
        self.batch.mo_parts.push(part.clone());
        if let Put::Whole(parts) = self.waiting.put(key, place, part, self.now + options.reassembly_timeout) {
            self.tell_waiting(&parts, dice);
        }
        self.tell_due(dice);
    }

    /// Takes up what waited when the daemon stopped. The time that it was down does not count: the carrier could
    /// not deliver what is missing.
    pub(super) fn recall_mo(&mut self, parts: Vec<MoPart>, seen: Vec<MoSeen>) {
        for part in parts {
            let Some(place) = part.mo.concat else { continue };
            let until = self.now + self.mo_options(part.carrier).reassembly_timeout;
            self.waiting.put(Key::of(part.carrier, &part.mo, &place), place, part, until);
        }
        seen.into_iter().for_each(|it| self.seen.put(it));
    }

    /// Tells the messages that have waited long enough, or for which there is no room.
    pub(super) fn tell_due(&mut self, dice: Dice<'_>) {
        for _ in 0..DUE_MAX {
            let Some(parts) = self.waiting.take_due(self.now) else { return };
            self.tell_waiting(&parts, dice);
        }
    }

    /// Tells a message, of which all parts came or will be waited for no longer.
    fn tell_waiting(&mut self, parts: &[MoPart], dice: Dice<'_>) {
        self.batch.mo_done.extend(parts.iter().map(|it| it.number));
        self.tell(parts, dice);
    }

    /// Gives the parts of a message to the account that they are for, as one event.
    fn tell(&mut self, parts: &[MoPart], dice: Dice<'_>) {
        let Some(first) = parts.first() else { return };
        let total = first.mo.concat.map_or(1, |it| it.total);
        let plan = self.plan.clone();
        let carrier = plan.carriers.get(&first.carrier);
        let alphabet = carrier.map_or(Alphabet::Gsm7, |it| it.dialect.text.alphabet);
        let content = mo::content(&parts.iter().map(|it| &it.mo).collect::<Vec<_>>(), alphabet);
        let text = match &content.said {
            Said::Text(text) => Some(&**text),
            Said::Binary(_) => None,
        };
        let received = Received { to: &first.mo.destination, carrier: first.carrier, text };
        let account = inbound::choose(&plan.inbound, &received);
        let wish = text.and_then(|it| self.heed(account, (&first.mo.source, &first.mo.destination), it));
        let id = EventId { n: self.number(), token: dice() };
        let came = |index: &u8| parts.iter().any(|it| it.mo.concat.is_none_or(|it| it.index == *index));
        let missing: Vec<u8> = (1..=total).filter(|it| !came(it)).collect();
        let data = Data {
            id: &id.to_string().replacen("evt", "mo", 1),
            to: &first.mo.destination,
            from: &first.mo.source,
            text,
            data: match &content.said {
                Said::Text(_) => None,
                Said::Binary(octets) => Some(base64::encode(octets)),
            },
            encoding: content.encoding,
            parts: total,
            complete: missing.is_empty(),
            opt_out: wish.map(|it| it == Wish::Stop),
            missing: &missing,
            udh: Some(first.mo.header()).filter(|it| !it.is_empty()).map(base64::encode),
            ports: content.ports.map(|it| Ports { to: it.destination, from: it.source }),
            carrier: carrier.map(|it| &*it.name),
            received_at: parts.iter().map(|it| it.at).min().unwrap_or(self.now).to_string(),
        };
        let data = serde_json::to_string(&data).expect("texts and numbers are always JSON");
        self.facts.push(Fact::Received {
            carrier: first.carrier,
            event: id,
            account,
            parts: total,
            missing: missing.len(),
        });
        let kind = EventKind::MessageReceived;
        self.batch.events.push(Event { n: id.n, token: id.token, account, kind, at: self.now, data: data.into() });
    }

    /// Remembers what came, and forgets what has been remembered long enough.
    fn remember(&mut self, part: &MoPart) {
        let seen = MoSeen { number: part.number, carrier: part.carrier, fingerprint: part.mo.fingerprint, at: part.at };
        self.seen.put(seen);
        self.batch.mo_seen.push(seen);
        let (now, plan) = (self.now, &self.plan);
        let options = |carrier| plan.carriers.get(&carrier).map(|it| it.dialect.mo).unwrap_or_default();
        self.batch.mo_forgotten.extend(self.seen.forget(|carrier| horizon(now, options(carrier))));
    }

    fn mo_options(&self, carrier: CarrierId) -> mo::Options {
        self.plan.carriers.get(&carrier).map(|it| it.dialect.mo).unwrap_or_default()
    }

    const fn number(&mut self) -> u64 {
        let number = self.marks.next_event;
        self.marks.next_event += 1;
        number
    }
}

/// What came before this is forgotten.
fn horizon(now: Time, options: mo::Options) -> Time {
    match options.redelivery_window {
        Some(window) => Time(now.0.saturating_sub(u64::try_from(window.as_millis()).unwrap_or(u64::MAX))),
        None => Time(u64::MAX),
    }
}

/// The particulars of [`EventKind::MessageReceived`].
#[derive(Serialize)]
struct Data<'a> {
    /// What names the message.
    id: &'a str,
    to: &'a str,
    from: &'a str,
    /// What it says, or `data`: its octets in base64, if they are for a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    encoding: &'static str,
    /// Whether it asked for no more messages, and they are stopped; false where it asked for them again.
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out: Option<bool>,
    /// How many it was sent in, and which of them never came, from 1.
    parts: u8,
    complete: bool,
    #[serde(skip_serializing_if = "<[u8]>::is_empty")]
    missing: &'a [u8],
    /// The user data header of its first part, its length included, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    udh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<Ports>,
    carrier: Option<&'a str>,
    received_at: String,
}

/// The ports of a message for a program.
#[derive(Serialize)]
struct Ports {
    to: u16,
    from: u16,
}
