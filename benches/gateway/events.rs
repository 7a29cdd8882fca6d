//! The full round trip: a request, a submit, a receipt, and the webhook that tells of it; beside Kannel with its
//! callback. And requests of a thousand recipients.

use crate::carrier::{Carrier, Mode};
use crate::daemon::{Daemon, Site};
use crate::http::sink;
use crate::kannel::{self, Kannel};
use crate::load;
use crate::process::{free_port, nanos};
use crate::rows::{Bench, list, median};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// How long webhooks may take after the last request.
const WAIT_MAX: u64 = 120_000_000_000;
/// Recipients of a bulk request.
const BULK: u64 = 1_000;

/// A gateway that tells an endpoint here.
struct Told {
    daemon: Daemon,
    events: Rc<Cell<u64>>,
}

impl Told {
    async fn start(bench: &Bench, name: &str, more: &str) -> (Site, Self) {
        let port = free_port();
        let secret = bench.folder.join("whsec");
        std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a file can be written");
        let endpoint = format!(
            "webhook = {{ url = \"http://127.0.0.1:{port}/\", secret_file = \"{}\", allow_networks = [\"127.0.0.1\"], \
             in_flight = 32{more} }}\n",
            secret.display()
        );
        let site = Site::new(&bench.folder.join(name), &["all"]).of_account(endpoint);
        let events = Rc::new(Cell::new(0));
        tokio::task::spawn_local(sink(port, events.clone()));
        let daemon = site.started().await;
        (site, Self { daemon, events })
    }

    /// Messages a second, until every webhook has come.
    async fn round(&self, bench: &mut Bench, count: u64) -> f64 {
        let (before, began) = (self.events.get(), nanos());
        load::closed(self.daemon.http, &load::one(1), bench.used, count).await;
        bench.used += count;
        while self.events.get() < before + count {
            let came = self.events.get() - before;
            assert!(nanos() - began < WAIT_MAX, "{came} of {count} events came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        count as f64 / (nanos() - began) as f64 * 1e9
    }
}

impl Bench {
    /// Rounds with webhooks, one by one and in batches, and rounds of Kannel with its callbacks between them.
    pub(crate) async fn events(&mut self) {
        for (name, more, floor, aim) in
            [("one", "", "6× Kannel", "10×"), ("batch", ", batch = 100", "9× Kannel", "15×")]
        {
            let (site, told) = Told::start(self, &format!("events-{name}"), more).await;
            let mut carrier = Carrier::start(site.carrier(1), Mode::Prompt);
            told.daemon.until_up(1).await;
            let mut kannel = None;
            if kannel::is_here() {
                kannel = Some(Kannel::start(&self.folder, site.carrier(1)).await);
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
            let work = format!(
                "one message a request, until its webhook has come{}",
                if more.is_empty() { "" } else { ", batch = 100" }
            );
            let rss = told.daemon.process.rss();
            let measured =
                format!("{}/s; {beside}; gateway {spent:.0} CPU seconds per million; RSS {rss:.0} MB", list(&rates));
            self.table.row(&work, floor, aim, measured);
        }
        let site = Site::new(&self.folder.join("bulk"), &["all"]);
        let daemon = site.started().await;
        let (many, began) = (self.backlog, nanos());
        load::fill_by(daemon.http, 1, many, BULK).await;
        let rate = many as f64 / (nanos() - began) as f64 * 1e9;
        self.table.row(
            "bulk requests of 1,000 recipients, durable",
            "60,000 messages/s",
            "150,000",
            format!("{rate:.0}/s"),
        );
    }
}
