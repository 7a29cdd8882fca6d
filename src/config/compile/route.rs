//! Routes.

use crate::config::compile::choice::Known;
use crate::config::compile::service::wait;
use crate::config::compile::{destination, destinations, find_duplicates, price, sender};
use crate::config::error::Findings;
use crate::config::schema::route as written;
use crate::config::units::{Span, Switch};
use crate::message::class::Class;
use crate::message::extras::{DLT_MAX, Dlt};
use crate::message::id::{CarrierId, RouteId};
use crate::message::source::Source;
use crate::route::hours::Hours;
use crate::route::plan::{CarrierOrder, Partial, Registration, Retry, Route, UnknownPolicy};
use crate::route::table::ByDestination;
use std::collections::BTreeMap;
use std::time::Duration;

/// Every route.
pub fn all(routes: &[(usize, written::Route)], known: Known<'_>, findings: &mut Findings) -> BTreeMap<RouteId, Route> {
    find_duplicates("route", routes.iter().map(|(place, it)| (*place, it.id.to_string())), findings);
    let mut compiled = BTreeMap::new();
    for (place, it) in routes {
        let mut one = One { written: it, path: format!("route.{place}"), known, findings };
        compiled.insert(RouteId(it.id), one.route());
    }
    compiled
}

/// The largest number that a lane has room for.
const ROUTE_MAX: u64 = (1 << 24) - 1;

/// The words for classes.
pub const CLASSES: [(&str, Class); 3] =
    [("otp", Class::Otp), ("transactional", Class::Transactional), ("marketing", Class::Marketing)];

/// One route, while it is compiled.
struct One<'a, 'f> {
    written: &'a written::Route,
    path: String,
    known: Known<'a>,
    findings: &'f mut Findings,
}

