//! A route over two SMSCs that nobody here wrote: each way in which a part leaves one carrier for the
//! next, through the real binary, with npm's first and Perl's second and the other way round.
//!
//! ```text
//!  POST ──► nuncio ── 1 ──► first    refuses, throttles, lies, stalls, dies
//!               └──── 2 ──► second   takes it, and says that it was delivered
//! ```

use crate::daemon::client::Client;
use crate::daemon::{Daemon, account, carrier_named, until};
use crate::peers::need::trials;
use crate::peers::smsc::Smsc;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a message may take to end on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

const TO: &str = "+31612345678";

/// ESME_RSUBMITFAIL: this carrier does not take it, another may.
const SUBMIT_FAILED: u64 = 0x45;
/// ESME_RINVDSTADR: not to this carrier's subscribers.
const INVALID_DESTINATION: u64 = 0x0B;
/// ESME_RSYSERR: this carrier is sick.
const SYSTEM_ERROR: u64 = 0x08;
const QUEUE_FULL: u64 = 0x14;
const THROTTLED: u64 = 0x58;
/// ESME_RINVMSGLEN: no carrier would take it.
const INVALID_LENGTH: u64 = 0x01;

/// Plays with each of the two SMSCs as the first carrier of the route; `first` and `second` are their options.
fn each_way(first: &Value, second: &Value, play: impl Fn(Smsc, Smsc)) {
    let told = |options: &Value| {
        let mut options = options.clone();
        options["tell"] = json!(true);
        options
    };
    let (first, second) = (told(first), told(second));
    play(Smsc::npm(&first), Smsc::perl(&second));
    play(Smsc::perl(&first), Smsc::npm(&second));
}

/// A route 1 over the carriers `first` and `second`, with further lines of the first and of the route.
fn config(ports: (u16, u16), first: &str, route: &str) -> String {
    account("[1]")
        + &carrier_named("first", ports.0, first)
        + &carrier_named("second", ports.1, "")
        + &format!("[[route]]\nid = 1\ncarriers = [\"first\", \"second\"]\n{route}\n")
}

/// Starts the daemon and waits until both carriers are bound.
fn start(first: &Smsc, second: &Smsc, lines: (&str, &str)) -> Daemon {
    let daemon = Daemon::start(&config((first.port(), second.port()), lines.0, lines.1));
    until("both links are up", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 2.0).then_some(()));
    daemon
}

