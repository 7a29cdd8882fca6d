//! The carrier behind accounts that try things out: simulated, in this process, and on no network.

use crate::link::options::Options;
use crate::message::id::CarrierId;
use crate::simulator::behaviour::Behaviour;
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::ledger::Keep;
use crate::wire::passage::{Passage, ROOM};
use tokio::io::duplex;
use tokio::task::JoinHandle;

/// The simulated carrier. What it has yet to say is lost with the process: nobody was written to.
pub(super) struct Sandbox {
    passage: Passage,
    time: JoinHandle<()>,
}

impl Sandbox {
    /// One in which the last two digits of a number decide what becomes of a message.
    pub(super) fn new() -> Self {
        let seed = getrandom::u64().unwrap_or_default();
        let carrier = SimulatedCarrier::new(Behaviour::of_sandbox(), seed, Keep::Nothing);
        let keeper = carrier.clone();
        let time = tokio::spawn(async move { keeper.keep_time().await });
        let passage = Passage::new(move || {
            let (ours, theirs) = duplex(ROOM);
            let carrier = carrier.clone();
            tokio::spawn(async move { _ = carrier.serve(theirs).await });
            ours
        });
        Self { passage, time }
    }

    /// Has the links of this carrier lead here.
    pub(super) fn behind(&self, carrier: Option<CarrierId>, links: &mut [Options]) {
        for link in links.iter_mut().filter(|it| Some(it.id.carrier) == carrier) {
            link.passage = Some(self.passage.clone());
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.time.abort();
    }
}
