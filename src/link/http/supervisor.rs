//! Keeps one link over HTTP until it is told to stop.

use crate::carrier::esme::Command;
use crate::carrier::http::answer::{Lack, ParsedResponse, RawResponse};
use crate::carrier::http::request::Letter;
use crate::carrier::report::Queried;
use crate::carrier::report::{Answered, Report, Ticket};
use crate::link::backoff::Backoff;
use crate::link::channels::Outlet;
use crate::link::hint;
use crate::link::http::options::Options;
use crate::link::http::waiting::Waiting;
use crate::message::attempt::Answer;
use crate::message::reason::Reason;
use crate::message::veil::Veil;
use crate::telemetry::labels::bind_name;
use crate::telemetry::link_status::LinkReporter;
use crate::telemetry::meters::link::{LinkMeter, LinkState};
use crate::wire::client::{HttpClient, HttpOutcome, HttpRequest};
use crate::wire::transport::ConnectTarget;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long to wait for the loop to take what the link has said.
const CROWDED: Duration = Duration::from_secs(1);
/// How long a stopped link waits for the word that says how long it may wait.
const WORD: Duration = Duration::from_millis(100);

/// Another carrier may be able to say what this one's templates make no request of.
fn unsayable() -> Answered {
    Answered { answer: Answer::Elsewhere, reason: Some(Reason::SubmitError), ..Answered::NOT_SENT }
}

/// One link over HTTP and what it works with.
pub struct Supervisor {
    /// What it is; as `latest` has it, from request to request.
    pub options: Arc<Options>,
    /// What the next request is to be.
    pub latest: watch::Receiver<Arc<Options>>,
    /// What it is asked to do.
    pub commands: mpsc::Receiver<Command>,
    /// Where it reports.
    pub outlet: Outlet,
    /// Under what messages are named.
    pub veil: Veil,
    /// Where it counts.
    pub meter: LinkMeter,
    /// Where it tells how it stands.
    pub post: LinkReporter,
    /// Told when the link is not wanted any more; [`Command::Unbind`] says how long answers are waited for.
    pub stop: CancellationToken,
    /// Chance between 0 and 1, for jitter.
    pub chance: fn() -> f64,
}

/// What came of one request: for each of its messages how it ended, and whether there was a server at all.
struct Finished {
    ended: Vec<(Ticket, Answered)>,
    reached: bool,
    /// Why it was not answered, where it was not.
    why: Option<String>,
    /// What the answer should have had.
    lack: Option<Lack>,
}

/// The requests that run, and which messages each is about, should it end without a word.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Finished>,
    tickets: HashMap<Id, Vec<Ticket>>,
}

impl Running {
    fn take_finished(&mut self, joined: Result<(Id, Finished), JoinError>) -> Finished {
        match joined {
            Ok((id, finished)) => {
                self.tickets.remove(&id);
                finished
            }
            // It was cut, or it failed: what was written is not known.
            Err(error) => {
                let tickets = self.tickets.remove(&error.id()).unwrap_or_default();
                Finished {
                    ended: tickets.into_iter().map(|it| (it, Answered::UNKNOWN)).collect(),
                    reached: true,
                    why: None,
                    lack: None,
                }
            }
        }
    }
}

