//! How well a carrier serves a country, learned from what became of messages there.
//!
//! ```text
//! score = 0.5 conversion + 0.3 delivery + 0.2 speed          over the last hour, from 50 samples on
//!   conversion   of the codes that were sent, how many came back: counts where all who are compared have it
//!   delivery     of the messages that ended, how many were delivered
//!   speed        the best median time to deliver among those compared, by its own
//! ```
//!
//! A carrier below 0.8 of the best is demoted, unless its last ten minutes are as good as that: so it is back
//! within ten minutes of its recovery, whatever the rest of its hour was like. Nothing of this is durable: after
//! a restart it is learned anew, and until then no carrier is demoted.

use crate::message::id::CarrierId;
use crate::message::time::Time;
use std::cell::Cell as Memo;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The handset has it, so long after the carrier took it.
    Delivered {
        /// From the carrier's answer to its receipt.
        after: Duration,
    },
    /// It failed, or nothing was heard within the receipt window.
    NotDelivered,
    /// The code in it was entered.
    Verified,
    /// The code in it was not.
    NotVerified,
}

/// What is known of a carrier in a country, and what it is worth beside others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whom it is about.
    pub carrier: CarrierId,
    /// 0 to 1; `None` below [`Score::SAMPLES_MIN`].
    pub score: Option<f64>,
    /// The score of the last ten minutes, from [`Score::RECENT_MIN`] samples on.
    pub recent: Option<f64>,
    /// Messages that ended within the hour.
    pub samples: u32,
    /// The share of them that was delivered.
    pub delivery: Option<f64>,
    /// The median time to deliver.
    pub median: Option<Duration>,
    /// The share of codes that came back, from [`Score::SAMPLES_MIN`] codes on.
    pub conversion: Option<f64>,
    /// Whether it comes after those that are not.
    pub demoted: bool,
}

/// What was learned of every carrier in every country.
#[derive(Clone, Debug, Default)]
pub struct Score {
    cells: HashMap<(CarrierId, Country), Cell, foldhash::fast::FixedState>,
    /// Before this it is not looked again for what may be forgotten.
    full_until: Time,
}

/// Two letters, or zeros for numbers of the whole world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Country([u8; 2]);

impl Country {
    fn of(letters: Option<&str>) -> Self {
        Self(letters.and_then(|it| it.as_bytes().try_into().ok()).unwrap_or_default())
    }
}

impl Score {
    /// With fewer messages a share says little.
    pub const SAMPLES_MIN: u32 = 50;
    /// In ten minutes, where only probes go to a carrier.
    pub const RECENT_MIN: u32 = 20;
    /// A demoted carrier has less than this share of the best score.
    pub const DEMOTED_BELOW: f64 = 0.8;

    /// How much conversion, delivery and speed weigh.
    const WEIGHTS: [f64; 3] = [0.5, 0.3, 0.2];

    /// Carriers times countries that are remembered at most; with some 7 KiB each when busy.
    const CELLS_MAX: usize = 5_000;

    /// To look at everything for something to forget takes its time.
    const FULL_FOR: Duration = Duration::from_secs(60);

    /// Takes note of what became of a message.
    pub fn note(&mut self, now: Time, carrier: CarrierId, country: Option<&str>, outcome: DeliveryOutcome) {
        let key = (carrier, Country::of(country));
        if Self::CELLS_MAX <= self.cells.len() && !self.cells.contains_key(&key) {
            if now < self.full_until {
                return;
            }
            self.full_until = now + Self::FULL_FOR;
            self.cells.retain(|_, it| !it.is_forgotten(now));
            if Self::CELLS_MAX <= self.cells.len() {
                return;
            }
        }
        self.cells.entry(key).or_default().note(now, outcome);
    }

