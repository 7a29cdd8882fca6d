//! Finding messages from the command line, with the real binary against the running daemon.

use crate::daemon::process::Process;
use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, KEY, account, carrier, route, until};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// What a command says to the daemon's operator.
fn run(daemon: &Daemon, arguments: &[&str], key: &str) -> Output {
    let mut command = daemon.command(arguments);
    command.env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).env("NUNCIO_KEY", key);
    command.output().expect("it runs")
}

fn said(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = run(daemon, arguments, KEY);
    let text = String::from_utf8(output.stdout).expect("it is a text");
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What it says where it shows nothing, and with which code it ends.
fn refused(output: &Output) -> (Option<i32>, String) {
    assert_eq!(output.stdout, b"");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn send(daemon: &Daemon, to: &str, reference: &str) -> String {
    let body = json!({ "to": to, "from": "YOURAPP", "text": "quite secret", "client_ref": reference });
    let accepted = daemon.client().post("/v1/messages", &body);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    accepted.json()["order_id"].to_string()
}

#[test]
fn it_never_arrived_is_one_command() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let mut link = smsc.bound();
    let order = send(&daemon, "+31612345678", "login-77");
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"00ab77\0");
    link.send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, b"id:00ab77 stat:UNDELIV err:027 text:quite secret"));
    link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    send(&daemon, "+31612345679", "login-78");
    let line = until("the receipt is recorded", PATIENCE, || {
        let text = said(&daemon, &["find", "+31612345678"]);
        text.lines().find(|it| it.contains("FAILED")).map(str::to_owned)
    });
    let id = line.split(' ').next().expect("the id comes first");
    assert!(line.contains("+3161****678") && line.contains("shop"), "the number is masked: {line}");
    for by in [["--client-ref", "login-77"], ["--carrier-id", "AB77"], ["--order", &order], ["--status", "failed"]] {
        let text = said(&daemon, &["find", by[0], by[1], "--account", "shop"]);
        let found: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(found, [line.as_str()], "{by:?}: {text}");
    }
    let both = said(&daemon, &["find"]);
    assert_eq!(both.lines().count(), 3, "{both}");
    let one = said(&daemon, &["find", "--limit", "1"]);
    assert!(one.contains("There are more.") && one.contains("+3161****679"), "{one}");

    let told = said(&daemon, &["find", "+31612345678", "--why"]);
    assert_eq!(told, said(&daemon, &["why", id]));
    let flat: Vec<&str> = told.split_whitespace().collect();
    let flat = flat.join(" ");
    for part in [
        &format!("Accepted from account shop as order {order}, client_ref \"login-77\""),
        "It goes by route 1 (1): by the configuration of now it is the account's first and no rule fits, unless the request named it. Its carriers, in the order listed: acme.",
        "Attempt 1 was given to acme-1: the first try.",
        "it took it, and calls it 00ab77.",
        "acme sent a receipt: it will not arrive (FAILED, in its words UNDELIV, error 027).",
        "Ended: FAILED. The carrier's receipt says that the message cannot be delivered.",
    ] {
        let at = flat.find(part);
        assert!(at.is_some(), "{part}\n{told}");
    }
    assert!(!told.contains("secret") && !told.contains("31612345678"), "{told}");
    assert!(told.lines().all(|it| it.chars().count() <= 100), "it fits a terminal: {told}");
}

#[test]
fn what_is_wrong_with_a_search_is_said_in_one_sentence() {
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(crate::daemon::quiet_port(), "") + &route("")));
    let (code, text) = refused(&run(&daemon, &["find", "+31612345678"], KEY));
    assert_eq!(code, Some(1));
    assert!(text.starts_with("nothing was found. Messages that ended are kept for 30 days (retention)"), "{text}");
    let absent = "00000000-0000-8010-8000-000000000000";
    assert_eq!(refused(&run(&daemon, &["why", absent], KEY)).0, Some(1));
    let (code, text) = refused(&run(&daemon, &["find", "0612"], KEY));
    assert!(code == Some(2) && text.starts_with("to: must be a number with its country code"), "{code:?} {text}");
    let (code, text) = refused(&run(&daemon, &["find", "--account", "nobody"], KEY));
    assert!(code == Some(2) && text.starts_with("account: there is no such account"), "{code:?} {text}");
    let keyless = daemon.command(&["find"]).env_remove("NUNCIO_KEY").output().expect("it runs");
    let (code, text) = refused(&keyless);
    assert!(code == Some(2) && text.starts_with("a key with the scope admin is needed"), "{code:?} {text}");
    let (code, text) = refused(&run(&daemon, &["find"], "another key"));
    assert!(code == Some(77) && text.starts_with("the gateway refuses the key: "), "{code:?} {text}");
    let (code, text) = refused(&run(&daemon, &["find", "--key-file", "/nowhere/key"], KEY));
    assert!(code == Some(2) && text.starts_with("/nowhere/key: "), "{code:?} {text}");
    let address = daemon.admin();
    daemon.kill();
    let mut command = daemon.command(&["find"]);
    let output =
        command.env("NUNCIO_ADMIN_LISTEN", address.to_string()).env("NUNCIO_KEY", KEY).output().expect("it runs");
    let (code, text) = refused(&output);
    assert_eq!(code, Some(69), "{text}");
    assert!(text.starts_with(&format!("no gateway answers at {address}, where [admin] of ")), "{text}");
    assert!(text.trim_end().ends_with("is it running?"), "{text}");
    assert_eq!(daemon.command(&["find"]).env("NUNCIO_KEY", KEY).output().expect("it runs").status.code(), Some(69));
}

#[test]
fn the_gateway_is_found_behind_a_unix_socket_and_the_key_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", folder.path().join("admin.sock").display());
    let config = account("[1]") + &carrier(crate::daemon::quiet_port(), "") + &route("");
    let daemon = Daemon::prepare(&config, &[("NUNCIO_ADMIN_LISTEN", &socket)]);
    let _serving = Process::start("nuncio", daemon.command(&["serve"]));
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).expect("the folder takes files");
    let output = until("it serves", PATIENCE, || {
        let mut command = daemon.command(&["find", "--key-file", &file.to_string_lossy()]);
        let output = command.env_remove("NUNCIO_KEY").output().expect("it runs");
        (output.status.code() != Some(69)).then_some(output)
    });
    let (code, text) = refused(&output);
    assert!(code == Some(1) && text.starts_with("nothing was found"), "it was asked, and has nothing: {code:?} {text}");
}

#[test]
fn a_search_ends_well_when_its_reader_has_seen_enough() {
    let daemon = Daemon::start(&(account("[1]") + &carrier(crate::daemon::quiet_port(), "") + &route("")));
    // More than a pipe holds.
    let to: Vec<String> = (0..1_000).map(|it| format!("+3161234{it:04}")).collect();
    let accepted = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "YOURAPP", "text": "hi" }));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let mut command = daemon.command(&["find", "--limit", "1000"]);
    command.env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).env("NUNCIO_KEY", KEY);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut reader = BufReader::with_capacity(64, child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    assert!(line.starts_with("ID "), "{line}");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
