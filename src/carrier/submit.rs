//! A part as `submit_sm`.

use crate::carrier::dialect::{Dialect, Numbering, ReceiptsAsked};
use crate::carrier::report::Ticket;
use crate::message::body::Body;
use crate::message::source::Source;
use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::sm::Sm;
use crate::text::{self, Rules, TextError};
use std::sync::Arc;
use std::time::Duration;

/// A part to submit.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// What the report about it must name.
    pub ticket: Ticket,
    /// The message.
    pub body: Arc<Body>,
    /// Which of its parts, from 0.
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
pub fn submit_sm(submit: &Submit, dialect: &Dialect) -> Result<Sm, Unsayable> {
    let body = &submit.body;
    // Parts of one message share it, and messages that follow each other differ in it.
    let reference = body.seq().0 as u8;
    let rules = Rules { requested: body.requested, default_alphabet: dialect.alphabet, reference };
    let parts = text::estimate(&body.text, body.requested, dialect.alphabet)?.parts;
    if parts != usize::from(body.parts) {
        // The carrier's alphabet has changed since the message was cut: a part of another cut would be half a text.
        return Err(Unsayable::OtherCut(parts));
    }
    let (data_coding, piece) = text::piece(&body.text, &rules, usize::from(submit.index))?;
    for (field, length, most) in [
        ("the sender", body.source.octets().len(), ADDRESS_MAX),
        ("service_type", dialect.service_type.len(), SERVICE_TYPE_MAX),
    ] {
        if most < length {
            return Err(Unsayable::TooLong(field));
        }
    }
    Ok(Sm {
        service_type: CString::from(&*dialect.service_type),
        source: source(&body.source, dialect.source),
        destination: numbered(dialect.destination, (1, 1), &body.destination.digits()),
        esm_class: dialect.esm_class | if piece.udh { UDHI } else { 0 },
        validity_period: crate::smpp::time::relative(submit.validity),
        registered_delivery: u8::from(asks_receipt(submit, dialect.receipts)),
        data_coding,
        short_message: piece.octets,
        ..Sm::default()
    })
}

fn asks_receipt(submit: &Submit, asked: ReceiptsAsked) -> bool {
    match asked {
        ReceiptsAsked::All => true,
        ReceiptsAsked::First => submit.index == 0,
        ReceiptsAsked::Last => submit.index + 1 == submit.body.parts,
        ReceiptsAsked::None => false,
    }
}

/// Type and plan by the shape of the sender, unless the carrier wants others.
pub(crate) fn source(source: &Source, wanted: Numbering) -> Address {
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
