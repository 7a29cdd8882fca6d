//! A process that is listened to, line by line, and that ends with the test.

use crate::daemon::silence::{self, Silence};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of it that are printed when the test fails.
const TAIL: usize = 60;

/// A process and all that it said on stdout and stderr.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    heard: Arc<Heard>,
    listeners: Vec<JoinHandle<()>>,
    /// What it must not say.
    silence: Option<Arc<Silence>>,
    /// Where it listens as a carrier.
    carrier: Option<u16>,
    ended: bool,
}

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// Which of the lines that it looked at it keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    All,
    /// Those of level debug and trace are too many.
    FromInfo,
}

impl Process {
    /// Starts a command.
    pub(crate) fn start(name: &'static str, command: Command) -> Self {
        Self::listened_to(name, command, None)
    }

    /// Starts a command that must not say what is secret. All its lines are
    /// looked at.
    pub(crate) fn start_silent(name: &'static str, command: Command, silence: Arc<Silence>, keep: Keep) -> Self {
        Self::listened_to(name, command, Some((silence, keep)))
    }

    fn listened_to(name: &'static str, mut command: Command, silence: Option<(Arc<Silence>, Keep)>) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let heard = Arc::new(Heard::default());
        let listeners = vec![
            listen(child.stdout.take().expect("it is piped"), heard.clone(), silence.clone()),
            listen(child.stderr.take().expect("it is piped"), heard.clone(), silence.clone()),
        ];
        Self { name, child, heard, listeners, silence: silence.map(|it| it.0), carrier: None, ended: false }
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All lines so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `look` finds something in the lines.
    pub(crate) fn line<T>(&self, within: Duration, mut look: impl FnMut(&[String]) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        let mut lines = self.heard.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = look(&lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
                drop(lines);
                panic!("{} does not say within {within:?} what is awaited:\n{tail}", self.name);
            }
            lines = self.heard.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// It is a carrier at this port, and is told by lines what handsets write.
    pub(crate) fn is_carrier(&mut self, port: u16) {
        silence::taken(port);
        self.carrier = Some(port);
    }

    /// Says a line to it, or some.
    pub(crate) fn say(&mut self, line: &str) {
        if let Some(port) = self.carrier {
            line.lines().for_each(|it| silence::ordered(port, it));
        }
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// kill -9, and waits for the end.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is ours");
        _ = self.child.wait();
        self.ended = true;
    }

    /// Waits for the end.
    pub(crate) fn end(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                self.ended = true;
                return status;
            }
            assert!(Instant::now() < deadline, "{} does not end within {within:?}", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            _ = self.child.kill();
            _ = self.child.wait();
        }
        if !std::thread::panicking() {
            if let Some(silence) = &self.silence {
                self.listeners.drain(..).for_each(|it| it.join().expect("it only reads"));
                silence.check();
            }
        } else {
            let lines = self.heard();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
            eprintln!("---- {} ({} lines) said last\n{tail}\n----", self.name, lines.len());
        }
    }
}

/// Collects lines on a thread of its own, which ends with the pipe.
fn listen(
    from: impl Read + Send + 'static,
    heard: Arc<Heard>,
    silence: Option<(Arc<Silence>, Keep)>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|it| it != 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if let Some((silence, keep)) = &silence {
                silence.hear(&text);
                if *keep == Keep::FromInfo && is_minute(&text) {
                    continue;
                }
            }
            heard.lines.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            heard.more.notify_all();
        }
        heard.more.notify_all();
    })
}

/// Whether a line is of level debug or trace.
fn is_minute(line: &str) -> bool {
    ["DEBUG", "TRACE"].iter().any(|it| line.contains(&format!("\"level\":\"{it}\"")))
}
