//! Every wish at every carrier: what is promised is what is sent, and what is sent can be read.

use super::*;
use crate::text::content::{Binary, Content, Form, Indication, MessageClass, Requested, Waiting, WaitingKind};
use crate::text::cut::{Cut, UserData};
use crate::text::national::Language;
use crate::text::profile::{ClassCoding, Languages, Profile, Split};
use crate::text::udh::{Concat, Ports};
use proptest::prelude::*;

const REFERENCE: u16 = 0x12A7;
const SPLITS: [Split; 4] = [Split::Udh8, Split::Udh16, Split::Sar, Split::Payload];
const WISHES: [Requested; 5] =
    [Requested::Auto, Requested::Gsm7, Requested::Ucs2, Requested::Latin1, Requested::Transliterated];

fn profiles() -> impl Strategy<Value = Profile> {
    let alphabet = prop::sample::select(vec![Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii]);
    let national = prop_oneof![
        Just(Languages::default()),
        Just(Language::all().collect()),
        prop::sample::select(Language::all().collect::<Vec<_>>()).prop_map(|it| [it].into_iter().collect()),
    ];
    let class_coding = prop::sample::select(vec![ClassCoding::General, ClassCoding::F0]);
    (alphabet, prop::sample::select(SPLITS.to_vec()), national, class_coding)
        .prop_map(|(alphabet, split, national, class_coding)| Profile { alphabet, split, national, class_coding })
}

fn indications() -> impl Strategy<Value = Option<Indication>> {
    let kinds = prop::sample::select(WaitingKind::ALL.to_vec());
    let waiting = (kinds, any::<bool>(), any::<bool>())
        .prop_map(|(kind, active, store)| Indication::Waiting(Waiting { kind, active, store }));
    prop_oneof![
        3 => Just(None),
        1 => (0u8..4).prop_map(|it| MessageClass::new(it).map(Indication::Class)),
        1 => waiting.prop_map(Some),
    ]
}

fn ports() -> impl Strategy<Value = Option<Ports>> {
    prop::option::weighted(
        0.3,
        (any::<u16>(), any::<u16>()).prop_map(|(destination, source)| Ports { destination, source }),
    )
}

/// Texts of every length around the edges of parts, of letters that cost one and two.
fn texts() -> impl Strategy<Value = String> {
    let of = |letters: &str| prop::sample::select(letters.chars().collect::<Vec<_>>());
    let (gsm, two) = (of("aZ09 @_é\n"), of("€[]{}|^~\\\u{c}"));
    let (latin, wide) = (of("a`çÐê\u{a0}"), of("П日\u{1f600}\u{1f1f3}\u{200d}\u{301}a€"));
    let national = prop_oneof![of("şğıİ a€ç"), of("áéíóúãõ a"), of("नमस्ते दुनिया 12"), of("\u{b95}\u{bbe} a")];
    let mixed = |it: BoxedStrategy<char>| prop::collection::vec(it, 0..500).prop_map(String::from_iter);
    let edge = prop_oneof![60usize..75, 125usize..165, 260usize..325, 450usize..480];
    prop_oneof![
        mixed(prop_oneof![6 => gsm.clone(), 1 => two.clone()].boxed()),
        mixed(gsm.clone().boxed()),
        mixed(latin.boxed()),
        mixed(national.boxed()),
        mixed(prop_oneof![4 => gsm.clone(), 1 => wide.clone()].boxed()),
        mixed(any::<char>().boxed()),
        (edge, two, mixed(gsm.boxed())).prop_map(|(n, it, tail)| format!("{}{it}{tail}", "a".repeat(n))),
        (60usize..330, wide.clone(), mixed(wide.boxed()))
            .prop_map(|(n, it, tail)| format!("{}{it}{tail}", "b".repeat(n))),
    ]
}

/// All PDUs of a content; the one beyond them does not exist.
fn pieces(cut: &Cut<'_>) -> Vec<UserData> {
    let pieces: Vec<UserData> = (0..cut.submits()).map(|it| cut.piece(REFERENCE, it).unwrap()).collect();
    assert_eq!(cut.piece(REFERENCE, pieces.len()), Err(TextError::NoSuchPart(pieces.len())));
    pieces
}

