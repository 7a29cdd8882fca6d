//! The sections of the daemon itself.

use crate::api::server::options::{Http, Listen, Subnets, Tls};
use crate::clock::logical::Trust;
use crate::config::compile::subnet::networks;
use crate::config::error::Findings;
use crate::config::schema::service;
use crate::config::units::Span;
use crate::config::{Log, OnDamage, Shutdown, StoreConfig};
use crate::dispatch::door::plan::EraseText;
use crate::store::sqlite::Durability;
use crate::telemetry::log::LogFormat;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// The listener for applications.
pub fn http(written: &service::Http, findings: &mut Findings) -> Http {
    let default = Http::applications();
    let listen = listen("http.listen", written.listen.as_deref(), default.listen.clone(), findings);
    let tls = tls("http.tls", written.tls.as_ref(), &listen, findings);
    let mut count = |key: &str, written: Option<u32>, default: usize| match written {
        Some(it) => findings.within(&format!("http.{key}"), it.into(), 1..=1_000_000) as usize,
        None => default,
    };
    let max_connections = count("max_connections", written.max_connections, default.max_connections);
    let per_address =
        count("max_connections_per_address", written.max_connections_per_address, default.max_connections_per_address);
    let max_body = written.max_body.map_or(default.max_body as u64, |it| it.0);
    let max_csv = written.max_csv.map_or(default.max_csv as u64, |it| it.0);
    Http {
        listen,
        tls,
        max_body: findings.within("http.max_body", max_body, 1 << 10..=64 << 20) as usize,
        max_csv: findings.within("http.max_csv", max_csv, 1 << 10..=64 << 20) as usize,
        header_timeout: wait("http.header_timeout", written.header_timeout, default.header_timeout, findings),
        body_timeout: wait("http.body_timeout", written.body_timeout, default.body_timeout, findings),
        idle_timeout: wait("http.idle_timeout", written.idle_timeout, default.idle_timeout, findings),
        max_connections,
        max_connections_per_address: per_address,
        proxy_from: Subnets(networks("http.proxy_from", written.proxy_from.as_deref().unwrap_or_default(), findings)),
    }
}

/// The listener for operators.
pub fn admin(written: &service::Admin, findings: &mut Findings) -> Http {
    let default = Http::operators();
    let listen = listen("admin.listen", written.listen.as_deref(), default.listen.clone(), findings);
    Http { listen, ..default }
}

/// The certificate of a listener, whose files are there.
pub fn tls(path: &str, written: Option<&service::Tls>, listen: &Listen, findings: &mut Findings) -> Option<Tls> {
    let it = written?;
    readable(&format!("{path}.certificate"), &it.certificate, findings);
    readable(&format!("{path}.key"), &it.key, findings);
    private(&format!("{path}.key"), &it.key, findings);
    if matches!(listen, Listen::Unix(_)) {
        findings.fault(path, "a unix socket has no TLS");
    }
    Some(Tls { certificate: it.certificate.clone(), key: it.key.clone() })
}

/// Where a listener is.
pub fn listen(path: &str, written: Option<&str>, default: Listen, findings: &mut Findings) -> Listen {
    let Some(text) = written else { return default };
    Listen::parse(text).unwrap_or_else(|| {
        findings.fault(
            path,
            format!("{text:?} is neither an address with its port, such as \"127.0.0.1:8080\", nor \"unix:/path\""),
        );
        default
    })
}

/// A time that may not be zero: what waits so long would never come to an end.
pub fn wait(path: &str, written: Option<Span>, default: Duration, findings: &mut Findings) -> Duration {
    match written {
        Some(Span(Duration::ZERO)) => {
            findings.fault(path, "a time of zero is not meant for use");
            default
        }
        Some(Span(it)) => it,
        None => default,
    }
}

/// Notes a file with a secret in it that everybody on the machine can read.
pub fn private(path: &str, file: &Path, findings: &mut Findings) {
    const OTHERS: u32 = 0o004;
    if std::fs::metadata(file).is_ok_and(|it| it.permissions().mode() & OTHERS != 0) {
        findings.warning(
            path,
            format!("everybody can read {}, which has a secret in it: chmod 600, or 640", file.display()),
        );
    }
}

/// Notes a file that cannot be opened.
pub fn readable(path: &str, file: &Path, findings: &mut Findings) {
    if let Err(error) = File::open(file) {
        findings.fault(path, format!("{} cannot be opened: {error}", file.display()));
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: "/var/lib/nuncio".into(),
            durability: Durability::Fsync,
            on_damage: OnDamage::SetAside,
            gather: Duration::ZERO,
            min_free: 1 << 30,
            max_queued: 20_000_000,
            retention: Duration::from_secs(30 * 86_400),
            erase_text: EraseText::Otp,
        }
    }
}

/// The store.
pub fn store(written: &service::Store, findings: &mut Findings) -> StoreConfig {
    let default = StoreConfig::default();
    if let Some(url) = &written.url {
        let scheme = url.split("://").next().unwrap_or_default();
        findings.unbuilt("store.url", &format!("\"{scheme}://…\""), "path");
    }
    let durability = [("fsync", Durability::Fsync), ("os", Durability::Os)];
    let damage = [("set_aside", OnDamage::SetAside), ("stop", OnDamage::Stop)];
    let erase = [("otp", EraseText::Otp), ("all", EraseText::All), ("none", EraseText::None)];
    let gather = written.gather.map_or(default.gather, |it| it.0);
    if GATHER_MAX < gather {
        findings.fault("store.gather", "a message would wait longer than 1s for its commit");
    }
    StoreConfig {
        path: written.path.clone().unwrap_or(default.path),
        durability: findings.choose("store.durability", written.durability.as_deref(), &durability, default.durability),
        on_damage: findings.choose("store.on_damage", written.on_damage.as_deref(), &damage, default.on_damage),
        gather,
        min_free: written.min_free.map_or(default.min_free, |it| it.0),
        max_queued: findings.within(
            "store.max_queued",
            written.max_queued.unwrap_or(default.max_queued),
            1..=10_000_000_000,
        ),
        retention: wait("store.retention", written.retention, default.retention, findings),
        erase_text: findings.choose("store.erase_text", written.erase_text.as_deref(), &erase, default.erase_text),
    }
}

/// Longer gathering only makes every request slower.
const GATHER_MAX: Duration = Duration::from_secs(1);

/// What is believed of the clock.
pub fn clock(written: &service::Clock, findings: &mut Findings) -> Trust {
    let default = Trust::default();
    Trust {
        gap_max: wait("clock.gap_max", written.gap_max, default.gap_max, findings),
        believe_after: wait("clock.believe_after", written.believe_after, default.believe_after, findings),
    }
}

/// The drain at the end.
pub fn shutdown(written: &service::Shutdown) -> Shutdown {
    Shutdown { drain_timeout: written.drain_timeout.map_or(Duration::from_secs(30), |it| it.0) }
}

/// The log.
pub fn log(written: &service::Log, findings: &mut Findings) -> Log {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let levels = ["error", "warn", "info", "debug", "trace"].map(|it| (it, it));
    Log {
        format: findings.choose("log.format", written.format.as_deref(), &formats, LogFormat::Text),
        level: findings.choose("log.level", written.level.as_deref(), &levels, "info"),
    }
}
