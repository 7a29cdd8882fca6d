//! Which endpoints are told: started, changed and stopped as the configuration says.

use crate::api::handler::context::LoopRequest;
use crate::api::handler::made_endpoints::EndpointRequest;
use crate::config::compile::made_endpoint::EndpointTemplate;
use crate::gateway::handles::Handles;
use crate::gateway::made_endpoints::{MadeEndpoints, place};
use crate::gateway::wake::Wake;
use crate::message::id::{AccountId, EndpointId};
use crate::store::sqlite::readers::Readers;
use crate::webhook::options::EndpointOptions;
use crate::webhook::running::{Lane, ORDERS_MAX, Running};
use crate::webhook::sender::{EndpointSender, SenderOrder, Shared};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// How long calls that are under way may take at the end; what they told is told again at the next start.
const ENDING_MAX: Duration = Duration::from_secs(3);

/// The endpoints that run.
pub(super) struct Endpoints {
    pub(super) made: MadeEndpoints,
    shared: Arc<Shared>,
    running: Running,
    /// Held by the task of each endpoint: one that is told anew waits until its calls of before have ended.
    turns: BTreeMap<EndpointId, Arc<Mutex<()>>>,
    tasks: JoinSet<()>,
    calls: mpsc::Sender<LoopRequest>,
    wake: Wake,
    collecting: JoinHandle<()>,
}

impl Endpoints {
    pub(super) fn new(
        handles: &Handles,
        made: MadeEndpoints,
        (readers, calls): (Readers, mpsc::Sender<LoopRequest>),
    ) -> Self {
        let meters = handles.latest.meters.clone();
        let shared = Shared::new(readers, handles.event_bell.clone(), handles.endpoints.clone(), meters);
        let (shared, wake) = (Arc::new(shared), handles.wake.clone());
        let (collector, lane, loop_wake) = (Arc::clone(&shared.collector), calls.clone(), wake.clone());
        let collecting =
            tokio::spawn(async move { collector.run(lane, LoopRequest::Told, move || loop_wake.wake()).await });
        Self {
            made,
            shared,
            running: handles.running.clone(),
            turns: BTreeMap::new(),
            tasks: JoinSet::new(),
            calls,
            wake,
            collecting,
        }
    }

    /// Makes the running endpoints those of a configuration and those that stand in none. Whatever is under way goes
    /// on.
    pub(super) async fn set(
        &mut self,
        mut wanted: Vec<EndpointOptions>,
        templates: BTreeMap<AccountId, EndpointTemplate>,
    ) {
        let taken = |it: &EndpointOptions| (it.account, place(&it.url()));
        let made = self.made.reconfigure(templates, wanted.iter().map(taken).collect()).await;
        wanted.extend(made);
        let running: Vec<EndpointId> = self.running.lock().keys().copied().collect();
        let ids: BTreeSet<EndpointId> = wanted.iter().map(|it| it.id).collect();
        running.into_iter().filter(|it| !ids.contains(it)).for_each(|it| self.end(it));
        wanted.into_iter().for_each(|it| self.start(it));
    }

    /// Has an endpoint told, or told in another way.
    pub(super) fn start(&mut self, options: EndpointOptions) {
        let mut running = self.running.lock();
        if let Some(Lane { orders, .. }) = running.get(&options.id) {
            // An endpoint that has not taken in sixteen reloads takes in none of them.
            _ = orders.try_send(SenderOrder::TakeUp(Box::new(options)));
            return;
        }
        // Nothing is shown of who had its number before.
        self.shared.statuses.begin(options.id);
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        running.insert(options.id, Lane::new(&options, orders));
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

    /// Has an endpoint told nothing more; what is under way ends.
    pub(super) fn end(&mut self, id: EndpointId) {
        self.running.lock().remove(&id);
        self.shared.statuses.remove(id);
        self.turns.retain(|_, it| 1 < Arc::strong_count(it));
        while self.tasks.try_join_next().is_some() {}
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

/// Does what is asked of endpoints, one after the other, until nobody can ask any more.
pub(super) async fn serve(endpoints: Arc<Mutex<Endpoints>>, mut requests: mpsc::Receiver<EndpointRequest>) {
    while let Some(request) = requests.recv().await {
        let mut endpoints = endpoints.lock().await;
        // Who asked may have given up.
        match request {
            EndpointRequest::Make(new, reply) => {
                let made = endpoints.made.make(new).await;
                let options = made.as_ref().ok().and_then(|it| endpoints.made.options(it));
                if let Some(options) = options.filter(|it| !endpoints.running.lock().contains_key(&it.id)) {
                    // Who looks for it right after that finds it.
                    let (id, status) = (options.id, options.new_status());
                    endpoints.start(options);
                    endpoints.shared.statuses.post(id, status);
                }
                _ = reply.send(made);
            }
            EndpointRequest::Remove(account, key, reply) => {
                let removed = endpoints.made.remove(account, key).await;
                removed.inspect(|it| endpoints.end(*it));
                _ = reply.send(removed.is_some());
            }
        }
    }
}
