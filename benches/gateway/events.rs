//! The full round trip: a request, a submit, a receipt, and the webhook that tells of it; beside Kannel with its
//! callback. And requests of a thousand recipients.

use crate::carrier::{Carrier, Mode};
use crate::daemon::{Daemon, Site};
use crate::http::{Manner, application, events_in};
use crate::kannel::{self, Kannel};
use crate::load::{self, KEY};
use crate::process::{free_port, nanos};
use crate::rows::{Bench, list, median};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// How long webhooks may take after the last request.
const WAIT_MAX: u64 = 120_000_000_000;
/// Recipients of a bulk request.
const BULK: u64 = 1_000;

/// What an event has before the number of its recipient.
const TO: &[u8] = b"\"to\":\"+";

/// A gateway that tells an endpoint here.
pub(crate) struct Told {
    pub(crate) site: Site,
    pub(crate) daemon: Daemon,
    pub(crate) events: Rc<Cell<u64>>,
    /// When the recipient of the first event of each call was told of, in [`nanos`].
    pub(crate) heard: Rc<RefCell<HashMap<u64, u64>>>,
}

/// The table of an endpoint on this machine.
pub(crate) fn endpoint(bench: &Bench, port: u16, more: &str) -> String {
    let secret = bench.folder.join("whsec");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a file can be written");
    format!(
        "{{ url = \"http://127.0.0.1:{port}/\", secret_file = \"{}\", allow_networks = [\"127.0.0.1\"], \
         in_flight = 32{more} }}",
        secret.display()
    )
}

impl Told {
    /// Starts one whose endpoint has `more` keys, and with `others` behind its account.
    pub(crate) async fn start(bench: &Bench, name: &str, more: &str, others: &str) -> Self {
        let port = free_port();
        let lines = format!("webhook = {}\n{others}", endpoint(bench, port, more));
        let site = Site::new(&bench.folder.join(name), &["all"]).of_account(lines);
        let (events, heard) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(HashMap::new())));
        let (count, note) = (events.clone(), heard.clone());
        let hears = move |body: &[u8]| {
            note.borrow_mut().extend(recipient(body).map(|it| (it, nanos())));
            count.set(count.get() + events_in(body));
        };
        tokio::task::spawn_local(application(port, Manner::Takes, Rc::new(hears)));
        let daemon = site.started().await;
        Self { site, daemon, events, heard }
    }

    /// Messages a second, until every webhook has come.
    pub(crate) async fn round(&self, bench: &mut Bench, count: u64) -> f64 {
        self.heard.borrow_mut().clear();
        let (before, began) = (self.events.get(), nanos());
        load::closed(self.daemon.http, &load::one(1), bench.used, count).await;
        bench.used += count;
        self.until(before + count).await;
        count as f64 / (nanos() - began) as f64 * 1e9
    }

    /// Waits until so many events have come.
    pub(crate) async fn until(&self, count: u64) {
        let began = nanos();
        while self.events.get() < count {
            assert!(nanos() - began < WAIT_MAX, "{} of {count} events came", self.events.get());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The number of the recipient in an event.
fn recipient(body: &[u8]) -> Option<u64> {
    let at = body.windows(TO.len()).position(|it| it == TO)? + TO.len();
    let digits = body[at..].iter().take_while(|it| it.is_ascii_digit());
    Some(digits.fold(0, |number, it| number * 10 + u64::from(it - b'0')))
}

impl Bench {
    /// The rows that are wanted of those of events.
    pub(crate) async fn events(&mut self, wanted: impl Fn(&str) -> bool) {
        if wanted("trip") {
            self.trip("one", "", ["6× Kannel", "10×"]).await;
        }
        if wanted("batch") {
            self.trip("batch", ", batch = 100", ["9× Kannel", "15×"]).await;
        }
        if wanted("bulk") {
            self.bulk().await;
        }
        if wanted("told") {
            self.told().await;
        }
        if wanted("undelivered") {
            self.undelivered().await;
        }
        if wanted("charges") || wanted("invoice") {
            self.charges(wanted).await;
        }
    }

    /// Rounds with webhooks, one by one or in batches, and rounds of Kannel with its callbacks between them.
    async fn trip(&mut self, name: &str, more: &str, [floor, aim]: [&str; 2]) {
        let told = Told::start(self, &format!("events-{name}"), more, "").await;
        let mut carrier = Carrier::start(told.site.carrier(1), Mode::Prompt);
        told.daemon.until_up(1).await;
        let mut kannel = None;
        if kannel::is_here() {
            kannel = Some(Kannel::start(&self.folder, told.site.carrier(1)).await);
        }
        let (mut rates, mut others) = (Vec::new(), Vec::new());
        let cpu = told.daemon.process.cpu();
        let (count, rounds) = (self.messages, self.rounds);
        for _ in 0..rounds {
            rates.push(told.round(self, count).await);
            if let Some(kannel) = &mut kannel {
                others.push(kannel.round(count / 4).await);
            }
        }
        assert_eq!(carrier.seen().refused_or_lost, 0, "every receipt is taken");
        let spent = (told.daemon.process.cpu() - cpu) / (count * rounds as u64) as f64 * 1e6;
        let beside = match kannel {
            Some(_) => format!(
                "{:.1}× Kannel's {} by the medians of rounds by turns",
                median(&rates) / median(&others),
                list(&others)
            ),
            None => "Kannel is not installed".to_owned(),
        };
        let work = format!("one message a request, until its webhook has come{more}");
        let rss = told.daemon.process.rss();
        let measured =
            format!("{}/s; {beside}; gateway {spent:.0} CPU seconds per million; RSS {rss:.0} MB", list(&rates));
        self.table.row(&work, floor, aim, measured);
    }

    async fn bulk(&mut self) {
        let site = Site::new(&self.folder.join("bulk"), &["all"]);
        let daemon = site.started().await;
        let (many, began) = (self.backlog, nanos());
        load::fill_by(daemon.http, (KEY, 1), many, BULK).await;
        let rate = many as f64 / (nanos() - began) as f64 * 1e9;
        self.table.row(
            "bulk requests of 1,000 recipients, durable",
            "60,000 messages/s",
            "150,000",
            format!("{rate:.0}/s"),
        );
    }
}
