//! Watches, as long as a connection lasts, how long the carrier's certificate is still good.

use crate::clock::Clock;
use crate::message::time::Time;
use crate::wire::stream::Security;
use std::pin::pin;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::interval;

/// How often the figure is made anew.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Less is warned of.
const SOON: Duration = Duration::from_secs(14 * 86_400);
/// How often is warned: once a connection, then daily.
const LOOKS_PER_WARNING: u64 = 86_400 / LOOK_EVERY.as_secs();

/// The end of the carrier's certificate, if there is TLS.
pub(super) struct Expiry(Option<OffsetDateTime>);

/// What is left of it.
pub(super) struct Left {
    /// Until the end; negative when it has come.
    pub(super) seconds: f64,
    /// Whether it is time to warn.
    pub(super) is_to_be_told: bool,
}

impl Expiry {
    pub(super) fn of(security: Option<Security>) -> Self {
        Self(security.and_then(|it| it.expires))
    }

    /// Runs a session to its end, and tells meanwhile what is left.
    pub(super) async fn watch<T>(&self, session: impl Future<Output = T>, mut tell: impl FnMut(Left)) -> T {
        let Some(end) = self.0 else { return session.await };
        let (mut session, mut looks) = (pin!(session), interval(LOOK_EVERY));
        let mut look = 0_u64;
        loop {
            tokio::select! {
                biased;
                _ = looks.tick() => {
                    let seconds = (end.unix_timestamp() * 1_000 - wall()) as f64 / 1_000.0;
                    let soon = seconds < SOON.as_secs_f64();
                    tell(Left { seconds, is_to_be_told: soon && look.is_multiple_of(LOOKS_PER_WARNING) });
                    look += 1;
                }
                ended = &mut session => return ended,
            }
        }
    }
}

/// The wall's time in milliseconds since 1970: certificates are dated by it.
fn wall() -> i64 {
    let Time(millis) = Clock::of_the_wall();
    i64::try_from(millis).unwrap_or(i64::MAX)
}
