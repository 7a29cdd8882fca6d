//! What a carrier takes in a second, found from its answers: the share of them that ask for less, and how many were
//! taken meanwhile.
//!
//! ```text
//!         │ more of the answers throttle than is usual                          ┌──────────────
//!   Free  │ Measured: the rate is held until it is seen how many are taken     ╱   after five seconds what was
//!   ──────┴────────┐                                               ___________╱    taken, then ever more
//!    far too much: │                          Known: nine tenths ,'
//!           Search └─,'  doubled until it shows  ───────────────'
//! ```
//!
//! One answer that throttles says nothing: some carriers throttle one in so many at any rate, others a number that has
//! enough, and a carrier that is slowed for these loses what it could have had. So each answer is weighed as evidence
//! for a share of throttled answers against the usual one (a cumulative sum, Page 1954), and the bar is as high as a
//! false alarm in a minute asks for at the rate of now.
//!
//! A carrier that throttles takes exactly its limit, whatever is offered to it beyond: so what was taken while it
//! throttled is the limit, and no quiet second before can mislead. From nine tenths of it the rate grows by a cubic
//! (RFC 9438, 4.1): soon near the limit, slowly past it, and fast once it is seen to be gone.

use crate::message::time::Time;
use std::time::Duration;

/// What is known of how much a carrier takes.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    state: State,
    /// How much speaks for a carrier that wants less, as the logarithm of a likelihood.
    evidence: f64,
    excursion: Excursion,
    /// The share of throttled answers that no slower pace has ended.
    usual: f64,
    /// Milliseconds from a decision to its answer, smoothed.
    delay: f64,
    taken: Flow,
    /// What was seen when the rate was last cut.
    last: Cut,
    /// How often in a row it was cut and as many were throttled as before.
    vain: u8,
    /// The rate before the first of these.
    uncut: f64,
}

/// Since when there is evidence.
#[derive(Clone, Copy, Debug, Default)]
struct Excursion {
    since: Time,
    /// How many were taken meanwhile.
    taken: u32,
    /// The rates at which the last that was throttled was sent, and the one before: up to that all was well.
    rates: [f64; 2],
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing is known that would be less than the option.
    Free,
    /// The rate is held, and what is taken at it is counted.
    Measured { rate: Option<f64>, since: Time, seen: Seen },
    /// The rate is doubled each step until it is too much.
    Search { rate: f64, since: Time },
    /// The limit was seen.
    Known(Known),
}

/// A limit that was seen.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The rate after the cut.
    start: f64,
    /// The rate at which it took all, or nearly.
    ceiling: f64,
    since: Time,
    /// Answers to what was sent since.
    seen: Seen,
}

/// What was seen when the rate was cut.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    /// The rate before.
    rate: f64,
    /// How many were taken in a second.
    taken: f64,
    /// The share that was throttled.
    share: f64,
}

impl Known {
    /// Seconds until the rate is the ceiling again: as many as let some hundred go between two alarms, which cost a
    /// few throttled ones each.
    fn back(self) -> f64 {
        (250.0 / self.ceiling).clamp(*Limit::BACK.start(), *Limit::BACK.end())
    }

    /// The rate so many seconds after the cut: up to the ceiling again, and beyond.
    fn grown(self, seconds: f64) -> f64 {
        let cubic = (seconds / self.back() - 1.0).powi(3);
        let reach = if cubic < 0.0 { self.ceiling - self.start } else { self.ceiling * (1.0 - Limit::CUT) };
        self.ceiling + reach * cubic
    }
}

/// Answers.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    taken: u32,
    throttled: u32,
}

impl Seen {
    const fn note(&mut self, throttled: bool) {
        let count = if throttled { &mut self.throttled } else { &mut self.taken };
        *count = count.saturating_add(1);
    }

    fn share(self) -> f64 {
        f64::from(self.throttled) / f64::from(self.taken.saturating_add(self.throttled).max(1))
    }
}

