//! Debian's Kannel as ESME, bearerbox and smsbox against our simulated carrier; and its smsbox as a carrier over HTTP.

use crate::daemon::client::Client;
use crate::daemon::process::Process;
use crate::daemon::{Daemon, account, carrier, until};
use crate::peers::need::trials;
use crate::peers::sim::{Sim, joined};
use nuncio::simulator::behaviour::{Behaviour, Receipts};
use nuncio::simulator::dice::Share;
use nuncio::simulator::identity::IdForm;
use nuncio::smpp::status::CommandStatus;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian puts its programs.
const PROGRAMS: [&str; 2] = ["/usr/sbin/bearerbox", "/usr/sbin/smsbox"];
/// How long anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both boxes, and the application behind them.
struct Kannel {
    _folder: TempDir,
    boxes: [Process; 2],
    http: u16,
    called: Called,
}

/// Targets of the requests that an application heard.
#[derive(Clone)]
struct Called {
    port: u16,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Called {
    /// Answers every GET with an empty text, on a thread that lasts as long as the tests.
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let called = Self { port: listener.local_addr().unwrap().port(), targets: Arc::default() };
        let targets = called.targets.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let targets = targets.clone();
                std::thread::spawn(move || hear(&stream.unwrap(), &targets));
            }
        });
        called
    }

    /// Waits until somebody asked for exactly this.
    fn hears(&self, target: &str) {
        until(
            &format!("the application is asked for {target}, not {:?}", self.targets.lock().unwrap()),
            PATIENCE,
            || self.targets.lock().unwrap().iter().any(|it| it == target).then_some(()),
        );
    }
}

/// Serves one connection to its end.
fn hear(mut stream: &TcpStream, targets: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        // The rest of the head says nothing of interest.
        if !lines.any(|it| it.is_empty()) {
            return;
        }
        targets.lock().unwrap().push(first.split(' ').nth(1).unwrap_or_default().to_owned());
        let answered = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
        if answered.is_err() {
            return;
        }
    }
}

impl Kannel {
    /// Starts both and waits until the bind stands.
    fn start(sim: &Sim) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let called = Called::start();
        let [admin, boxes, http] = free_ports();
        let file = folder.path().join("kannel.conf");
        let config = CONFIG
            .replace("ADMIN", &admin.to_string())
            .replace("BOXES", &boxes.to_string())
            .replace("HTTP", &http.to_string())
            .replace("CALLED", &called.port.to_string())
            .replace("CARRIER", &sim.port().to_string());
        std::fs::write(&file, config).unwrap();
        let run = |program: &'static str| {
            let mut command = Command::new(program);
            command.current_dir(folder.path()).args(["-v", "1"]).arg(&file);
            Process::start(program, command)
        };
        let bearer = run(PROGRAMS[0]);
        listens(boxes);
        let sms = run(PROGRAMS[1]);
        listens(http);
        sim.reaches("Kannel is bound", |it| it.binds == 1);
        Self { _folder: folder, boxes: [bearer, sms], http, called }
    }

    /// An application's request to send; `more` are further parameters.
    fn send(&self, text: &str, more: &str) {
        let text: String = text.bytes().map(|it| format!("%{it:02x}")).collect();
        let mut client = Client::new((Ipv4Addr::LOCALHOST, self.http).into(), "");
        let reply = client.get(&format!(
            "/cgi-bin/sendsms?username=u&password=p&from=YOURAPP&to=%2B31612345678&charset=UTF-8&text={text}{more}"
        ));
        assert_eq!((reply.status, reply.text().as_str()), (202, "0: Accepted for delivery"));
    }

    /// Fails if the bearerbox ever complained about what we sent it.
    fn is_content(&self) {
        let complaints: Vec<String> =
            self.boxes[0].heard().into_iter().filter(|it| it.contains("ERROR") || it.contains("WARNING")).collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

const CONFIG: &str = "group = core
admin-port = ADMIN
admin-password = x
smsbox-port = BOXES
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
port = CARRIER
transceiver-mode = true
smsc-username = kannel
smsc-password = Zk7pQ2xw
system-type = \"\"
msg-id-type = 0x01

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = HTTP

group = sendsms-user
username = u
password = p
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
get-url = \"http://127.0.0.1:CALLED/mo?from=%p&to=%P&text=%a\"
max-messages = 0
";

/// As msg-id-type = 0x01 tells Kannel: hexadecimal in answers, decimal in receipts.
fn behaviour() -> Behaviour {
    let receipts = Receipts { id: Some(IdForm::Decimal), ..Receipts::default() };
    Behaviour { id: IdForm::Hex, receipts, ..Behaviour::default() }
}

fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that they differ.
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|it| it.local_addr().unwrap().port())
}

