//! When an attempt was decided, written and answered: three times, and the carrier's own duration is between the
//! latter.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, account, carrier, route, until};
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const PATIENCE: Duration = Duration::from_secs(20);
/// How long the carrier sits on the first submit: far more than what the machine takes for anything.
const HELD: Duration = Duration::from_secs(2);

fn send(daemon: &Daemon, text: &str) -> String {
    let reply = daemon.client().post("/v1/messages", &json!({ "to": "+31612345678", "from": "shop", "text": text }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().expect("a message has an id"))
}

/// The first attempt of a message, once it is as it should be.
fn attempt(daemon: &Daemon, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    until("the attempt is as it should be", PATIENCE, || {
        Some(daemon.client().get(path).json()["attempts"][0].clone()).filter(&is)
    })
}

/// Milliseconds since 1970.
fn at(time: &Value) -> i128 {
    let text = time.as_str().unwrap_or_else(|| panic!("{time} is no time"));
    OffsetDateTime::parse(text, &Rfc3339).expect("a time of RFC 3339").unix_timestamp_nanos() / 1_000_000
}

#[test]
fn what_waits_for_the_window_is_not_submitted_and_the_wait_is_none_of_the_carrier() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "window = 1") + &route("")));
    let mut link = smsc.bound();
    let first = send(&daemon, "one");
    let submit = link.read_command(raw::SUBMIT_SM);
    let second = send(&daemon, "two");
    let waits = attempt(&daemon, &second, |it| it["intended_at"].is_string());
    assert_eq!((&waits["submitted_at"], &waits["answered_at"]), (&Value::Null, &Value::Null), "{waits}");
    std::thread::sleep(HELD);
    link.answer(&submit, 0, b"m1\0");
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"m2\0");
    let answered = |path: &str| attempt(&daemon, path, |it| it["answer"] == "taken");
    let (first, second) = (answered(&first), answered(&second));
    let held = HELD.as_millis() as i128;
    assert!(held <= at(&first["answered_at"]) - at(&first["submitted_at"]), "{first}");
    assert!(at(&first["submitted_at"]) - at(&first["intended_at"]) < held / 2, "{first}");
    // It was on its way to the link before the first was answered, and left after it.
    assert!(held / 2 < at(&second["submitted_at"]) - at(&second["intended_at"]), "{second}");
    assert!(at(&second["answered_at"]) - at(&second["submitted_at"]) < held / 2, "{second}");
    let page = daemon.metrics();
    let (took, waited) = (page.value(&sum("submit_duration")), page.value(&sum("window_wait")));
    assert!((2.0..3.0).contains(&took), "{took} s at the carrier");
    assert!((1.0..4.0).contains(&waited), "{waited} s before the window");
}

fn sum(metric: &str) -> String {
    format!("{metric}_seconds_sum{{carrier=\"acme\"}}")
}

#[test]
fn a_submit_that_a_killed_process_left_unanswered_was_written_nobody_knows_when() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("unknown = \"hold\"")));
    let mut link = smsc.bound();
    let path = send(&daemon, "one");
    link.read_command(raw::SUBMIT_SM);
    attempt(&daemon, &path, |it| it["intended_at"].is_string());
    daemon.kill();
    drop(link);
    daemon.restart();
    let left = attempt(&daemon, &path, |_| true);
    assert!(left["intended_at"].is_string(), "{left}");
    assert_eq!((&left["submitted_at"], &left["answered_at"]), (&Value::Null, &Value::Null), "{left}");
}

#[test]
fn a_submit_that_was_not_answered_in_time_was_written_and_not_answered() {
    let smsc = Smsc::new();
    let lines = "response_timeout = \"1s\"\nenquire_link = \"500ms\"";
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), lines) + &route("unknown = \"hold\"")));
    let mut link = smsc.bound();
    let path = send(&daemon, "one");
    let submit = link.read_command(raw::SUBMIT_SM);
    let late = attempt(&daemon, &path, |it| it["answer"] == "unknown");
    assert!(at(&late["intended_at"]) <= at(&late["submitted_at"]), "{late}");
    assert_eq!(late["answered_at"], Value::Null, "{late}");
    // It comes after all; the daemon reads on at its own pace and may have closed the link by now.
    if link.try_send(&raw::pdu(raw::SUBMIT_SM | raw::RESPONSE, 0, submit.sequence, b"m1\0")) {
        let told = daemon.client().get(&path).json()["attempts"][0]["submitted_at"].clone();
        assert_eq!(told, late["submitted_at"], "when it was written stays");
    }
}

#[test]
fn over_http_a_request_is_timed_from_its_writing() {
    let web = Web::start(|nth, _| {
        if nth == 0 {
            std::thread::sleep(HELD);
        }
        Act::Reply(202, "", String::new())
    });
    let lines = format!(
        "[[carrier]]\nid = \"acme\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{}/\"\nwindow = 1\n\
         [carrier.request]\nbody = 'text={{text}}'\n",
        web.port()
    );
    let daemon = Daemon::start(&(account("[1]") + &lines + &route("")));
    let first = send(&daemon, "one");
    web.hears(1);
    let second = send(&daemon, "two");
    let answered = |path: &str| attempt(&daemon, path, |it| it["answer"] == "taken");
    let (first, second) = (answered(&first), answered(&second));
    let held = HELD.as_millis() as i128;
    assert!(held <= at(&first["answered_at"]) - at(&first["submitted_at"]), "{first}");
    assert!(held / 2 < at(&second["submitted_at"]) - at(&second["intended_at"]), "{second}");
    assert!(at(&second["answered_at"]) - at(&second["submitted_at"]) < held / 2, "{second}");
}
