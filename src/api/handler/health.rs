//! How the daemon is, as its probes tell it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

/// Flags that the gateway sets and the probes read.
///
/// Links do not count: a gateway without a carrier still accepts and keeps.
#[derive(Debug)]
pub struct Health {
    /// When the daemon began.
    pub started: Instant,
    /// The store is open.
    pub store_open: AtomicBool,
    /// The listener for applications is bound.
    pub listening: AtomicBool,
    /// The daemon is stopping.
    pub draining: AtomicBool,
    /// The store failed.
    pub poisoned: AtomicBool,
    /// The disk has less free than the configuration wants.
    pub disk_low: AtomicBool,
    /// Parts that a restored store holds.
    pub held: AtomicU64,
    /// The clock on the wall is not believed.
    pub clock_doubted: AtomicBool,
    /// How far it stands ahead then, in milliseconds.
    pub clock_gap: AtomicI64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            store_open: AtomicBool::default(),
            listening: AtomicBool::default(),
            draining: AtomicBool::default(),
            poisoned: AtomicBool::default(),
            disk_low: AtomicBool::default(),
            held: AtomicU64::default(),
            clock_doubted: AtomicBool::default(),
            clock_gap: AtomicI64::default(),
        }
    }
}

impl Health {
    /// Why new work should go elsewhere, in a sentence; `None` when it may come.
    pub fn unready(&self) -> Option<&'static str> {
        let set = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if set(&self.poisoned) {
            Some("The store failed; the process ends and recovers at its next start.")
        } else if set(&self.draining) {
            Some("The daemon is stopping.")
        } else if !set(&self.store_open) {
            Some("The store is not open yet.")
        } else if !set(&self.listening) {
            Some("The listener for applications is not bound yet.")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_listening_daemon_is_ready() {
        let health = Health::default();
        assert!(health.unready().is_some_and(|it| it.contains("not open")));
        health.store_open.store(true, Ordering::Relaxed);
        assert!(health.unready().is_some_and(|it| it.contains("not bound")));
        health.listening.store(true, Ordering::Relaxed);
        health.disk_low.store(true, Ordering::Relaxed);
        assert_eq!(health.unready(), None, "a full disk refuses messages, not probes");
        health.draining.store(true, Ordering::Relaxed);
        assert!(health.unready().is_some_and(|it| it.contains("stopping")));
        health.poisoned.store(true, Ordering::Relaxed);
        assert!(health.unready().is_some_and(|it| it.contains("failed")));
    }
}
