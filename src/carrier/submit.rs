//! A part as `submit_sm` or `data_sm`.

use crate::carrier::dialect::{Dialect, Numbering, Operation, ReceiptsAsked, Validity};
use crate::carrier::receipt_time;
use crate::carrier::report::Ticket;
use crate::carrier::sender;
use crate::message::body::Body;
use crate::message::extras::{Dlt, Extras};
use crate::message::source::Source;
use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::pdu;
use crate::smpp::sm::Sm;
use crate::smpp::sm::esm_class::UDHI;
use crate::smpp::time;
use crate::smpp::tlv::{Tag, Tlvs};
use crate::text::TextError;
use crate::text::cut::{Cut, UserData};
use crate::text::udh::Concat;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A part to submit.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// What the report about it must name.
    pub ticket: Ticket,
    /// The message.
    pub body: Arc<Body>,
    /// Which of its submits, from 0.
    pub index: u8,
    /// In how many it goes to this carrier.
    pub parts: u8,
    /// What its parts have in common, and those of messages that follow each other have not.
    pub reference: u16,
    /// The first of the attempts at this carrier that were not answered since, this one included: to a carrier that
    /// knows our key they are one.
    pub since: u8,
    /// How much of its validity is left.
    pub validity: Duration,
}

/// The longest addresses and service types of `submit_sm`, without their NUL (SMPP 3.4, 4.4.1).
const ADDRESS_MAX: usize = 20;
const SERVICE_TYPE_MAX: usize = 5;

