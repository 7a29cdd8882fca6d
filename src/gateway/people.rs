//! Forgets people: the readers find what names somebody, and the loop forgets it, some at a time.
//!
//! ```text
//!  asked ──► kept ──► messages ──► events ──► what keeps him in peace ──► nothing is under way? ──► forgotten
//!                        ▲                                                        │ no
//!                        └──────────────────── a while later ─────────────────────┘
//! ```
//!
//! That somebody is to be forgotten is durable before it is answered, and stays so until nothing of him is left: a
//! start goes on where the process ended.

use crate::api::handler::context::LoopRequest;
use crate::api::handler::people::{NotForgotten, PersonNews, PersonRequest};
use crate::dispatch::door::happening::{Ask, Forgetting};
use crate::dispatch::door::reply::{ForgottenSome, Grant};
use crate::gateway::control::Control;
use crate::gateway::wake::Wake;
use crate::message::id::Seq;
use crate::number::e164::E164;
use crate::record::event::Event;
use crate::record::suppression::Suppression;
use crate::record::to_forget::ToForget;
use crate::record::views::MessageFilter;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::readers::Readers;
use crate::telemetry::meters::Meters;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

/// People who are to be forgotten at most.
const PEOPLE_MAX: usize = 1_000;
/// Messages, or events, that one beat forgets: each is some rows.
const AT_ONCE: usize = 100;
/// Who has messages under way is looked at again so often.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Somebody who is to be forgotten.
struct Person {
    asked: ToForget,
    /// Events up to this one do not name him.
    events_to: u64,
    /// What was forgotten of him.
    done: PersonNews,
    /// Who wants to know what came of it.
    waiting: Vec<oneshot::Sender<PersonNews>>,
    /// When everything is gone through next.
    due: Instant,
}

impl Person {
    fn new(asked: ToForget) -> Self {
        Self { asked, events_to: 0, done: PersonNews::default(), waiting: Vec::new(), due: Instant::now() }
    }
}

/// Why it goes on later.
enum Trouble {
    /// The store cannot be read.
    Store(Fault),
    /// The loop has ended.
    Ended,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

/// Everybody who is to be forgotten.
pub(super) struct People {
    readers: Readers,
    calls: mpsc::Sender<LoopRequest>,
    controls: mpsc::Sender<Control>,
    wake: Wake,
    meters: watch::Receiver<Arc<Meters>>,
    all: VecDeque<Person>,
}

impl People {
    /// With those of before.
    pub(super) fn new(
        readers: Readers,
        (calls, controls, wake): (mpsc::Sender<LoopRequest>, mpsc::Sender<Control>, Wake),
        meters: &watch::Receiver<Arc<Meters>>,
        before: Vec<ToForget>,
    ) -> Self {
        let all = before.into_iter().map(Person::new).collect();
        Self { readers, calls, controls, wake, meters: meters.clone(), all }
    }

