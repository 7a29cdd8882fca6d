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
