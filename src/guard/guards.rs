//! The guards at work: what they have seen, and what they say to another send.

use crate::guard::block::{Blocks, PrefixBlock};
use crate::guard::conversion::Cohorts;
use crate::guard::kept::{KeptKeys, last};
use crate::guard::policy::{GuardKind, GuardMode, Policy, Pumping};
use crate::guard::prefix::{PersonAddress, Prefix};
use crate::guard::rate::{self, Rate};
use crate::guard::spend::Spend;
use crate::message::channel::Channel;
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

/// Who asks for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// From where, as far as the application says it.
    pub address: Option<PersonAddress>,
    /// What kind of line the number is.
    pub line: LineType,
}

/// A code that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// When.
    pub at: Time,
    /// By which app.
    pub app: AppId,
    /// By what it goes.
    pub channel: Channel,
    /// To whom.
    pub to: E164,
    /// Who asks.
    pub by: Asker,
    /// Of which country the number is.
    pub country: Option<&'a str>,
    /// What it costs at the dearest carrier.
    pub cost: Option<Money>,
    /// What it may cost.
    pub max_price: Option<Money>,
    /// What an operator ordered for the number: to let it through, or not, and until when.
    pub ordered: Option<(bool, Time)>,
}

/// A code that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSend {
    /// When.
    pub at: Time,
    /// Who asked for it, as far as the application says it; nobody of somebody who is forgotten.
    pub address: Option<PersonAddress>,
    /// By what it went.
    pub channel: Channel,
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
    /// Whether the application chose the code: then it may have given it back without anybody.
    pub chosen: bool,
    /// Whether the code went by more than the telephone network: then it says nothing of who has the number.
    pub elsewhere: bool,
    /// Whether any of its messages left: where none did, nobody was sent anything.
    pub left: bool,
}

