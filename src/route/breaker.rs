//! The breaker of a carrier: too many faults of its own, and nothing goes to it for a time.
//!
//! ```text
//!            over `ratio` of at least `sample` answers within `window`
//!   Closed ──────────────────────────────────────────────────────────► Open(until)
//!     ▲                                                                  │   ▲
//!     │ the probe was no fault            the time is over, and it is asked  │ the probe was a fault
//!     └──────────────────────────── HalfOpen(probing) ◄──────────────────┘───┘
//! ```
//!
//! Only the carrier's own faults count: refusals that send a part elsewhere, answers that never came, links that
//! were lost. A bad number never opens a breaker, and being asked to go slower does not either.

use crate::message::time::Time;
use std::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// It opens when more than this share of the answers were faults: 0 to 1.
    pub ratio: f64,
    /// Answers that are older than this do not count.
    pub window: Duration,
    /// With fewer answers than this it stays closed.
    pub sample: u32,
    /// How long it stays open before a probe may go.
    pub open: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { ratio: 0.10, window: Duration::from_secs(60), sample: 20, open: Duration::from_secs(30) }
    }
}

impl Options {
    /// Millionths, so that shares are compared as whole numbers.
    const ONE: f64 = 1e6;

    /// Whether so many faults among so many answers are too many.
    fn is_over(&self, faults: u64, answers: u64) -> bool {
        let ratio = (self.ratio.clamp(0.0, 1.0) * Self::ONE).round() as u64;
        u64::from(self.sample) <= answers && ratio * answers < faults * Self::ONE as u64
    }
}

/// What an answer says of the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerSignal {
    /// It failed: `Elsewhere`, `Unknown`, or the loss of a link.
    Fault,
    /// It works: everything else.
    NoFault,
}

/// Whether a part may go to the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// It may.
    Yes,
    /// One may, to find out: [`Breaker::probe_sent`] says that it went.
    Probe,
    /// None may before this.
    No {
        /// When to ask again.
        until: Time,
    },
}

/// What a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything goes.
    Closed,
    /// Nothing goes.
    Open {
        /// When a probe may.
        until: Time,
    },
    /// One part goes, to find out.
    HalfOpen {
        /// Whether it is on its way.
        probing: bool,
    },
}

closed_set! {
    impl BreakerState: number, word {
        Closed = 0 "closed",
        HalfOpen = 1 "half-open",
        Open = 2 "open",
    }
}

/// What moves a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// The answers of the window are too many faults.
    Tripped,
    /// Somebody asks whether a part may go.
    Asked,
    /// The probe left.
    ProbeSent,
    /// It was answered.
    ProbeAnswered(BreakerSignal),
    /// It did not leave, or its answer is overdue.
    ProbeLost,
}

/// The breaker of one carrier.
#[derive(Clone, Debug)]
pub struct Breaker {
    options: Options,
    state: BreakerState,
    /// When the probe that is on its way counts as lost.
    patience: Time,
    answers: Window,
}

impl Breaker {
    /// A closed one.
    pub fn new(options: Options) -> Self {
        Self { options, state: BreakerState::Closed, patience: Time::NEVER, answers: Window::new(options.window) }
    }

    /// Takes up other options; what was learned is kept where the window is still the same.
    pub fn reconfigure(&mut self, options: Options) {
        if options.window != self.options.window {
            self.answers = Window::new(options.window);
        }
        self.options = options;
    }

    /// An answer that was no probe's, or a lost link. While the breaker is not closed it tells nothing new.
    pub fn note(&mut self, now: Time, kind: BreakerSignal) {
        if self.state == BreakerState::Closed {
            self.answers.note(now, kind);
            let (faults, answers) = self.answers.sums();
            if self.options.is_over(faults, answers) {
                self.step(now, Input::Tripped);
            }
        }
    }

    /// Opens a closed one, whatever its answers were.
    pub fn trip(&mut self, now: Time) {
        self.step(now, Input::Tripped);
    }

    /// Whether a part may go now. To ask is what makes an open breaker half-open when its time is over.
    pub fn allows(&mut self, now: Time) -> Allowed {
        if (self.state == BreakerState::HalfOpen { probing: true }) && self.patience <= now {
            self.step(now, Input::ProbeLost);
        }
        self.step(now, Input::Asked);
        match self.state {
            BreakerState::Closed => Allowed::Yes,
            BreakerState::Open { until } => Allowed::No { until },
            BreakerState::HalfOpen { probing: false } => {
                self.patience = now + self.options.open;
                Allowed::Probe
            }
            BreakerState::HalfOpen { probing: true } => Allowed::No { until: self.patience },
        }
    }

    /// What [`Self::allows`] would say, without making anything half-open.
    pub fn would_allow(&self, now: Time) -> Allowed {
        match self.state {
            BreakerState::Closed => Allowed::Yes,
            BreakerState::Open { until } if now < until => Allowed::No { until },
            BreakerState::HalfOpen { probing: true } if now < self.patience => Allowed::No { until: self.patience },
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => Allowed::Probe,
        }
    }

