//! `nuncio sim` as another process.

use crate::daemon::PATIENCE;
use crate::daemon::process::Process;
use std::process::Command;

/// A simulated carrier with these arguments, on a port that is free, and the port.
pub(crate) fn sim(arguments: &[&str]) -> (Process, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.args(["sim", "--listen", "127.0.0.1:0"]).args(arguments);
    let mut sim = Process::start("nuncio sim", command);
    let port = sim.line(PATIENCE, |lines| {
        lines.iter().find_map(|it| it.strip_prefix("listening on ")?.rsplit(':').next()?.parse().ok())
    });
    sim.is_carrier(port);
    (sim, port)
}
