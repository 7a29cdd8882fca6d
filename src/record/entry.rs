//! A message with all that is known of it.

use crate::message::attempt::{Answer, Attempt};
use crate::message::body::Body;
use crate::message::id::PartKey;
use crate::message::part::Part;
use crate::message::status::Status;
use crate::message::time::Time;
use std::sync::Arc;

/// A message and its parts: what the store loads as one, and the working set holds as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was asked for.
    pub body: Arc<Body>,
    /// Where its parts are, by their index.
    pub parts: Vec<Part>,
    /// Attempts that later ones superseded, by part and number. A part has some only when its own attempt has a
    /// number above 1: stores rely on it.
    pub past: Vec<PastAttempt>,
}

/// An attempt that a later attempt of the same part superseded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAttempt {
    /// The part.
    pub key: PartKey,
    /// The attempt.
    pub attempt: Attempt,
}

impl Entry {
    /// What the customer is told.
    pub fn status(&self) -> Status {
        Status::of_parts(self.parts.iter().map(Part::status))
    }

    /// When it ended: when the last of its parts did.
    pub fn done_at(&self) -> Time {
        let last = self.parts.iter().map(|it| it.done_at).max().unwrap_or(Time::NEVER);
        if self.status().is_final() { last } else { Time::NEVER }
    }

    /// When a carrier first said that it took it; never while none has.
    pub fn sent_at(&self) -> Time {
        let attempts =
            self.parts.iter().filter_map(|it| it.attempt.as_ref()).chain(self.past.iter().map(|it| &it.attempt));
        let taken = attempts.filter(|it| it.answer == Some(Answer::Taken)).map(|it| it.answered_at);
        taken.filter_map(Time::known).min().unwrap_or(Time::NEVER)
    }
}
