//! `nuncio demo`: the gateway's story in one command, over real HTTP and real SMPP on this machine.
//!
//! Two simulated carriers behind one route and a gateway on free ports, a store in a temporary folder, some hundred
//! messages of different kinds. Half way the first carrier falls sick, and what it refuses goes to the second. The
//! demo succeeds only if every message ended as it was meant to.

mod cast;
mod table;

use crate::api::handler::key::new_key;
use crate::config;
use crate::gateway::ask::page::Page;
use crate::gateway::client::{Client, ClientError};
use crate::gateway::demo::table::{Picture, Table};
use crate::gateway::ending::Ending;
use crate::gateway::failure::Failure;
use crate::gateway::run::Gateway;
use crate::gateway::runtime::block_on;
use crate::message::status::Status;
use crate::simulator::behaviour::{Behaviour, Receipts};
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::ledger::Keep;
use crate::simulator::server::SmscServer;
use crate::smpp::status::CommandStatus;
use crate::telemetry::recorder::Exposition;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep};

/// By then every message has ended, or the demo has failed.
const DEADLINE: Duration = Duration::from_secs(40);
/// How often the statuses are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long it takes to send all that is sent one by one.
const SENDING: Duration = Duration::from_secs(8);
/// The carriers, in the order of the routes.
const CARRIERS: [&str; 2] = ["north", "south"];

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// How many messages, 100 at least.
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
    System(#[from] io::Error),
    /// Too few messages to show everything.
    #[error("it takes {} messages at least", cast::MESSAGES_MIN)]
    TooFew,
    /// It was ended from outside.
    #[error("ended before it was done; nothing is left behind")]
    Interrupted,
    /// Not every message ended as it was meant to.
    #[error("these messages did not end as they were meant to:\n{}", .0.join("\n"))]
    Differ(Vec<String>),
}

/// A folder that goes when the demo does.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own tidying.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A simulated carrier that serves until it is told to end.
struct Simulated {
    carrier: SimulatedCarrier,
    address: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Simulated {
    async fn start(seed: u64) -> io::Result<Self> {
        let carrier = SimulatedCarrier::new(behaviour(), seed, Keep::Nothing);
        let server = SmscServer::with(([127, 0, 0, 1], 0).into(), carrier.clone()).await?;
        let (address, (end, ended)) = (server.address()?, oneshot::channel::<()>());
        let serving = tokio::spawn(async move {
            // No ledger is written, so that nothing can fail.
            _ = server.run(async move { _ = ended.await }).await;
        });
        Ok(Self { carrier, address, end, serving })
    }

    async fn stop(self) {
        drop(self.end);
        _ = self.serving.await;
    }
}

impl Demo {
    /// Runs the demo, until it is done or a signal ends it; nothing of it stays.
    pub fn run(self) -> Result<(), DemoError> {
        block_on(self.play())
    }

    async fn play(self) -> Result<(), DemoError> {
        if self.messages < cast::MESSAGES_MIN {
            return Err(DemoError::TooFew);
        }
        // From now on a signal is heard, and leaves nothing behind.
        let mut ending = Ending::or_hangup()?;
        let folder = Folder(std::env::temp_dir().join(format!("nuncio-demo-{}", &new_key().0[..12])));
        std::fs::create_dir_all(&folder.0)?;
        let (north, south) = (Simulated::start(1).await?, Simulated::start(2).await?);
        let (key, digest) = new_key();
        let file = folder.0.join("nuncio.toml");
        let places = [north.address, south.address];
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        std::fs::write(&file, configuration(&folder.0, &places, [anywhere; 2], &digest))?;
        let draft = config::read_in(&file, config::Environment::default()).map_err(Failure::from)?;
        let gateway = Gateway::start(&draft).await?;
        let (Some(http), Some(admin)) = (gateway.http, gateway.admin) else {
            return Err(io::Error::other("the demo listens on TCP").into());
        };
        // Who asks the running gateway finds it by its configuration.
        std::fs::write(&file, configuration(&folder.0, &places, [http, admin], &digest))?;
        let upkeep = tokio::spawn(upkeep(gateway.exposition()));
        let show = Show { demo: self, http, admin, key: &key, file: &file, carriers: [&north.carrier, &south.carrier] };
        let result = tokio::select! {
            // Once its last line stands there it is done, however soon its reader ends it.
            biased;
            shown = show.run() => shown,
            () = ending.wanted() => Err(DemoError::Interrupted),
        };
        if self.keep && result.is_ok() {
            ending.wanted().await;
        }
        upkeep.abort();
        gateway.stop().await?;
        north.stop().await;
        south.stop().await;
        result
    }
}

async fn upkeep(exposition: std::sync::Arc<Exposition>) {
    let mut every = interval(Exposition::UPKEEP_INTERVAL);
    loop {
        every.tick().await;
        exposition.upkeep();
    }
}

/// What is shown, and of what.
struct Show<'a> {
    demo: Demo,
    http: SocketAddr,
    admin: SocketAddr,
    key: &'a str,
    file: &'a Path,
    carriers: [&'a SimulatedCarrier; 2],
}

/// A message as it was accepted: its id and its recipient.
type Sent = BTreeMap<String, String>;

impl Show<'_> {
    async fn run(&self) -> Result<(), DemoError> {
        say(&cast::legend(self.demo.messages))?;
        let (began, mut table) = (Instant::now(), Table::new());
        let sent = self.send(began, &mut table).await?;
        let mut client = Client::connect(self.http, self.key).await?;
        let pages = loop {
            let pages = self.look(&mut client, began, &mut table).await?;
            let ended =
                |it: &Value| Status::ALL.iter().any(|status| status.is_final() && it["status"] == status.word());
            if (pages.len() == sent.len() && pages.iter().all(ended)) || DEADLINE < began.elapsed() {
                break pages;
            }
            sleep(LOOK).await;
        };
        self.sum_up(&sent, &pages, began.elapsed())?;
        self.tell_one(&pages).await?;
        let wrong: Vec<String> = sent.iter().filter_map(|(id, to)| difference(id, to, &pages)).collect();
        if wrong.is_empty() { self.close(&pages) } else { Err(DemoError::Differ(wrong)) }
    }

