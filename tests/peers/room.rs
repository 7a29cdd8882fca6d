//! A disk without room: a tmpfs of a few MiB under the store, in namespaces of its own, filled by what is accepted.

use crate::daemon::process::Process;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, route, until, wrapped};
use crate::peers::need::trials;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

trials! {
    [Namespaces]:
        a_disk_that_is_filled_to_its_last_octet_costs_nothing_that_was_acknowledged,
        a_disk_that_runs_full_refuses_new_messages_and_the_old_are_delivered;
}

const PATIENCE: Duration = Duration::from_secs(60);
/// Messages of an order.
const ORDER: usize = 50;

/// A daemon whose store is on a small disk, and the carrier.
struct Stage {
    daemon: Daemon,
    _sim: Process,
    /// It keeps the namespaces in which the disk is.
    keeper: Process,
    orders: usize,
}

impl Stage {
    fn new(size: &str, min_free: &str) -> Self {
        let (sim, port) = sim(&[]);
        let config = account("[1]") + &carrier(port, "") + &route("");
        let daemon = Daemon::prepare(&config, &[("NUNCIO_STORE_MIN_FREE", min_free)]);
        let store = daemon.config().with_file_name("store");
        std::fs::create_dir(&store).unwrap();
        let mut keeper = Command::new("unshare");
        let mount = format!("mount -t tmpfs -o size={size},mode=700 none \"$1\" && echo mounted && cat");
        keeper.args(["-rm", "sh", "-c", &mount, "sh"]).arg(&store);
        let keeper = Process::start("unshare", keeper);
        keeper.line(PATIENCE, |lines| lines.iter().any(|it| it == "mounted").then_some(()));
        Self { daemon, _sim: sim, keeper, orders: 0 }
    }

    /// A command that runs where the disk is.
    fn inside(&self, command: &Command) -> Command {
        let keeper = self.keeper.pid().to_string();
        wrapped(&["nsenter", "-t", &keeper, "-U", "-m", "--preserve-credentials"], command)
    }

    fn serve(&self) -> Command {
        self.inside(&self.daemon.command(&["serve"]))
    }

    fn make_room(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=64m"]).arg(self.daemon.config().with_file_name("store"));
        assert!(self.inside(&mount).status().unwrap().success());
    }

    /// Sends orders until one is not accepted, and gives the ids and the status of the last answer, if it had any.
    fn fill(&mut self) -> (Vec<String>, Option<u16>) {
        let (mut client, mut ids) = (self.daemon.client(), Vec::new());
        loop {
            let to: Vec<Value> = (0..ORDER)
                .map(|it| json!({ "to": format!("+3161{:03}{it:04}", self.orders), "text": "x".repeat(150) }))
                .collect();
            self.orders += 1;
            let reply = client.call("POST", "/v1/messages", Some(&json!({ "from": "YOURAPP", "to": to })));
            let Ok(reply) = reply else { return (ids, None) };
            if reply.status != 202 {
                return (ids, Some(reply.status));
            }
            let messages = reply.json()["messages"].as_array().unwrap().clone();
            ids.extend(messages.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        }
    }

    fn all_delivered(&self, ids: &[String]) {
        let mut client = self.daemon.client();
        for id in ids {
            until(&format!("{id} is delivered"), PATIENCE, || {
                let reply = client.get(&format!("/v1/messages/{id}"));
                assert_eq!(reply.status, 200, "{id} was acknowledged: {}", reply.text());
                (reply.json()["status"] == "DELIVERED").then_some(())
            });
        }
    }
}

fn a_disk_that_is_filled_to_its_last_octet_costs_nothing_that_was_acknowledged() {
    let mut stage = Stage::new("3m", "0B");
    stage.daemon.restart_as(stage.serve());
    let (mut ids, _) = stage.fill();
    assert_eq!(stage.daemon.end().code(), Some(74));
    assert!(ORDER < ids.len(), "{} messages", ids.len());
    // Without room it says so again, or serves what it has until it needs some.
    let mut refused = 0;
    for _ in 0..3 {
        match stage.daemon.tries_to_start_as(stage.serve()) {
            Err(status) => {
                assert_eq!(status.code(), Some(74));
                refused += 1;
            }
            Ok(()) => {
                ids.extend(stage.fill().0);
                assert_eq!(stage.daemon.end().code(), Some(74));
            }
        }
    }
    stage.make_room();
    stage.daemon.restart_as(stage.serve());
    stage.all_delivered(&ids);
    println!("{} messages were acknowledged before the disk was full; {refused} of 3 starts refused", ids.len());
    assert!(stage.daemon.terminate().success());
}

fn a_disk_that_runs_full_refuses_new_messages_and_the_old_are_delivered() {
    let mut stage = Stage::new("24m", "20MiB");
    stage.daemon.restart_as(stage.serve());
    let (ids, status) = stage.fill();
    assert_eq!(status, Some(503), "it is refused, and the daemon lives");
    stage.all_delivered(&ids);
    let body = json!({ "from": "YOURAPP", "to": "+31612345678", "text": "one" });
    let refused = stage.daemon.client().post("/v1/messages", &body);
    assert_eq!((refused.status, refused.json()["retryable"] == true), (503, true), "{}", refused.text());
    assert!(refused.header("retry-after").is_some(), "{}", refused.text());
    stage.make_room();
    until("there is room", PATIENCE, || {
        (stage.daemon.client().post("/v1/messages", &body).status == 202).then_some(())
    });
    stage.daemon.signal(Signal::TERM);
    assert!(stage.daemon.end().success());
}
