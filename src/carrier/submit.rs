//! A part as `submit_sm` or `data_sm`.

use crate::carrier::dialect::{Dialect, Numbering, Operation, ReceiptsAsked};
use crate::carrier::report::Ticket;
use crate::message::body::Body;
use crate::message::manner::{Dlt, Manner};
use crate::message::source::Source;
use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::pdu;
use crate::smpp::sm::Sm;
use crate::smpp::tlv::{Tag, Tlvs};
use crate::text::TextError;
use crate::text::cut::{Cut, Piece};
use crate::text::profile::{Profile, Split};
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
    /// How much of its validity is left.
    pub validity: Duration,
}

/// `esm_class`: the text begins with a user data header.
const UDHI: u8 = 0x40;

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
    /// A field is longer than the specification allows.
    #[error("{0} is too long for submit_sm")]
    TooLong(&'static str),
}

/// The part as this carrier wants it. What is returned can be encoded.
pub fn request(submit: &Submit, dialect: &Dialect) -> Result<pdu::Body, Unsayable> {
    let body = &submit.body;
    let cut = Cut::of(body.content(), &profile(body, dialect.text))?;
    let parts = cut.estimate().parts;
    if parts != usize::from(body.parts) || cut.submits() != usize::from(body.submits()) {
        // The carrier's alphabet has changed since the message was cut: a part of another cut would be half a text.
        return Err(Unsayable::OtherCut(parts));
    }
    for (field, length, most) in [
        ("the sender", body.source.octets().len(), ADDRESS_MAX),
        ("service_type", dialect.service_type.len(), SERVICE_TYPE_MAX),
    ] {
        if most < length {
            return Err(Unsayable::TooLong(field));
        }
    }
    // Parts of one message share it, and messages that follow each other differ in it.
    let piece = cut.piece(body.seq().0 as u16, usize::from(submit.index))?;
    Ok(match dialect.operation {
        Operation::SubmitSm => pdu::Body::SubmitSm(submit_sm(submit, dialect, piece)),
        Operation::DataSm => pdu::Body::DataSm(data_sm(submit, dialect, &piece)),
    })
}

/// A message keeps the number of submits that it was accepted with, although a carrier that it
/// comes to by a detour cuts texts itself and the first did not, or the reverse.
fn profile(body: &Body, wanted: Profile) -> Profile {
    let payload = body.manner.as_ref().is_some_and(|it| it.payload);
    let split = match wanted.split {
        _ if payload => Split::Payload,
        Split::Payload if 1 < body.parts => Split::Udh8,
        other => other,
    };
    Profile { split, ..wanted }
}

fn submit_sm(submit: &Submit, dialect: &Dialect, piece: Piece) -> Sm {
    let tlvs = tlvs(submit, dialect, &piece, piece.payload);
    Sm {
        service_type: CString::from(&*dialect.service_type),
        source: source(&submit.body.source, dialect.source),
        destination: numbered(dialect.destination, (1, 1), &submit.body.destination.digits()),
        esm_class: dialect.esm_class | if piece.udh { UDHI } else { 0 },
        validity_period: crate::smpp::time::relative(submit.validity),
        registered_delivery: u8::from(asks_receipt(submit, dialect.receipts)),
        data_coding: piece.data_coding,
        short_message: if piece.payload { Default::default() } else { piece.octets },
        tlvs,
        ..Sm::default()
    }
}

fn data_sm(submit: &Submit, dialect: &Dialect, piece: &Piece) -> DataSm {
    DataSm {
        service_type: CString::from(&*dialect.service_type),
        source: source(&submit.body.source, dialect.source),
        destination: numbered(dialect.destination, (1, 1), &submit.body.destination.digits()),
        esm_class: dialect.esm_class | if piece.udh { UDHI } else { 0 },
        registered_delivery: u8::from(asks_receipt(submit, dialect.receipts)),
        data_coding: piece.data_coding,
        tlvs: tlvs(submit, dialect, piece, true),
    }
}

/// The optional parameters, in the order of their tags: what joins the parts, the text where it
/// is one of them, and those of the carrier, in whose place the message may have its own.
fn tlvs(submit: &Submit, dialect: &Dialect, piece: &Piece, payload: bool) -> Tlvs {
    let mut all: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    all.extend(dialect.tlvs.iter().map(|it| (it.tag, it.value.to_vec())));
    if let Some(manner) = submit.body.manner.as_deref() {
        all.extend(registered(manner, dialect));
        all.extend(manner.tlvs.iter().map(|it| (it.tag, it.value.to_vec())));
    }
    if let Some(Concat { reference, total, index, .. }) = piece.sar {
        all.insert(Tag::SAR_MSG_REF_NUM.0, reference.to_be_bytes().into());
        all.insert(Tag::SAR_TOTAL_SEGMENTS.0, vec![total]);
        all.insert(Tag::SAR_SEGMENT_SEQNUM.0, vec![index]);
    }
    if payload {
        all.insert(Tag::MESSAGE_PAYLOAD.0, piece.octets.to_vec());
    }
    if dialect.operation == Operation::DataSm {
        // data_sm has no validity_period; its seconds are a parameter (SMPP 3.4, 5.3.2.28).
        let seconds = u32::try_from(submit.validity.as_secs().max(1)).unwrap_or(u32::MAX);
        all.insert(Tag::QOS_TIME_TO_LIVE.0, seconds.to_be_bytes().into());
    }
    let tlvs = all.iter().fold(Tlvs::build(), |tlvs, (tag, value)| tlvs.push(Tag(*tag), value));
    tlvs.build()
}

/// What India's registry wants to know, in this carrier's parameters.
fn registered(manner: &Manner, dialect: &Dialect) -> Vec<(u16, Vec<u8>)> {
    let Some(Dlt { entity_id, template_id, telemarketer_id }) = manner.dlt.as_deref() else { return Vec::new() };
    let tags = dialect.dlt;
    let fields = [(tags.entity, entity_id), (tags.template, template_id), (tags.telemarketer, telemarketer_id)];
    let nul: &[u8] = if tags.nul { b"\0" } else { b"" };
    fields.into_iter().filter_map(|(tag, value)| Some((tag, [value.as_deref()?.as_bytes(), nul].concat()))).collect()
}

fn asks_receipt(submit: &Submit, asked: ReceiptsAsked) -> bool {
    match asked {
        ReceiptsAsked::All => true,
        ReceiptsAsked::First => submit.index == 0,
        ReceiptsAsked::Last => submit.index + 1 == submit.body.submits(),
        ReceiptsAsked::None => false,
    }
}

/// Type and plan by the shape of the sender, unless the carrier wants others.
fn source(source: &Source, wanted: Numbering) -> Address {
    let usual = match source {
        Source::Unset => (0, 0),
        Source::International(_) => (1, 1),
        Source::Short(_) => (3, 0),
        Source::Alphanumeric(_) => (5, 0),
    };
    // An alphanumeric sender under another type is refused or garbled everywhere.
    let wanted = if matches!(source, Source::Alphanumeric(_)) { Numbering::default() } else { wanted };
    numbered(wanted, usual, source.octets())
}

fn numbered(wanted: Numbering, usual: (u8, u8), digits: &str) -> Address {
    let (ton, npi) = (wanted.ton.unwrap_or(usual.0), wanted.npi.unwrap_or(usual.1));
    Address { ton, npi, digits: CString::from(digits) }
}
