//! Asking a service what a number is before a message to it is accepted: a mobile, a landline, or nothing that is
//! known.
//!
//! Only numbers that nothing else speaks against are asked about, all those of a request at once and within one
//! time-out. What was answered is remembered for a time, so that a number is asked about once and not once a message.
//! What is not answered in time is passed or refused, as the operator says, and that is remembered too, for a moment.
//! An account that is over its rate has nothing asked, and none has more numbers under way than one request may have.

use crate::carrier::http::pointer::Pointer;
use crate::carrier::http::request::basic;
use crate::carrier::http::template::{Escape, Field, Template};
use crate::message::class::Class;
use crate::message::id::AccountId;
use crate::number::e164::E164;
use crate::telemetry::meters::http::Looked;
use crate::wire::client::{self, HttpClient, HttpOutcome};
use crate::wire::secret::Secret;
use crate::wire::tls;
use crate::wire::transport::ConnectTarget;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// What is asked, and what the answers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `host:port`.
    pub address: Box<str>,
    /// What requests name as their host.
    pub host: Box<str>,
    /// TLS, where the address is `https`.
    pub tls: Option<tls::TlsClient>,
    /// Path and query; it may have the number, the login and the password.
    pub target: Template,
    /// Headers by their names.
    pub headers: Vec<(Box<str>, Template)>,
    /// The login; mostly empty.
    pub system_id: Box<str>,
    /// The password, token or key.
    pub password: Secret<Box<str>>,
    /// How long a request waits for all of its numbers. Default 2 s.
    pub timeout: Duration,
    /// Requests that run at once. Default 50.
    pub window: usize,
    /// Of which classes messages are asked about.
    pub on: Vec<Class>,
    /// Where in the answer the type of the line stands.
    pub line_type: Pointer,
    /// Which types are refused, in lower case.
    pub refuse: Vec<Box<str>>,
    /// What is not answered in time is refused.
    pub refuse_unanswered: bool,
    /// Numbers that are remembered. Default 100,000.
    pub cache: usize,
    /// For how long. Default a day.
    pub cache_for: Duration,
}

/// Tells telemetry of one number.
pub type OnLookup = dyn Fn(Looked) + Send + Sync;

/// A service that knows numbers, and what it has said.
pub struct Lookup {
    options: Options,
    client: HttpClient,
    running: Semaphore,
    known: Mutex<Known>,
    /// How many numbers of each account are under way.
    asking: Mutex<HashMap<AccountId, usize>>,
    on_lookup: Arc<OnLookup>,
}

/// How long a number that was not answered is not asked about again: a service that is away must not cost each try
/// its whole time-out.
const UNANSWERED_FOR: Duration = Duration::from_secs(5);
/// What is known of numbers; the oldest are forgotten first.
#[derive(Default)]
struct Known {
    /// Whether they are refused, as the service said; `None` where it said nothing.
    refused: HashMap<E164, (Instant, Option<bool>), foldhash::fast::RandomState>,
    order: VecDeque<(Instant, E164)>,
}

/// The numbers of an account that are under way; they are no more once it is dropped.
pub(crate) struct Share<'l> {
    asking: &'l Mutex<HashMap<AccountId, usize>>,
    account: AccountId,
    count: usize,
}

impl<'l> Share<'l> {
    fn take(
        asking: &'l Mutex<HashMap<AccountId, usize>>,
        account: AccountId,
        (count, most): (usize, usize),
    ) -> Option<Self> {
        let mut all = asking.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(account).or_default();
        (*own + count <= most).then(|| {
            *own += count;
            Self { asking, account, count }
        })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut all = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(&self.account) {
            *own = own.saturating_sub(self.count);
        }
    }
}

impl Known {
    fn get(&self, number: E164, younger_than: Duration) -> Option<Option<bool>> {
        let (at, refused) = *self.refused.get(&number)?;
        let lasts = if refused.is_some() { younger_than } else { younger_than.min(UNANSWERED_FOR) };
        (at.elapsed() < lasts).then_some(refused)
    }

    fn put(&mut self, number: E164, refused: Option<bool>, most: usize) {
        let now = Instant::now();
        self.refused.insert(number, (now, refused));
        self.order.push_back((now, number));
        while most < self.order.len() {
            let Some((at, number)) = self.order.pop_front() else { break };
            // One that was asked about again since stands in the order again.
            if self.refused.get(&number).is_some_and(|it| it.0 == at) {
                self.refused.remove(&number);
            }
        }
    }
}

impl Lookup {
    /// A service with nothing said yet.
    pub fn new(options: Options, on_lookup: Arc<OnLookup>) -> Self {
        let target = ConnectTarget {
            addresses: vec![options.address.to_string()],
            local_address: None,
            connect_timeout: options.timeout,
            tls: options.tls.clone(),
            guard: None,
            passage: None,
        };
        let client = HttpClient::new(target, options.host.clone(), options.timeout, options.window);
        let running = Semaphore::new(options.window);
        Self { options, client, running, known: Mutex::default(), asking: Mutex::default(), on_lookup }
    }

