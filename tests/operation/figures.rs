//! The page of metrics as a whole: what it costs, and that each family on it is fed.

use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier_named, quiet_port};
use flate2::read::GzDecoder;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const PATIENCE: Duration = Duration::from_secs(60);

/// What two carriers of one route do not bring about: the tests through the real binary that see it move.
const SEEN_ELSEWHERE: [(&str, &str, &str); 37] = [
    ("verifications_total", "operation/verify.rs", "a_code_that_was_sent_comes_back_once"),
    ("verification_seconds", "operation/verify.rs", "a_code_that_was_sent_comes_back_once"),
    ("cdr_lines_total", "operation/cdr/writing.rs", "a_line_says_of_a_part_what_its_page_says"),
    (
        "cdr_failures_total",
        "operation/cdr/writing.rs",
        "a_line_that_a_crash_has_torn_is_cut_off_and_what_is_not_ours_is_left_alone",
    ),
    (
        "cdr_oldest_age_seconds",
        "operation/cdr/writing.rs",
        "a_disk_that_is_full_keeps_nothing_else_waiting_and_loses_no_line",
    ),
    ("cdr_lost_total", "operation/cdr/writing.rs", "what_becomes_too_old_before_it_is_written_is_said_and_counted"),
    (
        "http_connections_refused_total",
        "operation/connections.rs",
        "a_connection_over_the_bound_is_answered_and_counted_and_told_of_once",
    ),
    (
        "store_mended_total",
        "operation/damage.rs",
        "a_record_that_the_disk_has_changed_is_set_aside_and_all_others_are_served",
    ),
    ("clock_doubted", "peers/faketime.rs", "a_clock_that_is_forty_days_ahead_at_the_start_ends_and_deletes_nothing"),
    (
        "clock_gap_seconds",
        "peers/faketime.rs",
        "a_clock_that_is_forty_days_ahead_at_the_start_ends_and_deletes_nothing",
    ),
    ("clock_steps_total", "peers/faketime.rs", "what_is_asked_for_at_a_time_goes_by_the_clock_as_it_is_put_right"),
    (
        "people_to_forget",
        "operation/people.rs",
        "nothing_is_left_of_a_number_and_everything_of_what_became_of_its_messages",
    ),
    ("lookups_total", "operation/lookup.rs", "landlines_are_refused_and_each_number_is_asked_about_once"),
    ("receipts_unmatched_total", "operation/floods.rs", "receipts_for_nothing_leave_few_lines_and_all_are_counted"),
    ("congestion_ratio", "operation/outbind.rs", "an_outbind_is_answered_with_a_bind_and_messages_flow"),
    ("malformed_pdus_total", "operation/garbage.rs", "pdus_that_lie_are_answered_and_the_link_goes_on"),
    (
        "deliveries_put_off_total",
        "operation/inbound.rs",
        "what_comes_before_a_bind_beyond_the_buffer_is_put_off_and_counted_as_ours",
    ),
    (
        "tls_expiry_seconds",
        "operation/tls.rs",
        "messages_go_over_tls_with_a_certificate_of_our_own_and_the_end_of_the_carriers_is_shown",
    ),
    ("queries_total", "operation/query.rs", "a_silent_message_is_asked_about_until_its_end_is_known"),
    ("message_id_form", "operation/query.rs", "how_a_carrier_writes_its_ids_is_learned_and_survives_a_kill"),
    ("answers_unread_total", "operation/http.rs", "a_200_that_is_no_answer_is_not_believed_and_is_told_of_once"),
    ("receipts_unread_total", "operation/http.rs", "calls_that_are_not_understood_are_counted_and_told_of_once"),
    (
        "restored_held_messages",
        "operation/backup.rs",
        "what_a_backup_has_queued_is_held_over_restarts_until_an_operator_lets_it_go",
    ),
    (
        "mo_redelivered_total",
        "operation/mo.rs",
        "what_came_before_a_kill_is_completed_after_it_and_told_once_however_often_it_comes",
    ),
    ("mo_parts_incomplete", "operation/mo.rs", "three_parts_over_two_binds_in_any_order_become_one_event"),
    (
        "opt_outs_total",
        "operation/opt_out.rs",
        "a_handset_that_says_stop_gets_no_more_of_that_sender_until_it_says_start",
    ),
    (
        "opt_outs_unheeded_total",
        "operation/handsets.rs",
        "a_number_without_its_country_code_is_never_that_of_somebody_else",
    ),
    (
        "webhook_deliveries_total",
        "operation/webhooks.rs",
        "an_endpoint_behind_us_is_never_called_unless_its_network_is_named",
    ),
    ("webhook_seconds", "operation/webhooks.rs", "an_endpoint_behind_us_is_never_called_unless_its_network_is_named"),
    (
        "webhook_outbox_messages",
        "operation/webhooks.rs",
        "an_endpoint_behind_us_is_never_called_unless_its_network_is_named",
    ),
    (
        "webhook_oldest_age_seconds",
        "operation/webhooks.rs",
        "an_endpoint_behind_us_is_never_called_unless_its_network_is_named",
    ),
    ("webhook_state", "operation/webhooks.rs", "an_endpoint_behind_us_is_never_called_unless_its_network_is_named"),
    (
        "guard_rejections_total",
        "operation/guards.rs",
        "addresses_of_one_network_are_one_and_what_is_in_shadow_only_counts",
    ),
    (
        "guard_blocks",
        "operation/guards.rs",
        "five_thousand_to_one_prefix_are_fifty_and_operators_see_and_lift_the_block",
    ),
    (
        "guard_spent_ratio",
        "operation/guards.rs",
        "money_is_not_overrun_by_those_who_come_at_once_and_dear_numbers_are_sent_nothing",
    ),
    ("charged_total", "operation/money.rs", "an_account_that_pays_in_advance_is_refused_charged_and_paid_back"),
    ("refunded_total", "operation/money.rs", "an_account_that_pays_in_advance_is_refused_charged_and_paid_back"),
];

