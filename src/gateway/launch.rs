//! Takes up where the last run left off, and gives the loop its thread.

use crate::api::handler::context::LoopRequest;
use crate::clock::Clock;
use crate::config::Loaded;
use crate::dispatch::Dispatch;
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::gateway::beat::Loop;
use crate::gateway::control::Control;
use crate::gateway::currency::Currencies;
use crate::gateway::failure::Failure;
use crate::gateway::handles::Handles;
use crate::gateway::hooks::Hooks;
use crate::gateway::housekeeping::Housekeeping;
use crate::gateway::os_dice::OsDice;
use crate::gateway::timekeeping::Timekeeping;
use crate::message::channel::Channel;
use crate::message::id::{Seq, VerificationId};
use crate::record::contract::{Poisoned, Store};
use crate::store::sqlite::Sqlite;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

/// How the loop ended, once it has.
pub(super) type Ended = oneshot::Receiver<Result<(), Poisoned>>;

/// Starts the loop over a store, with its ends of the lanes that lead to it and from it; who does not want to be
/// written to is shared with it.
pub(super) fn launch(
    mut store: Sqlite,
    loaded: &Loaded,
    handles: &Handles,
    (calls, controls, channels): (
        mpsc::Receiver<LoopRequest>,
        mpsc::Receiver<Control>,
        mpsc::Sender<(VerificationId, Channel)>,
    ),
) -> Result<(Ended, Arc<OptedOut>), Failure> {
    let recovered = store.recover()?;
    let currencies = Currencies::start(&mut store, &recovered.balances, &loaded.plan)?;
    let marks = &recovered.marks;
    let mut clock = Clock::start((marks.time, marks.eras.now()), loaded.clock);
    let housekeeping = Housekeeping::new(&loaded.store, handles);
    let timekeeping = Timekeeping::new(&handles.health, &marks.eras);
    let (queued, doubtful): (u64, usize) = (recovered.lanes.iter().map(|it| it.count).sum(), recovered.doubtful.len());
    if queued != 0 || doubtful != 0 {
        info!(queued, doubtful, "took up where the last run left off");
    }
    if recovered.marks.held_below != Seq(0) {
        warn!(
            held = recovered.held,
            "the store was restored from a backup: what it has queued is held until POST /admin/v1/store/release"
        );
    }
    let dispatch = Dispatch::new(loaded.plan.clone(), recovered, clock.now());
    let (opted_out, meters) = (dispatch.opted_out(), handles.latest.meters.borrow().clone());
    // The first scrape shows what is queued, and not 0.
    housekeeping.gauges(&dispatch, &meters, clock.now());
    let looped = Loop {
        dispatch,
        dice: OsDice::new(),
        currencies,
        store,
        clock,
        calls,
        controls,
        meters,
        traces: handles.traces.clone(),
        housekeeping,
        timekeeping,
        wake: handles.wake.clone(),
        gather: loaded.store.gather,
        ports: BTreeMap::new(),
        waiting: HashMap::new(),
        next_request: 0,
        hooks: Hooks::default(),
        event_bell: handles.event_bell.clone(),
        channels,
        drained: None,
        returned: Vec::new(),
        ending: false,
    };
    let (tell, ended) = oneshot::channel();
    std::thread::Builder::new().name("loop".to_owned()).spawn(move || {
        // Nobody waits any more when the process is on its way out.
        _ = tell.send(looped.run());
    })?;
    Ok((ended, opted_out))
}
