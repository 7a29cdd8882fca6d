//! What it costs to leave a carrier: refused parts, a carrier that is killed under load and comes back, and other
//! routes while one carrier is stalled.
//!
//! ```text
//!  route 1: sim1, then sim2      route 3: sim3 alone      route 4: sim4, which is poor, then sim2
//! ```

use crate::carrier::{Carrier, Mode, Noted};
use crate::daemon::{Daemon, Site};
use crate::load::{self, Sample, percentile};
use crate::picture::Picture;
use crate::process::nanos;
use crate::rows::{Bench, median, milliseconds, short};
use crate::table::sync;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::spawn_local;

/// Requests a second.
const RATE: u64 = 1_000;
/// How often a carrier that will be killed is asked what came: so much of it is not known in the end.
const ASK: Duration = Duration::from_millis(10);
/// A step of the picture.
const STEP: f64 = 0.1;

impl Bench {
    pub(crate) async fn failover(&mut self) {
        let site = Site::new(&self.folder.join("failover"), &["all"; 4])
            .over(1, &[1, 2], "receipt_window = \"2s\"\nmax_wait = \"1s\"")
            .over(4, &[4, 2], "receipt_window = \"1s\"")
            // Its faults are made on purpose, and each is to be seen.
            .with(4, "breaker = \"off\"");
        let daemon = site.started().await;
        self.refused(&site, &daemon).await;
        self.cut(&site, &daemon).await;
        self.stalled(&site, &daemon).await;
    }

    /// A carrier that refuses some and lies about others, in front of one that is well.
    async fn refused(&mut self, site: &Site, daemon: &Daemon) {
        let mut poor = Carrier::start(site.carrier(4), Mode::Poor);
        let mut next = Carrier::start(site.carrier(2), Mode::Noting);
        daemon.until_up(4).await;
        daemon.until_up(2).await;
        let disk = sync(&self.folder).0;
        let samples = load::steady(daemon.http, 4, self.used, (RATE, self.seconds)).await;
        self.used += samples.len() as u64;
        daemon.until_ended(4, samples.len() as f64).await;
        let (left, arrived) = (poor.times(), next.times());
        let gap = |(to, it): (&u64, &Noted)| {
            Some(it.at.saturating_sub(left.get(to).filter(|it| it.refused)?.at) as f64 / 1e6)
        };
        let mut gaps: Vec<f64> = arrived.iter().filter_map(gap).collect();
        let (half, most) = (percentile(&mut gaps, 0.5), percentile(&mut gaps, 0.99));
        self.failover.row(
            "refused by the first carrier: answer to next submit_sm at p99, its sync included (the aim is beyond it)",
            "",
            "5 ms",
            format!("{most:.2} ms (p50 {half:.2} ms; a sync alone takes {disk:.2} ms at p50; {} parts)", gaps.len()),
        );
        let failed = arrived.keys().filter(|it| left.contains_key(it)).count() as f64;
        let missing = samples.len() as f64 - daemon.delivered(4).await;
        self.failover.row(
            "recovery, breaker off: messages that their first carrier refused or never delivered, delivered by a second that is well",
            "94 %",
            "100 %",
            format!("{:.2} % ({} of {failed})", (failed - missing) / failed * 100.0, failed - missing),
        );
    }

    /// The first carrier is killed under load, and is back after a while.
    async fn cut(&mut self, site: &Site, daemon: &Daemon) {
        let mut first = Carrier::start(site.carrier(1), Mode::Noting);
        let mut second = Carrier::start(site.carrier(2), Mode::Noting);
        daemon.until_up(1).await;
        daemon.until_up(2).await;
        let (began, seconds, from) = (nanos(), 3 * self.seconds, self.used);
        let load = spawn_local(load::steady(daemon.http, 1, from, (RATE, seconds)));
        self.used += RATE * seconds;
        let mut at_first = Vec::new();
        let third = seconds * 1_000_000_000 / 3;
        while nanos() < began + third {
            tokio::time::sleep(ASK).await;
            at_first.extend(first.times());
        }
        let killed = nanos();
        drop(first);
        tokio::time::sleep(Duration::from_nanos(began + 2 * third - nanos())).await;
        let back = nanos();
        let mut first = Carrier::begin(site.carrier(1), Mode::Noting);
        let samples = load.await.expect("the load runs to its end");
        first.listens();
        daemon.until_ended(1, samples.len() as f64).await;
        at_first.extend(first.times());
        let at_second = second.times();
        let next = at_second.values().map(|it| it.at).filter(|it| killed < *it).min();
        self.tell_next(next.map(|it| it - killed), &mut behind(killed, &samples, &at_second));
        self.tell_cut(daemon, (&at_first, &at_second), samples.len()).await;
        let seconds_of = |at: u64| at.saturating_sub(began) as f64 / 1e9;
        let rates = |all: &mut dyn Iterator<Item = u64>| rates(all.map(seconds_of), seconds as f64);
        let picture = Picture {
            series: [
                ("first carrier", rates(&mut at_first.iter().map(|it| it.1.at))),
                ("second carrier", rates(&mut at_second.values().map(|it| it.at))),
            ],
            step: STEP,
            moments: &[(seconds_of(killed), "the first is killed"), (seconds_of(back), "it is started again")],
        };
        self.picture = Some(picture.draw());
    }

