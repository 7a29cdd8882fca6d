//! What systemd is told, read from its socket.

use crate::daemon::{Daemon, account, carrier, quiet_port, route};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a word, which begins a datagram, and gives what it passed over.
fn hear(socket: &UnixDatagram, word: &str) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut passed = Vec::new();
    while Instant::now() < deadline {
        let mut room = [0; 512];
        let len = socket.recv(&mut room).unwrap_or_else(|error| panic!("{word}: {error}; heard {passed:?}"));
        let said = String::from_utf8_lossy(&room[..len]).into_owned();
        if said.starts_with(word) {
            return passed;
        }
        passed.push(said);
    }
    panic!("{word} is not said; heard {passed:?}")
}

#[test]
fn systemd_is_told_of_ready_watchdog_reloading_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let config = account("[1]") + &carrier(quiet_port(), "") + &route("");
    let environment = [("NOTIFY_SOCKET", &*path.to_string_lossy()), ("WATCHDOG_USEC", "200000")];
    let mut daemon = Daemon::start_with(&config, &environment);
    assert!(hear(&socket, "READY=1").is_empty(), "ready comes first");
    // An idle loop goes round at least twice a second, which is what it may be watched by.
    hear(&socket, "WATCHDOG=1");
    hear(&socket, "WATCHDOG=1");
    daemon.reload();
    hear(&socket, "RELOADING=1\nMONOTONIC_USEC=");
    assert!(hear(&socket, "READY=1").iter().all(|it| it == "WATCHDOG=1"));
    daemon.signal(rustix::process::Signal::TERM);
    hear(&socket, "STOPPING=1");
    assert_eq!(daemon.end().code(), Some(0));
}