impl Limit {
    /// Carriers that throttle so many of the answers at any rate are not slowed for it: one in 60.
    const USUAL: f64 = 1.0 / 60.0;
    /// No share above this is believed to be a habit, however often a slower pace has not ended it.
    const HABIT_MAX: f64 = 0.4;
    /// So many cuts in a row that changed nothing show that.
    const VAIN_MAX: u8 = 3;
    /// A throttled answer in the midst of others weighs 1.57: two of them at once are enough where
    /// little goes, and seven wherever.
    const BAR: std::ops::RangeInclusive<f64> = 3.1..=10.0;
    /// The rate after a cut, of what was taken: so much is left for the carrier's bucket to fill again.
    const CUT: f64 = 0.9;
    /// When the rate is what was taken again.
    const BACK: std::ops::RangeInclusive<f64> = 2.5..=12.5;
    /// So many taken tell how many are taken in a second, within a tenth.
    const ENOUGH: u32 = 12;
    /// And at most.
    const MEASURED_MAX: Duration = Duration::from_secs(1);
    /// So many throttled, and eight times as many as were taken, are far too much: it is not held any longer.
    const FLOOD: u32 = 16;
    /// So many answers a search waits for before it has doubled.
    const ANSWERS: f64 = 4.0;
    /// What a search begins with where nothing is known.
    const START: f64 = 5.0;
    /// So many times a ceiling is far beyond any bucket: that limit is gone, and it is searched for another.
    const GONE: f64 = 1.5;
    /// Where a larger share is throttled nothing was learned of a limit: the carrier has stopped for a while.
    const STOP: f64 = 0.9;
    /// However much is throttled, one goes each second: how else would it be seen that more is taken again?
    const LEAST: f64 = 1.0;
    /// A rate that no limit is known for: more than one carrier is ever given.
    const FREE: f64 = 100_000.0;

    pub(crate) fn new() -> Self {
        Self {
            state: State::Free,
            evidence: 0.0,
            excursion: Excursion::default(),
            usual: Self::USUAL,
            delay: 0.0,
            taken: Flow::default(),
            last: Cut::default(),
            vain: 0,
            uncut: 0.0,
        }
    }

    /// The rate that it allows; `None` is any.
    pub(crate) fn rate(&self, now: Time) -> Option<f64> {
        let rate = match self.state {
            State::Free => return None,
            State::Measured { rate, .. } => return rate,
            State::Search { rate, since } => self.searched_rate(rate, now.since(since).as_secs_f64()),
            State::Known(known) => known.grown(now.since(known.since).as_secs_f64()),
        };
        (rate < Self::FREE).then_some(rate)
    }

    /// What a search that began with a rate has come to after so many seconds: doubled each step, but not before some
    /// answers to what it was before can be there.
    fn searched_rate(&self, rate: f64, seconds: f64) -> f64 {
        let step = self.step();
        let fast = (Self::ANSWERS / step).max(rate);
        let slow = (1.0 / rate - 1.0 / fast) * Self::ANSWERS / std::f64::consts::LN_2;
        if seconds < slow {
            return 1.0 / (1.0 / rate - seconds * std::f64::consts::LN_2 / Self::ANSWERS);
        }
        fast * ((seconds - slow) / step).min(40.0).exp2()
    }

    /// Seconds in which a search doubles at least: not before the answers to the step before are there.
    fn step(&self) -> f64 {
        (self.delay * 1.5).clamp(100.0, 1_000.0) / 1_000.0
    }

    /// A part was answered that was given to a link at `sent`: taken, or throttled. `offered` is how many went in the
    /// last second, and `most` the configured rate.
    pub(crate) fn note_answer(&mut self, now: Time, (sent, throttled): (Time, bool), offered: f64, most: Option<f64>) {
        let delay = now.since(sent).as_secs_f64() * 1_000.0;
        self.delay += (delay - self.delay) / 8.0;
        if !throttled {
            self.taken.note(now);
        }
        if self.is_over(now, most.unwrap_or(Self::FREE)) {
            (self.state, self.evidence) = (State::Free, 0.0);
        }
        if let State::Known(known) = self.state
            && let rate = known.grown(now.since(known.since).as_secs_f64())
            && Self::GONE * known.ceiling < rate
        {
            self.search(now, rate, None);
        }
        let current = self.rate(now).map(|it| most.map_or(it, |most| it.min(most)));
        match &mut self.state {
            // What was under way before says nothing of the rate of now.
            State::Search { since, .. } | State::Known(Known { since, .. }) if sent <= *since => return,
            State::Known(known) => known.seen.note(throttled),
            State::Measured { seen, .. } => {
                seen.note(throttled);
                return self.end_measure(now, offered, most);
            }
            State::Free | State::Search { .. } => (),
        }
        let spaced = current.or(most.filter(|it| 0.7 * it <= offered));
        if throttled && self.evidence == 0.0 {
            self.excursion = Excursion { since: now, ..Excursion::default() };
        }
        if throttled {
            let rate = self.rate(sent).or(spaced).unwrap_or(offered);
            self.excursion.rates = [rate, self.excursion.rates[0]];
        }
        if self.is_alarm(throttled, current.map_or(offered, |it| it.min(offered))) {
            self.evidence = 0.0;
            self.alarm(now, (spaced, offered), most);
        }
    }

