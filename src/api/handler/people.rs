//! Whom the gateway is asked to forget, and what came of it.

use crate::number::e164::E164;
use tokio::sync::oneshot;

/// The words for how far it is.
pub(crate) const STATES: [&str; 2] = ["forgotten", "under_way"];

/// Somebody is to be forgotten.
#[derive(Debug)]
pub struct PersonRequest {
    /// His number.
    pub number: E164,
    /// Told once that is durable.
    pub reply: oneshot::Sender<Result<Kept, NotForgotten>>,
}

/// It is durable that somebody is to be forgotten.
#[derive(Debug)]
pub struct Kept {
    /// It was not before.
    pub is_new: bool,
    /// What came of it, once everything was gone through.
    pub news: oneshot::Receiver<PersonNews>,
}

/// What of somebody is forgotten since it was asked for, once everything was gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonNews {
    /// Messages to him.
    pub messages: usize,
    /// Events that named him.
    pub events: usize,
    /// Receipts that waited for their message.
    pub receipts: usize,
    /// Parts of messages from him that waited for the others.
    pub parts: usize,
    /// What keeps him in peace, and goes on doing so under a keyed hash.
    pub suppressions: usize,
    /// Messages that are under way and keep his number until they have ended: then they are forgotten, too.
    pub under_way: usize,
}

/// Why nobody is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotForgotten {
    /// So many are to be forgotten already.
    TooMany(usize),
    /// The daemon is stopping, or the store has failed.
    Ending,
}
