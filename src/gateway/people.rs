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
use crate::api::handler::people::{Kept, NotForgotten, PersonNews, PersonRequest};
use crate::dispatch::door::happening::{Ask, Forgetting, Recorded};
use crate::dispatch::door::reply::{ForgottenSome, Grant};
use crate::gateway::control::{Control, Controls};
use crate::message::id::{EndpointId, Seq};
use crate::message::time::Time;
use crate::record::event::Event;
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

/// Where the way through everything is.
#[derive(Clone, Copy)]
enum Stage {
    /// It has not begun.
    Start,
    /// Messages accepted before this come next.
    Messages(Seq),
    Events,
    Rest,
}

/// Somebody who is to be forgotten.
struct Person {
    asked: ToForget,
    stage: Stage,
    /// Events up to this one do not name him.
    events_to: u64,
    /// What has ended until then is in the records of charge, and where the log and the time were when that was looked
    /// at last.
    recorded: Recorded,
    log_end: (u64, Time),
    /// What was forgotten of him.
    done: PersonNews,
    /// Who wants to know what came of it.
    waiting: Vec<oneshot::Sender<PersonNews>>,
    /// When it goes on.
    due: Instant,
}

impl Person {
    fn new(asked: ToForget) -> Self {
        let never = Recorded { one: Time::NEVER, several: Time::NEVER };
        Self {
            asked,
            stage: Stage::Start,
            events_to: 0,
            recorded: never,
            log_end: (u64::MAX, Time::NEVER),
            done: PersonNews::default(),
            waiting: Vec::new(),
            due: Instant::now(),
        }
    }

    fn nothing(&self) -> Forgetting {
        let (messages, events, suppressions) = (Vec::new(), Vec::new(), Vec::new());
        Forgetting { asked: self.asked, messages, recorded: self.recorded, events, suppressions, rest: false }
    }
}

/// Why it goes on later.
enum Trouble {
    /// The store cannot be read.
    Store(Fault),
    /// Reading it met a fault of ours, which was told.
    Panicked,
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
    controls: Controls,
    meters: watch::Receiver<Arc<Meters>>,
    /// The mark of the writer of records of charge, while there is one.
    records: watch::Receiver<Option<EndpointId>>,
    all: VecDeque<Person>,
}

