//! What senders have told, gathered for the loop: one message now and then for all endpoints, and not one for each
//! call.

use crate::record::delivery::Progress;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// How long what was told is gathered before it is made durable. A process that dies tells it again.
const GATHER: Duration = Duration::from_millis(5);
/// How long to wait for room in the lane to the loop.
const CROWDED: Duration = Duration::from_millis(20);

/// Gathers what senders have told.
#[derive(Debug, Default)]
pub struct Collector {
    progress: Mutex<Progress>,
    some: Notify,
}

impl Collector {
    /// Takes what an endpoint was told.
    pub(crate) fn add(&self, progress: Progress) {
        if !progress.is_empty() {
            self.progress.lock().unwrap_or_else(PoisonError::into_inner).add(progress);
            self.some.notify_one();
        }
    }

    /// What was gathered and not handed on.
    pub fn take(&self) -> Progress {
        std::mem::take(&mut *self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hands on what was gathered, for as long as anybody reads it.
    pub async fn run<T>(&self, lane: Sender<T>, wrap: impl Fn(Progress) -> T, wake: impl Fn()) {
        loop {
            self.some.notified().await;
            tokio::time::sleep(GATHER).await;
            // Room first: what is taken out of here is handed on.
            let room = loop {
                match lane.try_reserve() {
                    Ok(room) => break room,
                    Err(TrySendError::Full(())) => tokio::time::sleep(CROWDED).await,
                    Err(TrySendError::Closed(())) => return,
                }
            };
            let progress = self.take();
            if !progress.is_empty() {
                room.send(wrap(progress));
                wake();
            }
        }
    }
}
