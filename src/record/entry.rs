//! A message with all that is known of it.

use crate::message::attempt::Attempt;
use crate::message::body::Body;
use crate::message::id::PartKey;
use crate::message::part::Part;
use crate::message::status::Status;
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
}
