//! `nuncio demo`: the gateway's story in one command, over real HTTP and real SMPP on this machine.
//!
//! Two simulated carriers behind one route and a gateway on free ports, a store in a temporary folder, some hundred
//! messages of different kinds. Half way the first carrier falls sick, and what it refuses goes to the second. The
//! demo succeeds only if every message ended as it was meant to.
//!
//! `nuncio demo --verify` has a story of its own, in `login`.

mod cast;
mod login;
mod setting;
mod table;

use crate::config::key_file::KeyFileError;
use crate::gateway::ask::page::Page;
use crate::gateway::client::{Client, ClientError};
use crate::gateway::demo::setting::{Folder, Layout, Setting, Simulated};
use crate::gateway::demo::table::{Picture, Table};
use crate::gateway::ending::Ending;
use crate::gateway::failure::Failure;
use crate::gateway::runtime::block_on;
use crate::message::status::Status;
use crate::simulator::behaviour::{Behaviour, Receipts};
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::ledger::Keep;
use crate::smpp::status::CommandStatus;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// By then every message has ended, or the demo has failed.
const DEADLINE: Duration = Duration::from_secs(40);
/// How often the statuses are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long it takes to send all that is sent one by one.
const SENDING: Duration = Duration::from_secs(8);
/// The carriers, in the order of the routes.
const CARRIERS: [&str; 2] = ["north", "south"];

/// What is shown.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Demo {
    /// How many messages, 100 at least.
    #[arg(long, default_value_t = 300, conflicts_with = "verify")]
    pub messages: usize,
    /// Leave it running until Ctrl-C.
    #[arg(long, conflicts_with = "verify")]
    pub keep: bool,
    /// Serve a page on which one logs in by a code instead, until Ctrl-C. The first carrier takes the code and never
    /// delivers it.
    #[arg(long)]
    pub verify: bool,
    /// Where the page is; any free port of this machine without it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", requires = "verify")]
    pub listen: SocketAddr,
    /// End behind the first who has logged in.
    #[arg(long, requires = "verify")]
    pub until_verified: bool,
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
    /// The key of the codes could not be made.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The page cannot be served there.
    #[error("{0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
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

impl Demo {
    /// Runs the demo, until it is done or a signal ends it; nothing of it stays.
    pub fn run(self) -> Result<(), DemoError> {
        if self.verify { block_on(login::play(self)) } else { block_on(self.play()) }
    }

    async fn play(self) -> Result<(), DemoError> {
        if self.messages < cast::MESSAGES_MIN {
            return Err(DemoError::TooFew);
        }
        // From now on a signal is heard, and leaves nothing behind.
        let mut ending = Ending::or_hangup()?;
        let folder = Folder::new()?;
        let north = Simulated::start(behaviour(), 1, Keep::Nothing).await?;
        let south = Simulated::start(behaviour(), 2, Keep::Nothing).await?;
        let places = [north.address, south.address];
        let setting = Setting::start(folder, |it| configuration(it, &places)).await?;
        let show = Show { demo: self, setting: &setting, carriers: [&north.carrier, &south.carrier] };
        let result = tokio::select! {
            // Once its last line stands there it is done, however soon its reader ends it.
            biased;
            shown = show.run() => shown,
            () = ending.wanted() => Err(DemoError::Interrupted),
        };
        if self.keep && result.is_ok() {
            ending.wanted().await;
        }
        setting.stop().await?;
        north.stop().await;
        south.stop().await;
        result
    }
}

/// What is shown, and of what.
struct Show<'a> {
    demo: Demo,
    setting: &'a Setting,
    carriers: [&'a SimulatedCarrier; 2],
}

/// A message as it was accepted: its id and its recipient.
type Sent = BTreeMap<String, String>;

impl Show<'_> {
    async fn run(&self) -> Result<(), DemoError> {
        say(&cast::legend(self.demo.messages))?;
        let (began, mut table) = (Instant::now(), Table::new());
        let sent = self.send(began, &mut table).await?;
        let mut client = Client::connect(self.setting.http, &self.setting.key).await?;
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
            (Client::connect(self.setting.http, &self.setting.key).await?, Sent::new(), requests.len() / 2);
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
        let mut operator = Client::connect(self.setting.admin, &self.setting.key).await?;
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
        let Setting { http, admin, key, file, .. } = self.setting;
        let file = file.display();
        let to = pages.iter().find(|it| failed_over(it)).map_or_else(String::new, |it| text(&it["to"]));
        say(&format!(
            "\nIt keeps running until Ctrl-C. From another terminal:\n  \
             NUNCIO_KEY={key} {program} find {to} --why --config {file}\n  \
             curl -s -H 'X-API-KEY: {key}' http://{http}/v1/messages\n  curl -s http://{admin}/metrics"
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

fn configuration(layout: &Layout<'_>, places: &[SocketAddr; 2]) -> String {
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
        "{}[[account]]\nid = \"demo\"\nkey_sha256 = [\"{}\"]\nscopes = [\"send\", \"read\", \"admin\", \"reveal\"]\n\
         routes = [1, 2, 3]\nsenders = [\"*\"]\n{carriers}{routes}",
        layout.head(),
        layout.digest
    )
}
