//! Which links run: started, stopped and replaced as the configuration says.

use crate::carrier::talk::Command;
use crate::gateway::beat::Control;
use crate::gateway::port::Port;
use crate::gateway::wake::Wake;
use crate::link::lanes;
use crate::link::options::Options;
use crate::link::supervisor::Supervisor;
use crate::message::id::LinkId;
use crate::telemetry::labels::bind_name;
use crate::telemetry::meters::Meters;
use crate::wire::trace::Traces;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long a link that is replaced, or bound anew, waits for what is in flight.
pub(super) const ANSWERS_MAX: Duration = Duration::from_secs(20);
/// How long links may take to unbind and close after that.
const UNBIND_MAX: Duration = Duration::from_secs(8);

/// The links that run.
pub(super) struct Links {
    running: BTreeMap<LinkId, Running>,
    controls: mpsc::Sender<Control>,
    wake: Wake,
    traces: Traces,
    /// Numbers the sessions of all links.
    epochs: Arc<AtomicU32>,
}

struct Running {
    options: Arc<Options>,
    stop: CancellationToken,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

impl Links {
    pub(super) fn new(controls: mpsc::Sender<Control>, wake: Wake, traces: Traces) -> Self {
        Self { running: BTreeMap::new(), controls, wake, traces, epochs: Arc::default() }
    }

    /// Makes the running links those that are wanted. A link whose options are the same is not touched.
    pub(super) async fn set(&mut self, wanted: Vec<Options>, meters: &Meters) {
        let same = |id: &LinkId, running: &Running| wanted.iter().any(|it| it.id == *id && *it == *running.options);
        let gone: Vec<LinkId> = self.running.iter().filter(|(id, it)| !same(id, it)).map(|(id, _)| *id).collect();
        let gone: Vec<Running> = gone.into_iter().filter_map(|it| self.running.remove(&it)).collect();
        gone.iter().for_each(|it| self.traces.forget(it.options.id));
        end(gone, ANSWERS_MAX).await;
        for options in wanted {
            if !self.running.contains_key(&options.id) {
                self.start(Arc::new(options), meters).await;
            }
        }
    }

    /// Unbinds all links, without waiting for answers, and waits for their end.
    pub(super) async fn stop(&mut self) {
        end(std::mem::take(&mut self.running).into_values().collect(), Duration::ZERO).await;
    }

    async fn start(&mut self, options: Arc<Options>, meters: &Meters) {
        let id = options.id;
        let (outlet, inlet) = lanes::lanes(&options, self.wake.function());
        let (commands, orders) = mpsc::channel(lanes::commands(&options));
        // The loop must know the link before the link has anything to say.
        let port = Port { inlet, commands: commands.clone() };
        if self.controls.send(Control::Attach(id, port)).await.is_err() {
            return;
        }
        self.wake.wake();
        let stop = CancellationToken::new();
        let supervisor = Supervisor {
            options: options.clone(),
            commands: orders,
            outlet,
            meter: meters.link(id).clone(),
            tap: self.traces.tap(id),
            stop: stop.clone(),
            chance,
            epochs: self.epochs.clone(),
            listener: None,
        };
        let task = tokio::spawn(supervisor.run());
        self.running.insert(id, Running { options, stop, commands, task });
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
            let carrier = &*link.options.carrier;
            let bind = bind_name(carrier, link.options.id.bind);
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
