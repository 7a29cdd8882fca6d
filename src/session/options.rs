//! What a session is allowed and how long it waits.

use crate::session::version::Version;
use std::time::Duration;

/// The limits of one session. Times of zero are not meant for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Own requests that may be unanswered at a time. Default 10, which every carrier takes.
    pub window: usize,
    /// How long an ESME waits for the answer to its bind. Default 10 s.
    pub bind_timeout: Duration,
    /// How long an SMSC waits for a bind that it accepts, from the connection on. Default 10 s.
    pub session_init: Duration,
    /// How long an answer may take, and how long a window may be occupied without a single
    /// answer. Default 60 s.
    pub response_timeout: Duration,
    /// How long the peer may be silent before it is asked whether it is there; `None` never
    /// asks. Default 30 s.
    pub enquire_link: Option<Duration>,
    /// How long a session may go without a message in either direction before it is unbound;
    /// `enquire_link` is no message. `None`, the default, is for ever; 300 s suit an SMSC.
    pub inactivity: Option<Duration>,
    /// How long the answer to our unbind is waited for, and after the peer's unbind what is on its way.
    /// Default 5 s.
    pub unbind_timeout: Duration,
    /// How long a late answer still finds its ticket. Default one hour.
    pub tomb_for: Duration,
    /// The version of a peer that does not say its own. Default 3.4.
    pub assumed_version: Version,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            window: 10,
            bind_timeout: Duration::from_secs(10),
            session_init: Duration::from_secs(10),
            response_timeout: Duration::from_secs(60),
            enquire_link: Some(Duration::from_secs(30)),
            inactivity: None,
            unbind_timeout: Duration::from_secs(5),
            tomb_for: Duration::from_secs(3_600),
            assumed_version: Version::V34,
        }
    }
}