impl Supervisor {
    /// Runs until it is told to stop. What it was given has ended by then.
    pub async fn run(mut self) {
        let options = self.options.clone();
        let (carrier, bind) = (&*options.carrier, &*bind_name(&options.carrier, options.id.bind));
        let client = Arc::new(client(&options));
        let mut backoff = Backoff::new(options.reconnect);
        while !self.stop.is_cancelled() {
            self.meter.set_state(LinkState::Connecting);
            self.post.tries();
            if self.reaches(&client).await {
                self.serve(&client, &mut backoff).await;
            }
            if self.stop.is_cancelled() {
                break;
            }
            self.meter.set_state(LinkState::Down);
            backoff.adopt(self.latest.borrow().reconnect);
            let wait = backoff.after(None, (self.chance)());
            self.post.rests(wait);
            let (said, wait_ms) = ("link is down, next try follows", wait.as_millis() as u64);
            often!(info, self.meter.often(), bind, said, carrier, bind, wait_ms);
            self.rest(sleep(wait)).await;
            // While the loop hangs there is nobody to tell what another try would have to say.
            while self.outlet.is_crowded() && !self.stop.is_cancelled() {
                self.rest(sleep(CROWDED)).await;
            }
        }
        self.meter.set_state(LinkState::Down);
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.give_back(command);
        }
    }

    /// Waits for something; what is given to the link meanwhile goes back at once. `None` when it is to stop.
    async fn rest<T>(&mut self, awaited: impl Future<Output = T>) -> Option<T> {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            tokio::select! {
                it = &mut awaited => return Some(it),
                () = self.stop.cancelled() => return None,
                command = self.commands.recv() => self.give_back(command?),
            }
        }
    }

    /// Whether a connection can be made, which is the cheapest question.
    async fn reaches(&mut self, client: &Arc<HttpClient>) -> bool {
        let client = client.clone();
        match self.rest(async move { client.reach().await }).await {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                let (carrier, address) = (&*self.options.carrier, &*self.options.address);
                let hint = hint::of_connect(&error);
                self.post.note_failure(&error, hint);
                often!(warn, self.meter.often(), carrier, "cannot connect", carrier, address, %error, hint);
                false
            }
            None => false,
        }
    }

    /// Takes messages and asks, until no connection can be made or the link is to stop.
    async fn serve(&mut self, client: &Arc<HttpClient>, backoff: &mut Backoff) {
        let (mut waiting, mut running) = (Waiting::default(), Running::default());
        let room = self.options.room();
        self.meter.set_state(LinkState::Bound);
        self.post.up();
        self.outlet.report(Report::Up { capacity: room.window + room.ahead, window: room.window });
        let (mut open, mut within) = (true, None);
        while open {
            self.ask(client, &mut waiting, &mut running);
            tokio::select! {
                // What has ended goes before what is new: it makes room, and says whether there is a server at all.
                biased;
                Some(joined) = running.tasks.join_next_with_id() => {
                    let finished = running.take_finished(joined);
                    open = finished.reached;
                    if open {
                        backoff.bound();
                    } else {
                        self.post.note_failure(&finished.why.as_deref().unwrap_or("no connection"), None);
                        self.meter.set_state(LinkState::Draining);
                        self.outlet.report(Report::Lost);
                    }
                    self.tell(finished);
                }
                () = self.stop.cancelled() => {
                    self.close();
                    open = false;
                }
                command = self.commands.recv() => match command {
                    Some(Command::Submit(submit)) => {
                        if let Some((ticket, answered)) = waiting.take(submit) {
                            self.outlet.report(Report::Answered(ticket, answered));
                        }
                    }
                    Some(Command::Unbind(it)) => {
                        self.close();
                        (open, within) = (false, Some(it));
                    }
                    Some(other) => self.give_back(other),
                    None => open = false,
                },
            }
        }
        for (ticket, answered) in waiting.give_back() {
            self.outlet.report(Report::Answered(ticket, answered));
        }
        self.drain(&mut running, within).await;
        self.outlet.report(Report::Down);
    }

    /// Says that nothing more may be given.
    fn close(&self) {
        self.meter.set_state(LinkState::Draining);
        self.post.draining();
        self.outlet.report(Report::Closing);
    }

    /// Waits for the requests that run: to their end, or as long as the link is given.
    async fn drain(&mut self, running: &mut Running, within: Option<Duration>) {
        let mut by = within.map(|it| Instant::now() + it);
        loop {
            if self.stop.is_cancelled() && by.is_none() {
                by = Some(Instant::now() + WORD);
            }
            let cut = sleep_until(by.unwrap_or_else(Instant::now));
            tokio::select! {
                biased;
                joined = running.tasks.join_next_with_id() => {
                    let Some(joined) = joined else { return };
                    let finished = running.take_finished(joined);
                    self.tell(finished);
                }
                Some(command) = self.commands.recv() => match command {
                    Command::Unbind(within) => by = Some(Instant::now() + within),
                    other => self.give_back(other),
                },
                () = self.stop.cancelled(), if by.is_none() => (),
                () = cut, if by.is_some() => {
                    running.tasks.abort_all();
                    while let Some(joined) = running.tasks.join_next_with_id().await {
                        let finished = running.take_finished(joined);
                        self.tell(finished);
                    }
                    return;
                }
            }
        }
    }

    /// Starts as many requests as the window has room for.
    fn ask(&mut self, client: &Arc<HttpClient>, waiting: &mut Waiting, running: &mut Running) {
        if self.latest.has_changed().unwrap_or(false) {
            self.options = self.latest.borrow_and_update().clone();
        }
        while running.tasks.len() < self.options.window {
            let Some(letters) = waiting.next(&self.options.shape, &self.options.constants(&self.veil)) else { return };
            let tickets = letters.iter().map(|it| it.submit.ticket).collect();
            let task = running.tasks.spawn(submit(client.clone(), self.options.clone(), self.veil, letters));
            running.tickets.insert(task.id(), tickets);
        }
    }

    fn tell(&self, finished: Finished) {
        if let Some(lack) = finished.lack {
            self.meter.unread();
            if self.options.told.is_new(lack) {
                let (carrier, lacks) = (&*self.options.carrier, lack.words());
                let hint =
                    "[carrier.answer] may not be what the carrier answers; answers_unread_total counts further ones";
                let said = "an answer that says yes has not what it should have";
                often!(warn, self.meter.often(), carrier, said, carrier, lacks, hint);
            }
        }
        if let Some(why) = finished.why {
            let (carrier, bind) = (&*self.options.carrier, bind_name(&self.options.carrier, self.options.id.bind));
            often!(warn, self.meter.often(), &bind, "a request was not answered", carrier, bind, why);
        }
        for (ticket, answered) in finished.ended {
            self.outlet.report(Report::Answered(ticket, answered));
        }
    }

    fn give_back(&self, command: Command) {
        match command {
            Command::Submit(submit) => {
                self.outlet.report(Report::Answered(submit.ticket, Answered::NOT_SENT));
            }
            // A carrier over HTTP tells of its own accord.
            Command::Query(query) => {
                self.outlet.report(Report::Queried(query.key, Queried::Unserved));
            }
            Command::Confirm(_) | Command::Adopt(_) | Command::Unbind(_) => (),
        }
    }
}

