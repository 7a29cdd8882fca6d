//! Every metric: its name, kind, labels and meaning, once and nowhere else.
//!
//! `docs/metrics.md` is written from this table. Set `NUNCIO_WRITE_DOCS=1` for `cargo test` to write it anew.

use metrics::Unit;
use std::fmt::Write;

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, with the prefix.
    pub name: &'static str,
    /// How its values behave.
    pub kind: Kind,
    /// What its values count.
    pub unit: Unit,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Whether a set of labels is there before anything has happened to it.
    pub begins: Begins,
    /// What it says, in a sentence.
    pub help: &'static str,
}

/// How the values of a metric behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many values fell under each of these bounds.
    Histogram(&'static [f64]),
}

/// When a metric has a set of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At 0 from the start, so that an alert sees the first event too: single figures and small closed sets.
    AtZero,
    /// With its first event: products of what is configured, most of which never have one, and long closed sets.
    Late,
}

closed_set! {
    impl Kind: word {
        Counter "counter",
        Gauge "gauge",
        Histogram "histogram",
    }
}

/// Within one machine: a commit, a request, a beat.
const FAST: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Over a network, up to the response timeout.
const NETWORK: &[f64] = &[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// What a person waits for, up to the days that a receipt may take.
const HUMAN: &[f64] = &[
    0.005, 0.05, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0,
    259_200.0,
];
/// How many at once.
const COUNT: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0];

macro_rules! metrics {
    ($($ident:ident = $name:literal $kind:expr, $unit:ident, $begins:ident [$($label:literal)*] $help:literal;)+) => {
        $(#[doc = $help] pub const $ident: Metric = Metric {
            name: concat!("nuncio_", $name), kind: $kind, unit: Unit::$unit, labels: &[$($label),*],
            begins: Begins::$begins, help: $help,
        };)+

        /// Every metric, in the order of the documentation.
        pub const ALL: &[&Metric] = &[$(&$ident),+];
    };
}

use Kind::{Counter, Gauge, Histogram};