/// What a guard says to a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which.
    pub guard: GuardKind,
    /// Until when; [`Time::NEVER`] of what does not end by itself.
    pub until: Time,
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
        // What an operator says now holds also where the list is off.
        if let Some((false, until)) = wish.ordered.filter(|_| GuardKind::Listed.withholds(wish.channel, wish.by.line)) {
            judgement.refused = Some(Objection { guard: GuardKind::Listed, until });
            return Ok(judgement);
        }
        let is_safe = wish.ordered.is_some() || policy.lists(wish.to) == Some(true);
        let mut known = None;
        let asked = |it: &GuardKind| policy.asks(*it) && it.withholds(wish.channel, wish.by.line);
        for guard in GuardKind::ALL.into_iter().filter(asked) {
            let Some(until) = self.objects(policy, guard, wish) else { continue };
            let spares_safe = guard.is_a_challenge() || guard == GuardKind::NewCountry;
            if spares_safe && guard != GuardKind::MaxPrice && is_safe {
                continue;
            }
            if matches!(guard, GuardKind::Sequence | GuardKind::Pumping | GuardKind::NewCountry) {
                let is_known = match known {
                    Some(it) => it,
                    None => *known.insert(is_known()?),
                };
                if is_known {
                    continue;
                }
            }
            let objection = Objection { guard, until };
            if policy.mode(guard) == GuardMode::Shadow {
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
            GuardKind::Listed => holds(policy.lists(wish.to) == Some(false)),
            GuardKind::Line => holds(policy.lines.contains(&wish.by.line)),
            GuardKind::WrongGuesses => self.may_guess(policy, wish.to, now),
            GuardKind::PerPhone => until(&policy.per_phone, self.phones.get(wish.to)),
            GuardKind::PerIp => until(&policy.per_ip, self.addresses.get(wish.by.address?)),
            GuardKind::PerNetwork => until(&policy.per_network, self.networks.get(wish.by.address?.network())),
            GuardKind::PerApp => until(&policy.per_app, self.apps.get(wish.app)),
            GuardKind::Sequence | GuardKind::Pumping => self.blocks.of(wish.to, guard, now).map(|it| it.until),
            GuardKind::NewCountry => {
                let (rule, place) = (policy.new_country?, (wish.app, letters(wish.country)));
                let is_new = self.converted.get(&place).copied().unwrap_or_default() < rule.converted;
                let times = self.beginnings.get(place).filter(|_| is_new);
                rule.sends.until(times?, now)
            }
            GuardKind::MaxPrice => holds(wish.max_price.is_some_and(|most| wish.cost.is_none_or(|it| most < it))),
            // What nobody knows the cost of may cost all of it.
            GuardKind::Spend => match (policy.spend?, wish.cost) {
                (budget, Some(cost)) => self.spend.until(budget, cost, now),
                (_, None) => Some(Time::NEVER),
            },
        }
    }

    /// Until when no guess for a number is looked at; `None` where it is.
    pub fn may_guess(&self, policy: &Policy, to: E164, now: Time) -> Option<Time> {
        let rate = policy.wrong_guesses.filter(|_| policy.asks(GuardKind::WrongGuesses))?;
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
        if let Some(address) = wish.by.address {
            note(&mut self.addresses, address, (&policy.per_ip, at));
            note(&mut self.networks, address.network(), (&policy.per_network, at));
        }
        note(&mut self.apps, wish.app, (&policy.per_app, at));
        let is_telephony = wish.channel.is_telephony();
        if let Some(rule) = policy.new_country.filter(|_| is_telephony) {
            note(&mut self.beginnings, (wish.app, letters(wish.country)), (&[rule.sends], at));
        }
        let mut notices = Vec::new();
        if is_telephony {
            notices.extend(self.follow(policy, wish.to, at));
            notices.extend(self.watch(policy, Span::Narrow, wish.to, (at, at, (1, 0))));
        }
        notices.extend(wish.cost.and_then(|it| self.spent(policy, it, at)));
        notices
    }

    /// So much is spent: for a code that is sent, or is tried by another carrier.
    pub fn spent(&mut self, policy: &Policy, amount: Money, at: Time) -> Option<Notice> {
        let budget = policy.spend?;
        self.spend.note(budget, amount, at);
        let share = 100 * self.spend.total(budget, at).0 / budget.amount.0.max(1);
        let level = [80, 50].into_iter().find(|it| i64::from(*it) <= share).unwrap_or_default();
        let rises = self.told < level && policy.asks(GuardKind::Spend);
        // Somebody is told once, and again once it was much less.
        self.told = if share < 40 { 0 } else { self.told.max(level) };
        rises.then_some(Notice::Spent(level))
    }

    /// A verification has ended.
    pub fn ended(&mut self, policy: &Policy, it: Outcome<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        if it.approved && !it.elsewhere {
            if !it.chosen {
                self.free(&it);
            }
            notices.extend(self.watch(policy, Span::Narrow, it.to, (it.at, it.created, (0, 1))));
        } else if !it.left
            && let Some(watched) = self.narrow.get_mut(Prefix::of(it.to, NARROW))
        {
            let counted = it.sends.iter().filter(|it| it.channel.is_telephony());
            counted.for_each(|send| watched.cohorts.take_back(policy.pumping.window, send.at));
        }
        if it.left && !it.elsewhere {
            notices.extend(self.watch(policy, Span::Wide, it.to, (it.at, it.at, (1, it.approved.into()))));
        }
        notices
    }

    /// Whoever has a number may be sent to again, and his address may ask.
    fn free(&mut self, it: &Outcome<'_>) {
        self.phones.remove(it.to);
        self.sequences.remove(Prefix::of(it.to, SEQUENCE));
        for send in it.sends {
            let Some(address) = send.address else { continue };
            // One only: others who asked in the same moment are others.
            let take =
                |times: &mut Vec<Time>| _ = times.iter().position(|at| *at == send.at).map(|at| times.remove(at));
            self.addresses.get_mut(address).map(take);
            self.networks.get_mut(address.network()).map(take);
        }
    }

    /// What was spent at a time on what did not leave is there again.
    pub fn give_back(&mut self, amount: Money, at: Time) {
        self.spend.give_back(amount, at);
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
        if let Some(all) = self.sequences.get_mut(Prefix::of(to, SEQUENCE)) {
            all.retain(|it| it.1 != to);
        }
    }

    /// Forgets what was seen, but for what came back in countries: it is to be seen anew.
    pub fn clear(&mut self) {
        *self = Self { converted: std::mem::take(&mut self.converted), ..Self::default() };
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
        let rule = policy.sequence.filter(|_| policy.asks(GuardKind::Sequence))?;
        let prefix = Prefix::of(to, SEQUENCE);
        let old = |it: Time| it + rule.period <= at;
        let all = self.sequences.at(prefix, |it| it.last().is_none_or(|it| old(it.0)));
        all.retain(|it| !old(it.0) && it.1 != to);
        all.push((at, to));
        let many = rule.count as usize <= all.len();
        let blocked = many && self.blocks.state(policy.pumping, prefix, at).0;
        if !many || blocked {
            return None;
        }
        all.clear();
        self.block(policy, (prefix, GuardKind::Sequence), at)
    }

    /// Blocks a prefix; that is told of where it is more than a shadow.
    fn block(&mut self, policy: &Policy, of: (Prefix, GuardKind), at: Time) -> Option<Notice> {
        let block = self.blocks.block(policy.pumping, of, at);
        (policy.mode(block.guard) == GuardMode::Enforce).then_some(Notice::Blocked(block))
    }

    /// Counts what was sent to a prefix and came back at `at`, of those that were sent `then`, and judges it.
    fn watch(
        &mut self,
        policy: &Policy,
        span: Span,
        to: E164,
        (at, then, more): (Time, Time, (u32, u32)),
    ) -> Option<Notice> {
        let rules = policy.pumping;
        if !policy.asks(GuardKind::Pumping) {
            return None;
        }
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
        let longest = rates.iter().map(|it| it.period).max().unwrap_or_default();
        let times = kept.at(key, |it| last(it) + longest <= at);
        rate::note(rates, times, at);
    }
}

/// The letters of a country, as they are counted by.
pub fn letters(country: Option<&str>) -> Country {
    country.and_then(|it| it.as_bytes().try_into().ok()).unwrap_or_default()
}
