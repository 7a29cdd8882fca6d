//! Where we listen: each place once, and what other machines can reach is told of.

use crate::api::server::options::{Http, Listen};
use crate::config::compile::port::Listening;
use crate::config::error::Findings;
use crate::config::schema::carrier::Carrier;

/// A listener: the path of its key, what it is called, and where it is.
type Listener = (String, String, Listen);

/// Checks the listeners of the API, of ports, and of carriers that connect to us, against each other.
pub fn check(
    (http, admin): (&Http, &Http),
    ports: &[Listening],
    carriers: &[(usize, Carrier)],
    findings: &mut Findings,
) {
    let named = |section: &str, it: &Http| (format!("{section}.listen"), format!("[{section}]"), it.listen.clone());
    let mut all: Vec<Listener> = vec![named("http", http), named("admin", admin)];
    let ports: Vec<(String, &Http)> =
        ports.iter().map(|(role, it)| (format!("port.{}", role.kind.word()), it)).collect();
    all.extend(ports.iter().map(|(section, it)| named(section, it)));
    all.extend(carriers.iter().filter_map(|(place, it)| {
        let listen = Listen::Tcp(it.outbind.as_ref()?.listen.parse().ok()?);
        Some((format!("carrier.{place}.outbind.listen"), format!("carrier {:?}", it.id), listen))
    }));
    for (nth, (path, _, listen)) in all.iter().enumerate() {
        let first = all[..nth].iter().find(|it| conflict(&it.2, listen)).filter(|_| !findings.is_faulty(path));
        if let Some((_, name, theirs)) = first {
            findings.fault(path, format!("{listen} is taken: {name} listens on {theirs}"));
        }
    }
    let each = ports.iter().map(|(section, it)| (section.as_str(), *it));
    for (section, it) in [("http", http), ("admin", admin)].into_iter().chain(each) {
        if is_reachable(&it.listen) && it.tls.is_none() {
            let mend = if section == "admin" { "listen" } else { "set tls, or listen" };
            let message = format!(
                "{} can be reached from other machines and has no TLS: keys, numbers and texts can be read on the way; {mend} on 127.0.0.1 behind a proxy that has it",
                it.listen
            );
            findings.warning(&format!("{section}.listen"), message);
        }
    }
}

/// Whether the second of two cannot be had; port 0 is any that is free.
fn conflict(one: &Listen, other: &Listen) -> bool {
    match (one, other) {
        (Listen::Tcp(a), Listen::Tcp(b)) => {
            let same = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
            a.port() == b.port() && a.port() != 0 && same
        }
        (Listen::Unix(a), Listen::Unix(b)) => a == b,
        _ => false,
    }
}

fn is_reachable(listen: &Listen) -> bool {
    matches!(listen, Listen::Tcp(it) if !it.ip().to_canonical().is_loopback())
}
