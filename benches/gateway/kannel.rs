//! Kannel 1.4.5 of Debian beside it: bearerbox and smsbox against the same carrier, with a callback a receipt.

use crate::http::{Client, sink};
use crate::load::{self, Make, destination};
use crate::process::{Process, free_port, nanos};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Where Debian puts its programs.
const PROGRAMS: [&str; 2] = ["/usr/sbin/bearerbox", "/usr/sbin/smsbox"];
/// How long receipts may take after the last request.
const WAIT_MAX: u64 = 60_000_000_000;

/// Whether it is installed.
pub(crate) fn is_here() -> bool {
    PROGRAMS.iter().all(|it| Path::new(it).exists())
}

/// Kannel, running.
pub(crate) struct Kannel {
    _processes: [Process; 2],
    http: u16,
    make: Make,
    callbacks: Rc<Cell<u64>>,
    used: u64,
}

impl Kannel {
    /// Starts both programs and waits until a message has gone through.
    pub(crate) async fn start(folder: &Path, carrier: u16) -> Self {
        let [admin, boxes, http, callback] = std::array::from_fn(|_| free_port());
        let file = write(folder, &[("ADMIN", admin), ("BOXES", boxes), ("HTTP", http), ("CARRIER", carrier)]);
        let arguments = ["-v", "4", file.to_str().expect("a path of letters")];
        let start = |program: &str| Process::start(Path::new(program), &arguments, &folder.join("kannel.log"));
        let bearer = start(PROGRAMS[0]);
        until_listening(boxes).await;
        let sms = start(PROGRAMS[1]);
        until_listening(http).await;
        let callbacks = Rc::new(Cell::new(0));
        tokio::task::spawn_local(sink(callback, callbacks.clone()));
        let make: Make = Rc::new(move |number| {
            format!(
                "GET /cgi-bin/sendsms?username=u&password=p&to=%2B{}&from=YOURAPP&text=Your+verification+code+is+4839&dlr-mask=3\
                 &dlr-url=http%3A%2F%2F127.0.0.1%3A{callback}%2Fd%3Fs%3D%25d HTTP/1.1\r\nHost: bench\r\n\r\n",
                destination(1, number)
            )
            .into_bytes()
        });
        let mut kannel = Self { _processes: [bearer, sms], http, make, callbacks, used: 9_000_000 };
        // The bind may still be on its way; Kannel queues until it stands.
        kannel.round(1).await;
        kannel
    }

    /// Messages a second, until every callback has come.
    pub(crate) async fn round(&mut self, count: u64) -> f64 {
        let (before, began) = (self.callbacks.get(), nanos());
        load::closed(self.http, &self.make, self.used, count).await;
        self.used += count;
        while self.callbacks.get() < before + count {
            assert!(
                nanos() - began < WAIT_MAX,
                "{} of {count} callbacks of Kannel came",
                self.callbacks.get() - before
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        count as f64 / (nanos() - began) as f64 * 1e9
    }
}

async fn until_listening(port: u16) {
    let by = nanos() + WAIT_MAX;
    while Client::connect(port).await.is_err() {
        assert!(nanos() < by, "Kannel does not listen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn write(folder: &Path, ports: &[(&str, u16)]) -> PathBuf {
    let mut text = "group = core\nadmin-port = ADMIN\nadmin-password = x\nsmsbox-port = BOXES\nlog-level = 4\nbox-allow-ip = 127.0.0.1\n\n\
        group = smsc\nsmsc = smpp\nsmsc-id = sim\nhost = 127.0.0.1\nport = CARRIER\ntransceiver-mode = true\nsmsc-username = kannel\n\
        smsc-password = secret\nsystem-type = \"\"\nmax-pending-submits = 100\n\n\
        group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = HTTP\nlog-level = 4\n\n\
        group = sendsms-user\nusername = u\npassword = p\nconcatenation = true\nmax-messages = 10\n"
        .to_owned();
    for (word, port) in ports {
        text = text.replace(word, &port.to_string());
    }
    let file = folder.join("kannel.conf");
    std::fs::write(&file, text).expect("the configuration can be written");
    file
}
