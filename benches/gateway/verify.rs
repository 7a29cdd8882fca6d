//! One-time codes: how many are begun, delivered and checked, what a check takes, what becomes of them behind a carrier
//! that lies, and what the guards remember a million numbers in.

use crate::carrier::{Carrier, Mode};
use crate::daemon::{BINARY, Daemon, Site};
use crate::http::Client;
use crate::load::{CONNECTIONS, KEY, percentile};
use crate::process::nanos;
use crate::rows::{Bench, list, median};
use nuncio::guard::guards::{Asker, Guards, Wish};
use nuncio::guard::policy::Policy;
use nuncio::message::channel::Channel;
use nuncio::message::id::AppId;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::number::line::LineType;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// The code that the application chooses, so that nobody has to read it out of a PDU.
const CODE: &str = "482911";
/// So many of a connection are checked later than they begin: what is approved before it has left does not leave.
const BEHIND: usize = 100;
/// Checks a second of which the time is taken.
const STEADY: u64 = 1_000;
/// Verifications behind a carrier that lies.
const LIED: u64 = 10_000;
/// So many of them a second.
const LIED_RATE: u64 = 250;
/// Numbers that guards are to remember.
const NUMBERS: u64 = 1_000_000;

/// A site whose routes carry codes of the app `login`, by the first of them.
fn site(folder: &Path, routes: &[&'static str]) -> Site {
    let keys = folder.with_extension("keys");
    let made = Command::new(BINARY).args(["keys", "new", "--file"]).arg(&keys).status();
    assert!(made.is_ok_and(|it| it.success()), "keys are made");
    // The country is new, and stays so until three have come back.
    let lines = format!(
        "scopes = [\"send\", \"read\", \"verify\"]\nsenders = [\"SHOP\"]\n[guard]\nmode = {{ new_country = \"off\" }}\n\
         [[app]]\nid = \"login\"\nroute = 1\ncountries = [\"NL\"]\ntext = {{ en = \"{{code}} is your code.\" }}\n\
         [keys]\nring_file = {keys:?}\n"
    );
    Site::new(folder, routes).of_account(lines).of_class("otp")
}

/// A number that no other has, and whose neighbours come at other times: a hundred that follow would be an attack.
fn number(nth: u64) -> u64 {
    31_610_000_000 + (nth.wrapping_mul(40_503_001)) % 50_000_000
}

fn request(head: &str, body: &str) -> Vec<u8> {
    let json = "Content-Type: application/json";
    format!(
        "{head} HTTP/1.1\r\nHost: bench\r\n{json}\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Begins one; its id.
async fn begin(client: &mut Client, nth: u64) -> String {
    let body = format!(r#"{{"to":"+{}","app":"login","custom_code":"{CODE}"}}"#, number(nth));
    let status = client.ask(&request("POST /v1/verifications", &body)).await.expect("the gateway answers");
    assert_eq!(status, 202, "{}", client.body());
    let answer: Value = serde_json::from_str(client.body()).expect("JSON");
    answer["id"].as_str().expect("an id").to_owned()
}

/// Checks one; whether it was right.
async fn check(client: &mut Client, id: &str) -> bool {
    let asked = request(&format!("POST /v1/verifications/{id}/check"), &format!(r#"{{"code":"{CODE}"}}"#));
    assert_eq!(client.ask(&asked).await.expect("the gateway answers"), 200, "{}", client.body());
    client.body().contains(r#""result":"ok""#)
}

impl Bench {
    /// The rows of one-time codes.
    pub(crate) async fn verify(&mut self) {
        let site = site(&self.folder.join("codes"), &["all"]);
        let mut carrier = Carrier::start(site.carrier(1), Mode::Prompt);
        let daemon = site.started().await;
        daemon.until_up(1).await;
        let mut rates = Vec::new();
        for _ in 0..self.rounds {
            rates.push(self.whole(&daemon).await);
        }
        self.codes.row(
            "verifications/s: begun and checked by one application over 64 connections, until every receipt is recorded",
            "5,000",
            "8,000",
            format!("{:.0} (median of {})", median(&rates), list(&rates)),
        );
        let mut took = self.checks(&daemon).await;
        self.codes.row(
            "check, 1,000/s beside as many begins",
            "p99 3 ms beyond the sync",
            "",
            format!("p50 {:.1} ms, p99 {:.1} ms", percentile(&mut took, 0.5), percentile(&mut took, 0.99)),
        );
        assert_eq!(carrier.seen().refused_or_lost, 0, "every receipt is taken");
        daemon.process.terminate();
        self.lied_to().await;
        self.remembered();
    }

    /// Begins and checks so many, and waits until all have their receipts; verifications a second.
    async fn whole(&mut self, daemon: &Daemon) -> f64 {
        let (count, before) = (self.messages / 2, daemon.delivered(1).await);
        let (next, end) = (Rc::new(Cell::new(self.used)), self.used + count);
        self.used = end;
        let began = nanos();
        let work = |next: Rc<Cell<u64>>, port| async move {
            let mut client = Client::connect(port).await.expect("the gateway listens");
            let mut waiting = VecDeque::new();
            while next.get() < end {
                let nth = next.replace(next.get() + 1);
                waiting.push_back(begin(&mut client, nth).await);
                if BEHIND < waiting.len() {
                    let id = waiting.pop_front().unwrap_or_default();
                    assert!(check(&mut client, &id).await, "it is the code: {}", client.body());
                }
            }
            for id in waiting {
                assert!(check(&mut client, &id).await, "it is the code: {}", client.body());
            }
        };
        let tasks: Vec<_> = (0..CONNECTIONS).map(|_| spawn_local(work(next.clone(), daemon.http))).collect();
        for task in tasks {
            task.await.expect("a connection lasts");
        }
        daemon.until_delivered(1, before + count as f64).await;
        count as f64 / (nanos() - began) as f64 * 1e9
    }

    /// What checks take at a steady rate, in milliseconds.
    async fn checks(&mut self, daemon: &Daemon) -> Vec<f64> {
        let (count, from, began) = (STEADY * self.seconds, self.used, nanos() + 50_000_000);
        self.used += count;
        let took = Rc::new(RefCell::new(Vec::new()));
        let work = |lane: u64, took: Rc<RefCell<Vec<f64>>>, port| async move {
            let mut client = Client::connect(port).await.expect("the gateway listens");
            for index in (lane..count).step_by(CONNECTIONS as usize) {
                let due = began + index * 1_000_000_000 / STEADY;
                tokio::time::sleep(Duration::from_nanos(due.saturating_sub(nanos()))).await;
                let id = begin(&mut client, from + index).await;
                let asked = nanos();
                assert!(check(&mut client, &id).await, "it is the code: {}", client.body());
                took.borrow_mut().push((nanos() - asked) as f64 / 1e6);
            }
        };
        let tasks: Vec<_> = (0..CONNECTIONS).map(|lane| spawn_local(work(lane, took.clone(), daemon.http))).collect();
        for task in tasks {
            task.await.expect("a connection lasts");
        }
        took.take()
    }

    /// How many are verified whose first carrier takes everything and delivers nothing: a person enters the code once
    /// it has arrived.
    async fn lied_to(&mut self) {
        let site = site(&self.folder.join("lied"), &["all", "all"]).over(1, &[1, 2], "receipt_window = \"2s\"");
        let _carriers =
            [(1, Mode::Lying), (2, Mode::Prompt)].map(|(route, mode)| Carrier::start(site.carrier(route), mode));
        let daemon = site.started().await;
        daemon.until_up(1).await;
        daemon.until_up(2).await;
        let (from, began, port) = (self.used, nanos(), daemon.http);
        self.used += LIED;
        let person = |nth: u64| async move {
            tokio::time::sleep(Duration::from_nanos((began + nth * 1_000_000_000 / LIED_RATE).saturating_sub(nanos())))
                .await;
            let mut client = Client::connect(port).await.expect("the gateway listens");
            let id = begin(&mut client, from + nth).await;
            for _ in 0..60 {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let asked = request(&format!("GET /v1/verifications/{id}"), "");
                assert_eq!(client.ask(&asked).await.expect("the gateway answers"), 200);
                if !client.body().contains(r#""delivered_at":null"#) {
                    return check(&mut client, &id).await;
                }
            }
            false
        };
        let people: Vec<_> = (0..LIED).map(|nth| spawn_local(person(nth))).collect();
        let mut verified = 0_u64;
        for person in people {
            verified += u64::from(person.await.expect("a connection lasts"));
        }
        let mut client = Client::connect(daemon.http).await.expect("the gateway listens");
        client.ask(&request("GET /v1/verifications/summary", "")).await.expect("the gateway answers");
        let sum: Value = serde_json::from_str(client.body()).expect("JSON");
        assert_eq!(sum["approved"].as_u64(), Some(verified), "{sum}");
        self.codes.row(
            "10,000 verifications, 250/s, whose first carrier takes all and delivers nothing, `receipt_window = \"2s\"`: verified",
            "94 %",
            "100 %",
            format!(
                "{:.1} %, p50 {:.1} s, p95 {:.1} s",
                verified as f64 / LIED as f64 * 100.0,
                sum["seconds_p50"].as_f64().unwrap_or(f64::NAN),
                sum["seconds_p95"].as_f64().unwrap_or(f64::NAN)
            ),
        );
    }

    /// What guards remember numbers in, in this process.
    fn remembered(&mut self) {
        let (mut guards, policy, before) = (Guards::default(), Policy::default(), own_rss());
        for nth in 0..NUMBERS {
            let wish = Wish {
                at: Time(1_800_000_000_000 + nth / 2),
                app: AppId(1),
                channel: Channel::Sms,
                to: E164(31_600_000_000 + nth.wrapping_mul(40_503_001) % 100_000_000),
                by: Asker { address: None, line: LineType::Mobile },
                country: Some("NL"),
                cost: None,
                max_price: None,
                ordered: None,
            };
            _ = guards.sent(&policy, &wish);
        }
        let after = own_rss();
        drop(guards);
        self.codes.row(
            "memory of the guards: 1,000,000 numbers, each sent one code",
            "150 MB",
            "",
            format!("{:.0} MB", (after - before) / 1e6),
        );
    }
}

/// The memory of this process, in octets.
fn own_rss() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("the kernel tells");
    let pages: f64 = text.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("a number");
    pages * 4_096.0
}
