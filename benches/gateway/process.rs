//! Processes that are measured: started on a leash, so that they end with the benchmark however it
//! ends, and read through `/proc`.
//!
//! ```text
//!  benchmark ─► itself as `leash` ─ asks the kernel to die with its parent ─► exec: the program
//! ```

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks of `/proc/PID/stat` in a second, on every Linux that this runs on.
const TICKS: f64 = 100.0;
/// How long a process may take to end by itself.
const END_MAX: Duration = Duration::from_secs(40);

/// A process that ends with its owner.
pub(crate) struct Process {
    pub(crate) child: Child,
}

impl Process {
    /// Starts a program on a leash; what it says goes to `log`. Call it from the main thread: the leash is
    /// held by the thread that starts.
    pub(crate) fn start(program: &Path, arguments: &[&str], log: &Path) -> Self {
        let said = File::options().create(true).append(true).open(log).expect("a log can be written");
        let child = leashed(program, arguments)
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a handle can be cloned"))
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Self { child }
    }

    /// Starts this very program in another role and keeps a pipe in each direction.
    pub(crate) fn start_self(arguments: &[&str]) -> Self {
        let own = std::env::current_exe().expect("a program knows where it is");
        let child = Command::new(own)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        Self { child }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Seconds of CPU since it began.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(&self.child.id().to_string())
    }

    /// Resident memory in MB of a million octets, without the file pages that it maps.
    pub(crate) fn rss(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// The most that it was so far.
    pub(crate) fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kib = status.lines().find_map(|it| it.strip_prefix(which)).and_then(|it| it.split_whitespace().next());
        kib.and_then(|it| it.parse::<f64>().ok()).unwrap_or_default() * 1.024 / 1_000.0
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(mut self) {
        _ = kill_process(self.pid(), Signal::TERM);
        let by = Instant::now() + END_MAX;
        while self.is_alive() && Instant::now() < by {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Seconds of CPU of a process, `self` included.
pub(crate) fn cpu(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name stands in brackets and may hold anything; the numbers come after it.
    let numbers: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let at = |index: usize| numbers.get(index).and_then(|it| it.parse::<f64>().ok()).unwrap_or_default();
    (at(11) + at(12)) / TICKS
}

/// The command that starts a program on a leash.
fn leashed(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program knows where it is"));
    command.arg("leash").arg(program).args(arguments);
    command
}

/// The role `leash`: dies with its parent, and becomes the program.
pub(crate) fn leash(arguments: &[String]) -> io::Error {
    if let Err(error) = die_with_parent() {
        return error;
    }
    Command::new(&arguments[0]).args(&arguments[1..]).exec()
}

/// From now on this process ends when its parent does.
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Nanoseconds on a clock that all processes of this machine share.
pub(crate) fn nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or_default() * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}
