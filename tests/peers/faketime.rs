//! The real binary under clocks that are wrong: libfaketime gives it another wall clock and leaves the monotonic one.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, route, until};
use crate::peers::need::{faketime, trials};
use nuncio::message::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

trials! {
    [Faketime]:
        a_clock_that_is_forty_days_ahead_at_the_start_ends_and_deletes_nothing,
        a_clock_that_is_forty_days_behind_at_the_start_is_shown_once_it_is_confirmed,
        three_weeks_that_nothing_ran_count_once_the_clock_is_confirmed,
        what_is_asked_for_at_a_time_goes_by_the_clock_as_it_is_put_right,
        a_second_and_hours_back_and_forth_under_load_lose_and_repeat_nothing;
}

const PATIENCE: Duration = Duration::from_secs(20);
/// How long is looked whether something happens that must not: retention and expiry look every second and oftener.
const WATCHED: Duration = Duration::from_secs(3);
const DAY: i64 = 86_400;

/// A wall clock for a daemon, off from the machine's by what stands in a file.
struct Wall(TempDir);

impl Wall {
    fn new() -> Self {
        let wall = Self(tempfile::tempdir().expect("a folder"));
        wall.off(0);
        wall
    }

    /// Puts it off by so many seconds, at once.
    fn off(&self, seconds: i64) {
        let new = self.0.path().join("new");
        std::fs::write(&new, format!("{seconds:+}\n")).expect("the folder takes files");
        std::fs::rename(new, self.0.path().join("off")).expect("it takes the place of the old");
    }

    fn daemon(&self, config: &str) -> Daemon {
        let (library, file) = (faketime().expect("it is there"), self.0.path().join("off"));
        let words = [
            ("LD_PRELOAD", library.to_str().expect("a path")),
            ("FAKETIME_TIMESTAMP_FILE", file.to_str().expect("a path")),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        Daemon::start_with(config, &words)
    }
}

#[expect(clippy::disallowed_methods, reason = "what the daemon is shown goes by the clock on the wall")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs().cast_signed()
}

fn rfc(seconds: i64) -> String {
    Time(seconds.unsigned_abs() * 1_000).to_string()
}

fn send(daemon: &Daemon, more: &Value) -> String {
    let mut body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = daemon.client().post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().expect("an id"))
}

fn status(daemon: &Daemon, page: &str) -> String {
    daemon.client().get(page).json()["status"].as_str().unwrap_or("gone").to_owned()
}

fn becomes(daemon: &Daemon, page: &str, wanted: &str) {
    until(wanted, PATIENCE, || (status(daemon, page) == wanted).then_some(()));
}

/// Seconds since 1970 at which a message was accepted, as it is shown.
fn created(daemon: &Daemon, page: &str) -> i64 {
    let shown = daemon.client().get(page).json()["created_at"].clone();
    let parse = |it: &str| time::OffsetDateTime::parse(it, &time::format_description::well_known::Rfc3339).ok();
    shown.as_str().and_then(parse).unwrap_or_else(|| panic!("{shown} is no time")).unix_timestamp()
}

fn near(shown: i64, wanted: i64) {
    assert!((shown - wanted).abs() < 60, "{shown} is shown for {wanted}");
}

fn doubted(daemon: &Daemon) -> (f64, i64) {
    // Both are set by the loop, one after the other, once a second.
    until("metrics and statusz say the same", PATIENCE, || {
        let (page, statusz) = (daemon.metrics(), daemon.operator().get("/statusz").json());
        let gap = page.value("clock_gap_seconds") as i64;
        let same = statusz["clock_doubted"].as_bool()? == (page.value("clock_doubted") == 1.0);
        (same && statusz["clock_gap_seconds"] == gap).then(|| (page.value("clock_doubted"), gap))
    })
}

fn confirm(daemon: &Daemon) {
    let ask = || daemon.operator().post("/admin/v1/clock/confirm", &json!({ "reason": "compared with my watch" }));
    let reply = ask();
    assert_eq!((reply.status, &reply.json()["target"]), (200, &json!({ "store": "clock" })), "{}", reply.text());
    until("it is believed", PATIENCE, || (doubted(daemon) == (0.0, 0)).then_some(()));
    until("a second word is refused", PATIENCE, || (ask().status == 409).then_some(()));
}

/// A delivered, a sent and a queued message, in this order, and the carrier.
fn three(daemon: &Daemon, smsc: &Smsc) -> [String; 3] {
    let mut link = smsc.bound();
    let delivered = send(daemon, &json!({}));
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"one\0");
    becomes(daemon, &delivered, "SENT");
    link.send_pdu(raw::DELIVER_SM, 9, &raw::deliver(4, b"id:one stat:DELIVRD err:000"));
    becomes(daemon, &delivered, "DELIVERED");
    let sent = send(daemon, &json!({}));
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"two\0");
    becomes(daemon, &sent, "SENT");
    // Whoever binds anew is not answered.
    drop(link);
    let queued = send(daemon, &json!({}));
    [delivered, sent, queued]
}

