//! The gateway under test: the release binary, started with a configuration of its own, and asked by its metrics.

use crate::http::Client;
use crate::load::KEY;
use crate::process::{Process, free_port, nanos};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The binary that cargo built beside this benchmark, in the same profile.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_nuncio");
/// How long it may take to start, or to come to what is waited for.
const WAIT_MAX: Duration = Duration::from_secs(400);

/// The routes of the benchmark: the number, its carrier's port, which receipts are asked for; and of those with
/// several carriers the numbers of all of them, and further lines.
pub(crate) struct Site {
    pub(crate) directory: PathBuf,
    pub(crate) http: u16,
    pub(crate) admin: u16,
    pub(crate) routes: Vec<(u32, u16, &'static str)>,
    lists: BTreeMap<u32, (Vec<u32>, &'static str)>,
    /// Further lines of the carriers of these routes.
    carriers: BTreeMap<u32, &'static str>,
    /// Further lines of the account.
    account: String,
    /// What the messages of its routes are for.
    class: &'static str,
}

/// A gateway that runs.
pub(crate) struct Daemon {
    pub(crate) process: Process,
    pub(crate) http: u16,
    admin: u16,
    /// When it was started, in [`nanos`].
    pub(crate) began: u64,
}

impl Site {
    /// A folder for one gateway and the routes `1..`, each with a carrier of its own.
    pub(crate) fn new(directory: &Path, receipts: &[&'static str]) -> Self {
        let routes = (1..).zip(receipts).map(|(number, receipts)| (number, free_port(), *receipts)).collect();
        std::fs::create_dir_all(directory).expect("a folder can be made");
        Self {
            directory: directory.to_owned(),
            http: free_port(),
            admin: free_port(),
            routes,
            lists: BTreeMap::new(),
            carriers: BTreeMap::new(),
            account: String::new(),
            class: "transactional",
        }
    }

    /// A route goes over the carriers of these routes, in order.
    pub(crate) fn over(mut self, route: u32, carriers: &[u32], more: &'static str) -> Self {
        self.lists.insert(route, (carriers.to_vec(), more));
        self
    }

    /// The carrier of a route has these lines, too.
    pub(crate) fn with(mut self, route: u32, lines: &'static str) -> Self {
        self.carriers.insert(route, lines);
        self
    }

    /// Messages of its routes are for this.
    pub(crate) const fn of_class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// The account has these lines, too.
    pub(crate) fn of_account(mut self, lines: String) -> Self {
        self.account = lines;
        self
    }

    /// The port of the carrier of a route.
    pub(crate) fn carrier(&self, route: u32) -> u16 {
        self.routes.iter().find(|it| it.0 == route).expect("a route of this site").1
    }

    fn configuration(&self) -> String {
        let digest = digest(KEY);
        let numbers: Vec<String> = self.routes.iter().map(|it| it.0.to_string()).collect();
        let mut text = format!(
            "[http]\nlisten = \"127.0.0.1:{}\"\n[admin]\nlisten = \"127.0.0.1:{}\"\n[log]\nlevel = \"warn\"\n\
             [store]\npath = \"{}\"\ndurability = \"fsync\"\nmin_free = \"64MiB\"\n\
             [[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nroutes = [{}]\n",
            self.http,
            self.admin,
            self.directory.join("store").display(),
            numbers.join(", "),
        );
        text.push_str(&self.account);
        for (route, port, receipts) in &self.routes {
            let (carriers, more) = self.lists.get(route).cloned().unwrap_or((vec![*route], ""));
            let carriers: Vec<String> = carriers.iter().map(|it| format!("\"sim{it}\"")).collect();
            let carriers = carriers.join(", ");
            let lines = self.carriers.get(route).copied().unwrap_or_default();
            write!(
                text,
                "[[carrier]]\nid = \"sim{route}\"\naddress = [\"127.0.0.1:{port}\"]\nsystem_id = \"nuncio\"\npassword = \"secret\"\n\
                 bind = \"transceiver\"\nbinds = 1\nwindow = 100\nreceipts = \"{receipts}\"\n\
                 reconnect = {{ base = \"50ms\", max = \"200ms\", already_bound = \"1s\", refused = \"1s\" }}\n\
                 {lines}\n[[route]]\nid = {route}\nclass = \"{}\"\ncarriers = [{carriers}]\n{more}\n",
                self.class,
            )
            .expect("a string takes everything");
        }
        text
    }

    /// Starts the gateway; it may not listen yet.
    pub(crate) fn start(&self) -> Daemon {
        let file = self.directory.join("nuncio.toml");
        std::fs::write(&file, self.configuration()).expect("the configuration can be written");
        let began = nanos();
        let arguments = ["serve", "--config", file.to_str().expect("a path of letters")];
        let process = Process::start(Path::new(BINARY), &arguments, &self.directory.join("log"));
        Daemon { process, http: self.http, admin: self.admin, began }
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) async fn started(&self) -> Daemon {
        let mut daemon = self.start();
        let by = nanos() + WAIT_MAX.as_nanos() as u64;
        loop {
            assert!(
                daemon.process.is_alive() && nanos() < by,
                "the gateway does not start: see {}",
                self.directory.join("log").display()
            );
            if let Ok(mut client) = Client::connect(self.admin).await
                && matches!(client.ask(b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n").await, Ok(200))
            {
                return daemon;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// What a configuration has of a key.
pub(crate) fn digest(key: &str) -> String {
    Sha256::digest(key).iter().fold(String::new(), |text, it| format!("{text}{it:02x}"))
}

impl Daemon {
    /// The sum of the values of a metric over the label sets that have all these labels.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let mut client = Client::connect(self.admin).await.expect("the gateway listens for its operators");
        let code = client.ask(b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n").await;
        assert_eq!(code.expect("the gateway answers"), 200);
        let fits = |line: &&str| {
            let rest = line.strip_prefix("nuncio_").and_then(|it| it.strip_prefix(name));
            rest.is_some_and(|it| it.starts_with(['{', ' ']) && labels.iter().all(|label| it.contains(label)))
        };
        let value = |line: &str| line.rsplit(' ').next().and_then(|it| it.parse::<f64>().ok()).unwrap_or_default();
        client.body().lines().filter(fits).map(value).sum()
    }

    /// How many messages of a route have been delivered.
    pub(crate) async fn delivered(&self, route: u32) -> f64 {
        self.metric("messages_total", &["status=\"DELIVERED\"", &format!("route=\"{route}\"")]).await
    }

    /// How many messages of a route have ended, however.
    pub(crate) async fn ended(&self, route: u32) -> f64 {
        let mut sum = 0.0;
        for status in ["DELIVERED", "FAILED", "EXPIRED", "UNKNOWN"] {
            let labels = [format!("status=\"{status}\""), format!("route=\"{route}\"")];
            sum += self.metric("messages_total", &[&labels[0], &labels[1]]).await;
        }
        sum
    }

    /// Waits until so many messages of a route have ended.
    pub(crate) async fn until_ended(&self, route: u32, count: f64) {
        let by = nanos() + WAIT_MAX.as_nanos() as u64;
        while self.ended(route).await < count {
            assert!(nanos() < by, "not everything has ended in time");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until so many messages of a route are delivered.
    pub(crate) async fn until_delivered(&self, route: u32, count: f64) {
        let by = nanos() + WAIT_MAX.as_nanos() as u64;
        while self.delivered(route).await < count {
            assert!(nanos() < by, "not everything was delivered in time");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until the link of a route is up.
    pub(crate) async fn until_up(&self, route: u32) {
        let by = nanos() + WAIT_MAX.as_nanos() as u64;
        while self.metric("link_up", &[&format!("carrier=\"sim{route}\"")]).await < 1.0 {
            assert!(nanos() < by, "the link does not come up");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
