//! The gateway under real load: the release binary, real sockets, the real disk; the simulated carrier
//! and the load beside it on the same machine. Nothing is asserted about time: it is printed.
//!
//! ```text
//!  this process                    nuncio serve                carrier (this program again)
//!   load ── HTTP, kept alive ─────────► │ ── SMPP, one bind ──────────► │
//!   rows ◄── /metrics, /proc ────────── │ ◄───────── receipts ───────── │
//!   rows ◄─────────────────── what came, and when ──────────────────────┘
//! ```
//!
//! `--quick` takes less of everything, `failover` or `--only throughput,drain` takes some rows, `--write` puts the
//! figures into `docs/bench.md`. Processes of the benchmark end with it, however it ends.

mod process;
mod http;
mod load;
mod carrier;
mod daemon;
mod kannel;
mod rows;
mod events;
mod told;
mod charges;
mod failover;
mod verify;
mod picture;
mod table;

use crate::rows::Bench;
use std::path::PathBuf;
use tokio::task::LocalSet;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("carrier") => return carrier::serve(&arguments[1..]),
        Some("leash") => {
            eprintln!("{}", process::leash(&arguments[1..]));
            std::process::exit(1);
        }
        _ => (),
    }
    let has = |name: &str| arguments.iter().any(|it| it == name);
    // On the disk that is measured: the folder of builds, never one in memory.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(&target).expect("a folder beside the build");
    let (quick, write) = (has("--quick"), has("--write"));
    let mut bench = Bench::new(folder.path(), quick);
    // One thread: the leash of the processes is held by it, and the machine is for the gateway.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, bench.run(&rows(&arguments)));
    for (table, place) in
        [(&bench.table, table::FIGURES), (&bench.failover, table::FAILOVER), (&bench.codes, table::CODES)]
    {
        if !table.is_empty() {
            let text = table.text(&place, folder.path(), quick);
            println!("\n{text}");
            if write {
                table::write(&place, &text);
            }
        }
    }
    if let Some(picture) = &bench.picture {
        let path = if write { PathBuf::from(picture::PAGE) } else { target.join("failover.svg") };
        std::fs::write(&path, picture).expect("the picture can be written");
        println!("picture: {}", path.display());
    }
}

/// The rows that are asked for: the words that are no options, and those after `--only`, between commas.
fn rows(arguments: &[String]) -> Vec<String> {
    arguments.iter().filter(|it| !it.starts_with("--")).flat_map(|it| it.split(',').map(str::to_owned)).collect()
}