    fn tell_next(&mut self, next: Option<u64>, waited: &mut [f64]) {
        let next = next.map_or("nothing came".to_owned(), |it| {
            let (half, most) = (percentile(waited, 0.5), percentile(waited, 0.99));
            format!(
                "{:.1} ms; what was asked for within a second behind the kill was there after {half:.2} ms (p50), {most:.2} ms (p99)",
                it as f64 / 1e6
            )
        });
        self.failover.row(
            "the first carrier's process is killed on the same machine under load: kill to first submit_sm at the second",
            "100 ms",
            "",
            next,
        );
    }

    async fn tell_cut(
        &mut self,
        daemon: &Daemon,
        (at_first, at_second): (&[(u64, Noted)], &HashMap<u64, Noted>),
        sent: usize,
    ) {
        let delivered = daemon.delivered(1).await;
        let both = at_first.iter().filter(|it| at_second.contains_key(&it.0)).count();
        let lost = sent as f64 - delivered;
        self.failover.row(
            "messages lost through the cut",
            "0",
            "0",
            format!(
                "{lost} of {sent} at {RATE}/s; {both} are known to have been sent to both: what the first took in its last {} ms is not",
                ASK.as_millis()
            ),
        );
    }

    /// Another route while the first carrier takes nothing, and while it is well, by turns.
    async fn stalled(&mut self, site: &Site, daemon: &Daemon) {
        let _second = Carrier::start(site.carrier(2), Mode::Prompt);
        let _other = Carrier::start(site.carrier(3), Mode::Prompt);
        daemon.until_up(3).await;
        let (mut well, mut stalled) = (Vec::new(), Vec::new());
        for round in 0..6 {
            let mode = if round % 2 == 0 { Mode::Prompt } else { Mode::Silent };
            let _first = Carrier::start(site.carrier(1), mode);
            daemon.until_up(1).await;
            let seconds = self.seconds.div_ceil(2);
            let beside = spawn_local(load::steady(daemon.http, 1, self.used, (RATE / 4, seconds)));
            let samples = load::steady(daemon.http, 3, self.used, (RATE / 2, seconds)).await;
            self.used += samples.len() as u64;
            beside.await.expect("the load runs to its end");
            let rounds = if mode == Mode::Silent { &mut stalled } else { &mut well };
            rounds.push(percentile(&mut milliseconds(&samples), 0.99));
        }
        self.failover.row(
            "202 at p99 on another route while a carrier under load is stalled",
            "1.5×",
            "1×",
            format!(
                "{:.2}× by the medians ({} against {} ms, by turns)",
                median(&stalled) / median(&well),
                short(&stalled),
                short(&well)
            ),
        );
    }
}

/// How long what was asked for within a second behind a moment took to the second carrier, in milliseconds.
fn behind(moment: u64, samples: &[Sample], at_second: &HashMap<u64, Noted>) -> Vec<f64> {
    let within = samples.iter().filter(|it| (moment..moment + 1_000_000_000).contains(&it.sent));
    let came = within.filter_map(|it| Some(at_second.get(&it.destination)?.at.saturating_sub(it.sent)));
    came.map(|it| it as f64 / 1e6).collect()
}

/// How many a second in each step of a run of so many seconds.
fn rates(times: impl Iterator<Item = f64>, seconds: f64) -> Vec<f64> {
    let mut counts = vec![0.0; (seconds / STEP).round() as usize];
    for at in times {
        if let Some(count) = counts.get_mut((at / STEP) as usize) {
            *count += 1.0 / STEP;
        }
    }
    counts
}