/// What ends the process as it happens.
const UNSEEN: [&str; 1] = ["store_poisoned"];

/// Two hundred of them.
const COUNTRIES: &str = "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE \
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV \
    LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP \
    NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK \
    SL SM";

fn page(daemon: &Daemon) -> String {
    daemon.operator().get("/metrics").text()
}

/// The families of a page.
fn families(page: &str) -> BTreeSet<String> {
    let names = page.lines().filter_map(|it| it.strip_prefix("# TYPE nuncio_")?.split(' ').next());
    names.map(str::to_owned).collect()
}

/// The families of which something is not 0.
fn moved(page: &str) -> BTreeSet<String> {
    let all = families(page);
    let series = page.lines().filter(|it| !it.starts_with('#') && !it.is_empty());
    let above = series.filter(|it| it.rsplit_once(' ').is_some_and(|(_, value)| value != "0"));
    let names = above.filter_map(|it| it.strip_prefix("nuncio_")?.split(['{', ' ']).next());
    let family = |it: &str| {
        let parts = ["_bucket", "_sum", "_count"].iter().find_map(|end| it.strip_suffix(end));
        parts.filter(|it| all.contains(*it)).unwrap_or(it).to_owned()
    };
    names.map(family).collect()
}

#[test]
fn every_family_is_fed() {
    let rude = [
        "--latency=5ms..30ms",
        "--receipts=50ms..2s",
        "--outcome=delivrd=8,undeliv=2",
        "--twice=20%",
        "--throttle=2%",
        "--lose-answer=2%",
        "--receipt-first=10%",
        "--taken-back=5%",
        "--mo=20/s",
    ];
    let ((_first, port), (_second, other)) = (sim(&rude), sim(&["--latency=5ms..30ms", "--receipts=50ms..300ms"]));
    let mut config = account("[1]");
    for (id, port) in [("acme", port), ("beta", other)] {
        let lines = "enquire_link = \"300ms\"\nresponse_timeout = \"1s\"\nparked_for = \"1s\"\npace = \"500/s\"\n\
            cost = { default = \"0.01\", currency = \"EUR\" }";
        config += &carrier_named(id, port, lines);
    }
    config += "[[route]]\nid = 1\norder = \"scored\"\ncarriers = [\"acme\", \"beta\"]\nunknown = \"hold\"\nreceipt_window = \"300ms\"\n";
    let daemon = Daemon::start(&config);
    let (mut client, mut operator) = (daemon.client(), daemon.operator());
    let at = (OffsetDateTime::now_utc() + Duration::from_secs(3_600)).format(&Rfc3339).unwrap();
    let later = json!({ "to": "+31612345678", "from": "SHOP", "text": "hello", "send_at": at });
    let later = client.post("/v1/messages", &later);
    assert_eq!(later.status, 202, "{}", later.text());
    let mut send = |count: usize| {
        let to: Vec<String> = (0..count).map(|it| format!("+3161{it:07}")).collect();
        client.post("/v1/messages", &json!({ "to": to, "from": "SHOP", "text": "hello" })).status
    };
    assert_eq!((send(0), send(200)), (422, 202));
    let mut seen = BTreeSet::new();
    let mut look = || {
        seen.extend(moved(&page(&daemon)));
        seen.clone()
    };
    let documented: BTreeSet<String> = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md"))
        .unwrap()
        .lines()
        .filter_map(|it| it.strip_prefix("| `nuncio_")?.split('`').next().map(str::to_owned))
        .collect();
    let elsewhere = SEEN_ELSEWHERE.map(|it| it.0).into_iter().chain(UNSEEN);
    let here: BTreeSet<String> =
        documented.iter().filter(|it| !elsewhere.clone().any(|name| name == **it)).cloned().collect();
    let missing = |seen: &BTreeSet<String>| here.difference(seen).cloned().collect::<Vec<_>>();
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert_eq!(send(50), 202);
        let still = missing(&look());
        match &still[..] {
            [] => break,
            [last] if last == "breaker_state" => {
                let open = json!({ "state": "open", "for": "10m", "reason": "a test" });
                assert!(operator.post("/admin/v1/carriers/acme/breaker", &open).status < 300);
            }
            _ => {}
        }
        assert!(Instant::now() < deadline, "nothing feeds {still:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_seen_elsewhere_is_seen_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (family, file, test) in SEEN_ELSEWHERE {
        let source = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(source.contains(&format!("\nfn {test}(")), "{file} has {test}");
        assert!(source.contains(family), "{file} reads {family}");
    }
}