/// Takes links until one of a process that lives submits something, and answers that.
fn submitted(smsc: &Smsc) {
    loop {
        let mut link = smsc.accept();
        let Ok(bind) = link.read() else { continue };
        link.answer(&bind, 0, b"smsc\0");
        if let Ok(submit) = link.read().as_ref()
            && submit.command == raw::SUBMIT_SM
        {
            return link.answer(submit, 0, b"three\0");
        }
    }
}

fn config(smsc: &Smsc) -> String {
    let config = account("[1]") + &carrier(smsc.port(), "") + &route("validity = \"1h\"\nreceipt_timeout = \"1h\"");
    config + "[store]\nretention = \"1h\"\n"
}

fn statuses(daemon: &Daemon, pages: &[String]) -> Vec<String> {
    pages.iter().map(|it| status(daemon, it)).collect()
}

fn a_clock_that_is_forty_days_ahead_at_the_start_ends_and_deletes_nothing() {
    let (smsc, wall) = (Smsc::new(), Wall::new());
    let mut daemon = wall.daemon(&config(&smsc));
    let pages = three(&daemon, &smsc);
    for stop in ["stop", "kill"] {
        if stop == "kill" {
            daemon.kill();
        } else {
            assert_eq!(daemon.terminate().code(), Some(0));
        }
        wall.off(40 * DAY);
        daemon.restart();
        daemon.said("the wall clock stands far from where the store last was", 1);
        let (is, gap) = doubted(&daemon);
        assert_eq!(is, 1.0);
        near(gap, 40 * DAY);
        std::thread::sleep(WATCHED);
        assert_eq!(statuses(&daemon, &pages), ["DELIVERED", "SENT", "QUEUED"], "after a {stop}");
        near(created(&daemon, &send(&daemon, &json!({}))), now());
        daemon.terminate();
        wall.off(0);
        daemon.restart();
        assert_eq!(doubted(&daemon), (0.0, 0));
        assert_eq!(statuses(&daemon, &pages), ["DELIVERED", "SENT", "QUEUED"], "after a {stop}");
        near(created(&daemon, &send(&daemon, &json!({}))), now());
    }
    // What waited goes on.
    submitted(&smsc);
    becomes(&daemon, &pages[2], "SENT");
}

fn a_clock_that_is_forty_days_behind_at_the_start_is_shown_once_it_is_confirmed() {
    let (smsc, wall) = (Smsc::new(), Wall::new());
    let mut daemon = wall.daemon(&config(&smsc));
    let pages = three(&daemon, &smsc);
    let before = created(&daemon, &pages[0]);
    daemon.terminate();
    wall.off(-40 * DAY);
    daemon.restart();
    daemon.said("the wall clock stands far from where the store last was", 1);
    let (is, gap) = doubted(&daemon);
    assert_eq!(is, 1.0);
    near(gap, -40 * DAY);
    near(created(&daemon, &send(&daemon, &json!({}))), now());
    confirm(&daemon);
    let page = until("new messages have the new time", PATIENCE, || {
        let page = send(&daemon, &json!({}));
        (created(&daemon, &page) < now() - 39 * DAY).then_some(page)
    });
    near(created(&daemon, &page), now() - 40 * DAY);
    assert_eq!(created(&daemon, &pages[0]), before, "what was shown before is shown so");
    let since = rfc(now() - 41 * DAY);
    let listed = daemon.client().get(&format!("/v1/messages?since={since}&until={}", rfc(now() - 39 * DAY))).json();
    assert!(listed["data"].as_array().unwrap().iter().any(|it| page.ends_with(it["id"].as_str().unwrap())), "{listed}");
    std::thread::sleep(WATCHED);
    assert_eq!(statuses(&daemon, &pages), ["DELIVERED", "SENT", "QUEUED"]);
    daemon.terminate();
    daemon.restart();
    assert_eq!(doubted(&daemon), (0.0, 0), "it stands where the store last was");
    // Put right while it runs: a step, and nothing is over by it.
    wall.off(0);
    until("the step is seen", PATIENCE, || (daemon.metrics().value("clock_steps_total") == 1.0).then_some(()));
    std::thread::sleep(WATCHED);
    near(created(&daemon, &send(&daemon, &json!({}))), now());
    assert_eq!(statuses(&daemon, &pages), ["DELIVERED", "SENT", "QUEUED"]);
}

