//! The demo, as the README has it.

use crate::daemon::client::Client;
use crate::daemon::process::Process;
use rustix::process::Signal;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn demo(arguments: &[&str], folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.arg("demo").args(arguments).env("TMPDIR", folder).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a demo leaves behind.
fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn the_demo_tells_of_a_carrier_that_falls_sick_and_every_message_ends_as_it_was_meant_to() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let output = demo(&[], folder.path()).output().unwrap();
    let (text, took) = (said(&output), begun.elapsed());
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in [
        "Half way north falls sick",
        "receipt UNDELIV",
        "north falls sick: it answers every message with ESME_RSUBMITFAIL",
        "300 messages in",
        "295 were delivered",
        "  FAILED    there is no such number",
        "  EXPIRED ",
        "  UNKNOWN ",
        "as `nuncio why ",
        "demo --keep",
        // Without a terminal it prints plain lines.
        " ms  ",
    ] {
        assert!(text.contains(words), "{words:?} is missing in\n{text}");
    }
    let number = |words: &str| text.split(words).next()?.rsplit([' ', '\n']).next()?.parse::<usize>().ok();
    let (moved, at_once) = (number(" that north refused"), number(" went to south at once"));
    assert!(moved.is_some_and(|it| 0 < it) && at_once.is_some_and(|it| 0 < it), "{moved:?}, {at_once:?}\n{text}");
    // The story has both carriers in it.
    let story = text.split("as `nuncio why ").nth(1).unwrap();
    assert!(story.contains("north") && story.contains("south"), "{story}");
    assert!(!text.contains('\x1b'), "no terminal, no escapes");
    assert!(is_empty(folder.path()), "nothing stays");
    // Some 15 seconds, says the README; a machine that is busy takes longer.
    assert!((8..45).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn what_the_demo_says_to_try_works_and_an_interrupt_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut keeping = Process::start("nuncio demo", demo(&["--messages", "100", "--keep"], folder.path()));
    let command = keeping.line(PATIENCE, |lines| {
        lines.last().filter(|it| it.contains("/metrics"))?;
        lines.iter().find(|it| it.contains(" find ")).cloned()
    });
    let found = Command::new("sh").arg("-c").arg(&command).output().unwrap();
    assert!(found.status.success() && said(&found).contains("south"), "{command}\n{}", said(&found));
    keeping.signal(Signal::INT);
    assert_eq!(keeping.end(PATIENCE).code(), Some(0));
    assert!(is_empty(folder.path()), "nothing stays");
    // From the first moment on: it may be killed by the signal only before it has made anything.
    for after in [0, 10, 20, 40, 80] {
        let mut begun = Process::start("nuncio demo", demo(&[], folder.path()));
        std::thread::sleep(Duration::from_millis(after));
        let had = !is_empty(folder.path());
        begun.signal(Signal::INT);
        let status = begun.end(PATIENCE);
        assert!(status.code() == Some(130) || !had, "{status:?}");
        assert!(is_empty(folder.path()), "nothing stays after {after} ms");
    }
    let mut early = Process::start("nuncio demo", demo(&[], folder.path()));
    early.line(PATIENCE, |lines| lines.iter().any(|it| it.contains(" ms  ")).then_some(()));
    early.signal(Signal::INT);
    assert_eq!(early.end(PATIENCE).code(), Some(130));
    assert!(is_empty(folder.path()), "nothing stays");
}

#[test]
fn a_reader_who_has_seen_enough_ends_the_demo_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(&[], folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("Two simulated carriers"), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(output.stderr.is_empty() && is_empty(folder.path()), "{}", said(&output));
}

#[test]
fn too_few_messages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(&["--messages", "60"], folder.path()).output().unwrap();
    assert_eq!((output.status.code(), said(&output).trim()), (Some(1), "it takes 100 messages at least"));
}

#[test]
fn a_login_on_the_page_of_the_demo_gets_its_code_through_the_second_carrier() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Process::start("nuncio demo", demo(&["--verify", "--until-verified"], folder.path()));
    let at = running.line(PATIENCE, |lines| {
        lines.iter().find_map(|it| it.strip_prefix("Open http://")?.split_once('/')?.0.parse().ok())
    });
    let mut page = Client::new(at, "");
    assert!(page.get("/").text().contains("autocomplete=\"one-time-code\""));
    let begun = page.post("/login", &json!({ "number": "+31 6 12345678" }));
    assert_eq!((begun.status, &begun.json()["to"]), (200, &json!("+31612345678")), "{}", begun.text());
    let cookie = begun.header("set-cookie").and_then(|it| it.split_once(';')).unwrap().0;
    let code = running.line(PATIENCE, |lines| {
        let line = lines.iter().find_map(|it| it.split_once("handset +31612345678 (second): "))?.1;
        line.split_once(" is your Demo code.").map(|it| it.0.to_owned())
    });
    let entered = json!({ "code": code });
    let cookie = format!("cookie: {cookie}\r\n");
    let checked = page.with_header("POST", "/login/check", Some(&entered), &cookie).unwrap();
    assert_eq!((checked.status, &checked.json()["status"]), (200, &json!("approved")), "{}", checked.text());
    assert_eq!(running.end(PATIENCE).code(), Some(0));
    let told = running.heard().join("\n");
    assert!(told.contains("no receipt for 5 s: sent through second, the same code"), "{told}");
    assert!(is_empty(folder.path()), "nothing stays");
    // It has run as long as it was wanted, however short that was; or the signal came before it could hear it.
    for after in [0, 20, 80] {
        let mut begun = Process::start("nuncio demo", demo(&["--verify"], folder.path()));
        std::thread::sleep(Duration::from_millis(after));
        let had = !is_empty(folder.path());
        // A shell in the background has its children deaf to INT until they listen themselves.
        begun.signal(Signal::TERM);
        let status = begun.end(PATIENCE);
        assert!(status.code() == Some(0) || !had, "{status:?}");
        assert!(is_empty(folder.path()), "nothing stays after {after} ms");
    }
}

#[test]
fn an_address_that_is_taken_and_options_that_do_not_fit_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let output = demo(&["--verify", "--listen", &at], folder.path()).output().unwrap();
    assert!(output.status.code() == Some(1) && said(&output).contains(&at), "{}", said(&output));
    for arguments in [&["--until-verified"][..], &["--listen", "127.0.0.1:0"], &["--verify", "--keep"]] {
        let output = demo(arguments, folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
    }
    assert!(is_empty(folder.path()), "nothing stays");
}
