//! `nuncio sim`: a simulated carrier under the signals of the system.

use crate::gateway::ending::Ending;
use crate::gateway::runtime::block_on;
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::command::Command;
use crate::simulator::options::Options;
use crate::simulator::server::SmscServer;
use crate::simulator::stats::Stats;
use std::io;
use std::net::SocketAddr;
use tokio::runtime::Handle;

/// Runs until SIGTERM or SIGINT; returns how often what happened. Where it listens is given to `tell`.
pub fn simulate(options: &Options, tell: fn(SocketAddr)) -> io::Result<Stats> {
    block_on(async {
        let server = SmscServer::bind(options).await?;
        let mut ending = Ending::new()?;
        tell(server.address()?);
        read_commands(server.carrier());
        server.run(async move { ending.wanted().await }).await
    })
}

/// Has the carrier do what lines on standard input say, as long as there are any.
fn read_commands(carrier: SimulatedCarrier) {
    let handle = Handle::current();
    // Reading blocks, and nothing waits for the thread when the process ends.
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let carrier = carrier.clone();
            handle.spawn(async move {
                let done = match line.parse::<Command>() {
                    Ok(command) => command.perform(&carrier).await,
                    Err(refused) => Err(refused),
                };
                if let Err(refused) = done {
                    eprintln!("{refused}");
                }
            });
        }
    });
}
