//! How the endpoints of accounts stand, and what came of their latest calls: for operators and accounts to look at.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::EventKinds;
use crate::telemetry::meters::webhook::{CallResult, EndpointState};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Calls of an endpoint that are remembered.
pub const CALLS_KEPT: usize = 100;

closed_set! {
    /// Who made an endpoint.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum EndpointMaker: all, word {
        /// An operator.
        Configuration "configuration",
        /// Its account.
        Account "api",
        /// A request that named it.
        Request "request",
    }
}

/// How an endpoint stands.
#[derive(Clone, Debug)]
pub struct EndpointStatus {
    /// Whose it is.
    pub account: AccountId,
    /// Who made it.
    pub maker: EndpointMaker,
    /// What its account calls it, where it stands in no configuration.
    pub key: Option<Box<str>>,
    /// Of what it is told.
    pub kinds: EventKinds,
    /// Its URL, without what may be secret in it.
    pub name: Box<str>,
    /// Whether it is told.
    pub state: EndpointState,
    /// Since when it has taken nothing, if what was tried last was not; times are the wall's.
    pub failing_since: Time,
    /// Since when it is told no more.
    pub disabled_at: Time,
    /// Events that have yet to be told, those of kinds that it is not told included.
    pub outbox: u64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Time>,
    /// The latest calls, newest first.
    pub calls: VecDeque<EndpointCall>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct EndpointCall {
    /// When it began.
    pub at: Time,
    /// How long it took.
    pub took: Duration,
    /// The first event that it told, as it is called.
    pub event: Option<Box<str>>,
    /// How many events it told.
    pub events: usize,
    /// It told an example.
    pub is_test: bool,
    /// What came of it.
    pub result: CallResult,
    /// The status of the answer.
    pub status: Option<u16>,
    /// What the answer said, or why there was none.
    pub detail: Box<str>,
}

/// How all endpoints stand. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct EndpointStatuses(Arc<Mutex<All>>);

/// Those that are told, and how they stand; of one that was begun just now nothing is known.
type All = BTreeMap<EndpointId, Option<EndpointStatus>>;

impl EndpointStatuses {
    /// An endpoint stands so; its calls are kept. What all endpoints of its account have yet to be told, the oldest of
    /// it, and how many stand how.
    pub fn post(&self, id: EndpointId, status: EndpointStatus) -> (u64, Option<Time>, [u64; EndpointState::ALL.len()]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let account = status.account;
        // One that has ended says no more of itself.
        if let Some(known) = all.get_mut(&id) {
            let calls = known.take().map(|it| it.calls).unwrap_or_default();
            *known = Some(EndpointStatus { calls, ..status });
        }
        let mut sum = (0, None, [0; EndpointState::ALL.len()]);
        for it in all.values().flatten().filter(|it| it.account == account) {
            sum.0 += it.outbox;
            sum.1 = [sum.1, it.oldest].into_iter().flatten().min();
            sum.2[it.state as usize] += 1;
        }
        sum
    }

    /// An endpoint was called.
    pub fn called(&self, id: EndpointId, call: EndpointCall) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(status)) = all.get_mut(&id) {
            status.calls.truncate(CALLS_KEPT - 1);
            status.calls.push_front(call);
        }
    }

    /// An endpoint is told from now on.
    pub fn begin(&self, id: EndpointId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, None);
    }

    /// An endpoint is not told any more.
    pub fn remove(&self, id: EndpointId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<EndpointId, EndpointStatus> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(|(id, it)| Some((*id, it.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(account: u16, outbox: u64, oldest: u64) -> EndpointStatus {
        EndpointStatus {
            account: AccountId(account),
            maker: EndpointMaker::Configuration,
            key: None,
            kinds: EventKinds::USUAL,
            name: "https://a.example/".into(),
            state: EndpointState::Open,
            failing_since: Time::NEVER,
            disabled_at: Time::NEVER,
            outbox,
            oldest: Time(oldest).known(),
            calls: VecDeque::new(),
        }
    }

    #[test]
    fn what_an_account_has_yet_to_be_told_is_that_of_all_its_endpoints() {
        let all = EndpointStatuses::default();
        (1..=3).for_each(|it| all.begin(EndpointId(it)));
        all.post(EndpointId(1), status(1, 3, 50));
        all.post(EndpointId(2), status(2, 9, 10));
        assert_eq!(all.post(EndpointId(3), status(1, 4, 40)), (7, Some(Time(40)), [0, 2, 0]));
        all.remove(EndpointId(1));
        all.post(EndpointId(1), status(1, 9, 9));
        assert_eq!(all.post(EndpointId(3), status(1, 0, 0)), (0, None, [0, 1, 0]));
    }

    #[test]
    fn the_latest_calls_are_kept_and_no_more() {
        let all = EndpointStatuses::default();
        (1..=3).for_each(|it| all.begin(EndpointId(it)));
        all.post(EndpointId(1), status(1, 0, 0));
        for at in 0..150 {
            let (took, result) = (Duration::ZERO, CallResult::Ok);
            let call = EndpointCall {
                at: Time(at),
                took,
                event: None,
                events: 1,
                is_test: false,
                result,
                status: None,
                detail: "".into(),
            };
            all.called(EndpointId(1), call);
        }
        all.post(EndpointId(1), status(1, 1, 1));
        let calls = &all.all()[&EndpointId(1)].calls;
        assert_eq!((calls.len(), calls[0].at, calls[99].at), (100, Time(149), Time(50)));
    }
}
