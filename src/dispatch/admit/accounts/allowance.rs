//! What an account may ask for: so many requests a second, so many messages in a period.
//!
//! The rate is a bucket of tokens, a second's worth of them, and begins full at every start. The quota slides: at no
//! moment were more messages accepted in the period before it. What was accepted at about the same time is
//! counted as one slot, which leaves the period with the last of it, so that a busy account needs
//! no more memory than any other; the count errs on the side of refusing, by at most a slot's width.

use crate::dispatch::admit::accounts::Accounts;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::happening::{MayAsk, RequestId};
use crate::dispatch::door::plan::Quota;
use crate::dispatch::door::reply::{Allowance, Denial, Limit, Means, Noted};
use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::money::{QuotaSlot, QuotaUse};
use std::collections::VecDeque;
use std::time::Duration;

/// Slots of a period: a quarter of an hour of a day each.
const SLOTS: u32 = 96;

/// What the sums of a bucket may be off by.
const SLACK: f64 = 1e-6;

/// Lets `rate` requests a second go, a second's worth of them at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Time,
}

impl Bucket {
    pub(crate) fn full(rate: f64, now: Time) -> Self {
        Self { tokens: rate.max(1.0), at: now }
    }

    /// Takes a token; or how long until there is one.
    pub(crate) fn take(&mut self, rate: f64, now: Time) -> Result<(), Duration> {
        self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * rate).min(rate.max(1.0));
        self.at = self.at.max(now);
        // Sums of fractions are not exact: a millionth of a token is none.
        if self.tokens < 1.0 - SLACK {
            // Whole milliseconds, rounded up: whoever comes then is not refused again.
            let wait = ((1.0 - self.tokens) / rate * 1_000.0 - SLACK).ceil();
            return Err(Duration::from_millis(wait.max(1.0) as u64));
        }
        self.tokens = (self.tokens - 1.0).max(0.0);
        Ok(())
    }

    /// What is left, as customers are told it.
    pub(crate) fn allowance(&self, rate: f64) -> Allowance {
        let whole = rate.max(1.0);
        Allowance {
            limit: whole as u64,
            window: Duration::from_secs_f64(whole / rate),
            remaining: self.tokens as u64,
            reset: Duration::from_secs_f64(((whole - self.tokens) / rate).max(0.0)),
        }
    }
}

/// The messages of the period that ends now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used(VecDeque<QuotaSlot>);

impl Used {
    pub(crate) fn of(record: QuotaUse) -> Self {
        Self(record.slots.into())
    }

    pub(crate) fn record(&self, account: AccountId) -> QuotaUse {
        QuotaUse { account, slots: self.0.iter().copied().collect() }
    }

    /// Counts so many messages more; or how long until they may come, `None` if the quota is smaller than they are.
    pub(crate) fn take(&mut self, quota: Quota, count: u64, now: Time) -> Result<(), Option<Duration>> {
        self.forget(quota, now);
        let mut over = (self.count() + count).saturating_sub(quota.messages);
        if quota.messages < count {
            return Err(None);
        }
        for slot in &self.0 {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(slot.count);
            if over == 0 {
                return Err(Some((slot.last + quota.period).since(now)));
            }
        }
        match self.0.back_mut().filter(|it| now < it.first + quota.period / SLOTS) {
            Some(slot) => (slot.last, slot.count) = (now, slot.count + count),
            None => self.0.push_back(QuotaSlot { first: now, last: now, count }),
        }
        Ok(())
    }

    /// What is left, as customers are told it.
    pub(crate) fn allowance(&mut self, quota: Quota, now: Time) -> Allowance {
        self.forget(quota, now);
        let reset = self.0.front().map_or(Duration::ZERO, |it| (it.last + quota.period).since(now));
        let remaining = quota.messages.saturating_sub(self.count());
        Allowance { limit: quota.messages, window: quota.period, remaining, reset }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|it| it.count).sum()
    }

    fn forget(&mut self, quota: Quota, now: Time) {
        while self.0.front().is_some_and(|it| it.last + quota.period <= now) {
            self.0.pop_front();
        }
    }
}

impl Accounts {
    /// Takes one request from the rate of an account.
    pub(crate) fn ask_rate(&mut self, beat: &Beat, account: AccountId) -> Result<(), Denial> {
        let Some(rate) = beat.plan.accounts.get(&account).and_then(|it| it.terms.rate) else { return Ok(()) };
        let bucket = self.buckets.entry(account).or_insert_with(|| Bucket::full(rate, beat.now));
        bucket.take(rate, beat.now).map_err(|wait| Denial::TooMany {
            limit: Limit::Rate,
            wait: Some(wait),
            means: Box::new(self.means(beat, account)),
        })
    }

