//! What the demos stand on: simulated carriers, a gateway on free ports, a folder that goes when they end.

use crate::api::handler::key::new_key;
use crate::config;
use crate::gateway::demo::DemoError;
use crate::gateway::failure::Failure;
use crate::gateway::run::Gateway;
use crate::simulator::behaviour::Behaviour;
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::ledger::Keep;
use crate::simulator::server::SmscServer;
use crate::telemetry::recorder::Exposition;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::interval;

/// A folder that goes when the demo does.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// One of its own.
    pub(super) fn new() -> io::Result<Self> {
        let folder = Self(std::env::temp_dir().join(format!("nuncio-demo-{}", &new_key().0[..12])));
        std::fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own tidying.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A simulated carrier that serves until it is told to end.
pub(super) struct Simulated {
    pub(super) carrier: SimulatedCarrier,
    pub(super) address: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Simulated {
    /// Starts one on a free port.
    pub(super) async fn start(behaviour: Behaviour, seed: u64, keep: Keep) -> io::Result<Self> {
        let carrier = SimulatedCarrier::new(behaviour, seed, keep);
        let server = SmscServer::with(([127, 0, 0, 1], 0).into(), carrier.clone()).await?;
        let (address, (end, ended)) = (server.address()?, oneshot::channel::<()>());
        let serving = tokio::spawn(async move {
            // No ledger is written, so that nothing can fail.
            _ = server.run(async move { _ = ended.await }).await;
        });
        Ok(Self { carrier, address, end, serving })
    }

    /// Ends its sessions, and then itself.
    pub(super) async fn stop(self) {
        drop(self.end);
        _ = self.serving.await;
    }
}

/// What a configuration is written from.
pub(super) struct Layout<'a> {
    folder: &'a Folder,
    /// Applications, operators.
    listen: [SocketAddr; 2],
    /// Of the key of the account.
    pub(super) digest: &'a str,
}

impl Layout<'_> {
    /// Listeners and store, with which every configuration begins.
    pub(super) fn head(&self) -> String {
        let ([http, admin], store) = (self.listen, self.folder.file("store"));
        format!(
            "[http]\nlisten = \"{http}\"\n[admin]\nlisten = \"{admin}\"\n[store]\npath = {store:?}\nmin_free = \"1MiB\"\n"
        )
    }

    /// A file of the demo.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }
}

/// A gateway that runs in a folder of its own.
pub(super) struct Setting {
    /// Where applications call.
    pub(super) http: SocketAddr,
    /// Where operators look.
    pub(super) admin: SocketAddr,
    /// The key of the account.
    pub(super) key: String,
    /// Its configuration.
    pub(super) file: PathBuf,
    gateway: Gateway,
    upkeep: JoinHandle<()>,
    /// Goes last.
    _folder: Folder,
}

impl Setting {
    /// Starts one as the configuration says.
    pub(super) async fn start(
        folder: Folder,
        configuration: impl Fn(&Layout<'_>) -> String,
    ) -> Result<Self, DemoError> {
        let (key, digest) = new_key();
        let file = folder.file("nuncio.toml");
        let write = |file: &Path, listen| {
            std::fs::write(file, configuration(&Layout { folder: &folder, listen, digest: &digest }))
        };
        write(&file, [SocketAddr::from(([127, 0, 0, 1], 0)); 2])?;
        let draft = config::read_in(&file, config::Environment::default()).map_err(Failure::from)?;
        let gateway = Gateway::start(&draft).await?;
        let (Some(http), Some(admin)) = (gateway.http, gateway.admin) else {
            return Err(io::Error::other("the demo listens on TCP").into());
        };
        // Who asks the running gateway finds it by its configuration.
        write(&file, [http, admin])?;
        let upkeep = tokio::spawn(upkeep(gateway.exposition()));
        Ok(Self { http, admin, key, file, gateway, upkeep, _folder: folder })
    }

    /// Ends it; nothing of it stays.
    pub(super) async fn stop(self) -> Result<(), DemoError> {
        self.upkeep.abort();
        Ok(self.gateway.stop().await?)
    }
}

async fn upkeep(exposition: Arc<Exposition>) {
    let mut every = interval(Exposition::UPKEEP_INTERVAL);
    loop {
        every.tick().await;
        exposition.upkeep();
    }
}
