//! The loop's ends of a link.

use crate::carrier::esme::Command;
use crate::carrier::report::Report;
use crate::dispatch::door::happening::Happening;
use crate::link::channels::Inlet;
use crate::message::id::LinkId;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

/// Happenings that one lane may add to a beat: beyond it the others would wait for it.
const LANE_MAX: usize = 2_000;

/// The loop's ends of a link.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) inlet: Inlet,
    pub(super) commands: mpsc::Sender<Command>,
}

impl Port {
    /// Takes what the link has reported, answers first. False once the link has ended and all is taken.
    pub(super) fn drain(&mut self, link: LinkId, into: &mut Vec<Happening>) -> bool {
        let answers = take(&mut self.inlet.answers, link, into);
        let inbound = take(&mut self.inlet.inbound, link, into);
        answers || inbound
    }
}

impl Port {
    /// Takes all that a link has said that has ended.
    pub(super) fn drain_all(&mut self, link: LinkId, into: &mut Vec<Happening>) {
        let mut before = usize::MAX;
        while before != into.len() {
            before = into.len();
            self.drain(link, into);
        }
    }
}

fn take(lane: &mut mpsc::Receiver<Report>, link: LinkId, into: &mut Vec<Happening>) -> bool {
    for _ in 0..LANE_MAX {
        match lane.try_recv() {
            Ok(report) => into.push(Happening::Link(link, report)),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
    true
}
