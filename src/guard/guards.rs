//! The guards at work: what they have seen, and what they say to another send.

use crate::guard::block::{Blocks, PrefixBlock};
use crate::guard::conversion::Cohorts;
use crate::guard::kept::{KeptKeys, last};
use crate::guard::policy::{GuardKind, Policy, Pumping};
use crate::guard::prefix::{PersonAddress, Prefix};
use crate::guard::rate::{self, PERIOD_MAX, Rate};
use crate::guard::spend::Spend;
use crate::message::id::AppId;
use crate::message::money::Money;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::line::LineType;
use std::collections::BTreeMap;

/// Digits that the numbers of a sequence differ in: they are a hundred.
const SEQUENCE: u32 = 2;
/// Digits that the numbers of a block differ in, which is judged while its codes are under way.
const NARROW: u32 = 4;
/// Digits that the numbers of a part of an operator differ in, which is judged by verifications that have ended: many
/// who use a service begin at once, and their codes are not back yet.
const WIDE: u32 = 6;
/// Of a prefix that was blocked lately so many times fewer sends are enough.
const LATELY: u32 = 10;
/// Conversions of a country that are counted: from then on nobody asks.
pub const CONVERTED_MAX: u32 = 100;

/// A code that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// When.
    pub at: Time,
    /// By which app.
    pub app: AppId,
    /// To whom.
    pub to: E164,
    /// Who asks, as far as the application says it.
    pub address: Option<PersonAddress>,
    /// Of which country the number is.
    pub country: Option<&'a str>,
    /// What kind of line it is.
    pub line: LineType,
    /// What it costs at the dearest carrier.
    pub cost: Option<Money>,
    /// What it may cost.
    pub max_price: Option<Money>,
    /// What an operator ordered for the number: to let it through, or not.
    pub ordered: Option<bool>,
}

/// A code that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSend {
    /// When.
    pub at: Time,
    /// Who asked for it, as far as the application says it; nobody of somebody who is forgotten.
    pub address: Option<PersonAddress>,
}

/// What came of a verification.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// When.
    pub at: Time,
    /// Whose number it was.
    pub to: E164,
    /// When it began.
    pub created: Time,
    /// The sends of its code.
    pub sends: &'a [CodeSend],
    /// Whether the code came back.
    pub approved: bool,
}

/// What a guard says to a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which.
    pub guard: GuardKind,
    /// Until when; [`Time::NEVER`] of what does not end by itself.
    pub until: Time,
}

impl Objection {
    /// That of nobody.
    pub const NONE: Self = Self { guard: GuardKind::Listed, until: Time::NEVER };
}

/// What all of them say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The first that refuses it.
    pub refused: Option<Objection>,
    /// Those before that which would, and only count.
    pub shadowed: Vec<Objection>,
}

/// What somebody should know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notice {
    /// Numbers are sent nothing for a while.
    Blocked(PrefixBlock),
    /// So many of those who were sent a code gave it back: few.
    Few {
        /// Of which numbers.
        prefix: Prefix,
        /// Sent.
        sent: u32,
        /// And come back.
        back: u32,
    },
    /// So many hundredths of what may be spent are spent.
    Spent(u8),
}

/// What the guards have seen.
#[derive(Debug, Default)]
pub struct Guards {
    phones: KeptKeys<E164, Vec<Time>>,
    addresses: KeptKeys<PersonAddress, Vec<Time>>,
    networks: KeptKeys<PersonAddress, Vec<Time>>,
    apps: KeptKeys<AppId, Vec<Time>>,
    wrong: KeptKeys<E164, Vec<Time>>,
    beginnings: KeptKeys<(AppId, Country), Vec<Time>>,
    /// How many came back in a country, as far as it is counted.
    converted: BTreeMap<(AppId, Country), u32>,
    sequences: KeptKeys<Prefix, Vec<(Time, E164)>>,
    narrow: KeptKeys<Prefix, Watched>,
    wide: KeptKeys<Prefix, Watched>,
    blocks: Blocks,
    spend: Spend,
    /// The hundredths of the budget that were told of.
    told: u8,
}

/// Two letters, or zeros where a number is of no country.
type Country = [u8; 2];

#[derive(Debug, Default)]
struct Watched {
    cohorts: Cohorts,
    /// When somebody was told that few come back.
    told: Time,
}

