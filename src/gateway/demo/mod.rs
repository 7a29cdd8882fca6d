//! `nuncio demo`: the main job in one command, over real HTTP and real SMPP on this machine.
//!
//! A simulated carrier and a gateway on free ports, a store in a temporary folder, some hundred
//! messages of different kinds. The simulated carrier decides by the last two digits of a number
//! what becomes of a message; the demo succeeds only if every message ended so.

pub(super) mod client;
mod table;

use crate::api::key::new_key;
use crate::config;
use crate::gateway::demo::client::{Client, ClientError};
use crate::gateway::demo::table::Table;
use crate::gateway::run::{Failure, Gateway};
use crate::message::status::Status;
use crate::simulator::behaviour::{Behaviour, Receipts, Span};
use crate::simulator::carrier::Carrier;
use crate::simulator::ledger::Keep;
use crate::simulator::outcome::{Outcome, Wish};
use crate::simulator::server::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, interval, sleep};

/// By then every message has ended, or the demo has failed.
const DEADLINE: Duration = Duration::from_secs(25);
/// How often the statuses are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What the last two digits of the numbers ask of the simulated carrier, and how often each comes.
const SUFFIXES: [&str; 10] = ["01", "01", "01", "01", "01", "02", "03", "04", "07", "12"];

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// How many messages.
    pub messages: usize,
    /// Whether it goes on running when all have ended.
    pub keep: bool,
}

/// Why a demo did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The gateway failed.
    #[error(transparent)]
    Gateway(#[from] Failure),
    /// A request failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something of the operating system.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// Not every message ended as the simulated carrier decided.
    #[error("{0} messages did not end as the simulated carrier decided; the first: {1}")]
    Differ(usize, String),
}

/// A folder that goes when the demo does.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own tidying.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Demo {
    /// Runs the demo.
    pub async fn run(self) -> Result<(), DemoError> {
        let folder = Folder(std::env::temp_dir().join(format!("nuncio-demo-{}", &new_key().0[..12])));
        std::fs::create_dir_all(&folder.0)?;
        let server = Server::with(([127, 0, 0, 1], 0).into(), Carrier::new(behaviour(), 1, Keep::Nothing)).await?;
        let (smsc, (end, ended)) = (server.address()?, oneshot::channel::<()>());
        let simulator = tokio::spawn(server.run(async move { _ = ended.await }));
        let (key, digest) = new_key();
        let file = folder.0.join("nuncio.toml");
        std::fs::write(&file, configuration(&folder.0, smsc, &digest))?;
        let draft = config::read_in(&file, config::Environment::default()).map_err(Failure::from)?;
        let gateway = Gateway::start(&draft).await?;
        let (Some(http), Some(admin)) = (gateway.http, gateway.admin) else {
            return Err(std::io::Error::other("the demo listens on TCP").into());
        };
        let exposition = gateway.exposition();
        let upkeep = tokio::spawn(async move {
            let mut every = interval(crate::telemetry::recorder::Exposition::UPKEEP_INTERVAL);
            loop {
                every.tick().await;
                exposition.upkeep();
            }
        });
        println!(
            "simulated carrier  smpp://{smsc}\ngateway            http://{http}\nstore              {}\n",
            folder.0.display()
        );
        let result = self.show(http, &key).await;
        println!("\nmetrics            curl http://{admin}/metrics");
        println!("messages           curl -H 'X-API-KEY: {key}' http://{http}/v1/messages");
        if self.keep && result.is_ok() {
            println!("\nIt keeps running; end it with Ctrl-C.");
            tokio::signal::ctrl_c().await?;
        } else {
            println!("\nBoth end here; with --keep they stay.");
        }
        upkeep.abort();
        gateway.stop().await?;
        drop(end);
        // Its statistics are of no use here.
        _ = simulator.await;
        result
    }

    async fn show(self, http: SocketAddr, key: &str) -> Result<(), DemoError> {
        let began = Instant::now();
        let mut client = Client::connect(http, key).await?;
        let mut sent = BTreeMap::new();
        for request in requests(self.messages) {
            let answer = client.post("/v1/messages", &request).await?;
            for message in answer["messages"].as_array().into_iter().flatten() {
                sent.insert(text(&message["id"]), text(&message["to"]));
            }
        }
        let (count, took) = (sent.len(), began.elapsed());
        println!("{count} messages accepted in {} ms, each durable before its 202\n", took.as_millis());
        let mut table = Table::new();
        let pages = loop {
            let pages = messages(&mut client).await?;
            let of = |wanted: &Status| pages.iter().filter(|it| it["status"] == wanted.word()).count();
            let counts: Vec<usize> = Status::ALL.iter().map(of).collect();
            table.show(&counts, began.elapsed().as_millis());
            let open: usize =
                Status::ALL.iter().zip(&counts).filter(|(it, _)| !it.is_final()).map(|(_, count)| count).sum();
            if (open == 0 && pages.len() == sent.len()) || DEADLINE < began.elapsed() {
                break pages;
            }
            sleep(LOOK).await;
        };
        if let Some(page) = pages.iter().find(|it| it["parts"] == 2 && it["status"] == "DELIVERED") {
            println!("\nthe page of one message, of two parts:\n{page:#}");
        }
        let wrong: Vec<String> = sent.iter().filter_map(|(id, to)| difference(id, to, &pages)).collect();
        match wrong.first() {
            Some(first) => Err(DemoError::Differ(wrong.len(), first.clone())),
            None => {
                println!(
                    "\nall {count} messages ended as the simulated carrier decided, in {} ms",
                    began.elapsed().as_millis()
                );
                Ok(())
            }
        }
    }
}

