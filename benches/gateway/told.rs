//! How soon an application is told what a carrier says, and what events weigh that nobody takes.
//!
//! ```text
//!  without: shop's endpoint                       the other account has sent a million, and is told nothing
//!  with:    shop's endpoint, which takes all      the same million: one endpoint refuses, one hangs
//! ```

use crate::carrier::{Carrier, Mode};
use crate::daemon::digest;
use crate::events::{Told, endpoint};
use crate::http::{Manner, application};
use crate::load::{self, BULK, OTHER_KEY, percentile};
use crate::process::{free_port, nanos};
use crate::rows::{Bench, list, median};
use crate::table::sync;
use std::rc::Rc;
use std::time::Duration;

/// Requests a second.
const RATE: u64 = 1_000;
/// Turns of what is compared, at least: the machine is not alone.
const TURNS: usize = 5;
/// How long after the last event is recorded the senders have for what they do with it.
const REST: Duration = Duration::from_secs(5);

impl Bench {
    /// At a thousand messages a second: from the receipt to the call, with one event in each.
    pub(crate) async fn told(&mut self) {
        let told = Told::start(self, "told", "", "").await;
        let mut carrier = Carrier::start(told.site.carrier(1), Mode::Receipting);
        told.daemon.until_up(1).await;
        let (disk, slow) = sync(&self.folder);
        let mut took = told.steady(self, &mut carrier).await;
        self.table.row(
            "at 1,000 messages/s: receipt of the carrier to call of the endpoint at p50, its sync included (the aims are beyond it)",
            "",
            "5 ms",
            format!(
                "{:.2} ms (of {} messages; a sync alone takes {disk:.2} ms at p50, {slow:.2} ms at p99)",
                percentile(&mut took, 0.5),
                took.len()
            ),
        );
        self.table.row("the same at p99", "", "25 ms", format!("{:.2} ms", percentile(&mut took, 0.99)));
    }

    /// A million events that their endpoints do not take, and another account beside them.
    pub(crate) async fn undelivered(&mut self) {
        let many = self.backlog;
        let dead = [Manner::Refuses, Manner::Hangs].map(|manner| {
            let port = free_port();
            tokio::task::spawn_local(application(port, manner, Rc::new(|_| {})));
            endpoint(self, port, "")
        });
        let dead = format!("webhook = [{}]\n", dead.join(", "));
        let mut gateways = Vec::new();
        for (name, webhook) in [("without", ""), ("with", &*dead)] {
            let digest = digest(OTHER_KEY);
            let other = format!("[[account]]\nid = \"other\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\n{webhook}");
            let told = Told::start(self, &format!("undelivered-{name}"), "", &other).await;
            let carrier = Carrier::start(told.site.carrier(1), Mode::Prompt);
            told.daemon.until_up(1).await;
            let began = nanos();
            load::fill_by(told.daemon.http, (OTHER_KEY, 1), many, BULK).await;
            told.daemon.until_delivered(1, many as f64).await;
            let rate = many as f64 / (nanos() - began) as f64 * 1e9;
            tokio::time::sleep(REST).await;
            drop(carrier);
            gateways.push((told, rate));
        }
        let [(without, _), (with, rate)] = &gateways[..] else { unreachable!("there are two") };
        let weighs = |it: &Told| format!("{:.0} MB (at most {:.0})", it.daemon.process.rss(), it.daemon.process.peak());
        let taken = with.daemon.metric("webhook_deliveries_total", &["account=\"other\"", "result=\"ok\""]).await;
        assert!(taken < 1.0, "nobody takes them");
        self.table.row(
            &format!("RSS with {many} events that one endpoint refuses and another never answers"),
            "",
            "150 MB",
            format!(
                "{}; with the same messages and no endpoint {} (came at {rate:.0}/s)",
                weighs(with),
                weighs(without)
            ),
        );
        self.beside_undelivered(without, with).await;
    }

    /// What another account sees of it.
    async fn beside_undelivered(&mut self, without: &Told, with: &Told) {
        let mut came = [[(); 3]; 2].map(|it| it.map(|()| Vec::new()));
        for _ in 0..self.rounds.max(TURNS) {
            for ([rates, spent, latest], told) in came.iter_mut().zip([without, with]) {
                let mut carrier = Carrier::start(told.site.carrier(1), Mode::Receipting);
                told.daemon.until_up(1).await;
                latest.push(percentile(&mut told.steady(self, &mut carrier).await, 0.99));
                drop(carrier);
                let _carrier = Carrier::start(told.site.carrier(1), Mode::Prompt);
                told.daemon.until_up(1).await;
                let (count, cpu) = (self.messages, told.daemon.process.cpu());
                rates.push(told.round(self, count).await);
                spent.push((told.daemon.process.cpu() - cpu) / count as f64 * 1e6);
            }
        }
        let medians = |at: usize| [&came[1][at], &came[0][at]].map(|it| median(it));
        let ([rate, of_rate], [spent, of_spent], [late, of_late]) = (medians(0), medians(1), medians(2));
        let many = self.backlog;
        self.table.row(
            &format!("messages/s of another account until its webhook has come, beside {many} undelivered events"),
            "",
            "1×",
            format!(
                "{:.2}× by the medians ({} against {}, by turns); {spent:.0} CPU seconds per million against {of_spent:.0}",
                rate / of_rate,
                list(&came[1][0]),
                list(&came[0][0])
            ),
        );
        self.table.row(
            "its receipt to call at p99, at 1,000 messages/s",
            "",
            "1×",
            format!("{:.2}× ({late:.2} ms against {of_late:.2} ms, medians of as many turns)", late / of_late),
        );
    }
}

impl Told {
    /// Milliseconds from a receipt to the call that tells it, of messages at a steady rate.
    async fn steady(&self, bench: &mut Bench, carrier: &mut Carrier) -> Vec<f64> {
        self.heard.borrow_mut().clear();
        let before = self.events.get();
        let samples = load::steady(self.daemon.http, 1, bench.used, (RATE, bench.seconds)).await;
        bench.used += samples.len() as u64;
        self.until(before + samples.len() as u64).await;
        let (left, heard) = (carrier.receipts(), self.heard.borrow());
        let took = samples.iter().filter_map(|it| {
            let (left, heard) = (left.get(&it.destination)?, heard.get(&it.destination)?);
            Some(heard.saturating_sub(*left) as f64 / 1e6)
        });
        let took: Vec<f64> = took.collect();
        assert_eq!(took.len(), samples.len(), "each receipt was noted, and each call");
        took
    }
}
