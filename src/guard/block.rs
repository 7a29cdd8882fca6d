//! Numbers with the same first digits that are sent nothing for a while: longer each time that it is needed again.

use crate::guard::policy::{GuardKind, Pumping};
use crate::guard::prefix::Prefix;
use crate::message::time::Time;
use crate::number::e164::E164;
use std::collections::BTreeMap;
use std::time::Duration;

/// Blocks that are remembered at most.
const BLOCKS_MAX: usize = 10_000;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixBlock {
    /// Of which numbers.
    pub prefix: Prefix,
    /// By which guard.
    pub guard: GuardKind,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// The how many-eth in a row it is.
    pub times: u32,
}

/// Those that are, and those of late.
#[derive(Debug, Default)]
pub(super) struct Blocks(BTreeMap<Prefix, PrefixBlock>);

impl Blocks {
    /// What of a guard blocks a number for longest.
    pub(super) fn of(&self, number: E164, guard: GuardKind, now: Time) -> Option<PrefixBlock> {
        let stands = |it: &&PrefixBlock| now < it.until && it.guard == guard;
        Prefix::all(number).filter_map(|it| self.0.get(&it).filter(stands)).max_by_key(|it| it.until).copied()
    }

    /// Whether a prefix is blocked, and whether it was until lately, so that it has less credit.
    pub(super) fn state(&self, rules: Pumping, prefix: Prefix, now: Time) -> (bool, bool) {
        let known = self.0.get(&prefix);
        (known.is_some_and(|it| now < it.until), known.is_some_and(|it| now < forgotten(rules, it)))
    }

    /// Blocks a prefix from now on.
    pub(super) fn block(&mut self, rules: Pumping, (prefix, guard): (Prefix, GuardKind), now: Time) -> PrefixBlock {
        let before = self.0.get(&prefix).filter(|it| now < forgotten(rules, it));
        let times = 1 + before.map_or(0, |it| it.times);
        let lasts = rules.block.saturating_mul(1_u32.checked_shl(times - 1).unwrap_or(u32::MAX)).min(rules.block_max);
        let block = PrefixBlock { prefix, guard, since: now, until: now + lasts, times };
        if BLOCKS_MAX <= self.0.len() {
            self.0.retain(|_, it| now < forgotten(rules, it));
        }
        if BLOCKS_MAX <= self.0.len()
            && let Some(first) = self.0.values().min_by_key(|it| it.until).map(|it| it.prefix)
        {
            self.0.remove(&first);
        }
        self.0.insert(prefix, block);
        block
    }

    /// Those that are.
    pub(super) fn standing(&self, now: Time) -> impl Iterator<Item = PrefixBlock> {
        self.0.values().filter(move |it| now < it.until).copied()
    }
}

/// When a block is no reason any more to make the next one longer: as long behind it as it was, an hour at least.
fn forgotten(rules: Pumping, it: &PrefixBlock) -> Time {
    it.until + it.until.since(it.since).max(rules.window).max(Duration::from_secs(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::policy::Policy;

    #[test]
    fn each_block_is_twice_the_one_before_until_it_was_quiet() {
        let rules = Policy::default().pumping;
        let number = E164(31_612_345_678);
        let prefix = Prefix::of(number, 4);
        let mut blocks = Blocks::default();
        let mut now = Time(1);
        let mut minutes = Vec::new();
        for _ in 0..10 {
            let of = |blocks: &Blocks, number| blocks.of(number, GuardKind::Pumping, now);
            assert_eq!(of(&blocks, number), None);
            let block = blocks.block(rules, (prefix, GuardKind::Pumping), now);
            assert_eq!((of(&blocks, number), blocks.standing(now).count()), (Some(block), 1));
            assert_eq!(of(&blocks, E164(31_612_445_678)), None, "its neighbour");
            assert_eq!(blocks.of(number, GuardKind::Sequence, now), None, "another guard");
            minutes.push(block.until.since(now).as_secs() / 60);
            now = block.until;
        }
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 640, 720, 720]);
        assert_eq!(blocks.state(rules, prefix, now), (false, true));
        now = now + Duration::from_secs(720 * 60);
        assert_eq!(blocks.state(rules, prefix, now), (false, false));
        assert_eq!(blocks.block(rules, (prefix, GuardKind::Pumping), now).times, 1);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let rules = Policy::default().pumping;
        let mut blocks = Blocks::default();
        for it in 0..10_100 {
            blocks.block(rules, (Prefix::of_record(10_000 + it), GuardKind::Sequence), Time(1 + it));
        }
        assert_eq!((blocks.0.len(), blocks.standing(Time(10_101)).count()), (BLOCKS_MAX, BLOCKS_MAX));
    }
}
