//! The two channels of a link into the loop: answers, and what the carrier sends of its own accord.
//!
//! The channel of answers has room for everything that the link was given, so that an answer never
//! waits behind a receipt. The inbound channel has room for everything that a session takes in before it
//! stops reading, and a session begins when the channel is empty.

use crate::carrier::report::Report;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Wakes the loop.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Reports besides answers that may be under way at once: up and down, of a link that bounces.
const MOVES: usize = 64;
/// Sessions whose messages may be confirmed at once: one that has ended, and the next.
const SESSIONS: usize = 2;

/// What a link may hold at once, in parts and messages of the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Parts that may be at the carrier unanswered.
    pub window: usize,
    /// Parts that may run ahead of those.
    pub ahead: usize,
    /// Messages of the carrier that may wait for our answer: as many of the smallest as the buffer holds.
    pub inbound: usize,
}

/// The link's ends of its channels.
pub struct Outlet {
    answers: mpsc::Sender<Report>,
    inbound: mpsc::Sender<Report>,
    wake: Wake,
}

/// The loop's ends.
#[derive(Debug)]
pub struct Inlet {
    /// Up, down, answers.
    pub answers: mpsc::Receiver<Report>,
    /// Receipts and messages.
    pub inbound: mpsc::Receiver<Report>,
}

/// The channels of a link.
pub fn channels(room: Room, wake: Wake) -> (Outlet, Inlet) {
    // A late answer belongs to a tomb, of which there are at most as many as the window is wide.
    let answers = 2 * room.window + room.ahead + MOVES;
    let (to_answers, answers) = mpsc::channel(answers);
    let (to_inbound, inbound) = mpsc::channel(room.inbound);
    (Outlet { answers: to_answers, inbound: to_inbound, wake }, Inlet { answers, inbound })
}

/// How many commands may be under way to a link: what its capacity allows, and the confirmations.
pub const fn commands(room: Room) -> usize {
    room.window + room.ahead + room.inbound * SESSIONS + MOVES
}

impl Outlet {
    /// Whether reports of another session might not find room.
    pub fn is_crowded(&self) -> bool {
        self.answers.capacity() < self.answers.max_capacity() - MOVES / 2
            || self.inbound.capacity() < self.inbound.max_capacity()
    }

    /// Puts a report into its channel. False if there was no room for it, which only late answers may meet.
    pub fn report(&self, report: Report) -> bool {
        let inbound = matches!(report, Report::Inbound { .. });
        let dispensable = matches!(report, Report::Late(..));
        let channel = if inbound { &self.inbound } else { &self.answers };
        let sent = match channel.try_send(report) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) if dispensable => false,
            Err(mpsc::error::TrySendError::Full(_)) => panic!("a link was given more than its capacity"),
            // The loop has ended; nothing is to be decided any more.
            Err(mpsc::error::TrySendError::Closed(_)) => true,
        };
        (self.wake)();
        sent
    }
}
