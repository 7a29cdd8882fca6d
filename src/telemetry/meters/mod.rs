//! Handles of metrics, resolved once, so that counting on the hot path is a look-up by number and
//! an atomic addition.
//!
//! A reload makes new ones from the new labels; equal labels are the same counters, so that nothing
//! starts again at 0.

pub mod carrier;
pub mod cdr;
pub mod link;
pub mod failover;
pub mod http;
pub mod inside;
pub mod money;
pub mod guard;
pub mod verification;
pub mod webhook;
mod late;

use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId, LinkId, RouteId};
use crate::message::status::Status;
use crate::telemetry::labels::{Labels, OTHER};
use crate::telemetry::meters::carrier::CarrierMeter;
use crate::telemetry::meters::cdr::CdrMeter;
use crate::telemetry::meters::failover::FailoverMeter;
use crate::telemetry::meters::guard::GuardMeter;
use crate::telemetry::meters::http::HttpMeter;
use crate::telemetry::meters::inside::InsideMeter;
use crate::telemetry::meters::link::LinkMeter;
use crate::telemetry::meters::money::MoneyMeter;
use crate::telemetry::meters::verification::VerificationMeter;
use crate::telemetry::meters::webhook::WebhookMeter;
use crate::telemetry::names;
use crate::telemetry::often::Often;
use crate::telemetry::recorder::Exposition;
use foldhash::{HashMap, HashMapExt};
use metrics::{Counter, Gauge, Histogram};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Every metric of one configuration.
pub struct Meters {
    routes: HashMap<RouteId, RouteMeter>,
    carriers: HashMap<CarrierId, CarrierMeter>,
    links: HashMap<LinkId, LinkMeter>,
    accounts: HashMap<AccountId, [Counter; 3]>,
    names: HashMap<AccountId, Box<str>>,
    opt_outs: HashMap<AccountId, Counter>,
    queue_wait: [Histogram; 3],
    receipts_parked: Gauge,
    restored_held: Gauge,
    mo_incomplete: Gauge,
    http: HttpMeter,
    inside: InsideMeter,
    cdr: CdrMeter,
    money: MoneyMeter,
    /// Of every account; of one that has no endpoint in the configuration they come with its first.
    webhooks: HashMap<AccountId, OnceLock<WebhookMeter>>,
    failovers: FailoverMeter,
    verifications: VerificationMeter,
    guards: GuardMeter,
    exposition: Exposition,
    /// What counts for a route, carrier, link or account that the configuration no longer names.
    other: Other,
}

struct Other {
    route: RouteMeter,
    carrier: CarrierMeter,
    link: LinkMeter,
    account: [Counter; 3],
    opt_outs: Counter,
    webhook: WebhookMeter,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}

/// The label of a route; what tries things out has one of its own.
fn route_name(route: RouteId) -> String {
    if route.is_in_sandbox() { format!("sandbox-{}", route.shown()) } else { route.shown().to_string() }
}

