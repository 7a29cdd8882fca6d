//! Octets from anybody: nothing that is given to `nuncio decode` makes it fall.

use super::builder::{pcap, pcapng, sm};
use super::{conversation, esme, options, said, said_of};
use nuncio::decode::options::Options;
use proptest::collection::vec;
use proptest::prelude::*;

/// Changes of single octets, and where the file is cut.
fn damaged(mut file: Vec<u8>, changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let length = file.len();
    for (place, octet) in changes {
        file[place % length] = *octet;
    }
    file.truncate(length - cut % length);
    file
}

proptest! {
    #[test]
    fn any_octets_are_said_or_refused(octets in vec(any::<u8>(), 0..300), redact: bool) {
        let options = Options { redact, ..options() };
        _ = said(&octets, &options);
        if !octets.is_empty() {
            said_of(&octets, &options);
        }
    }

    #[test]
    fn damaged_captures_are_said_or_refused(
        link in prop::sample::select(vec![0_u32, 1, 101, 113, 276]),
        changes in vec((0_usize..2_000, any::<u8>()), 0..12),
        cut in 0_usize..400,
        port in prop::option::of(Just(2775_u16)),
    ) {
        for file in [pcap(link, &conversation(esme())), pcapng(link, &conversation(esme()))] {
            _ = said(&damaged(file, &changes, cut), &Options { port, ..options() });
        }
    }

    #[test]
    fn damaged_messages_are_said_with_every_octet_in_its_place(
        changes in vec((16_usize..200, any::<u8>()), 0..6),
        cut in 0_usize..10,
        text in vec(any::<u8>(), 0..100),
        esm_class: u8,
        data_coding: u8,
    ) {
        let message = damaged(sm(5, 1, esm_class, data_coding, &text), &changes, cut);
        said_of(&message, &options());
    }
}