/// Header and octets of a PDU; what joins it to the others is checked.
fn opened<'p>(piece: &'p UserData, cut: &Cut<'_>, split: Split, index: usize) -> (Udh<'p>, &'p [u8]) {
    let (udh, octets) =
        if piece.udh { Udh::parse(&piece.octets).unwrap() } else { (Udh::default(), &piece.octets[..]) };
    let total = cut.submits();
    let wide = split == Split::Udh16 && piece.sar.is_none();
    let place = |reference, wide| Concat { reference, wide, total: total as u8, index: index as u8 + 1 };
    match (total, piece.sar) {
        (1, sar) => assert_eq!((udh.concat(), sar), (None, None)),
        (_, Some(sar)) => {
            assert_eq!(sar, place(REFERENCE, false));
            assert!(!piece.udh && split == Split::Sar, "never both");
        }
        (_, None) => {
            let reference = if wide { REFERENCE } else { REFERENCE & 0xFF };
            assert_eq!(udh.concat(), Some(place(reference, wide)));
        }
    }
    assert!(udh.is_well_formed());
    (udh, octets)
}

/// Octets that a PDU fills over the air.
fn over_the_air(cut: &Cut<'_>, piece: &UserData, udh: Udh<'_>, octets: &[u8], septets: bool) -> usize {
    let header = piece.octets.len() - octets.len();
    // What the carrier joins itself gets a header there.
    let header = if piece.sar.is_some() { 6 } else { header };
    let units = match cut.estimate().alphabet {
        Alphabet::Ascii | Alphabet::Latin1 if septets => {
            latin1::decode(octets).chars().filter_map(|it| udh.shift().septets(it)).sum()
        }
        _ => octets.len(),
    };
    let fill = (header * 8).next_multiple_of(7) + units * 7;
    if septets { fill.div_ceil(8) } else { header + units }
}

proptest! {
    #[test]
    fn what_is_promised_is_what_is_sent_and_what_is_sent_can_be_read(
        text in texts(), profile in profiles(), indication in indications(), ports in ports(),
    ) {
        // A part that starts with these two is read as if with a byte order mark.
        let text = text.replace(['\u{feff}', '\u{fffe}'], "");
        let form = Form { binary: None, ports, indication };
        for requested in WISHES {
            let content = Content { text: &text, requested, form: Some(&form) };
            let Ok(cut) = Cut::of(content, &profile) else { continue };
            let estimate = cut.estimate();
            let pieces = pieces(&cut);
            if !cut.is_payload() {
                prop_assert_eq!(estimate.parts, pieces.len());
            }
            let septets = estimate.alphabet != Alphabet::Ucs2 && requested != Requested::Latin1;
            let (mut joined, mut units) = (String::new(), 0);
            for (index, piece) in pieces.iter().enumerate() {
                let (udh, octets) = opened(piece, &cut, profile.split, index);
                prop_assert_eq!(udh.ports(), ports);
                // Each part is read alone: a torn escape or pair would not read as the text.
                let read = decode(piece.data_coding, udh, octets, profile.alphabet);
                let shift = udh.shift();
                units += match estimate.alphabet {
                    Alphabet::Ucs2 => octets.len() / 2,
                    _ if septets => read.chars().filter_map(|it| shift.septets(it)).sum(),
                    _ => octets.len(),
                };
                let filled = over_the_air(&cut, piece, udh, octets, septets);
                prop_assert!(piece.payload || filled <= 140, "{filled} octets in part {index}");
                joined.push_str(&read);
            }
            prop_assert_eq!(units, estimate.units);
            if requested == Requested::Transliterated {
                prop_assert!(joined.chars().all(gsm7::is_gsm7));
            } else {
                prop_assert_eq!(&joined, &text);
            }
        }
    }

    #[test]
    fn data_joined_is_the_data(
        data in prop::collection::vec(any::<u8>(), 1..600), profile in profiles(), ports in ports(), own: bool,
    ) {
        let header: &[u8] = if own { b"\x03\x70\x01\x07" } else { b"" };
        let binary = Some(Binary::new(&data, header).unwrap());
        let form = Form { binary, ports, indication: None };
        let cut = Cut::of(Content { text: "", requested: Requested::Binary, form: Some(&form) }, &profile).unwrap();
        prop_assert_eq!(cut.estimate().alphabet, Alphabet::Binary);
        let mut joined = Vec::new();
        for (index, piece) in pieces(&cut).iter().enumerate() {
            let (udh, octets) = opened(piece, &cut, profile.split, index);
            prop_assert_eq!((udh.ports(), piece.data_coding), (ports, 4));
            prop_assert_eq!(udh.elements().any(|it| it == (0x70, &[7][..])), own);
            let air = if piece.sar.is_some() { 6 } else { 0 };
            prop_assert!(piece.payload || piece.octets.len() + air <= 140);
            joined.extend_from_slice(octets);
        }
        prop_assert_eq!(joined, data);
    }

    #[test]
    fn any_octets_read_as_some_text(data_coding: u8, octets: Vec<u8>, header: Vec<u8>) {
        for default in [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Ucs2, Alphabet::Binary] {
            let text = decode(data_coding, Udh::of_elements(&header), &octets, default);
            prop_assert!(text.len() <= octets.len() * 3);
            prop_assert_eq!(text.is_empty(), octets.is_empty() || matches!(*octets, [0xFF, 0xFE] | [0xFE, 0xFF]));
        }
    }
}

