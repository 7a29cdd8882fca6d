//! Sending from the command line: to a number, to a file, with what goes wrong on the way.

use crate::daemon::process::Process;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, KEY, account, carrier, quiet_port, route};
use serde_json::Value;
use std::fmt::Write;
use std::process::Output;

const PRICED: &str = "price = { default = \"0.087\", currency = \"EUR\" }\n";

/// A carrier that refuses one number, and delivers to the others.
fn simulator() -> (Process, u16) {
    sim(&["--latency", "0ms..2ms", "--receipts", "0ms..50ms", "--refuse", "31612345613=ESME_RINVDSTADR"])
}

fn run(daemon: &Daemon, arguments: &[&str], key: &str) -> Output {
    let mut command = daemon.command(&["send"]);
    command.args(arguments).env("NUNCIO_HTTP_LISTEN", daemon.http().to_string()).env("NUNCIO_KEY", key);
    command.output().expect("it runs")
}

/// Its end, what it sums up, and what it says besides.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_message_is_sent_and_followed_to_its_end() {
    let (_sim, port) = simulator();
    let daemon = Daemon::start(&(account("[1]") + &carrier(port, "") + &route(PRICED)));
    let text = ["--from", "YOURAPP", "--text", "Hello {you}"];
    let (code, summary, said) = told(&run(&daemon, &[&["+31612345678"][..], &text].concat(), KEY));
    assert_eq!(code, Some(0), "{summary}{said}");
    assert!(summary.contains("accepted   1 of 1; 0 rejected, 0 twice"), "{summary}");
    assert!(summary.contains("cost       0.087 EUR") && summary.contains("delivered  1\n"), "{summary}");
    let order = summary.lines().next().and_then(|it| it.strip_prefix("order      ")).expect("the order");
    let page = daemon.client().get(&format!("/v1/orders/{order}/messages")).json();
    let message = daemon.client().get(&format!("/v1/messages/{}", page["data"][0]["id"].as_str().unwrap())).json();
    assert_eq!((&message["status"], &message["parts"]), (&"DELIVERED".into(), &1.into()), "{message}");

    // One of two does not arrive: that is said by the numbers and by the end.
    let two = ["+31612345613", "+31612345679", "--json"];
    let (code, summary, said) = told(&run(&daemon, &[&two[..], &text].concat(), KEY));
    assert_eq!(code, Some(1), "{summary}{said}");
    let summary: Value = serde_json::from_str(&summary).expect("it is JSON");
    assert_eq!((&summary["totals"]["delivered"], &summary["totals"]["failed"]), (&1.into(), &1.into()), "{summary}");
}