    /// Says whether a request would be refused for the rate of its account, without counting it.
    pub(crate) fn may_ask(&mut self, beat: &mut Beat, request: RequestId, MayAsk(account): MayAsk) {
        let before = self.buckets.get(&account).copied();
        let reply = self.ask_rate(beat, account).map(|()| Noted);
        match before {
            Some(bucket) => _ = self.buckets.insert(account, bucket),
            None => _ = self.buckets.remove(&account),
        }
        beat.reply(request, reply);
    }

    /// Takes so many messages from the quota of an account, and says how it stands then.
    pub(crate) fn ask_quota(&mut self, beat: &mut Beat, account: AccountId, count: u64) -> Result<Means, Denial> {
        if let Some(quota) = beat.plan.accounts.get(&account).and_then(|it| it.terms.quota) {
            let used = self.used.entry(account).or_default();
            if let Err(wait) = used.take(quota, count, beat.now) {
                return Err(Denial::TooMany { limit: Limit::Quota, wait, means: Box::new(self.means(beat, account)) });
            }
            let record = used.record(account);
            beat.out.batch.quotas.retain(|it| it.account != account);
            beat.out.batch.quotas.push(record);
        }
        Ok(self.means(beat, account))
    }

    fn means(&mut self, beat: &Beat, account: AccountId) -> Means {
        let terms = beat.plan.accounts.get(&account).map(|it| it.terms).unwrap_or_default();
        Means {
            balance: None,
            rate: terms.rate.and_then(|rate| self.buckets.get(&account).map(|it| it.allowance(rate))),
            quota: terms.quota.map(|quota| self.used.entry(account).or_default().allowance(quota, beat.now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn no_period_ever_has_more_messages_than_the_quota_and_who_waits_as_told_is_let_in() {
        let quota = Quota { messages: 50, period: Duration::from_secs(600) };
        let (mut used, mut accepted, mut now, mut dice) = (Used::default(), Vec::<(u64, u64)>::new(), 1_000_000, 7_u64);
        for _ in 0..5_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (wait, count) = ((dice >> 33) % 30_000, 1 + (dice >> 20) % 9);
            now += wait;
            if let Err(wait) = used.take(quota, count, Time(now)) {
                now += u64::try_from(wait.expect("it fits an empty period").as_millis()).unwrap();
                assert_eq!(used.take(quota, count, Time(now)), Ok(()), "the wait is exact");
            }
            accepted.push((now, count));
            let lately = accepted.iter().filter(|it| now < it.0 + 600_000).map(|it| it.1).sum::<u64>();
            assert!(lately <= 50, "{lately}");
            assert!(used.0.len() <= 98, "{} slots", used.0.len());
        }
    }

    #[test]
    fn a_wait_that_is_a_millisecond_short_is_refused() {
        let quota = Quota { messages: 3, period: Duration::from_secs(600) };
        let mut used = Used::default();
        for at in [0, 60_000, 120_000] {
            assert_eq!(used.take(quota, 1, Time(1 + at)), Ok(()));
        }
        assert_eq!(used.take(quota, 1, Time(120_001)), Err(Some(Duration::from_secs(480))));
        assert_eq!(used.take(quota, 1, Time(600_000)), Err(Some(Duration::from_millis(1))));
        assert_eq!(used.take(quota, 1, Time(600_001)), Ok(()));
    }

    #[test]
    fn more_than_the_quota_never_fits() {
        assert_eq!(Used::default().take(Quota { messages: 3, period: DAY }, 4, Time(1)), Err(None));
    }

    #[test]
    fn a_bucket_lets_a_second_s_worth_go_and_then_one_after_the_other() {
        let mut bucket = Bucket::full(4.0, Time(1_000));
        for _ in 0..4 {
            assert_eq!(bucket.take(4.0, Time(1_000)), Ok(()));
        }
        assert_eq!(bucket.take(4.0, Time(1_000)), Err(Duration::from_millis(250)));
        assert_eq!(bucket.take(4.0, Time(1_249)), Err(Duration::from_millis(1)));
        assert_eq!(bucket.take(4.0, Time(1_250)), Ok(()));
        assert_eq!(bucket.allowance(4.0).remaining, 0);
        let mut slow = Bucket::full(0.5, Time(0));
        assert_eq!(slow.take(0.5, Time(0)), Ok(()));
        assert_eq!(slow.take(0.5, Time(500)), Err(Duration::from_millis(1_500)));
    }
}