impl Meters {
    /// All meters; but for those that come with their first event they are registered, at 0.
    pub fn new(exposition: &Exposition, labels: &Labels) -> Self {
        let countries = Arc::new(labels.countries.clone());
        let carrier = |name: &str| CarrierMeter::new(exposition, name, countries.clone());
        let account =
            |name: &str| Class::ALL.map(|it| exposition.counter(&names::MESSAGES_ACCEPTED, [name, it.word()]));
        let opt_outs = |name: &str| exposition.counter(&names::OPT_OUTS, [name]);
        let links = labels.carriers.iter().flat_map(|(carrier, name, binds)| {
            (0..*binds).map(|bind| (LinkId { carrier: *carrier, bind }, LinkMeter::new(exposition, name, bind)))
        });
        let told = || {
            let accounts = labels.accounts.iter().map(|(id, name)| (*id, &**name));
            accounts.chain([(AccountId::OPERATORS, AccountId::OPERATORS_NAME)])
        };
        let meters = Self {
            routes: labels.routes.iter().map(|it| (*it, RouteMeter::new(exposition, &route_name(*it)))).collect(),
            carriers: labels.carriers.iter().map(|(id, name, _)| (*id, carrier(name))).collect(),
            links: collect(links),
            accounts: labels.accounts.iter().map(|(id, name)| (*id, account(name))).collect(),
            names: told().map(|(id, name)| (id, name.into())).collect(),
            opt_outs: labels.accounts.iter().map(|(id, name)| (*id, opt_outs(name))).collect(),
            queue_wait: Class::ALL.map(|it| exposition.histogram(&names::QUEUE_WAIT, [it.word()])),
            receipts_parked: exposition.gauge(&names::RECEIPTS_PARKED, []),
            restored_held: exposition.gauge(&names::RESTORED_HELD_MESSAGES, []),
            mo_incomplete: exposition.gauge(&names::MO_PARTS_INCOMPLETE, []),
            http: HttpMeter::new(exposition, &labels.endpoints),
            inside: InsideMeter::new(exposition),
            cdr: CdrMeter::new(exposition),
            money: MoneyMeter::new(exposition, labels),
            webhooks: told().map(|it| (it.0, OnceLock::new())).collect(),
            failovers: FailoverMeter::new(exposition, labels),
            verifications: VerificationMeter::new(exposition, labels),
            guards: GuardMeter::new(exposition),
            exposition: exposition.clone(),
            other: Other {
                route: RouteMeter::new(exposition, OTHER),
                carrier: carrier(OTHER),
                link: LinkMeter::new(exposition, OTHER, 0),
                account: account(OTHER),
                opt_outs: opt_outs(OTHER),
                webhook: WebhookMeter::new(exposition, OTHER),
            },
        };
        labels.webhooks.iter().for_each(|it| _ = meters.webhook(*it));
        meters
    }

    /// How often lines are logged that a peer can repeat.
    pub fn often(&self) -> &Often {
        self.exposition.often()
    }

    /// Of a route.
    pub fn route(&self, id: RouteId) -> &RouteMeter {
        self.routes.get(&id).unwrap_or(&self.other.route)
    }

    /// Of a carrier.
    pub fn carrier(&self, id: CarrierId) -> &CarrierMeter {
        self.carriers.get(&id).unwrap_or(&self.other.carrier)
    }

    /// Of a link; its task keeps a clone.
    pub fn link(&self, id: LinkId) -> &LinkMeter {
        self.links.get(&id).unwrap_or(&self.other.link)
    }

    /// Of the endpoints of an account.
    pub fn webhook(&self, id: AccountId) -> &WebhookMeter {
        match (self.webhooks.get(&id), self.names.get(&id)) {
            (Some(meter), Some(name)) => meter.get_or_init(|| WebhookMeter::new(&self.exposition, name)),
            _ => &self.other.webhook,
        }
    }

    /// Of records of charge.
    pub const fn cdr(&self) -> &CdrMeter {
        &self.cdr
    }

    /// Of failovers between carriers.
    pub const fn failovers(&self) -> &FailoverMeter {
        &self.failovers
    }

    /// Of verifications.
    pub const fn verifications(&self) -> &VerificationMeter {
        &self.verifications
    }

    /// Of guards.
    pub const fn guards(&self) -> &GuardMeter {
        &self.guards
    }

    /// Of both HTTP listeners.
    pub const fn http(&self) -> &HttpMeter {
        &self.http
    }

    /// Of the store, the loop, the clock and the configuration.
    pub const fn inside(&self) -> &InsideMeter {
        &self.inside
    }

    /// Of what is paid.
    pub const fn money(&self) -> &MoneyMeter {
        &self.money
    }

    /// What the configuration calls an account.
    pub fn account(&self, id: AccountId) -> &str {
        self.names.get(&id).map_or(OTHER, |it| it)
    }

    /// So many messages of an account were accepted.
    pub fn count_accepted(&self, account: AccountId, class: Class, count: u64) {
        let counters = self.accounts.get(&account).unwrap_or(&self.other.account);
        counters[usize::from(class.number())].increment(count);
    }

    /// A handset stopped the messages of an account, or of whoever sends by a sender.
    pub fn opted_out(&self, account: Option<AccountId>) {
        account.and_then(|it| self.opt_outs.get(&it)).unwrap_or(&self.other.opt_outs).increment(1);
    }