fn at(alphabet: Alphabet) -> Profile {
    Profile { alphabet, ..Profile::default() }
}

fn estimate(text: &str, requested: Requested, profile: &Profile) -> Result<Estimate, TextError> {
    Cut::of(Content::plain(text, requested), profile).map(|it| it.estimate())
}

fn one(text: &str, requested: Requested, alphabet: Alphabet) -> (u8, Vec<u8>) {
    let piece = Cut::of(Content::plain(text, requested), &at(alphabet)).unwrap().piece(0, 0).unwrap();
    (piece.data_coding, piece.octets.to_vec())
}

#[test]
fn the_alphabet_follows_the_wish_and_the_text() {
    let alphabet = |text, requested| estimate(text, requested, &Profile::default()).map(|it| it.alphabet);
    assert_eq!(alphabet("Code: 123 €", Requested::Auto), Ok(Alphabet::Gsm7));
    assert_eq!(alphabet("Привет", Requested::Auto), Ok(Alphabet::Ucs2));
    assert_eq!(alphabet("ok", Requested::Ucs2), Ok(Alphabet::Ucs2));
    assert_eq!(alphabet("garçon", Requested::Latin1), Ok(Alphabet::Latin1));
    assert_eq!(alphabet("garçon", Requested::Transliterated), Ok(Alphabet::Gsm7));
    assert_eq!(alphabet("garçon", Requested::Gsm7), Err(TextError::NotInAlphabet('ç')));
    assert_eq!(alphabet("5 €", Requested::Latin1), Err(TextError::NotInAlphabet('€')));
    assert_eq!(alphabet("", Requested::Auto), Err(TextError::Empty));
    assert_eq!(alphabet("\u{200b}", Requested::Transliterated), Err(TextError::Empty));
}

#[test]
fn quirk_69_data_coding_0_carries_what_the_carrier_takes_it_for() {
    use Requested::{Auto, Latin1, Transliterated};
    assert_eq!(one("a@é", Auto, Alphabet::Gsm7), (0, vec![0x61, 0x00, 0x05]));
    assert_eq!(one("a@é", Auto, Alphabet::Latin1), (0, vec![0x61, 0x40, 0xE9]));
    assert_eq!(one("a@[", Auto, Alphabet::Ascii), (0, vec![0x61, 0x40, 0x5B]));
    assert_eq!(one("é", Auto, Alphabet::Ascii), (8, vec![0x00, 0xE9]));
    assert_eq!(one("€", Auto, Alphabet::Latin1), (8, vec![0x20, 0xAC]));
    assert_eq!(one("ç", Latin1, Alphabet::Gsm7), (3, vec![0xE7]));
    assert_eq!(one("ç", Latin1, Alphabet::Latin1), (0, vec![0xE7]));
    assert_eq!(one("ç", Latin1, Alphabet::Ascii), (3, vec![0xE7]));
    assert_eq!(one("é€", Transliterated, Alphabet::Ascii), (0, b"eEUR".to_vec()));
}

#[test]
fn quirk_70_an_at_sign_is_a_nul_and_an_extension_two_septets() {
    assert_eq!(one("@[€@", Requested::Auto, Alphabet::Gsm7), (0, vec![0x00, 0x1B, 0x3C, 0x1B, 0x65, 0x00]));
    assert_eq!(decode(0, Udh::default(), &[0x00, 0x1B, 0x3C, 0x1B, 0x65, 0x00], Alphabet::Gsm7), "@[€@");
    assert_eq!(decode(0, Udh::default(), b"a@[", Alphabet::Ascii), "a@[");
}

#[test]
fn a_text_of_160_septets_is_one_part_at_every_carrier_that_has_its_letters() {
    let text = format!("{}[]", "a".repeat(156));
    for alphabet in [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii] {
        let promised = estimate(&text, Requested::Auto, &at(alphabet)).unwrap();
        assert_eq!((promised.parts, promised.units), (1, 160), "{alphabet:?}");
    }
}

