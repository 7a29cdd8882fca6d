//! The working set: the messages that are in memory, and what of them the store does not have yet.
//!
//! In memory are the parts staged in a lane or on a link, and a bounded number of messages
//! that wait for a receipt. All others are in the store alone.

use crate::carrier::report::Ticket;
use crate::message::attempt::Attempt;
use crate::message::id::{LinkId, PartKey, Seq};
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::record::batch::Batch;
use crate::record::entry::{Entry, PastAttempt};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// A message in memory.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry,
    /// What telemetry was told last.
    pub(crate) told: Status,
    /// Since when it waits for the carrier that it is to go to now.
    pub(crate) since: Time,
    /// Its carrier does not take it, and it has yet to go on: why it ends if there is no other.
    pub(crate) refused: Option<Reason>,
    /// Which parts stand in a lane or on a link, by bit.
    staged: u16,
    /// Which parts changed in this beat, by bit.
    changed: u16,
    /// Which of these the store does not have yet, though it has the message.
    added: u16,
    /// Its body is not durable yet.
    fresh: bool,
    /// Only waits; may be forgotten.
    idle: bool,
}

/// The messages in memory.
#[derive(Debug)]
pub(crate) struct Set {
    held: HashMap<Seq, Held, foldhash::fast::FixedState>,
    /// The attempts in memory by the hash of the carrier's id.
    rhashes: BTreeSet<(u64, PartKey)>,
    /// Messages that changed in this beat, each once.
    changed: Vec<Seq>,
    /// Past attempts that changed in this beat.
    past: Vec<PastAttempt>,
    /// Messages that only wait, oldest first; some have moved on.
    idle: VecDeque<Seq>,
    idle_max: usize,
    /// Messages that were over when this beat took them in: the store may forget them before the next.
    over: Vec<Seq>,
}