    /// The part that was allowed as a probe is on its way.
    pub fn probe_sent(&mut self) {
        self.step(Time::NEVER, Input::ProbeSent);
    }

    /// What became of the probe.
    pub fn probe_answered(&mut self, now: Time, kind: BreakerSignal) {
        self.step(now, Input::ProbeAnswered(kind));
    }

    /// The probe never left: another may go.
    pub fn probe_lost(&mut self) {
        self.step(Time::NEVER, Input::ProbeLost);
    }

    /// What it is.
    pub const fn state(&self) -> BreakerState {
        self.state
    }

    /// When it will be something else by itself; `None` where only an answer changes it.
    pub fn next_at(&self, now: Time) -> Option<Time> {
        let own = match self.state {
            BreakerState::Open { until } => Some(until),
            BreakerState::HalfOpen { probing: true } => Some(self.patience),
            BreakerState::Closed | BreakerState::HalfOpen { probing: false } => None,
        };
        own.filter(|it| now < *it)
    }

    /// Faults and answers within the window: what it decides by.
    pub fn figures(&mut self, now: Time) -> (u64, u64) {
        self.answers.turn(now);
        self.answers.sums()
    }

    /// The one place where the state changes.
    fn step(&mut self, now: Time, input: Input) {
        let open = BreakerState::Open { until: now + self.options.open };
        let next = match (self.state, input) {
            (BreakerState::Closed, Input::Tripped)
            | (BreakerState::HalfOpen { probing: true }, Input::ProbeAnswered(BreakerSignal::Fault)) => open,
            (BreakerState::Open { until }, Input::Asked) if until <= now => BreakerState::HalfOpen { probing: false },
            (BreakerState::HalfOpen { .. }, Input::ProbeSent) => BreakerState::HalfOpen { probing: true },
            (BreakerState::HalfOpen { .. }, Input::ProbeLost) => BreakerState::HalfOpen { probing: false },
            (BreakerState::HalfOpen { probing: true }, Input::ProbeAnswered(BreakerSignal::NoFault)) => {
                BreakerState::Closed
            }
            (same, _) => same,
        };
        if next != self.state && matches!(next, BreakerState::Open { .. } | BreakerState::Closed) {
            // What led here is spent: a closed breaker begins with an empty window.
            self.answers = Window::new(self.options.window);
        }
        self.state = next;
    }
}

/// Answers of the last while, in a ring of equal spans.
#[derive(Clone, Debug)]
struct Window {
    /// How long a span is, in milliseconds.
    width: u64,
    /// The number of the newest span, counted from 1970.
    newest: u64,
    /// Faults and answers, by the number of the span modulo their count.
    spans: [(u32, u32); SPANS],
}

/// A window is so many spans: by the width of one it is too short or too long.
const SPANS: usize = 60;

