//! What is measured, in an order in which each row leaves what the next one needs.
//!
//! ```text
//!  route 1: a prompt carrier      route 2: a carrier that is down until the drain      route 3: a silent carrier
//! ```

use crate::carrier::{Carrier, Mode, Seen};
use crate::daemon::{Daemon, Site};
use crate::kannel::{self, Kannel};
use crate::load::{self, Sample, percentile};
use crate::process::{cpu, nanos};
use crate::table::{Table, sync};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rows that need nothing of what the others need.
const APART: [&str; 10] =
    ["verify", "failover", "events", "trip", "batch", "bulk", "told", "undelivered", "charges", "invoice"];

/// The benchmark and how much of everything it takes.
pub(crate) struct Bench {
    pub(crate) table: Table,
    /// What `failover` measures.
    pub(crate) failover: Table,
    /// What `verify` measures.
    pub(crate) codes: Table,
    pub(crate) folder: PathBuf,
    /// Messages of a round of throughput.
    pub(crate) messages: u64,
    pub(crate) rounds: usize,
    pub(crate) backlog: u64,
    pub(crate) seconds: u64,
    /// Numbers of requests that were used.
    pub(crate) used: u64,
    /// The picture of throughput through a cut, once it is drawn.
    pub(crate) picture: Option<String>,
}

impl Bench {
    pub(crate) fn new(folder: &Path, quick: bool) -> Self {
        let (messages, rounds, backlog, seconds) =
            if quick { (20_000, 1, 100_000, 3) } else { (100_000, 3, 1_000_000, 10) };
        let (table, failover, codes) = (Table::default(), Table::default(), Table::default());
        let folder = folder.to_owned();
        Self { table, failover, codes, folder, messages, rounds, backlog, seconds, used: 0, picture: None }
    }

    /// Measures the rows that are asked for, or all.
    pub(crate) async fn run(&mut self, only: &[String]) {
        let wanted = |name: &str| only.is_empty() || only.iter().any(|it| it == name);
        if only.iter().any(|it| !APART.contains(&it.as_str())) || only.is_empty() {
            self.of_one_carrier(wanted).await;
        }
        self.events(|name| wanted("events") || wanted(name)).await;
        if wanted("verify") {
            self.verify().await;
        }
        if wanted("failover") {
            self.failover().await;
        }
    }

    async fn of_one_carrier(&mut self, wanted: impl Fn(&str) -> bool) {
        let site = Site::new(&self.folder.join("few"), &["all", "none", "none"]);
        let mut carrier = Carrier::start(site.carrier(1), Mode::Prompt);
        let daemon = site.started().await;
        daemon.until_up(1).await;
        let idle = daemon.process.rss();
        self.table.row("RSS idle", "40 MB", "30 MB", format!("{idle:.0} MB"));
        load::fill(daemon.http, 2, 1_000).await;
        if wanted("throughput") {
            self.throughput(&site, &daemon, &mut carrier).await;
        }
        drop(carrier);
        if wanted("latency") {
            self.latency(&site, &daemon).await;
        }
        if wanted("routes") {
            self.routes(&site, &daemon).await;
        }
        if wanted("backlog") || wanted("drain") {
            let full = Site::new(&self.folder.join("many"), &["all", "none"]);
            let queued = self.queue(&full).await;
            if wanted("backlog") {
                self.beside((&site, &daemon), (&full, &queued)).await;
            }
            drop(daemon);
            self.drain(&full, queued).await;
            self.drain_with_receipts().await;
        }
    }

    /// One message a request, until every receipt is recorded; messages a second.
    pub(crate) async fn round(&mut self, daemon: &Daemon) -> f64 {
        let before = daemon.delivered(1).await;
        let began = nanos();
        load::closed(daemon.http, &load::one(1), self.used, self.messages).await;
        self.used += self.messages;
        daemon.until_delivered(1, before + self.messages as f64).await;
        self.messages as f64 / (nanos() - began) as f64 * 1e9
    }

