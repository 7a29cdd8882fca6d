//! Asking a service what a number is before a message to it is accepted: a mobile, a landline, or nothing that is known.
//!
//! Only numbers that nothing else speaks against are asked about, all those of a request at once and within one
//! time-out. What was answered is remembered for a time, so that a number is asked about once and not once a message.
//! What is not answered in time is passed or refused, as the operator says.

use crate::api::problem::{Kind, Problem};
use crate::api::quote::{Quote, Targets, all_rejected};
use crate::api::recipients::Rejected;
use crate::carrier::http::pointer::Pointer;
use crate::carrier::http::request::{Constants, basic};
use crate::carrier::http::template::{Field, Place, Template};
use crate::dispatch::happening::Submission;
use crate::message::class::Class;
use crate::number::e164::E164;
use crate::telemetry::meters::http::Looked;
use crate::wire::client::{Call, Client, Outcome};
use crate::wire::secret::Secret;
use crate::wire::tls;
use crate::wire::transport::Target;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// The code under which a refused recipient is shown.
const CODE: &str = "number_invalid";

/// What is asked, and what the answers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `host:port`.
    pub address: Box<str>,
    /// What requests name as their host.
    pub host: Box<str>,
    /// TLS, where the address is `https`.
    pub tls: Option<tls::Client>,
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
    client: Client,
    running: Semaphore,
    known: Mutex<Known>,
    on_lookup: Arc<OnLookup>,
}

/// Whether numbers are refused, as the service said; the oldest are forgotten first.
#[derive(Default)]
struct Known {
    refused: HashMap<E164, (Instant, bool), foldhash::fast::RandomState>,
    order: VecDeque<(Instant, E164)>,
}

impl Known {
    fn get(&self, number: E164, younger_than: Duration) -> Option<bool> {
        self.refused.get(&number).filter(|(at, _)| at.elapsed() < younger_than).map(|it| it.1)
    }

    fn put(&mut self, number: E164, refused: bool, most: usize) {
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
        let target = Target {
            addresses: vec![options.address.to_string()],
            local_address: None,
            connect_timeout: options.timeout,
            tls: options.tls.clone(),
        };
        let client = Client::new(target, options.host.clone(), options.timeout, options.window);
        let running = Semaphore::new(options.window);
        Self { options, client, running, known: Mutex::default(), on_lookup }
    }

    /// What it was made of.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Which of these numbers are refused.
    async fn refused(self: &Arc<Self>, numbers: BTreeSet<E164>) -> BTreeSet<E164> {
        let by = Instant::now() + self.options.timeout;
        let (mut refused, mut asking) = (BTreeSet::new(), JoinSet::new());
        for number in numbers {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match known.get(number, self.options.cache_for) {
                Some(is_refused) => {
                    (self.on_lookup)(Looked::Cached);
                    refused.extend(is_refused.then_some(number));
                }
                None => {
                    let service = Arc::clone(self);
                    asking.spawn(async move { (number, timeout_at(by, service.ask(number)).await.ok().flatten()) });
                }
            }
        }
        while let Some(asked) = asking.join_next().await {
            let Ok((number, answer)) = asked else { continue };
            (self.on_lookup)(if answer.is_some() { Looked::Answered } else { Looked::Unanswered });
            refused.extend(answer.unwrap_or(self.options.refuse_unanswered).then_some(number));
        }
        refused
    }

    /// Whether the service says that the number is of a type that is refused; `None` if it says nothing.
    async fn ask(&self, number: E164) -> Option<bool> {
        let _turn = self.running.acquire().await.ok()?;
        let Options { target, headers, system_id, password, line_type, refuse, cache, .. } = &self.options;
        let constants = Constants { system_id, password: password.expose(), receipt_url: "" };
        let value = |field| match field {
            Field::To => number.to_string().into(),
            Field::ToDigits => number.digits().to_string().into(),
            Field::SystemId => constants.system_id.into(),
            Field::Password => constants.password.into(),
            Field::Basic => basic(&constants).into(),
            _ => "".into(),
        };
        let headers: Vec<(Box<str>, String)> =
            headers.iter().map(|(name, it)| (name.clone(), it.render(Place::Header, value))).collect();
        let call = Call { method: "GET", target: &target.render(Place::Url, value), headers: &headers, body: "" };
        let Outcome::Answered(reply) = self.client.call(&call).await else { return None };
        let body = reply.body.filter(|_| (200..300).contains(&reply.status))?;
        let found = line_type.text(&serde_json::from_slice(&body).ok()?)?.to_lowercase();
        let refused = refuse.iter().any(|it| **it == *found);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(number, refused, *cache);
        Some(refused)
    }
}

/// Takes out of a quote, and out of what is to be accepted, the recipients whose numbers are refused.
pub(super) async fn sift<'a>(
    service: Option<Arc<Lookup>>,
    (targets, region): (&Targets<'a>, Option<&str>),
    quote: &mut Quote<'a>,
    submission: &mut Submission,
) -> Result<(), Problem> {
    let Some(service) = service.filter(|it| it.options.on.contains(&submission.class)) else { return Ok(()) };
    let refused = service.refused(submission.recipients.iter().map(|it| it.destination).collect()).await;
    if refused.is_empty() {
        return Ok(());
    }
    quote.lines.retain(|it| !refused.contains(&it.to));
    submission.recipients.retain(|it| !refused.contains(&it.destination));
    let accepted_before = |to: &str| E164::parse(to, region).is_ok_and(|it| refused.contains(&it));
    let rejected = targets.pointed().filter(|(to, _)| accepted_before(to)).map(|(to, pointer)| Rejected {
        to,
        pointer,
        kind: Kind::Invalid,
        code: CODE,
        detail: "is not a number that messages are sent to".into(),
    });
    // Whoever is refused for another reason is there already.
    let others: BTreeSet<_> = quote.rejected.iter().map(|it| it.pointer.clone()).collect();
    quote.rejected.extend(rejected.filter(|it| !others.contains(&it.pointer)));
    if quote.lines.is_empty() { Err(all_rejected(&quote.rejected)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn numbers_are_remembered_for_a_time_and_the_oldest_are_forgotten_first() {
        let (mut known, day) = (Known::default(), Duration::from_secs(86_400));
        for number in 1..=3 {
            known.put(E164(number), number == 2, 3);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        known.put(E164(1), false, 3);
        known.put(E164(4), true, 3);
        let all: Vec<_> = (1..=4).map(|it| known.get(E164(it), day)).collect();
        assert_eq!(all, [Some(false), None, Some(false), Some(true)]);
        tokio::time::advance(day).await;
        assert_eq!(known.get(E164(4), day), None);
    }
}
