//! A `data_coding`, and octets with a user data header before a text.

use nuncio::text::udh::Udh;
use nuncio::text::{Alphabet, decode};

const ALPHABETS: [Alphabet; 4] = [Alphabet::Gsm7, Alphabet::Ascii, Alphabet::Latin1, Alphabet::Ucs2];

/// Reads the octets as the user data of a handset.
pub(crate) fn run(octets: &[u8]) {
    let [data_coding, octets @ ..] = octets else { return };
    let (udh, text) = Udh::parse(octets).unwrap_or((Udh::default(), octets));
    let elements: usize = udh.elements().map(|(_, value)| 2 + value.len()).sum();
    let header = octets.len() - text.len();
    assert!(elements <= header, "elements beyond their header");
    if udh.is_well_formed() {
        assert!(header == 0 || elements + 1 == header, "well formed, and not all of it is read");
    }
    if let Some(concat) = udh.concat() {
        assert!((1..=concat.total).contains(&concat.index), "{concat:?}");
        assert!(concat.wide || concat.reference < 256, "{concat:?}");
    }
    assert!(udh.ports().is_none_or(|_| 2 < elements));
    for default in ALPHABETS {
        let read = decode(*data_coding, udh, text, default);
        assert!(read.chars().count() <= text.len(), "{} octets became {read:?}", text.len());
    }
}