/// Sends one message; its id.
fn send(client: &mut Client, text: &str) -> String {
    let reply = client.post("/v1/messages", &json!({ "to": TO, "from": "YOURAPP", "text": text }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()["messages"][0]["id"].as_str().expect("an id").to_owned()
}

/// The page of a message once it has come to a status.
fn page(client: &mut Client, id: &str, status: &str) -> Value {
    let mut last = Value::Null;
    let look = || {
        last = client.get(&format!("/v1/messages/{id}")).json();
        (last["status"] == status).then(|| last.clone())
    };
    until(&format!("{id} is {status}"), PATIENCE, look)
}

/// One attempt as the page of its message shows it: carrier, cause, answer, command_status.
type Shown = (String, String, String, Option<u64>);

fn attempts(page: &Value) -> Vec<Shown> {
    let text = |it: &Value| it.as_str().unwrap_or("none").to_owned();
    let shown =
        |it: &Value| (text(&it["carrier"]), text(&it["cause"]), text(&it["answer"]), it["command_status"].as_u64());
    page["attempts"].as_array().expect("a list").iter().map(shown).collect()
}

fn attempt(carrier: &str, cause: &str, answer: &str, command_status: Option<u64>) -> Shown {
    (carrier.to_owned(), cause.to_owned(), answer.to_owned(), command_status)
}

/// A submit_sm as an SMSC saw it; times in microseconds on the clock that all processes share.
struct Came {
    text: String,
    at: u64,
    answered: u64,
}

fn came(smsc: &Smsc) -> Vec<Came> {
    let time = |it: &Value| it.as_u64().unwrap_or_default();
    let read = |it: Value| Came { text: text(&it), at: time(&it["at"]), answered: time(&it["answered"]) };
    smsc.events("submit").into_iter().map(read).collect()
}

fn text(submit: &Value) -> String {
    let hex = submit["text"].as_str().expect("a text");
    let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    String::from_utf8((0..hex.len()).step_by(2).map(octet).collect()).expect("letters")
}

fn texts(smsc: &Smsc) -> Vec<String> {
    came(smsc).into_iter().map(|it| it.text).collect()
}

/// Prints how long the messages took from the first carrier's answer to the second carrier.
fn tell_times(what: &str, first: &Smsc, second: &Smsc) {
    let (left, arrived) = (came(first), came(second));
    let gap = |it: &Came| {
        let answered = left.iter().rfind(|left| left.text == it.text && left.at < it.at)?.answered;
        (answered != 0).then(|| it.at.saturating_sub(answered))
    };
    let mut gaps: Vec<u64> = arrived.iter().filter_map(gap).collect();
    gaps.sort_unstable();
    let Some(last) = gaps.len().checked_sub(1) else { return };
    let at = |share: usize| gaps[last * share / 100] as f64 / 1e3;
    println!("{what}, answer to next submit_sm: p50 {:.2} ms, p99 {:.2} ms of {}", at(50), at(99), gaps.len());
}

trials! {
    [Npm, Perl]:
        what_the_first_carrier_refuses_goes_to_the_second_at_once,
        a_carrier_may_have_a_table_of_answers_of_its_own,
        what_no_carrier_would_take_stops_at_the_first,
        a_list_of_carriers_at_its_end_is_a_failure_with_every_attempt_on_its_page,
        what_is_throttled_for_longer_than_max_wait_goes_to_the_second,
        a_carrier_that_throttles_for_less_than_max_wait_keeps_its_messages_and_their_order,
        what_is_accepted_and_has_no_receipt_in_its_window_goes_to_the_second_and_the_first_delivery_wins,
        what_a_carrier_reads_and_never_answers_goes_to_the_second,
        what_a_killed_carrier_held_and_what_waited_for_it_goes_to_the_second,
        while_the_first_carrier_is_away_the_second_has_everything_and_gives_it_back;
}

fn what_the_first_carrier_refuses_goes_to_the_second_at_once() {
    each_way(&json!({ "refuse": SUBMIT_FAILED }), &json!({}), |mut first, second| {
        // Never so many faults that the breaker opens.
        let daemon = start(&first, &second, ("", ""));
        let mut client = daemon.client();
        let refused = |status| attempt("first", "first", "elsewhere", Some(status));
        for (nth, status) in [SUBMIT_FAILED, INVALID_DESTINATION, SYSTEM_ERROR].into_iter().cycle().take(18).enumerate()
        {
            first.set(&json!({ "refuse": status }));
            let id = send(&mut client, &format!("message {nth}"));
            let page = page(&mut client, &id, "DELIVERED");
            assert_eq!(attempts(&page), [refused(status), attempt("second", "failover", "taken", Some(0))]);
        }
        assert_eq!(texts(&first), texts(&second), "each came once to each, in order");
        assert_eq!(texts(&second).len(), 18);
        tell_times("refused", &first, &second);
    });
}

fn a_carrier_may_have_a_table_of_answers_of_its_own() {
    each_way(&json!({ "refuse": INVALID_LENGTH }), &json!({}), |first, second| {
        let table = "answers = { \"0x00000001\" = \"elsewhere\" }";
        let daemon = start(&first, &second, (table, ""));
        let id = send(&mut daemon.client(), "hello");
        let page = page(&mut daemon.client(), &id, "DELIVERED");
        let refused = attempt("first", "first", "elsewhere", Some(INVALID_LENGTH));
        assert_eq!(attempts(&page), [refused, attempt("second", "failover", "taken", Some(0))]);
    });
}

fn what_no_carrier_would_take_stops_at_the_first() {
    each_way(&json!({ "refuse": INVALID_LENGTH }), &json!({}), |first, mut second| {
        let daemon = start(&first, &second, ("", ""));
        let id = send(&mut daemon.client(), "hello");
        let page = page(&mut daemon.client(), &id, "FAILED");
        assert_eq!(attempts(&page), [attempt("first", "first", "never", Some(INVALID_LENGTH))]);
        assert_eq!(second.report()["submits"], 0);
    });
}

fn a_list_of_carriers_at_its_end_is_a_failure_with_every_attempt_on_its_page() {
    each_way(&json!({ "refuse": SUBMIT_FAILED }), &json!({ "refuse": INVALID_DESTINATION }), |first, second| {
        let daemon = start(&first, &second, ("", ""));
        let id = send(&mut daemon.client(), "hello");
        let page = page(&mut daemon.client(), &id, "FAILED");
        assert_eq!(page["error"]["code"], "ALL_CARRIERS_FAILED", "{page}");
        let refused = attempt("first", "first", "elsewhere", Some(SUBMIT_FAILED));
        let last = attempt("second", "failover", "elsewhere", Some(INVALID_DESTINATION));
        assert_eq!(attempts(&page), [refused, last]);
        assert_eq!((texts(&first).len(), texts(&second).len()), (1, 1));
    });
}

fn what_is_throttled_for_longer_than_max_wait_goes_to_the_second() {
    for status in [THROTTLED, QUEUE_FULL] {
        each_way(&json!({ "refuse": status }), &json!({}), |first, second| {
            let daemon = start(&first, &second, ("", "max_wait = \"1500ms\""));
            let id = send(&mut daemon.client(), "hello");
            let page = page(&mut daemon.client(), &id, "DELIVERED");
            let all = attempts(&page);
            assert_eq!(all.last(), Some(&attempt("second", "max_wait", "taken", Some(0))), "{page}");
            let throttled = attempt("first", "first", "later", Some(status));
            assert!(all.first() == Some(&throttled), "the way that it took is on its page: {page}");
            let (left, arrived) = (&came(&first)[0], &came(&second)[0]);
            let waited = Duration::from_micros(arrived.at - left.at);
            assert!(Duration::from_millis(1_000) < waited, "it was given its time: {waited:?}");
            assert_eq!(texts(&second), ["hello"]);
            println!("throttled with 0x{status:02x} under a max_wait of 1.5 s: {waited:?} to the next submit_sm");
        });
    }
}

fn a_carrier_that_throttles_for_less_than_max_wait_keeps_its_messages_and_their_order() {
    each_way(&json!({ "refuse": THROTTLED }), &json!({}), |mut first, mut second| {
        let daemon = start(&first, &second, ("", "max_wait = \"30s\""));
        let ids: Vec<String> = (0..5).map(|it| send(&mut daemon.client(), &format!("message {it}"))).collect();
        first.reaches("submits", 1, PATIENCE);
        first.set(&json!({ "refuse": 0 }));
        for id in &ids {
            page(&mut daemon.client(), id, "DELIVERED");
        }
        let taken: Vec<String> =
            first.events("submit").iter().filter(|it| it["command_status"] == 0).map(text).collect();
        let expected: Vec<String> = (0..5).map(|it| format!("message {it}")).collect();
        assert_eq!(taken, expected);
        assert_eq!(second.report()["submits"], 0);
    });
}

fn what_is_accepted_and_has_no_receipt_in_its_window_goes_to_the_second_and_the_first_delivery_wins() {
    each_way(&json!({ "hold": true }), &json!({}), |mut first, second| {
        let daemon = start(&first, &second, ("", "receipt_window = \"1s\""));
        let id = send(&mut daemon.client(), "hello");
        let one = page(&mut daemon.client(), &id, "DELIVERED");
        let taken = |carrier, cause| attempt(carrier, cause, "taken", Some(0));
        assert_eq!(attempts(&one), [taken("first", "first"), taken("second", "no_receipt")]);
        let waited = Duration::from_micros(came(&second)[0].at - came(&first)[0].answered);
        println!("no receipt under a receipt_window of 1 s: {waited:?} to the next submit_sm");
        assert!(Duration::from_millis(950) < waited, "{waited:?}");
        // The first was slow, it did not lie: its late receipt is history.
        first.set(&json!({ "hold": false }));
        first.reaches("confirmed", 1, PATIENCE);
        let page = page(&mut daemon.client(), &id, "DELIVERED");
        assert_eq!(attempts(&page), attempts(&one));
        assert_eq!(page["done_at"], one["done_at"]);
        assert_eq!(page["attempts"][0]["receipt"]["status"], "DELIVERED", "{page}");
    });
}

fn what_a_carrier_reads_and_never_answers_goes_to_the_second() {
    each_way(&json!({ "mute": true }), &json!({}), |first, second| {
        let daemon = start(&first, &second, ("response_timeout = \"1s\"", "unknown = \"resend\""));
        let id = send(&mut daemon.client(), "hello");
        let page = page(&mut daemon.client(), &id, "DELIVERED");
        let all = [attempt("first", "first", "unknown", None), attempt("second", "resend", "taken", Some(0))];
        assert_eq!(attempts(&page), all);
        assert_eq!((texts(&first), texts(&second)), (vec!["hello".to_owned()], vec!["hello".to_owned()]));
    });
}

fn what_a_killed_carrier_held_and_what_waited_for_it_goes_to_the_second() {
    each_way(&json!({ "mute": true }), &json!({}), |first, second| {
        let daemon = start(&first, &second, ("window = 1\nahead = 1", ""));
        let all: Vec<(String, String)> =
            (0..6).map(|it| format!("message {it}")).map(|it| (send(&mut daemon.client(), &it), it)).collect();
        first.event("submit", 1);
        let before = now();
        first.kill();
        for (nth, (id, _)) in all.iter().enumerate() {
            let page = page(&mut daemon.client(), id, "DELIVERED");
            let attempts = attempts(&page);
            // One was written and not answered, one stood ready to be written, the others waited in the queue.
            let last = if nth == 0 { "resend" } else { "carrier_down" };
            assert_eq!(attempts.last(), Some(&attempt("second", last, "taken", Some(0))), "message {nth}: {page}");
            if nth == 0 {
                assert_eq!(attempts[0], attempt("first", "first", "unknown", None));
            }
        }
        let mut arrived = texts(&second);
        let took = came(&second).iter().map(|it| it.at).min().expect("they came").saturating_sub(before);
        println!("killed: {:.2} ms to the first submit_sm at the other, the kill included", took as f64 / 1e3);
        arrived.sort_unstable();
        let sent: Vec<String> = all.into_iter().map(|it| it.1).collect();
        assert_eq!(arrived, sent, "each came to the second once");
    });
}

/// Microseconds on the clock that all processes of the machine share.
fn now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000).expect("the clock began at zero")
}

fn while_the_first_carrier_is_away_the_second_has_everything_and_gives_it_back() {
    each_way(&json!({}), &json!({}), |first, second| {
        let daemon = start(&first, &second, ("", ""));
        let port = first.port();
        first.kill();
        until("the link is down", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 1.0).then_some(()));
        let id = send(&mut daemon.client(), "while it is away");
        let away = page(&mut daemon.client(), &id, "DELIVERED");
        assert_eq!(attempts(&away).last(), Some(&attempt("second", "carrier_down", "taken", Some(0))));
        let mut back = Smsc::npm(&json!({ "port": port }));
        until("the link is up", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 2.0).then_some(()));
        let id = send(&mut daemon.client(), "when it is back");
        let page = page(&mut daemon.client(), &id, "DELIVERED");
        assert_eq!(attempts(&page), [attempt("first", "first", "taken", Some(0))]);
        assert_eq!(back.report()["submits"], 1);
        assert_eq!(texts(&second), ["while it is away"]);
    });
}