    /// A part was submitted so long after its acceptance.
    pub fn count_wait(&self, class: Class, time: Duration) {
        self.queue_wait[usize::from(class.number())].record(time);
    }

    /// So many receipts wait for their part.
    pub fn set_parked(&self, count: usize) {
        self.receipts_parked.set(count as f64);
    }

    /// How many queued parts are held since the store was restored.
    pub fn set_held(&self, parts: u64) {
        self.restored_held.set(parts as f64);
    }

    /// So many messages from handsets wait for more of their parts.
    pub fn mo_incomplete(&self, count: usize) {
        self.mo_incomplete.set(count as f64);
    }
}

/// The metrics of a route.
#[derive(Clone)]
pub struct RouteMeter {
    messages: [Counter; Status::ALL.len()],
    queued: Gauge,
    oldest: Gauge,
    retrying: Gauge,
}

impl RouteMeter {
    fn new(exposition: &Exposition, route: &str) -> Self {
        Self {
            messages: Status::ALL.map(|it| exposition.counter(&names::MESSAGES, [route, it.word()])),
            queued: exposition.gauge(&names::QUEUE_MESSAGES, [route]),
            oldest: exposition.gauge(&names::QUEUE_OLDEST_AGE, [route]),
            retrying: exposition.gauge(&names::RETRY_MESSAGES, [route]),
        }
    }

    /// So many messages came to a status.
    pub fn came_to(&self, status: Status, count: u64) {
        self.messages[usize::from(status.number())].increment(count);
    }

    /// So many parts wait, the oldest since so long, and so many of them for their next attempt.
    pub fn queue(&self, parts: u64, oldest: Duration, retrying: u64) {
        self.queued.set(parts as f64);
        self.oldest.set(oldest);
        self.retrying.set(retrying as f64);
    }
}

fn collect(links: impl Iterator<Item = (LinkId, LinkMeter)>) -> HashMap<LinkId, LinkMeter> {
    let mut map = HashMap::new();
    map.extend(links);
    map
}

#[cfg(test)]
pub(in crate::telemetry) mod tests {
    use super::*;
    use crate::message::attempt::Cause;
    use crate::message::id::AppId;
    use crate::message::money::Currency;
    use crate::smpp::command::CommandId;
    use crate::telemetry::meters::link::{Direction, LinkState, Malformation};
    use crate::telemetry::names::{ALL, Begins, Kind, Metric};

    pub(in crate::telemetry) fn meters() -> (Exposition, Meters) {
        let labels = Labels {
            routes: vec![RouteId(1), RouteId(8)],
            carriers: vec![(CarrierId(3), "acme".into(), 2), (CarrierId(4), "beta".into(), 1)],
            accounts: vec![(AccountId(5), "shop".into())],
            apps: vec![(AppId(6), "login".into())],
            webhooks: vec![AccountId(5)],
            countries: ["NL".into()].into(),
            endpoints: vec!["POST /v1/messages"],
            pays_in: [(AccountId(5), Currency::parse("EUR").unwrap())].into(),
            charges_in: [(CarrierId(3), Currency::parse("USD").unwrap())].into(),
        };
        let exposition = Exposition::new();
        let meters = Meters::new(&exposition, &labels);
        (exposition, meters)
    }

