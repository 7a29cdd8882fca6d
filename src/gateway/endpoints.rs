//! Which endpoints are told: started, changed and stopped as the configuration says.

use crate::api::handler::context::LoopRequest;
use crate::gateway::handles::Handles;
use crate::gateway::wake::Wake;
use crate::message::id::EndpointId;
use crate::store::sqlite::readers::Readers;
use crate::webhook::options::EndpointOptions;
use crate::webhook::running::{Lane, ORDERS_MAX, Running};
use crate::webhook::sender::{EndpointSender, SenderOrder, Shared};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// How long calls that are under way may take at the end; what they told is told again at the next start.
const ENDING_MAX: Duration = Duration::from_secs(3);

/// The endpoints that run.
pub(super) struct Endpoints {
    shared: Arc<Shared>,
    running: Running,
    /// Held by the task of each endpoint: one that is told anew waits until its calls of before have ended.
    turns: BTreeMap<EndpointId, Arc<tokio::sync::Mutex<()>>>,
    tasks: JoinSet<()>,
    calls: mpsc::Sender<LoopRequest>,
    wake: Wake,
    collecting: JoinHandle<()>,
}

impl Endpoints {
    pub(super) fn new(handles: &Handles, readers: Readers, calls: mpsc::Sender<LoopRequest>) -> Self {
        let meters = handles.latest.meters.clone();
        let shared = Shared::new(readers, handles.event_bell.clone(), handles.endpoints.clone(), meters);
        let (shared, wake) = (Arc::new(shared), handles.wake.clone());
        let (collector, lane, loop_wake) = (Arc::clone(&shared.collector), calls.clone(), wake.clone());
        let collecting =
            tokio::spawn(async move { collector.run(lane, LoopRequest::Told, move || loop_wake.wake()).await });
        Self {
            shared,
            running: handles.running.clone(),
            turns: BTreeMap::new(),
            tasks: JoinSet::new(),
            calls,
            wake,
            collecting,
        }
    }

    /// Makes the running endpoints those that are wanted. Whatever is under way goes on.
    pub(super) fn set(&mut self, wanted: Vec<EndpointOptions>) {
        let mut running = self.running.lock();
        running.retain(|id, _| {
            let stays = wanted.iter().any(|it| it.id == *id);
            if !stays {
                self.shared.statuses.remove(*id);
            }
            stays
        });
        self.turns.retain(|_, it| 1 < Arc::strong_count(it));
        for options in wanted {
            if let Some(Lane { orders, .. }) = running.get(&options.id) {
                // An endpoint that has not taken in sixteen reloads takes in none of them.
                _ = orders.try_send(SenderOrder::TakeUp(Box::new(options)));
                continue;
            }
            let (orders, taken) = mpsc::channel(ORDERS_MAX);
            running.insert(options.id, Lane::new(options.account, orders));
            let turn = Arc::clone(self.turns.entry(options.id).or_default());
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(async move {
                let _turn = turn.lock().await;
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
        self.running.lock().clear();
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
