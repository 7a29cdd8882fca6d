//! Calls of carriers over HTTP that wait until what they told is durable.
//!
//! What they tell goes into the beat as if it came from a link, under a tag that no link has; its confirmation
//! answers the call.

use crate::carrier::report::{News, ReceiptNews, Report};
use crate::dispatch::door::happening::Happening;
use crate::message::id::{CarrierId, LinkId};
use std::collections::HashMap;
use tokio::sync::oneshot;

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
