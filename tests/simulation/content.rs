//! What is on the wire is what was asked for: to whom, from whom, what, in how many parts that belong together, and for
//! how long it is worth sending.

use crate::simulation::scenario::{WALL_MAX, label};
use crate::simulation::world::{EPOCH, World};
use nuncio::dispatch::door::happening::{Recipient, Submission};
use nuncio::message::body::Body;
use nuncio::message::id::PartKey;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::smpp::address::Address;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::sm::Sm;
use std::collections::BTreeMap;

/// What a part has of a text that has others.
const SEPTETS: usize = 153;

/// What customers have asked for, by the label of each message, and how what goes out joins its parts.
#[derive(Default)]
pub(crate) struct Asked {
    by_label: BTreeMap<u64, (Recipient, Source, u64)>,
    /// When those may go that were asked for at a time.
    begins: BTreeMap<u64, Time>,
    references: BTreeMap<u64, u8>,
    /// When a part was ordered onto a link last.
    pub(crate) ordered: BTreeMap<PartKey, u64>,
}

impl Asked {
    pub(crate) fn of<'a>(requests: impl Iterator<Item = &'a Submission>) -> Self {
        let mut asked = Self::default();
        for it in requests {
            for recipient in &it.recipients {
                let label = label(recipient.text.as_bytes()).expect("every text names its message");
                let validity = it.validity.as_millis() as u64;
                asked.by_label.insert(label, (recipient.clone(), it.source.clone(), validity));
                asked.begins.extend(it.send_at.map(|it| (label, it)));
            }
        }
        asked
    }

    /// Whether a message may go when the wall shows this, as far as its customer is concerned.
    pub(super) fn may_go(&self, body: &Body, wall: u64) -> bool {
        let begins = label(body.text.as_bytes()).and_then(|it| self.begins.get(&it));
        begins.is_none_or(|it| it.0 <= wall)
    }
}

/// A sender as it stands on the wire.
fn from(source: &Source) -> Address {
    let (ton, npi, digits) = match source {
        Source::Alphanumeric(name) => (5, 0, name),
        Source::Short(code) => (3, 0, code),
        Source::International(digits) => (1, 1, digits),
        Source::Unset => panic!("every request here has a sender"),
    };
    Address { ton, npi, digits: CString::from(&**digits) }
}

/// The seconds of a relative time: `YYMMDDhhmmss000R`.
fn seconds(period: &CString) -> u64 {
    let text = period.to_string_lossy().into_owned();
    assert!(text.len() == 16 && text.starts_with("0000") && text.ends_with("000R"), "content: valid for {text}");
    let field = |at: usize| text[at..at + 2].parse::<u64>().expect("two digits");
    ((field(4) * 24 + field(6)) * 60 + field(8)) * 60 + field(10)
}

impl World {
    /// A carrier has got a part.
    pub(super) fn check_content(&mut self, sm: &Sm) {
        let name = label(&sm.short_message).expect("every part names its message");
        let (recipient, source, validity) = &self.asked.by_label[&name];
        let to = Address { ton: 1, npi: 1, digits: CString::from(&*recipient.destination.0.to_string()) };
        assert_eq!((&sm.destination, &sm.source), (&to, &from(source)), "content: to and from whom {name} goes");
        let (text, mut index) = (recipient.text.as_bytes(), 0);
        let expected = if recipient.parts == 1 {
            text.to_vec()
        } else {
            let [5, 0, 3, reference, total, number, ..] = sm.short_message[..] else {
                panic!("content: {name} has {:?} for a header", &sm.short_message[..6])
            };
            let before = *self.asked.references.entry(name).or_insert(reference);
            assert_eq!((reference, total), (before, recipient.parts), "content: what joins the parts of {name}");
            index = number - 1;
            let piece = text.chunks(SEPTETS).nth(usize::from(index)).expect("content: there is no such part");
            [&[5, 0, 3, reference, total, number], piece].concat()
        };
        assert_eq!(&sm.short_message[..], expected, "content: part {index} of {name}");
        let header = if 1 < recipient.parts { 0x40 } else { 0 };
        assert_eq!((sm.esm_class, sm.data_coding), (header, 0), "content: how part {index} of {name} is to be read");
        let (key, valid) = (self.key_of((name, index)).expect("it is durable"), 1_000 * seconds(&sm.validity_period));
        let expires = self.store.bodies[&key.seq()].begins().0 - EPOCH + validity;
        // It was said when it was given to the link, and is rounded up to a second.
        let (least, most) =
            (expires.saturating_sub(self.now), expires.saturating_sub(self.asked.ordered[&key]) + 2_000);
        // What is asked for at a time is worth sending from that time on the wall, wherever that is by now.
        let moved = self.store.bodies[&key.seq()].send_at.is_some();
        let (least, most) = if moved { (1_000, validity + 2 * WALL_MAX) } else { (least, most) };
        assert!((least..=most).contains(&valid), "content: {name} is valid for {valid}, not {least} to {most}");
    }
}