fn listens(port: u16) {
    until("a box listens", PATIENCE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
}

trials! {
    [Kannel]:
        kannel_sends_through_our_smsc_and_hears_its_receipts_and_messages,
        kannel_is_a_carrier_over_http_whose_receipts_come_by_the_hook,
        kannel_takes_what_a_carrier_of_smpp_does_not_and_what_it_is_too_far_away_for;
}

fn kannel_sends_through_our_smsc_and_hears_its_receipts_and_messages() {
    let sim = Sim::start(behaviour());
    let kannel = Kannel::start(&sim);
    // dlr-mask 3: of success and of failure; %d is 1 for delivered, 2 for failed.
    let asks = |name: &str| {
        format!("&dlr-mask=3&dlr-url=http%3A%2F%2F127.0.0.1%3A{}%2Fdlr%3Fof%3D{name}%26is%3D%25d", kannel.called.port)
    };
    let cases: [(&str, &str, &str, usize, u8); 5] = [
        ("short", "Hello @ nuncio {1}", "", 1, 0),
        ("long", &"grüße und àèìòù, ".repeat(20), "", 3, 0),
        ("wide", "Привет 漢字", "&coding=2", 1, 8),
        ("wider", &"Ça coûte 12 € [à peu près]. ".repeat(10), "&coding=2", 5, 8),
        ("failed", "no #sim:undeliv", "", 1, 0),
    ];
    let mut before = 0;
    for (name, text, more, parts, coding) in cases {
        kannel.send(text, &format!("{more}{}", asks(name)));
        sim.reaches("all parts came", |it| it.taken == (before + parts) as u64);
        // The receipt of one part may come before the others are on their way.
        let submits =
            until("every part", PATIENCE, || Some(sim.submits().split_off(before)).filter(|it| parts <= it.len()));
        before += parts;
        assert_eq!(joined(&submits), text);
        assert!(submits.iter().all(|it| it.data_coding == coding && it.destination == "31612345678"));
        let end = if name == "failed" { 2 } else { 1 };
        kannel.called.hears(&format!("/dlr?of={name}&is={end}"));
    }
    sim.reaches("all receipts are confirmed", |it| it.receipts_confirmed == it.receipts);
    let sent = sim
        .carrier()
        .with(|smsc, now| smsc.send_message(now, "kannel", ("31612345678", "12345"), "Hi there".as_bytes()));
    assert!(sent);
    kannel.called.hears("/mo?from=%2B31612345678&to=12345&text=Hi+there");
    sim.reaches("the message is confirmed", |it| it.messages_confirmed == 1);
    kannel.is_content();
    assert_eq!(sim.stats().oddities, 0);
}

/// The example of a carrier that is Kannel's smsbox, at these ports.
fn as_carrier(smsbox: u16, listener: u16) -> String {
    let example = include_str!("../../config/examples/kannel.toml");
    let own = example.split("[[account]]").next().unwrap();
    own.replace("127.0.0.1:13013", &format!("127.0.0.1:{smsbox}"))
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{listener}"))
        .replace("system_id = \"nuncio\"", "system_id = \"u\"\nreconnect = { base = \"50ms\", max = \"200ms\" }")
        .replace("password = \"secret\"", "password = \"p\"")
}

/// A daemon on a port that Kannel can be told beforehand, with Kannel behind these other carriers of its route.
fn with_kannel(kannel: &Kannel, others: &str, names: &str) -> Daemon {
    let [listener] = free_ports();
    let config = account("[1]")
        + others
        + &as_carrier(kannel.http, listener)
        + &format!(
            "[[route]]\nid = 1\nclass = \"otp\"\ncarriers = {names}\nretry = {{ base = \"50ms\", max = \"1s\" }}\n"
        );
    Daemon::start_with(&config, &[("NUNCIO_HTTP_LISTEN", &format!("127.0.0.1:{listener}"))])
}

/// Sends a message and gives it once it has this status.
fn ends(daemon: &Daemon, text: &str, status: &str) -> Value {
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": text });
    let reply = daemon.client().post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let path = format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().unwrap());
    let look = || Some(daemon.client().get(&path).json());
    until(&format!("{status}, not {:?}", look()), PATIENCE, || look().filter(|it| it["status"] == status))
}

fn kannel_is_a_carrier_over_http_whose_receipts_come_by_the_hook() {
    let sim = Sim::start(behaviour());
    let kannel = Kannel::start(&sim);
    let daemon = with_kannel(&kannel, "", "[\"kannel\"]");
    let mut before = 0;
    for (text, parts, status) in [
        ("Hello @ nuncio {1} & more?".to_owned(), 1, "DELIVERED"),
        ("grüße und àèìòù, ".repeat(20), 3, "DELIVERED"),
        ("Привет 漢字".to_owned(), 1, "DELIVERED"),
        ("no #sim:undeliv".to_owned(), 1, "FAILED"),
    ] {
        let message = ends(&daemon, &text, status);
        let submits = sim.submits().split_off(before);
        before += submits.len();
        assert_eq!((joined(&submits), submits.len()), (text, parts), "{message}");
    }
    kannel.is_content();
}

fn kannel_takes_what_a_carrier_of_smpp_does_not_and_what_it_is_too_far_away_for() {
    let sim = Sim::start(behaviour());
    let kannel = Kannel::start(&sim);
    let full = Behaviour { reject: vec![(CommandStatus::from_u32(0x45), Share::ALL)], ..Behaviour::default() };
    let first = Sim::start(full);
    let daemon = with_kannel(&kannel, &carrier(first.port(), ""), "[\"acme\", \"kannel\"]");
    daemon.said("bound", 1);
    // Three parts at the first carrier, one whole text at the second.
    let text = "grüße und àèìòù, ".repeat(20);
    let message = ends(&daemon, &text, "DELIVERED");
    let submits = until("every part", PATIENCE, || Some(sim.submits()).filter(|it| it.len() == 3));
    assert_eq!((first.submits().len(), joined(&submits)), (3, text), "{message}");
    drop(first);
    daemon.said("link is down", 1);
    let began = Instant::now();
    let message = ends(&daemon, "second", "DELIVERED");
    assert!(began.elapsed() < Duration::from_secs(10), "{message}");
    let submits = until("the second", PATIENCE, || Some(sim.submits().split_off(3)).filter(|it| !it.is_empty()));
    assert_eq!(joined(&submits), "second");
    kannel.is_content();
}
