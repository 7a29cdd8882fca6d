//! `nuncio demo --verify`: a page on which one logs in by a code, and what becomes of the code on its way.
//!
//! ```text
//!  browser ─► server ─► site ─► API of the gateway ─► first ··· takes it, and delivers nothing
//!     ▲                  │              └─────────────► second ─► handsets
//!     └── answer ◄───────┘                                          │
//!                        └──────────────► teller ◄──────────────────┘
//! ```
//!
//! The page is `examples/login`, as it stands there. The one thing that is added to it shows what the simulated handset
//! got.

mod answer;
mod handsets;
mod server;
mod site;
mod teller;
mod visits;

#[cfg(test)]
mod tests;

use crate::config::key_file;
use crate::gateway::demo::login::answer::App;
use crate::gateway::demo::login::handsets::Handsets;
use crate::gateway::demo::login::site::Site;
use crate::gateway::demo::login::teller::{Teller, Told};
use crate::gateway::demo::setting::{Folder, Layout, Setting, Simulated};
use crate::gateway::demo::{Demo, DemoError, say};
use crate::gateway::ending::Ending;
use crate::simulator::behaviour::{Behaviour, Mix, Receipts};
use crate::simulator::dice::Span;
use crate::simulator::ledger::Keep;
use crate::simulator::outcome::MessageState;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The carriers, in the order of the route.
const CARRIERS: [&str; 2] = ["first", "second"];
/// How long the first carrier has to say that a code arrived.
const RECEIPT_WINDOW: Duration = Duration::from_secs(5);
/// How long the second takes to deliver one.
const DELIVERY: Duration = Duration::from_secs(1);
/// How long after a send there is another.
const RESEND_AFTER: Duration = Duration::from_secs(15);
/// The app that verifies.
const APP: App = App { name: "login", code_length: 6 };

/// Runs until a signal ends it, or somebody has logged in where that is enough.
pub(super) async fn play(demo: Demo) -> Result<(), DemoError> {
    let mut ending = Ending::or_hangup()?;
    let listener = TcpListener::bind(demo.listen).await.map_err(|it| DemoError::Listen(demo.listen, it))?;
    let folder = Folder::new()?;
    key_file::make(&folder.file("keys"))?;
    let first = Simulated::start(behaviour(MessageState::None), 1, Keep::UntilTaken).await?;
    let second = Simulated::start(behaviour(MessageState::Delivered), 2, Keep::UntilTaken).await?;
    let places = [first.address, second.address];
    let setting = Setting::start(folder, |it| configuration(it, &places)).await?;
    let ((teller, told), handsets) = (Teller::new(), Handsets::default());
    let mut watching = JoinSet::new();
    for (it, name, delivers) in [(&first, CARRIERS[0], None), (&second, CARRIERS[1], Some(DELIVERY))] {
        watching.spawn(handsets.clone().watch((it.carrier.clone(), name), delivers, teller.clone()));
    }
    let (stop, stopped) = watch::channel(false);
    let at = listener.local_addr()?;
    let site = Site::new((setting.http, &setting.key), APP, handsets, teller);
    let serving = tokio::spawn(server::serve(listener, site::routes(Arc::new(site)), stopped));
    let result = tokio::select! {
        // What was told is printed before anything ends.
        biased;
        result = tell(demo, at, told) => result,
        () = ending.wanted() => Ok(()),
    };
    _ = stop.send(true);
    _ = serving.await;
    watching.shutdown().await;
    setting.stop().await?;
    first.stop().await;
    second.stop().await;
    result
}

/// Prints what happens, line by line.
async fn tell(demo: Demo, at: SocketAddr, mut told: mpsc::Receiver<Told>) -> Result<(), DemoError> {
    say(&format!(
        "Open http://{at}/ and log in with any mobile number, such as +31612345678.\n\n\
         Two simulated carriers stand behind the page. {} takes every code and delivers none; after {} s without a\n\
         receipt the gateway sends the same code through {}, which delivers. The page has what the handset got.\n\n\
         It runs until {}.\n",
        CARRIERS[0],
        RECEIPT_WINDOW.as_secs(),
        CARRIERS[1],
        if demo.until_verified { "somebody has logged in, or Ctrl-C" } else { "Ctrl-C" },
    ))?;
    while let Some(Told { line, verified }) = told.recv().await {
        say(&line)?;
        if verified && demo.until_verified {
            break;
        }
    }
    Ok(())
}

/// A carrier that takes every message, and then says this of it.
fn behaviour(outcome: MessageState) -> Behaviour {
    let delay = Span { min: DELIVERY, max: DELIVERY };
    let receipts = Receipts { mix: Mix::new(vec![(outcome, 1)]), delay, ..Receipts::default() };
    Behaviour { receipts, ..Behaviour::default() }
}

fn configuration(layout: &Layout<'_>, places: &[SocketAddr; 2]) -> String {
    let carrier = |(name, at): (&str, &SocketAddr)| {
        format!("[[carrier]]\nid = \"{name}\"\naddress = [\"{at}\"]\nsystem_id = \"nuncio\"\npassword = \"demo\"\n")
    };
    let carriers: String = CARRIERS.into_iter().zip(places).map(carrier).collect();
    format!(
        "{}[[account]]\nid = \"demo\"\nkey_sha256 = [\"{}\"]\nscopes = [\"verify\", \"admin\"]\nroutes = [1]\nsenders = [\"Demo\"]\n\
         {carriers}[[route]]\nid = 1\nclass = \"otp\"\ncarriers = {CARRIERS:?}\nreceipt_window = \"{}s\"\n\
         [[app]]\nid = \"{}\"\nroute = 1\nbrand = \"Demo\"\ndomain = \"login.example\"\nresend_after = \"{}s\"\n\
         code = {{ length = {} }}\ntext = {{ en = \"{{code}} is your {{brand}} code.\" }}\n\
         countries = [\"NL\", \"BE\", \"DE\", \"AT\", \"CH\", \"FR\", \"ES\", \"IT\", \"PL\", \"SE\", \"DK\", \"GB\", \"US\", \"IN\"]\n\
         [keys]\nring_file = {:?}\n",
        layout.head(),
        layout.digest,
        RECEIPT_WINDOW.as_secs(),
        APP.name,
        RESEND_AFTER.as_secs(),
        APP.code_length,
        layout.file("keys"),
    )
}
