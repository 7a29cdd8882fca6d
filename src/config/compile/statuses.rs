//! `statuses`: what the words of a carrier mean.

use crate::config::error::Findings;
use crate::message::status::Status;
use std::collections::BTreeMap;

/// The words in lower case: carriers write them as they like.
pub(super) fn compile(
    path: &str,
    written: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeMap<Box<str>, Status> {
    let words = Status::ALL.map(|it| (it.word(), it));
    // A carrier says nothing of what has not come to it; what ends nothing is SENT.
    let known = words.into_iter().filter(|it| !matches!(it.1, Status::Queued | Status::Cancelled));
    let known: Vec<(&str, Status)> = known.collect();
    let mut statuses = BTreeMap::new();
    for (theirs, ours) in written {
        let at = format!("{path}.statuses.{theirs}");
        let status = findings.choose(&at, Some(ours), &known, Status::Sent);
        if statuses.insert(theirs.trim().to_lowercase().into(), status).is_some() {
            findings.fault(&at, "this word stands in the table twice; capitals make no other");
        }
    }
    statuses
}
