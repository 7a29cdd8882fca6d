//! Links: up and down, what they hold, and what their answers say of their carrier.

use crate::carrier::answer;
use crate::carrier::report::{Answered, Report, Ticket};
use crate::dispatch::Dispatch;
use crate::message::attempt::Answer;
use crate::message::id::{LaneId, LinkId};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::route::breaker::BreakerSignal;
use crate::smpp::status::CommandStatus;

impl Dispatch {
    /// Notes what a link says of itself.
    pub(super) fn note_link(&mut self, link: LinkId, report: &Report) {
        match report {
            Report::Up { .. } => self.handsets.link_lives(link, true),
            Report::Closing | Report::Lost | Report::Down => self.handsets.link_lives(link, false),
            _ => (),
        }
    }

    /// A link may hold so much from now on.
    pub(super) fn link_has(&mut self, link: LinkId, capacity: usize, window: usize) {
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return };
        carrier.link_has(link.bind, capacity, window);
    }

    /// A link is down, or about to be.
    pub(super) fn lose_link(&mut self, link: LinkId) {
        let now = self.beat.now;
        if let Some(carrier) = self.carriers.get_mut(&link.carrier)
            && carrier.links.get(usize::from(link.bind)).is_some_and(|it| 0 < it.capacity)
        {
            carrier.lost_link(now);
        }
        self.link_has(link, 0, 0);
        self.handsets.end_session(&self.beat, link);
    }

    /// A link has ended for good.
    pub(super) fn forget_link(&mut self, link: LinkId) {
        self.link_has(link, 0, 0);
        self.handsets.link_lives(link, false);
        self.handsets.end_session(&self.beat, link);
    }

    /// An answer, or its absence, says something of its carrier.
    pub(super) fn note_answer(&mut self, link: LinkId, ticket: Ticket, answered: &Answered) {
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return };
        let status = answered.command_status.map(CommandStatus::from_u32);
        let faulty = status.is_none_or(|it| answer::is_fault(answered.answer, it));
        let unsayable = answered.reason == Some(Reason::ContentRefused);
        let kind = match answered.answer {
            // A bad number, or a text that cannot be said there, is nobody's fault.
            Answer::Elsewhere if faulty && !unsayable => BreakerSignal::Fault,
            Answer::Unknown => BreakerSignal::Fault,
            _ => BreakerSignal::NoFault,
        };
        carrier.note(self.beat.now, ticket, (answered.answer != Answer::NotSent).then_some(kind));
    }

    /// Counts the lanes that have work as a beat begins: they share the memory for it.
    pub(super) fn count_work(&mut self) {
        self.lanes.busy = self.carriers.values().map(|it| it.ring.len()).sum();
    }

    /// When it is worth giving to a carrier again, or somebody there has rested.
    pub(super) fn next_of_carriers(&mut self) -> Option<Time> {
        let (now, lanes) = (self.beat.now, &self.lanes);
        let mut next = Vec::new();
        for carrier in self.carriers.values_mut() {
            next.push(carrier.next_at(now));
            next.push(carrier.resting.next().map(|it| it.max(now)));
            // More of the backlog can go at once.
            let starved = |id: LaneId| lanes.get(id).is_some_and(|lane| lane.backlog && lane.ready.is_empty());
            let more = carrier.has_room() && carrier.pace.next_at(now).is_none() && carrier.lanes().any(starved);
            next.push(more.then_some(now));
        }
        next.into_iter().flatten().min()
    }
}
