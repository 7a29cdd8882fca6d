//! Senders: each is read as those of requests are, and kept as they are compared.

use crate::carrier::sender::is_sayable;
use crate::config::error::Findings;
use crate::config::schema::route as written;
use crate::dispatch::door::plan::Carrier;
use crate::message::id::{CarrierId, RouteId};
use crate::message::source::{BadSource, Source};
use crate::route::plan::Route;
use std::collections::BTreeMap;

/// A list of senders; `*` is any. National numbers are those of `region`.
pub fn list(path: &str, written: &[String], region: Option<&str>, findings: &mut Findings) -> Vec<Box<str>> {
    let mut senders = Vec::with_capacity(written.len());
    for text in written {
        if text == "*" {
            senders.push("*".into());
        } else if let Some(source) = one(path, text, region, findings) {
            senders.push(source.to_string().into());
        }
    }
    senders
}

/// One sender.
pub fn one(path: &str, text: &str, region: Option<&str>, findings: &mut Findings) -> Option<Source> {
    let read = Source::parse_in(text, region);
    read.map_err(|error: BadSource| findings.fault(path, format!("{text:?}: {error}"))).ok()
}

/// What some destinations see instead of the sender of a request is something that a carrier of the route can say.
pub fn check(
    written: &[(usize, written::Route)],
    routes: &BTreeMap<RouteId, Route>,
    carriers: &BTreeMap<CarrierId, Carrier>,
    findings: &mut Findings,
) {
    for (place, it) in written {
        let Some(route) = routes.get(&RouteId(it.id)) else { continue };
        let every = route.every_carrier();
        let says = |source: &Source| {
            every.is_empty() || every.iter().filter_map(|it| carriers.get(it)).any(|it| is_sayable(source, &it.dialect))
        };
        for source in route.senders_by_country.values().filter(|it| !says(it)) {
            let message = format!("no carrier of the route can be told {:?}: see sender_alphabet", source.octets());
            findings.fault(&format!("route.{place}.senders.by_country"), message);
        }
    }
}
