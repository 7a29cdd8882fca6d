//! The words and numbers for where a message stands, as carriers usually mean them.

use crate::message::status::Status;

/// Whether a word has a meaning of its own; one that says that the carrier does not know has.
pub fn is_known(word: &str) -> bool {
    status_of_word(word) != Status::Unknown || word.trim().to_ascii_uppercase().starts_with("UNKNOWN")
}

/// The normalised word of a carrier's word; what nobody knows is [`Status::Unknown`].
///
/// ABSENT, NOCRED, SYSERR and their like stay unknown: some carriers end with them, others try again.
pub fn status_of_word(word: &str) -> Status {
    let word: String = word.trim().to_ascii_uppercase().replace(['_', '-'], "");
    let starts = |any: &[&str]| any.iter().any(|it| word.starts_with(it));
    // `DELIVERY…` may go on with anything.
    if word.contains("FAIL") {
        Status::Failed
    } else if starts(&["DELIVR", "DELIVERE", "DELIVERD", "DELVR", "DLVRD"]) || matches!(&*word, "DELIV" | "DELIVER") {
        Status::Delivered
    } else if starts(&["EXPIR"]) {
        Status::Expired
    } else if starts(&["UNDEL", "REJEC", "DELET", "DND", "NACK", "SKIP", "BLOCK", "INVALID"]) {
        Status::Failed
    } else if starts(&PASSING) || word == "SENT" {
        Status::Sent
    } else if starts(&["SCHED", "QUEUE"]) {
        Status::Queued
    } else {
        Status::Unknown
    }
}

/// How words begin that say "not yet": that the message was taken, is kept, is on its way, or is tried again.
const PASSING: [&str; 17] = [
    "ENROUT", "ACCEP", "ACKED", "BUFF", "SUBMIT", "PEND", "RETRY", "RETRIE", "WAIT", "PROCESS", "INPROG", "INTRANS",
    "TRANSIT", "DEFER", "DELAY", "STORED", "FORWARD",
];

/// The normalised word and the receipt word of a `message_state` (SMPP 3.4, 5.2.28; 5.0).
pub const fn status_of_state(state: u8) -> (Status, &'static str) {
    match state {
        0 => (Status::Queued, "SCHEDULED"),
        1 => (Status::Sent, "ENROUTE"),
        2 => (Status::Delivered, "DELIVRD"),
        3 => (Status::Expired, "EXPIRED"),
        4 => (Status::Failed, "DELETED"),
        5 => (Status::Failed, "UNDELIV"),
        6 => (Status::Sent, "ACCEPTD"),
        8 => (Status::Failed, "REJECTD"),
        9 => (Status::Failed, "SKIPPED"),
        _ => (Status::Unknown, "UNKNOWN"),
    }
}
