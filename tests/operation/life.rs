//! Start and end of the daemon.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use serde_json::json;
use std::time::Duration;

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

#[test]
fn what_waits_has_its_age_after_a_restart_too_while_the_carrier_is_down() {
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    assert_eq!(daemon.terminate().code(), Some(0));
    daemon.restart();
    until("an age", Duration::from_secs(20), || {
        let page = daemon.metrics();
        assert!(page.value("queue_messages{route=\"1\"}") <= 1.0);
        (0.0 < page.value("queue_oldest_message_age_seconds{route=\"1\"}")).then_some(())
    });
}

#[test]
fn a_window_shows_what_may_be_at_the_carrier_and_not_what_runs_ahead() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "window = 3\nahead = 2") + &route("")));
    let _link = smsc.bound();
    let numbers: Vec<String> = (0..9).map(|it| format!("+3161234567{it}")).collect();
    let body = json!({ "to": numbers, "from": "YOURAPP", "text": "one" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    until("a full window", Duration::from_secs(20), || {
        let page = daemon.metrics();
        let of = |name: &str| page.value(&format!("{name}{{carrier=\"acme\",bind=\"acme-1\"}}"));
        assert!(of("window_in_use") <= 3.0 && of("window_size") <= 3.0);
        (of("window_in_use") == 3.0 && of("window_size") == 3.0).then_some(())
    });
}