impl Guards {
    /// What they say to a send. `is_known` says whether the number came back here of late, and is asked where that
    /// matters.
    pub fn judge<E>(
        &self,
        policy: &Policy,
        wish: &Wish<'_>,
        is_known: &mut dyn FnMut() -> Result<bool, E>,
    ) -> Result<Judgement, E> {
        let mut judgement = Judgement::default();
        if wish.ordered == Some(false) {
            judgement.refused = Some(Objection { guard: GuardKind::Listed, until: Time::NEVER });
            return Ok(judgement);
        }
        let is_safe = wish.ordered == Some(true) || policy.safe.iter().any(|it| it.covers(wish.to));
        for guard in GuardKind::ALL.into_iter().filter(|it| !policy.off.contains(it)) {
            let Some(until) = self.objects(policy, guard, wish) else { continue };
            let spares_safe = guard.is_a_challenge() || guard == GuardKind::NewCountry;
            if spares_safe && guard != GuardKind::MaxPrice && is_safe {
                continue;
            }
            if matches!(guard, GuardKind::Sequence | GuardKind::Pumping | GuardKind::NewCountry) && is_known()? {
                continue;
            }
            let objection = Objection { guard, until };
            if policy.shadows.contains(&guard) {
                judgement.shadowed.push(objection);
            } else {
                judgement.refused = Some(objection);
                break;
            }
        }
        Ok(judgement)
    }

    /// Until when a guard refuses; `None` where it does not.
    fn objects(&self, policy: &Policy, guard: GuardKind, wish: &Wish<'_>) -> Option<Time> {
        let now = wish.at;
        let until = |rates: &[Rate], times: Option<&Vec<Time>>| rate::until(rates, times?, now);
        let holds = |it: bool| it.then_some(Time::NEVER);
        match guard {
            GuardKind::Listed => holds(policy.blocked.iter().any(|it| it.covers(wish.to))),
            GuardKind::Line => holds(policy.lines.contains(&wish.line)),
            GuardKind::WrongGuesses => self.may_guess(policy, wish.to, now),
            GuardKind::PerPhone => until(&policy.per_phone, self.phones.get(wish.to)),
            GuardKind::PerIp => until(&policy.per_ip, self.addresses.get(wish.address?)),
            GuardKind::PerNetwork => until(&policy.per_network, self.networks.get(wish.address?.network())),
            GuardKind::PerApp => until(&policy.per_app, self.apps.get(wish.app)),
            GuardKind::Sequence | GuardKind::Pumping => self.blocks.of(wish.to, guard, now).map(|it| it.until),
            GuardKind::NewCountry => {
                let (rule, place) = (policy.new_country?, (wish.app, letters(wish.country)));
                let is_new = self.converted.get(&place).copied().unwrap_or_default() < rule.converted;
                let times = self.beginnings.get(place).filter(|_| is_new);
                rule.sends.until(times?, now)
            }
            GuardKind::MaxPrice => holds(wish.max_price.is_some_and(|most| wish.cost.is_none_or(|it| most < it))),
            GuardKind::Spend => self.spend.until(policy.spend?, wish.cost?, now),
        }
    }

    /// Until when no guess for a number is looked at; `None` where it is.
    pub fn may_guess(&self, policy: &Policy, to: E164, now: Time) -> Option<Time> {
        let rate = policy.wrong_guesses.filter(|_| !policy.off.contains(&GuardKind::WrongGuesses))?;
        rate.until(self.wrong.get(to)?, now)
    }

    /// A guess was wrong.
    pub fn guessed_wrong(&mut self, policy: &Policy, to: E164, at: Time) {
        note(&mut self.wrong, to, (policy.wrong_guesses.as_slice(), at));
    }

    /// A code is sent.
    pub fn sent(&mut self, policy: &Policy, wish: &Wish<'_>) -> Vec<Notice> {
        let at = wish.at;
        note(&mut self.phones, wish.to, (&policy.per_phone, at));
        if let Some(address) = wish.address {
            note(&mut self.addresses, address, (&policy.per_ip, at));
            note(&mut self.networks, address.network(), (&policy.per_network, at));
        }
        note(&mut self.apps, wish.app, (&policy.per_app, at));
        if let Some(rule) = policy.new_country {
            note(&mut self.beginnings, (wish.app, letters(wish.country)), (&[rule.sends], at));
        }
        let mut notices = Vec::new();
        notices.extend(self.follow(policy, wish.to, at));
        notices.extend(self.watch(policy, Span::Narrow, wish.to, (at, at, (1, 0))));
        notices.extend(wish.cost.and_then(|it| self.spent(policy, it, at)));
        notices
    }

