//! What is measured, in an order in which each row leaves what the next one needs.
//!
//! ```text
//!  route 1: a prompt carrier      route 2: a carrier that is down until the drain      route 3: a silent carrier
//! ```

use crate::carrier::{Carrier, Manner};
use crate::daemon::{Daemon, Site};
use crate::kannel::{self, Kannel};
use crate::load::{self, Sample, percentile};
use crate::process::{cpu, nanos};
use crate::table::{Table, sync};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The benchmark and how much of everything it takes.
pub(crate) struct Bench {
    pub(crate) table: Table,
    folder: PathBuf,
    /// Messages of a round of throughput.
    messages: u64,
    rounds: usize,
    backlog: u64,
    seconds: u64,
    /// Numbers of requests that were used.
    used: u64,
    /// The best rate of throughput, for the comparison.
    best: f64,
}

impl Bench {
    pub(crate) fn new(folder: &Path, quick: bool, table: Table) -> Self {
        let (messages, rounds, backlog, seconds) =
            if quick { (20_000, 1, 100_000, 3) } else { (100_000, 3, 1_000_000, 10) };
        Self { table, folder: folder.to_owned(), messages, rounds, backlog, seconds, used: 0, best: 0.0 }
    }

    /// Measures the rows that are asked for, or all.
    pub(crate) async fn run(&mut self, only: &[String]) {
        let wanted = |name: &str| only.is_empty() || only.iter().any(|it| it == name);
        let site = Site::new(&self.folder, &["all", "none", "none"]);
        let carrier = Carrier::start(site.carrier(1), Manner::Prompt);
        let daemon = site.started().await;
        daemon.until_up(1).await;
        let idle = daemon.process.rss();
        self.table.row("RSS idle", "40 MB", "30 MB", format!("{idle:.0} MB"));
        load::fill(daemon.http, 2, 1_000).await;
        if wanted("throughput") || wanted("backlog") || wanted("kannel") {
            self.throughput(&daemon, &carrier).await;
        }
        if wanted("kannel") {
            self.kannel(&site).await;
        }
        drop(carrier);
        if wanted("latency") {
            self.latency(&site, &daemon).await;
        }
        if wanted("routes") {
            self.routes(&site, &daemon).await;
        }
        if wanted("backlog") || wanted("drain") || wanted("restart") {
            self.backlog(&site, daemon, wanted("backlog")).await;
        }
    }

    /// One message a request, until every receipt is recorded; messages a second.
    async fn round(&mut self, daemon: &Daemon) -> f64 {
        let before = daemon.delivered(1).await;
        let began = nanos();
        load::closed(daemon.http, &load::one(1), self.used, self.messages).await;
        self.used += self.messages;
        daemon.until_delivered(1, before + self.messages as f64).await;
        self.messages as f64 / (nanos() - began) as f64 * 1e9
    }

    async fn throughput(&mut self, daemon: &Daemon, carrier: &Carrier) {
        let mut rates = Vec::new();
        let used = || [daemon.process.cpu(), carrier.process.cpu(), cpu("self")];
        let before = used();
        for _ in 0..self.rounds {
            rates.push(self.round(daemon).await);
        }
        let after = used();
        let total = (self.messages * self.rounds as u64) as f64 / 1e6;
        let each: Vec<String> = (0..3).map(|it| format!("{:.0}", (after[it] - before[it]) / total)).collect();
        self.best = rates.iter().copied().fold(0.0, f64::max);
        let (best, rss) = (self.best, daemon.process.rss());
        self.table.row(
            "one message a request, keep-alive, receipts on, until every receipt is recorded",
            "3× Kannel",
            "15,000/s",
            format!(
                "{best:.0}/s (of {}); CPU seconds per million: gateway {}, simulator {}, load {}; RSS {rss:.0} MB",
                list(&rates),
                each[0],
                each[1],
                each[2]
            ),
        );
    }

    async fn kannel(&mut self, site: &Site) {
        let work = "Kannel 1.4.5 beside it: the same with its callbacks, without any sync";
        if !kannel::is_here() {
            self.table.row(work, "", "", "not installed: skipped".to_owned());
            return;
        }
        let mut kannel = Kannel::start(&self.folder, site.carrier(1)).await;
        let count = self.messages / 2;
        let rates = [kannel.round(count).await, kannel.round(count).await];
        let best = rates.iter().copied().fold(0.0, f64::max);
        let ratio = self.best / best;
        self.table.row(work, "", "", format!("{best:.0}/s (of {}); nuncio {ratio:.1}×", list(&rates)));
    }

