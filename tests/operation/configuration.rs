//! Bad configurations: one clear message at the start, and no change on a reload.

use crate::daemon::raw::Smsc;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use nuncio::number::metadata::METADATA;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

/// A configuration is wrong (sysexits.h, EX_CONFIG).
pub(crate) const EXIT_CONFIG: i32 = 78;

fn good(port: u16) -> String {
    account("[1]") + &carrier(port, "") + &route("")
}

fn run(daemon: &Daemon, command: &str) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = daemon.command(&[command]).output().unwrap();
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

#[test]
fn a_good_configuration_is_summed_up() {
    let (code, said) = run(&Daemon::prepare(&good(2775), &[]), "check");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("accounts 1, carriers 1, binds 1, routes 1"), "{said}");
}

#[test]
fn how_old_the_numbering_plans_are_is_told() {
    let told = Command::new(env!("CARGO_BIN_EXE_nuncio")).arg("--version").output().unwrap().stdout;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(String::from_utf8(told).unwrap(), format!("nuncio {version} (libphonenumber {METADATA})\n"));
    let daemon = Daemon::start(&good(quiet_port()));
    let status = daemon.operator().get("/statusz").json();
    assert_eq!((&status["version"], &status["libphonenumber"]), (&json!(version), &json!(METADATA)));
}

#[test]
fn a_bad_configuration_ends_with_78_and_names_file_line_and_key() {
    let good = good(2775);
    for (bad, words) in [
        (good.replace("system_id", "sistem_id"), ["sistem_id", "system_id"].as_slice()),
        (format!("{good}\n[http]\nlissen = \"127.0.0.1:1\"\n"), &["lissen", "listen"]),
        (good.replace("carriers = [\"acme\"]", "carriers = [\"acne\"]"), &["acne", "acme"]),
        (good.replace("id = 1\n", "id = 1\nvalidity = \"soon\"\n"), &["validity", "soon"]),
        (format!("{good}\n[cdr]\npath = \"/nowhere/cdr.jsonl\"\n"), &["cdr.path", "/nowhere"]),
        (format!("{good}\n[keys]\nring_file = \"/tmp/keys\"\n"), &["keys"]),
        (format!("{good}\n[[carrier\n"), &["nuncio.toml"]),
        (good.replace("password = \"Zk7pQ2xw\"", ""), &["password"]),
    ] {
        let daemon = Daemon::prepare(&bad, &[]);
        for command in ["check", "serve"] {
            let (code, said) = run(&daemon, command);
            assert_eq!(code, Some(EXIT_CONFIG), "{command}: {said}");
            assert!(said.contains("nuncio.toml"), "{command}: {said}");
            assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
            assert!(!said.contains("panicked") && !said.contains("Zk7pQ2xw"), "{said}");
            assert!(said.trim().lines().count() <= 3, "one message: {said}");
        }
    }
}

#[test]
fn a_bad_reload_changes_nothing_and_a_good_one_touches_no_link_that_is_the_same() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&good(smsc.port()));
    let mut link = smsc.bound();
    until("it is bound", Duration::from_secs(20), || {
        (daemon.metrics().value("link_up{carrier=\"acme\",bind=\"acme-1\"}") == 1.0).then_some(())
    });
    assert_eq!(daemon.metrics().value("config_last_reload_successful"), 1.0);
    daemon.configure(&good(smsc.port()).replace("routes = [1]", "routes = [9]"));
    daemon.reload();
    assert_eq!(daemon.metrics().value("config_last_reload_successful"), 0.0);
    let body = |route: u32| json!({ "to": "+31612345678", "from": "shop", "text": "hello", "route_id": route });
    assert_eq!(daemon.client().post("/v1/messages", &body(1)).status, 202);
    let second = "[[route]]\nid = 2\ncarriers = [\"acme\"]\n";
    daemon.configure(&(good(smsc.port()).replace("routes = [1]", "routes = [1, 2]") + second));
    daemon.reload();
    assert_eq!(daemon.metrics().value("config_last_reload_successful"), 1.0);
    assert_eq!(daemon.client().post("/v1/messages", &body(2)).status, 202);
    // Both messages come over the link that was there from the start.
    for _ in 0..2 {
        let submit = link.read_command(crate::daemon::raw::SUBMIT_SM);
        link.answer(&submit, 0, b"x\0");
    }
    assert_eq!(daemon.metrics().value("link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"bound\"}"), 1.0);
    assert_eq!(daemon.metrics().value("messages_total{route=\"2\",status=\"QUEUED\"}"), 1.0);
}

