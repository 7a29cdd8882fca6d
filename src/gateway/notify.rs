//! Tells the service manager how the process fares: the protocol of `sd_notify(3)`.
//!
//! Without `NOTIFY_SOCKET` everything here does nothing. Nothing waits: the socket does not block,
//! because the watchdog is fed from the loop that decides about messages.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// A line to the service manager.
#[derive(Debug, Default)]
pub struct Notify {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// The line that the environment names.
    pub fn from_env() -> io::Result<Self> {
        let address = std::env::var_os("NOTIFY_SOCKET");
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|it| it == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|it| ours && 0 < *it).map(Duration::from_micros);
        Self::open(address.as_deref(), watchdog)
    }

    /// A line to a socket: a path, or with `@` at its head an abstract name.
    fn open(address: Option<&OsStr>, watchdog: Option<Duration>) -> io::Result<Self> {
        let Some(address) = address.filter(|it| !it.is_empty()) else { return Ok(Self::default()) };
        let address = match address.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { to: Some((socket, address)), watchdog })
    }

    /// How often [`Notify::watchdog`] must be called at least: half of what the manager allows.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|it| it / 2)
    }

    /// The start, or a reload, is complete.
    pub fn ready(&self) -> io::Result<()> {
        self.send("READY=1")
    }

    /// The loop is alive.
    pub fn watchdog(&self) -> io::Result<()> {
        self.send("WATCHDOG=1")
    }

    /// A reload begins; [`Notify::ready`] ends it.
    pub fn reloading(&self) -> io::Result<()> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1_000_000 + now.tv_nsec / 1_000))
    }

    /// The end begins.
    pub fn stopping(&self) -> io::Result<()> {
        self.send("STOPPING=1")
    }

    /// What it is busy with, for people; one line.
    pub fn status(&self, text: &str) -> io::Result<()> {
        self.send(&format!("STATUS={}", text.replace('\n', " ")))
    }

    fn send(&self, message: &str) -> io::Result<()> {
        let Some((socket, address)) = &self.to else { return Ok(()) };
        socket.send_to_addr(message.as_bytes(), address).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(manager: &UnixDatagram) -> String {
        let mut room = [0; 256];
        let len = manager.recv(&mut room).expect("something was said");
        String::from_utf8(room[..len].to_vec()).expect("text")
    }

    fn manager(address: &SocketAddr) -> UnixDatagram {
        let manager = UnixDatagram::bind_addr(address).expect("a free address");
        manager.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
        manager
    }

    #[test]
    fn everything_that_is_said_is_heard_at_a_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let manager = manager(&SocketAddr::from_pathname(&path).expect("short"));
        let notify = Notify::open(Some(path.as_os_str()), Some(Duration::from_secs(30))).expect("a socket");
        assert_eq!(notify.watchdog_interval(), Some(Duration::from_secs(15)));
        for (said, expected) in [
            (notify.ready(), "READY=1"),
            (notify.watchdog(), "WATCHDOG=1"),
            (notify.stopping(), "STOPPING=1"),
            (notify.status("draining\nSTOPPING=1"), "STATUS=draining STOPPING=1"),
        ] {
            said.expect("the manager listens");
            assert_eq!(heard(&manager), expected);
        }
        notify.reloading().expect("the manager listens");
        let line = heard(&manager);
        let micros: u64 =
            line.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|it| it.parse().ok()).expect("a time");
        assert!(0 < micros);
    }

    #[test]
    fn an_abstract_socket_is_found() {
        let name = format!("nuncio-notify-{}", std::process::id());
        let manager = manager(&SocketAddr::from_abstract_name(&name).expect("short"));
        let notify = Notify::open(Some(OsStr::new(&format!("@{name}"))), None).expect("a socket");
        notify.ready().expect("the manager listens");
        assert_eq!(heard(&manager), "READY=1");
    }

    #[test]
    fn without_a_manager_nothing_is_said_and_with_a_dead_one_it_is_an_error() {
        assert!(Notify::open(None, None).expect("nothing to open").ready().is_ok());
        let gone = Notify::open(Some(OsStr::new("/nonexistent/notify")), None).expect("a socket");
        assert!(gone.ready().is_err());
    }
}
