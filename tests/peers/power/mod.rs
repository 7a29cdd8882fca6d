//! Loss of power, judged by strace: nothing is said before the disk has it, and whatever of the rest the disk has kept.
//!
//! ```text
//!   applications ── 202 ──┐
//!   nuncio sim ◄─ submit_sm, deliver_sm_resp ─┤ nuncio serve ◄── strace: every write, sync and send, in their order
//!   an endpoint ◄─ POST ──┘                       └─► nuncio.db, nuncio.db-wal
//!                                                        │ what was synced, and of the rest whatever chance keeps
//!                                                        └─► images, each opened by the store itself
//! ```

mod disk;
mod record;
mod trace;

use crate::daemon::simulated::sim;
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, KEY, carrier, digest, route, until, wrapped};
use crate::peers::need::trials;
use crate::peers::power::disk::{Disk, what_was_synced_stays_and_the_rest_is_left_to_chance};
use crate::peers::power::record::{Claim, Commit, Ports, Says, State};
use crate::peers::power::trace::{Call, STRACE, What, what_strace_writes_is_read};
use nuncio::dice::SplitMix64;
use nuncio::record::contract::Store;
use nuncio::store::sqlite::{Durability, Sqlite};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

trials! {
    []:
        what_strace_writes_is_read,
        what_was_synced_stays_and_the_rest_is_left_to_chance;
    [Strace]:
        nothing_is_said_before_the_log_is_synced,
        a_loss_of_power_at_any_moment_leaves_all_that_was_said,
        a_loss_of_power_while_old_messages_are_forgotten_leaves_all_that_was_said;
}

const PATIENCE: Duration = Duration::from_secs(60);
/// Images in the test command, of either record; `NUNCIO_IMAGES` asks for more.
const IMAGES: u64 = 15;
/// Applications that send at the same time, and the requests of each.
const APPLICATIONS: usize = 3;
const ROUNDS: usize = 12;
/// Messages of an order that is written in slices.
const LARGE: usize = 600;

/// A run of the daemon.
struct Run {
    _folder: TempDir,
    daemon: Daemon,
    /// The folder of its store.
    store: String,
    calls: Vec<Call>,
    claims: Vec<Claim>,
    commits: Vec<Commit>,
}

/// Where applications are told.
fn account(port: u16, secret: &Path) -> String {
    let (digest, secret) = (digest(KEY), secret.display());
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\nscopes = [\"send\", \"read\"]\n\
         webhook = [{{ url = \"http://127.0.0.1:{port}/\", secret_file = \"{secret}\", allow_networks = [\"127.0.0.0/8\"], \
         types = [\"message.delivered\"] }}]\n"
    )
}

/// Applications send singles and small orders in turn, so many rounds each; the ids of the messages.
fn load(daemon: &Daemon, wave: usize, rounds: usize) -> Vec<String> {
    let send = |application: usize| {
        let mut client = daemon.client();
        let mut ids = Vec::new();
        for round in 0..rounds {
            let is_large = (wave, application, round) == (0, 0, rounds / 2);
            let to = (0..if is_large { LARGE } else { 1 + round % 4 }).map(|it| {
                let name = format!("{wave}-{application}-{round}-{it}");
                let number = format!("+3161{wave}{application}{:05}", round * LARGE + it);
                json!({ "to": number, "text": format!("#{name}#"), "client_ref": name })
            });
            let body = json!({ "from": "YOURAPP", "to": to.collect::<Vec<Value>>() });
            let reply = client.post("/v1/messages", &body);
            assert_eq!(reply.status, 202, "{}", reply.text());
            let messages = reply.json()["messages"].as_array().unwrap().clone();
            ids.extend(messages.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        }
        ids
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..APPLICATIONS).map(|it| scope.spawn(move || send(it))).collect();
        all.into_iter().flat_map(|it| it.join().unwrap()).collect()
    })
}

