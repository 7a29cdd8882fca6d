//! What is said on links, kept for operators who asked for it: bounded in time, in number and in octets.
//!
//! ```text
//! link's task ── saw ──► Tap ◄── start ── loop        read ──► operator
//! ```
//!
//! A tap that is off costs a link one look at a flag for each PDU.

use crate::message::id::LinkId;
use crate::message::time::Time;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// PDUs of one trace at most.
pub const PDUS_MAX: u16 = 10_000;
/// Their octets at most: full traces of the usual size, and fewer PDUs where they are large.
const OCTETS_MAX: usize = 4 << 20;

/// The taps of all links that run. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Mutex<BTreeMap<LinkId, Tap>>>);

impl Traces {
    /// The tap of a link, for its task.
    pub fn tap(&self, link: LinkId) -> Tap {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(link).or_default().clone()
    }

    /// A link runs no more.
    pub fn forget(&self, link: LinkId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&link);
    }

    /// Begins a trace, and drops the one before it; false if there is no such link.
    pub fn start(&self, link: LinkId, trace: Trace) -> bool {
        let tap = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&link).cloned();
        tap.is_some_and(|it| {
            it.start(trace);
            true
        })
    }

    /// The latest trace of a link, as far as it has come.
    pub fn read(&self, link: LinkId) -> Option<Trace> {
        let tap = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&link).cloned()?;
        tap.0.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Where a link tells what is said on it.
#[derive(Clone, Debug, Default)]
pub struct Tap(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    on: AtomicBool,
    trace: Mutex<Option<Trace>>,
}

/// Which way a PDU went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the carrier.
    In,
    /// To the carrier.
    Out,
}

/// A PDU that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How long after the beginning of the trace.
    pub after: Duration,
    /// Which way it went.
    pub way: Way,
    /// Its octets.
    pub frame: Bytes,
}

/// What was seen on a link.
#[derive(Clone, Debug)]
pub struct Trace {
    /// When it began, by the clock of everything else.
    pub at: Time,
    began: Instant,
    lasts: Duration,
    pdus_max: usize,
    octets: usize,
    /// The PDUs, in the order in which they went.
    pub seen: Vec<Seen>,
}

impl Trace {
    /// A trace that begins at `at`, which is `now`, goes on for `lasts` and keeps so many PDUs.
    pub fn new(at: Time, now: Instant, lasts: Duration, pdus: u16) -> Self {
        let pdus_max = usize::from(pdus.min(PDUS_MAX));
        Self { at, began: now, lasts, pdus_max, octets: 0, seen: Vec::new() }
    }

    /// Takes a PDU; false if there is no more room for any.
    fn take(&mut self, now: Instant, way: Way, frame: Bytes) -> bool {
        let after = now.saturating_duration_since(self.began);
        let octets = self.octets + frame.len();
        if self.lasts <= after || OCTETS_MAX < octets {
            return false;
        }
        self.octets = octets;
        self.seen.push(Seen { after, way, frame });
        self.seen.len() < self.pdus_max
    }
}

impl Tap {
    fn start(&self, trace: Trace) {
        *self.0.trace.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
        self.0.on.store(true, Ordering::Release);
    }

    /// A PDU went by; its octets are asked for only while somebody wants them.
    pub fn saw(&self, now: Instant, way: Way, frame: impl FnOnce() -> Option<Bytes>) {
        if !self.0.on.load(Ordering::Acquire) {
            return;
        }
        let Some(frame) = frame() else { return };
        let mut trace = self.0.trace.lock().unwrap_or_else(PoisonError::into_inner);
        if !trace.as_mut().is_some_and(|it| it.take(now, way, frame)) {
            self.0.on.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::CarrierId;

    const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };

    /// How many of `count` PDUs of `octets` each, a millisecond apart, are kept.
    fn kept(lasts: Duration, pdus: u16, octets: usize, count: u32) -> usize {
        let (traces, now) = (Traces::default(), Instant::now());
        let tap = traces.tap(LINK);
        tap.saw(now, Way::In, || panic!("nobody wants it"));
        assert!(traces.start(LINK, Trace::new(Time(7), now, lasts, pdus)));
        for at in 0..count {
            tap.saw(now + Duration::from_millis(at.into()), Way::Out, || Some(vec![0; octets].into()));
        }
        let trace = traces.read(LINK).expect("a trace");
        assert!(trace.seen.is_sorted_by_key(|it| it.after));
        trace.seen.len()
    }

    #[test]
    fn a_trace_ends_by_time_by_number_and_by_octets() {
        let (minute, second) = (Duration::from_secs(60), Duration::from_secs(1));
        assert_eq!(kept(second, 10_000, 16, 3_000), 1_000);
        assert_eq!(kept(minute, 5, 16, 3_000), 5);
        assert_eq!(kept(minute, u16::MAX, 16, 20_000), 10_000);
        assert_eq!(kept(minute, 10_000, 1 << 20, 9), 4);
    }

    #[test]
    fn a_link_that_runs_no_more_is_neither_traced_nor_read() {
        let traces = Traces::default();
        let trace = || Trace::new(Time(7), Instant::now(), Duration::from_secs(1), 1);
        assert!(!traces.start(LINK, trace()) && traces.read(LINK).is_none());
        traces.tap(LINK);
        assert!(traces.start(LINK, trace()) && traces.read(LINK).is_some());
        traces.forget(LINK);
        assert!(traces.read(LINK).is_none());
    }
}
