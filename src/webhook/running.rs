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
    /// It is no place but many: nobody can try it out.
    pub is_callback: bool,
    /// Whoever tries it out has this until the call is over: one at a time.
    pub trial: Arc<Semaphore>,
}

impl Lane {
    /// The lane of an endpoint that begins.
    pub fn new(options: &EndpointOptions, orders: mpsc::Sender<SenderOrder>) -> Self {
        let (account, is_callback) = (options.account, options.is_callback());
        Self { account, orders, is_callback, trial: Arc::new(Semaphore::new(1)) }
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
        let own = running.values().filter(|it| it.account == account && !it.is_callback);
        let called = own.clone().filter(|it| {
            let trial = Arc::clone(&it.trial).try_acquire_owned();
            trial.is_ok_and(|trial| it.orders.try_send(SenderOrder::Test(kind, trial)).is_ok())
        });
        (called.count(), own.count())
    }
}