    /// Whether the rate has come to the most, and what was sent at that has been answered.
    fn is_over(&self, now: Time, most: f64) -> bool {
        match self.state {
            State::Free | State::Measured { .. } => false,
            State::Search { rate, since } => {
                most <= self.searched_rate(rate, now.since(since).as_secs_f64() - self.step())
            }
            State::Known(known) => most <= known.grown(now.since(known.since).as_secs_f64()),
        }
    }

    /// Weighs an answer.
    fn is_alarm(&mut self, throttled: bool, rate: f64) -> bool {
        if !throttled && self.evidence == 0.0 {
            return false;
        }
        self.excursion.taken += u32::from(!throttled);
        let (usual, bad) = (self.usual, self.usual * 1.5 + 0.055);
        let weight = if throttled { (bad / usual).ln() } else { ((1.0 - bad) / (1.0 - usual)).ln() };
        self.evidence = (self.evidence + weight).max(0.0);
        // In a minute of so many answers chance alone brings about so much.
        let bar = (1.0 + 2.4 * rate).ln().clamp(*Self::BAR.start(), *Self::BAR.end());
        bar <= self.evidence
    }

    /// More is throttled than is usual.
    fn alarm(&mut self, now: Time, (current, offered): (Option<f64>, f64), most: Option<f64>) {
        if self.excursion.taken == 0 && !matches!(self.state, State::Known(_)) {
            // Not one in between: it is several times too much.
            let little = Self::START * 4.0;
            let rate =
                current.map_or((offered / 2.0).max(little), |it| if offered < little { it.min(little) } else { it });
            return self.search(now, rate / 4.0, most);
        }
        let State::Known(known) = self.state else {
            self.state = State::Measured { rate: current, since: now, seen: Seen::default() };
            return;
        };
        let rate = current.unwrap_or(known.ceiling);
        let share = known.seen.share();
        let age = now.since(known.since).as_secs_f64() - self.delay / 1_000.0;
        let Excursion { since, taken, .. } = self.excursion;
        let throttling = now.since(since).as_secs_f64();
        let taken = if 8 <= taken && self.whole() <= throttling {
            f64::from(taken) / throttling
        } else {
            self.taken.per_second(now, age).max(rate * (1.0 - share))
        };
        self.cut(now, Cut { rate, taken: taken.min(rate), share }, most);
    }

    /// Seconds after which what was answered is no burst: what fills a window goes, and is answered, at once.
    fn whole(&self) -> f64 {
        self.delay.clamp(100.0, 500.0) / 1_000.0
    }

    /// Ends the measure once enough was seen.
    fn end_measure(&mut self, now: Time, offered: f64, most: Option<f64>) {
        let State::Measured { rate, since, seen } = self.state else { return };
        let took = now.since(since);
        // Without a pace it only says where to search.
        let wanted = if rate.is_none() { Self::ENOUGH / 3 } else { Self::ENOUGH };
        let enough = wanted <= seen.taken && self.whole() <= took.as_secs_f64();
        let flood = Self::FLOOD <= seen.throttled && seen.taken * 8 < seen.throttled;
        if !(enough || flood || Self::MEASURED_MAX <= took) {
            return;
        }
        let before = rate.unwrap_or(offered);
        if flood {
            let few = before / 8.0;
            let rate = if rate.is_none() { few.max(Self::START) } else { few };
            self.search(now, rate, most);
        } else if seen.share() <= self.usual * 2.0 {
            // It was chance.
            self.state = match rate {
                None => State::Free,
                Some(rate) => State::Search { rate, since: now },
            };
        } else {
            let taken = f64::from(seen.taken) / took.as_secs_f64().max(0.001);
            match rate {
                // What goes without a pace comes in bursts, of which a small bucket takes less than it could.
                None => self.search(now, taken, most),
                Some(rate) => self.cut(now, Cut { rate, taken, share: seen.share() }, most),
            }
        }
    }

