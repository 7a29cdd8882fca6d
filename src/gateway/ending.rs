//! Whether somebody wants a command to end, by the signals of the system.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether somebody wants it to end: heard from when it is made, also while something else is awaited.
pub(super) struct Ending(Vec<Signal>);

impl Ending {
    /// By Ctrl-C or another process.
    pub(super) fn new() -> io::Result<Self> {
        Self::by(&[SignalKind::interrupt(), SignalKind::terminate()])
    }

    /// Also by the closing of its terminal, for what must leave nothing behind.
    pub(super) fn or_hangup() -> io::Result<Self> {
        Self::by(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
    }

    fn by(kinds: &[SignalKind]) -> io::Result<Self> {
        Ok(Self(kinds.iter().map(|it| signal(*it)).collect::<io::Result<_>>()?))
    }

    /// Ends with the first of them.
    pub(super) async fn wanted(&mut self) {
        let signals = &mut self.0;
        poll_fn(|context| {
            let came = signals.iter_mut().any(|it| it.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
