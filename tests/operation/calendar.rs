//! Messages that may not go yet, through the real binary.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use nuncio::message::time::Time;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(20);

/// A recipient in Iceland, where clocks show UTC all the year.
const ICELAND: &str = "+3546111234";

#[expect(clippy::disallowed_methods, reason = "what is asked of the daemon goes by the clock on the wall")]
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    Time(u64::try_from(since.as_millis()).expect("it is before the end of time"))
}

/// `22:00-08:00`, so that it began an hour ago and ends in two, in UTC.
fn hours_around_now() -> String {
    let clock = |it: u64| format!("{:02}:{:02}", it / 60 % 24, it % 60);
    let minute = now().0 / 60_000 % 1_440;
    format!("{}-{}", clock(minute + 1_380), clock(minute + 120))
}

fn send(daemon: &Daemon, body: &Value) -> String {
    let reply = daemon.client().post("/v1/messages", body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().expect("an id"))
}

#[test]
fn a_message_leaves_at_the_time_that_it_is_asked_for() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let mut link = smsc.bound();
    let begins = now() + Duration::from_secs(2);
    let page = send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "later", "send_at": begins.to_string() }));
    let first = daemon.client().get(&page).json();
    assert_eq!((&first["status"], &first["send_at"]), (&json!("QUEUED"), &json!(begins.to_string())));
    let direct = send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "now" }));
    let submit = link.read_command(raw::SUBMIT_SM);
    assert!(submit.body.ends_with(b"now"), "what is asked for at once does not wait behind it");
    link.answer(&submit, 0, b"1\0");
    let submit = link.read_command(raw::SUBMIT_SM);
    // The daemon's clock is slewed towards ours; it was started seconds ago.
    assert!(submit.body.ends_with(b"later") && begins.0 <= now().0 + 100, "it came too early");
    link.answer(&submit, 0, b"2\0");
    until("both are sent", PATIENCE, || {
        let status = |page: &str| daemon.client().get(page).json()["status"].clone();
        (status(&page) == "SENT" && status(&direct) == "SENT").then_some(())
    });
    assert_eq!(daemon.client().get(&direct).json()["send_at"], Value::Null);
    assert!(
        daemon.metrics().value("queue_wait_seconds_sum{class=\"transactional\"}") < 1.0,
        "it did not wait in the queue"
    );
}

#[test]
fn a_message_that_waits_for_its_time_is_taken_back() {
    let daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let begins = now() + Duration::from_secs(3_600);
    let page = send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "x", "send_at": begins.to_string() }));
    let queued = |value| {
        until("the queue", PATIENCE, || (daemon.metrics().value("queue_messages{route=\"1\"}") == value).then_some(()));
    };
    queued(1.0);
    assert_eq!(daemon.client().call("DELETE", &page, None).expect("an answer").status, 200);
    assert_eq!(daemon.client().get(&page).json()["status"], "CANCELLED");
    queued(0.0);
    let far = (now() + Duration::from_secs(31 * 86_400)).to_string();
    let reply =
        daemon.client().post("/v1/messages", &json!({ "to": ICELAND, "from": "SHOP", "text": "x", "send_at": far }));
    assert_eq!((reply.status, &reply.json()["errors"][0]["pointer"]), (422, &json!("/send_at")));
}

#[test]
fn quiet_hours_are_those_of_the_recipient_and_what_they_outlast_expires() {
    let smsc = Smsc::new();
    let hours = hours_around_now();
    let quiet = route(&format!("class = \"marketing\"\nquiet_hours = \"{hours}\""));
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &quiet));
    let mut link = smsc.bound();
    let kept = send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "kept" }));
    let late = send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "late", "validity": "1s" }));
    // Half past five hours further east the hours are not, or no longer.
    send(&daemon, &json!({ "to": "+919812345678", "from": "SHOP", "text": "awake" }));
    let submit = link.read_command(raw::SUBMIT_SM);
    assert!(submit.body.ends_with(b"awake"), "{hours}: {submit:?}");
    link.answer(&submit, 0, b"1\0");
    let shown = until("it expires", PATIENCE, || {
        let shown = daemon.client().get(&late).json();
        (shown["status"] == "EXPIRED").then_some(shown)
    });
    assert_eq!((&shown["error"]["code"], &shown["attempts"]), (&json!("EXPIRED"), &json!([])));
    let shown = daemon.client().get(&kept).json();
    let end = shown["send_at"].as_str().expect("a time").to_owned();
    let (_, to) = hours.split_once('-').expect("hours");
    assert!(shown["status"] == "QUEUED" && end.ends_with(&format!("T{to}:00.000Z")), "{hours}: {end}");
    assert_eq!(daemon.terminate().code(), Some(0));
    daemon.restart();
    let _link = smsc.bound();
    let shown = daemon.client().get(&kept).json();
    assert_eq!((&shown["status"], &shown["send_at"]), (&json!("QUEUED"), &json!(end)));
}

#[test]
fn what_waits_for_its_time_is_counted_after_a_restart_too() {
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let begins = (now() + Duration::from_secs(3_600)).to_string();
    send(&daemon, &json!({ "to": ICELAND, "from": "SHOP", "text": "later", "send_at": begins }));
    for _ in 0..2 {
        until("the gauges count it", PATIENCE, || {
            let page = daemon.metrics();
            let shown = ["queue_messages", "retry_messages"].map(|it| page.value(&format!("{it}{{route=\"1\"}}")));
            (shown == [1.0, 1.0]).then_some(())
        });
        daemon.kill();
        daemon.restart();
    }
}