    fn search(&mut self, now: Time, rate: f64, most: Option<f64>) {
        let rate = most.map_or(rate, |most| rate.min(most / 2.0));
        self.state = State::Search { rate: rate.max(Self::least(most)), since: now };
    }

    /// So many were taken in a second while a share was throttled.
    fn cut(&mut self, now: Time, seen: Cut, most: Option<f64>) {
        let Cut { rate, taken, share } = seen;
        let last = self.last;
        // It is slower than before, takes less for it, and throttles as much: it is not the rate.
        let vain = rate < 0.97 * last.rate && taken < 0.97 * last.taken && last.share / 2.0 <= share;
        self.vain = if vain { self.vain + 1 } else { 0 };
        if !vain {
            (self.uncut, self.usual) = (rate, Self::USUAL);
        }
        self.last = seen;
        if Self::STOP < share {
            return self.search(now, rate / 8.0, most);
        }
        if Self::VAIN_MAX <= self.vain && share < Self::HABIT_MAX {
            self.usual = share.max(Self::USUAL);
            return self.know(now, (self.uncut, self.uncut), most);
        }
        // A bucket that holds next to nothing takes only half of what is a little too much: it took all before.
        let well = self.excursion.rates[1];
        let small = taken < 0.9 * well;
        let regrown = matches!(self.state, State::Known(it) if 0.93 * it.ceiling <= well);
        let start = Self::CUT * if small && regrown { well } else { taken };
        // Nor is it more than what would have let one more of so many pass.
        let possible = taken / (1.0 - taken / rate).max(0.1);
        self.know(now, (start, if small { well.min(possible) } else { taken }), most);
    }

    fn know(&mut self, since: Time, (start, ceiling): (f64, f64), most: Option<f64>) {
        let least = Self::least(most);
        let (start, ceiling) = (start.max(least), ceiling.max(least));
        self.state = State::Known(Known { start, ceiling, since, seen: Seen::default() });
    }

    fn least(most: Option<f64>) -> f64 {
        Self::LEAST.min(most.unwrap_or(f64::MAX) / 2.0)
    }
}

/// How many were taken lately, in eighths of a second.
#[derive(Clone, Debug, Default)]
struct Flow {
    /// The eighth that is being counted.
    last: u64,
    counts: [u32; Self::EIGHTHS],
}

impl Flow {
    /// Two seconds, and the eighth that is not over.
    const EIGHTHS: usize = 17;

    fn turn(&mut self, now: Time) -> usize {
        let eighth = now.0 / 125;
        let passed = usize::try_from(eighth.saturating_sub(self.last)).unwrap_or(usize::MAX).min(Self::EIGHTHS);
        for it in 1..=passed {
            self.counts[(self.last as usize).wrapping_add(it) % Self::EIGHTHS] = 0;
        }
        self.last = self.last.max(eighth);
        self.last as usize % Self::EIGHTHS
    }

    fn note(&mut self, now: Time) {
        let at = self.turn(now);
        self.counts[at] = self.counts[at].saturating_add(1);
    }

    /// In a second, by the last whole eighths: one second of them, two where they are few, no more than `age`.
    fn per_second(&mut self, now: Time, age: f64) -> f64 {
        let at = self.turn(now);
        let eighths = ((age * 8.0) as usize).clamp(1, Self::EIGHTHS - 1);
        let sum =
            |most: usize| (1..=most).map(|it| self.counts[(at + Self::EIGHTHS - it) % Self::EIGHTHS]).sum::<u32>();
        let short = eighths.min(8);
        let most = if sum(short) < 64 { eighths } else { short };
        f64::from(sum(most)) * 8.0 / most as f64
    }
}
