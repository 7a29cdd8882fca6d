//! Our simulated carrier on a socket, in a thread of the test, to be looked into.

use crate::daemon::until;
use nuncio::simulator::behaviour::Behaviour;
use nuncio::simulator::carrier::SimulatedCarrier;
use nuncio::simulator::ledger::{Keep, Submit};
use nuncio::simulator::server::SmscServer;
use nuncio::simulator::stats::Stats;
use nuncio::text::udh::Udh;
use nuncio::text::{Alphabet, decode};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a peer may take to do something.
const PATIENCE: Duration = Duration::from_secs(30);

/// The carrier and the thread that serves it, which ends with this.
pub(crate) struct Sim {
    carrier: SimulatedCarrier,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Sim {
    /// A carrier with this behaviour that keeps everything.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let carrier = SimulatedCarrier::new(behaviour, 1, Keep::All);
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, port) = mpsc::sync_channel(1);
        let serving = std::thread::spawn({
            let carrier = carrier.clone();
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let server = SmscServer::with(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), carrier).await;
                    let server = server.expect("a port");
                    bound.send(server.address().expect("it is bound").port()).expect("the test waits for it");
                    // An error means that the test has ended.
                    server.run(async { _ = stopped.await }).await.expect("no ledger is written");
                });
            }
        });
        let port = port.recv().expect("it says where it listens");
        Self { carrier, port, stop: Some(stop), serving: Some(serving) }
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The carrier.
    pub(crate) const fn carrier(&self) -> &SimulatedCarrier {
        &self.carrier
    }

    /// How often what happened.
    pub(crate) fn stats(&self) -> Stats {
        self.carrier.stats()
    }

    /// Waits until what happened fits.
    pub(crate) fn reaches(&self, what: &str, fits: impl Fn(&Stats) -> bool) {
        until(what, PATIENCE, || fits(&self.stats()).then_some(()));
    }

    /// Every submit that came.
    pub(crate) fn submits(&self) -> Vec<Submit> {
        self.carrier.with(|smsc, _| smsc.ledger().submits().to_vec())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            _ = serving.join();
        }
    }
}

/// The text of submits, without the headers that join them.
pub(crate) fn joined(submits: &[Submit]) -> String {
    submits.iter().map(|it| text_of(it.data_coding, it.esm_class, &it.text)).collect()
}

/// The text of a short message, without its header if `esm_class` tells of one.
pub(crate) fn text_of(data_coding: u8, esm_class: u8, octets: &[u8]) -> String {
    let (header, text) = match esm_class & 0x40 {
        0 => (Udh::default(), octets),
        _ => Udh::parse(octets).expect("it has a header"),
    };
    decode(data_coding, header, text, Alphabet::Gsm7)
}
