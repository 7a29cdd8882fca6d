//! Where orders to the endpoints that run go.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::EventKind;
use crate::webhook::sender::SenderOrder;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Orders that an endpoint has not taken in yet at most.
pub const ORDERS_MAX: usize = 16;

/// The endpoints that run. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<EndpointId, Lane>>>);

/// Whose endpoint it is, and where orders to it go.
type Lane = (AccountId, mpsc::Sender<SenderOrder>);

impl Running {
    /// All of them, to be changed.
    pub fn lock(&self) -> MutexGuard<'_, BTreeMap<EndpointId, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the endpoints of an account tell again what was given up between two times; says how many there are.
    pub fn recover(&self, account: AccountId, since: Time, until: Time) -> usize {
        self.tell(account, || SenderOrder::Recover(since, until))
    }

    /// Has the endpoints of an account called with an example; says how many there are.
    pub fn test(&self, account: AccountId, kind: EventKind) -> usize {
        self.tell(account, || SenderOrder::Test(kind))
    }

    fn tell(&self, account: AccountId, order: impl Fn() -> SenderOrder) -> usize {
        let running = self.lock();
        let own = running.values().filter(|it| it.0 == account);
        own.filter(|it| it.1.try_send(order()).is_ok()).count()
    }
}
