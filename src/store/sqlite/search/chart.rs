//! Which accounts and routes blocks of messages have, and in which statuses.
//!
//! Who asks for what is rare among millions reads the blocks that have it and no others. The chart is in
//! memory, some hundred octets for 256 messages, half a KiB more while some of them are open; it follows each
//! commit, and is made anew behind each start.
//!
//! A status that a block once had and has no more is remembered for final ones only, which seldom go away.

use crate::message::id::{AccountId, LaneId, PartKey, RouteId, Seq};
use crate::message::status::Status;
use crate::record::views::MessageFilter;
use std::collections::VecDeque;

/// Messages of a block.
pub(in crate::store::sqlite) const BLOCK: u64 = 256;

/// All blocks from the oldest message on.
#[derive(Default)]
pub(in crate::store::sqlite) struct Chart {
    first: u64,
    blocks: VecDeque<Block>,
}

/// What is known of 256 messages.
struct Block {
    /// Not before it was read, if it is older than the process.
    known: bool,
    groups: Vec<Group>,
    /// Where the open messages stand; nothing if none is.
    open: Option<Box<[State; BLOCK as usize]>>,
}

/// The messages of one account by one route in one block.
struct Group {
    whose: u64,
    queued: u16,
    sent: u16,
    /// A bit for each final status that one of them has had.
    ended: u8,
}

/// Where an open message stands: queued, sent, or, of several parts, which of them are open.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State(u16);

impl State {
    const ENDED: Self = Self(0);
    const QUEUED: Self = Self(1);
    const SENT: Self = Self(2);
    /// Its parts differ, so that it may be either.
    const MANY: u16 = 1 << 15;

    /// The state after news of the part at `index`.
    fn after(self, index: u8, status: Status) -> Self {
        if self.0 & Self::MANY == 0 && index == 0 {
            return match status {
                Status::Queued => Self::QUEUED,
                Status::Sent => Self::SENT,
                _ => Self::ENDED,
            };
        }
        let others = if self.0 & Self::MANY == 0 { u16::from(self != Self::ENDED) } else { self.0 & !Self::MANY };
        let bit = 1 << (index % 15);
        let open = if status.is_final() { others & !bit } else { others | bit };
        if open == 0 { Self::ENDED } else { Self(Self::MANY | open) }
    }

    fn counts(self) -> (u16, u16) {
        let many = self.0 & Self::MANY != 0;
        (u16::from(many || self == Self::QUEUED), u16::from(many || self == Self::SENT))
    }
}

impl Chart {
    /// A chart of which nothing is known yet, from and up to but without these.
    pub(super) fn unknown(from: Seq, to: Seq) -> Self {
        let (first, end) = (from.0 / BLOCK, to.0.div_ceil(BLOCK));
        Self { first, blocks: (first..end).map(|_| Block::new(false)).collect() }
    }