metrics! {
    HTTP_REQUESTS = "http_requests_total" Counter, Count, Late ["endpoint" "code"] "HTTP requests answered.";
    HTTP_REQUEST_DURATION = "http_request_duration_seconds" Histogram(FAST), Seconds, Late ["endpoint"]
        "From the head of a request to its answer.";
    HTTP_CONNECTIONS_REFUSED = "http_connections_refused_total" Counter, Count, AtZero ["reason"]
        "Connections that were answered with 503 or closed, because their address (address) or all (all) had as many as they may, or a proxy did not say for whom they were (proxy).";
    LOOKUPS = "lookups_total" Counter, Count, AtZero ["result"]
        "Numbers that the look-up service was asked about: remembered (cached), answered, or not answered in time (unanswered).";
    WEBHOOK_DELIVERIES = "webhook_deliveries_total" Counter, Count, AtZero ["account" "result"]
        "Calls of endpoints, by what came of them: ok, or why the events were not taken.";
    WEBHOOK_DURATION = "webhook_seconds" Histogram(NETWORK), Seconds, AtZero ["account"]
        "From the begin of a call of an endpoint to its end.";
    WEBHOOK_OUTBOX = "webhook_outbox_messages" Gauge, Count, AtZero ["account"]
        "Events that have yet to be told to an endpoint; counted up to 100,000 of each.";
    WEBHOOK_OLDEST_AGE = "webhook_oldest_age_seconds" Gauge, Seconds, AtZero ["account"]
        "How long the oldest of them has waited; 0 when none does.";
    WEBHOOK_STATE = "webhook_state" Gauge, Count, AtZero ["account" "state"]
        "Endpoints that are told (ok), whose breaker is open (open), that are told no more (disabled).";
    CDR_LINES = "cdr_lines_total" Counter, Count, AtZero [] "Lines that were written to the file of records of charge.";
    CDR_FAILURES = "cdr_failures_total" Counter, Count, AtZero []
        "Times that nothing could be written there, or read for it; it is tried again.";
    CDR_LOST = "cdr_lost_total" Counter, Count, AtZero []
        "Messages, and stretches of the log of events, that were older than the retention before their lines were written.";
    CDR_OLDEST_AGE = "cdr_oldest_age_seconds" Gauge, Seconds, AtZero []
        "How long ago the oldest message ended whose lines have yet to be written; 0 when none waits longer than a second.";
    MESSAGES_ACCEPTED = "messages_accepted_total" Counter, Count, AtZero ["account" "class"]
        "Messages that were made durable and answered with 202.";
    MESSAGES_REJECTED = "messages_rejected_total" Counter, Count, AtZero ["stage" "code"]
        "Requests refused before anything was stored, by the stage that refused and the HTTP code.";
    MESSAGES = "messages_total" Counter, Count, AtZero ["route" "status"]
        "Messages that came to a status; one that is corrected counts again under its new word.";
    QUEUE_MESSAGES = "queue_messages" Gauge, Count, AtZero ["route"] "Parts that wait to be submitted.";
    QUEUE_OLDEST_AGE = "queue_oldest_message_age_seconds" Gauge, Seconds, AtZero ["route"]
        "How long the oldest part that waits has waited; 0 when none does.";
    QUEUE_WAIT = "queue_wait_seconds" Histogram(HUMAN), Seconds, AtZero ["class"]
        "From the acceptance of a message to the first submit of a part.";
    RETRY_MESSAGES = "retry_messages" Gauge, Count, AtZero ["route"]
        "Parts that wait for a time: that of their next attempt, that for which they are asked, or the end of quiet hours.";
    RETRIES = "retries_total" Counter, Count, AtZero ["carrier" "cause"] "Attempts after the first one, by why they were made.";
    MESSAGES_AWAITING_RECEIPT = "messages_awaiting_receipt" Gauge, Count, AtZero ["carrier"]
        "Parts that a carrier took and has not said the end of.";
    MESSAGES_DOUBTFUL = "messages_doubtful" Gauge, Count, AtZero ["carrier"] "Parts that were perhaps written and never answered.";
    SUBMITS = "submit_total" Counter, Count, Late ["carrier" "country" "answer"] "Attempts that ended, by what the answer means.";
    SUBMIT_DURATION = "submit_duration_seconds" Histogram(NETWORK), Seconds, AtZero ["carrier"]
        "From the writing of a part to the carrier's answer.";
    WINDOW_WAIT = "window_wait_seconds" Histogram(NETWORK), Seconds, AtZero ["carrier"]
        "From the intent to submit a part, through its commit and the wait for a place in the window, to its writing.";
    SUBMIT_ERRORS = "submit_errors_total" Counter, Count, Late ["carrier" "command_status"]
        "Answers with an error, by the name that the specification gives it.";
    LINK_UP = "link_up" Gauge, Count, AtZero ["carrier" "bind"] "Whether a bind is bound: 1 or 0.";
    LINK_TRANSITIONS = "link_transitions_total" Counter, Count, AtZero ["carrier" "bind" "to"] "Changes of the state of a link.";
    WINDOW_IN_USE = "window_in_use" Gauge, Count, AtZero ["carrier" "bind"] "Requests sent and not answered.";
    WINDOW_SIZE = "window_size" Gauge, Count, AtZero ["carrier" "bind"] "How many requests may be sent and not answered.";
    PACE_LIMIT = "pace_limit" Gauge, Count, AtZero ["carrier"] "Submits a second that we allow ourselves; 0 is unlimited.";
    THROTTLED = "throttled_total" Counter, Count, AtZero ["carrier"] "Answers in which the carrier asked for a slower pace.";
    ENQUIRE_LINK_RTT = "enquire_link_rtt_seconds" Histogram(NETWORK), Seconds, AtZero ["carrier"]
        "From an enquire_link to its response.";
    CONGESTION = "congestion_ratio" Gauge, Count, AtZero ["carrier" "bind"]
        "The carrier's load as its congestion_state tells (5.0), 0 to 1; 0 where it never does.";
    PDUS = "pdus_total" Counter, Count, Late ["carrier" "direction" "command"] "PDUs read and written.";
    MALFORMED_PDUS = "malformed_pdus_total" Counter, Count, AtZero ["carrier" "reason"] "PDUs that could not be read or were not legal.";
    DELIVERIES_PUT_OFF = "deliveries_put_off_total" Counter, Count, AtZero ["carrier" "cause"]
        "Receipts and messages that a carrier was told to send again because we were too slow: nothing was made durable for put_off_after (stalled), or also the buffer was full (full); early came before the bind was answered.";
    TLS_EXPIRY = "tls_expiry_seconds" Gauge, Seconds, Late ["carrier"]
        "Until the certificate of a carrier expires, negative when it has; there from its first connection with TLS on.";
    RECEIPTS = "receipts_total" Counter, Count, AtZero ["carrier" "status"]
        "Receipts that came, matched or not, each once, by the normalised word.";
    QUERIES = "queries_total" Counter, Count, AtZero ["carrier" "result"]
        "Questions by query_sm about messages without a final receipt.";
    MESSAGE_ID_FORM = "message_id_form" Gauge, Count, AtZero ["carrier" "form"]
        "1 for how the ids of answers and receipts relate, once receipts have shown it and message_id is auto.";
    DELIVERY_OUTCOMES = "delivery_outcomes_total" Counter, Count, Late ["carrier" "country" "class" "status"] "Parts that a receipt of their carrier ended, by how.";
    DELIVERY = "delivery_seconds" Histogram(HUMAN), Seconds, Late ["carrier" "class"] "From the carrier's answer to the receipt of a delivered part.";
    RECEIPT_DELAY = "receipt_delay_seconds" Histogram(HUMAN), Seconds, AtZero ["carrier"] "From the submit of a part to a receipt.";
    ANSWERS_UNREAD = "answers_unread_total" Counter, Count, AtZero ["carrier"]
        "Answers over HTTP that say yes by their status and have not what the configuration says that they have.";
    RECEIPTS_UNREAD = "receipts_unread_total" Counter, Count, AtZero ["carrier"]
        "Receipts that name no message, which events/unrouted shows, and what carriers over HTTP said in calls and no receipt was found in.";
    RESTORED_HELD_MESSAGES = "restored_held_messages" Gauge, Count, AtZero [] "Queued parts that are held since the store was restored from a backup.";
    RECEIPTS_PARKED = "receipts_parked" Gauge, Count, AtZero [] "Receipts whose part is not known yet.";
    RECEIPTS_UNMATCHED = "receipts_unmatched_total" Counter, Count, AtZero ["carrier"] "Parked receipts that were given up.";
    RECEIPTS_LATE = "receipts_late_total" Counter, Count, AtZero ["carrier"] "Receipts after the end of their part.";
    DELIVERIES_DOUBLE = "deliveries_double_total" Counter, Count, AtZero ["carrier"] "Deliveries of what another carrier had delivered before.";
    RECEIPTS_DUPLICATE = "receipts_duplicate_total" Counter, Count, AtZero ["carrier"] "Receipts that said what was known.";
    FAILOVERS = "failovers_total" Counter, Count, Late ["from" "to" "cause"]
        "Messages that went from one carrier of their route to another, by why.";
    BREAKER_STATE = "breaker_state" Gauge, Count, AtZero ["carrier"]
        "The breaker of a carrier, as it counts or as an operator says: 0 closed, 1 half-open, 2 open.";
    CARRIER_SCORE = "carrier_score" Gauge, Count, Late ["carrier" "country"]
        "What a carrier is worth in a country, 0 to 1, where a route goes by scores; 0 while too little is known.";
    UNKNOWN_OUTCOMES = "unknown_outcomes_total" Counter, Count, AtZero ["carrier" "cause"]
        "Parts that were perhaps written and not answered, by why.";
    MO = "mo_total" Counter, Count, AtZero ["carrier"] "Messages from handsets, each part for itself, each once.";
    MO_REDELIVERED = "mo_redelivered_total" Counter, Count, AtZero ["carrier"]
        "Messages from handsets that a carrier sent again; they were confirmed again and told once.";
    MO_UNROUTED = "mo_unrouted_total" Counter, Count, AtZero ["carrier"]
        "Messages from handsets that no inbound rule gives to an account; they are kept for operators.";
    MO_PARTS_INCOMPLETE = "mo_parts_incomplete" Gauge, Count, AtZero [] "Messages from handsets that wait for more of their parts.";
    VERIFICATIONS = "verifications_total" Counter, Count, Late ["app" "carrier" "country" "result"]
        "Verifications that ended, by whose carrier had the code last (`none` where nobody did) and how.";
    VERIFICATION_SECONDS = "verification_seconds" Histogram(HUMAN), Seconds, Late ["carrier"]
        "From the begin of a verification to the code that came back.";
    GUARD_REJECTIONS = "guard_rejections_total" Counter, Count, AtZero ["guard" "mode"]
        "Codes and guesses that a guard refused (`enforce`), or in its `shadow` would have.";
    GUARD_BLOCKS = "guard_blocks" Gauge, Count, AtZero [] "Prefixes of numbers that guards send no codes to now.";
    GUARD_SPENT_RATIO = "guard_spent_ratio" Gauge, Count, AtZero [] "What of `spend` is spent, 1 where all of it is; further tries can bring it above. 0 without it.";
    OPT_OUTS = "opt_outs_total" Counter, Count, AtZero ["account"]
        "Keywords of handsets that stopped messages; `other` where no inbound rule gave them to an account.";
    OPT_OUTS_UNHEEDED = "opt_outs_unheeded_total" Counter, Count, AtZero ["carrier"]
        "Keywords of handsets that were not heeded, because their number has no country code and no region says whose it is.";
    CHARGED = "charged_total" Counter, Count, AtZero ["account" "currency"]
        "What was taken from balances for accepted orders, in millionths of the currency.";
    REFUNDED = "refunded_total" Counter, Count, AtZero ["account" "currency"]
        "What was paid back to balances because no carrier took it, in millionths of the currency.";
    COST = "cost_total" Counter, Count, AtZero ["carrier" "class" "currency"]
        "What carriers charge for what they took, in millionths of the currency.";
    STORE_COMMIT_DURATION = "store_commit_duration_seconds" Histogram(FAST), Seconds, AtZero [] "A commit with its sync.";
    STORE_SYNC_DURATION = "store_sync_duration_seconds" Histogram(FAST), Seconds, AtZero [] "The end of a commit: its pages go to the write-ahead log and the disk is told to keep them; none with durability os.";
    STORE_BATCH_RECORDS = "store_batch_records" Histogram(COUNT), Count, AtZero [] "Records of a commit.";
    STORE_POISONED = "store_poisoned" Gauge, Count, AtZero [] "Whether the store has failed: 0, or 1 for the moment until the process has ended with 74.";
    STORE_DURABILITY = "store_durability" Gauge, Count, AtZero ["mode"] "1 for the durability that is in force.";
    STORE_MENDED = "store_mended_total" Counter, Count, AtZero ["what"]
        "Damage of the store that was found: a log that was put right or cut, an index that was made anew, a record that was set aside.";
    STORE_BYTES = "store_bytes" Gauge, Bytes, AtZero [] "The size of the store on disk.";
    STORE_FREE_BYTES = "store_free_bytes" Gauge, Bytes, AtZero [] "Free space on the disk of the store.";
    LOOP_BATCH_HAPPENINGS = "loop_batch_happenings" Histogram(COUNT), Count, AtZero [] "Happenings of a beat of the loop.";
    LOOP_BEAT = "loop_beat_seconds" Histogram(FAST), Seconds, AtZero ["beat"] "How long each step of a beat of the loop took.";
    CLOCK_STEPS = "clock_steps_total" Counter, Count, AtZero [] "Jumps of the wall clock that were noticed.";
    CLOCK_DOUBTED = "clock_doubted" Gauge, Count, AtZero []
        "1 while the wall clock is not believed, for it stood far from where the store last was.";
    CLOCK_GAP = "clock_gap_seconds" Gauge, Seconds, AtZero []
        "How far a wall clock that is not believed stands ahead of the store; behind it, below zero.";
    PEOPLE_TO_FORGET = "people_to_forget" Gauge, Count, AtZero []
        "Numbers that are to be forgotten and are not yet, for messages to them are under way.";
    CONFIG_LAST_RELOAD_SUCCESSFUL = "config_last_reload_successful" Gauge, Count, AtZero []
        "Whether the last reading of the configuration was good: 1 or 0.";
    CONFIG_LAST_RELOAD_TIMESTAMP = "config_last_reload_timestamp_seconds" Gauge, Seconds, AtZero []
        "When the configuration in force was read, in seconds since 1970.";
    BUILD_INFO = "build_info" Gauge, Count, AtZero ["version" "revision"] "1 for the version that runs.";
}