fn client(options: &Options) -> HttpClient {
    let target = ConnectTarget {
        addresses: vec![options.address.to_string()],
        local_address: None,
        connect_timeout: options.connect_timeout,
        tls: options.tls.clone(),
        guard: None,
        passage: None,
    };
    HttpClient::new(target, options.host.clone(), options.response_timeout, options.window)
        .reading(options.answer_max())
}

/// One request and what its answer means.
async fn submit(client: Arc<HttpClient>, options: Arc<Options>, veil: Veil, letters: Vec<Letter>) -> Finished {
    let request = options.shape.request(&letters, &options.constants(&veil));
    let call =
        HttpRequest { method: request.method, target: &request.target, headers: &request.headers, body: &request.body };
    let (outcome, took) = client.send_timed(&call).await;
    // A server that takes connections and no requests is as far away as one that takes none.
    let reached = !matches!(outcome, HttpOutcome::Unreachable(_) | HttpOutcome::NotSent(_));
    let mut lack = None;
    let (answered, why) = match outcome {
        HttpOutcome::Answered(reply) => {
            let keys: Vec<String> = letters.iter().map(|it| it.key(&veil)).collect();
            let reply = RawResponse {
                status: reply.status,
                retry_after: reply.retry_after.is_some(),
                body: reply.body.as_deref(),
            };
            let ParsedResponse { answered, lack: lacks } = options.answers.read(&reply, &options.dialect, &keys);
            lack = lacks;
            (answered, None)
        }
        HttpOutcome::Unreachable(error) => (vec![Answered::NOT_SENT; letters.len()], Some(error.to_string())),
        HttpOutcome::Unsayable(why) => (vec![unsayable(); letters.len()], Some(why)),
        HttpOutcome::NotSent(why) => (vec![Answered::NOT_SENT; letters.len()], Some(why)),
        HttpOutcome::Unknown(why) => (vec![Answered::UNKNOWN; letters.len()], Some(why)),
    };
    let answered = answered.into_iter().map(|it| it.after(took));
    Finished { ended: letters.iter().map(|it| it.submit.ticket).zip(answered).collect(), reached, why, lack }
}
