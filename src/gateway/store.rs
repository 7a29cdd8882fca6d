//! The store that the configuration names: opened to serve, and `nuncio store check` and `nuncio store repair`.

use crate::config::{self, OnDamage};
use crate::gateway::failure::Failure;
use crate::store::sqlite::Sqlite;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::repair;
use std::fmt::Write as _;
use std::path::Path;

/// Opens the store as the configuration says.
pub(super) fn open(store: &config::StoreConfig) -> Result<Sqlite, Fault> {
    let mut opened = Sqlite::open(&store.path, store.durability)?;
    if store.on_damage == OnDamage::Stop {
        opened.stop_at_damage();
    }
    Ok(opened)
}

/// Reads all of the store, while a daemon runs or not; the words, and whether it is sound.
pub fn check(config: &Path) -> Result<(String, bool), Failure> {
    let draft = config::read(config)?;
    let directory = &draft.store().path;
    let report = repair::check(directory)?;
    let mut text = format!("{}: octets {}", directory.display(), report.octets);
    match report.messages {
        Some(messages) => write!(text, ", messages {messages}").expect("a string takes all"),
        None => text += ", not read",
    }
    if report.found.is_empty() {
        text += "; read whole and sound";
    }
    for it in &report.found {
        write!(text, "\n{it}").expect("a string takes all");
    }
    Ok((text, report.found.is_empty()))
}

/// Mends what can be mended of a store that no daemon has open; the words.
pub fn repair(config: &Path, cut_log: bool) -> Result<String, Failure> {
    let draft = config::read(config)?;
    let directory = &draft.store().path;
    let told = repair::repair(directory, cut_log)?;
    let mut text = format!("{}: ", directory.display());
    text += if told.is_empty() { "nothing had to be mended" } else { "mended, and sound now" };
    for it in &told {
        write!(text, "\n{it}").expect("a string takes all");
    }
    Ok(text)
}
