//! Whether records of charge are written: started, changed and stopped as the configuration says.

use crate::api::handler::context::LoopRequest;
use crate::cdr::options::CdrOptions;
use crate::cdr::writer::{CdrSources, CdrWriter};
use crate::gateway::handles::Handles;
use crate::message::id::EndpointId;
use crate::record::delivery::Progress;
use crate::store::sqlite::readers::Readers;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Reloads that the writer has not taken in yet at most: the disk may have it wait.
const ORDERS_MAX: usize = 16;
/// How long a step that is under way may take at the end; what it wrote is known again at the next start.
const ENDING_MAX: Duration = Duration::from_secs(3);

/// The writer of records of charge, while there is one.
pub(super) struct Cdr {
    handles: Handles,
    readers: Readers,
    calls: mpsc::Sender<LoopRequest>,
    running: Option<Running>,
    /// How far it has come is under this mark in the store; nothing while there is none.
    mark: watch::Sender<Option<EndpointId>>,
    /// Held by the thread of the writer: one that begins anew waits for the one before.
    turn: Arc<Mutex<()>>,
}

struct Running {
    orders: SyncSender<CdrOptions>,
    ended: oneshot::Receiver<()>,
}

impl Cdr {
    pub(super) fn new(handles: &Handles, readers: Readers, calls: mpsc::Sender<LoopRequest>) -> Self {
        Self {
            handles: handles.clone(),
            readers,
            calls,
            running: None,
            mark: watch::channel(None).0,
            turn: Arc::default(),
        }
    }

    /// Has it write there from now on; a file that was moved away is made anew.
    pub(super) fn set(&mut self, wanted: Option<CdrOptions>) -> io::Result<()> {
        self.mark.send_replace(wanted.as_ref().map(|it| it.mark));
        match (&self.running, wanted) {
            (Some(running), Some(options)) => {
                // A disk that has not let it take in sixteen reloads lets it take in none of them.
                _ = running.orders.try_send(options);
            }
            (None, Some(options)) => self.running = Some(self.start(options)?),
            // It writes what has ended until now, and ends.
            (_, None) => self.running = None,
        }
        Ok(())
    }

    /// Under which mark it stands how far it has come; the latest counts.
    pub(super) fn mark(&self) -> watch::Receiver<Option<EndpointId>> {
        self.mark.subscribe()
    }

    fn start(&self, options: CdrOptions) -> io::Result<Running> {
        let (calls, wake) = (self.calls.clone(), self.handles.wake.clone());
        let report = move |progress: Progress| {
            // Where there is no room it comes again.
            _ = calls.try_send(LoopRequest::Told(progress));
            wake.wake();
        };
        let sources = CdrSources {
            readers: self.readers.clone(),
            plan: self.handles.latest.plan.clone(),
            meters: self.handles.latest.meters.clone(),
            report: Box::new(report),
        };
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let (tell, ended) = oneshot::channel();
        let turn = Arc::clone(&self.turn);
        std::thread::Builder::new().name("cdr".to_owned()).spawn(move || {
            let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            CdrWriter::new(sources, options).run(&taken);
            drop(turn);
            // Nobody may wait for it.
            _ = tell.send(());
        })?;
        Ok(Running { orders, ended })
    }

    /// Writes what has ended until now, as far as that is done in time.
    pub(super) async fn stop(&mut self) {
        if let Some(Running { orders, ended }) = self.running.take() {
            drop(orders);
            _ = timeout(ENDING_MAX, ended).await;
        }
    }
}