    /// So much is spent: for a code that is sent, or is tried by another carrier.
    pub fn spent(&mut self, policy: &Policy, amount: Money, at: Time) -> Option<Notice> {
        let budget = policy.spend?;
        self.spend.note(budget, amount, at);
        let share = 100 * self.spend.total(budget, at).0 / budget.amount.0.max(1);
        let level = [80, 50].into_iter().find(|it| i64::from(*it) <= share).unwrap_or_default();
        let rises = self.told < level;
        self.told = level;
        rises.then_some(Notice::Spent(level))
    }

    /// A verification has ended.
    pub fn ended(&mut self, policy: &Policy, it: Outcome<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        if it.approved {
            self.phones.remove(it.to);
            self.sequences.remove(Prefix::of(it.to, SEQUENCE));
            for send in it.sends {
                let Some(address) = send.address else { continue };
                let take = |times: &mut Vec<Time>| times.retain(|at| *at != send.at);
                self.addresses.get_mut(address).map(take);
                self.networks.get_mut(address.network()).map(take);
            }
            notices.extend(self.watch(policy, Span::Narrow, it.to, (it.at, it.created, (0, 1))));
        }
        notices.extend(self.watch(policy, Span::Wide, it.to, (it.at, it.at, (1, it.approved.into()))));
        notices
    }

    /// A code came back in a country: the how many-eth, as far as it is counted.
    pub fn convert(&mut self, app: AppId, country: Option<&str>) -> Option<u32> {
        let count = self.converted.entry((app, letters(country))).or_default();
        (*count < CONVERTED_MAX).then(|| {
            *count += 1;
            *count
        })
    }

    /// So many came back in a country before the start.
    pub fn recall_converted(&mut self, (app, country): (AppId, Country), count: u32) {
        self.converted.insert((app, country), count);
    }

    /// Somebody is forgotten.
    pub fn forget(&mut self, to: E164) {
        self.phones.remove(to);
        self.wrong.remove(to);
        self.sequences.remove(Prefix::of(to, SEQUENCE));
    }

    /// Numbers that are sent nothing now.
    pub fn blocks(&self, now: Time) -> impl Iterator<Item = PrefixBlock> {
        self.blocks.standing(now)
    }

    /// What was spent of late, where that is bounded.
    pub fn spend(&self, policy: &Policy, now: Time) -> Option<Money> {
        policy.spend.map(|it| self.spend.total(it, now))
    }

    /// The part of what may be spent that is; 0 where it is not bounded.
    pub fn spent_ratio(&self, policy: &Policy, now: Time) -> f64 {
        policy.spend.map_or(0.0, |it| self.spend.total(it, now).0 as f64 / it.amount.0.max(1) as f64)
    }

    /// Whether a number is one of a sequence, none of which came back.
    fn follow(&mut self, policy: &Policy, to: E164, at: Time) -> Option<Notice> {
        let rule = policy.sequence.filter(|_| !policy.off.contains(&GuardKind::Sequence))?;
        let prefix = Prefix::of(to, SEQUENCE);
        let old = |it: Time| it + rule.period <= at;
        let all = self.sequences.at(prefix, |it| it.last().is_none_or(|it| old(it.0)));
        all.retain(|it| !old(it.0) && it.1 != to);
        all.push((at, to));
        let many = rule.count as usize <= all.len();
        let blocked = many && self.blocks.state(policy.blocks(), prefix, at).0;
        if !many || blocked {
            return None;
        }
        all.clear();
        self.block(policy, (prefix, GuardKind::Sequence), at)
    }

    /// Blocks a prefix; that is told of where it is more than a shadow.
    fn block(&mut self, policy: &Policy, of: (Prefix, GuardKind), at: Time) -> Option<Notice> {
        let block = self.blocks.block(policy.blocks(), of, at);
        (!policy.shadows.contains(&block.guard)).then_some(Notice::Blocked(block))
    }