    /// Forgets who is to be forgotten, until nobody can ask any more.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<PersonRequest>) {
        loop {
            self.meters.borrow().inside().set_to_forget(self.all.len());
            let due = self.all.iter().map(|it| it.due).min();
            let next = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.take(request).await,
                    None => return,
                },
                () = next => match self.go_on().await {
                    Ok(()) => (),
                    Err(Trouble::Store(error)) => {
                        error!(error = &error as &dyn std::error::Error, "what names somebody cannot be read");
                    }
                    Err(Trouble::Ended) => return,
                },
            }
        }
    }

    /// Keeps that somebody is to be forgotten.
    async fn take(&mut self, PersonRequest { number, reply }: PersonRequest) {
        let known = self.all.iter().position(|it| it.asked.number == number);
        if known.is_none() && PEOPLE_MAX <= self.all.len() {
            // Who asked may have given up.
            _ = reply.send(Err(NotForgotten::TooMany(PEOPLE_MAX)));
            return;
        }
        let Ok(asked) = self.control(|reply| Control::KeepToForget(number, reply)).await else {
            _ = reply.send(Err(NotForgotten::Ending));
            return;
        };
        let mut person = known.and_then(|it| self.all.remove(it)).unwrap_or_else(|| Person::new(asked));
        let (tell, told) = oneshot::channel();
        (person.asked, person.due) = (asked, Instant::now());
        person.waiting.push(tell);
        self.all.push_back(person);
        _ = reply.send(Ok(told));
    }

    /// Goes through everything of whoever is due first.
    async fn go_on(&mut self) -> Result<(), Trouble> {
        let first = (0..self.all.len()).min_by_key(|it| self.all[*it].due);
        let Some(mut person) = first.and_then(|it| self.all.remove(it)) else { return Ok(()) };
        person.due = Instant::now() + AGAIN_AFTER;
        let done = self.forget(&mut person).await;
        if done.is_ok() {
            let news = person.done;
            // Who asked may have given up.
            person.waiting.drain(..).for_each(|it| _ = it.send(news));
            if news.under_way == 0 {
                let PersonNews { messages, events, suppressions, .. } = news;
                info!(messages, events, suppressions, "somebody is forgotten");
                return Ok(());
            }
        }
        self.all.push_back(person);
        done
    }

    async fn forget(&self, person: &mut Person) -> Result<(), Trouble> {
        let number = person.asked.number;
        person.done.under_way = 0;
        let mut before = Some(person.asked.below);
        while before.is_some() {
            let query = MessageFilter { to: Some(number), before, limit: AT_ONCE, ..MessageFilter::default() };
            let page = self.read(move |it| it.list(&query)).await?;
            let messages: Vec<Seq> = page.entries.iter().map(|it| it.body.seq()).collect();
            if !messages.is_empty() {
                let some = self.ask(Forgetting { messages, ..nothing_of(number) }).await?;
                person.done.messages += some.messages;
                person.done.under_way += some.under_way;
            }
            before = page.next;
        }
        loop {
            let after = person.events_to;
            let page = self.read(move |it| it.events_naming(number, after)).await?;
            for events in page.events.chunks(AT_ONCE).map(<[Event]>::to_vec) {
                person.done.events += events.len();
                self.ask(Forgetting { events, ..nothing_of(number) }).await?;
            }
            person.events_to = page.looked_to;
            if !page.more {
                break;
            }
        }
        let suppressions: Vec<Suppression> = self.read(move |it| it.suppressions_of(number)).await?;
        person.done.suppressions += suppressions.len();
        let rest = person.done.under_way == 0;
        let some = self.ask(Forgetting { suppressions, rest, ..nothing_of(number) }).await?;
        person.done.receipts += some.receipts;
        person.done.parts += some.parts;
        if rest {
            self.control(|reply| Control::HasForgotten(number, reply)).await?;
        }
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Trouble> {
        let readers = self.readers.clone();
        // A read that panics is told by the hook of panics; it is tried again.
        let done = spawn_blocking(move || read(&readers)).await.map_err(|_| Trouble::Ended)?;
        Ok(done?)
    }

    async fn ask(&self, what: Forgetting) -> Result<ForgottenSome, Trouble> {
        let (reply, answer) = oneshot::channel();
        let ask = LoopRequest::Ask(Ask::Forget(Box::new(what)), reply);
        self.calls.send(ask).await.map_err(|_| Trouble::Ended)?;
        self.wake.wake();
        match answer.await {
            Ok(Ok(Grant::ForgottenSome(some))) => Ok(some),
            _ => Err(Trouble::Ended),
        }
    }

    async fn control<T>(&self, control: impl FnOnce(oneshot::Sender<T>) -> Control) -> Result<T, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.controls.send(control(reply)).await.map_err(|_| Trouble::Ended)?;
        self.wake.wake();
        answer.await.map_err(|_| Trouble::Ended)
    }
}

fn nothing_of(number: E164) -> Forgetting {
    Forgetting { number, messages: Vec::new(), events: Vec::new(), suppressions: Vec::new(), rest: false }
}
