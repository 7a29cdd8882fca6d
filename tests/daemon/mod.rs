//! The real binary under test: started with a configuration, watched, killed, started again.
//!
//! ```text
//!   test ── Daemon ──► nuncio serve --config FILE      listens on free ports and says which
//!     │        ├── Client ──► HTTP/1.1, kept alive
//!     │        └── Page   ──► /metrics
//!     └──── Process ──► a peer in another language     a line of JSON a word, both ways
//! ```
//!
//! Nothing sleeps to synchronise: everything is awaited with a deadline. Every process ends with
//! the value that stands for it, and what it said is printed when the test fails.

pub(crate) mod client;
pub(crate) mod crash;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod silence;
pub(crate) mod simulated;
mod told;
pub(crate) mod web;

use crate::daemon::client::Client;
use crate::daemon::page::Page;
use crate::daemon::process::{Keep, Process};
use crate::daemon::silence::Silence;
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The key of the account that [`account`] configures.
pub(crate) const KEY: &str = "the key of the shop";

/// Says what is logged.
const LEVEL: &str = "NUNCIO_LOG_LEVEL";

/// How long a daemon may take to serve, and to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked again at what is awaited.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A daemon with its folder, which outlives its processes.
pub(crate) struct Daemon {
    folder: TempDir,
    environment: Vec<(String, String)>,
    process: Option<Process>,
    silence: Arc<Silence>,
    http: Option<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Daemon {
    /// Starts with a configuration, to which listeners, store and log are added.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(config: &str, environment: &[(&str, &str)]) -> Self {
        let mut daemon = Self::prepare(config, environment);
        daemon.restart();
        daemon
    }

    /// Writes everything and starts nothing.
    pub(crate) fn prepare(config: &str, environment: &[(&str, &str)]) -> Self {
        Self::prepare_at(Some("trace"), config, environment)
    }

    /// The same, whose configuration says what is logged.
    pub(crate) fn prepare_at(level: Option<&str>, config: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("store");
        let mut all: Vec<(String, String)> = [
            ("NUNCIO_HTTP_LISTEN", "127.0.0.1:0"),
            ("NUNCIO_ADMIN_LISTEN", "127.0.0.1:0"),
            ("NUNCIO_STORE_PATH", &store.to_string_lossy()),
            ("NUNCIO_STORE_MIN_FREE", "1MiB"),
            ("NUNCIO_LOG_FORMAT", "json"),
        ]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        // Everything is logged as a rule, so that there is much in which nothing may be said that is secret.
        all.extend(level.map(|it| (LEVEL.to_owned(), it.to_owned())));
        all.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let daemon = Self { folder, environment: all, process: None, silence: Arc::default(), http: None, admin: None };
        daemon.configure(config);
        daemon
    }

    /// Writes another configuration; [`Daemon::reload`] makes it known.
    pub(crate) fn configure(&self, config: &str) {
        self.silence.learn_config(config);
        std::fs::write(self.config(), config).expect("the folder takes files");
    }