    /// Counts what was sent to a prefix and came back at `at`, of those that were sent `then`, and judges it.
    fn watch(
        &mut self,
        policy: &Policy,
        span: Span,
        to: E164,
        (at, then, more): (Time, Time, (u32, u32)),
    ) -> Option<Notice> {
        let rules = policy.pumping.filter(|_| !policy.off.contains(&GuardKind::Pumping))?;
        let (all, prefix) = match span {
            Span::Narrow => (&mut self.narrow, Prefix::of(to, NARROW)),
            Span::Wide => (&mut self.wide, Prefix::of(to, WIDE)),
        };
        let it = all.at(prefix, |it| it.cohorts.is_old(rules.window, at));
        it.cohorts.add(rules.window, then, more);
        let (sent, back) = it.cohorts.total(rules.window, at);
        let (blocked, lately) = self.blocks.state(rules, prefix, at);
        let fewer = |share: f64| f64::from(back) < share * f64::from(sent);
        let enough = if lately { (rules.sends / LATELY).max(1) } else { rules.sends };
        // What comes back makes it no worse.
        if blocked || more.0 == 0 || sent < enough {
            return None;
        }
        if fewer(rules.conversion) {
            it.cohorts.clear();
            return self.block(policy, (prefix, GuardKind::Pumping), at);
        }
        if rules.sends <= sent && fewer(Pumping::ALERT) && (it.told == Time::NEVER || it.told + rules.window <= at) {
            it.told = at;
            return Some(Notice::Few { prefix, sent, back });
        }
        None
    }
}

/// How many digits the numbers differ in that are watched together.
#[derive(Clone, Copy)]
enum Span {
    Narrow,
    Wide,
}

fn note<K: Ord + Copy>(kept: &mut KeptKeys<K, Vec<Time>>, key: K, (rates, at): (&[Rate], Time)) {
    if !rates.is_empty() {
        let times = kept.at(key, |it| last(it) + PERIOD_MAX <= at);
        rate::note(rates, times, at);
    }
}

