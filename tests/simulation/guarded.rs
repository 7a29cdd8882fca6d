//! Guards under chance: who asks, guesses, waits and dies by a seed, and a plain model of what each limit lets through.

use crate::simulation::lanes::{Bench, LINK, up};
use crate::simulation::verified::{APP, SHOP, Stage, code, plan};
use nuncio::dice::SplitMix64;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::Plan;
use nuncio::dispatch::door::reply::{Denial, Started};
use nuncio::guard::policy::{Budget, GuardKind, GuardMode, Policy};
use nuncio::guard::prefix::PersonAddress;
use nuncio::guard::rate::Rate;
use nuncio::message::id::VerificationId;
use nuncio::message::money::{Currency, Money};
use nuncio::message::price::PriceTable;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::contract::Store;
use nuncio::record::verification::Verification;
use nuncio::verify::progress::CheckResult;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const COST: i64 = 90_000;
const SPEND: i64 = 15 * COST;
const HOUR: Duration = Duration::from_secs(3_600);
const ASKED: [GuardKind; 4] = [GuardKind::WrongGuesses, GuardKind::PerPhone, GuardKind::PerIp, GuardKind::Spend];

/// All but these are off.
fn only(guards: &[GuardKind]) -> BTreeMap<GuardKind, GuardMode> {
    GuardKind::ALL.into_iter().filter(|it| !guards.contains(it)).map(|it| (it, GuardMode::Off)).collect()
}

fn guarded() -> Plan {
    let mut plan = plan();
    let modes = only(&ASKED);
    let spend = Some(Budget { amount: Money(SPEND), currency: None, period: HOUR });
    let rate = |count, period| Rate { count, period };
    let (few, day) = (HOUR / 6, 24 * HOUR);
    let (per_phone, per_ip) = (vec![rate(3, few), rate(30, day)], vec![rate(4, few), rate(80, day)]);
    let wrong_guesses = Some(rate(5, 4 * HOUR));
    plan.guard = Policy { modes, spend, wrong_guesses, per_phone, per_ip, ..Policy::default() };
    let cost = PriceTable {
        currency: Currency::parse("EUR").expect("a currency"),
        default: Some(Money(COST)),
        countries: BTreeMap::new(),
        prefixes: BTreeMap::new(),
    };
    let carrier = plan.carriers.get_mut(&LINK.carrier).expect("a carrier");
    Arc::make_mut(&mut carrier.dialect).cost = Some(cost);
    plan
}

struct Sent {
    at: Time,
    of: VerificationId,
    to: E164,
    address: PersonAddress,
}

/// What is known of all that was done, and nothing forgotten.
#[derive(Default)]
struct Model {
    sent: Vec<Sent>,
    wrong: Vec<(Time, E164)>,
    /// When a number came back last, and which verifications did.
    freed: BTreeMap<E164, Time>,
    approved: BTreeSet<u64>,
    crashed: bool,
}

fn until(rates: &[Rate], times: impl Iterator<Item = Time>, now: Time) -> Option<Time> {
    let times: Vec<Time> = times.collect();
    let full = |rate: &Rate| {
        let within: Vec<Time> = times.iter().copied().filter(|it| now < *it + rate.period).collect();
        (rate.count as usize <= within.len()).then(|| within[within.len() - rate.count as usize] + rate.period)
    };
    rates.iter().filter_map(full).max()
}

impl Model {
    /// The guard that has to refuse a code, and until when.
    fn refuses(&self, policy: &Policy, (to, address): (E164, PersonAddress), now: Time) -> Option<(GuardKind, Time)> {
        let wrong = self.wrong.iter().filter(|it| it.1 == to).map(|it| it.0);
        let freed = self.freed.get(&to).copied().unwrap_or(Time::NEVER);
        let phone = self.sent.iter().filter(|it| it.to == to && freed < it.at).map(|it| it.at);
        let here = |it: &&Sent| it.address == address && !self.approved.contains(&it.of.n);
        let here = self.sent.iter().filter(here).map(|it| it.at);
        let spent: Vec<Time> = self.sent.iter().map(|it| it.at).filter(|it| now < *it + HOUR).collect();
        let money = (SPEND <= spent.len() as i64 * COST).then(|| spent[spent.len() - (SPEND / COST) as usize] + HOUR);
        [
            (GuardKind::WrongGuesses, until(policy.wrong_guesses.as_slice(), wrong, now)),
            (GuardKind::PerPhone, until(&policy.per_phone, phone, now)),
            (GuardKind::PerIp, until(&policy.per_ip, here, now)),
            (GuardKind::Spend, money),
        ]
        .into_iter()
        .find_map(|(guard, until)| until.map(|it| (guard, it)))
    }
}

