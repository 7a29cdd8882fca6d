//! Records of charge: what they cost while messages go, and how long an invoice of a million lines takes.

use crate::carrier::{Carrier, Mode};
use crate::daemon::{BINARY, Daemon, Site};
use crate::load;
use crate::process::{Process, nanos};
use crate::rows::{Bench, list, median};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// What the carrier of the records charges.
const COST: &str = "cost = { default = \"0.0079\", currency = \"EUR\" }";
/// Lines of an invoice stand in another order than records: each so far behind the one before, around the end.
const STRIDE: usize = 7_919;

/// What rounds of one gateway came to.
#[derive(Default)]
struct Came {
    rates: Vec<f64>,
    spent: Vec<f64>,
}

impl Bench {
    /// Messages a second with records of charge and without, by turns; then the check of a million of them.
    pub(crate) async fn charges(&mut self, wanted: impl Fn(&str) -> bool) {
        let site = |name: &str| Site::new(&self.folder.join(name), &["all"]);
        let records = self.folder.join("cdr.jsonl");
        let plain = site("uncharged");
        let section = format!("[cdr]\npath = \"{}\"\n", records.display());
        let charged = site("charged").with(1, COST).of_account(section);
        let daemon = charged.started().await;
        if wanted("charges") {
            self.by_turns((&plain, &plain.started().await), (&charged, &daemon)).await;
        }
        if wanted("invoice") {
            self.records(&charged, &daemon).await;
            daemon.process.terminate();
            self.invoice(&records).await;
        }
    }

    async fn by_turns(&mut self, plain: (&Site, &Daemon), charged: (&Site, &Daemon)) {
        let _carriers = [plain, charged].map(|(site, _)| Carrier::start(site.carrier(1), Mode::Prompt));
        let (mut came, mut late) = ([Came::default(), Came::default()], Vec::new());
        for daemon in [plain.1, charged.1] {
            daemon.until_up(1).await;
        }
        for _ in 0..self.rounds.max(5) {
            for (came, daemon) in came.iter_mut().zip([plain.1, charged.1]) {
                let before = daemon.process.cpu();
                came.rates.push(self.round(daemon).await);
                let began = nanos();
                if std::ptr::eq(daemon, charged.1) {
                    written(daemon, daemon.delivered(1).await).await;
                    late.push((nanos() - began) as f64 / 1e9);
                }
                came.spent.push((daemon.process.cpu() - before) / self.messages as f64 * 1e6);
            }
        }
        let [off, on] = came;
        self.table.row(
            "messages/s until every receipt is recorded, with `[cdr]` against without",
            "",
            "1×",
            format!(
                "{:.2}× by the medians ({} against {}, by turns); CPU seconds per million: {:.0} against {:.0}; the last line stands \
                 {:.1} s after the last receipt",
                median(&on.rates) / median(&off.rates),
                list(&on.rates),
                list(&off.rates),
                median(&on.spent),
                median(&off.spent),
                median(&late)
            ),
        );
    }

    /// Has as many records as there are messages in a backlog.
    async fn records(&self, site: &Site, daemon: &Daemon) {
        let _carrier = Carrier::start(site.carrier(1), Mode::Prompt);
        daemon.until_up(1).await;
        let there = daemon.delivered(1).await as u64;
        load::fill(daemon.http, 1, self.backlog.saturating_sub(there)).await;
        written(daemon, self.backlog as f64).await;
    }

    /// Checks an invoice of all records, in another order, and with all as it should be.
    async fn invoice(&mut self, records: &Path) {
        let invoice = self.folder.join("invoice.csv");
        let lines = write_invoice(records, &invoice);
        let arguments = ["cdr", "check", records.to_str().expect("a path"), invoice.to_str().expect("a path")];
        let (mut seconds, mut peaks) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds.max(3) {
            let (began, mut peak) = (nanos(), 0.0);
            let mut check = Process::start(Path::new(BINARY), &arguments, &self.folder.join("check.log"));
            while check.is_alive() {
                peak = check.peak().max(peak);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            seconds.push((nanos() - began) as f64 / 1e9);
            peaks.push(peak * 1e6 / f64::from(1 << 20));
            let code = check.child.wait().expect("it has ended").code();
            assert_eq!(code, Some(0), "they agree: see {}", self.folder.join("check.log").display());
        }
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.len()) >> 20;
        self.table.row(
            &format!("`nuncio cdr check` of {lines} records and as many lines of an invoice"),
            "",
            "",
            format!(
                "{:.2} s, {:.0} MiB (medians of {}; the records have {} MiB, the invoice {} MiB)",
                median(&seconds),
                median(&peaks),
                seconds.len(),
                size(records),
                size(&invoice)
            ),
        );
    }
}

/// Waits until so many lines are written.
async fn written(daemon: &Daemon, count: f64) {
    while daemon.metric("cdr_lines_total", &[]).await < count {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Writes the invoice of all attempts of the records; how many lines it has.
fn write_invoice(records: &Path, invoice: &Path) -> usize {
    let lines = BufReader::new(File::open(records).expect("the records are there")).lines();
    let charge = |line: std::io::Result<String>| {
        let record: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let attempt = &record["attempts"][0];
        let field = |name: &str| attempt[name].as_str().expect("a field of the attempt").to_owned();
        format!("{},{},{}\n", field("carrier_message_id"), field("submitted_at"), field("cost"))
    };
    let charges: Vec<String> = lines.map(charge).collect();
    let mut file = BufWriter::new(File::create(invoice).expect("a file can be made"));
    writeln!(file, "Message ID,Sent at,Price").expect("it is written");
    let count = charges.len();
    // Around once for each remainder where the stride divides the count: every line stands there once.
    let stride = if count.is_multiple_of(STRIDE) { 1 } else { STRIDE };
    for at in 0..count {
        file.write_all(charges[at * stride % count].as_bytes()).expect("it is written");
    }
    file.flush().expect("it is written");
    count
}