impl Set {
    pub(crate) fn new(idle_max: usize) -> Self {
        Self {
            held: HashMap::default(),
            rhashes: BTreeSet::new(),
            changed: Vec::new(),
            past: Vec::new(),
            idle: VecDeque::new(),
            idle_max,
            over: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.held.contains_key(&seq)
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&Held> {
        self.held.get(&seq)
    }

    pub(crate) fn part(&self, key: PartKey) -> Option<&Part> {
        self.held.get(&key.seq())?.entry.parts.get(usize::from(key.index()))
    }

    /// The parts that stand on a link. A look at everything: only for a link that has ended.
    pub(crate) fn on_link(&self, link: LinkId) -> Vec<Ticket> {
        let parts = self.held.values().flat_map(|it| &it.entry.parts);
        let given = parts.filter(|it| it.phase() == Phase::Intended);
        let here =
            given.filter_map(|it| it.attempt.as_ref().filter(|at| at.link == link).map(|at| (it.key, at.number)));
        let mut tickets: Vec<Ticket> = here.map(|(key, number)| Ticket::new(key, number)).collect();
        tickets.sort_unstable_by_key(|it| it.0);
        tickets
    }

    /// The part, to be changed: it goes into the batch of this beat.
    pub(crate) fn change(&mut self, key: PartKey) -> Option<&mut Held> {
        let held = self.held.get_mut(&key.seq())?;
        if held.changed == 0 && !held.fresh {
            self.changed.push(key.seq());
        }
        held.changed |= 1 << key.index();
        held.idle = false;
        Some(held)
    }

    /// Takes in what the store had; what is in memory already is newer and stays.
    pub(crate) fn admit(&mut self, entry: Entry) {
        let seq = entry.body.seq();
        if self.holds(seq) {
            return;
        }
        for part in &entry.parts {
            self.rhashes.extend(part.attempt.as_ref().and_then(Attempt::rhash).map(|it| (it, part.key)));
        }
        for past in &entry.past {
            self.rhashes.extend(past.attempt.rhash().map(|it| (it, past.key)));
        }
        let told = entry.status();
        let since = entry.body.created;
        let over = entry.parts.iter().all(|it| it.phase().is_final());
        self.held.insert(
            seq,
            Held { entry, told, since, refused: None, staged: 0, changed: 0, added: 0, fresh: false, idle: !over },
        );
        if over { self.over.push(seq) } else { self.idle.push_back(seq) }
    }

    /// Takes in a message that is accepted in this beat.
    pub(crate) fn accept(&mut self, entry: Entry) {
        let seq = entry.body.seq();
        let told = entry.status();
        self.changed.push(seq);
        let since = entry.body.created;
        self.held.insert(
            seq,
            Held { entry, told, since, refused: None, staged: 0, changed: 0, added: 0, fresh: true, idle: false },
        );
    }

    /// A message has one more part.
    pub(crate) fn add(&mut self, part: Part) {
        let key = part.key;
        let Some(held) = self.held.get_mut(&key.seq()) else { return };
        held.entry.parts.push(part);
        held.added |= 1 << key.index();
        self.change(key);
    }

    /// Whether a part stands in a lane or on a link.
    pub(crate) fn is_staged(&self, key: PartKey) -> bool {
        self.held.get(&key.seq()).is_some_and(|it| it.staged & (1 << key.index()) != 0)
    }

    /// Marks a part as standing in a lane or on a link; false if it already did, or is not here.
    pub(crate) fn stage(&mut self, key: PartKey) -> bool {
        let Some(held) = self.held.get_mut(&key.seq()) else { return false };
        let first = held.staged & (1 << key.index()) == 0;
        held.staged |= 1 << key.index();
        held.idle = false;
        first
    }

    /// The part stands in no lane and on no link any more.
    pub(crate) fn unstage(&mut self, key: PartKey) {
        if let Some(held) = self.held.get_mut(&key.seq()) {
            held.staged &= !(1 << key.index());
            if held.staged == 0 && held.changed == 0 && !held.fresh {
                // Nothing will come by to tidy it away but this.
                held.idle = true;
                self.idle.push_back(key.seq());
            }
        }
    }

    /// The parts with an attempt under this hash.
    pub(crate) fn by_rhash(&self, rhash: u64) -> impl Iterator<Item = PartKey> + '_ {
        self.rhashes.range((rhash, PartKey(0))..=(rhash, PartKey(u64::MAX))).map(|(_, key)| *key)
    }

    /// An attempt of this part has been named by its carrier.
    pub(crate) fn note_name(&mut self, rhash: u64, key: PartKey) {
        self.rhashes.insert((rhash, key));
    }

    /// A past attempt is new or has changed.
    pub(crate) fn changed_past(&mut self, past: PastAttempt) {
        self.past.push(past);
    }

    /// Puts what changed into the batch, in the order of its keys, and lets go of what need not stay.
    pub(crate) fn settle(&mut self, batch: &mut Batch) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        for seq in &changed {
            let Some(held) = self.held.get_mut(seq) else { continue };
            if held.fresh {
                batch.bodies.push(held.entry.body.clone());
                batch.new_parts.extend(held.entry.parts.iter().cloned());
            } else {
                let changed = held.entry.parts.iter().filter(|it| held.changed & (1 << it.key.index()) != 0);
                let (added, changed): (Vec<&Part>, _) = changed.partition(|it| held.added & (1 << it.key.index()) != 0);
                batch.parts.extend(changed.into_iter().cloned());
                batch.new_parts.extend(added.into_iter().cloned());
            }
            (held.fresh, held.changed, held.added) = (false, 0, 0);
            if held.staged == 0 {
                self.rest(*seq);
            }
        }
        changed.clear();
        self.changed = changed;
        batch.past.append(&mut self.past);
        for seq in std::mem::take(&mut self.over) {
            let is_over = |it: &Held| it.staged == 0 && it.entry.parts.iter().all(|it| it.phase().is_final());
            if self.held.get(&seq).is_some_and(is_over) {
                self.forget(seq);
            }
        }
        while self.idle_max < self.idle.len() {
            let Some(seq) = self.idle.pop_front() else { break };
            if self.held.get(&seq).is_some_and(|it| it.idle) {
                self.forget(seq);
            }
        }
    }

    /// A message with no part staged: kept for its receipt, or forgotten.
    fn rest(&mut self, seq: Seq) {
        let Some(held) = self.held.get_mut(&seq) else { return };
        if held.entry.parts.iter().any(|it| it.phase() == Phase::Sent) {
            held.idle = true;
            self.idle.push_back(seq);
        } else {
            self.forget(seq);
        }
    }

    fn forget(&mut self, seq: Seq) {
        let Some(held) = self.held.remove(&seq) else { return };
        for part in &held.entry.parts {
            if let Some(rhash) = part.attempt.as_ref().and_then(Attempt::rhash) {
                self.rhashes.remove(&(rhash, part.key));
            }
        }
        for past in &held.entry.past {
            if let Some(rhash) = past.attempt.rhash() {
                self.rhashes.remove(&(rhash, past.key));
            }
        }
    }
}
