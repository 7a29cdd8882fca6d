//! What the deciding floor knows of a carrier: its links, its pace, the lanes that it serves.

use crate::dispatch::pace::Pace;
use crate::dispatch::plan::Carrier;
use crate::message::id::LaneId;
use crate::message::time::Time;
use crate::number::e164::E164;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A carrier as it is now.
#[derive(Debug)]
pub(crate) struct CarrierState {
    /// Its links, by their place.
    pub(crate) links: Vec<LinkState>,
    /// Over all links.
    pub(crate) pace: Pace,
    /// Lanes that may have work, whose turn it is first.
    pub(crate) ring: VecDeque<LaneId>,
    /// It asked for a slower pace: nothing goes before this.
    pub(crate) paused_until: Time,
    /// How long the next such pause is.
    pause: Duration,
    /// Recipients with parts in flight, and on which link: they stay in order by staying there.
    pub(crate) pinned: HashMap<E164, (u8, u32), foldhash::fast::FixedState>,
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
    /// The first pause after ESME_RTHROTTLED; doubled while nothing is taken in between.
    const PAUSE: Duration = Duration::from_secs(1);
    const PAUSE_MAX: Duration = Duration::from_secs(30);

    pub(crate) fn new(plan: &Carrier, now: Time) -> Self {
        Self {
            links: (0..plan.links).map(|_| LinkState::new(plan.pace_per_link, now)).collect(),
            pace: Pace::new(plan.pace, now),
            ring: VecDeque::new(),
            paused_until: Time::NEVER,
            pause: Self::PAUSE,
            pinned: HashMap::default(),
        }
    }

    /// Takes up a new configuration; what is in flight stays in flight.
    pub(crate) fn reconfigure(&mut self, plan: &Carrier, now: Time) {
        if self.pace.rate() != plan.pace {
            self.pace = Pace::new(plan.pace, now);
        }
        self.links
            .resize_with(usize::from(plan.links).max(self.links.len()), || LinkState::new(plan.pace_per_link, now));
        for link in self.links.iter_mut().filter(|it| it.pace.rate() != plan.pace_per_link) {
            link.pace = Pace::new(plan.pace_per_link, now);
        }
    }

    /// It asked for a slower pace. What was in flight when it first asked says nothing new.
    pub(crate) fn throttled(&mut self, now: Time) {
        if self.paused_until <= now {
            self.paused_until = now + self.pause;
            self.pause = (self.pause * 2).min(Self::PAUSE_MAX);
        }
    }

    /// It took something.
    pub(crate) const fn took(&mut self) {
        self.pause = Self::PAUSE;
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

    /// Whether anything could be given to it now, but for the pace.
    pub(crate) fn has_room(&self, now: Time) -> bool {
        self.paused_until <= now && self.links.iter().any(|it| 0 < it.free())
    }

    /// When it is worth trying again, where only time is missing.
    pub(crate) fn next_at(&mut self, now: Time) -> Option<Time> {
        if self.ring.is_empty() || self.links.iter().all(|it| it.free() == 0) {
            return None;
        }
        if now < self.paused_until {
            return Some(self.paused_until);
        }
        let links = self.links.iter_mut().filter(|it| 0 < it.free());
        // A recipient may be bound to a link that waits for its pace while another would be free.
        let earliest_link = links.filter_map(|it| it.pace.next_at(now)).min();
        self.pace.next_at(now).max(earliest_link)
    }
}
