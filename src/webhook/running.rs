//! Where orders to the endpoints that run go.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::EventKind;
use crate::webhook::options::EndpointOptions;
use crate::webhook::sender::SenderOrder;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, mpsc};

/// Orders that an endpoint has not taken in yet at most.
pub const ORDERS_MAX: usize = 16;

/// The endpoints that run. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<EndpointId, Lane>>>);

/// An endpoint that runs.
pub struct Lane {
    /// Whose it is.
    pub account: AccountId,
    /// Where orders to it go.
    pub orders: mpsc::Sender<SenderOrder>,
    /// Whoever tries it out has this until the call is over: one at a time; nobody does so with a callback, which is
    /// no place but many.
    pub trial: Arc<Semaphore>,
}

impl Lane {
    /// The lane of an endpoint that begins.
    pub fn new(options: &EndpointOptions, orders: mpsc::Sender<SenderOrder>) -> Self {
        let trials = usize::from(!options.is_callback());
        Self { account: options.account, orders, trial: Arc::new(Semaphore::new(trials)) }
    }
}

impl Running {
    /// All of them, to be changed.
    pub fn lock(&self) -> MutexGuard<'_, BTreeMap<EndpointId, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the endpoints of an account tell again what was given up between two times; says how many there are.
    pub fn recover(&self, account: AccountId, since: Time, until: Time) -> usize {
        let running = self.lock();
        let own = running.values().filter(|it| it.account == account);
        own.filter(|it| it.orders.try_send(SenderOrder::Recover(since, until)).is_ok()).count()
    }

    /// Has the endpoints of an account called with an example, but those that are being tried out: how many are, of how
    /// many.
    pub fn test(&self, account: AccountId, kind: EventKind) -> (usize, usize) {
        let running = self.lock();
        let own = running.values().filter(|it| it.account == account);
        let called = own.clone().filter(|it| {
            let trial = Arc::clone(&it.trial).try_acquire_owned();
            trial.is_ok_and(|trial| it.orders.try_send(SenderOrder::Test(kind, trial)).is_ok())
        });
        (called.count(), own.count())
    }
}
