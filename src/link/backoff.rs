//! How long a link waits before its next try.

use crate::link::options::Reconnect;
use crate::session::output::CloseReason;
use crate::smpp::status::CommandStatus;
use std::time::Duration;

/// The waits of one link. A bind that held starts anew from the base.
#[derive(Debug)]
pub(super) struct Backoff {
    options: Reconnect,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new(options: Reconnect) -> Self {
        Self { options, failures: 0 }
    }

    /// The waits are these from now on.
    pub(super) const fn adopt(&mut self, options: Reconnect) {
        self.options = options;
    }

    /// The carrier accepted a bind.
    pub(super) const fn bound(&mut self) {
        self.failures = 0;
    }

    /// The wait after a connection that ended, or never began. `chance` is between 0 and 1: of
    /// each wait a quarter is jitter, so that links do not come back all at once. What the
    /// carrier asks for is the least, so there the jitter comes on top.
    pub(super) fn after(&mut self, reason: Option<CloseReason>, chance: f64) -> Duration {
        let doubled = self.options.base.saturating_mul(1 << self.failures.min(16)).min(self.options.max);
        self.failures = self.failures.saturating_add(1);
        let asked = match reason {
            Some(CloseReason::BindRefused(CommandStatus::AlreadyBound)) => self.options.already_bound,
            Some(CloseReason::BindRefused(status)) if is_about_credentials(status) => self.options.refused,
            _ => return doubled.mul_f64(0.75 + chance / 4.0),
        };
        asked.mul_f64(1.0 + chance / 10.0)
    }
}

/// Whether a refused bind will hardly mend by itself.
const fn is_about_credentials(status: CommandStatus) -> bool {
    matches!(
        status,
        CommandStatus::InvalidPassword
            | CommandStatus::InvalidSystemId
            | CommandStatus::InvalidSystemType
            | CommandStatus::BindFailed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_maximum_and_start_anew_after_a_bind() {
        let mut backoff = Backoff::new(Reconnect::default());
        let waits: Vec<u64> = (0..8).map(|_| backoff.after(None, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.bound();
        assert_eq!(backoff.after(Some(CloseReason::PeerClosed), 0.0), Duration::from_millis(750));
    }

    #[test]
    fn what_the_carrier_asks_for_is_the_least() {
        let mut backoff = Backoff::new(Reconnect::default());
        let refused = |status| Some(CloseReason::BindRefused(status));
        assert_eq!(backoff.after(refused(CommandStatus::AlreadyBound), 0.0), Duration::from_secs(30));
        assert_eq!(backoff.after(refused(CommandStatus::InvalidPassword), 0.0), Duration::from_secs(60));
        assert!(Duration::from_secs(60) < backoff.after(refused(CommandStatus::BindFailed), 0.5));
    }
}
