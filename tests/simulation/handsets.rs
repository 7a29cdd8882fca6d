//! Messages from handsets in the whole gateway: each part is sent until it is confirmed, on any bind, and what is
//! confirmed is told once or waits.

use crate::simulation::dice::{Dice, Seed};
use crate::simulation::seeds::Play;
use crate::simulation::smsc::Notice;
use crate::simulation::tally::Tally;
use crate::simulation::world::World;
use nuncio::message::id::CarrierId;
use nuncio::record::event::EventKind;
use nuncio::smpp::address::Address;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs};
use serde_json::Value;
use std::collections::BTreeSet;

/// Routes of one carrier whose handsets write.
pub(super) const HANDSETS: Play = Play { name: "handsets", seeds: 20, run: run_with_handsets, least: LEAST };
/// What its seeds do at least.
const LEAST: &[(&str, u64)] = &[("parts told", 20 * MESSAGES), ("figures compared", 500)];
/// Messages of one run.
const MESSAGES: u64 = 40;

/// The parts of a message as they go on the wire: when, and what. Some never come.
fn parts(dice: &mut Dice, message: u64, calm: u64) -> Vec<(u64, Sm)> {
    let total = dice.pick(&[1, 1, 2, 3, 5]);
    let (kind, reference, start) = (dice.below(3), dice.below(3) as u8, dice.below(calm));
    let mut parts = Vec::new();
    for index in 1..=total {
        let text = format!("<{message}.{index}>");
        let octets = match kind {
            _ if total == 1 => text.clone().into_bytes(),
            0 => [&[5, 0, 3, reference, total, index], text.as_bytes()].concat(),
            1 => [&[6, 8, 4, 0, reference, total, index], text.as_bytes()].concat(),
            _ => text.clone().into_bytes(),
        };
        let sar = Tlvs::build()
            .push(Tag::SAR_MSG_REF_NUM, &[0, reference])
            .push(Tag::SAR_TOTAL_SEGMENTS, &[total])
            .push(Tag::SAR_SEGMENT_SEQNUM, &[index]);
        let sm = Sm {
            source: Address { ton: 1, npi: 1, digits: CString::from(format!("3161234567{}", dice.below(4)).as_str()) },
            destination: Address { ton: 3, npi: 0, digits: CString::from("12345") },
            esm_class: if 1 < total && kind < 2 { 0x40 } else { 0 },
            data_coding: 1,
            short_message: octets.into(),
            tlvs: if 1 < total && kind == 2 { sar.build() } else { Tlvs::default() },
            ..Sm::default()
        };
        if !dice.percent(6) {
            parts.push((start + dice.below(40_000), sm));
        }
    }
    // A handset has one number for all parts.
    let source = parts.first().map(|it| it.1.source.clone()).unwrap_or_default();
    parts.iter_mut().for_each(|it| it.1.source = source.clone());
    parts
}

/// What a part says.
fn text(sm: &Sm) -> String {
    piece(&sm.short_message)
}

/// What octets of a part say.
pub(super) fn piece(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    text[text.find('<').expect("every part has a text")..].to_owned()
}

impl World {
    /// A run in which handsets write, too.
    fn with_handsets(seed: Seed) -> Self {
        let (mut world, mut dice) = (Self::new(seed), seed.dice("handsets"));
        let carriers: Vec<CarrierId> = world.smscs.keys().copied().collect();
        for message in 0..MESSAGES {
            let carrier = dice.pick(&carriers);
            for (at, sm) in parts(&mut dice, message, world.scenario.calm) {
                let smsc = world.smscs.get_mut(&carrier).unwrap();
                let notice = smsc.notices.len();
                smsc.notices.push(Notice { taken: 0, word: "", confirmed: false, sent: 0, lost: false, mo: Some(sm) });
                world.send_notice(at, carrier, notice);
            }
        }
        world
    }

    /// A carrier has been told that what a handset wrote is safe: it stands in an event, or it waits.
    pub(crate) fn confirmed_mo(&self, sm: &Sm) {
        let text = text(sm);
        let told = self.pieces().contains(&text);
        let waits = |it: &[u8]| String::from_utf8_lossy(it).ends_with(&text);
        let waits = self.store.memory.mo_parts().any(|it| waits(&it.mo.octets));
        assert!(told || waits, "confirmed-is-durable: {text} is nowhere");
    }

    /// The texts of all parts in all events.
    fn pieces(&self) -> Vec<String> {
        let of = |data: &str| serde_json::from_str::<Value>(data).unwrap()["text"].as_str().unwrap().to_owned();
        let pieces = self.store.events().filter(|it| it.kind == EventKind::MessageReceived).map(|it| of(&it.data));
        pieces.flat_map(|it| it.split_inclusive('>').map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Everything that handsets wrote stands in exactly one event; how often the same was sent again.
    fn check_handsets(&self) -> usize {
        let notices = || self.smscs.values().flat_map(|it| &it.notices);
        let sent: Vec<String> = notices().filter_map(|it| it.mo.as_ref().map(text)).collect();
        // Whether we have what was lost, nobody can say.
        let lost: BTreeSet<String> = notices().filter(|it| it.lost).filter_map(|it| it.mo.as_ref().map(text)).collect();
        let told = self.pieces();
        let once: BTreeSet<&String> = told.iter().collect();
        assert_eq!(once.len(), told.len(), "told-once: {told:?}");
        let sent: BTreeSet<&String> = sent.iter().collect();
        assert!(once.is_subset(&sent), "told-at-all: what was not sent");
        assert!(sent.difference(&once).all(|it| lost.contains(*it)), "told-at-all");
        told.len() + lost.len()
    }
}

fn run_with_handsets(seed: Seed) -> Tally {
    let mut world = World::with_handsets(seed);
    world.run();
    let told = world.check_handsets();
    let mut tally = world.check_ending();
    tally.add("parts told", told as u64);
    tally
}

#[test]
fn every_seed_tells_what_handsets_wrote_once() {
    HANDSETS.each_seed();
}