#[test]
fn what_may_not_be_meant_is_said_and_is_no_mistake() {
    let open = [("NUNCIO_HTTP_LISTEN", "0.0.0.0:8080"), ("NUNCIO_ADMIN_LISTEN", "127.0.0.1:8081")];
    let Output { status, stdout, stderr } = Daemon::prepare(&good(2775), &open).command(&["check"]).output().unwrap();
    let (told, warned) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(0), "{told}{warned}");
    assert!(warned.starts_with("warning: ") && warned.contains("0.0.0.0:8080 can be reached"), "{warned}");
    assert!(told.contains("A reload takes up all of it but http, admin, port, clock, store.path"), "{told}");
    let twice = [("NUNCIO_HTTP_LISTEN", "127.0.0.1:8080"), ("NUNCIO_ADMIN_LISTEN", "127.0.0.1:8080")];
    let (code, said) = run(&Daemon::prepare(&good(2775), &twice), "check");
    assert_eq!(code, Some(EXIT_CONFIG), "{said}");
    let scheme = good(2775).replace("127.0.0.1:2775", "smpp://smpp.acme.example:2775");
    let (code, said) = run(&Daemon::prepare(&scheme, &[]), "check");
    assert!(code == Some(EXIT_CONFIG) && said.contains("TLS is tls = true"), "{said}");
}

#[test]
fn a_reload_of_habits_leaves_the_session_alone_and_is_heeded_by_it() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&good(smsc.port()));
    let mut link = smsc.bound();
    let up = "link_up{carrier=\"acme\",bind=\"acme-1\"}";
    until("it is bound", Duration::from_secs(20), || (daemon.metrics().value(up) == 1.0).then_some(()));
    let habits = "service_type = \"WAP\"\nanswers = { \"0x00000045\" = \"never\" }\n\
        reasons = { \"027\" = \"BLOCKED\" }\ncost = { default = \"0.03\", currency = \"EUR\" }";
    daemon.configure(&(account("[1]") + &carrier(smsc.port(), habits) + &route("")));
    daemon.reload();
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    let accepted = daemon.client().post("/v1/messages", &body).json();
    let submit = link.read_command(crate::daemon::raw::SUBMIT_SM);
    assert!(submit.body.starts_with(b"WAP\0"), "{submit:?}");
    link.answer(&submit, 0x45, b"\0");
    let path = format!("/v1/messages/{}", accepted["messages"][0]["id"].as_str().unwrap());
    until("it failed", Duration::from_secs(20), || {
        (daemon.client().get(&path).json()["status"] == "FAILED").then_some(())
    });
    assert_eq!(daemon.metrics().value("link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"bound\"}"), 1.0);
    // What was said at the bind is said by a new one.
    daemon.configure(&(account("[1]") + &carrier(smsc.port(), "system_type = \"x\"") + &route("")));
    daemon.signal(rustix::process::Signal::HUP);
    let unbind = link.read_command(crate::daemon::raw::UNBIND);
    link.answer(&unbind, 0, b"");
    drop(link);
    drop(smsc.bound());
}

#[test]
fn what_changes_while_a_link_is_down_is_so_in_its_next_session() {
    let smsc = Smsc::new();
    let slow = |more: &str| {
        carrier(smsc.port(), more).replace("base = \"50ms\", max = \"200ms\"", "base = \"1s\", max = \"1s\"")
    };
    let daemon = Daemon::start(&(account("[1]") + &slow("") + &route("")));
    let link = smsc.bound();
    daemon.said("bound", 1);
    drop(link);
    daemon.said("link is down, next try follows", 1);
    daemon.configure(&(account("[1]") + &slow("service_type = \"WAP\"") + &route("")));
    daemon.reload();
    let mut link = smsc.bound();
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    let submit = link.read_command(crate::daemon::raw::SUBMIT_SM);
    assert!(submit.body.starts_with(b"WAP\0"), "{submit:?}");
}