fn three_weeks_that_nothing_ran_count_once_the_clock_is_confirmed() {
    let (smsc, wall) = (Smsc::new(), Wall::new());
    let mut daemon = wall.daemon(&config(&smsc));
    let pages = three(&daemon, &smsc);
    daemon.terminate();
    wall.off(21 * DAY);
    daemon.restart();
    daemon.said("the wall clock stands far from where the store last was", 1);
    confirm(&daemon);
    becomes(&daemon, &pages[2], "EXPIRED");
    becomes(&daemon, &pages[1], "UNKNOWN");
    becomes(&daemon, &pages[0], "gone");
    near(created(&daemon, &send(&daemon, &json!({}))), now() + 21 * DAY);
}

fn what_is_asked_for_at_a_time_goes_by_the_clock_as_it_is_put_right() {
    let (smsc, wall) = (Smsc::new(), Wall::new());
    let daemon = wall.daemon(&config(&smsc));
    let mut link = smsc.bound();
    let asked = |at: i64, text: &str| send(&daemon, &json!({ "send_at": rfc(at), "text": text }));
    // In an hour, by the wall of now.
    let hour = asked(now() + 3_600, "hour");
    // Put right by two hours behind the boot: what is to go in four seconds goes then, and so does what is overdue.
    wall.off(7_200);
    until("the step is seen", PATIENCE, || (daemon.metrics().value("clock_steps_total") == 1.0).then_some(()));
    let submit = link.read_command(raw::SUBMIT_SM);
    assert!(submit.body.ends_with(b"hour"), "{submit:?}");
    link.answer(&submit, 0, b"1\0");
    becomes(&daemon, &hour, "SENT");
    let begins = now() + 7_200 + 4;
    let soon = asked(begins, "soon");
    let submit = link.read_command(raw::SUBMIT_SM);
    assert!(submit.body.ends_with(b"soon") && begins <= now() + 7_200, "it came too early");
    assert!(now() + 7_200 <= begins + 10, "it came too late");
    link.answer(&submit, 0, b"2\0");
    becomes(&daemon, &soon, "SENT");
    // Put back: what would have gone in three seconds waits for the wall.
    let later = asked(now() + 7_200 + 3, "later");
    wall.off(0);
    until("the step is seen", PATIENCE, || (daemon.metrics().value("clock_steps_total") == 2.0).then_some(()));
    std::thread::sleep(WATCHED + Duration::from_secs(2));
    assert_eq!(status(&daemon, &later), "QUEUED");
    wall.off(7_200);
    let submit = link.read_command(raw::SUBMIT_SM);
    assert!(submit.body.ends_with(b"later"), "{submit:?}");
}

/// Answers and delivers everything; how often each text came.
fn serve(mut link: Link) -> BTreeMap<Vec<u8>, u32> {
    let mut came = BTreeMap::new();
    let mut sequence = 0;
    while let Ok(frame) = link.read() {
        match frame.command {
            raw::SUBMIT_SM => {
                sequence += 1;
                let text = frame.body[frame.body.len() - 4..].to_vec();
                *came.entry(text).or_insert(0) += 1;
                link.answer(&frame, 0, format!("z{sequence}\0").as_bytes());
                let receipt = format!("id:z{sequence} stat:DELIVRD err:000");
                link.send_pdu(raw::DELIVER_SM, sequence, &raw::deliver(4, receipt.as_bytes()));
            }
            raw::ENQUIRE_LINK => link.answer(&frame, 0, b""),
            raw::UNBIND => {
                link.answer(&frame, 0, b"");
                return came;
            }
            _ => (),
        }
    }
    came
}

fn a_second_and_hours_back_and_forth_under_load_lose_and_repeat_nothing() {
    let (smsc, wall) = (Smsc::new(), Wall::new());
    let mut daemon = wall.daemon(&config(&smsc));
    let link = smsc.bound();
    let carrier = std::thread::spawn(move || serve(link));
    let over = AtomicBool::new(false);
    let mut pages = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A leap second comes as one second twice; then hours and weeks, to and fro.
            for off in [-1, 7_200, -7_200, 40 * DAY, 0, -40 * DAY, 3_600].into_iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                wall.off(off);
                std::thread::sleep(Duration::from_millis(700));
            }
        });
        for at in 0..600 {
            pages.push(send(&daemon, &json!({ "text": format!("{at:04}") })));
            std::thread::sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::Relaxed);
    });
    for page in &pages {
        becomes(&daemon, page, "DELIVERED");
    }
    assert!(5.0 <= daemon.metrics().value("clock_steps_total"), "it saw the steps");
    assert_eq!(daemon.terminate().code(), Some(0));
    let came = carrier.join().expect("the carrier ends");
    assert_eq!((came.len(), came.values().max()), (600, Some(&1)));
}
