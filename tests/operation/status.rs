//! How a running gateway stands, from the command line: told once, as JSON, and live on a terminal.

use crate::daemon::raw::Smsc;
use crate::daemon::{Daemon, KEY, account, carrier, route, until};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn run(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = daemon.command(arguments);
    command.env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).env("NUNCIO_KEY", KEY);
    command.output().expect("it runs")
}

fn said(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = run(daemon, arguments);
    let text = String::from_utf8(output.stdout).expect("it is a text");
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn how_it_stands_is_told_in_lines_and_as_json() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let link = smsc.bound();
    let row = |text: &str, of: &str| text.lines().find(|it| it.starts_with(of)).map(str::to_owned);
    let bound = until("the link is shown as bound", PATIENCE, || {
        Some(said(&daemon, &["status"])).filter(|it| row(it, "acme-1").is_some_and(|it| it.contains("  bound  ")))
    });
    assert!(bound.starts_with("nuncio ") && bound.contains("0 parts queued; 0 await a receipt"), "{bound}");
    assert!(row(&bound, "acme ").is_some_and(|it| it.contains(" 1/1 ") && it.contains(" open ")), "{bound}");
    assert!(!bound.contains('\u{1b}'), "nothing is coloured where there is no terminal: {bound:?}");

    let told: Value = serde_json::from_str(&said(&daemon, &["status", "--json"])).expect("it is JSON");
    assert_eq!((&told["ready"], &told["links"][0]["state"]), (&true.into(), &"bound".into()), "{told}");
    drop((link, smsc));
    let down = until("the link is shown as down", PATIENCE, || {
        Some(said(&daemon, &["status", "--once"]))
            .filter(|it| row(it, "acme-1").is_some_and(|it| !it.contains("bound")))
    });
    assert!(row(&down, "acme ").is_some_and(|it| it.contains(" 0/1 ") && it.contains(" down ")), "{down}");
    let refused = run(&daemon, &["status", "--every", "1ms"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

#[test]
fn on_a_terminal_it_is_drawn_in_place_until_it_is_ended_and_leaves_the_screen_as_it_was() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let command = daemon.command(&["status", "--every", "500ms"]);
    let arguments: Vec<String> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let line = format!("stty cols 50 rows 30; exec {}", arguments.join(" "));
    // It gives what it runs a terminal (script(1), of every Debian).
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    terminal.env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).env("NUNCIO_KEY", KEY).env("NO_COLOR", "1");
    let mut running = terminal.spawn().expect("it runs");
    let mut screen = running.stdout.take().expect("it is piped");
    let (mut drawn, mut piece) = (Vec::new(), [0; 4_096]);
    let frames = |it: &[u8]| it.windows(3).filter(|it| *it == b"\x1b[H").count();
    while frames(&drawn) < 3 {
        let count = screen.read(&mut piece).expect("it draws");
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&drawn));
        drawn.extend_from_slice(&piece[..count]);
    }
    // One that does not answer is no reason not to end. Sooner than the next request it would be ended as any.
    daemon.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(1));
    running.stdin.as_mut().expect("it is piped").write_all(b"\x03").expect("it is read");
    screen.read_to_end(&mut drawn).expect("it ends");
    assert!(running.wait().expect("it ends").success());
    daemon.signal(Signal::CONT);
    let drawn = String::from_utf8(drawn).expect("it is a text");
    let (before, after) = (drawn.find("\x1b[?1049h"), drawn.rfind("\x1b[?1049l"));
    assert!(before.is_some() && before < after, "another screen, and then the one of before: {drawn:?}");
    assert!(drawn.contains("CARRIER") && !drawn.contains("\x1b[31m"), "NO_COLOR is kept: {drawn:?}");
    let frame = drawn.split("\x1b[H").nth(2).expect("a second picture");
    for line in frame.split("\x1b[K\r\n") {
        assert!(line.split('\u{1b}').next().is_none_or(|it| it.chars().count() <= 50), "{line:?}");
    }
}