    /// Rounds of it, and rounds of Kannel between them.
    async fn throughput(&mut self, site: &Site, daemon: &Daemon, carrier: &mut Carrier) {
        let mut kannel = None;
        if kannel::is_here() {
            kannel = Some(Kannel::start(&self.folder, site.carrier(1)).await);
        }
        let (mut rates, mut others, mut spent) = (Vec::new(), Vec::new(), [0.0; 3]);
        let used = || [daemon.process.cpu(), carrier.process.cpu(), cpu("self")];
        for _ in 0..self.rounds {
            let before = used();
            rates.push(self.round(daemon).await);
            for (spent, (after, before)) in spent.iter_mut().zip(used().into_iter().zip(before)) {
                *spent += after - before;
            }
            if let Some(kannel) = &mut kannel {
                others.push(kannel.round(self.messages / 2).await);
            }
        }
        assert_eq!(carrier.seen().refused_or_lost, 0, "every receipt is taken");
        let total = (self.messages * self.rounds as u64) as f64 / 1e6;
        let [gateway, simulator, load] = spent.map(|it| it / total);
        let (middle, rss) = (median(&rates), daemon.process.rss());
        self.table.row(
            "one message a request, keep-alive, a receipt for each that is sent once, until every receipt is recorded",
            "3× Kannel",
            "15,000/s",
            format!(
                "{middle:.0}/s (median of {}); CPU seconds per million: gateway {gateway:.0}, simulator {simulator:.0}, load {load:.0}; RSS {rss:.0} MB",
                list(&rates)
            ),
        );
        let ratio = median(&rates) / median(&others);
        let measured = match kannel {
            Some(_) => format!(
                "{:.0}/s (median of {}); nuncio {ratio:.1}× by the medians of rounds by turns",
                median(&others),
                list(&others)
            ),
            None => "not installed: skipped".to_owned(),
        };
        self.table.row("Kannel 1.4.5 beside it: the same with its callbacks, without any sync", "", "", measured);
    }

    /// At 1,000 requests a second: how long until 202, and until the carrier has it.
    async fn latency(&mut self, site: &Site, daemon: &Daemon) {
        let mut carrier = Carrier::start(site.carrier(1), Mode::Noting);
        daemon.until_up(1).await;
        let (disk, slow) = sync(&self.folder);
        let samples = load::steady(daemon.http, 1, self.used, (1_000, self.seconds)).await;
        self.used += samples.len() as u64;
        while (carrier.seen().submits as usize) < samples.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let came = carrier.times();
        let mut accepted = milliseconds(&samples);
        let mut submitted: Vec<f64> = samples
            .iter()
            .filter_map(|it| came.get(&it.destination).map(|noted| noted.at.saturating_sub(it.sent) as f64 / 1e6))
            .collect();
        assert_eq!(submitted.len(), samples.len(), "the carrier noted every submit");
        let p = |values: &mut [f64], share| percentile(values, share);
        self.table.row(
            "at 1,000 requests/s: 202 at p99, its sync included (floor and aim are beyond it)",
            "5 ms",
            "3 ms",
            format!(
                "{:.2} ms (p50 {:.2} ms; a sync alone takes {disk:.2} ms at p50, {slow:.2} ms at p99)",
                p(&mut accepted, 0.99),
                p(&mut accepted, 0.5)
            ),
        );
        self.table.row(
            "at 1,000 requests/s: request to submit_sm at the carrier at p50, its sync included (floor and aim are beyond it)",
            "3 ms",
            "1 ms",
            format!("{:.2} ms (p99 {:.2} ms)", p(&mut submitted, 0.5), p(&mut submitted, 0.99)),
        );
    }

    /// Whether a silent carrier slows the route of another: rounds with and without one by turns.
    async fn routes(&mut self, site: &Site, daemon: &Daemon) {
        let _prompt = Carrier::start(site.carrier(1), Mode::Prompt);
        daemon.until_up(1).await;
        load::fill(daemon.http, 3, 5_000).await;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for round in 0..6 {
            let silent = (round % 2 == 1).then(|| Carrier::start(site.carrier(3), Mode::Silent));
            if silent.is_some() {
                daemon.until_up(3).await;
            }
            let samples = load::steady(daemon.http, 1, self.used, (500, self.seconds.div_ceil(2))).await;
            self.used += samples.len() as u64;
            let rounds = if silent.is_some() { &mut with } else { &mut without };
            rounds.push(percentile(&mut milliseconds(&samples), 0.99));
        }
        self.table.row(
            "202 at p99 on one route with another route's carrier silent",
            "1.5×",
            "1×",
            format!(
                "{:.2}× by the medians ({} against {} ms, by turns)",
                median(&with) / median(&without),
                short(&with),
                short(&without)
            ),
        );
    }