    /// What it was made of.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Room for so many numbers of an account; `None` where more than `most` of them would be under way.
    pub(crate) fn share(&self, account: AccountId, count: usize, most: usize) -> Option<Share<'_>> {
        Share::take(&self.asking, account, (count, most))
    }

    /// Which of these numbers are refused as far as is remembered, and which are to be asked about.
    pub(crate) fn split_known(&self, numbers: BTreeSet<E164>) -> (BTreeSet<E164>, Vec<E164>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut refused, mut unknown) = (BTreeSet::new(), Vec::new());
        for number in numbers {
            match known.get(number, self.options.cache_for) {
                Some(said) => {
                    (self.on_lookup)(if said.is_some() { Looked::Cached } else { Looked::Unanswered });
                    refused.extend(said.unwrap_or(self.options.refuse_unanswered).then_some(number));
                }
                None => unknown.push(number),
            }
        }
        (refused, unknown)
    }

    /// Asks about these numbers, and says which of them are refused.
    pub(crate) async fn refused_among(self: &Arc<Self>, numbers: Vec<E164>) -> BTreeSet<E164> {
        let by = Instant::now() + self.options.timeout;
        let (mut refused, mut asking) = (BTreeSet::new(), JoinSet::new());
        for number in numbers {
            let service = Arc::clone(self);
            asking.spawn(async move { (number, service.ask(number, by).await) });
        }
        while let Some(asked) = asking.join_next().await {
            let Ok((number, answer)) = asked else { continue };
            (self.on_lookup)(if answer.is_some() { Looked::Answered } else { Looked::Unanswered });
            refused.extend(answer.unwrap_or(self.options.refuse_unanswered).then_some(number));
        }
        refused
    }

    /// Asks about a number when its turn comes, and remembers what came of it.
    async fn ask(&self, number: E164, by: Instant) -> Option<bool> {
        let _turn = timeout_at(by, self.running.acquire()).await.ok()?.ok()?;
        let refused = timeout_at(by, self.is_refused(number)).await.ok().flatten();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(number, refused, self.options.cache);
        refused
    }

    /// Whether the service says that the number is of a type that is refused; `None` if it says nothing.
    async fn is_refused(&self, number: E164) -> Option<bool> {
        let Options { target, headers, system_id, password, line_type, refuse, .. } = &self.options;
        let password = password.expose();
        let value = |field| match field {
            Field::To => number.to_string().into(),
            Field::ToDigits => number.digits().to_string().into(),
            Field::SystemId => (&**system_id).into(),
            Field::Password => (&**password).into(),
            Field::Basic => basic(system_id, password).into(),
            _ => "".into(),
        };
        let headers: Vec<(Box<str>, String)> =
            headers.iter().map(|(name, it)| (name.clone(), it.render(Escape::Header, value))).collect();
        let call = client::HttpRequest {
            method: "GET",
            target: &target.render(Escape::Url, value),
            headers: &headers,
            body: "",
        };
        let HttpOutcome::Answered(reply) = self.client.call(&call).await else { return None };
        let body = reply.body.filter(|_| (200..300).contains(&reply.status))?;
        let found = line_type.text(&serde_json::from_slice(&body).ok()?)?.to_lowercase();
        Some(refuse.iter().any(|it| **it == *found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn numbers_are_remembered_for_a_time_and_the_oldest_are_forgotten_first() {
        let (mut known, day) = (Known::default(), Duration::from_secs(86_400));
        for number in 1..=3 {
            known.put(E164(number), Some(number == 2), 3);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        known.put(E164(1), Some(false), 3);
        known.put(E164(4), Some(true), 3);
        let all: Vec<_> = (1..=4).map(|it| known.get(E164(it), day)).collect();
        assert_eq!(all, [Some(Some(false)), None, Some(Some(false)), Some(Some(true))]);
        tokio::time::advance(day).await;
        assert_eq!(known.get(E164(4), day), None);
    }
    #[tokio::test(start_paused = true)]
    async fn what_was_not_answered_is_asked_about_again_after_a_moment() {
        let (mut known, day) = (Known::default(), Duration::from_secs(86_400));
        known.put(E164(1), None, 3);
        assert_eq!(known.get(E164(1), day), Some(None));
        tokio::time::advance(UNANSWERED_FOR).await;
        assert_eq!(known.get(E164(1), day), None);
    }

    #[test]
    fn an_account_has_no_more_numbers_under_way_than_one_request_and_others_have_their_own() {
        let asking = Mutex::default();
        let all = Share::take(&asking, AccountId(1), (3, 3));
        assert!(all.is_some() && Share::take(&asking, AccountId(1), (1, 3)).is_none());
        assert!(Share::take(&asking, AccountId(2), (1, 3)).is_some());
        drop(all);
        assert!(Share::take(&asking, AccountId(1), (3, 3)).is_some());
    }
}