/// The letters of a country, as they are counted by.
pub fn letters(country: Option<&str>) -> Country {
    country.and_then(|it| it.as_bytes().try_into().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::policy::{Budget, GuardReason, NewCountry};
    use std::collections::BTreeSet;
    use std::convert::Infallible;
    use std::time::Duration;

    const NUMBER: u64 = 31_612_345_678;

    fn wish(to: u64, at: u64) -> Wish<'static> {
        Wish {
            at: Time(1 + at * 1_000),
            app: AppId(1),
            to: E164(to),
            address: None,
            country: Some("NL"),
            line: LineType::Mobile,
            cost: Some(Money(87_000)),
            max_price: None,
            ordered: None,
        }
    }

    /// Only these rules.
    fn bare() -> Policy {
        Policy {
            per_phone: Vec::new(),
            per_ip: Vec::new(),
            per_network: Vec::new(),
            wrong_guesses: None,
            pumping: None,
            sequence: None,
            new_country: None,
            lines: BTreeSet::new(),
            ..Policy::default()
        }
    }

    fn judge(guards: &Guards, policy: &Policy, wish: &Wish<'_>) -> Option<GuardKind> {
        let Ok(judgement) = guards.judge::<Infallible>(policy, wish, &mut || Ok(false));
        judgement.refused.map(|it| it.guard)
    }

    /// Asks, and sends where nothing refuses.
    fn send(guards: &mut Guards, policy: &Policy, wish: &Wish<'_>) -> Option<GuardKind> {
        let refused = judge(guards, policy, wish);
        if refused.is_none() {
            guards.sent(policy, wish);
        }
        refused
    }

    fn approve(guards: &mut Guards, policy: &Policy, sent: &Wish<'_>, seconds: u64) {
        let sends = [CodeSend { at: sent.at, address: sent.address }];
        let (at, to, created) = (sent.at + Duration::from_secs(seconds), sent.to, sent.at);
        guards.ended(policy, Outcome { at, to, created, sends: &sends, approved: true });
    }

    #[test]
    fn five_thousand_to_one_prefix_are_fifty_and_the_rest_wait_ever_longer() {
        let policy = Policy { pumping: Some(Pumping::default()), ..bare() };
        let mut guards = Guards::default();
        let sent = (0..5_000).filter(|it| send(&mut guards, &policy, &wish(31_612_340_000 + it, 0)).is_none()).count();
        assert_eq!(sent, 50);
        let block = guards.blocks(wish(0, 0).at).next().expect("a block");
        assert_eq!((block.prefix, block.guard), (Prefix::of_record(3_161_234), GuardKind::Pumping));
        assert_eq!(block.until, wish(0, 300).at);
        assert_eq!(judge(&guards, &policy, &wish(31_612_350_000, 1)), None, "others are sent to");
        // For a day, as fast as may be.
        let more =
            (0..86_400).filter(|it| send(&mut guards, &policy, &wish(31_612_340_000 + it % 10_000, *it)).is_none());
        assert!(more.count() <= 60, "five for each block that is over");
    }

    #[test]
    fn a_prefix_that_comes_back_is_never_blocked() {
        let policy = Policy { pumping: Some(Pumping::default()), ..bare() };
        let mut guards = Guards::default();
        for it in 0..10_000 {
            // One in four, after 20 seconds: above 20 %, below 35 %.
            let sent = wish(31_612_340_000 + it, it);
            assert_eq!(send(&mut guards, &policy, &sent), None, "{it}");
            if it % 4 == 0 {
                approve(&mut guards, &policy, &sent, 0);
            }
        }
        let notices = guards.sent(&policy, &wish(31_612_340_000, 20_000));
        assert_eq!(notices, [], "it was told of within the hour, or there are fewer than fifty");
    }

    #[test]
    fn numbers_one_behind_the_other_are_five() {
        let policy = Policy { sequence: Policy::default().sequence, ..bare() };
        let mut guards = Guards::default();
        let sent = (0..100).filter(|it| send(&mut guards, &policy, &wish(31_612_345_600 + it, *it)).is_none());
        assert_eq!(sent.count(), 5);
        // One of them comes back, and one number asked thrice is one number.
        let mut guards = Guards::default();
        for it in 0..12 {
            let sent = wish(31_612_345_600 + it / 3, it);
            assert_eq!(send(&mut guards, &policy, &sent), None);
        }
        approve(&mut guards, &policy, &wish(31_612_345_600, 12), 1);
        let more = (10..14).filter(|it| send(&mut guards, &policy, &wish(31_612_345_600 + it, 14)).is_none());
        assert_eq!(more.count(), 4, "they are counted anew");
    }

    #[test]
    fn success_frees_the_number_and_the_address_and_no_guess() {
        let policy = Policy {
            per_phone: Policy::default().per_phone,
            per_ip: Policy::default().per_ip,
            wrong_guesses: Policy::default().wrong_guesses,
            ..bare()
        };
        let mut guards = Guards::default();
        let asked = |to: u64, at: u64| Wish { address: Some(PersonAddress(7)), ..wish(to, at) };
        for at in 0..3 {
            assert_eq!(send(&mut guards, &policy, &asked(NUMBER, at)), None);
        }
        for at in 3..10 {
            assert_eq!(send(&mut guards, &policy, &asked(NUMBER + at, at)), None);
        }
        assert_eq!(judge(&guards, &policy, &asked(NUMBER, 10)), Some(GuardKind::PerPhone));
        assert_eq!(judge(&guards, &policy, &asked(NUMBER + 99, 10)), Some(GuardKind::PerIp));
        for _ in 0..20 {
            guards.guessed_wrong(&policy, E164(NUMBER), wish(0, 11).at);
        }
        approve(&mut guards, &policy, &asked(NUMBER, 2), 10);
        assert_eq!(judge(&guards, &policy, &asked(NUMBER + 99, 13)), None);
        assert_eq!(judge(&guards, &policy, &asked(NUMBER, 13)), Some(GuardKind::WrongGuesses));
        assert_eq!(guards.may_guess(&policy, E164(NUMBER), wish(0, 13).at), Some(wish(0, 11 + 86_400).at));
    }

    #[test]
    fn a_country_begins_with_ten_until_three_have_come_back() {
        let new_country = Some(NewCountry { converted: 3, ..Policy::default().new_country.expect("a rule") });
        let policy = Policy { new_country, ..bare() };
        let mut guards = Guards::default();
        let tries = |guards: &mut Guards, from: u64| {
            let each = (0..100).map(|it| wish(NUMBER + 101 * it, from));
            each.filter(|it| send(guards, &policy, it).is_none()).count()
        };
        assert_eq!((tries(&mut guards, 0), tries(&mut guards, 3_599), tries(&mut guards, 3_600)), (10, 0, 10));
        assert_eq!([1, 2, 3].map(|_| guards.convert(AppId(1), Some("NL"))), [Some(1), Some(2), Some(3)]);
        assert_eq!(tries(&mut guards, 3_601), 100);
        guards.recall_converted((AppId(1), *b"NL"), CONVERTED_MAX);
        assert_eq!(guards.convert(AppId(1), Some("NL")), None, "nobody asks any more");
    }

    #[test]
    fn safe_known_and_ordered_numbers_pass_what_is_about_their_prefix_alone() {
        let prefix = |it| vec![Prefix::parse(it).expect("a prefix")];
        let policy = Policy { per_phone: Policy::default().per_phone, blocked: prefix("+316"), ..bare() };
        let guards = Guards::default();
        let asked = wish(NUMBER, 0);
        assert_eq!(judge(&guards, &policy, &asked), Some(GuardKind::Listed));
        assert_eq!(judge(&guards, &policy, &Wish { ordered: Some(true), ..asked }), None);
        let safe = Policy { safe: prefix("+31612"), ..policy.clone() };
        assert_eq!(judge(&guards, &safe, &asked), None);
        assert_eq!(judge(&guards, &bare(), &Wish { ordered: Some(false), ..asked }), Some(GuardKind::Listed));
        let mut guards = Guards::default();
        let safe = Policy { blocked: Vec::new(), ..safe };
        let sent = (0..9).filter(|it| send(&mut guards, &safe, &wish(NUMBER, *it)).is_none()).count();
        assert_eq!(sent, 3, "the limit of the number holds for all");
        // A block holds for whom nobody knows.
        let policy = Policy { sequence: Policy::default().sequence, ..bare() };
        (0..5).for_each(|it| _ = guards.sent(&policy, &wish(NUMBER + it, 20)));
        let Ok(stranger) = guards.judge::<Infallible>(&policy, &wish(NUMBER, 21), &mut || Ok(false));
        let Ok(known) = guards.judge::<Infallible>(&policy, &wish(NUMBER, 21), &mut || Ok(true));
        assert_eq!((stranger.refused.map(|it| it.guard), known.refused), (Some(GuardKind::Sequence), None));
    }

    #[test]
    fn shadows_count_what_they_would_refuse_and_money_is_not_overrun() {
        let budget = Budget { amount: Money(870_000), currency: None, period: Duration::from_secs(3_600) };
        let shadows = [GuardKind::PerPhone].into();
        let policy = Policy { spend: Some(budget), per_phone: Policy::default().per_phone, shadows, ..bare() };
        let mut guards = Guards::default();
        let mut notices = Vec::new();
        let mut shadowed = 0;
        for _ in 0..100 {
            let asked = wish(NUMBER, 0);
            let Ok(judgement) = guards.judge::<Infallible>(&policy, &asked, &mut || Ok(false));
            shadowed += judgement.shadowed.iter().filter(|it| it.guard == GuardKind::PerPhone).count();
            match judgement.refused {
                None => notices.extend(guards.sent(&policy, &asked)),
                Some(it) => assert_eq!(it, Objection { guard: GuardKind::Spend, until: wish(0, 3_600).at }),
            }
        }
        assert_eq!((notices, shadowed), (vec![Notice::Spent(50), Notice::Spent(80)], 97));
        assert_eq!(guards.spend(&policy, wish(0, 1).at), Some(Money(870_000)));
        let dear = Wish { max_price: Some(Money(86_999)), ..wish(NUMBER, 0) };
        assert_eq!(judge(&guards, &bare(), &dear), Some(GuardKind::MaxPrice));
        assert_eq!(judge(&guards, &bare(), &Wish { cost: None, ..dear }), Some(GuardKind::MaxPrice), "nobody knows it");
    }

    #[test]
    fn every_reason_is_some_guard_s() {
        for reason in GuardReason::ALL {
            assert!(GuardKind::ALL.iter().any(|it| it.reason() == reason), "{reason:?}");
        }
    }
}
