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
//! `--quick` takes less of everything, `--only throughput,drain` takes some rows, `--write` puts the figures into
//! `docs/bench.md`. Processes of the benchmark end with it, however it ends.

mod process;
mod http;
mod load;
mod carrier;
mod daemon;
mod kannel;
mod rows;
mod table;

use crate::rows::Bench;
use crate::table::Table;
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
    let only: Vec<String> = arguments
        .iter()
        .skip_while(|it| *it != "--only")
        .nth(1)
        .map(|it| it.split(',').map(str::to_owned).collect())
        .unwrap_or_default();
    // On the disk that is measured: the folder of builds, never one in memory.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(&target).expect("a folder beside the build");
    let mut bench = Bench::new(folder.path(), has("--quick"), Table::default());
    // One thread: the leash of the processes is held by it, and the machine is for the gateway.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, bench.run(&only));
    let text = bench.table.text(folder.path(), has("--quick"));
    println!("\n{text}");
    if has("--write") {
        table::write(&text);
    }
}