#[test]
fn a_file_is_sent_with_its_fields_and_sums_up_what_its_orders_say() {
    let (_sim, port) = simulator();
    let daemon = Daemon::start(&(account("[1]") + &carrier(port, "window = 100\n") + &route(PRICED)));
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("list.csv");
    let mut lines = "to,name\n".to_owned();
    (0..10_500).for_each(|it| writeln!(lines, "+3162{it:07},Recipient {it}").expect("memory takes it"));
    lines.push_str("0612345678,Nobody\n");
    std::fs::write(&file, lines).expect("it is written");
    let file = file.to_str().expect("a path");
    let shared = ["--file", file, "--from", "YOURAPP", "--text", "Dear {name}", "--idempotency-key", "spring"];
    let (code, summary, said) = told(&run(&daemon, &shared, KEY));
    assert_eq!(code, Some(1), "a line was refused: {summary}{said}");
    assert!(said.contains("line 10502: 0612345678"), "{said}");
    assert!(summary.contains("accepted   10,500 of 10,501; 1 rejected, 0 twice"), "{summary}");
    assert!(summary.contains("delivered  10,500"), "{summary}");
    let orders = summary.lines().next().and_then(|it| it.strip_prefix("orders     ")).expect("the orders").to_owned();
    let delivered =
        orders.split(", ").map(|it| daemon.client().get(&format!("/v1/orders/{it}")).json()["delivered"].as_u64());
    assert_eq!(delivered.collect::<Vec<_>>(), [Some(10_000), Some(500)]);
    // Whoever repeats it under its key sends nothing, and is told the same.
    let again = told(&run(&daemon, &shared, KEY)).1;
    assert!(again.starts_with(&format!("orders     {orders}\n")), "{again}");
    assert_eq!(daemon.client().get("/v1/orders").json()["data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_file_that_has_to_go_on_later_says_how_and_ends_with_a_code_of_its_own() {
    let daemon = Daemon::start(&(account("[1]") + "quota = \"10100/1d\"\n" + &carrier(quiet_port(), "") + &route("")));
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("list.csv");
    let mut lines = "to\n".to_owned();
    (0..10_500).for_each(|it| writeln!(lines, "+3162{it:07}").expect("memory takes it"));
    std::fs::write(&file, lines).expect("it is written");
    let asked = ["--file", file.to_str().expect("a path"), "--from", "YOURAPP", "--text", "x"];
    let (code, summary, said) = told(&run(&daemon, &asked, KEY));
    assert_eq!(code, Some(69), "{summary}{said}");
    assert!(summary.contains("accepted   10,000 of 10,500"), "{summary}");
    assert!(said.contains("stopped at line 10002"), "{said}");
    let key = said.lines().next().and_then(|it| it.strip_prefix("--idempotency-key ")).expect("the key comes first");
    assert!(said.ends_with(&format!("go on from there with --idempotency-key {key}\n")), "{said}");
    let (code, again, _) = told(&run(&daemon, &[&asked[..], &["--idempotency-key", key]].concat(), KEY));
    assert_eq!((code, again), (Some(69), summary), "nothing is sent twice");
}

#[test]
fn what_cannot_be_sent_is_said_and_ends_with_a_code_of_its_own() {
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let number = ["+31612345678", "--from", "YOURAPP", "--text", "x"];
    let (code, summary, said) = told(&run(&daemon, &number, "nobody's"));
    assert_eq!((code, summary.as_str()), (Some(77), ""), "{said}");
    // The key is good; what is asked is not.
    let (code, _, said) = told(&run(&daemon, &[&number[..], &["--class", "otp"]].concat(), KEY));
    assert!(code == Some(2) && said.contains("class") && !said.contains("the key"), "{code:?} {said}");
    let (code, _, said) = told(&run(&daemon, &["0612345678", "--from", "YOURAPP", "--text", "x"], KEY));
    assert!(code == Some(2) && said.contains("number"), "{code:?} {said}");
    let (code, _, said) = told(&run(&daemon, &["--file", "/nowhere/list.csv", "--text", "x"], KEY));
    assert!(code == Some(2) && said.contains("/nowhere/list.csv"), "{code:?} {said}");
    let (code, _, said) = told(&run(&daemon, &["--text", "x"], KEY));
    assert!(code == Some(2) && said.contains("NUMBER"), "{code:?} {said}");
    // It stays queued: who does not wait for ever is told how it stands.
    let (code, summary, said) = told(&run(&daemon, &[&number[..], &["--wait", "1s"]].concat(), KEY));
    assert!(code == Some(1) && summary.contains("delivered  0\npending    1\n"), "{code:?} {summary}{said}");
    let (code, summary, _) = told(&run(&daemon, &[&number[..], &["--no-wait"]].concat(), KEY));
    assert!(code == Some(0) && summary.contains("accepted   1 of 1"), "{code:?} {summary}");
    let at = daemon.http();
    assert!(daemon.terminate().success());
    let mut command = daemon.command(&["send"]);
    command.args(number).env("NUNCIO_HTTP_LISTEN", at.to_string()).env("NUNCIO_KEY", KEY);
    let (code, _, said) = told(&command.output().expect("it runs"));
    assert!(code == Some(69) && said.contains("no gateway answers"), "{code:?} {said}");
}
