//! Which endpoints are told: started, changed and stopped as the configuration says.

use crate::api::handler::context::LoopRequest;
use crate::gateway::wake::Wake;
use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::webhook::options::EndpointOptions;
use crate::webhook::sender::{EndpointSender, SenderOrder, Shared};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// How long calls that are under way may take at the end; what they told is told again at the next start.
const ENDING_MAX: Duration = Duration::from_secs(3);
/// Orders that an endpoint has not taken in yet at most.
const ORDERS_MAX: usize = 16;

/// Where orders to the endpoints that run go. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<BTreeMap<EndpointId, Lane>>>);

/// Whose endpoint it is, and where orders to it go.
type Lane = (AccountId, mpsc::Sender<SenderOrder>);

impl Running {
    /// Has the endpoints of an account tell again what was given up between two times; says how many there are.
    pub(super) fn recover(&self, account: AccountId, since: Time, until: Time) -> usize {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.values().filter(|it| it.0 == account);
        own.filter(|it| it.1.try_send(SenderOrder::Recover(since, until)).is_ok()).count()
    }
}

/// The endpoints that run.
pub(super) struct Endpoints {
    shared: Arc<Shared>,
    running: Running,
    tasks: JoinSet<()>,
    calls: mpsc::Sender<LoopRequest>,
    wake: Wake,
    collecting: JoinHandle<()>,
}

impl Endpoints {
    pub(super) fn new(shared: Shared, (calls, wake): (mpsc::Sender<LoopRequest>, Wake), running: Running) -> Self {
        let shared = Arc::new(shared);
        let (collector, lane, loop_wake) = (Arc::clone(&shared.collector), calls.clone(), wake.clone());
        let collecting =
            tokio::spawn(async move { collector.run(lane, LoopRequest::Told, move || loop_wake.wake()).await });
        Self { shared, running, tasks: JoinSet::new(), calls, wake, collecting }
    }

    /// Makes the running endpoints those that are wanted. Whatever is under way goes on.
    pub(super) fn set(&mut self, wanted: Vec<EndpointOptions>) {
        let mut running = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|id, _| {
            let stays = wanted.iter().any(|it| it.id == *id);
            if !stays {
                self.shared.statuses.remove(*id);
            }
            stays
        });
        for options in wanted {
            if let Some((_, orders)) = running.get(&options.id) {
                // An endpoint that has not taken in sixteen reloads takes in none of them.
                _ = orders.try_send(SenderOrder::TakeUp(Box::new(options)));
                continue;
            }
            let (orders, taken) = mpsc::channel(ORDERS_MAX);
            running.insert(options.id, (options.account, orders));
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(async move {
                match EndpointSender::start(shared, options).await {
                    Ok(sender) => sender.run(taken).await,
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "an endpoint cannot be told");
                    }
                }
            });
        }
    }

    /// Begins no call any more, and waits for those that are under way.
    pub(super) async fn stop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(ENDING_MAX, ended).await.is_err() {
            self.tasks.abort_all();
        }
        self.collecting.abort();
        let progress = self.shared.collector.take();
        if !progress.is_empty() {
            // A loop that has ended has nothing more to keep.
            _ = self.calls.send(LoopRequest::Told(progress)).await;
            self.wake.wake();
        }
    }
}