/// How a message differs from what the simulated carrier decided; `None` if it does not.
fn difference(id: &str, to: &str, pages: &[Value]) -> Option<String> {
    let expected = decided(to).word();
    let status =
        pages.iter().find(|it| it["id"] == id).map_or("missing", |it| it["status"].as_str().unwrap_or("missing"));
    (status != expected).then(|| format!("{id} to {to} is {status}, not {expected}"))
}

/// The status that follows from what the simulated carrier does with a number.
fn decided(to: &str) -> Status {
    match Wish::of_destination(to.as_bytes()) {
        Some(Wish::End(Outcome::Undeliverable | Outcome::Rejected) | Wish::Refuse(_)) => Status::Failed,
        Some(Wish::End(Outcome::Expired)) => Status::Expired,
        Some(Wish::End(Outcome::Unknown)) => Status::Unknown,
        _ => Status::Delivered,
    }
}

/// All messages of the store.
async fn messages(client: &mut Client) -> Result<Vec<Value>, ClientError> {
    let (mut found, mut path) = (Vec::new(), "/v1/messages?limit=1000".to_owned());
    loop {
        let mut page = client.get(&path).await?;
        found.extend(page["data"].as_array_mut().map(std::mem::take).into_iter().flatten());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/messages?limit=1000&cursor={cursor}"),
            None => return Ok(found),
        }
    }
}

/// Requests of different kinds for so many messages in all.
fn requests(count: usize) -> Vec<Value> {
    let to = |at: usize| format!("+3161{:05}{}", at, SUFFIXES[at % SUFFIXES.len()]);
    let single = |at: usize| {
        let (text, class, route) = match at % 4 {
            0 => ("Your verification code is 4839".to_owned(), "otp", 1),
            1 => ("Votre colis est arrivé, à bientôt".to_owned(), "transactional", 2),
            2 => ("Ваш код 4839".to_owned(), "otp", 1),
            _ => ("A text that does not fit into one SMS is cut into parts. ".repeat(4), "transactional", 2),
        };
        json!({ "to": to(at), "from": "NUNCIO", "text": text, "class": class, "route_id": route, "client_ref": format!("demo-{at}") })
    };
    // One half one by one, the other half as one order.
    let half = count / 2;
    let bulk: Vec<String> = (half..count).map(to).collect();
    let order = json!({ "to": bulk, "from": "12345", "text": "Ten per cent off, today only", "route_id": 3 });
    (0..half).map(single).chain((!bulk.is_empty()).then_some(order)).collect()
}

/// A carrier that takes its time, and decides by the last two digits of a number.
fn behaviour() -> Behaviour {
    let ms = Duration::from_millis;
    Behaviour {
        latency: Span { min: ms(2), max: ms(40) },
        receipts: Receipts { delay: Span { min: ms(200), max: ms(4_000) }, ..Receipts::default() },
        steer: true,
        ..Behaviour::default()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn configuration(folder: &Path, smsc: SocketAddr, digest: &str) -> String {
    let store = folder.join("store");
    let route = |id: usize, class: &str| {
        format!(
            "[[route]]\nid = {id}\nname = \"{class}\"\nclass = \"{class}\"\ncarriers = [\"simulated\"]\nretry = {{ attempts = 2, base = \"200ms\" }}\n"
        )
    };
    format!(
        "[http]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {store:?}\nmin_free = \"1MiB\"\n\
         [[account]]\nid = \"demo\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1, 2, 3]\nsenders = [\"*\"]\n\
         [[carrier]]\nid = \"simulated\"\naddress = [\"{smsc}\"]\nsystem_id = \"nuncio\"\npassword = \"demo\"\nwindow = 20\n\
         {}{}{}",
        route(1, "otp"),
        route(2, "transactional"),
        route(3, "marketing"),
    )
}