#[test]
fn no_message_has_more_parts_than_its_header_can_count() {
    let most = "a".repeat(153 * PARTS_MAX);
    let cut = Cut::of(Content::plain(&most, Requested::Auto), &Profile::default()).unwrap();
    assert_eq!(cut.submits(), PARTS_MAX);
    assert_eq!(cut.piece(7, PARTS_MAX - 1).unwrap().octets.len(), 6 + 153);
    let more = most + "a";
    assert_eq!(estimate(&more, Requested::Auto, &Profile::default()), Err(TextError::TooManyParts(256)));
}

#[test]
fn quirk_73_each_split_joins_parts_in_its_own_way() {
    let text = "a".repeat(161);
    let first = |split| {
        let cut = Cut::of(Content::plain(&text, Requested::Auto), &Profile { split, ..Profile::default() }).unwrap();
        (cut.estimate().parts, cut.submits(), cut.piece(REFERENCE, 0).unwrap())
    };
    let (parts, submits, piece) = first(Split::Udh8);
    assert_eq!((parts, submits, piece.udh, piece.octets.len()), (2, 2, true, 6 + 153));
    assert_eq!(piece.octets[..6], [5, 0, 3, 0xA7, 2, 1]);
    let (parts, submits, piece) = first(Split::Udh16);
    assert_eq!((parts, submits, piece.udh, piece.octets.len()), (2, 2, true, 7 + 152));
    assert_eq!(piece.octets[..7], [6, 8, 4, 0x12, 0xA7, 2, 1]);
    let (parts, submits, piece) = first(Split::Sar);
    assert_eq!((parts, submits, piece.udh, piece.octets.len()), (2, 2, false, 153));
    assert_eq!(piece.sar, Some(Concat { reference: REFERENCE, wide: false, total: 2, index: 1 }));
    let (parts, submits, piece) = first(Split::Payload);
    assert_eq!((parts, submits, piece.udh, piece.octets.len(), piece.payload), (2, 1, false, 161, true));
}

#[test]
fn a_national_table_is_used_where_it_is_allowed_and_saves_parts() {
    let turkish = Profile { national: Language::from_word("tr").into_iter().collect(), ..Profile::default() };
    let takes = |text: &str, profile: &Profile| {
        let cut = Cut::of(Content::plain(text, Requested::Auto), profile).unwrap();
        let piece = cut.piece(1, 0).unwrap();
        (cut.estimate().alphabet, cut.estimate().parts, piece.udh.then(|| piece.octets[..4].to_vec()))
    };
    let text = "ş".repeat(150);
    assert_eq!(takes(&text, &Profile::default()), (Alphabet::Ucs2, 3, Some(vec![5, 0, 3, 1])));
    assert_eq!(takes(&text, &turkish), (Alphabet::Gsm7, 1, Some(vec![3, 0x25, 1, 1])), "the locking table alone");
    let few = format!("{}ş", "a".repeat(100));
    assert_eq!(takes(&few, &turkish), (Alphabet::Gsm7, 1, Some(vec![3, 0x24, 1, 1])), "the single shift table alone");
    assert_eq!(takes("ş", &turkish), (Alphabet::Ucs2, 1, None), "one part is one part");
    let plain = "a".repeat(161);
    assert_eq!(takes(&plain, &turkish).2, Some(vec![5, 0, 3, 1]), "nothing to save");
}

#[test]
fn the_class_is_told_as_the_carrier_wants_it() {
    let coding = |text: &str, indication, class_coding| {
        let form = Form { indication: Some(indication), ..Form::default() };
        let content = Content { text, requested: Requested::Auto, form: Some(&form) };
        let profile = Profile { class_coding, ..Profile::default() };
        Cut::of(content, &profile).and_then(|it| it.piece(0, 0)).map(|it| it.data_coding)
    };
    for class in 0..4 {
        let indication = Indication::Class(MessageClass::new(class).unwrap());
        assert_eq!(coding("a", indication, ClassCoding::General), Ok(0x10 | class));
        assert_eq!(coding("a", indication, ClassCoding::F0), Ok(0xF0 | class));
        assert_eq!(coding("П", indication, ClassCoding::General), Ok(0x18 | class));
        assert_eq!(coding("П", indication, ClassCoding::F0), Ok(0x18 | class));
    }
    let waiting = |kind, active, store| Indication::Waiting(Waiting { kind, active, store });
    let general = ClassCoding::General;
    assert_eq!(coding("a", waiting(WaitingKind::Voicemail, true, false), general), Ok(0xC8));
    assert_eq!(coding("a", waiting(WaitingKind::Email, true, true), general), Ok(0xDA));
    assert_eq!(coding("П", waiting(WaitingKind::Other, true, true), general), Ok(0xEB));
    assert_eq!(coding("a", waiting(WaitingKind::Fax, false, true), general), Ok(0xD1));
    assert!(matches!(coding("П", waiting(WaitingKind::Fax, true, false), general), Err(TextError::Contradiction(_))));
}

