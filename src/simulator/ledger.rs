//! What the simulated carrier was given and what it decided: the other side of the books.
//!
//! Three ways to keep it: not at all, whole in memory (for tests and short runs), or handed
//! out in batches to be written to a file.

use crate::simulator::outcome::MessageState;
use crate::smpp::cstring::CString;
use crate::smpp::status::CommandStatus;
use bytes::Bytes;
use serde_json::json;
use std::time::{Duration, Instant};

/// How the ledger is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Not at all.
    #[default]
    Nothing,
    /// Whole, with every receipt, for as long as the carrier lives.
    All,
    /// Submits only, until [`Ledger::take`] takes them.
    UntilTaken,
}

/// So many submits may wait to be taken; beyond it submits are refused with ESME_RMSGQFUL.
pub const UNTAKEN_MAX: usize = 65_536;

/// Every submit and every receipt.
#[derive(Debug, Default)]
pub struct Ledger {
    keep: Keep,
    submits: Vec<Submit>,
    receipts: Vec<Receipt>,
}

/// A `submit_sm` that came, or a `data_sm`.
#[derive(Clone, Debug)]
pub struct Submit {
    /// When.
    pub at: Instant,
    /// When, since 1970.
    pub unix: Duration,
    /// Whose line it came on.
    pub system_id: CString,
    /// Who sends.
    pub source: CString,
    /// Who receives.
    pub destination: CString,
    /// The octets of the text, user data header included.
    pub text: Bytes,
    /// How they are to be read.
    pub data_coding: u8,
    /// `esm_class`; tells of a user data header.
    pub esm_class: u8,
    /// What was decided.
    pub verdict: Verdict,
}

/// What was decided about a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Taken {
        /// The id, as it stands in the answer.
        id: CString,
        /// What the receipts say, if any are made.
        outcome: MessageState,
        /// Whether the answer is ever sent, as far as the line lasts.
        answered: bool,
    },
    /// It was refused, and is nobody's any more.
    Refused(CommandStatus),
    /// It was neither taken nor answered.
    Ignored,
}

/// A receipt and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Of which message: its id as it stands in the answer.
    pub id: CString,
    /// What it says.
    pub outcome: MessageState,
    /// When it is due.
    pub due: Instant,
    /// When it was last sent, if it was.
    pub sent: Option<Instant>,
    /// How often.
    pub times: u32,
    /// When the peer confirmed it, if it did.
    pub confirmed: Option<Instant>,
}

impl Ledger {
    pub(super) const fn new(keep: Keep) -> Self {
        Self { keep, submits: Vec::new(), receipts: Vec::new() }
    }

    /// Every submit that is kept, in the order in which they came.
    pub fn submits(&self) -> &[Submit] {
        &self.submits
    }

    /// Every receipt that is kept, in the order in which they were made.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Takes the submits out.
    pub fn take(&mut self) -> Vec<Submit> {
        std::mem::take(&mut self.submits)
    }

    pub(super) fn keeps_submits(&self) -> bool {
        self.keep != Keep::Nothing
    }

    /// Whether somebody is to take something.
    pub(super) fn is_to_be_taken(&self) -> bool {
        self.keep == Keep::UntilTaken && !self.submits.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.keep == Keep::UntilTaken && UNTAKEN_MAX <= self.submits.len()
    }

    pub(super) fn add(&mut self, submit: Submit) {
        self.submits.push(submit);
    }

    /// Enters a receipt; the answer names it, if it is kept.
    pub(super) fn open(&mut self, make: impl FnOnce() -> Receipt) -> Option<usize> {
        if self.keep != Keep::All {
            return None;
        }
        self.receipts.push(make());
        Some(self.receipts.len() - 1)
    }

    pub(super) fn receipt(&mut self, entry: Option<usize>) -> Option<&mut Receipt> {
        self.receipts.get_mut(entry?)
    }
}

impl Submit {
    /// Whether the carrier has it now.
    pub const fn is_taken(&self) -> bool {
        matches!(self.verdict, Verdict::Taken { .. })
    }

    /// One line of JSON: `at` in milliseconds since 1970, `text` as Latin-1, so that no octet
    /// is lost; `id` and `outcome` if it was taken, `status` if it was answered.
    pub fn to_json(&self) -> String {
        let text: String = self.text.iter().map(|octet| char::from(*octet)).collect();
        let (id, outcome, status) = match &self.verdict {
            Verdict::Taken { id, outcome, answered } => {
                (Some(id.to_string()), Some(outcome.word()), answered.then_some(0))
            }
            Verdict::Refused(status) => (None, None, Some(status.as_u32())),
            Verdict::Ignored => (None, None, None),
        };
        json!({
            "at": u64::try_from(self.unix.as_millis()).unwrap_or(u64::MAX),
            "system_id": self.system_id.to_string(),
            "source": self.source.to_string(),
            "destination": self.destination.to_string(),
            "text": text,
            "data_coding": self.data_coding,
            "esm_class": self.esm_class,
            "id": id,
            "outcome": outcome,
            "status": status,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_keeps_every_octet() {
        let submit = Submit {
            at: Instant::now(),
            unix: Duration::from_millis(1_767_268_800_123),
            system_id: CString::from("demo"),
            source: CString::from("Shop"),
            destination: CString::from("491511234567"),
            text: Bytes::from_static(b"\x05\x00\x03\"\xFF"),
            data_coding: 8,
            esm_class: 0x40,
            verdict: Verdict::Taken { id: CString::from("6aad5"), outcome: MessageState::Delivered, answered: true },
        };
        let read: serde_json::Value = serde_json::from_str(&submit.to_json()).unwrap();
        assert_eq!(read["text"], "\u{5}\u{0}\u{3}\"\u{FF}");
        assert_eq!((read["id"].as_str(), read["status"].as_u64()), (Some("6aad5"), Some(0)));
        assert_eq!(read["at"], 1_767_268_800_123_u64);
        let ignored = Submit { verdict: Verdict::Ignored, ..submit };
        let read: serde_json::Value = serde_json::from_str(&ignored.to_json()).unwrap();
        assert!(read["id"].is_null() && read["status"].is_null());
    }
}
