//! Whether the peer is there, and whether there is anything to say.
//!
//! ```text
//!  heard ──── enquire_link ────► we enquire ──── response_timeout ────► silent: close
//!    ▲                               │
//!    └───── any PDU at all ──────────┘
//! ```

use crate::session::options::Options;
use std::time::{Duration, Instant};

/// The two clocks of a bound session.
#[derive(Debug)]
pub(crate) struct Keepalive {
    enquire_link: Option<Duration>,
    response_timeout: Duration,
    inactivity: Option<Duration>,
    /// When the peer was last heard.
    heard_at: Instant,
    /// When we asked whether it is there, if nothing was heard since.
    enquired_at: Option<Instant>,
    /// When a message last came or went.
    message_at: Instant,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// When to ask whether the peer is there.
    Enquire,
    /// When to give up waiting for a sign of life.
    Silent,
    /// When to end a session that is not used.
    Inactive,
}

impl Keepalive {
    pub(crate) const fn new(now: Instant, options: &Options) -> Self {
        Self {
            enquire_link: options.enquire_link,
            response_timeout: options.response_timeout,
            inactivity: options.inactivity,
            heard_at: now,
            enquired_at: None,
            message_at: now,
        }
    }

    /// A PDU came, whatever it was.
    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.enquired_at = None;
    }

    /// A message came or went.
    pub(crate) const fn message(&mut self, now: Instant) {
        self.message_at = now;
    }

    /// What is due now, if anything is. An enquiry that is due counts as made.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        let (due, at) = self.next()?;
        if now < at {
            return None;
        }
        if due == Due::Enquire {
            self.enquired_at = Some(now);
        }
        Some(due)
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.next().map(|(_, at)| at)
    }

    fn next(&self) -> Option<(Due, Instant)> {
        let life = match self.enquired_at {
            Some(at) => Some((Due::Silent, at + self.response_timeout)),
            None => self.enquire_link.map(|quiet| (Due::Enquire, self.heard_at + quiet)),
        };
        let inactive = self.inactivity.map(|idle| (Due::Inactive, self.message_at + idle));
        [life, inactive].into_iter().flatten().min_by_key(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_silent_peer_is_asked_once_and_then_given_up() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(start, &Options::default());
        assert_eq!(keepalive.due(start + SECOND * 29), None);
        assert_eq!(keepalive.due(start + SECOND * 30), Some(Due::Enquire));
        assert_eq!(keepalive.due(start + SECOND * 89), None);
        assert_eq!(keepalive.due(start + SECOND * 90), Some(Due::Silent));
        keepalive.heard(start + SECOND * 90);
        assert_eq!(keepalive.next_deadline(), Some(start + SECOND * 120));
    }

    #[test]
    fn a_message_keeps_a_session_from_being_inactive_and_an_enquiry_does_not() {
        let start = Instant::now();
        let options = Options { inactivity: Some(SECOND * 40), ..Options::default() };
        let mut keepalive = Keepalive::new(start, &options);
        keepalive.heard(start + SECOND * 29);
        assert_eq!(keepalive.due(start + SECOND * 40), Some(Due::Inactive));
        keepalive.message(start + SECOND * 40);
        assert_eq!(keepalive.due(start + SECOND * 59), Some(Due::Enquire));
    }
}
