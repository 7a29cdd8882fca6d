//! Which links run: started, stopped and replaced as the configuration says.

use crate::carrier::esme::Command;
use crate::gateway::control::{ANSWERS_MAX, Control, Controls};
use crate::gateway::handles::Handles;
use crate::gateway::port::Port;
use crate::link::channels::{self, Outlet, Room};
use crate::link::http;
use crate::link::options::Options;
use crate::link::supervisor::Supervisor;
use crate::message::id::LinkId;
use crate::message::veil::Veil;
use crate::telemetry::labels::bind_name;
use crate::telemetry::link_status::LinkStatuses;
use crate::telemetry::meters::Meters;
use crate::wire::trace::Traces;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long links may take to unbind and close after that.
const UNBIND_MAX: Duration = Duration::from_secs(8);

/// The links that run.
pub(super) struct Links {
    running: BTreeMap<LinkId, Running>,
    controls: Controls,
    veil: Veil,
    traces: Traces,
    standings: LinkStatuses,
    /// Numbers the sessions of all links.
    epochs: Arc<AtomicU32>,
}

/// A link as it is configured, of either kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    Smpp(Arc<Options>),
    Http(Arc<http::options::Options>),
}

impl Wanted {
    /// Every link of a configuration.
    pub(super) fn of(smpp: Vec<Options>, http: Vec<http::options::Options>) -> Vec<Self> {
        let smpp = smpp.into_iter().map(|it| Self::Smpp(Arc::new(it)));
        smpp.chain(http.into_iter().map(|it| Self::Http(Arc::new(it)))).collect()
    }

    /// Whether a link that runs as this takes up others without beginning anew.
    fn outlasts(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Smpp(old), Self::Smpp(new)) => old.outlasts(new),
            (Self::Http(old), Self::Http(new)) => old.outlasts(new),
            _ => false,
        }
    }

    fn id(&self) -> LinkId {
        match self {
            Self::Smpp(it) => it.id,
            Self::Http(it) => it.id,
        }
    }

    fn carrier(&self) -> &str {
        match self {
            Self::Smpp(it) => &it.carrier,
            Self::Http(it) => &it.carrier,
        }
    }

    fn room(&self) -> Room {
        match self {
            Self::Smpp(it) => it.room(),
            Self::Http(it) => it.room(),
        }
    }
}

/// Where a link looks for what it is to be.
enum Latest {
    Smpp(watch::Sender<Arc<Options>>),
    Http(watch::Sender<Arc<http::options::Options>>),
}

struct Running {
    wanted: Wanted,
    latest: Latest,
    stop: CancellationToken,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

impl Links {
    pub(super) fn new(controls: Controls, veil: Veil, handles: &Handles) -> Self {
        let (traces, standings) = (handles.traces.clone(), handles.links.clone());
        Self { running: BTreeMap::new(), controls, veil, traces, standings, epochs: Arc::default() }
    }

    /// Makes the running links those that are wanted. A session goes on wherever what it began with is the same.
    pub(super) async fn set(&mut self, wanted: Vec<Wanted>, meters: &Meters) {
        let stays = |id: &LinkId, it: &Running| wanted.iter().any(|new| new.id() == *id && it.wanted.outlasts(new));
        let gone: Vec<LinkId> = self.running.iter().filter(|(id, it)| !stays(id, it)).map(|(id, _)| *id).collect();
        let gone: Vec<Running> = gone.into_iter().filter_map(|it| self.running.remove(&it)).collect();
        gone.iter().for_each(|it| {
            self.traces.forget(it.wanted.id());
            self.standings.forget(it.wanted.id());
        });
        end(gone, ANSWERS_MAX).await;
        for one in wanted {
            match self.running.get_mut(&one.id()) {
                Some(running) => running.take_up(one).await,
                None => self.start(one, meters).await,
            }
        }
    }

    /// Unbinds all links, without waiting for answers, and waits for their end.
    pub(super) async fn stop(&mut self) {
        end(std::mem::take(&mut self.running).into_values().collect(), Duration::ZERO).await;
    }

    async fn start(&mut self, wanted: Wanted, meters: &Meters) {
        let (id, room) = (wanted.id(), wanted.room());
        let (outlet, inlet) = channels::channels(room, self.controls.wake().function());
        let (commands, orders) = mpsc::channel(channels::commands(room));
        // The loop must know the link before the link has anything to say.
        let port = Port { inlet, commands: commands.clone() };
        if !self.controls.tell(Control::Attach(id, port)).await {
            return;
        }
        let stop = CancellationToken::new();
        let (task, latest) = self.spawn(&wanted, (outlet, orders), stop.clone(), meters);
        self.running.insert(id, Running { wanted, latest, stop, commands, task });
    }

    fn spawn(
        &self,
        wanted: &Wanted,
        (outlet, commands): (Outlet, mpsc::Receiver<Command>),
        stop: CancellationToken,
        meters: &Meters,
    ) -> (JoinHandle<()>, Latest) {
        // What is spoken over HTTP is not kept, but the link runs.
        let tap = self.traces.tap(wanted.id());
        let (meter, post) = (meters.link(wanted.id()).clone(), self.standings.reporter(wanted.id()));
        match wanted {
            Wanted::Smpp(options) => {
                let (options, epochs) = (options.clone(), self.epochs.clone());
                let (listener, (sender, latest)) = (None, watch::channel(options.clone()));
                let supervisor =
                    Supervisor { options, latest, commands, outlet, meter, post, tap, stop, chance, epochs, listener };
                (tokio::spawn(supervisor.run()), Latest::Smpp(sender))
            }
            Wanted::Http(options) => {
                let (options, veil) = (options.clone(), self.veil);
                let (sender, latest) = watch::channel(options.clone());
                let supervisor =
                    http::supervisor::Supervisor { options, latest, commands, outlet, veil, meter, post, stop, chance };
                (tokio::spawn(supervisor.run()), Latest::Http(sender))
            }
        }
    }
}

impl Running {
    /// Has the link go on with other options, none of which needs it to begin anew.
    async fn take_up(&mut self, wanted: Wanted) {
        if self.wanted == wanted {
            return;
        }
        match (&self.latest, &wanted) {
            (Latest::Smpp(latest), Wanted::Smpp(options)) => {
                latest.send_replace(options.clone());
                // A link takes its commands in every state; one that has ended needs no word.
                _ = self.commands.send(Command::Adopt(options.dialect.clone())).await;
            }
            (Latest::Http(latest), Wanted::Http(options)) => _ = latest.send_replace(options.clone()),
            _ => (),
        }
        self.wanted = wanted;
    }
}

/// Ends links: each takes nothing more, waits so long for what is in flight, and unbinds.
async fn end(links: Vec<Running>, answers: Duration) {
    for link in &links {
        link.stop.cancel();
        _ = link.commands.try_send(Command::Unbind(answers));
    }
    let by = Instant::now() + answers + UNBIND_MAX;
    for mut link in links {
        drop(link.commands);
        if timeout_at(by, &mut link.task).await.is_err() {
            let carrier = link.wanted.carrier();
            let bind = bind_name(carrier, link.wanted.id().bind);
            warn!(carrier, bind, "the link did not end in time and is cut");
            link.task.abort();
        }
    }
}

/// Chance between 0 and 1.
fn chance() -> f64 {
    let dice = getrandom::u64().expect("the operating system gives random numbers");
    (dice >> 11) as f64 / (1_u64 << 53) as f64
}
