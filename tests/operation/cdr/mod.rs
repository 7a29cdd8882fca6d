//! Records of charge: each part that ended once, whatever is killed, moved away or full.

mod checking;
mod writing;

use crate::daemon::{Daemon, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A price of the route and a cost of the carrier.
pub(super) const PRICED: &str = "price = { default = \"0.100001\", currency = \"EUR\" }";
pub(super) const COST: &str = "cost = { default = \"0.0075\", currency = \"USD\" }";

/// The folder and the file of a test, and the section of the configuration that says so.
pub(super) fn file(folder: &Path) -> (PathBuf, String) {
    let path = folder.join("cdr.jsonl");
    let section = format!("[cdr]\npath = {:?}\n", path.display().to_string());
    (path, section)
}

/// Every line of every file of a folder.
pub(super) fn lines(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    let texts = files.filter(|it| it.is_file()).map(|it| fs::read_to_string(it).expect("it is a text"));
    let all: Vec<String> = texts.flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    all.iter().map(|it| serde_json::from_str(it).unwrap_or_else(|error| panic!("{error}: {it:?}"))).collect()
}

/// Waits until there are so many lines.
pub(super) fn written(folder: &Path, count: usize) -> Vec<Value> {
    until("the lines are there", PATIENCE, || Some(lines(folder)).filter(|it| count <= it.len()))
}

/// How often each part of each message stands there.
pub(super) fn parts(lines: &[Value]) -> BTreeMap<(String, u64), usize> {
    let mut parts = BTreeMap::new();
    for it in lines {
        let message = it["message_id"].as_str().unwrap_or_else(|| panic!("{it}")).to_owned();
        *parts.entry((message, it["part"].as_u64().expect("a number"))).or_default() += 1;
    }
    parts
}

/// The id of a message that was accepted.
pub(super) fn sent(daemon: &Daemon, to: &str, text: &str) -> String {
    let body = serde_json::json!({ "to": to, "from": "YOURAPP", "text": text });
    let reply = daemon.client().post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()["messages"][0]["id"].as_str().expect("an id").to_owned()
}
