//! `nuncio serve`: a gateway under the signals of the system.

use crate::config::{self, Draft};
use crate::gateway::failure::Failure;
use crate::gateway::notify::Notify;
use crate::gateway::run::Gateway;
use crate::gateway::runtime::block_on;
use crate::telemetry::log::Log;
use crate::telemetry::recorder::Exposition;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, interval};
use tracing::{error, info, warn};

/// Runs until SIGTERM or SIGINT, or until the store fails.
pub fn serve(path: &Path, log: &Log) -> Result<(), Failure> {
    block_on(run(path, log))
}

async fn run(path: &Path, log: &Log) -> Result<(), Failure> {
    let draft = config::read(path)?;
    warn_of(&draft);
    let notify = Notify::from_env()?;
    let notify = Arc::new(notify);
    // Before anybody is told that we are there: a signal must not find its default action.
    let mut signals = Signals::new()?;
    let mut gateway = Gateway::start(&draft).await?;
    info!(http = %gateway.serves[0], admin = %gateway.serves[1], "serving");
    tell(notify.ready());
    // A task of its own: a reload may wait for a slow carrier, the watchdog does not.
    let chores = tokio::spawn(chores(notify.clone(), gateway.rounds(), gateway.exposition()));
    loop {
        tokio::select! {
            _ = signals.hangup.recv() => {
                tell(notify.reloading());
                reload(&mut gateway, path, log).await;
                tell(notify.ready());
            }
            failure = gateway.ended() => return Err(failure),
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
        }
    }
    tell(notify.stopping());
    let began = Instant::now();
    gateway.stop().await?;
    chores.abort();
    info!(took_ms = began.elapsed().as_millis() as u64, "stopped");
    Ok(())
}

/// Feeds the watchdog as long as the loop goes round, and keeps the metrics in shape.
async fn chores(notify: Arc<Notify>, rounds: Arc<AtomicU64>, exposition: Arc<Exposition>) {
    let mut upkeep = interval(Exposition::UPKEEP_INTERVAL);
    // Without a watchdog the loop is looked at all the same, only nobody is told.
    let mut watchdog = interval(notify.watchdog_interval().unwrap_or(Duration::from_secs(10)));
    let mut seen = 0;
    loop {
        tokio::select! {
            _ = upkeep.tick() => exposition.upkeep(),
            _ = watchdog.tick() => {
                // A loop that hangs lets systemd end the process.
                let now = rounds.load(Ordering::Relaxed);
                if now != seen {
                    tell(notify.watchdog());
                }
                seen = now;
            }
        }
    }
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Says what of a configuration is permitted and may not be meant.
fn warn_of(draft: &Draft) {
    for it in draft.warnings() {
        warn!("{it}");
    }
}

async fn reload(gateway: &mut Gateway, path: &Path, log: &Log) {
    let reloaded = match config::read(path) {
        Ok(draft) => gateway.reload(&draft).await.map(|()| draft),
        Err(wrong) => {
            gateway.reload_failed();
            Err(wrong.into())
        }
    };
    match reloaded {
        Ok(draft) => {
            info!("the new configuration is in force");
            warn_of(&draft);
            let wanted = draft.log();
            match log.set(wanted.format, wanted.level) {
                Ok(false) => (),
                Ok(true) => info!(level = wanted.level, "the log is as the new configuration says"),
                Err(error) => warn!(%error, "the log stays as it was"),
            }
        }
        Err(failure) => error!("the configuration is not changed: {failure}"),
    }
}

fn tell(told: std::io::Result<()>) {
    if let Err(error) = told {
        warn!(%error, "systemd cannot be told");
    }
}