    /// Sends all, over some seconds; half way the first carrier falls sick.
    async fn send(&self, began: Instant, table: &mut Table) -> Result<Sent, DemoError> {
        let requests = cast::requests(self.demo.messages);
        let (mut client, mut sent, half) =
            (Client::connect(self.http, self.key).await?, Sent::new(), requests.len() / 2);
        let (pause, mut looked) = (SENDING / requests.len() as u32, began);
        for (at, request) in requests.iter().enumerate() {
            if at == half {
                self.carriers[0].with(|smsc, _| {
                    let behaviour = smsc.behaviour_mut();
                    // What numbers wish for goes before shares.
                    (behaviour.steer, behaviour.reject) = (false, vec![(CommandStatus::SubmitFailed, Share::ALL)]);
                });
                table.say("\nnorth falls sick: it answers every message with ESME_RSUBMITFAIL\n")?;
            }
            let answer = client.post("/v1/messages", request).await?;
            let accepted = answer["messages"].as_array().into_iter().flatten();
            sent.extend(accepted.map(|it| (text(&it["id"]), text(&it["to"]))));
            if LOOK <= looked.elapsed() {
                looked = Instant::now();
                self.look(&mut client, began, table).await?;
            }
            sleep(pause).await;
        }
        Ok(sent)
    }

    /// The messages as they are now, shown.
    async fn look(&self, client: &mut Client, began: Instant, table: &mut Table) -> Result<Vec<Value>, DemoError> {
        let pages = messages(client).await?;
        let of = |wanted: &Status| pages.iter().filter(|it| it["status"] == wanted.word()).count();
        let [north, south] = self.carriers.map(|it| {
            let stats = it.stats();
            (stats.taken, stats.submits - stats.taken)
        });
        let carriers = [(CARRIERS[0], north.0, north.1), (CARRIERS[1], south.0, south.1)];
        table
            .show(Picture { statuses: Status::ALL.iter().map(of).collect(), carriers }, began.elapsed().as_millis())?;
        Ok(pages)
    }

    /// What came of all, in words.
    fn sum_up(&self, sent: &Sent, pages: &[Value], took: Duration) -> io::Result<()> {
        let delivered = pages.iter().filter(|it| it["status"] == Status::Delivered.word()).count();
        let moved = pages.iter().filter(|it| failed_over(it)).count();
        let at_once = pages.iter().filter(|it| was_at(it, CARRIERS[1]) && !was_at(it, CARRIERS[0])).count();
        let mut text = format!(
            "\n{} messages in {} s, each durable before its 202. {delivered} were delivered.\n\
             {moved} that north refused were delivered by south; {at_once} went to south at once, as north was known to be sick.\n\
             Not delivered, as they were meant to be:\n",
            sent.len(),
            took.as_secs()
        );
        for page in pages.iter().filter(|it| it["status"] != Status::Delivered.word()) {
            let to = page["to"].as_str().unwrap_or_default();
            let meant = cast::meant(to).unwrap_or("this was not meant to be");
            text += &format!("  {to}  {:<8}  {meant}\n", page["status"].as_str().unwrap_or_default());
        }
        say(&text)
    }