struct Play {
    seed: u64,
    dice: SplitMix64,
    stage: Stage,
    model: Model,
    live: Vec<Verification>,
    refused: BTreeMap<GuardKind, usize>,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut stage = Stage(Bench::of(guarded()));
        stage.0.beat(vec![up(50)]);
        let (live, refused) = (Vec::new(), BTreeMap::new());
        Self { seed, dice: SplitMix64::new(seed), stage, model: Model::default(), live, refused }
    }

    fn below(&mut self, most: u64) -> u64 {
        self.dice.roll() % most
    }

    fn step(&mut self) {
        let span = [10, 30, 200][self.below(3) as usize];
        let seconds = 1 + self.below(span);
        self.stage.later(seconds);
        match self.below(20) {
            0 => {
                self.model.crashed = true;
                self.stage.0.crash();
                self.stage.0.beat(vec![up(50)]);
            }
            1..12 => self.ask(),
            _ => self.guess(),
        }
        let now = self.stage.0.now;
        let pending = self.stage.0.store.verifications_over(now + 24 * HOUR, 1_000).expect("it answers");
        let numbers: BTreeSet<E164> = pending.iter().map(|it| it.to).collect();
        assert_eq!(numbers.len(), pending.len(), "seed {}: one lives at a time", self.seed);
    }

    fn ask(&mut self) {
        let to = E164(31_612_345_670 + self.below(6));
        let address = PersonAddress(0xFFFF_C000_0200 + u128::from(self.below(3)));
        let now = self.stage.0.now;
        let policy = guarded().guard;
        let expected = self.model.refuses(&policy, (to, address), now);
        match self.stage.verify_for(to, None, Some(address)).0 {
            Ok((Started::Created | Started::Resent, it)) => {
                assert_eq!(expected, None, "seed {}: it was sent at {now:?}", self.seed);
                self.model.sent.push(Sent { at: now, of: it.id, to, address });
                self.live.retain(|other| other.id != it.id);
                self.live.push(it);
            }
            Err(Denial::Guarded { guard, until, .. }) => {
                *self.refused.entry(guard).or_default() += 1;
                // When guesses were wrong is not known any more behind a crash.
                let vague = self.model.crashed && guard == GuardKind::WrongGuesses;
                assert!(
                    vague || expected == Some((guard, until)),
                    "seed {}: {guard:?} {until:?}, {expected:?}",
                    self.seed
                );
            }
            Ok(_) | Err(Denial::Soon(_)) => {}
            Err(other) => panic!("seed {}: {other:?}", self.seed),
        }
    }

    fn guess(&mut self) {
        if self.live.is_empty() {
            return;
        }
        let at = self.below(self.live.len() as u64) as usize;
        let (it, now) = (self.live[at].clone(), self.stage.0.now);
        let right = self.below(8) == 0;
        let guess = if right { code(&it) } else { "none".to_owned() };
        let policy = guarded().guard;
        let wrong = self.model.wrong.iter().filter(|other| other.1 == it.to).map(|it| it.0);
        let blocked = until(policy.wrong_guesses.as_slice(), wrong, now).is_some();
        match self.stage.check(SHOP, it.id, &guess) {
            Ok(CheckResult::Ok) => {
                assert!(right && !blocked, "seed {}: {:?}", self.seed, it.id);
                self.model.freed.insert(it.to, now);
                self.model.approved.insert(it.id.n);
            }
            Ok(CheckResult::Incorrect) => {
                assert!(!right && !blocked, "seed {}: a guess too many was looked at", self.seed);
                self.model.wrong.push((now, it.to));
            }
            Ok(_) => {}
            Err(Denial::Guarded { guard: GuardKind::WrongGuesses, .. }) => {
                assert!(blocked || self.model.crashed, "seed {}", self.seed);
            }
            Err(other) => panic!("seed {}: {other:?}", self.seed),
        }
    }

    /// Each verification that began has ended once.
    fn end(mut self) -> BTreeMap<GuardKind, usize> {
        self.stage.later(7_200);
        self.stage.later(1);
        let begun: BTreeSet<u64> = self.model.sent.iter().map(|it| it.of.n).collect();
        for n in &begun {
            let it = self.stage.0.store.verification(*n).expect("it answers").expect("it is kept");
            assert!(!it.progress.is_pending() && it.app == APP, "seed {}: {it:?}", self.seed);
        }
        let told = self.stage.0.store.events().filter(|it| it.kind.word().starts_with("verification.")).count();
        assert_eq!(told, begun.len(), "seed {}", self.seed);
        self.refused
    }
}

#[test]
fn no_seed_sends_or_looks_beyond_a_guard_and_none_refuses_before_it() {
    let mut refused: BTreeMap<GuardKind, usize> = BTreeMap::new();
    for seed in 1..=40 {
        let mut play = Play::new(seed);
        (0..400).for_each(|_| play.step());
        play.end().into_iter().for_each(|(guard, count)| *refused.entry(guard).or_default() += count);
    }
    // What is never refused proves nothing.
    let few: Vec<_> = ASKED.iter().filter(|it| refused.get(it).copied().unwrap_or_default() < 40).collect();
    assert!(few.is_empty(), "{few:?} of {refused:?}");
}

/// Asks for a number of its own each time, a minute apart; how many codes leave.
fn tries(stage: &mut Stage, from: u64, count: u64) -> usize {
    let mut sent = 0;
    for it in from..from + count {
        stage.later(60);
        sent += usize::from(stage.verify_for(E164(31_620_000_000 + 10_007 * it), None, None).0.is_ok());
    }
    sent
}

#[test]
fn a_limit_that_a_reload_brings_or_widens_knows_what_was_sent_before_it() {
    let with = |count: Option<u32>| {
        let per_app = count.map(|count| Rate { count, period: 24 * HOUR }).into_iter().collect();
        Plan { guard: Policy { modes: only(&[GuardKind::PerApp]), per_app, ..Policy::default() }, ..guarded() }
    };
    let mut stage = Stage(Bench::of(with(None)));
    stage.0.beat(vec![up(50)]);
    let reload = |stage: &mut Stage, plan: Plan| _ = stage.0.beat(vec![Happening::Reconfigure(Arc::new(plan))]);
    assert_eq!(tries(&mut stage, 0, 20), 20, "nothing is limited");
    reload(&mut stage, with(Some(10)));
    assert_eq!(tries(&mut stage, 100, 5), 0, "it had its ten");
    reload(&mut stage, with(Some(25)));
    assert_eq!(tries(&mut stage, 200, 20), 5);
    stage.0.crash();
    stage.0.beat(vec![Happening::Reconfigure(Arc::new(with(Some(25)))), up(50)]);
    assert_eq!(tries(&mut stage, 300, 5), 0, "and a start counts the same");
}
