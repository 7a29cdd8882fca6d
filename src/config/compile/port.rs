//! Drop-in ports: where they listen, and by which app.

use crate::api::port::kind::{PortKind, PortRole};
use crate::api::server::options::Http;
use crate::config::compile::service::{listen, tls};
use crate::config::error::Findings;
use crate::config::schema::{app, service};

/// A port, and how it listens.
pub type Listening = (PortRole, Http);

/// Every port; what `[http]` says of sizes, times and connections holds for each of them.
pub fn all(
    written: &[(PortKind, service::Port)],
    http: &Http,
    apps: &[(usize, app::App)],
    findings: &mut Findings,
) -> Vec<Listening> {
    let mut all = Vec::new();
    for (kind, it) in written {
        let path = |key: &str| format!("port.{}.{key}", kind.word());
        if it.listen.is_none() {
            findings.fault(&path("listen"), "this key is required");
        }
        let at = listen(&path("listen"), it.listen.as_deref(), http.listen.clone(), findings);
        let tls = tls(&path("tls"), it.tls.as_ref(), &at, findings);
        let known = |name: &str| apps.iter().any(|(_, it)| it.id == name);
        let wrong = match (it.app.as_deref(), kind) {
            (Some(name), PortKind::VonageVerify) if !known(name) => Some(format!("there is no app {name:?}")),
            (None, PortKind::VonageVerify) => Some("this key is required: by which app codes go".to_owned()),
            (Some(_), PortKind::TwilioVerify) => {
                Some("requests name it: a service of theirs is an app, by its id".to_owned())
            }
            _ => None,
        };
        if let Some(message) = wrong {
            findings.fault(&path("app"), message);
        }
        let app = it.app.as_deref().map(Into::into);
        all.push((PortRole { kind: *kind, app }, Http { listen: at, tls, ..http.clone() }));
    }
    all
}