impl Run {
    /// Records a life from an empty folder to the end of its drain. `waves` of messages follow each other, each when
    /// the one before begins to be forgotten.
    fn record(waves: usize, retention: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (secret, log) = (folder.path().join("secret"), folder.path().join("strace"));
        std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let web = Web::start(|_, _| Act::Reply(204, "", String::new()));
        let much = ["--latency", "0ms..5ms", "--receipts", "0ms..50ms", "--receipt-first", "20%", "--twice", "10%"];
        let (_sim, port) = sim(&much);
        let config = account(web.port(), &secret) + &carrier(port, "") + &route("");
        let mut daemon =
            Daemon::prepare(&config, &[("NUNCIO_STORE_RETENTION", retention), ("NUNCIO_LOG_LEVEL", "info")]);
        let strace = [STRACE, &["-o", log.to_str().unwrap()]].concat();
        daemon.restart_as(wrapped(&strace, &daemon.command(&["serve"])));
        let ports = Ports { http: daemon.http().port(), carrier: port, endpoint: web.port() };
        let mut sent = 0;
        for wave in 0..waves {
            let ids = load(&daemon, wave, ROUNDS / waves);
            sent += ids.len();
            web.hears(sent);
            let is_gone = || daemon.client().get(&format!("/v1/messages/{}", ids[0])).status == 404;
            if 1 < waves {
                until("old messages are forgotten", PATIENCE, || is_gone().then_some(()));
            }
        }
        assert!(daemon.terminate().success());
        let log = until("strace has written all", PATIENCE, || {
            let log = std::fs::read_to_string(&log).unwrap();
            log.lines().next_back().is_some_and(|it| it.contains("+++ exited with")).then_some(log)
        });
        let calls = trace::read(&log);
        let (claims, commits) = (record::claims(&calls, ports), record::commits(&calls));
        let store = daemon.config().with_file_name("store").to_str().unwrap().to_owned();
        let run = Self { _folder: folder, daemon, store, calls, claims, commits };
        let [accepted, submitted, confirmed, told] = run.said();
        println!(
            "{} calls, {} commits, {accepted} accepted, {submitted} submitted, {confirmed} receipts confirmed, {told} told",
            run.calls.len(),
            run.commits.len()
        );
        assert_eq!((accepted, told), (sent, sent), "everything that was said is seen");
        assert!(sent <= submitted && sent <= confirmed, "{submitted} submits and {confirmed} receipts of {sent}");
        run
    }

    /// How much was said, by kind.
    fn said(&self) -> [usize; 4] {
        let mut said = [0; 4];
        for it in &self.claims {
            said[match it.says {
                Says::Accepted(_) => 0,
                Says::Submitted(..) => 1,
                Says::Confirmed(_) => 2,
                Says::Told(_) => 3,
            }] += 1;
        }
        said
    }

    /// Each transaction begins when the one before is on the disk, and what was said first when the names of the files
    /// and of their folder were.
    fn keeps_its_order(&self) {
        let hasty = record::hasty(&self.commits);
        assert!(hasty.is_empty(), "{} begin on what is not synced, first: {:?}", hasty.len(), hasty[0]);
        let made = |it: &&Call| matches!(&it.what, What::Made(file) if file.ends_with("nuncio.db-wal"));
        let made = self.calls.iter().find(made).expect("a log is made").ended;
        let (first, store) = (self.claims[0].at, Path::new(&self.store));
        for folder in [store, store.parent().unwrap()] {
            let syncs = |it: &Call| matches!(&it.what, What::Sync(synced) if Path::new(synced) == folder);
            let mut in_time = self.calls.iter().filter(|it| made < it.began && it.ended < first);
            assert!(in_time.any(syncs), "{} was not synced between lines {made} and {first}", folder.display());
        }
    }

    /// What the judge says of other calls than those that were made.
    fn faults_with(&self, change: impl FnMut(&mut Call) -> bool) -> usize {
        let mut calls = self.calls.clone();
        calls.retain_mut(change);
        let mut commits = self.commits.clone();
        record::note_syncs(&mut commits, &calls);
        record::faults(&self.claims, &commits).len()
    }

    /// Loses power at moments that a seed decides, and opens what is left.
    fn lose_power(&self, images: u64) {
        let (mut struck, mut changes) = (0, 0);
        for seed in 0..images {
            let mut dice = SplitMix64::new(seed);
            let line = self.moment(seed, &mut dice);
            let image = tempfile::tempdir().unwrap();
            let left_out = Disk::at(&self.store, &self.calls, line).lose(image.path(), &mut dice);
            (struck, changes) = (struck + u64::from(left_out != 0), changes + left_out);
            self.judge(image.path(), line, seed);
        }
        println!("{images} images, {struck} of them without {changes} writes");
        assert!(images / 4 < struck, "{struck} of {images} images lost any write: the rest shows nothing");
    }

