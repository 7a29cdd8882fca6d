//! Prometheus and its promtool read what the daemon shows.

use crate::daemon::client::Client;
use crate::daemon::process::Process;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use crate::peers::need::trials;
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn daemon() -> Daemon {
    let daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let body = json!({ "to": ["+31612345678", "+31612345679"], "from": "shop", "text": "hello" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    daemon
}

trials! {
    [Prometheus]:
        promtool_finds_nothing_wrong_with_the_metrics,
        the_sample_of_alerts_is_one_and_asks_for_what_there_is,
        alerts_of_codes_fire_at_night_and_are_silent_by_day,
        prometheus_scrapes_the_daemon;
}

fn promtool_finds_nothing_wrong_with_the_metrics() {
    let page = daemon().operator().get("/metrics").text();
    assert!(page.contains("# TYPE nuncio_submit_duration_seconds histogram"), "{page}");
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success() && text.is_empty(), "{text}");
}

fn the_sample_of_alerts_is_one_and_asks_for_what_there_is() {
    let said = Command::new("promtool").args(["check", "rules", "docs/alerts.yml"]).output().unwrap();
    let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success() && text.contains("SUCCESS"), "{text}");
    let metrics = std::fs::read_to_string("docs/metrics.md").unwrap();
    let rules = std::fs::read_to_string("docs/alerts.yml").unwrap();
    let words = rules.split(|it: char| !it.is_ascii_lowercase() && it != '_');
    let unknown: Vec<&str> =
        words.filter(|it| it.starts_with("nuncio_") && !metrics.contains(&format!("`{it}`"))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Of a country of which few codes come back, of prefixes that stay blocked and of money; and that nobody is woken by a
/// country with few logins, or by one block that ends.
fn alerts_of_codes_fire_at_night_and_are_silent_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let rules = std::env::current_dir().unwrap().join("docs/alerts.yml");
    // By country: codes that come back and that do not, each a minute.
    let of = |country: &str, result: &str, each: u32| {
        format!(
            "  - {{ series: 'nuncio_verifications_total{{app=\"login\",carrier=\"acme\",country=\"{country}\",result=\"{result}\"}}', \
             values: '0+{each}x60' }}\n"
        )
    };
    let series = [
        of("NL", "approved", 80),
        of("NL", "expired", 20),
        of("SX", "approved", 1),
        of("SX", "expired", 9),
        of("LI", "approved", 0),
        of("LI", "expired", 1),
        "  - { series: 'nuncio_guard_blocks', values: '1x40 0x20' }\n".to_owned(),
        "  - { series: 'nuncio_guard_spent_ratio', values: '0.5x30 0.81x30' }\n".to_owned(),
    ];
    let alert = |name: &str, at: &str, fires: &str| {
        format!("  - {{ eval_time: {at}, alertname: {name}, exp_alerts: [{fires}] }}\n")
    };
    let few = "{ exp_labels: { country: SX }, exp_annotations: { summary: 'Few codes come back from SX.' } }";
    let blocks = "Guards block 1 prefixes since half an hour: see GET /admin/v1/guards.";
    let blocks = format!("{{ exp_annotations: {{ summary: '{blocks}' }} }}");
    let spend = "{ exp_annotations: { summary: 'Four fifths of what codes may cost are spent.' } }";
    let alerts = [
        alert("NuncioCodesConversion", "50m", few),
        alert("NuncioCodesPumped", "20m", ""),
        alert("NuncioCodesPumped", "35m", &blocks),
        alert("NuncioCodesPumped", "50m", ""),
        alert("NuncioCodesSpend", "20m", ""),
        alert("NuncioCodesSpend", "50m", spend),
    ];
    let text = format!(
        "rule_files: [{}]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n{}  alert_rule_test:\n{}",
        rules.display(),
        series.concat(),
        alerts.concat()
    );
    let file = folder.path().join("alerts.test.yml");
    std::fs::write(&file, &text).unwrap();
    let said = Command::new("promtool").args(["test", "rules"]).arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success(), "{told}\n{text}");
}

fn prometheus_scrapes_the_daemon() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    let config = folder.path().join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: nuncio\n  static_configs: [{{ targets: ['{}'] }}]\n",
        daemon.admin(),
    );
    std::fs::write(&config, text).unwrap();
    let at = SocketAddr::from(([127, 0, 0, 1], quiet_port()));
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
    command.arg(format!("--web.listen-address={at}"));
    let _prometheus = Process::start("prometheus", command);
    for (query, expected) in [
        ("up%7Bjob%3D%22nuncio%22%7D", "1"),
        ("nuncio_messages_total%7Bstatus%3D%22QUEUED%22%7D", "2"),
        ("nuncio_messages_accepted_total%7Baccount%3D%22shop%22%2Cclass%3D%22transactional%22%7D", "2"),
    ] {
        until(query, PATIENCE, || {
            let reply = Client::new(at, "").call("GET", &format!("/api/v1/query?query={query}"), None).ok()?;
            let found = (reply.status == 200).then(|| reply.json())?;
            (found["data"]["result"][0]["value"][1] == expected).then_some(())
        });
    }
}
