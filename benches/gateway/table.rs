//! The table that is printed, and the machine that it was measured on.

use crate::load::percentile;
use crate::process::nanos;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Syncs that are measured to know the disk.
const SYNCS: u64 = 300;
/// The file that keeps the figures; what stands outside of the marks is written by hand.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bench.md");

/// Between which marks of the page figures stand, and the command that writes them.
pub(crate) struct Place {
    command: &'static str,
    from: &'static str,
    to: &'static str,
}

/// The figures of all but failover.
pub(crate) const FIGURES: Place = Place {
    command: "just bench",
    from: "<!-- figures: written by just bench --write -->\n",
    to: "<!-- end of figures -->\n",
};

/// The figures of failover.
pub(crate) const FAILOVER: Place = Place {
    command: "just bench failover",
    from: "<!-- failover: written by just bench failover --write -->\n",
    to: "<!-- end of failover -->\n",
};

/// The figures of one-time codes.
pub(crate) const CODES: Place = Place {
    command: "just bench verify",
    from: "<!-- codes: written by just bench verify --write -->\n",
    to: "<!-- end of codes -->\n",
};

/// What was measured.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// Adds a row, and tells who waits.
    pub(crate) fn row(&mut self, work: &str, floor: &str, aim: &str, measured: String) {
        eprintln!("{work}: {measured}");
        self.rows.push([work.to_owned(), floor.to_owned(), aim.to_owned(), measured]);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Everything, as Markdown.
    pub(crate) fn text(&self, place: &Place, folder: &Path, quick: bool) -> String {
        let mut text = machine(folder);
        let how = if quick { " --quick" } else { "" };
        writeln!(
            text,
            "Command: `{}{how}`.\n\n| work, fsync durability | floor | aim | measured |\n|---|---|---|---|",
            place.command
        )
        .expect("a string");
        for [work, floor, aim, measured] in &self.rows {
            writeln!(text, "| {work} | {floor} | {aim} | {measured} |").expect("a string takes everything");
        }
        text
    }
}

/// How long a sync of 4 KiB takes in this folder: half of them, and all but one of a hundred; in milliseconds.
pub(crate) fn sync(folder: &Path) -> (f64, f64) {
    let path = folder.join("sync");
    let file = File::create(&path).expect("a file can be made");
    // As in a log that is written round and round: the place is there, only the octets are new.
    file.write_all_at(&vec![1; SYNCS as usize * 4096], 0).and_then(|()| file.sync_all()).expect("a file is written");
    let mut took: Vec<f64> = (0..SYNCS)
        .map(|index| {
            file.write_all_at(&[index as u8; 4096], index * 4096).expect("a page is written");
            let began = nanos();
            file.sync_data().expect("the disk takes it");
            (nanos() - began) as f64 / 1e6
        })
        .collect();
    _ = fs::remove_file(path);
    (percentile(&mut took, 0.5), percentile(&mut took, 0.99))
}

fn machine(folder: &Path) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = read("/proc/cpuinfo");
    let model =
        info.lines().find_map(|it| it.strip_prefix("model name")?.split_once(": ")).map_or("unknown", |it| it.1);
    let (half, most) = sync(folder);
    format!(
        "Machine: {cores} cores of {model}, Linux {}, load generator and simulator included; fdatasync of 4 KiB {half:.2} ms (p50), \
         {most:.2} ms (p99).\n",
        read("/proc/sys/kernel/osrelease").trim(),
    )
}

/// Puts the figures between the marks of the page.
pub(crate) fn write(place: &Place, text: &str) {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let (before, rest) = page.split_once(place.from).expect("the page has the first mark");
    let (_, after) = rest.split_once(place.to).expect("the page has the second mark");
    let mut file = File::create(PAGE).expect("the page can be written");
    write!(file, "{before}{}\n{text}\n{}{after}", place.from, place.to).expect("the page is written");
}
