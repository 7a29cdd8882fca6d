//! What happens, as lines for whoever watches.

use std::fmt::Display;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Lines that may wait to be printed; who has more to say waits.
const LINES_MAX: usize = 256;

/// A line.
pub(super) struct Told {
    pub(super) line: String,
    /// Whether it says that somebody has logged in.
    pub(super) verified: bool,
}

/// Tells what happens, and when.
#[derive(Clone)]
pub(super) struct Teller {
    began: Instant,
    lines: mpsc::Sender<Told>,
}

impl Teller {
    /// One, and what it tells.
    pub(super) fn new() -> (Self, mpsc::Receiver<Told>) {
        let (lines, told) = mpsc::channel(LINES_MAX);
        (Self { began: Instant::now(), lines }, told)
    }

    /// Something happened.
    pub(super) async fn tell(&self, words: impl Display) {
        self.line(words, false).await;
    }

    /// Somebody has logged in.
    pub(super) async fn tell_verified(&self, words: impl Display) {
        self.line(words, true).await;
    }

    async fn line(&self, words: impl Display, verified: bool) {
        let line = format!("{:>6.1} s  {words}", self.began.elapsed().as_secs_f32());
        // Nobody listens any more once the demo ends.
        _ = self.lines.send(Told { line, verified }).await;
    }
}