    /// At 1,000 requests a second: how long until 202, and until the carrier has it.
    async fn latency(&mut self, site: &Site, daemon: &Daemon) {
        let mut carrier = Carrier::start(site.carrier(1), Manner::Noting);
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
            .filter_map(|it| came.get(&it.destination).map(|at| at.saturating_sub(it.sent) as f64 / 1e6))
            .collect();
        assert_eq!(submitted.len(), samples.len(), "the carrier noted every submit");
        let p = |values: &mut [f64], share| percentile(values, share);
        self.table.row(
            "at 1,000 requests/s: 202 at p99, beyond the disk's own sync",
            "5 ms",
            "3 ms",
            format!(
                "{:.2} ms (p50 {:.2} ms, a sync included, which takes {disk:.2} ms at p50, {slow:.2} ms at p99)",
                p(&mut accepted, 0.99) - disk,
                p(&mut accepted, 0.5)
            ),
        );
        self.table.row(
            "at 1,000 requests/s: request to submit_sm at the carrier at p50, beyond the disk's own sync",
            "3 ms",
            "1 ms",
            format!("{:.2} ms (p99 {:.2} ms, a sync included)", p(&mut submitted, 0.5) - disk, p(&mut submitted, 0.99)),
        );
    }

    /// Whether a silent carrier slows the route of another.
    async fn routes(&mut self, site: &Site, daemon: &Daemon) {
        let _prompt = Carrier::start(site.carrier(1), Manner::Prompt);
        daemon.until_up(1).await;
        let mut p99 = Vec::new();
        for silent in [false, true] {
            let _silent = silent.then(|| Carrier::start(site.carrier(3), Manner::Silent));
            if silent {
                daemon.until_up(3).await;
                load::fill(daemon.http, 3, 5_000).await;
            }
            let mut rounds = Vec::new();
            for _ in 0..3 {
                let samples = load::steady(daemon.http, 1, self.used, (500, self.seconds.div_ceil(2))).await;
                self.used += samples.len() as u64;
                rounds.push(percentile(&mut milliseconds(&samples), 0.99));
            }
            p99.push(percentile(&mut rounds, 0.5));
        }
        let ratio = p99[1] / p99[0];
        self.table.row(
            "202 at p99 on one route with another route's carrier silent",
            "1.5×",
            "1×",
            format!("{ratio:.2}× ({:.2} ms against {:.2} ms, medians of three)", p99[1], p99[0]),
        );
    }

    /// A backlog: what it weighs, whether it slows the rest, how fast it begins to leave, how fast it leaves.
    async fn backlog(&mut self, site: &Site, daemon: Daemon, compare: bool) {
        let many = self.backlog;
        let began = nanos();
        load::fill(daemon.http, 2, many).await;
        let filled = many as f64 / (nanos() - began) as f64 * 1e9;
        let rss = daemon.process.rss();
        self.table.row(
            &format!("RSS with {many} queued"),
            "250 MB",
            "150 MB",
            format!("{rss:.0} MB (queued at {filled:.0}/s)"),
        );
        if compare {
            self.beside(site, &daemon).await;
        }
        let in_all = daemon.metric("queue_messages", &["route=\"2\""]).await as u64;
        daemon.process.terminate();
        let mut carrier = Carrier::start(site.carrier(2), Manner::Prompt);
        let daemon = site.start();
        let mut seen = carrier.seen();
        while seen.first == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            seen = carrier.seen();
        }
        let first = (seen.first - daemon.began) as f64 / 1e9;
        self.table.row(
            &format!("restart with {many} queued: first submit_sm"),
            "3 s",
            "0.5 s",
            format!("{first:.2} s"),
        );
        let used = || [daemon.process.cpu(), carrier.process.cpu()];
        let before = used();
        let mut ended = nanos();
        while seen.submits < in_all {
            tokio::time::sleep(Duration::from_millis(20)).await;
            (seen, ended) = (carrier.seen(), nanos());
        }
        let rate = seen.submits as f64 / (ended - seen.first) as f64 * 1e9;
        let each: Vec<f64> = [daemon.process.cpu(), carrier.process.cpu()]
            .iter()
            .zip(before)
            .map(|(it, was)| (it - was) / many as f64 * 1e6)
            .collect();
        self.table.row(
            &format!("draining a stored backlog of {many} through one bind, window 100"),
            "20,000 submit_sm/s",
            "50,000",
            format!("{rate:.0} submit_sm/s; CPU seconds per million: gateway {:.0}, simulator {:.0}", each[0], each[1]),
        );
    }

    /// Messages a second on one route with a backlog on another, against the rounds without.
    async fn beside(&mut self, site: &Site, daemon: &Daemon) {
        let _carrier = Carrier::start(site.carrier(1), Manner::Prompt);
        daemon.until_up(1).await;
        let mut rates = Vec::new();
        for _ in 0..self.rounds {
            rates.push(self.round(daemon).await);
        }
        let best = rates.iter().copied().fold(0.0, f64::max);
        self.table.row(
            &format!("messages/s with {} queued against a thousand", self.backlog),
            "0.8×",
            "1×",
            format!("{:.2}× ({best:.0}/s, of {})", best / self.best, list(&rates)),
        );
    }
}

fn milliseconds(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|it| (it.answered - it.sent) as f64 / 1e6).collect()
}

fn list(rates: &[f64]) -> String {
    let rates: Vec<String> = rates.iter().map(|it| format!("{it:.0}")).collect();
    rates.join(", ")
}
