//! How often what happened, as plain text for a person or a script.

use crate::smpp::status::CommandStatus;
use std::collections::BTreeMap;
use std::fmt;

/// How often what happened since the carrier began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections made.
    pub connections: u64,
    /// Connections that are there now.
    pub connected: u64,
    /// Binds accepted.
    pub binds: u64,
    /// Binds refused.
    pub binds_refused: u64,
    /// Connections that the carrier cut by its own will.
    pub cut: u64,
    /// `broadcast_sm` that came.
    pub broadcasts: u64,
    /// `submit_sm`, `data_sm` and destinations of `submit_multi` that came.
    pub submits: u64,
    /// Of these, taken.
    pub taken: u64,
    /// Of these, never answered by will.
    pub unanswered: u64,
    /// Answers that were sent, by their status.
    pub answers: BTreeMap<u32, u64>,
    /// Receipts made.
    pub receipts: u64,
    /// Receipts sent, again and again included.
    pub receipts_sent: u64,
    /// Receipts that were refused, not answered in time, or lost with their line, and will be sent again.
    pub receipts_failed: u64,
    /// Receipts that were refused, of a carrier that sends nothing again.
    pub receipts_refused: u64,
    /// Receipts whose answer is lost, of such a carrier.
    pub receipts_lost: u64,
    /// Receipts confirmed.
    pub receipts_confirmed: u64,
    /// Messages of the carrier's own made.
    pub messages: u64,
    /// Of these, confirmed.
    pub messages_confirmed: u64,
    /// Of these, refused, of a carrier that sends nothing again.
    pub messages_refused: u64,
    /// Of these, those whose answer is lost, of such a carrier.
    pub messages_lost: u64,
    /// PDUs that should not have come, or could not be read.
    pub oddities: u64,
}

impl Stats {
    /// Receipts made that have not come to their end.
    pub const fn receipts_pending(&self) -> u64 {
        self.receipts - self.receipts_confirmed - self.receipts_refused - self.receipts_lost
    }

    pub(super) fn count_answer(&mut self, status: CommandStatus) {
        *self.answers.entry(status.as_u32()).or_default() += 1;
    }
}

impl fmt::Display for Stats {
    /// A word and a number a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("connections", self.connections),
            ("connected", self.connected),
            ("binds", self.binds),
            ("binds_refused", self.binds_refused),
            ("cut", self.cut),
            ("broadcasts", self.broadcasts),
            ("submits", self.submits),
            ("taken", self.taken),
            ("unanswered", self.unanswered),
            ("receipts", self.receipts),
            ("receipts_sent", self.receipts_sent),
            ("receipts_failed", self.receipts_failed),
            ("receipts_refused", self.receipts_refused),
            ("receipts_lost", self.receipts_lost),
            ("receipts_confirmed", self.receipts_confirmed),
            ("receipts_pending", self.receipts_pending()),
            ("messages", self.messages),
            ("messages_confirmed", self.messages_confirmed),
            ("messages_refused", self.messages_refused),
            ("messages_lost", self.messages_lost),
            ("oddities", self.oddities),
        ];
        for (word, number) in lines {
            writeln!(f, "{word} {number}")?;
        }
        for (status, number) in &self.answers {
            writeln!(f, "answers {} {number}", CommandStatus::from_u32(*status))?;
        }
        Ok(())
    }
}