    /// Where the configuration stands.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("nuncio.toml")
    }

    /// A command of the binary, with the environment of the daemon.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.silence.learn_arguments(arguments);
        let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
        command.args(arguments).arg("--config").arg(self.config());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a process, the first or in the place of one that is killed for it, and waits until it serves.
    pub(crate) fn restart(&mut self) {
        self.restart_as(self.command(&["serve"]));
    }

    /// The same, of a command that becomes the daemon.
    pub(crate) fn restart_as(&mut self, command: Command) {
        // Gone before the next begins: the store is of one process at a time.
        self.process = None;
        self.process = Some(self.listened_to(command));
        self.serves();
    }

    /// The same of one that may end instead, and how it does.
    pub(crate) fn tries_to_start_as(&mut self, command: Command) -> Result<(), ExitStatus> {
        self.process = None;
        let mut process = self.listened_to(command);
        let is_serving = until("it serves or ends", PATIENCE, || {
            let serves = process.heard().iter().any(|it| it.contains("\"serving\""));
            if serves { Some(true) } else { (!process.lives()).then_some(false) }
        });
        self.process = Some(process);
        if !is_serving {
            return Err(self.end());
        }
        self.serves();
        Ok(())
    }

    /// A process that must not say what is secret.
    fn listened_to(&self, command: Command) -> Process {
        let level = self.environment.iter().rfind(|it| it.0 == LEVEL).map(|it| &*it.1);
        let keep = if level == Some("trace") { Keep::FromInfo } else { Keep::All };
        Process::start_silent("nuncio", command, self.silence.clone(), keep)
    }

    /// Waits until it says where it listens.
    fn serves(&mut self) {
        let line = self.said("serving", 1);
        let address = |name: &str| {
            let text = line[name].as_str().unwrap_or_default();
            text.parse().unwrap_or_else(|_| panic!("the line says where {name} is: {line}"))
        };
        (self.http, self.admin) = (Some(address("http")), Some(address("admin")));
    }

    /// Waits for the nth log line with this message, and gives it.
    pub(crate) fn said(&self, message: &str, nth: usize) -> Value {
        self.process().line(PATIENCE, |lines| {
            let values = lines.iter().filter_map(|it| serde_json::from_str::<Value>(it).ok());
            values.filter(|it| it["message"].as_str().is_some_and(|it| it.contains(message))).nth(nth - 1)
        })
    }

    /// How many lines it has logged with this in them.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.process().heard().iter().filter(|it| it.contains(words)).count()
    }

    /// All log lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.process().heard().iter().filter_map(|it| serde_json::from_str(it).ok()).collect()
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Waits for the end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let status = self.process_mut().end(PATIENCE);
        self.process = None;
        status
    }

    /// Whether the process is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.process_mut().lives()
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// Memory in use, in octets.
    pub(crate) fn rss(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most memory that was ever in use, in octets.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|it| it.strip_prefix(name)).expect("the kernel says it");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib << 10
    }

    /// SIGHUP, and waits until the daemon has made up its mind.
    pub(crate) fn reload(&self) {
        let done = ["the new configuration is in force", "the configuration is not changed"];
        let count = |lines: &[String]| lines.iter().filter(|it| done.iter().any(|done| it.contains(done))).count();
        let before = count(&self.process().heard());
        self.signal(Signal::HUP);
        self.process().line(PATIENCE, |lines| (before < count(lines)).then_some(()));
    }

    /// Where applications call.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http.expect("it serves")
    }

    /// Where operators look.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin.expect("it serves")
    }

    /// An application.
    pub(crate) fn client(&self) -> Client {
        self.client_with(KEY)
    }

    /// One with another key.
    pub(crate) fn client_with(&self, key: &str) -> Client {
        Client::of(self.http(), key, &self.silence)
    }

    /// An operator.
    pub(crate) fn operator(&self) -> Client {
        self.operator_with(KEY)
    }

    /// One with another key.
    pub(crate) fn operator_with(&self, key: &str) -> Client {
        Client::of(self.admin(), key, &self.silence)
    }

    /// What it must not say, for who tells it something by other ways than these.
    pub(crate) const fn silence(&self) -> &Arc<Silence> {
        &self.silence
    }

    /// The metrics as they are now.
    pub(crate) fn metrics(&self) -> Page {
        let reply = self.operator().get("/metrics");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text().lines().for_each(|it| self.silence.hear_series(it));
        Page::read(&reply.text())
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    fn process_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("it runs")
    }
}

/// A command that another one runs, whose words come first.
pub(crate) fn wrapped(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer.args(&words[1..]).arg(command.get_program()).args(command.get_args());
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

/// What the configuration has of a key.
pub(crate) fn digest(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

/// An account `shop` with [`KEY`] and these routes.
pub(crate) fn account(routes: &str) -> String {
    let digest = digest(KEY);
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nscopes = [\"send\", \"read\", \"admin\"]\nroutes = {routes}\nsenders = [\"*\"]\n"
    )
}

/// A carrier `acme` at this port; `more` are further lines of it.
pub(crate) fn carrier(port: u16, more: &str) -> String {
    carrier_named("acme", port, more)
}

/// The same of another name, beside it or in its place.
pub(crate) fn carrier_named(id: &str, port: u16, more: &str) -> String {
    format!(
        "[[carrier]]\nid = \"{id}\"\naddress = [\"127.0.0.1:{port}\"]\nsystem_id = \"nuncio\"\npassword = \"Zk7pQ2xw\"\n\
         reconnect = {{ base = \"50ms\", max = \"200ms\" }}\n{more}\n"
    )
}

/// A route 1 over `acme`; `more` are further lines of it.
pub(crate) fn route(more: &str) -> String {
    format!("[[route]]\nid = 1\ncarriers = [\"acme\"]\n{more}\n")
}

/// A port at which nobody listens, nor will by chance: it is below those that the kernel gives out.
pub(crate) fn quiet_port() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).expect("a remainder");
    (first..30_000).find(|it| std::net::TcpListener::bind(("127.0.0.1", *it)).is_ok()).expect("a free port")
}

/// Looks until there is something, or fails.
pub(crate) fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
