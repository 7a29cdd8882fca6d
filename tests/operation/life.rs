//! Start and end of the daemon.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, route};
use serde_json::json;

#[test]
fn an_end_is_awaited_by_what_is_in_flight_and_the_smsc_sees_an_unbind() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let mut link = smsc.bound();
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    let submit = link.read_command(raw::SUBMIT_SM);
    daemon.signal(rustix::process::Signal::TERM);
    daemon.said("stopping", 1);
    // Nothing more is accepted: the door is closed, or what comes through it is sent away.
    let late = daemon.client().call("POST", "/v1/messages", Some(&body));
    assert!(late.as_ref().map_or(true, |it| it.status == 503), "{late:?}");
    link.answer(&submit, 0, b"7\0");
    let unbind = link.read_command(raw::UNBIND);
    link.answer(&unbind, 0, &[]);
    link.read_to_close();
    assert_eq!(daemon.end().code(), Some(0));
}