    /// What the carriers are worth in a country, beside each other and in their order. What was noted within the
    /// last second may be missing.
    pub fn judge(&self, now: Time, carriers: &[CarrierId], country: Option<&str>) -> Vec<Judged> {
        let country = Country::of(country);
        let figures: Vec<Figures> = carriers
            .iter()
            .map(|it| self.cells.get(&(*it, country)).map_or_else(Figures::default, |it| it.figures(now)))
            .collect();
        let scale = Scale::of(&figures);
        let scores =
            |it: &Figures| (scale.score(&it.hour, Self::SAMPLES_MIN), scale.score(&it.recent, Self::RECENT_MIN));
        let best = figures.iter().filter_map(|it| scores(it).0).fold(0.0, f64::max);
        let enough = best * Self::DEMOTED_BELOW;
        let judged = carriers.iter().zip(&figures).map(|(carrier, it)| {
            let (score, recent) = scores(it);
            Judged {
                carrier: *carrier,
                score,
                recent,
                samples: it.hour.samples,
                delivery: it.hour.delivery(),
                median: it.hour.median.map(|it| Duration::from_millis(it as u64)),
                conversion: it.hour.conversion(Self::SAMPLES_MIN),
                demoted: score.is_some_and(|it| it < enough) && recent.is_none_or(|it| it < enough),
            }
        });
        judged.collect()
    }
}

/// By what carriers are compared.
struct Scale {
    /// Whether each that has a score has a conversion.
    converted: bool,
    /// The shortest median, in milliseconds.
    fastest: f64,
}

impl Scale {
    fn of(figures: &[Figures]) -> Self {
        let scored = || figures.iter().map(|it| &it.hour).filter(|it| Score::SAMPLES_MIN <= it.samples);
        Self {
            converted: scored().all(|it| it.conversion(Score::SAMPLES_MIN).is_some()),
            fastest: scored().filter_map(|it| it.median).fold(f64::INFINITY, f64::min),
        }
    }

    /// The score of one span, if it has so many samples.
    fn score(&self, span: &Span, samples_min: u32) -> Option<f64> {
        let delivery = span.delivery().filter(|_| samples_min <= span.samples)?;
        let speed = span.median.map_or(0.0, |own| (self.fastest / own).min(1.0));
        let [by_conversion, by_delivery, by_speed] = Score::WEIGHTS;
        let rest = by_delivery * delivery + by_speed * speed;
        // A span without enough codes goes by what it has, as one without codes does.
        match span.conversion(samples_min).filter(|_| self.converted) {
            Some(conversion) => Some(by_conversion * conversion + rest),
            None => Some(rest / (by_delivery + by_speed)),
        }
    }
}

/// One carrier in one country.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// Minutes in which something ended, oldest first; at most an hour of them.
    minutes: VecDeque<Minute>,
    /// What they add up to, and until when that is not reckoned again: it is asked for on every message.
    figures: Memo<(Figures, Time)>,
}

/// What ended within a minute.
#[derive(Clone, Debug, Default)]
struct Minute {
    /// Counted from 1970.
    number: u64,
    not_delivered: u32,
    verified: u32,
    not_verified: u32,
    /// Deliveries by their time.
    delivered: [u32; TIMES],
}

/// Both spans of a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    hour: Span,
    recent: Span,
}

/// What some minutes add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    samples: u32,
    delivered: u32,
    codes: u32,
    verified: u32,
    /// In milliseconds.
    median: Option<f64>,
}

impl Cell {
    /// How much is remembered, in minutes.
    const HOUR: u64 = 60;
    /// What a demoted carrier is judged by.
    const RECENT: u64 = 10;
    /// How long figures hold.
    const REFRESH: Duration = Duration::from_secs(1);

    fn is_forgotten(&self, now: Time) -> bool {
        self.minutes.back().is_none_or(|it| it.number + Self::HOUR <= minute(now))
    }