    /// The value of the line that begins with these words; the order of labels is that of the table.
    pub(in crate::telemetry) fn value(page: &str, line: &str) -> Option<f64> {
        page.lines().find_map(|it| it.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
    }

    #[test]
    fn every_small_label_set_stands_at_0_from_the_start_and_no_other() {
        let (exposition, _meters) = meters();
        let page = exposition.render();
        let (late, from_the_start): (Vec<&Metric>, Vec<&Metric>) = ALL.iter().partition(|it| it.begins == Begins::Late);
        assert!(late.iter().all(|it| !page.contains(it.name)), "{page}");
        for metric in from_the_start {
            let typed = format!("# TYPE {} {}\n", metric.name, metric.kind.word());
            assert!(page.contains(&typed), "{typed}{page}");
            assert!(page.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{}", metric.name);
            if let Kind::Histogram(_) = metric.kind {
                assert!(page.contains(&format!("{}_bucket{{", metric.name)), "{}", metric.name);
            }
        }
        for status in Status::ALL.map(Status::word) {
            for line in [
                format!("nuncio_messages_total{{route=\"8\",status=\"{status}\"}}"),
                format!("nuncio_receipts_total{{carrier=\"acme\",status=\"{status}\"}}"),
            ] {
                assert_eq!(value(&page, &line), Some(0.0), "{line}");
            }
        }
        for line in [
            "nuncio_messages_rejected_total{stage=\"validation\",code=\"422\"}",
            "nuncio_link_up{carrier=\"acme\",bind=\"acme-2\"}",
            "nuncio_link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"bound\"}",
            "nuncio_receipt_delay_seconds_count{carrier=\"acme\"}",
            "nuncio_retries_total{carrier=\"acme\",cause=\"resend\"}",
            "nuncio_breaker_state{carrier=\"beta\"}",
            "nuncio_store_poisoned",
        ] {
            assert_eq!(value(&page, line), Some(0.0), "{line}\n{page}");
        }
        assert!(!page.contains("cause=\"first\""));
    }

    #[test]
    fn what_is_counted_is_shown_and_a_reload_keeps_it() {
        let (exposition, meters) = meters();
        let link = meters.link(LinkId { carrier: CarrierId(3), bind: 1 });
        link.set_state(LinkState::Bound);
        link.window(7, 50);
        link.pdu(Direction::Out, CommandId::SUBMIT_SM);
        link.pdu(Direction::In, CommandId::SUBMIT_SM_RESP);
        link.pdu(Direction::In, CommandId(0x77));
        link.count_malformed(Malformation::Length);
        link.count_enquiry(Duration::from_millis(2));
        link.certificate_expires_in(-3.5);
        meters.http().count_answer("POST /v1/messages", 202, Duration::from_millis(1));
        meters.http().count_answer("GET /nowhere", 418, Duration::from_millis(1));
        meters.http().count_rejection("validation", 422);
        meters.inside().syncs(false);
        meters.inside().count_commit(3, Duration::from_millis(3), Some(Duration::from_millis(1)));
        meters.inside().count_reload(Some(Duration::from_secs(1_700_000_000)));
        meters.inside().count_reload(None);
        meters.route(RouteId(8)).queue(12, Duration::from_secs(4), 2);
        meters.failovers().count_move(CarrierId(3), CarrierId(4), Cause::MaxWait);
        meters.failovers().count_move(CarrierId(9), CarrierId(3), Cause::Moved);
        meters.carrier(CarrierId(4)).breaker(2);
        meters.carrier(CarrierId(4)).set_score(Some("NL"), Some(0.75));
        meters.carrier(CarrierId(4)).set_score(Some("DE"), None);
        meters.route(RouteId(99)).came_to(Status::Delivered, 1);
        exposition.upkeep();
        let page = exposition.render();
        for (line, expected) in [
            ("nuncio_link_up{carrier=\"acme\",bind=\"acme-2\"}", 1.0),
            ("nuncio_window_in_use{carrier=\"acme\",bind=\"acme-2\"}", 7.0),
            ("nuncio_pdus_total{carrier=\"acme\",direction=\"out\",command=\"submit_sm\"}", 1.0),
            ("nuncio_pdus_total{carrier=\"acme\",direction=\"in\",command=\"submit_sm_resp\"}", 1.0),
            ("nuncio_pdus_total{carrier=\"acme\",direction=\"in\",command=\"other\"}", 1.0),
            ("nuncio_malformed_pdus_total{carrier=\"acme\",reason=\"length\"}", 1.0),
            ("nuncio_tls_expiry_seconds{carrier=\"acme\"}", -3.5),
            ("nuncio_enquire_link_rtt_seconds_bucket{carrier=\"acme\",le=\"0.001\"}", 0.0),
            ("nuncio_enquire_link_rtt_seconds_bucket{carrier=\"acme\",le=\"0.0025\"}", 1.0),
            ("nuncio_http_requests_total{endpoint=\"POST /v1/messages\",code=\"202\"}", 1.0),
            ("nuncio_http_requests_total{endpoint=\"POST /v1/messages\",code=\"503\"}", 0.0),
            ("nuncio_http_requests_total{endpoint=\"other\",code=\"other\"}", 1.0),
            ("nuncio_messages_rejected_total{stage=\"validation\",code=\"422\"}", 1.0),
            ("nuncio_store_durability{mode=\"os\"}", 1.0),
            ("nuncio_store_durability{mode=\"fsync\"}", 0.0),
            ("nuncio_store_commit_duration_seconds_sum", 0.003),
            ("nuncio_config_last_reload_successful", 0.0),
            ("nuncio_config_last_reload_timestamp_seconds", 1_700_000_000.0),
            ("nuncio_queue_oldest_message_age_seconds{route=\"8\"}", 4.0),
            ("nuncio_failovers_total{from=\"acme\",to=\"beta\",cause=\"max_wait\"}", 1.0),
            ("nuncio_failovers_total{from=\"other\",to=\"acme\",cause=\"moved\"}", 1.0),
            ("nuncio_breaker_state{carrier=\"beta\"}", 2.0),
            ("nuncio_carrier_score{carrier=\"beta\",country=\"NL\"}", 0.75),
            ("nuncio_carrier_score{carrier=\"beta\",country=\"other\"}", 0.0),
            ("nuncio_messages_total{route=\"other\",status=\"DELIVERED\"}", 1.0),
        ] {
            assert_eq!(value(&page, line), Some(expected), "{line}\n{page}");
        }
        let families: Vec<&str> = page.lines().filter_map(|it| it.strip_prefix("# HELP ")?.split(' ').next()).collect();
        let documented: Vec<&str> = ALL.iter().map(|it| it.name).filter(|it| families.contains(it)).collect();
        assert_eq!(families, documented, "the page is in the order of the documentation");
        let renewed = Meters::new(&exposition, &Labels { routes: vec![RouteId(8)], ..Labels::default() });
        renewed.route(RouteId(8)).came_to(Status::Failed, 2);
        meters.route(RouteId(8)).came_to(Status::Failed, 1);
        let line = "nuncio_messages_total{route=\"8\",status=\"FAILED\"}";
        assert_eq!(value(&exposition.render(), line), Some(3.0));
    }

    #[test]
    fn what_is_configured_for_many_countries_costs_little_before_it_is_used() {
        let carriers = (0..50).map(|it| (CarrierId(it), format!("carrier-{it}").into(), 2)).collect();
        let countries = (0..200).map(|it| format!("C{it}").into()).collect();
        let labels = Labels { carriers, countries, routes: vec![RouteId(1)], ..Labels::default() };
        let exposition = Exposition::new();
        let meters = Meters::new(&exposition, &labels);
        let series = || exposition.render().lines().filter(|it| !it.is_empty() && !it.starts_with('#')).count();
        let idle = series();
        assert!(idle < 8_000, "{idle}");
        let carrier = meters.carrier(CarrierId(7));
        for _ in 0..3 {
            carrier.count_answer(None, crate::message::attempt::Answer::Taken, None, None);
            carrier.outcome(None, Class::Otp, Status::Failed, Duration::ZERO);
        }
        assert_eq!(series(), idle + 2, "an answer and an outcome");
    }

    #[test]
    fn the_lines_of_a_page_are_in_an_order_that_stays() {
        let (exposition, meters) = meters();
        for carrier in [4, 3] {
            for cause in [Cause::Moved, Cause::MaxWait] {
                meters.failovers().count_move(CarrierId(carrier), CarrierId(7 - carrier), cause);
            }
        }
        let page = exposition.render();
        let lines: Vec<&str> = page.lines().filter(|it| it.starts_with("nuncio_failovers_total")).collect();
        assert!(lines.len() == 4 && lines.is_sorted(), "{lines:?}");
        let bounds: Vec<f64> = page
            .lines()
            .filter_map(|it| {
                it.strip_prefix("nuncio_window_wait_seconds_bucket{carrier=\"beta\",le=\"")?.split('"').next()
            })
            .map(|it| it.parse().unwrap())
            .collect();
        assert!(bounds.len() == 16 && bounds.is_sorted(), "{bounds:?}");
        assert_eq!(page, exposition.render());
    }
}