    /// The story of one message that the sick carrier refused.
    async fn tell_one(&self, pages: &[Value]) -> Result<(), DemoError> {
        let Some(page) = pages.iter().find(|it| failed_over(it)) else { return Ok(()) };
        let id = page["id"].as_str().unwrap_or_default();
        say(&format!("The story of one of them, as `nuncio why {id}` tells it:\n"))?;
        let mut operator = Client::connect(self.admin, self.key).await?;
        let story = operator.get(&format!("/admin/v1/messages/{id}/story")).await?;
        let mut told = Vec::new();
        Page::new().story(&story, &mut told)?;
        let mut out = io::stdout().lock();
        out.write_all(&told)?;
        out.flush()?;
        Ok(())
    }

    /// What to try next: commands that work as they stand.
    fn close(&self, pages: &[Value]) -> Result<(), DemoError> {
        let program = std::env::current_exe().map_or_else(|_| "nuncio".to_owned(), |it| it.display().to_string());
        if !self.demo.keep {
            say(&format!("\nAll of it ends here. Leave it running, and ask it:\n  {program} demo --keep"))?;
            return Ok(());
        }
        let (key, file) = (self.key, self.file.display());
        let to = pages.iter().find(|it| failed_over(it)).map_or_else(String::new, |it| text(&it["to"]));
        say(&format!(
            "\nIt keeps running until Ctrl-C. From another terminal:\n  \
             NUNCIO_KEY={key} {program} find {to} --why --config {file}\n  \
             curl -s -H 'X-API-KEY: {key}' http://{}/v1/messages\n  curl -s http://{}/metrics",
            self.http, self.admin
        ))?;
        Ok(())
    }
}

/// Whether a message was delivered by the second carrier after the first had refused it.
fn failed_over(page: &Value) -> bool {
    page["status"] == Status::Delivered.word() && CARRIERS.iter().all(|it| was_at(page, it))
}

/// Whether a carrier was tried.
fn was_at(page: &Value, carrier: &str) -> bool {
    page["attempts"].as_array().is_some_and(|it| it.iter().any(|it| it["carrier"] == carrier))
}

/// How a message differs from what was meant to become of it; `None` if it does not.
fn difference(id: &str, to: &str, pages: &[Value]) -> Option<String> {
    let expected = cast::status_for(to).word();
    let status =
        pages.iter().find(|it| it["id"] == id).map_or("missing", |it| it["status"].as_str().unwrap_or("missing"));
    (status != expected).then(|| format!("  {id} to {to} is {status}, not {expected}"))
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

/// A carrier that takes its time, and decides by the last two digits of a number.
fn behaviour() -> Behaviour {
    let ms = Duration::from_millis;
    Behaviour {
        latency: Span { min: ms(2), max: ms(40) },
        receipts: Receipts { delay: Span { min: ms(200), max: ms(3_000) }, ..Receipts::default() },
        steer: true,
        ..Behaviour::default()
    }
}

fn say(words: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{words}").and_then(|()| out.flush())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn configuration(folder: &Path, places: &[SocketAddr; 2], listen: [SocketAddr; 2], digest: &str) -> String {
    let store = folder.join("store");
    let carrier = |(name, at): (&str, &SocketAddr)| {
        format!(
            "[[carrier]]\nid = \"{name}\"\naddress = [\"{at}\"]\nsystem_id = \"nuncio\"\npassword = \"demo\"\nwindow = 20\n"
        )
    };
    let route = |(id, class): (usize, &str)| {
        format!(
            "[[route]]\nid = {id}\nname = \"{class}\"\nclass = \"{class}\"\ncarriers = [\"north\", \"south\"]\n\
             retry = {{ base = \"200ms\", attempts = 3 }}\n"
        )
    };
    let carriers: String = CARRIERS.into_iter().zip(places).map(carrier).collect();
    let routes: String = [(1, "otp"), (2, "transactional"), (3, "marketing")].into_iter().map(route).collect();
    format!(
        "[http]\nlisten = \"{}\"\n[admin]\nlisten = \"{}\"\n[store]\npath = {store:?}\nmin_free = \"1MiB\"\n\
         [[account]]\nid = \"demo\"\nkey_sha256 = [\"{digest}\"]\nscopes = [\"send\", \"read\", \"admin\", \"reveal\"]\n\
         routes = [1, 2, 3]\nsenders = [\"*\"]\n{carriers}{routes}",
        listen[0], listen[1]
    )
}