    /// Notes where a part stands.
    pub(super) fn note(&mut self, key: PartKey, lane: LaneId, status: Status) {
        let (number, slot) = split(key.seq());
        if self.blocks.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.first -= 1;
            self.blocks.push_front(Block::new(true));
        }
        while self.first + self.blocks.len() as u64 <= number {
            self.blocks.push_back(Block::new(true));
        }
        if let Some(block) = self.block_mut(number).filter(|it| it.known) {
            block.note((slot, key.index()), whose(lane), status);
        }
    }

    /// Has a block read: all of its parts, in the order of their keys.
    pub(super) fn read(&mut self, number: u64, parts: impl Iterator<Item = (PartKey, LaneId, Status)>) {
        let Some(block) = self.block_mut(number) else { return };
        *block = Block::new(true);
        parts.for_each(|(key, lane, status)| block.note((split(key.seq()).1, key.index()), whose(lane), status));
        block.groups.shrink_to_fit();
    }

    /// The newest block that is not known, up to `from`.
    pub(super) fn unread(&self, from: u64) -> Option<u64> {
        let end = self.first + self.blocks.len() as u64;
        (self.first..end.min(from.saturating_add(1))).rev().find(|it| self.block(*it).is_some_and(|it| !it.known))
    }

    /// Forgets blocks without messages: those before the oldest that there is.
    pub(super) fn begin_at(&mut self, oldest: Seq) {
        while self.first < oldest.0 / BLOCK && self.blocks.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// Whether a block may have what a query asks for.
    pub(in crate::store::sqlite) fn may_have(&self, number: u64, query: &MessageFilter) -> bool {
        let fits = |it: &Group| {
            query.account.is_none_or(|account| it.account() == account)
                && query.route.is_none_or(|route| it.route().is_shown_as(route))
                && query.status.is_none_or(|status| it.has(status))
        };
        self.block(number).is_some_and(|it| !it.known || it.groups.iter().any(fits))
    }

    fn block(&self, number: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn block_mut(&mut self, number: u64) -> Option<&mut Block> {
        self.blocks.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl Block {
    const fn new(known: bool) -> Self {
        Self { known, groups: Vec::new(), open: None }
    }

    fn note(&mut self, (slot, index): (usize, u8), whose: u64, status: Status) {
        let at = self.groups.iter().position(|it| it.whose == whose).unwrap_or_else(|| {
            self.groups.push(Group { whose, queued: 0, sent: 0, ended: 0 });
            self.groups.len() - 1
        });
        let group = &mut self.groups[at];
        if status.is_final() {
            group.ended |= 1 << status.number();
        }
        let before = self.open.as_ref().map_or(State::ENDED, |it| it[slot]);
        let after = before.after(index, status);
        if before == after {
            return;
        }
        let ((queued, sent), (queued_now, sent_now)) = (before.counts(), after.counts());
        group.queued = group.queued.wrapping_add(queued_now).wrapping_sub(queued);
        group.sent = group.sent.wrapping_add(sent_now).wrapping_sub(sent);
        self.open.get_or_insert_with(|| Box::new([State::ENDED; BLOCK as usize]))[slot] = after;
        if after == State::ENDED && self.groups.iter().all(|it| (it.queued, it.sent) == (0, 0)) {
            self.open = None;
        }
    }
}

impl Group {
    const fn account(&self) -> AccountId {
        AccountId(self.whose as u16)
    }

    const fn route(&self) -> RouteId {
        RouteId((self.whose >> 16) as u32)
    }

    const fn has(&self, status: Status) -> bool {
        match status {
            Status::Queued => 0 < self.queued,
            Status::Sent => 0 < self.sent,
            it => self.ended & (1 << it.number()) != 0,
        }
    }
}

/// The block of a message, and its place there.
const fn split(seq: Seq) -> (u64, usize) {
    (seq.0 / BLOCK, (seq.0 % BLOCK) as usize)
}

/// Account and route of a lane in one number.
const fn whose(lane: LaneId) -> u64 {
    ((lane.route().0 as u64) << 16) | lane.account().0 as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(account: u16, status: Status) -> MessageFilter {
        MessageFilter { account: Some(AccountId(account)), status: Some(status), ..MessageFilter::default() }
    }

    fn note(chart: &mut Chart, (seq, index): (u64, u8), account: u16, status: Status) {
        let lane = LaneId::new(RouteId(1), AccountId(account), 0, 0);
        chart.note(PartKey::new(Seq(seq), index), lane, status);
    }

    fn has(chart: &Chart, account: u16) -> Vec<Status> {
        Status::ALL.into_iter().filter(|it| chart.may_have(0, &query(account, *it))).collect()
    }

    #[test]
    fn a_block_has_the_statuses_of_each_account_and_not_of_its_neighbour() {
        let mut chart = Chart::default();
        for (seq, account) in [(1, 1), (2, 1), (3, 2)] {
            note(&mut chart, (seq, 0), account, Status::Queued);
        }
        assert_eq!((has(&chart, 1), has(&chart, 2)), (vec![Status::Queued], vec![Status::Queued]));
        note(&mut chart, (1, 0), 1, Status::Sent);
        assert_eq!(has(&chart, 1), [Status::Queued, Status::Sent]);
        note(&mut chart, (2, 0), 1, Status::Sent);
        note(&mut chart, (1, 0), 1, Status::Failed);
        assert_eq!(has(&chart, 1), [Status::Sent, Status::Failed]);
        note(&mut chart, (2, 0), 1, Status::Delivered);
        assert_eq!(has(&chart, 1), [Status::Delivered, Status::Failed]);
        assert_eq!(has(&chart, 2), [Status::Queued]);
        assert!(chart.blocks[0].open.is_some(), "one is open");
        note(&mut chart, (3, 0), 2, Status::Unknown);
        note(&mut chart, (3, 0), 2, Status::Delivered);
        assert_eq!(has(&chart, 2), [Status::Delivered, Status::Unknown]);
        assert!(chart.blocks[0].open.is_none(), "none is open");
    }

    #[test]
    fn a_message_of_several_parts_is_open_until_the_last_of_them_has_ended() {
        let mut chart = Chart::default();
        (0..3).for_each(|index| note(&mut chart, (9, index), 1, Status::Queued));
        note(&mut chart, (9, 0), 1, Status::Delivered);
        note(&mut chart, (9, 2), 1, Status::Delivered);
        assert_eq!(has(&chart, 1), [Status::Queued, Status::Sent, Status::Delivered]);
        note(&mut chart, (9, 1), 1, Status::Delivered);
        assert_eq!(has(&chart, 1), [Status::Delivered]);
    }

    #[test]
    fn what_is_not_known_may_have_everything_and_what_is_not_there_nothing() {
        let mut chart = Chart::unknown(Seq(300), Seq(900));
        assert_eq!((chart.first, chart.blocks.len(), chart.unread(u64::MAX)), (1, 3, Some(3)));
        let sent = query(1, Status::Sent);
        assert!(!chart.may_have(0, &sent) && chart.may_have(3, &sent) && !chart.may_have(4, &sent));
        note(&mut chart, (700, 0), 2, Status::Sent);
        assert!(chart.may_have(2, &sent), "news of one message does not make a block known");
        chart.read(2, std::iter::empty());
        assert!(!chart.may_have(2, &sent));
        note(&mut chart, (1_100, 0), 1, Status::Sent);
        assert!(chart.may_have(4, &sent), "what comes after the start is known from its beginning");
        chart.begin_at(Seq(1_024));
        assert_eq!((chart.first, chart.blocks.len()), (4, 1));
    }
}