impl Window {
    fn new(window: Duration) -> Self {
        let width = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).div_ceil(SPANS as u64).max(1);
        Self { width, newest: 0, spans: [(0, 0); SPANS] }
    }

    fn note(&mut self, now: Time, kind: BreakerSignal) {
        self.turn(now);
        let span = &mut self.spans[(self.newest % SPANS as u64) as usize];
        span.0 = span.0.saturating_add(u32::from(kind == BreakerSignal::Fault));
        span.1 = span.1.saturating_add(1);
    }

    /// Forgets what is too old.
    fn turn(&mut self, now: Time) {
        let number = now.0 / self.width;
        let passed = number.saturating_sub(self.newest).min(SPANS as u64);
        for before in number - passed..number {
            self.spans[((before + 1) % SPANS as u64) as usize] = (0, 0);
        }
        self.newest = self.newest.max(number);
    }

    fn sums(&self) -> (u64, u64) {
        self.spans.iter().fold((0, 0), |sum, it| (sum.0 + u64::from(it.0), sum.1 + u64::from(it.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_800_000_000_000);

    fn seconds(count: u64) -> Time {
        START + Duration::from_secs(count)
    }

    fn fill(breaker: &mut Breaker, at: Time, faults: u32, others: u32) {
        (0..others).for_each(|_| breaker.note(at, BreakerSignal::NoFault));
        (0..faults).for_each(|_| breaker.note(at, BreakerSignal::Fault));
    }

    fn tripped() -> Breaker {
        let mut breaker = Breaker::new(Options::default());
        fill(&mut breaker, START, 3, 17);
        breaker
    }

    #[test]
    fn every_input_moves_every_state_as_the_drawing_says() {
        use Input::{Asked, ProbeAnswered, ProbeLost, ProbeSent, Tripped};
        let (closed, open) = (BreakerState::Closed, BreakerState::Open { until: seconds(30) });
        let (idle, probing) = (BreakerState::HalfOpen { probing: false }, BreakerState::HalfOpen { probing: true });
        let again = BreakerState::Open { until: seconds(70) };
        let (good, bad) = (ProbeAnswered(BreakerSignal::NoFault), ProbeAnswered(BreakerSignal::Fault));
        for (from, at, moves) in [
            (
                closed,
                40,
                [
                    (Tripped, again),
                    (Asked, closed),
                    (ProbeSent, closed),
                    (good, closed),
                    (bad, closed),
                    (ProbeLost, closed),
                ],
            ),
            (
                open,
                29,
                [(Tripped, open), (Asked, open), (ProbeSent, open), (good, open), (bad, open), (ProbeLost, open)],
            ),
            (
                open,
                30,
                [(Tripped, open), (Asked, idle), (ProbeSent, open), (good, open), (bad, open), (ProbeLost, open)],
            ),
            (
                idle,
                40,
                [(Tripped, idle), (Asked, idle), (ProbeSent, probing), (good, idle), (bad, idle), (ProbeLost, idle)],
            ),
            (
                probing,
                40,
                [
                    (Tripped, probing),
                    (Asked, probing),
                    (ProbeSent, probing),
                    (good, closed),
                    (bad, again),
                    (ProbeLost, idle),
                ],
            ),
        ] {
            for (input, to) in moves {
                let mut breaker = Breaker { state: from, ..Breaker::new(Options::default()) };
                breaker.step(seconds(at), input);
                assert_eq!(breaker.state, to, "{from:?} at {at} s, {input:?}");
            }
        }
    }

    #[test]
    fn more_than_the_share_of_enough_answers_opens_it() {
        for (faults, others, opens) in
            [(2, 18, false), (3, 17, true), (19, 0, false), (20, 0, true), (100, 900, false), (101, 899, true)]
        {
            let mut breaker = Breaker::new(Options::default());
            fill(&mut breaker, START, faults, others);
            assert_eq!(
                breaker.state == BreakerState::Open { until: seconds(30) },
                opens,
                "{faults} of {}",
                faults + others
            );
        }
    }

    #[test]
    fn answers_beyond_the_window_do_not_count() {
        let mut breaker = Breaker::new(Options::default());
        fill(&mut breaker, seconds(0), 15, 0);
        fill(&mut breaker, seconds(61), 15, 0);
        assert_eq!((breaker.state, breaker.figures(seconds(61))), (BreakerState::Closed, (15, 15)));
        fill(&mut breaker, seconds(100), 5, 0);
        assert_eq!(breaker.state, BreakerState::Open { until: seconds(130) });
        // A clock that waits for the wall's to catch up neither loses nor doubles anything.
        let mut breaker = Breaker::new(Options::default());
        fill(&mut breaker, seconds(10), 10, 0);
        fill(&mut breaker, seconds(9), 9, 0);
        assert_eq!(breaker.figures(seconds(9)), (19, 19));
        assert_eq!(breaker.figures(seconds(1_000_000)), (0, 0));
    }

    #[test]
    fn one_probe_decides_after_the_open_time() {
        let mut breaker = tripped();
        assert_eq!(breaker.allows(seconds(1)), Allowed::No { until: seconds(30) });
        assert_eq!(breaker.next_at(seconds(1)), Some(seconds(30)));
        assert_eq!(breaker.allows(seconds(30)), Allowed::Probe);
        breaker.probe_sent();
        assert_eq!(breaker.allows(seconds(31)), Allowed::No { until: seconds(60) });
        breaker.probe_answered(seconds(32), BreakerSignal::Fault);
        assert_eq!(breaker.allows(seconds(33)), Allowed::No { until: seconds(62) });
        assert_eq!(breaker.allows(seconds(62)), Allowed::Probe);
        breaker.probe_sent();
        breaker.probe_answered(seconds(63), BreakerSignal::NoFault);
        assert_eq!((breaker.allows(seconds(63)), breaker.figures(seconds(63))), (Allowed::Yes, (0, 0)));
    }

    #[test]
    fn a_probe_that_did_not_leave_or_is_never_answered_makes_room_for_another() {
        let mut breaker = tripped();
        assert_eq!(breaker.allows(seconds(30)), Allowed::Probe);
        breaker.probe_sent();
        breaker.probe_lost();
        assert_eq!(breaker.allows(seconds(31)), Allowed::Probe);
        breaker.probe_sent();
        assert_eq!(breaker.next_at(seconds(32)), Some(seconds(61)));
        assert_eq!(breaker.allows(seconds(61)), Allowed::Probe);
    }

    #[test]
    fn late_answers_do_not_move_an_open_breaker() {
        let mut breaker = tripped();
        fill(&mut breaker, seconds(10), 100, 0);
        assert_eq!(breaker.state(), BreakerState::Open { until: seconds(30) });
        breaker.allows(seconds(30));
        fill(&mut breaker, seconds(31), 100, 0);
        breaker.probe_sent();
        breaker.probe_answered(seconds(32), BreakerSignal::NoFault);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn other_options_keep_what_is_known() {
        let mut breaker = Breaker::new(Options::default());
        fill(&mut breaker, START, 10, 0);
        breaker.reconfigure(Options { sample: 11, ..Options::default() });
        fill(&mut breaker, START, 1, 0);
        assert_eq!(breaker.state, BreakerState::Open { until: seconds(30) });
        let mut breaker = Breaker::new(Options::default());
        fill(&mut breaker, START, 10, 0);
        breaker.reconfigure(Options { window: Duration::from_secs(10), ..Options::default() });
        assert_eq!(breaker.figures(START), (0, 0));
    }
}