impl People {
    /// With those of before.
    pub(super) fn new(
        readers: Readers,
        (calls, controls): (mpsc::Sender<LoopRequest>, Controls),
        meters: &watch::Receiver<Arc<Meters>>,
        records: watch::Receiver<Option<EndpointId>>,
        before: Vec<ToForget>,
    ) -> Self {
        let all = before.into_iter().map(Person::new).collect();
        Self { readers, calls, controls, meters: meters.clone(), records, all }
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
                // Who asks does not wait for the long way through everything.
                biased;
                request = requests.recv() => match request {
                    Some(request) => self.take(request).await,
                    None => return,
                },
                () = next => if self.go_on().await.is_none() {
                    return;
                },
            }
        }
    }

    /// Keeps that somebody is to be forgotten; who is already is so as he was.
    async fn take(&mut self, PersonRequest { number, reply }: PersonRequest) {
        let known = self.all.iter_mut().find(|it| it.asked.number == number);
        let (tell, news) = oneshot::channel();
        // Who asked may have given up.
        if let Some(person) = known {
            person.due = Instant::now();
            person.waiting.push(tell);
            _ = reply.send(Ok(Kept { is_new: false, news }));
        } else if PEOPLE_MAX <= self.all.len() {
            _ = reply.send(Err(NotForgotten::TooMany(PEOPLE_MAX)));
        } else if let Some(asked) = self.controls.ask(|reply| Control::KeepToForget(number, reply)).await {
            self.all.push_back(Person { waiting: vec![tell], ..Person::new(asked) });
            _ = reply.send(Ok(Kept { is_new: true, news }));
        } else {
            _ = reply.send(Err(NotForgotten::Ending));
        }
    }

    /// Makes a step for whoever is due first; nothing once the loop has ended.
    async fn go_on(&mut self) -> Option<()> {
        let first = (0..self.all.len()).min_by_key(|it| self.all[*it].due);
        let Some(mut person) = first.and_then(|it| self.all.remove(it)) else { return Some(()) };
        match self.step(&mut person).await {
            Ok(Some(next)) => (person.stage, person.due) = (next, Instant::now()),
            Ok(None) => {
                let news = person.done;
                // Who asked may have given up.
                person.waiting.drain(..).for_each(|it| _ = it.send(news));
                if news.under_way == 0 {
                    let PersonNews { messages, events, suppressions, .. } = news;
                    info!(messages, events, suppressions, "somebody is forgotten");
                    return Some(());
                }
                (person.stage, person.due) = (Stage::Start, Instant::now() + AGAIN_AFTER);
            }
            Err(Trouble::Ended) => return None,
            Err(trouble) => {
                if let Trouble::Store(error) = trouble {
                    error!(error = &error as &dyn std::error::Error, "what names somebody cannot be read");
                }
                (person.stage, person.due) = (Stage::Start, Instant::now() + AGAIN_AFTER);
            }
        }
        self.all.push_back(person);
        Some(())
    }

    /// A page of the way; the next stage, or nothing at the end.
    async fn step(&self, person: &mut Person) -> Result<Option<Stage>, Trouble> {
        let asked = person.asked;
        match person.stage {
            Stage::Start => {
                person.done.under_way = 0;
                self.look_at_records(person).await?;
                Ok(Some(Stage::Messages(asked.below)))
            }
            Stage::Messages(before) => {
                let (to, before) = (Some(asked.number), Some(before));
                let query = MessageFilter { to, before, limit: AT_ONCE, ..MessageFilter::default() };
                let page = self.read(move |it| it.list(&query)).await?;
                let messages: Vec<Seq> = page.entries.iter().map(|it| it.body.seq()).collect();
                if !messages.is_empty() {
                    let some = self.ask(Forgetting { messages, ..person.nothing() }).await?;
                    person.done.messages += some.messages;
                    person.done.under_way += some.under_way;
                }
                Ok(Some(page.next.map_or(Stage::Events, Stage::Messages)))
            }
            Stage::Events => {
                let after = person.events_to;
                let page = self.read(move |it| it.events_naming(&asked, after)).await?;
                for events in page.events.chunks(AT_ONCE).map(<[Event]>::to_vec) {
                    person.done.events += events.len();
                    self.ask(Forgetting { events, ..person.nothing() }).await?;
                }
                person.events_to = page.looked_to;
                Ok(Some(if page.more { Stage::Events } else { Stage::Rest }))
            }
            Stage::Rest => {
                let suppressions = self.read(move |it| it.suppressions_of(asked.number)).await?;
                person.done.suppressions += suppressions.len();
                let rest = person.done.under_way == 0;
                let some = self.ask(Forgetting { suppressions, rest, ..person.nothing() }).await?;
                person.done.receipts += some.receipts;
                person.done.parts += some.parts;
                person.done.under_way += some.under_way;
                if person.done.under_way == 0 {
                    let done = self.controls.ask(|reply| Control::HasForgotten(asked.number, reply)).await;
                    done.ok_or(Trouble::Ended)?;
                }
                Ok(None)
            }
        }
    }

    /// Until when what has ended is in the records of charge: the writer has passed the end that the log had when this
    /// was looked at before.
    async fn look_at_records(&self, person: &mut Person) -> Result<(), Trouble> {
        let mark = *self.records.borrow();
        let Some(mark) = mark else {
            person.recorded = Recorded::ALL;
            return Ok(());
        };
        let (end, at) = self.read(Readers::log_end).await?;
        let (written_to, rows) = self.read(move |it| it.written_to(mark)).await?;
        for (_, at) in [person.log_end, (end, at)].into_iter().filter(|it| it.0 <= written_to) {
            person.recorded.one = at;
            // Of what some parts were under way rows are kept until all of it is written.
            if rows == 0 {
                person.recorded.several = at;
            }
        }
        person.log_end = (end, at);
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Trouble> {
        let readers = self.readers.clone();
        let done = spawn_blocking(move || read(&readers)).await.map_err(|_| Trouble::Panicked)?;
        Ok(done?)
    }

    async fn ask(&self, what: Forgetting) -> Result<ForgottenSome, Trouble> {
        let (reply, answer) = oneshot::channel();
        let ask = LoopRequest::Ask(Ask::Forget(Box::new(what)), reply);
        self.calls.send(ask).await.map_err(|_| Trouble::Ended)?;
        self.controls.wake().wake();
        match answer.await {
            Ok(Ok(Grant::ForgottenSome(some))) => Ok(some),
            _ => Err(Trouble::Ended),
        }
    }
}
