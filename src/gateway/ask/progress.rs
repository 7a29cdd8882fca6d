//! How far a sending is: a bar that is drawn in place on a terminal, a line now and then elsewhere.

use crate::gateway::ask::terminal::{self, CLEAR_LINE, cut};
use crate::gateway::ask::words::{number, span};
use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;
use tokio::time::Instant;

/// Characters of the bar.
const BAR: usize = 24;
/// A rate is that of the last so many looks.
const LOOKS: usize = 20;
/// Where nothing is drawn in place it is told so often.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How the messages of a sending stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// All of them.
    pub(super) total: u64,
    /// Those that arrived.
    pub(super) delivered: u64,
    /// Those that ended in another way.
    pub(super) otherwise: u64,
}

impl Standing {
    const fn ended(&self) -> u64 {
        self.delivered + self.otherwise
    }
}

/// Tells how far it is, on standard error.
pub(super) struct Progress {
    looks: VecDeque<(Instant, u64)>,
    told_at: Option<Instant>,
    is_live: bool,
}

impl Progress {
    /// Nothing is told yet.
    pub(super) fn new() -> Self {
        Self { looks: VecDeque::new(), told_at: None, is_live: io::stderr().is_terminal() }
    }

    /// Tells how it stands. Where nobody reads that it goes on all the same.
    pub(super) fn tell(&mut self, now: Instant, standing: Standing) {
        _ = self.write(now, standing);
    }

    fn write(&mut self, now: Instant, standing: Standing) -> io::Result<()> {
        self.looks.push_back((now, standing.ended()));
        if LOOKS < self.looks.len() {
            self.looks.pop_front();
        }
        let is_due = self.told_at.is_none_or(|it| TOLD_EVERY <= now - it);
        let mut out = io::stderr();
        if self.is_live {
            let width = terminal::size(&out).map_or(usize::MAX, |it| it.0);
            write!(out, "\r{CLEAR_LINE}{}", cut(&line(standing, self.rate()), width))?;
        } else if is_due {
            self.told_at = Some(now);
            writeln!(out, "{}", line(standing, self.rate()))?;
        }
        out.flush()
    }

    /// Leaves what is drawn as it is.
    pub(super) fn end(&self) {
        if self.is_live && !self.looks.is_empty() {
            _ = writeln!(io::stderr());
        }
    }

    /// Messages that ended in a second, lately; nothing where none did.
    fn rate(&self) -> Option<f64> {
        let ((from, before), (to, after)) = (self.looks.front()?, self.looks.back()?);
        let seconds = (*to - *from).as_secs_f64();
        (0.0 < seconds && before < after).then(|| (after - before) as f64 / seconds)
    }
}

/// `[######------]  50.0 %  500 of 1,000 ended, 490 delivered, 98/s, 5 s left`
fn line(it: Standing, rate: Option<f64>) -> String {
    let share = if it.total == 0 { 1.0 } else { it.ended() as f64 / it.total as f64 };
    let full = (share * BAR as f64) as usize;
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(BAR - full));
    let mut said = format!(
        "[{bar}] {:5.1} %  {} of {} ended, {} delivered",
        (share * 1_000.0).floor() / 10.0,
        number(it.ended()),
        number(it.total),
        number(it.delivered)
    );
    if let Some(rate) = rate.filter(|_| it.ended() < it.total) {
        let left = span((it.total - it.ended()) as f64 / rate);
        said.push_str(&format!(", {rate:.0}/s, {left} left"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_how_fast_and_how_long_it_takes() {
        let half = Standing { total: 1_000, delivered: 490, otherwise: 10 };
        assert_eq!(
            line(half, Some(98.0)),
            "[############------------]  50.0 %  500 of 1,000 ended, 490 delivered, 98/s, 5 s left"
        );
        let nearly = Standing { total: 100_000, delivered: 99_999, otherwise: 0 };
        assert!(line(nearly, None).contains("  99.9 %  99,999 of 100,000"), "it is not done before it is");
        let done = Standing { total: 3, delivered: 2, otherwise: 1 };
        assert_eq!(line(done, Some(1.0)), "[########################] 100.0 %  3 of 3 ended, 2 delivered");
    }

    #[test]
    fn a_rate_is_that_of_the_last_looks() {
        let mut progress = Progress { looks: VecDeque::new(), told_at: None, is_live: false };
        let began = Instant::now();
        let at = |it: u64| began + Duration::from_secs(it);
        assert_eq!(progress.rate(), None);
        for second in 0..40 {
            let ended = if second < 20 { second * 1_000 } else { 20_000 + (second - 20) * 10 };
            progress.tell(at(second), Standing { total: 1_000_000, delivered: ended, otherwise: 0 });
        }
        assert_eq!(progress.rate(), Some(10.0));
    }
}
