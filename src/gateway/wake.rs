//! Wakes the loop's thread.

use std::sync::{Arc, OnceLock};
use std::thread::Thread;

/// Wakes the loop's thread once it is known; a wake before that is not needed, since the loop looks
/// into all channels before it first sleeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Wake(Arc<OnceLock<Thread>>);

impl Wake {
    /// The calling thread is the loop's.
    pub(super) fn is_me(&self) {
        _ = self.0.set(std::thread::current());
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }

    /// As a function to be called from anywhere.
    pub(super) fn function(&self) -> Arc<dyn Fn() + Send + Sync> {
        let wake = self.clone();
        Arc::new(move || wake.wake())
    }
}