#[test]
fn data_is_octets_of_a_class_and_behind_the_ports() {
    let form = Form {
        binary: Some(Binary::new(b"\x01\x02\x00", b"").unwrap()),
        ports: Some(Ports { destination: 2948, source: 9200 }),
        indication: MessageClass::new(1).map(Indication::Class),
    };
    let content = Content { text: "", requested: Requested::Binary, form: Some(&form) };
    let piece = |class_coding| {
        let profile = Profile { class_coding, ..Profile::default() };
        Cut::of(content, &profile).unwrap().piece(0, 0).unwrap()
    };
    assert_eq!(piece(ClassCoding::General).data_coding, 0x15);
    assert_eq!(piece(ClassCoding::F0).data_coding, 0xF5);
    assert_eq!(&*piece(ClassCoding::F0).octets, b"\x06\x05\x04\x0B\x84\x23\xF0\x01\x02\x00");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let cut = |form: &Form, requested| {
        let content = Content { text: "a", requested, form: Some(form) };
        Cut::of(content, &Profile::default()).map(|it| it.estimate().parts)
    };
    let ports = Some(Ports { destination: 1, source: 2 });
    let binary = |data: &[u8], header: &[u8]| Some(Binary::new(data, header).unwrap());
    let twice = Form { binary: binary(b"a", b"\x06\x05\x04\x00\x01\x00\x02"), ports, indication: None };
    assert!(matches!(cut(&twice, Requested::Binary), Err(TextError::Contradiction(_))));
    let classed = Form { indication: Some(Indication::Class(MessageClass::FLASH)), ..Form::default() };
    assert!(matches!(cut(&classed, Requested::Latin1), Err(TextError::Contradiction(_))));
    let part = Form { binary: binary(&[0; 134], b"\x05\x00\x03\x01\x02\x01"), ..Form::default() };
    assert_eq!(cut(&part, Requested::Binary), Ok(1));
    let more = Form { binary: binary(&[0; 135], b"\x05\x00\x03\x01\x02\x01"), ..Form::default() };
    assert_eq!(cut(&more, Requested::Binary), Err(TextError::TooManyParts(2)));
    let long = Form { binary: binary(b"a", &[&[72, 0x70, 70][..], &[0; 70]].concat()), ..Form::default() };
    assert_eq!(cut(&long, Requested::Binary), Err(TextError::BadHeader));
}

#[test]
fn a_piece_is_allocated_to_its_size() {
    for text in ["a€é".repeat(100), "П".repeat(100), "ç".repeat(200)] {
        for requested in WISHES {
            let Ok(cut) = Cut::of(Content::plain(&text, requested), &Profile::default()) else { continue };
            for piece in pieces(&cut) {
                // `Bytes` keeps a buffer whose capacity is its length as it is.
                assert!(piece.octets.try_into_mut().is_ok_and(|it| it.capacity() == it.len()));
            }
        }
    }
}

#[test]
fn handsets_are_read_by_the_group_of_their_data_coding() {
    let read = |data_coding| decode(data_coding, Udh::default(), b"\x00@\x04\x1f", Alphabet::Gsm7);
    for gsm7 in [0x00, 0x0B, 0x10, 0x11, 0x13, 0x40, 0x80, 0xC8, 0xD0, 0xF0, 0xF3] {
        assert_eq!(read(gsm7), "@¡èÉ", "{gsm7:#04x}");
    }
    for ucs2 in [0x08, 0x18, 0x1B, 0x48, 0x58, 0xE0] {
        assert_eq!(read(ucs2), "@П", "{ucs2:#04x}");
    }
    for octets in [0x02, 0x03, 0x04, 0x14, 0x44, 0xF4, 0xF7, 0x01] {
        assert_eq!(read(octets), "\0@\u{4}\u{1f}", "{octets:#04x}");
    }
    assert_eq!(decode(0, Udh::default(), b"\xE9@", Alphabet::Latin1), "é@");
    assert_eq!(decode(0, Udh::default(), b"\xE9@", Alphabet::Ascii), "\u{fffd}@");
    assert_eq!(decode(6, Udh::default(), b"\xBF", Alphabet::Gsm7), "П");
    assert_eq!(decode(7, Udh::default(), b"\xF9", Alphabet::Gsm7), "ש");
    let udh = Udh::of_elements(&[0x25, 1, 1]);
    assert_eq!(
        (decode(0, udh, b"\x1d", Alphabet::Gsm7), decode(0x11, udh, b"\x1d", Alphabet::Gsm7)),
        ("ş".into(), "ş".into())
    );
}