    /// A gateway with a backlog, and what it weighs.
    async fn queue(&mut self, site: &Site) -> Daemon {
        let (many, daemon) = (self.backlog, site.started().await);
        let began = nanos();
        load::fill(daemon.http, 2, many).await;
        let filled = many as f64 / (nanos() - began) as f64 * 1e9;
        let rss = daemon.process.rss();
        let measured = format!("{rss:.0} MB (queued at {filled:.0}/s by requests of 10,000)");
        self.table.row(&format!("RSS with {many} queued"), "250 MB", "150 MB", measured);
        daemon
    }

    /// Messages a second on one route with a backlog on another, against a gateway without, by turns.
    async fn beside(&mut self, few: (&Site, &Daemon), many: (&Site, &Daemon)) {
        let _carriers = [few, many].map(|(site, _)| Carrier::start(site.carrier(1), Mode::Prompt));
        few.1.until_up(1).await;
        many.1.until_up(1).await;
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..self.rounds {
            rates[0].push(self.round(few.1).await);
            rates[1].push(self.round(many.1).await);
        }
        let ratio = median(&rates[1]) / median(&rates[0]);
        self.table.row(
            &format!("messages/s with {} queued against a thousand", self.backlog),
            "0.8×",
            "1×",
            format!("{ratio:.2}× by the medians ({} against {}, by turns)", list(&rates[1]), list(&rates[0])),
        );
    }

    /// How soon after a restart a backlog begins to leave, and how fast it leaves.
    async fn drain(&mut self, site: &Site, daemon: Daemon) {
        let many = self.backlog;
        daemon.process.terminate();
        let mut carrier = Carrier::start(site.carrier(2), Mode::Prompt);
        let daemon = site.start();
        let mut seen = until_first(&mut carrier).await;
        let first = (seen.first - daemon.began) as f64 / 1e9;
        self.table.row(
            &format!(
                "restart with {many} queued, after SIGTERM, the pages of the store still in memory: first submit_sm"
            ),
            "3 s",
            "0.5 s",
            format!("{first:.2} s"),
        );
        let mut ended = nanos();
        while seen.submits < many {
            tokio::time::sleep(Duration::from_millis(20)).await;
            (seen, ended) = (carrier.seen(), nanos());
        }
        let rate = seen.submits as f64 / (ended - seen.first) as f64 * 1e9;
        self.table.row(
            &format!("draining a stored backlog of {many} through one bind, window 100, no receipts asked for, after that restart"),
            "20,000 submit_sm/s",
            "50,000",
            format!("{rate:.0} submit_sm/s; {}", spent(&daemon, &carrier, many)),
        );
    }

    /// The same with a receipt for each message, until all are recorded.
    async fn drain_with_receipts(&mut self) {
        let (many, site) = (self.backlog, Site::new(&self.folder.join("receipts"), &["all", "all"]));
        let daemon = site.started().await;
        load::fill(daemon.http, 2, many).await;
        daemon.process.terminate();
        let mut carrier = Carrier::start(site.carrier(2), Mode::Prompt);
        let daemon = site.started().await;
        let began = until_first(&mut carrier).await.first;
        daemon.until_delivered(2, many as f64).await;
        let rate = many as f64 / (nanos() - began) as f64 * 1e9;
        assert_eq!(carrier.seen().refused_or_lost, 0, "every receipt is taken");
        let rss = daemon.process.rss();
        self.table.row(
            &format!("draining {many} with a receipt for each that is sent once, until all receipts are recorded"),
            "",
            "30,000/s",
            format!("{rate:.0}/s; {}; RSS {rss:.0} MB", spent(&daemon, &carrier, many)),
        );
    }
}

/// What a carrier has seen when its first submit_sm has come.
async fn until_first(carrier: &mut Carrier) -> Seen {
    loop {
        let seen = carrier.seen();
        if seen.first != 0 {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The CPU that so many messages took of processes that began with them.
fn spent(daemon: &Daemon, carrier: &Carrier, many: u64) -> String {
    let [gateway, simulator] = [&daemon.process, &carrier.process].map(|it| it.cpu() / many as f64 * 1e6);
    format!("CPU seconds per million: gateway {gateway:.1}, simulator {simulator:.1}")
}

pub(crate) fn milliseconds(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|it| (it.answered - it.sent) as f64 / 1e6).collect()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(&mut values.to_vec(), 0.5)
}

/// Milliseconds, one after the other.
pub(crate) fn short(times: &[f64]) -> String {
    let times: Vec<String> = times.iter().map(|it| format!("{it:.2}")).collect();
    times.join(", ")
}

pub(crate) fn list(rates: &[f64]) -> String {
    let rates: Vec<String> = rates.iter().map(|it| format!("{it:.0}")).collect();
    rates.join(", ")
}
