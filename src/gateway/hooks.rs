//! Calls of carriers over HTTP that wait until what they told is durable.
//!
//! What they tell goes into the beat as if it came from a link, under a tag that no link has; its confirmation
//! answers the call. What is no receipt in them is counted, and told of now and then.

use crate::api::context::OnUnread;
use crate::carrier::report::{News, ReceiptNews, Report};
use crate::dispatch::happening::Happening;
use crate::message::id::{CarrierId, LinkId};
use crate::telemetry::meters::Meters;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::warn;

/// A carrier whose calls are not understood is told of once in this time.
const UNREAD_EVERY: Duration = Duration::from_secs(60);

/// When each carrier was last told of.
#[derive(Debug, Default)]
struct Unread(Mutex<HashMap<CarrierId, Instant>>);

impl Unread {
    fn is_due(&self, carrier: CarrierId) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.get(&carrier).is_none_or(|it| UNREAD_EVERY <= it.elapsed());
        if due {
            told.insert(carrier, Instant::now());
        }
        due
    }
}

/// Counts what is no receipt, and tells of it now and then.
pub(super) fn on_unread(meters: &Arc<RwLock<Arc<Meters>>>) -> Arc<OnUnread> {
    let (meters, unread) = (Arc::clone(meters), Unread::default());
    Arc::new(move |carrier, name: &str, count| {
        meters.read().unwrap_or_else(PoisonError::into_inner).carrier(carrier).unread(count);
        if unread.is_due(carrier) {
            let hint = "the pointers of [carrier.receipt] may not be those of its calls; more are counted and not told";
            warn!(carrier = name, count, hint, "a carrier called, and no receipt was found in what it said");
        }
    })
}

/// Set in the tags of calls. A link's tags begin with the number of its session, which never grows so large.
const CALL: u64 = 1 << 63;

/// The calls that wait. Their number is bounded by the lane that they come through.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    waiting: HashMap<u64, oneshot::Sender<()>>,
    next: u64,
}

impl Hooks {
    /// What a call tells, as happenings of one beat.
    pub(super) fn take(
        &mut self,
        carrier: CarrierId,
        news: Vec<ReceiptNews>,
        durable: oneshot::Sender<()>,
    ) -> impl Iterator<Item = Happening> {
        let tag = CALL | self.next;
        self.next = (self.next + 1) & !CALL;
        self.waiting.insert(tag, durable);
        let link = LinkId { carrier, bind: 0 };
        news.into_iter().map(move |it| Happening::Link(link, Report::Inbound { tag, news: News::Receipt(it) }))
    }

    /// What came under this tag is durable. Whether it came by a call.
    pub(super) fn confirm(&mut self, tag: u64) -> bool {
        if let Some(durable) = self.waiting.remove(&tag) {
            // Who called may have given up, and will call again.
            _ = durable.send(());
        }
        tag & CALL != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_carrier_is_told_of_once_a_minute() {
        let unread = Unread::default();
        let due = || [CarrierId(1), CarrierId(2)].map(|it| unread.is_due(it));
        assert!(unread.is_due(CarrierId(1)));
        assert_eq!(due(), [false, true]);
        tokio::time::advance(UNREAD_EVERY).await;
        assert_eq!(due(), [true, true]);
        assert_eq!(due(), [false, false]);
    }
}