/// Why a part cannot be said to a carrier.
#[derive(Debug, thiserror::Error)]
pub enum Unsayable {
    /// The text does not go into its alphabet.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The text takes another number of parts than it was accepted with.
    #[error("the text takes {0} parts at this carrier")]
    OtherCut(usize),
    /// The sender has letters that the carrier cannot be told.
    #[error("the sender does not go into the carrier's sender_alphabet")]
    Sender,
    /// A field is longer than the specification allows.
    #[error("{0} is too long for submit_sm")]
    TooLong(&'static str),
}

/// The part as this carrier wants it. What is returned can be encoded.
pub fn request(submit: &Submit, dialect: &Dialect) -> Result<pdu::PduBody, Unsayable> {
    let body = &submit.body;
    let cut = Cut::of(body.content(), &dialect.text)?;
    let parts = cut.submits();
    let cut = match usize::from(submit.parts) {
        same if same == parts => cut,
        // The carrier's alphabet has changed since the message was cut: a part of another cut would be half a text. Or
        // it comes from a version that kept letters whole at any price.
        other => cut.in_parts(other).ok_or(Unsayable::OtherCut(parts))?,
    };
    let source = source(&body.source, dialect).ok_or(Unsayable::Sender)?;
    for (field, length, most) in [
        ("the sender", source.digits.len(), ADDRESS_MAX),
        ("service_type", dialect.service_type.len(), SERVICE_TYPE_MAX),
    ] {
        if most < length {
            return Err(Unsayable::TooLong(field));
        }
    }
    let piece = cut.piece(submit.reference, usize::from(submit.index))?;
    Ok(match dialect.operation {
        Operation::SubmitSm => pdu::PduBody::SubmitSm(submit_sm(submit, dialect, piece, source)),
        Operation::DataSm => pdu::PduBody::DataSm(data_sm(submit, dialect, &piece, source)),
    })
}

/// In how many submits a message goes to a carrier; `None` if it cannot be said there.
pub fn count(body: &Body, dialect: &Dialect) -> Option<u8> {
    let cut = Cut::of(body.content(), &dialect.text).ok().filter(|_| sender::is_sayable(&body.source, dialect));
    let cut = cut.filter(|it| !dialect.texts_only || plain_text(body, it).is_some());
    cut.and_then(|it| u8::try_from(it.submits()).ok())
}

/// The text of a message that is nothing but a text: it has no ports and is no data, and no class or indication.
pub fn plain_text<'a>(body: &Body, cut: &'a Cut<'_>) -> Option<&'a str> {
    let plain = body.extras.as_ref().is_none_or(|it| it.form.indication.is_none());
    cut.text().filter(|_| plain)
}

fn submit_sm(submit: &Submit, dialect: &Dialect, piece: UserData, source: Address) -> Sm {
    let tlvs = tlvs(submit, dialect, &piece, piece.payload);
    Sm {
        service_type: CString::from(&*dialect.service_type),
        source,
        destination: address(dialect.destination, (1, 1), &submit.body.destination.digits()),
        esm_class: dialect.esm_class | if piece.udh { UDHI } else { 0 },
        validity_period: validity_period(submit, dialect),
        registered_delivery: u8::from(asks_receipt(submit, dialect.receipts)),
        data_coding: piece.data_coding,
        short_message: if piece.payload { Default::default() } else { piece.octets },
        tlvs,
        ..Sm::default()
    }
}

fn data_sm(submit: &Submit, dialect: &Dialect, piece: &UserData, source: Address) -> DataSm {
    DataSm {
        service_type: CString::from(&*dialect.service_type),
        source,
        destination: address(dialect.destination, (1, 1), &submit.body.destination.digits()),
        esm_class: dialect.esm_class | if piece.udh { UDHI } else { 0 },
        registered_delivery: u8::from(asks_receipt(submit, dialect.receipts)),
        data_coding: piece.data_coding,
        tlvs: tlvs(submit, dialect, piece, true),
    }
}

/// The optional parameters, in the order of their tags: what joins the parts, the text where it
/// is one of them, and those of the carrier, in whose place the message may have its own.
fn tlvs(submit: &Submit, dialect: &Dialect, piece: &UserData, payload: bool) -> Tlvs {
    let mut all: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    all.extend(dialect.tlvs.iter().map(|it| (it.tag, it.value.to_vec())));
    if let Some(extras) = submit.body.extras.as_deref() {
        all.extend(registration(extras, dialect));
        all.extend(extras.tlvs.iter().map(|it| (it.tag, it.value.to_vec())));
    }
    if let Some(Concat { reference, total, index, .. }) = piece.sar {
        all.insert(Tag::SAR_MSG_REF_NUM.0, reference.to_be_bytes().into());
        all.insert(Tag::SAR_TOTAL_SEGMENTS.0, vec![total]);
        all.insert(Tag::SAR_SEGMENT_SEQNUM.0, vec![index]);
    }
    if payload {
        all.insert(Tag::MESSAGE_PAYLOAD.0, piece.octets.to_vec());
    }
    if dialect.operation == Operation::DataSm && dialect.validity != Validity::None {
        // data_sm has no validity_period; its seconds are a parameter (SMPP 3.4, 5.3.2.28).
        let seconds = u32::try_from(submit.validity.as_secs().max(1)).unwrap_or(u32::MAX);
        all.insert(Tag::QOS_TIME_TO_LIVE.0, seconds.to_be_bytes().into());
    }
    let tlvs = all.iter().fold(Tlvs::build(), |tlvs, (tag, value)| tlvs.push(Tag(*tag), value));
    tlvs.build()
}

/// What India's registry wants to know, in this carrier's parameters.
fn registration(extras: &Extras, dialect: &Dialect) -> Vec<(u16, Vec<u8>)> {
    let Some(Dlt { entity_id, template_id, telemarketer_id }) = extras.dlt.as_deref() else { return Vec::new() };
    let tags = dialect.dlt;
    let fields = [(tags.entity, entity_id), (tags.template, template_id), (tags.telemarketer, telemarketer_id)];
    let nul: &[u8] = if tags.nul { b"\0" } else { b"" };
    fields.into_iter().filter_map(|(tag, value)| Some((tag, [value.as_deref()?.as_bytes(), nul].concat()))).collect()
}

fn asks_receipt(submit: &Submit, asked: ReceiptsAsked) -> bool {
    match asked {
        ReceiptsAsked::All => true,
        ReceiptsAsked::First => submit.index == 0,
        ReceiptsAsked::Last => submit.index + 1 == submit.parts,
        ReceiptsAsked::None => false,
    }
}

/// A moment is said in the carrier's own time zone: one that does not read the offset behind it is right all the same.
fn validity_period(submit: &Submit, dialect: &Dialect) -> CString {
    match dialect.validity {
        Validity::Relative => time::relative(submit.validity),
        Validity::Absolute => receipt_time::to_smpp(submit.body.expires, dialect.receipt_offset).to_cstring(),
        Validity::None => CString::default(),
    }
}

/// Type and plan by the shape of the sender, unless the carrier wants others; `None` if it cannot be said there.
pub(crate) fn source(source: &Source, dialect: &Dialect) -> Option<Address> {
    let usual = match source {
        Source::Unset => (0, 0),
        Source::International(_) => (1, 1),
        Source::Short(_) => (3, 0),
        Source::Alphanumeric(_) => (5, 0),
    };
    // An alphanumeric sender under another type is refused or garbled everywhere.
    let wanted = if matches!(source, Source::Alphanumeric(_)) { Numbering::default() } else { dialect.source };
    let octets = sender::octets(source, dialect.sender_alphabet)?;
    Some(Address { digits: CString::from(&*octets), ..address(wanted, usual, "") })
}

fn address(wanted: Numbering, usual: (u8, u8), digits: &str) -> Address {
    let (ton, npi) = (wanted.ton.unwrap_or(usual.0), wanted.npi.unwrap_or(usual.1));
    Address { ton, npi, digits: CString::from(digits) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::DltTags;
    use crate::message::class::Class;
    use crate::message::extras::Parameter;
    use crate::message::id::{AccountId, MessageId, OrderId, PartKey, RouteId, Seq};
    use crate::message::time::Time;
    use crate::number::e164::E164;
    use crate::text::Alphabet;
    use crate::text::content::{Binary, Form, Indication, MessageClass, Requested};
    use crate::text::profile::{Profile, Split};
    use crate::text::udh::Ports;

    fn body(text: &str, parts: u8, extras: Extras) -> Body {
        Body {
            id: MessageId { seq: Seq(0x0001_12A7), token: 0 },
            order: OrderId::from_record(1),
            account: AccountId(1),
            route: RouteId(1),
            class: Class::Otp,
            source: Source::Alphanumeric("SHOP".into()),
            destination: E164(31_612_345_678),
            text: text.into(),
            requested: if text.is_empty() { Requested::Binary } else { Requested::Auto },
            extras: (!extras.is_empty()).then(|| Arc::new(extras)),
            parts,
            client_ref: None,
            created: Time(1),
            send_at: None,
            expires: Time(2),
            price: None,
            charged: false,
        }
    }

    fn asked(body: Body, index: u8, dialect: &Dialect) -> Result<pdu::PduBody, Unsayable> {
        let ticket = Ticket(PartKey::new(body.seq(), index).0);
        let parts = body.submits();
        request(
            &Submit {
                ticket,
                body: Arc::new(body),
                index,
                parts,
                reference: 0x12A7,
                since: 1,
                validity: Duration::from_secs(90),
            },
            dialect,
        )
    }

    fn sm(body: Body, index: u8, dialect: &Dialect) -> Sm {
        match asked(body, index, dialect) {
            Ok(pdu::PduBody::SubmitSm(sm)) => sm,
            other => panic!("{other:?}"),
        }
    }

    fn splitting(split: Split) -> Dialect {
        Dialect { text: Profile { split, ..Profile::default() }, ..Dialect::default() }
    }

    fn tlvs(sm: &Sm) -> Vec<(u16, Vec<u8>)> {
        sm.tlvs.iter().map(|(tag, value)| (tag.0, value.to_vec())).collect()
    }

    #[test]
    fn a_text_of_one_part_is_as_plain_as_it_can_be() {
        for split in [Split::Udh8, Split::Udh16, Split::Sar, Split::Payload] {
            let sm = sm(body("a@", 1, Extras::default()), 0, &splitting(split));
            let expected = Sm {
                source: Address { ton: 5, npi: 0, digits: CString::from("SHOP") },
                destination: Address { ton: 1, npi: 1, digits: CString::from("31612345678") },
                validity_period: crate::smpp::time::relative(Duration::from_secs(90)),
                registered_delivery: 1,
                short_message: b"a\0"[..].into(),
                ..Sm::default()
            };
            assert_eq!(sm, expected, "{split:?}");
        }
    }

    #[test]
    fn quirk_73_parts_are_joined_by_header_or_parameters_and_never_by_both() {
        let long = || body(&"a".repeat(161), 2, Extras::default());
        let udh8 = sm(long(), 1, &splitting(Split::Udh8));
        assert_eq!((udh8.esm_class, &udh8.short_message[..]), (0x40, &b"\x05\x00\x03\xA7\x02\x02aaaaaaaa"[..]));
        let udh16 = sm(long(), 1, &splitting(Split::Udh16));
        assert_eq!((udh16.esm_class, &udh16.short_message[..]), (0x40, &b"\x06\x08\x04\x12\xA7\x02\x02aaaaaaaaa"[..]));
        let sar = sm(long(), 1, &splitting(Split::Sar));
        assert_eq!((sar.esm_class, &sar.short_message[..]), (0, &b"aaaaaaaa"[..]));
        assert_eq!(tlvs(&sar), [(0x020C, vec![0x12, 0xA7]), (0x020E, vec![2]), (0x020F, vec![2])]);
        let ports = Form { ports: Some(Ports { destination: 1, source: 2 }), ..Form::default() };
        let behind_ports = body(&"a".repeat(161), 2, Extras { form: ports, ..Extras::default() });
        let sm = sm(behind_ports, 1, &splitting(Split::Sar));
        assert_eq!((sm.esm_class, sm.tlvs.is_empty()), (0x40, true));
        assert_eq!(sm.short_message[..12], *b"\x0B\x00\x03\xA7\x02\x02\x05\x04\x00\x01\x00\x02");
    }

    #[test]
    fn a_text_that_the_carrier_cuts_is_one_parameter() {
        let text = "a".repeat(161);
        let payload = || body(&text, 2, Extras { payload: true, ..Extras::default() });
        let sm = sm(payload(), 0, &splitting(Split::Payload));
        assert_eq!(
            (sm.esm_class, sm.short_message.len(), tlvs(&sm)),
            (0, 0, vec![(0x0424, text.clone().into_bytes())])
        );
        assert!(matches!(
            asked(payload(), 1, &splitting(Split::Payload)),
            Err(Unsayable::Text(TextError::NoSuchPart(1)))
        ));
    }

    #[test]
    fn a_message_is_cut_for_the_carrier_that_it_goes_to_and_never_in_half() {
        let text = "a".repeat(161);
        let long = || body(&text, 2, Extras::default());
        assert_eq!(count(&long(), &splitting(Split::Payload)), Some(1));
        assert_eq!(count(&long(), &splitting(Split::Udh8)), Some(2));
        let of = |parts, split| {
            let ticket = Ticket(PartKey::new(long().seq(), 0).0);
            let submit = Submit {
                ticket,
                body: Arc::new(long()),
                index: 0,
                parts,
                reference: 7,
                since: 1,
                validity: Duration::from_secs(90),
            };
            request(&submit, &splitting(split))
        };
        assert!(of(1, Split::Payload).is_ok() && of(2, Split::Udh8).is_ok());
        assert!(matches!(of(2, Split::Payload), Err(Unsayable::OtherCut(1))));
        assert!(matches!(of(1, Split::Udh8), Err(Unsayable::OtherCut(2))));
    }

    #[test]
    fn what_was_cut_into_a_part_more_for_the_sake_of_a_letter_still_leaves_so() {
        let text = format!("{}🧑\u{200d}🤝\u{200d}🧑{}", "П".repeat(60), "ы".repeat(129));
        let dialect = splitting(Split::Udh8);
        assert_eq!(count(&body(&text, 4, Extras::default()), &dialect), Some(3));
        let length = |parts, index| sm(body(&text, parts, Extras::default()), index, &dialect).short_message.len();
        assert_eq!((0..4).map(|it| (length(4, it) - 6) / 2).collect::<Vec<_>>(), [60, 67, 67, 3]);
        assert_eq!((0..3).map(|it| (length(3, it) - 6) / 2).collect::<Vec<_>>(), [66, 67, 64]);
        let of = |parts| asked(body(&text, parts, Extras::default()), 0, &dialect);
        assert!([2, 5].iter().all(|it| matches!(of(*it), Err(Unsayable::OtherCut(3)))));
    }

    #[test]
    fn how_long_a_message_is_worth_sending_is_said_as_the_carrier_takes_it() {
        let of = |validity, operation| {
            let dialect = Dialect { validity, operation, receipt_offset: 3_600, ..Dialect::default() };
            let body = Body { expires: Time(1_767_267_005_000), ..body("a", 1, Extras::default()) };
            match asked(body, 0, &dialect).unwrap() {
                pdu::PduBody::SubmitSm(sm) => sm.validity_period.to_string_lossy().into_owned(),
                pdu::PduBody::DataSm(data) => format!("{:?}", data.tlvs.iter().map(|it| it.0.0).collect::<Vec<_>>()),
                other => panic!("{other:?}"),
            }
        };
        let said = |validity| (of(validity, Operation::SubmitSm), of(validity, Operation::DataSm));
        let (text, both) = ("[1060]", "[23, 1060]");
        assert_eq!(said(Validity::Relative), ("000000000130000R".to_owned(), both.to_owned()));
        assert_eq!(said(Validity::Absolute), ("260101123005004+".to_owned(), both.to_owned()));
        assert_eq!(said(Validity::None), (String::new(), text.to_owned()));
    }

    #[test]
    fn a_sender_goes_in_the_alphabet_of_the_carrier_or_the_message_does_not() {
        let of = |name: &str, sender_alphabet| {
            let body = Body { source: Source::parse(name).unwrap(), ..body("a", 1, Extras::default()) };
            let dialect = Dialect { sender_alphabet, ..Dialect::default() };
            let said = count(&body, &dialect).is_some();
            match asked(body, 0, &dialect) {
                Ok(pdu::PduBody::SubmitSm(sm)) => (said, Some((sm.source.ton, sm.source.digits.as_bytes().to_vec()))),
                Err(Unsayable::Sender) => (said, None),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of("ÅSA", Alphabet::Gsm7), (true, Some((5, b"\x0ESA".to_vec()))));
        assert_eq!(of("ÅSA", Alphabet::Latin1), (true, Some((5, b"\xC5SA".to_vec()))));
        assert_eq!(of("ÅSA", Alphabet::Ascii), (false, None));
        assert_eq!(of("€uro", Alphabet::Gsm7), (true, Some((5, b"\x1Beuro".to_vec()))));
        assert_eq!(of("SHOP_NL", Alphabet::Ascii), (true, Some((5, b"SHOP_NL".to_vec()))));
        assert_eq!(of("SHOP_NL", Alphabet::Gsm7), (true, Some((5, b"SHOP\x11NL".to_vec()))));
    }

    #[test]
    fn data_is_said_with_its_class_and_ports() {
        let form = Form {
            binary: Some(Binary::new(&[1, 2], &[]).unwrap()),
            ports: Some(Ports { destination: 2948, source: 9200 }),
            indication: MessageClass::new(1).map(Indication::Class),
        };
        let sm = sm(body("", 1, Extras { form, ..Extras::default() }), 0, &Dialect::default());
        assert_eq!((sm.esm_class, sm.data_coding), (0x40, 0x15));
        assert_eq!(&*sm.short_message, b"\x06\x05\x04\x0B\x84\x23\xF0\x01\x02");
    }

    #[test]
    fn quirk_75_parameters_go_by_the_tags_and_with_the_ends_that_the_carrier_wants() {
        let dlt =
            Dlt { entity_id: Some("17".into()), template_id: Some("11".into()), telemarketer_id: Some("a,b".into()) };
        let own = vec![Parameter { tag: 0x1500, value: b"own"[..].into() }];
        let registered =
            || body("a", 1, Extras { dlt: Some(Box::new(dlt.clone())), tlvs: own.clone(), ..Extras::default() });
        let carriers = vec![
            Parameter { tag: 0x1400, value: b"all"[..].into() },
            Parameter { tag: 0x1500, value: b"all"[..].into() },
            Parameter { tag: 0x1600, value: [0xFF][..].into() },
        ];
        let dialect = Dialect { tlvs: carriers, ..Dialect::default() };
        let expected = [
            (0x1400, b"17".to_vec()),
            (0x1401, b"11".to_vec()),
            (0x1402, b"a,b".to_vec()),
            (0x1500, b"own".to_vec()),
            (0x1600, vec![0xFF]),
        ];
        assert_eq!(tlvs(&sm(registered(), 0, &dialect)), expected);
        let dlt = DltTags { entity: 0x1401, template: 0x1400, telemarketer: 0x1403, nul: true };
        let swapped = Dialect { dlt, ..Dialect::default() };
        let expected = [
            (0x1400, b"11\0".to_vec()),
            (0x1401, b"17\0".to_vec()),
            (0x1403, b"a,b\0".to_vec()),
            (0x1500, b"own".to_vec()),
        ];
        assert_eq!(tlvs(&sm(registered(), 0, &swapped)), expected);
    }

    #[test]
    fn data_sm_has_text_and_validity_as_parameters() {
        let dialect = Dialect { operation: Operation::DataSm, ..Dialect::default() };
        let Ok(pdu::PduBody::DataSm(data)) = asked(body("П", 1, Extras::default()), 0, &dialect) else {
            panic!("data_sm")
        };
        let expected = Tlvs::build().push(Tag::QOS_TIME_TO_LIVE, &[0, 0, 0, 90]).push(Tag::MESSAGE_PAYLOAD, &[4, 0x1F]);
        let expected = DataSm {
            source: Address { ton: 5, npi: 0, digits: CString::from("SHOP") },
            destination: Address { ton: 1, npi: 1, digits: CString::from("31612345678") },
            registered_delivery: 1,
            data_coding: 8,
            tlvs: expected.build(),
            ..DataSm::default()
        };
        assert_eq!(data, expected);
    }
}