#[test]
fn a_page_for_many_countries_is_short_until_they_are_used() {
    let countries: Vec<String> = COUNTRIES.split(' ').map(|it| format!("{it} = \"0.08\"")).collect();
    let mut config = account("[1]");
    let names: Vec<String> = (0..50).map(|it| format!("\"carrier-{it}\"")).collect();
    for name in &names {
        writeln!(config, "[[carrier]]\nid = {name}\naddress = [\"127.0.0.1:{}\"]", quiet_port()).unwrap();
        writeln!(
            config,
            "system_id = \"nuncio\"\npassword = \"Zk7pQ2xw\"\nreconnect = {{ base = \"10s\", max = \"20s\" }}"
        )
        .unwrap();
    }
    writeln!(config, "[[route]]\nid = 1\ncarriers = [{}]", names.join(", ")).unwrap();
    writeln!(config, "price = {{ {}, currency = \"EUR\" }}", countries.join(", ")).unwrap();
    assert_eq!(countries.len(), 200);
    let daemon = Daemon::start(&config);
    let plain = page(&daemon);
    let series = plain.lines().filter(|it| !it.starts_with('#') && !it.is_empty()).count();
    assert!(series < 10_000, "{series} series");
    let zipped =
        daemon.operator().with_header("GET", "/metrics", None, "accept-encoding: gzip;q=1.0, *;q=0.1\r\n").unwrap();
    assert_eq!((zipped.header("content-encoding"), zipped.header("vary")), (Some("gzip"), Some("accept-encoding")));
    let mut text = String::new();
    GzDecoder::new(&*zipped.body).read_to_string(&mut text).unwrap();
    assert!(families(&plain).is_subset(&families(&text)), "{text}");
    assert!(zipped.body.len() * 10 < text.len(), "{} of {} octets", zipped.body.len(), text.len());
}
