//! The daemon against SMSCs that nobody here wrote, our simulated carrier against ESMEs, and what others judge of us.

mod clients;
mod crash;
mod esme;
mod failover;
mod faketime;
mod faults;
mod fuzzed;
mod kannel;
pub(crate) mod need;
mod npm;
mod numbers;
mod openapi;
mod openssl;
mod page;
mod perl;
mod ports;
mod power;
mod prometheus;
mod room;
mod sim;
pub(crate) mod smsc;
mod systemd;
mod tshark;

use libtest_mimic::Trial;

/// All tests of this target.
pub(crate) fn trials() -> Vec<Trial> {
    [
        clients::trials(),
        crash::trials(),
        esme::trials(),
        failover::trials(),
        faketime::trials(),
        faults::trials(),
        fuzzed::trials(),
        kannel::trials(),
        npm::trials(),
        numbers::trials(),
        openapi::trials(),
        openssl::trials(),
        page::trials(),
        perl::trials(),
        ports::trials(),
        power::trials(),
        prometheus::trials(),
        room::trials(),
        systemd::trials(),
        tshark::pdml::trials(),
        tshark::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
