//! Who waits for events is woken when there are some.
//!
//! Nothing of an event passes here: whoever is woken reads the log from where he was.

use crate::record::event::Audience;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A bell for each audience that somebody listens to. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct EventBell(Arc<Mutex<HashMap<Audience, watch::Sender<()>>>>);

impl EventBell {
    /// Rings from now on whenever there are new events of these. Listen first and read then, and nothing is missed.
    pub fn listen(&self, of: Audience) -> watch::Receiver<()> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody listens to any more go, so that there are never more than listeners.
        bells.retain(|_, it| it.receiver_count() != 0);
        let bell = bells.entry(of).or_insert_with(|| watch::channel(()).0);
        bell.subscribe()
    }

    /// Wakes everybody: there will be no more.
    pub fn ring_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|it| it.send_replace(()));
    }

    /// There are new events of these, and they are durable.
    pub fn ring(&self, of: Audience) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(&of) {
            bell.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::AccountId;

    #[test]
    fn only_those_hear_who_listen_to_this_account_and_none_is_kept_in_vain() {
        let bell = EventBell::default();
        let (mut one, other) =
            (bell.listen(Audience::Account(AccountId(1))), bell.listen(Audience::Account(AccountId(2))));
        bell.ring(Audience::Account(AccountId(1)));
        bell.ring(Audience::Account(AccountId(3)));
        assert!(one.has_changed().unwrap() && !other.has_changed().unwrap());
        one.mark_unchanged();
        assert!(!one.has_changed().unwrap());
        drop((one, other));
        drop(bell.listen(Audience::Account(AccountId(4))));
        assert_eq!(bell.0.lock().unwrap().len(), 1, "that of the last listener alone");
    }
}
