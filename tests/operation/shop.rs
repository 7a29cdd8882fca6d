//! A shop that is told what becomes of its messages: the real binary, its carrier, and its endpoints.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::web::{Act, Asked};
use crate::daemon::{Daemon, KEY, carrier, digest, route};
use nuncio::text::base64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// 24 octets.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The shop, which is told at these endpoints.
fn account(webhook: &str) -> String {
    let digest = digest(KEY);
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\n\
         scopes = [\"send\", \"read\", \"webhooks\", \"admin\", \"reveal\"]\nwebhook = {webhook}\n"
    )
}

pub(super) struct Stage {
    _folder: tempfile::TempDir,
    pub(super) smsc: Smsc,
    pub(super) daemon: Daemon,
    pub(super) link: Link,
    sequence: u32,
}

impl Stage {
    /// A daemon that tells an endpoint on this port, in a certain way.
    pub(super) fn new(port: u16, more: &str) -> Self {
        Self::telling(&[port], more)
    }

    /// The same, for one endpoint on each of these ports.
    pub(super) fn telling(ports: &[u16], more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let secret = secret.display();
        let endpoint = |port: &u16| {
            format!(
                "{{ url = \"http://127.0.0.1:{port}/sms?key=hidden\", secret_file = \"{secret}\", \
                 allow_networks = [\"127.0.0.0/8\"]{more} }}"
            )
        };
        let endpoints = format!("[{}]", ports.iter().map(endpoint).collect::<Vec<_>>().join(", "));
        Self::over(folder, &account(&endpoints), "")
    }

    /// One without an endpoint, whose others would be signed and may be on this machine; with more of its route.
    pub(super) fn silent(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let secret = secret.display();
        let webhook = format!("{{ secret_file = \"{secret}\", allow_networks = [\"127.0.0.1/32\"] }}");
        Self::over(folder, &account(&webhook), more)
    }

    /// The same, with an endpoint of operators on this port.
    pub(super) fn watched(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let secret = secret.display();
        let keys = format!("secret_file = \"{secret}\", allow_networks = [\"127.0.0.1/32\"]");
        let operator = format!("[operator]\nwebhook = {{ url = \"http://127.0.0.1:{port}/ops\", {keys} }}\n");
        Self::over(folder, &(account(&format!("{{ {keys} }}")) + &operator), "")
    }

    /// One of which nobody is told, whose account may only send and read.
    pub(super) fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = account("[]").replace(", \"webhooks\", \"admin\", \"reveal\"", "");
        Self::over(folder, &account, "")
    }

    fn over(folder: tempfile::TempDir, account: &str, of_route: &str) -> Self {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&(account.to_owned() + &carrier(smsc.port(), "") + &route(of_route)));
        let link = smsc.bound();
        Self { _folder: folder, smsc, daemon, link, sequence: 0 }
    }

    /// Kills the daemon and starts it again.
    pub(super) fn again(&mut self) {
        self.daemon.kill();
        self.daemon.restart();
        self.link = self.smsc.bound();
    }

    /// A message that the carrier takes, under this name.
    pub(super) fn send(&mut self, name: &str) -> String {
        self.ask(name, &json!({}))
    }

    /// The same, with more in its request.
    pub(super) fn ask(&mut self, name: &str, more: &Value) -> String {
        let mut body = json!({ "to": "+31612345678", "from": "shop", "text": "hello", "client_ref": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = self.daemon.client().post("/v1/messages", &body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        let submit = self.link.read_command(raw::SUBMIT_SM);
        self.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        reply.json()["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn receipt(&mut self, name: &str, word: &str) {
        let text = format!(
            "id:{name} sub:001 dlvrd:001 submit date:2611270900 done date:2611270901 stat:{word} err:000 text:"
        );
        self.sequence += 1;
        self.link.send_pdu(raw::DELIVER_SM, self.sequence, &raw::deliver(4, text.as_bytes()));
        let answer = self.link.read_command(raw::DELIVER_SM | raw::RESPONSE);
        assert_eq!((answer.sequence, answer.status), (self.sequence, 0));
    }

    pub(super) fn log(&self, query: &str) -> Value {
        let reply = self.daemon.client().get(&format!("/v1/events{query}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(super) fn endpoint(&self) -> Value {
        self.daemon.operator().get("/admin/v1/webhooks").json()["data"][0].clone()
    }
}

pub(super) fn taken(_: usize, _: &Asked) -> Act {
    Act::Reply(204, "", String::new())
}

/// Whether a call is signed as Standard Webhooks says, by an implementation of its own.
pub(super) fn is_signed(call: &Asked) -> bool {
    is_signed_by(call, SECRET)
}

pub(super) fn is_signed_by(call: &Asked, secret: &str) -> bool {
    let key = base64::decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, timestamp) = (call.header("webhook-id"), call.header("webhook-timestamp"));
    let signed = format!("{id}.{timestamp}.{}", call.body);
    let pad =
        |with: u8| key.iter().copied().chain(std::iter::repeat(0)).take(64).map(|it| it ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), signed.into_bytes()].concat());
    let mac = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
    call.header("webhook-signature") == format!("v1,{}", base64::encode(&mac))
}