    /// Any moment, or one while a transaction is written.
    fn moment(&self, seed: u64, dice: &mut SplitMix64) -> usize {
        if seed.is_multiple_of(2) {
            return self.calls[disk::below(dice, self.calls.len() as u64) as usize].began;
        }
        let commit = &self.commits[disk::below(dice, self.commits.len() as u64) as usize];
        commit.began + disk::below(dice, (commit.ended - commit.began + 2) as u64) as usize
    }

    /// Everything that was said by a line must stand in what the store makes of an image.
    fn judge(&self, image: &Path, line: usize, seed: u64) {
        let mut store = match Sqlite::open(image, Durability::Fsync) {
            Ok(store) => store,
            Err(fault) => panic!("image {seed}, power lost at line {line}: {fault}"),
        };
        store.recover().unwrap_or_else(|fault| panic!("image {seed}, power lost at line {line}: {fault}"));
        drop(store);
        let state = State::of(&image.join("nuncio.db")).unwrap();
        let missing = self.claims.iter().take_while(|it| it.at <= line).filter(|it| !state.holds(&it.says));
        let missing: Vec<_> = missing.filter(|it| !self.forgotten(it, line)).collect();
        assert!(missing.is_empty(), "image {seed}, power lost at line {line}: {missing:?}");
        let mut check = self.daemon.command(&["store", "check"]);
        let check = check.env("NUNCIO_STORE_PATH", image).output().unwrap();
        let said = String::from_utf8_lossy(&[&check.stdout[..], &check.stderr].concat()).into_owned();
        assert!(check.status.success(), "image {seed}, power lost at line {line}: {said}");
    }

    /// Whether a commit that had begun by a line forgets it.
    fn forgotten(&self, claim: &Claim, line: usize) -> bool {
        let mut since = self.commits.iter().skip_while(|it| !it.state.holds(&claim.says));
        since.any(|it| it.began <= line && !it.state.holds(&claim.says))
    }
}

fn images() -> u64 {
    std::env::var("NUNCIO_IMAGES").ok().and_then(|it| it.parse().ok()).unwrap_or(IMAGES)
}

fn nothing_is_said_before_the_log_is_synced() {
    let run = Run::record(1, "30d");
    let faults = record::faults(&run.claims, &run.commits);
    assert!(faults.is_empty(), "{} of {}: {:#?}", faults.len(), run.claims.len(), &faults[..faults.len().min(10)]);
    run.keeps_its_order();

    // The judge, judged: the same life with syncs that were left out, went elsewhere or came too early.
    let is_log = |it: &str| it.ends_with("nuncio.db-wal");
    let syncs_log = |it: &Call| matches!(&it.what, What::Sync(file) if is_log(file));
    let all = run.claims.len();
    assert_eq!(run.faults_with(|it| !syncs_log(it)), all, "without a sync");
    let elsewhere = run.faults_with(|it| {
        if let What::Sync(file) = &mut it.what
            && is_log(file)
        {
            *file = file.replace("-wal", "");
        }
        true
    });
    assert_eq!(elsewhere, all, "with syncs of the database");
    let early = run.faults_with(|it| {
        let over = run.commits.iter().find(|commit| commit.synced == Some(it.ended));
        if let Some(commit) = over.filter(|_| syncs_log(it)) {
            it.began = commit.ended - 1;
        }
        true
    });
    assert!(all / 2 < early, "{early} of {all}, with syncs that begin before the last frame is written");
    let mut nth = 0;
    let seldom = run.faults_with(|it| {
        nth += usize::from(syncs_log(it));
        !syncs_log(it) || nth % 2 == 0
    });
    assert!(all / 10 < seldom, "{seldom} of {all}, with every second sync left out");
}

fn a_loss_of_power_at_any_moment_leaves_all_that_was_said() {
    Run::record(1, "30d").lose_power(images());
}

fn a_loss_of_power_while_old_messages_are_forgotten_leaves_all_that_was_said() {
    let run = Run::record(3, "1s");
    let all: Vec<&Claim> = run.claims.iter().filter(|it| matches!(it.says, Says::Accepted(_))).collect();
    let forgotten = all.iter().filter(|it| run.forgotten(it, usize::MAX)).count();
    assert!(all.len() / 4 < forgotten, "{forgotten} of {} were forgotten", all.len());
    run.keeps_its_order();
    run.lose_power(images());
}
