//! What the deciding floor knows of a carrier: its links, its pace, the lanes that it serves.

use crate::carrier::report::Ticket;
use crate::dispatch::door::plan::Carrier;
use crate::dispatch::queue::pace::Pace;
use crate::dispatch::queue::rest::Resting;
use crate::dispatch::queue::ring::Ring;
use crate::message::attempt::Cause;
use crate::message::id::LaneId;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::route::breaker::{Allowed, Breaker, BreakerSignal};
use std::collections::HashMap;
use std::time::Duration;

/// A carrier as it is now.
#[derive(Debug)]
pub(crate) struct CarrierState {
    /// Its links, by their place.
    pub(crate) links: Vec<LinkState>,
    /// Over all links.
    pub(crate) pace: Pace,
    /// Recipients that it has enough for.
    pub(crate) resting: Resting,
    /// Lanes that may have work, by turns.
    pub(crate) ring: Ring,
    /// Whether it fails too often; `None` where nobody asks.
    pub(crate) breaker: Option<Breaker>,
    /// The part that is to show whether it works again.
    probe: Option<Ticket>,
    /// It takes nothing new.
    retired: bool,
    /// Until when it is waited for although it has not been up yet; never once it has.
    waited_until: Time,
    /// Recipients with parts in flight, and on which link: they stay in order by staying there.
    pub(crate) pinned: HashMap<E164, (u8, u32), foldhash::fast::FixedState>,
}

/// Whether a carrier takes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// It does.
    Open,
    /// It takes one part, to find out.
    Probe,
    /// It does not; this is why what waits for it goes elsewhere.
    Closed(Cause),
}

impl Openness {
    /// Why it is closed, if it is.
    pub(crate) const fn cause(self) -> Option<Cause> {
        match self {
            Self::Open | Self::Probe => None,
            Self::Closed(cause) => Some(cause),
        }
    }
}

/// A link as it is now.
#[derive(Debug)]
pub(crate) struct LinkState {
    /// How many parts it may hold; 0 while it is down, and on a receiver.
    pub(crate) capacity: usize,
    /// Of these, how many may be at the carrier; what is beyond runs ahead, and waits.
    pub(crate) window: usize,
    /// How many it holds.
    pub(crate) in_use: usize,
    /// Of this link alone.
    pub(crate) pace: Pace,
}

impl LinkState {
    fn new(pace: Option<f64>, now: Time) -> Self {
        Self { capacity: 0, window: 0, in_use: 0, pace: Pace::new(pace, now) }
    }

    pub(crate) const fn free(&self) -> usize {
        self.capacity.saturating_sub(self.in_use)
    }
}

impl CarrierState {
    /// How long after the start a carrier that has not been up yet is waited for, before it is taken to be down.
    const GRACE: Duration = Duration::from_secs(5);

    /// A carrier that is not configured: what waits for it goes elsewhere.
    pub(crate) fn unknown() -> Self {
        Self {
            links: Vec::new(),
            pace: Pace::new(None, Time::NEVER),
            resting: Resting::default(),
            ring: Ring::default(),
            breaker: None,
            probe: None,
            retired: false,
            pinned: HashMap::default(),
            waited_until: Time::NEVER,
        }
    }

    pub(crate) fn new(plan: &Carrier, now: Time) -> Self {
        Self {
            waited_until: now + Self::GRACE,
            links: (0..plan.links).map(|_| LinkState::new(plan.pace_per_link, now)).collect(),
            pace: Pace::new(plan.pace, now),
            resting: Resting::default(),
            ring: Ring::default(),
            breaker: plan.breaker.map(Breaker::new),
            probe: None,
            retired: plan.retired,
            pinned: HashMap::default(),
        }
    }

    /// Takes up a new configuration; what is in flight stays in flight.
    pub(crate) fn reconfigure(&mut self, plan: &Carrier, now: Time) {
        if self.pace.option() != plan.pace {
            self.pace = Pace::new(plan.pace, now);
        }
        self.retired = plan.retired;
        match (&mut self.breaker, plan.breaker) {
            (Some(breaker), Some(options)) => breaker.reconfigure(options),
            (breaker, options) => *breaker = options.map(Breaker::new),
        }
        self.links
            .resize_with(usize::from(plan.links).max(self.links.len()), || LinkState::new(plan.pace_per_link, now));
        for link in self.links.iter_mut().filter(|it| it.pace.option() != plan.pace_per_link) {
            link.pace = Pace::new(plan.pace_per_link, now);
        }
    }

