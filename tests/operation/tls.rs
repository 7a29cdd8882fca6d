//! TLS towards a carrier, from the configuration to the wire: two processes of the real binary.

use crate::daemon::process::Process;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, route, until};
use crate::identity::{Identity, identity};
use crate::operation::configuration::EXIT_CONFIG;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// `nuncio sim` with TLS.
pub(crate) fn secured(identity: &Identity, options: &[&str]) -> (Process, u16) {
    let (certificate, key) = (identity.certificate.display().to_string(), identity.key.display().to_string());
    sim(&[&["--tls-certificate", &*certificate, "--tls-key", &*key], options].concat())
}

/// A gateway whose carrier is at this port, with this for `tls`.
pub(crate) fn config(port: u16, tls: &str) -> String {
    let carrier = format!(
        "[[carrier]]\nid = \"acme\"\naddress = [\"localhost:{port}\"]\nlocal_address = \"127.0.0.1\"\n\
         system_id = \"nuncio\"\npassword = \"Zk7pQ2xw\"\nbind_timeout = \"2s\"\nconnect_timeout = \"2s\"\n\
         reconnect = {{ base = \"50ms\", max = \"200ms\" }}\ntls = {tls}\n"
    );
    account("[1]") + &carrier + &route("")
}

/// `tls` that trusts this certificate, with more keys.
fn trusting(identity: &Identity, more: &str) -> String {
    format!("{{ ca_file = {:?}{more} }}", identity.certificate)
}

/// Sends a message and waits for its receipt.
fn deliver(daemon: &Daemon) {
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    let reply = daemon.client().post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let path = format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().unwrap());
    until("it is delivered", PATIENCE, || (daemon.client().get(&path).json()["status"] == "DELIVERED").then_some(()));
}

/// The first log line with this message whose field has these words; a link that retries says it again and again.
pub(crate) fn said(daemon: &Daemon, message: &str, field: &str, words: &str) -> Value {
    let mut lines = (1..100).map(|nth| daemon.said(message, nth));
    let found = lines.find(|line| line[field].as_str().is_some_and(|it| it.contains(words)));
    found.unwrap_or_else(|| panic!("no line {message:?} whose {field} has {words:?}"))
}

#[test]
fn messages_go_over_tls_with_a_certificate_of_our_own_and_the_end_of_the_carriers_is_shown() {
    let (carrier, ours) = (identity(), identity());
    let (_sim, port) = secured(&carrier, &["--tls-client-ca", &ours.certificate.display().to_string()]);
    let own = format!(", client_certificate = {:?}, client_key = {:?}", ours.certificate, ours.key);
    let daemon = Daemon::start(&config(port, &trusting(&carrier, &own)));
    deliver(&daemon);
    assert_eq!(daemon.said("connected", 1)["tls"], "TLSv1.3");
    let left = daemon.metrics().value("tls_expiry_seconds{carrier=\"acme\"}");
    assert!((170_000.0..172_801.0).contains(&left), "{left}");
    assert_eq!(daemon.said("expires soon", 1)["days"], 1.0);
    // Without it the carrier says so, and the log says which keys it is about.
    daemon.configure(&config(port, &trusting(&carrier, "")));
    daemon.reload();
    let ended = said(&daemon, "session ended", "hint", "tls.client_certificate");
    assert!(ended["reason"].as_str().unwrap().contains("CertificateRequired"), "{ended}");
}

#[test]
fn a_connection_that_is_made_again_resumes_its_session() {
    let carrier = identity();
    let (_sim, port) = secured(&carrier, &["--disconnect-after", "1"]);
    let daemon = Daemon::start(&config(port, &trusting(&carrier, "")));
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    assert_eq!(daemon.said("connected", 1)["resumed"], false);
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    assert_eq!(daemon.said("connected", 2)["resumed"], true);
}

#[test]
fn a_reload_takes_up_what_has_changed_in_a_file_and_only_then_replaces_the_link() {
    let (carrier, stranger) = (identity(), identity());
    let (_sim, port) = secured(&carrier, &[]);
    let trusted = carrier.beside("trusted.pem");
    let trust = |it: &Identity| std::fs::copy(&it.certificate, &trusted).unwrap();
    trust(&carrier);
    let daemon = Daemon::start(&config(port, &format!("{{ ca_file = {trusted:?} }}")));
    daemon.said("bound", 1);
    daemon.reload();
    assert_eq!(daemon.metrics().value("link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"bound\"}"), 1.0);
    trust(&stranger);
    daemon.reload();
    said(&daemon, "cannot connect", "hint", "tls.ca_file");
    trust(&carrier);
    daemon.reload();
    daemon.said("bound", 2);
    // What cannot be read changes nothing.
    std::fs::write(&trusted, "nothing").unwrap();
    daemon.reload();
    daemon.said("there is no certificate in it", 1);
    deliver(&daemon);
}

#[test]
fn plain_text_on_one_side_and_tls_on_the_other_fail_with_the_key_to_change() {
    let carrier = identity();
    let (_plain, port) = sim(&[]);
    let daemon = Daemon::start(&config(port, &trusting(&carrier, "")));
    let line = said(&daemon, "cannot connect", "hint", "set tls = false");
    assert!(line["error"].as_str().unwrap().contains("does not speak TLS here"), "{line}");
    let (_secured, port) = secured(&carrier, &[]);
    daemon.configure(&config(port, "false"));
    daemon.reload();
    let line = said(&daemon, "session ended", "hint", "set tls = true");
    assert!(line["reason"].as_str().unwrap().contains("the peer speaks TLS"), "{line}");
    assert_eq!(line["level"], "WARN", "{line}");
}

#[test]
fn a_wrong_identity_is_refused_with_file_and_key() {
    let (carrier, stranger) = (identity(), identity());
    let mixed = format!(", client_certificate = {:?}, client_key = {:?}", carrier.certificate, stranger.key);
    for (tls, key, what) in [
        (trusting(&carrier, &mixed), "tls.client_key", format!("{} is not the key", stranger.key.display())),
        (
            trusting(&carrier, &format!(", client_key = {:?}", carrier.key)),
            "tls.client_certificate",
            "client_key needs".to_owned(),
        ),
        (format!("{{ ca_file = {:?} }}", carrier.key), "tls.ca_file", "there is no certificate in it".to_owned()),
    ] {
        let daemon = Daemon::prepare(&config(2775, &tls), &[]);
        let output = daemon.command(&["check"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(EXIT_CONFIG), "{said}");
        assert!(said.contains("nuncio.toml:") && said.contains(&format!("{key}: ")) && said.contains(&what), "{said}");
    }
}
