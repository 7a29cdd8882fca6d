//! What the README says to do, done as it stands there.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, carrier_named, until};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The blocks of the README in a language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let fence = format!("\n```{language}\n");
    readme.split(&fence).skip(1).map(|it| it.split("```").next().unwrap().to_owned()).collect()
}

/// What the only command with these words says, up to an end.
fn behind<'a>(commands: &'a [String], words: &str, end: char) -> &'a str {
    let found: Vec<&str> = commands.iter().filter_map(|it| it.split_once(words)).map(|it| it.1).collect();
    assert_eq!(found.len(), 1, "one command has {words:?}");
    found[0].split(end).next().unwrap()
}

fn checked(daemon: &Daemon) -> String {
    let output = daemon.command(&["check"]).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

#[test]
fn what_the_readme_says_to_do_is_done_and_answered_as_it_says() {
    let output = Command::new(env!("CARGO_BIN_EXE_nuncio")).arg("key").output().unwrap();
    let made = String::from_utf8(output.stdout).unwrap();
    let key = made.lines().find_map(|it| it.strip_prefix("key        = ")).unwrap();
    let digest = made.lines().find(|it| it.starts_with("key_sha256 = ")).unwrap();
    let smsc = Smsc::new();
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("acme.password");
    std::fs::write(&password, "Zk7pQ2xw\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let written = &blocks("toml")[0];
    let config = [
        ("key_sha256 = [\"…\"]", digest.to_owned()),
        ("smpp.acme.example:2775", format!("127.0.0.1:{}", smsc.port())),
        ("/etc/nuncio/acme.password", password.display().to_string()),
    ]
    .iter()
    .fold(written.clone(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is in {text}");
        text.replace(from, to)
    });
    let daemon = Daemon::start(&config);
    let said = checked(&daemon);
    assert!(said.contains("accounts 1, carriers 1, binds 1, routes 1") && !said.contains("warning"), "{said}");
    let mut link = smsc.bound();
    let commands = blocks("sh");
    let body: Value = serde_json::from_str(behind(&commands, "-d '", '\'')).unwrap();
    let shown: Value = serde_json::from_str(&blocks("json")[0]).unwrap();
    let mut client = daemon.client_with(key);
    let reply = client.post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let answer = reply.json();
    for pointer in ["/route_id", "/count", "/initial_state"] {
        assert_eq!(answer.pointer(pointer), shown.pointer(pointer), "{pointer}");
    }
    for field in ["to", "status", "encoding", "parts"] {
        assert_eq!(answer["messages"][0][field], shown["messages"][0][field], "{field}");
    }
    assert!(answer["order_id"].is_u64() && shown["order_id"].is_u64());
    let page = behind(&commands, "http://127.0.0.1:8080/v1/messages/$", ' ');
    assert_eq!(page, "ID");
    let path = format!("/v1/messages/{}", answer["messages"][0]["id"].as_str().unwrap());
    let submit = link.read_command(raw::SUBMIT_SM);
    assert_eq!(client.get(&path).json()["status"], "QUEUED", "nobody has answered yet");
    link.answer(&submit, 0, b"7\0");
    until("it is sent", PATIENCE, || (client.get(&path).json()["status"] == "SENT").then_some(()));
}

#[test]
fn the_route_of_several_carriers_is_right_as_the_readme_has_it() {
    let route = &blocks("toml")[1];
    let beta = carrier_named("beta", 2776, "");
    let good = account("[8]") + &carrier(2775, "") + &beta + route;
    assert!(checked(&Daemon::prepare(&good, &[])).contains("carriers 2, binds 2, routes 1"));
    let shared = route.replace("[\"acme\", \"beta\"]                #", "{ acme = 70, beta = 30 } #");
    assert_ne!(&shared, route, "the note has the other way to say it");
    checked(&Daemon::prepare(&good.replace(route, &shared), &[]));
}
