//! One connection to the simulated carrier.

use crate::session::Session;
use crate::session::output::CloseReason;
use crate::smpp::bind::BindKind;
use crate::smpp::pdu::Pdu;
use std::collections::VecDeque;
use std::time::Instant;

/// Names an account by its place.
pub(super) type AccountId = usize;

/// Names a connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(pub(super) u64);

/// One connection, from its making to its end.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: Session,
    /// Whose it is and how it is bound, once a bind was accepted.
    pub(super) bound: Option<(AccountId, BindKind)>,
    /// Submits that came.
    pub(super) submits: u64,
    /// Submits whose answer is on its way.
    pub(super) open: usize,
    /// What is to be written. Bounded by what the peer asked and by the window towards it.
    pub(super) outbox: VecDeque<Pdu>,
    /// Why it is over, if it is.
    pub(super) closed: Option<CloseReason>,
    /// Whether it stands in the queue of lines that have something to say.
    pub(super) speaks: bool,
    /// When the agenda next ticks its session.
    pub(super) armed: Option<Instant>,
}

impl Line {
    pub(super) const fn new(session: Session) -> Self {
        Self {
            session,
            bound: None,
            submits: 0,
            open: 0,
            outbox: VecDeque::new(),
            closed: None,
            speaks: false,
            armed: None,
        }
    }

    /// Whether a receipt may leave on it now.
    pub(super) fn has_room(&self) -> bool {
        self.receives() && self.session.credit() > 0
    }

    /// Whether receipts leave on it at all.
    pub(super) fn receives(&self) -> bool {
        self.closed.is_none() && self.bound.is_some_and(|(_, kind)| kind.receives())
    }
}
