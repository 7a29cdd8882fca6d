//! The carrier behind accounts that try things out: simulated, in this process, and on no network.

use crate::link::options::Options;
use crate::message::id::CarrierId;
use crate::simulator::behaviour::Behaviour;
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::ledger::Keep;
use crate::wire::passage::{Passage, ROOM};
use tokio::io::duplex;
use tokio::task::JoinHandle;

/// The simulated carrier, once an account has needed it. What it has yet to say is lost with the process: nobody was
/// written to.
#[derive(Default)]
pub(super) struct Sandbox(Option<Opened>);

struct Opened {
    passage: Passage,
    time: JoinHandle<()>,
}

impl Sandbox {
    /// Has the links of this carrier lead here.
    pub(super) fn behind(&mut self, carrier: Option<CarrierId>, links: &mut [Options]) {
        let Some(carrier) = carrier else { return };
        let opened = self.0.get_or_insert_with(Opened::new);
        for link in links.iter_mut().filter(|it| it.id.carrier == carrier) {
            link.passage = Some(opened.passage.clone());
        }
    }
}

impl Opened {
    /// One in which the last two digits of a number decide what becomes of a message.
    fn new() -> Self {
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
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.time.abort();
    }
}
