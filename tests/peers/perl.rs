//! The daemon against Debian's `libnet-smpp-perl`.

use crate::daemon::{Daemon, account, carrier, route};
use crate::peers::npm::{come_to, send};
use crate::peers::smsc::Smsc;

#[test]
fn an_smsc_of_perl_takes_messages_and_its_receipts_are_matched() {
    const COUNT: usize = 500;
    let Some(smsc) = Smsc::perl() else { return };
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let bound = smsc.event("bound", 1);
    assert_eq!((bound["system_id"].as_str(), bound["password"].as_str()), (Some("nuncio"), Some("secret")));
    send(&mut daemon.client(), 0..COUNT);
    come_to(&daemon, "DELIVERED", COUNT);
    assert_eq!(daemon.metrics().sum("malformed_pdus_total", &[]), 0.0);
    assert_eq!(daemon.terminate().code(), Some(0));
    smsc.event("unbind", 1);
    let closed = smsc.event("closed", 1);
    for (name, count) in [("submits", COUNT), ("distinct", COUNT), ("repeated", 0), ("confirmed", COUNT)] {
        assert_eq!(closed[name], count, "{name}: {closed}");
    }
}