impl One<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn route(&mut self) -> Route {
        let written = self.written;
        let id = self.findings.within(&self.at("id"), written.id.into(), 1..=ROUTE_MAX) as u32;
        let class = self.findings.choose(&self.at("class"), written.class.as_deref(), &CLASSES, Class::Transactional);
        let (carriers, weights) = self.carriers();
        let default = Route::new(RouteId(id), class, carriers);
        let policies =
            [("resend", UnknownPolicy::Resend), ("hold", UnknownPolicy::Hold), ("fail", UnknownPolicy::Fail)];
        let partials = [("rest", Partial::Rest), ("whole", Partial::Whole)];
        let orders = [CarrierOrder::Static, CarrierOrder::Scored, CarrierOrder::Cheapest].map(|it| (it.word(), it));
        let validity = self.wait("validity", written.validity, default.validity);
        let mut route = Route {
            name: written.name.as_deref().map_or_else(|| id.to_string().into(), Into::into),
            weights,
            carriers_by_country: self.carriers_by_country(),
            quiet_hours: self.quiet_hours(class),
            dlt: self.registration(),
            order: self.findings.choose(&self.at("order"), written.order.as_deref(), &orders, default.order),
            senders: self.senders(),
            senders_by_country: self.senders_by_country(),
            destinations: destinations(&self.at("destinations"), written.destinations.as_ref(), self.findings),
            unknown: self.findings.choose(&self.at("unknown"), written.unknown.as_deref(), &policies, default.unknown),
            partial: self.findings.choose(&self.at("partial"), written.partial.as_deref(), &partials, default.partial),
            retry: self.retry(),
            validity,
            receipt_window: self.within("receipt_window", written.receipt_window, default.receipt_window, validity),
            max_wait: self.within("max_wait", written.max_wait, default.max_wait, validity),
            receipt_timeout: self.wait("receipt_timeout", written.receipt_timeout, default.receipt_timeout),
            strict_order: written.strict_order.unwrap_or(default.strict_order),
            price: written.price.as_ref().and_then(|it| price::table(&self.at("price"), it, self.findings)),
            ..default
        };
        route.max_cost = self.known.max_cost(&self.path, written.max_cost.as_deref(), &route, self.findings);
        route
    }

    fn wait(&mut self, key: &str, written: Option<Span>, default: Duration) -> Duration {
        wait(&self.at(key), written, default, self.findings)
    }

    /// A time that only means something within the validity; a default that does not is left away.
    fn within(
        &mut self,
        key: &str,
        written: Option<Switch>,
        default: Option<Duration>,
        validity: Duration,
    ) -> Option<Duration> {
        let Some(Switch(written)) = written else { return default.filter(|it| *it < validity) };
        let wait = written.map(|it| self.wait(key, Some(Span(it)), it));
        if wait.is_some_and(|it| validity < it) {
            self.findings.fault(&self.at(key), "is longer than the validity: by then the message has expired");
        }
        wait
    }

    fn carriers(&mut self) -> (Vec<CarrierId>, Vec<f64>) {
        let (path, weights) = (self.at("carriers"), self.at("weights"));
        match (&self.written.carriers, &self.written.weights) {
            (Some(carriers), None) => self.known.carriers(&path, carriers, self.findings),
            (None, Some(table)) => {
                self.known.carriers(&weights, &written::Carriers::Weights(table.clone()), self.findings)
            }
            (None, None) if self.findings.is_faulty(&path) => Default::default(),
            (None, None) => self.known.carriers(&path, &written::Carriers::List(Vec::new()), self.findings),
            (Some(_), Some(_)) => {
                self.findings.fault(&weights, "carriers says already who carries; it takes weights too");
                Default::default()
            }
        }
    }

    fn carriers_by_country(&mut self) -> ByDestination<Box<[CarrierId]>> {
        let path = self.at("carriers_by_country");
        let written = self.written.carriers_by_country.as_ref();
        written.map_or_else(ByDestination::default, |it| self.known.carriers_by_country(&path, it, self.findings))
    }

    fn senders(&mut self) -> Vec<Box<str>> {
        let allow = self.written.senders.as_ref().and_then(|it| it.allow.as_deref()).unwrap_or_default();
        let mut senders = sender::list(&self.at("senders.allow"), allow, None, self.findings);
        if senders.iter().any(|it| &**it == "*") {
            senders.clear();
        }
        senders
    }

    fn registration(&mut self) -> Option<Registration> {
        let written = self.written.dlt.as_ref()?;
        let mut id = |key: &str, text: &Option<String>| {
            let text = text.as_deref()?;
            if !(1..=DLT_MAX).contains(&text.len()) || !text.bytes().all(|it| (b' '..=b'~').contains(&it)) {
                let path = self.at(&format!("dlt.{key}"));
                self.findings.fault(&path, format!("{text:?} is not 1 to {DLT_MAX} characters of ASCII"));
            }
            Some(text.into())
        };
        let default = Dlt {
            entity_id: id("entity", &written.entity),
            template_id: id("template", &written.template),
            telemarketer_id: id("telemarketer", &written.telemarketer),
        };
        Some(Registration { required: written.required, default })
    }

    fn quiet_hours(&mut self, class: Class) -> Option<Hours> {
        let written = self.written.quiet_hours.as_deref().filter(|it| !it.is_empty())?;
        let path = self.at("quiet_hours");
        if class == Class::Otp {
            self.findings
                .fault(&path, "a one-time code that waits for the morning is of no use; remove it, or the class otp");
        }
        Hours::parse(written).map_err(|why| self.findings.fault(&path, format!("{written:?}: {why}"))).ok()
    }

    fn senders_by_country(&mut self) -> ByDestination<Source> {
        let path = self.at("senders.by_country");
        let Some(written) = self.written.senders.as_ref().and_then(|it| it.by_country.as_ref()) else {
            return ByDestination::default();
        };
        destination::table(&path, written, self.known.networks, self.findings, |at, text, findings| {
            let region = at.rsplit('.').next().filter(|it| price::is_country(it));
            sender::one(at, text, region, findings)
        })
    }

    fn retry(&mut self) -> Retry {
        let (written, default) = (self.written.retry.unwrap_or_default(), Retry::default());
        let attempts = written.attempts.unwrap_or(default.attempts);
        let retry = Retry {
            base: wait(&self.at("retry.base"), written.base, default.base, self.findings),
            max: wait(&self.at("retry.max"), written.max, default.max, self.findings),
            attempts: self.findings.within(&self.at("retry.attempts"), attempts.into(), 1..=100) as u8,
        };
        if retry.max < retry.base {
            self.findings.fault(&self.at("retry.max"), "is shorter than base");
        }
        retry
    }
}
