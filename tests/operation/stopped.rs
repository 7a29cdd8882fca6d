//! The process stands still, as under SIGSTOP or in a machine that is paused, and goes on.

use crate::daemon::process::Process;
use crate::daemon::raw::{Frame, Link, Smsc};
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, account, carrier, route, until};
use crate::identity::identity;
use crate::operation::{http, tls};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const SUBMIT_SM: u32 = 4;
/// More than the window of the carrier, so that commands wait behind it.
const MESSAGES: usize = 60;
const WINDOW: usize = 10;

/// The text of a submit_sm, which is how a repeat is known.
fn text(submit: &Frame) -> String {
    let at = submit.body.windows(6).position(|it| it == b"hello ").expect("it has our text");
    String::from_utf8_lossy(&submit.body[at..]).into_owned()
}

/// Waits until the kernel says that the process stands still.
fn stop(daemon: &Daemon) {
    daemon.signal(Signal::STOP);
    until("it stands still", PATIENCE, || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).ok()?;
        stat.rsplit_once(") ")?.1.starts_with('T').then_some(())
    });
}

fn submit(daemon: &Daemon, first: usize, last: usize) {
    let mut client = daemon.client();
    for nth in first..last {
        let body =
            json!({ "to": format!("+316{:08}", 1_000 + nth), "from": "shop", "text": format!("hello {nth:04}") });
        let reply = client.post("/v1/messages", &body);
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
}

/// Reads the window full, stops the daemon, answers all, and lets it go on after its `response_timeout`.
fn stand_still(daemon: &Daemon, link: &mut Link, seen: &mut BTreeMap<String, usize>) {
    let frames: Vec<Frame> = (0..WINDOW).map(|_| link.read_command(SUBMIT_SM)).collect();
    stop(daemon);
    for (nth, frame) in frames.iter().enumerate() {
        *seen.entry(text(frame)).or_default() += 1;
        link.answer(frame, 0, format!("id-{}-{nth}\0", seen.len()).as_bytes());
    }
    go_on(daemon);
}

/// Lets it go on after its `response_timeout`.
fn go_on(daemon: &Daemon) {
    // The time is what this is about: nothing else can be awaited while the process stands still.
    let by = Instant::now() + Duration::from_millis(1_300);
    while let Some(left) = by.checked_duration_since(Instant::now()) {
        std::thread::sleep(left);
    }
    daemon.signal(Signal::CONT);
}

fn nothing_is_in_doubt(daemon: &Daemon, answered: usize) {
    until("all are answered", PATIENCE, || {
        (daemon.metrics().sum("submit_total", &["answer=\"taken\""]) == answered as f64).then_some(())
    });
    assert_eq!(daemon.metrics().sum("unknown_outcomes_total", &[]), 0.0);
}

#[test]
fn nothing_is_timed_out_whose_answer_came_while_the_process_stood_still() {
    let smsc = Smsc::new();
    let more = format!(
        "window = {WINDOW}\nresponse_timeout = \"1s\"\nenquire_link = \"1s\"\ninactivity = \"1s\"\npace = \"1000/s\""
    );
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), &more) + &route("unknown = \"resend\"")));
    let mut link = smsc.bound();
    let mut seen = BTreeMap::new();
    submit(&daemon, 0, MESSAGES);
    for _ in 0..MESSAGES / WINDOW {
        stand_still(&daemon, &mut link, &mut seen);
    }
    assert_eq!(seen.len(), MESSAGES, "{seen:?}");
    assert!(seen.values().all(|it| *it == 1), "sent again: {seen:?}");
    nothing_is_in_doubt(&daemon, MESSAGES);
}

#[test]
fn nothing_is_timed_out_whose_answer_came_under_tls_while_the_process_stood_still() {
    let carrier = identity();
    let options = ["--latency", "400ms"];
    let (_sim, port): (Process, u16) = tls::secured(&carrier, &options);
    let more = format!("{{ ca_file = {:?} }}\nwindow = {WINDOW}\nresponse_timeout = \"1s\"", carrier.certificate);
    let daemon = Daemon::start(&tls::config(port, &more));
    daemon.said("bound", 1);
    submit(&daemon, 0, WINDOW);
    until("all are written", PATIENCE, || {
        let written = daemon.metrics().sum("pdus_total", &["direction=\"out\"", "command=\"submit_sm\""]);
        (written == WINDOW as f64).then_some(())
    });
    stop(&daemon);
    go_on(&daemon);
    nothing_is_in_doubt(&daemon, WINDOW);
}

#[test]
fn nothing_is_timed_out_whose_answer_came_over_http_while_the_process_stood_still() {
    let stopped = Arc::new(AtomicBool::new(false));
    let told = stopped.clone();
    let web = Web::start(move |nth, _| {
        until("the daemon stands still", PATIENCE, || told.load(Ordering::Relaxed).then_some(()));
        Act::Reply(202, "", format!("{{\"id\":\"web-{nth}\"}}"))
    });
    let daemon = Daemon::start(&http::config(web.port(), "window = 10\nresponse_timeout = \"1s\""));
    submit(&daemon, 0, WINDOW);
    web.hears(WINDOW);
    stop(&daemon);
    stopped.store(true, Ordering::Relaxed);
    go_on(&daemon);
    nothing_is_in_doubt(&daemon, WINDOW);
    assert_eq!(web.asked().len(), WINDOW, "asked again");
}