    fn note(&mut self, now: Time, outcome: DeliveryOutcome) {
        let number = self.minutes.back().map_or(0, |it| it.number).max(minute(now));
        if self.minutes.back().is_none_or(|it| it.number < number) {
            while self.minutes.front().is_some_and(|it| it.number + Self::HOUR <= number) {
                self.minutes.pop_front();
            }
            self.minutes.push_back(Minute { number, ..Minute::default() });
        }
        let minute = self.minutes.back_mut().expect("the minute was just made where it was missing");
        let count = match outcome {
            DeliveryOutcome::Delivered { after } => &mut minute.delivered[bucket(after)],
            DeliveryOutcome::NotDelivered => &mut minute.not_delivered,
            DeliveryOutcome::Verified => &mut minute.verified,
            DeliveryOutcome::NotVerified => &mut minute.not_verified,
        };
        *count = count.saturating_add(1);
    }

    fn figures(&self, now: Time) -> Figures {
        let (figures, stale_at) = self.figures.get();
        if now < stale_at {
            return figures;
        }
        let within = |minutes| self.minutes.iter().filter(move |it| minute(now) < it.number + minutes);
        let figures = Figures { hour: Span::of(within(Self::HOUR)), recent: Span::of(within(Self::RECENT)) };
        self.figures.set((figures, now + Self::REFRESH));
        figures
    }
}

impl Span {
    fn of<'a>(minutes: impl Iterator<Item = &'a Minute>) -> Self {
        let (mut span, mut times) = (Self::default(), [0; TIMES]);
        for it in minutes {
            let delivered = it.delivered.iter().fold(0, |sum: u32, it| sum.saturating_add(*it));
            span.delivered = span.delivered.saturating_add(delivered);
            span.samples = span.samples.saturating_add(delivered).saturating_add(it.not_delivered);
            span.verified = span.verified.saturating_add(it.verified);
            span.codes = span.codes.saturating_add(it.verified).saturating_add(it.not_verified);
            times.iter_mut().zip(it.delivered).for_each(|(sum, it)| *sum += u64::from(it));
        }
        Self { median: median(&times), ..span }
    }

    fn delivery(&self) -> Option<f64> {
        share(self.delivered, self.samples)
    }

    fn conversion(&self, codes_min: u32) -> Option<f64> {
        share(self.verified, self.codes).filter(|_| codes_min <= self.codes)
    }
}

fn share(some: u32, all: u32) -> Option<f64> {
    (all != 0).then(|| f64::from(some) / f64::from(all))
}

const fn minute(now: Time) -> u64 {
    now.0 / 60_000
}

/// Kinds of times to deliver that are told apart: below 100 ms, then each 1.6 times the one before, to an hour.
const TIMES: usize = 24;
const SHORTEST: f64 = 100.0;
const GROWTH: f64 = 1.6;

fn bucket(after: Duration) -> usize {
    let millis = after.as_secs_f64() * 1_000.0;
    if millis < SHORTEST { 0 } else { (1 + ((millis / SHORTEST).ln() / GROWTH.ln()) as usize).min(TIMES - 1) }
}

