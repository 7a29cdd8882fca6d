//! Why a message did not arrive, as its customer is told it.

use crate::message::attempt::Answer;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::record::entry::Entry;
use serde::{Serialize, Serializer};
use std::fmt;

/// Why a message did not arrive.
#[derive(Debug, Serialize)]
pub struct Failure<'a> {
    /// How far it had come: `queue`, `submit` or `delivery`.
    pub stage: &'static str,
    /// The word of the reason.
    pub code: &'static str,
    /// The reason in a sentence.
    pub detail: &'static str,
    /// Whether the same message to the same number would fail again.
    pub permanent: bool,
    /// The carrier's own code.
    pub carrier_code: Option<CarrierCode<'a>>,
}

impl<'a> Failure<'a> {
    /// Why a message of this status did not arrive; `None` of one that did, or may yet.
    pub fn of(entry: &'a Entry, status: Status) -> Option<Self> {
        let ended = |it: &&Part| it.reason.is_some() && it.phase().is_final() && it.phase().status() == status;
        let part = entry.parts.iter().find(ended).filter(|_| status.is_final() && status != Status::Delivered)?;
        let reason = part.reason?;
        Some(Self {
            stage: stage(part, reason),
            code: reason.word(),
            detail: reason.detail(),
            permanent: reason.is_permanent(),
            carrier_code: CarrierCode::of(part),
        })
    }
}

/// How far a part had come when it ended badly: what a carrier took fails at delivery.
fn stage(part: &Part, reason: Reason) -> &'static str {
    let taken = part.attempt.as_ref().is_some_and(|it| it.answer == Some(Answer::Taken) || it.receipt.is_some());
    match reason {
        Reason::Cancelled => "queue",
        Reason::Expired if part.attempt.is_none() || part.phase() == Phase::Expired && !taken => "queue",
        _ if taken => "delivery",
        _ => "submit",
    }
}

/// The carrier's own code, beside ours and nowhere else.
#[derive(Debug)]
pub enum CarrierCode<'a> {
    /// What a receipt has as its error.
    Receipt(&'a str),
    /// The command_status of an answer.
    Answer(u32),
}

impl<'a> CarrierCode<'a> {
    fn of(part: &'a Part) -> Option<Self> {
        let attempt = part.attempt.as_ref()?;
        let code = attempt.receipt.as_deref().and_then(|it| it.error_code.as_deref());
        code.map(Self::Receipt).or_else(|| attempt.command_status.filter(|it| *it != 0).map(Self::Answer))
    }
}

impl fmt::Display for CarrierCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(code) => f.write_str(code),
            Self::Answer(status) => write!(f, "0x{status:08X}"),
        }
    }
}

impl Serialize for CarrierCode<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
