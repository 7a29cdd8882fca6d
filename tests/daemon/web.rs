//! A carrier's web service, scripted: every request is kept, and answered as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::daemon::until;

/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Verb and target.
    pub(crate) first: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
    /// When it had come.
    pub(crate) at: Instant,
}

impl Asked {
    /// A header, by its name in lower case; empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|it| it.0 == name).map_or("", |it| &it.1)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// What the service does with a request.
pub(crate) enum Act {
    /// Answers with this status, further header lines and body.
    Reply(u16, &'static str, String),
    /// Never answers, and keeps the connection.
    Silence,
    /// Closes the connection without an answer.
    Hangup,
}

type Script = dyn Fn(usize, &Asked) -> Act + Send + Sync;

/// A web service on threads that last as long as the tests.
pub(crate) struct Web {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    /// Serves on a free port; `script` gets the number of the request, from 0, and the request.
    pub(crate) fn start(script: impl Fn(usize, &Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::start_on(0, script)
    }

    /// The same, on this port.
    pub(crate) fn start_on(port: u16, script: impl Fn(usize, &Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let web = Self { port: listener.local_addr().expect("it is bound").port(), asked: Arc::default() };
        let (asked, script): (_, Arc<Script>) = (web.asked.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (asked, script) = (asked.clone(), script.clone());
                std::thread::spawn(move || serve(stream.expect("a connection"), &asked, &*script));
            }
        });
        web
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for so many requests, and gives all.
    pub(crate) fn hears(&self, count: usize) -> Vec<Asked> {
        until(&format!("{count} requests"), PATIENCE, || Some(self.asked()).filter(|it| count <= it.len()))
    }
}

/// Serves one connection to its end.
fn serve(stream: TcpStream, asked: &Mutex<Vec<Asked>>, script: &Script) {
    let mut writer = stream.try_clone().expect("a second end");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let nth = {
            let mut all = asked.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(request.clone());
            all.len() - 1
        };
        match script(nth, &request) {
            Act::Reply(status, more, body) => {
                let head = format!("HTTP/1.1 {status} -\r\n{more}content-length: {}\r\n\r\n", body.len());
                let is_last = request.header("connection").eq_ignore_ascii_case("close");
                if writer.write_all((head + &body).as_bytes()).is_err() || is_last {
                    return;
                }
            }
            Act::Silence => {
                // To the end of the connection, which the other side decides.
                _ = reader.read_to_end(&mut Vec::new());
                return;
            }
            Act::Hangup => return,
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|it| *it != 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { first, headers, body: String::new(), at: Instant::now() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).expect("what we write is UTF-8");
    asked.at = Instant::now();
    Some(asked)
}