/// The time of the one in the middle, in milliseconds, as if the times of a kind were spread evenly.
fn median(times: &[u64; TIMES]) -> Option<f64> {
    let half = times.iter().sum::<u64>() as f64 / 2.0;
    let mut below = 0.0;
    for (place, count) in times.iter().enumerate().filter(|(_, it)| **it != 0) {
        let count = *count as f64;
        if half <= below + count {
            let bound = |it: usize| if it == 0 { 0.0 } else { SHORTEST * GROWTH.powi(it as i32 - 1) };
            let (low, high) = (bound(place), bound(place + 1));
            return Some(low + (high - low) * (half - below) / count);
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Time = Time(1_800_000_000_000);
    const ACME: CarrierId = CarrierId(1);
    const BETA: CarrierId = CarrierId(2);
    const NL: Option<&str> = Some("NL");

    fn minutes(count: u64) -> Time {
        START + Duration::from_secs(60 * count)
    }

    const fn delivered(millis: u64) -> DeliveryOutcome {
        DeliveryOutcome::Delivered { after: Duration::from_millis(millis) }
    }

    fn times(score: &mut Score, now: Time, carrier: CarrierId, (outcome, count): (DeliveryOutcome, u32)) {
        (0..count).for_each(|_| score.note(now, carrier, NL, outcome));
    }

    /// `of` a hundred messages of each carrier are delivered after so many milliseconds.
    fn hundred(carriers: &[(CarrierId, u32, u64)]) -> Score {
        let mut score = Score::default();
        for (carrier, good, millis) in carriers {
            times(&mut score, START, *carrier, (delivered(*millis), *good));
            times(&mut score, START, *carrier, (DeliveryOutcome::NotDelivered, 100 - good));
        }
        score
    }

    fn near(one: Option<f64>, other: f64) -> bool {
        one.is_some_and(|it| (it - other).abs() < 1e-9)
    }

    #[test]
    fn the_score_is_made_of_delivery_and_speed_where_no_codes_come_back() {
        let judged = hundred(&[(ACME, 90, 5_000), (BETA, 80, 5_000)]).judge(START, &[ACME, BETA], NL);
        assert!(near(judged[0].score, 0.6 * 0.9 + 0.4) && near(judged[1].score, 0.6 * 0.8 + 0.4), "{judged:?}");
        assert_eq!((judged[0].samples, judged[0].delivery, judged[0].conversion), (100, Some(0.9), None));
        let judged = hundred(&[(ACME, 90, 1_000), (BETA, 90, 60_000)]).judge(START, &[ACME, BETA], NL);
        assert!(judged[0].median.unwrap() < Duration::from_secs(2), "{judged:?}");
        assert!((50_000..80_000).contains(&judged[1].median.unwrap().as_millis()), "{judged:?}");
        assert!(!judged[0].demoted && judged[1].demoted, "a carrier that is so slow is no better than one that loses");
    }

    #[test]
    fn codes_that_come_back_weigh_most_where_all_have_them() {
        let mut score = hundred(&[(ACME, 100, 5_000), (BETA, 90, 5_000)]);
        times(&mut score, START, ACME, (DeliveryOutcome::NotVerified, 100));
        let judged = score.judge(START, &[ACME, BETA], NL);
        assert!(!judged[0].demoted && near(judged[0].score, 1.0), "only one of them has codes: {judged:?}");
        times(&mut score, START, BETA, (DeliveryOutcome::Verified, 80));
        times(&mut score, START, BETA, (DeliveryOutcome::NotVerified, 20));
        let judged = score.judge(minutes(1), &[ACME, BETA], NL);
        assert!(near(judged[0].score, 0.5) && near(judged[1].score, 0.5 * 0.8 + 0.3 * 0.9 + 0.2), "{judged:?}");
        assert!(judged[0].demoted && !judged[1].demoted, "what arrives and is never entered did not arrive");
    }

    #[test]
    fn with_few_samples_nobody_is_judged() {
        let mut score = hundred(&[(ACME, 100, 1_000)]);
        times(&mut score, START, BETA, (DeliveryOutcome::NotDelivered, 49));
        let judged = score.judge(START, &[ACME, BETA], NL);
        assert_eq!((judged[1].score, judged[1].samples, judged[1].demoted), (None, 49, false));
        times(&mut score, START, BETA, (DeliveryOutcome::NotDelivered, 1));
        let judged = score.judge(minutes(1), &[ACME, BETA], NL);
        assert_eq!((judged[1].score, judged[1].demoted), (Some(0.0), true));
        assert!(score.judge(minutes(1), &[ACME, BETA], Some("DE")).iter().all(|it| it.score.is_none()));
    }

    #[test]
    fn an_hour_is_all_that_is_remembered() {
        let mut score = hundred(&[(ACME, 0, 0)]);
        assert_eq!(score.judge(minutes(59), &[ACME], NL)[0].samples, 100);
        assert_eq!(score.judge(minutes(60), &[ACME], NL)[0].samples, 0);
        for minute in 0..300 {
            times(&mut score, minutes(minute), ACME, (delivered(1), 1));
        }
        assert_eq!(score.judge(minutes(299), &[ACME], NL)[0].samples, 60);
        assert_eq!(score.cells.values().map(|it| it.minutes.len()).collect::<Vec<_>>(), [60]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_old_things_make_room() {
        let mut score = Score::default();
        (0..7_000).for_each(|it| score.note(START, CarrierId(it), NL, DeliveryOutcome::NotDelivered));
        assert_eq!(score.cells.len(), Score::CELLS_MAX);
        score.note(minutes(60), CarrierId(6_999), NL, DeliveryOutcome::NotDelivered);
        assert_eq!(score.cells.len(), 1);
    }

    /// A route of two carriers with so many messages a minute, of which the demoted one gets 2 %.
    struct World {
        score: Score,
        now: Time,
        dice: u64,
        /// Whether the first carrier delivers.
        healthy: bool,
    }

    impl World {
        fn minute(&mut self, messages: u64) -> bool {
            let mut demoted = false;
            for at in 0..messages {
                let now = self.now + Duration::from_millis(60_000 * at / messages);
                demoted = self.score.judge(now, &[ACME, BETA], NL)[0].demoted;
                self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let probe = (self.dice >> 33).is_multiple_of(50);
                let carrier = if demoted != probe { BETA } else { ACME };
                let good = carrier == BETA || self.healthy;
                self.score.note(now, carrier, NL, if good { delivered(4_000) } else { DeliveryOutcome::NotDelivered });
            }
            self.now = self.now + Duration::from_secs(60);
            demoted
        }
    }

    #[test]
    fn a_carrier_that_lies_is_demoted_and_is_back_within_ten_minutes_of_its_recovery() {
        for seed in 0..3 {
            let mut world = World { score: Score::default(), now: START, dice: seed, healthy: true };
            assert!((0..70).all(|_| !world.minute(300)), "nobody is demoted while both deliver");
            world.healthy = false;
            let until_demoted = (1..60).find(|_| world.minute(300)).expect("it is demoted within the hour");
            assert!(5 < until_demoted, "the hour counts, not a moment: {until_demoted}");
            assert!((0..20).all(|_| world.minute(300)), "as long as it lies it stays demoted");
            world.healthy = true;
            let until_back = (1..=20).find(|_| !world.minute(300)).expect("it is back");
            assert!(until_back <= 10, "seed {seed}: back only after {until_back} minutes");
            assert!((0..60).all(|_| !world.minute(300)), "and stays");
        }
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_the_best_is_never_demoted(
            outcomes in proptest::collection::vec((0_u16..4, 0_u8..4, 0_u64..100_000, 0_u64..90), 0..800)
        ) {
            let mut score = Score::default();
            let carriers = [0, 1, 2, 3].map(CarrierId);
            for (carrier, kind, millis, minute) in outcomes {
                let outcome = [delivered(millis), DeliveryOutcome::NotDelivered, DeliveryOutcome::Verified, DeliveryOutcome::NotVerified];
                score.note(minutes(minute), CarrierId(carrier), NL, outcome[usize::from(kind)]);
            }
            let judged = score.judge(minutes(90), &carriers, NL);
            let best = judged.iter().filter_map(|it| it.score).fold(0.0, f64::max);
            for it in &judged {
                prop_assert!(it.score.is_none_or(|it| (0.0..=1.0 + 1e-9).contains(&it)));
                prop_assert!(!(it.demoted && it.score == Some(best)));
                prop_assert_eq!(it.score.is_some(), Score::SAMPLES_MIN <= it.samples);
            }
        }

        #[test]
        fn the_median_is_near_the_one_in_the_middle(mut times in proptest::collection::vec(100_u64..2_000_000, 1..200)) {
            let mut score = Score::default();
            times.iter().for_each(|it| score.note(START, ACME, NL, delivered(*it)));
            times.sort_unstable();
            let median = score.judge(START, &[ACME], NL)[0].median.unwrap().as_millis() as f64;
            let (low, high) = (times[(times.len() - 1) / 2] as f64, times[times.len() / 2] as f64);
            prop_assert!(low / GROWTH - 1.0 <= median && median <= high * GROWTH + 1.0, "{} {} {}", low, median, high);
        }
    }
}