#[test]
fn the_log_changes_with_a_reload_and_what_cannot_change_is_named() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::prepare_at(None, "", &[]);
    let with = |log: &str, more: &str| format!("[store]\n{more}\n[log]\nlevel = \"{log}\"\n{}", good(smsc.port()));
    daemon.configure(&with("info", ""));
    daemon.restart();
    daemon.configure(&with("error", "retention = \"7d\"\ngather = \"5ms\"\nmax_queued = 7000000"));
    daemon.reload();
    assert_eq!(daemon.said("take effect at the next start", 1)["keys"], "store.gather, store.retention");
    let shown = daemon.operator().get("/admin/v1/config").json();
    let store = |key: &str| shown["store"][key].clone();
    assert_eq!((store("retention"), store("max_queued")), (json!(null), json!(7_000_000)), "{shown}");
    assert_eq!(daemon.count("the log is as the new configuration says"), 0, "that is of level info");
    daemon.configure(&with("info", ""));
    daemon.signal(rustix::process::Signal::HUP);
    assert_eq!(daemon.said("the log is as the new configuration says", 1)["level"], "info");
    assert_eq!(daemon.count("the new configuration is in force"), 1, "the second was of a level that was not logged");
}

#[test]
fn a_secret_that_everybody_can_read_is_said_at_the_start_and_by_check() {
    let daemon = Daemon::prepare("", &[]);
    let file = daemon.config().with_file_name("acme.password");
    std::fs::write(&file, "Zk7pQ2xw\n").unwrap();
    let config =
        good(quiet_port()).replace("password = \"Zk7pQ2xw\"", &format!("password_file = \"{}\"", file.display()));
    daemon.configure(&config);
    for (mode, said_so) in [(0o644, true), (0o640, false), (0o600, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let (code, said) = run(&daemon, "check");
        assert_eq!(code, Some(0), "{said}");
        let words = format!("password_file: everybody can read {}", file.display());
        assert_eq!(said.contains(&words), said_so, "{mode:o}: {said}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut daemon = daemon;
    daemon.restart();
    daemon.said("everybody can read", 1);
}

#[test]
fn an_account_is_added_to_the_file_of_a_running_gateway_and_let_in_after_a_reload() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&format!("# Ours.\n{}", good(smsc.port())));
    let _link = smsc.bound();
    let run = |arguments: &[&str]| daemon.command(arguments).output().unwrap();
    let added = run(&["account", "add", "lab", "--route", "1", "--scope", "read"]);
    let key = String::from_utf8_lossy(&added.stdout).trim().strip_prefix("key = ").expect("its key").to_owned();
    assert_eq!((added.status.code(), key.len()), (Some(0), 64));
    let file = std::fs::read_to_string(daemon.config()).unwrap();
    assert!(file.starts_with("# Ours.\n") && !file.contains(&key), "{file}");
    daemon.reload();
    let mut lab = daemon.client_with(&key);
    assert_eq!(lab.get("/v1/routes").status, 200);
    assert_eq!(lab.post("/v1/messages", &json!({ "to": "+31612345678", "text": "hello" })).status, 403);
    let list = run(&["account", "list"]);
    assert!(
        String::from_utf8_lossy(&list.stdout)
            .lines()
            .any(|it| it.starts_with("lab ") && it.contains("1 key, routes 1"))
    );
    let twice = run(&["account", "add", "lab", "--route", "1"]);
    assert_eq!((twice.status.code(), twice.stdout.len()), (Some(EXIT_CONFIG), 0));
    assert_eq!(run(&["account", "show", "nobody"]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(daemon.config()).unwrap(), file);
}
