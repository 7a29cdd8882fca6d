//! What was spent in a period.

use crate::guard::policy::Budget;
use crate::message::money::Money;
use crate::message::time::Time;
use std::collections::VecDeque;

/// Times that are told apart, in milliseconds: what is spent within is one entry, so that there are few.
const STEP: u64 = 1_000;

/// What was spent.
#[derive(Debug, Default)]
pub(super) struct Spend {
    spent: VecDeque<(Time, Money)>,
    total: Money,
}

impl Spend {
    /// When so much more may be spent; `None` is now. [`Time::NEVER`] is never.
    pub(super) fn until(&self, budget: Budget, more: Money, now: Time) -> Option<Time> {
        if budget.amount < more {
            return Some(Time::NEVER);
        }
        let mut left = self.total;
        for (at, amount) in &self.spent {
            if *at + budget.period <= now {
                left.0 -= amount.0;
                continue;
            }
            if left + more <= budget.amount {
                break;
            }
            left.0 -= amount.0;
            if left + more <= budget.amount {
                return Some(*at + budget.period);
            }
        }
        (budget.amount < left + more).then_some(Time::NEVER)
    }

    /// So much is spent.
    pub(super) fn note(&mut self, budget: Budget, amount: Money, at: Time) {
        while self.spent.front().is_some_and(|it| it.0 + budget.period <= at) {
            self.total.0 -= self.spent.pop_front().map_or(0, |it| it.1.0);
        }
        self.total = self.total + amount;
        match self.spent.back_mut().filter(|it| it.0.0 / STEP == at.0 / STEP) {
            // It is in the way until the later of them is old.
            Some(last) => *last = (last.0.max(at), last.1 + amount),
            None => self.spent.push_back((at, amount)),
        }
    }

    /// So much that was spent then was not.
    pub(super) fn give_back(&mut self, amount: Money, at: Time) {
        if let Some(entry) = self.spent.iter_mut().find(|it| it.0.0 / STEP == at.0 / STEP) {
            let back = amount.min(entry.1);
            entry.1.0 -= back.0;
            self.total.0 -= back.0;
        }
    }

    /// What was spent in the period.
    pub(super) fn total(&self, budget: Budget, now: Time) -> Money {
        let old = self.spent.iter().take_while(|it| it.0 + budget.period <= now);
        Money(self.total.0 - old.map(|it| it.1.0).sum::<i64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn no_more_is_spent_in_any_period_than_may_be() {
        let budget = Budget { amount: Money(10), currency: None, period: Duration::from_secs(3_600) };
        let mut spend = Spend::default();
        let mut spent: Vec<(u64, i64)> = Vec::new();
        let mut dice = crate::dice::SplitMix64::new(7);
        let mut now = 1;
        for _ in 0..5_000 {
            now += dice.roll() % 600_000;
            let more = 1 + (dice.roll() % 4) as i64;
            let within: i64 = spent.iter().filter(|it| now < it.0 + 3_600_000).map(|it| it.1).sum();
            assert_eq!(spend.total(budget, Time(now)), Money(within));
            match spend.until(budget, Money(more), Time(now)) {
                None => {
                    assert!(within + more <= 10);
                    spend.note(budget, Money(more), Time(now));
                    spent.push((now, more));
                }
                Some(at) => {
                    assert!(10 < within + more && now < at.0);
                    let then: i64 = spent.iter().filter(|it| at.0 < it.0 + 3_600_000).map(|it| it.1).sum();
                    assert!(then + more <= 10, "it may be asked for again then");
                }
            }
        }
        assert_eq!(spend.until(budget, Money(11), Time(now)), Some(Time::NEVER));
    }
}