/// The page of documentation about all metrics.
pub fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\nWritten from `src/telemetry/names.rs` by `NUNCIO_WRITE_DOCS=1 cargo test`; do not edit.\n\n\
         Served at `/metrics` of the admin listener. Labels come from the configuration or a closed set. A set of\n\
         labels stands at 0 from the start, so that an alert sees the first event too; those of metrics marked *late*,\n\
         products of what is configured of which most never happen, come with their first event. The page is in this\n\
         order, and gzip to who accepts it. Values without a unit are counts.\n\n\
         | name | kind | labels | meaning |\n|---|---|---|---|\n",
    );
    for it in ALL {
        let labels = it.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" ");
        let late = if it.begins == Begins::Late { ", *late*" } else { "" };
        writeln!(page, "| `{}` | {}{late} | {labels} | {} |", it.name, it.kind.word(), it.help)
            .expect("a string takes all");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_unit_and_kind() {
        for it in ALL {
            assert_eq!(it.name.ends_with("_total"), it.kind == Counter, "{}", it.name);
            assert_eq!(it.name.ends_with("_seconds"), it.unit == Unit::Seconds, "{}", it.name);
            assert_eq!(it.name.ends_with("_bytes"), it.unit == Unit::Bytes, "{}", it.name);
            assert!(it.help.ends_with('.'), "{}", it.name);
            if let Histogram(bounds) = it.kind {
                assert!(bounds.is_sorted_by(|a, b| a < b), "{}", it.name);
            }
        }
        let mut names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn the_documentation_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("NUNCIO_WRITE_DOCS").is_some() {
            std::fs::write(path, page()).expect("docs are writable where they are written");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == page(), "docs/metrics.md is old: run NUNCIO_WRITE_DOCS=1 cargo test");
    }
}