    /// The link for a recipient: where it has parts in flight, else the one with the most room
    /// whose own pace allows it. `None` when that has no room now.
    pub(crate) fn link_for(&mut self, destination: E164, now: Time) -> Option<u8> {
        if let Some((bind, _)) = self.pinned.get(&destination) {
            let link = &mut self.links[usize::from(*bind)];
            return (0 < link.free() && link.pace.take(now)).then_some(*bind);
        }
        let mut order: Vec<u8> =
            (0..self.links.len() as u8).filter(|it| 0 < self.links[usize::from(*it)].free()).collect();
        order.sort_by_key(|it| usize::MAX - self.links[usize::from(*it)].free());
        order.into_iter().find(|it| self.links[usize::from(*it)].pace.take(now))
    }

    /// A part for a recipient goes onto a link.
    pub(crate) fn took_slot(&mut self, bind: u8, destination: E164) {
        self.links[usize::from(bind)].in_use += 1;
        self.pinned.entry(destination).or_insert((bind, 0)).1 += 1;
    }

    /// A part for a recipient has left a link.
    pub(crate) fn freed_slot(&mut self, bind: u8, destination: E164) {
        if let Some(link) = self.links.get_mut(usize::from(bind)) {
            link.in_use = link.in_use.saturating_sub(1);
        }
        if let Some((_, count)) = self.pinned.get_mut(&destination) {
            *count -= 1;
            if *count == 0 {
                self.pinned.remove(&destination);
            }
        }
    }

    /// A link has come up or gone down.
    pub(crate) fn link_has(&mut self, bind: u8, capacity: usize, window: usize) {
        if let Some(link) = self.links.get_mut(usize::from(bind)) {
            (link.capacity, link.window) = (capacity, window);
            if 0 < capacity {
                self.waited_until = Time::NEVER;
            }
        }
    }

    /// Whether it takes anything.
    pub(crate) fn openness(&self, now: Time) -> Openness {
        if self.links.iter().all(|it| it.capacity == 0) && self.waited_until.known().is_none_or(|it| it <= now) {
            return Openness::Closed(Cause::CarrierDown);
        }
        if self.retired {
            return Openness::Closed(Cause::Moved);
        }
        match self.breaker.as_ref().map(|it| it.would_allow(now)) {
            None | Some(Allowed::Yes) => Openness::Open,
            Some(Allowed::Probe) => Openness::Probe,
            Some(Allowed::No { .. }) => Openness::Closed(Cause::BreakerOpen),
        }
    }

    /// A part goes to it: the one that shows whether it works again, if that is asked.
    pub(crate) fn tries(&mut self, now: Time, ticket: Ticket) {
        if let Some(breaker) = self.breaker.as_mut()
            && breaker.allows(now) == Allowed::Probe
        {
            breaker.probe_sent();
            self.probe = Some(ticket);
        }
    }

    /// A part was answered, in a way that speaks for or against it, or did not leave.
    pub(crate) fn note(&mut self, now: Time, ticket: Ticket, kind: Option<BreakerSignal>) {
        let Some(breaker) = self.breaker.as_mut() else { return };
        let probe = self.probe.take_if(|it| *it == ticket).is_some();
        match (probe, kind) {
            (true, Some(kind)) => breaker.probe_answered(now, kind),
            (true, None) => breaker.probe_lost(),
            (false, Some(kind)) => breaker.note(now, kind),
            (false, None) => (),
        }
    }

    /// Whether it could take a part at once.
    pub(crate) fn could_take(&self, now: Time) -> bool {
        self.could_take_another(now, 0)
    }

    /// Whether it could take a part at once besides so many that wait for it.
    pub(crate) fn could_take_another(&self, now: Time, waiting: usize) -> bool {
        let links = self.links.iter().filter(|it| it.pace.has_token(now));
        waiting < links.map(LinkState::free).sum() && self.pace.has_token(now)
    }

    /// The lanes that may have work.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = LaneId> + '_ {
        self.ring.lanes()
    }

    /// A link was lost that was up.
    pub(crate) fn lost_link(&mut self, now: Time) {
        if let Some(breaker) = self.breaker.as_mut() {
            breaker.note(now, BreakerSignal::Fault);
        }
    }

    /// Whether anything could be given to it now, but for the pace.
    pub(crate) fn has_room(&self) -> bool {
        self.links.iter().any(|it| 0 < it.free())
    }

    /// When it is worth trying again, where only time is missing.
    pub(crate) fn next_at(&mut self, now: Time) -> Option<Time> {
        if self.ring.is_empty() || self.links.iter().all(|it| it.free() == 0) {
            return None;
        }
        let patience = self.breaker.as_ref().and_then(|it| it.next_at(now));
        if self.openness(now) == Openness::Closed(Cause::BreakerOpen) {
            // Lanes of routes that have no other carrier go on, at the pace.
            return patience.or_else(|| self.pace.next_at(now));
        }
        let links = self.links.iter_mut().filter(|it| 0 < it.free());
        // A recipient may be bound to a link that waits for its pace while another would be free.
        let earliest_link = links.filter_map(|it| it.pace.next_at(now)).min();
        self.pace.next_at(now).max(earliest_link)
    }
}
