//! The configuration as the deciding floor needs it: compiled, immutable, swapped as a whole.

use crate::carrier::dialect::Dialect;
use crate::carrier::sender;
use crate::carrier::submit;
use crate::guard::policy::Policy;
use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::id::{AccountId, AppId, CarrierId, RouteId};
use crate::message::money::{Currency, Money};
use crate::message::price::PriceTable;
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::route::breaker;
use crate::route::inbound::Inbound;
use crate::route::network::Networks;
use crate::route::opt_out::OptOut;
use crate::route::plan::{CarrierOrder, Destinations, Route};
use crate::route::rule::Rule;
use crate::route::table::Destination;
use crate::text::profile::Profile;
use crate::verify::app::App;
use crate::verify::key_ring::KeyRing;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The compiled configuration.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Who may call.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Who carries.
    pub carriers: BTreeMap<CarrierId, Carrier>,
    /// How.
    pub routes: BTreeMap<RouteId, Route>,
    /// Which route a request without one takes.
    pub rules: Vec<Rule>,
    /// Whose numbers are, as far as a file says it.
    pub networks: Arc<Networks>,
    /// Whose a message from a handset is.
    pub inbound: Vec<Inbound>,
    /// What keeps messages from those who do not want them.
    pub opt_out: OptOut,
    /// Whose text is forgotten once a message has ended.
    pub erase_text: EraseText,
    /// Bounds of memory.
    pub limits: Limits,
    /// How numbers are verified.
    pub apps: BTreeMap<AppId, App>,
    /// What stands before a code is sent.
    pub guard: Policy,
    /// The keys of one-time codes, where there are some.
    pub keys: Option<Arc<KeyRing>>,
}

impl Plan {
    /// The country of a number, in ISO letters: as the file of prefixes has it, else as its country code.
    pub fn country(&self, number: E164) -> Option<&'static str> {
        self.networks.destination(number).country
    }

    /// How a carrier is called; `None` of one that is not in this configuration any more.
    pub fn carrier_name(&self, id: CarrierId) -> Option<&str> {
        self.carriers.get(&id).map(|it| &*it.name)
    }

    /// Whether a carrier is the simulated one, to which no live message goes.
    pub fn is_sandbox(&self, carrier: CarrierId) -> bool {
        self.routes.values().any(|it| it.id.is_in_sandbox() && it.carriers.contains(&carrier))
    }

    /// The carrier of a name.
    pub fn carrier_named(&self, name: &str) -> Option<&Carrier> {
        self.carriers.values().find(|it| *it.name == *name)
    }

    /// How an account is called; `None` of one that is not in this configuration any more.
    pub fn account_name(&self, id: AccountId) -> Option<&str> {
        self.accounts.get(&id).map(|it| &*it.name)
    }

    /// The account of a name.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|it| *it.name == *name)
    }

    /// How an app is called; `None` of one that is not in this configuration any more.
    pub fn app_name(&self, id: AppId) -> Option<&str> {
        self.apps.get(&id).map(|it| &*it.name)
    }

    /// The app of a name.
    pub fn app_named(&self, name: &str) -> Option<&App> {
        self.apps.values().find(|it| *it.name == *name)
    }

    /// What an account pays in; else what a route's prices are in.
    pub fn currency(&self, route: RouteId, account: Option<Currency>) -> Option<Currency> {
        account.or_else(|| self.routes.get(&route).and_then(|it| it.price.as_ref()).map(|it| it.currency))
    }

    /// What a carrier charges for one SMS to a number; `None` where no cost is stated.
    pub fn cost(&self, carrier: CarrierId, number: E164) -> Option<Money> {
        self.carriers.get(&carrier)?.dialect.cost.as_ref()?.price(number, self.country(number))
    }

    /// Whether an app offers another channel behind this route.
    pub fn offers_behind(&self, route: RouteId) -> bool {
        let ways = self.apps.values().flat_map(|it| it.ways.iter().rev().skip(1));
        ways.map(|it| it.route).any(|it| it == route)
    }

    /// What the dearest carrier of a route charges for one SMS to a number; `None` where one of them does not say.
    pub fn dearest(&self, route: RouteId, number: E164) -> Option<Money> {
        let carriers = self.routes.get(&route)?.every_carrier();
        let costs: Option<Vec<Money>> = carriers.into_iter().map(|it| self.cost(it, number)).collect();
        costs?.into_iter().max()
    }

    /// Whether some carrier of a route can say a sender to a destination.
    pub fn says(&self, route: &Route, source: &Source, to: &Destination<'_>) -> bool {
        let listed = || route.carriers_by_country.get(to).map_or(&*route.carriers, |it| it);
        sender::is_plain(source) || listed().iter().any(|it| self.says_at(*it, source))
    }

    /// Whether a carrier can say a sender.
    pub fn says_at(&self, carrier: CarrierId, source: &Source) -> bool {
        self.carriers.get(&carrier).is_some_and(|it| sender::is_sayable(source, &it.dialect))
    }

    /// What a carrier charges for one submit of a message.
    pub(crate) fn cost_at(&self, body: &Body, carrier: CarrierId) -> Option<Money> {
        // What it would be for somebody who is forgotten nobody knows.
        if !body.destination.is_known() {
            return None;
        }
        let each = self.cost(carrier, body.destination)?;
        // What a carrier cuts itself is one submit and charged by the SMS.
        Some(each.times(u64::from(body.parts / body.submits().max(1))))
    }

    /// In how many submits a carrier takes a message; `None` if it cannot be said there.
    pub(crate) fn submits_at(&self, body: &Body, carrier: CarrierId) -> Option<u8> {
        let dialect = &self.carriers.get(&carrier)?.dialect;
        // A request is cut for the first carrier of its route: most need no other cut.
        if dialect.text == self.quote_profile(body.route)
            && !dialect.texts_only
            && sender::is_sayable(&body.source, dialect)
        {
            return Some(body.submits());
        }
        submit::count(body, dialect)
    }

    /// Whether a route asks how well its carriers do.
    pub(crate) fn is_scored(&self, route: RouteId) -> bool {
        self.routes.get(&route).is_some_and(|it| it.order == CarrierOrder::Scored)
    }

    /// Whether an account pays from a balance.
    pub(crate) fn is_managed(&self, account: AccountId) -> bool {
        self.accounts.get(&account).is_some_and(|it| it.terms.managed)
    }

    /// For what carrier requests by a route are cut before they are accepted: the first of the route.
    pub fn quote_profile(&self, route: RouteId) -> Profile {
        let first = self.routes.get(&route).and_then(|it| it.carriers.first());
        first.and_then(|it| self.carriers.get(it)).map_or_else(Profile::default, |it| it.dialect.text)
    }
}

/// Whose text is forgotten once a message has ended (texts are personal).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraseText {
    /// That of one-time codes.
    #[default]
    Otp,
    /// Every text.
    All,
    /// None before the message itself is forgotten.
    None,
}

impl EraseText {
    /// Whether a text of this class is forgotten.
    pub const fn covers(self, class: Class) -> bool {
        match self {
            Self::All => true,
            Self::Otp => matches!(class, Class::Otp),
            Self::None => false,
        }
    }
}

/// Who may call the API.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number in records.
    pub id: AccountId,
    /// Its configured name.
    pub name: Box<str>,
    /// Whether its keys are accepted.
    pub active: bool,
    /// SHA-256 of each live key.
    pub keys: Vec<[u8; 32]>,
    /// What its keys may do.
    pub scopes: Scopes,
    /// Networks that its calls may come from; empty is any.
    pub allow_from: Vec<Subnet>,
    /// Routes that it may use; the first is its default.
    pub routes: Vec<RouteId>,
    /// Whether nothing of it leaves this process.
    pub is_sandbox: bool,
    /// Senders that it may use; `*` is any.
    pub senders: Vec<Box<str>>,
    /// The country whose national numbers it may write, as ISO letters.
    pub region: Option<Box<str>>,
    /// Where it may send.
    pub destinations: Destinations,
    /// Its share at carriers beside others of the same class: 1 to 100.
    pub weight: u32,
    /// What it pays in.
    pub currency: Option<Currency>,
    /// What it pays on some routes, in place of what all pay there.
    pub prices: BTreeMap<RouteId, PriceTable>,
    /// How it pays, and how much it may send.
    pub terms: Terms,
    /// Whether it is told that its messages were sent, and not only how they ended.
    pub hears_of_sent: bool,
    /// Whether it is shown which carriers had its messages, and what these said in their own words.
    pub shows_carriers: bool,
}

impl Account {
    /// The route that it means by a number.
    pub const fn route(&self, id: u32) -> RouteId {
        let route = RouteId::written(id);
        if self.is_sandbox { route.in_sandbox() } else { route }
    }

    /// What it pays on a route; `None` where that is unpriced.
    pub fn price<'a>(&'a self, route: &'a Route) -> Option<&'a PriceTable> {
        self.prices.get(&RouteId(route.id.shown())).or(route.price.as_ref())
    }
}

/// How an account pays, and how much it may send.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// It pays from a balance, to which operators add credit; without, it owes.
    pub managed: bool,
    /// Below this it is warned that its balance is low.
    pub low: Option<Money>,
    /// Messages in a period.
    pub quota: Option<Quota>,
    /// Requests to send, a second.
    pub rate: Option<f64>,
}

/// So many messages in any period of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub messages: u64,
    /// How long.
    pub period: Duration,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the configuration")]
pub struct Scopes {
    pub send: bool,
    pub read: bool,
    pub verify: bool,
    pub webhooks: bool,
    pub admin: bool,
    pub reveal: bool,
}

/// A network by its address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its address; IPv4 is written as IPv6-mapped.
    pub address: u128,
    /// How many leading bits count, of 128.
    pub bits: u8,
}

impl Subnet {
    /// Whether it holds an address.
    pub const fn contains(&self, address: u128) -> bool {
        self.bits == 0 || (self.address ^ address) >> (128 - self.bits as u32) == 0
    }
}

/// A carrier as the deciding floor sees it.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// Its number in records.
    pub id: CarrierId,
    /// Its configured name.
    pub name: Box<str>,
    /// How many links submit to it.
    pub links: u8,
    /// submit_sm per second over all its links; `None` is unlimited.
    pub pace: Option<f64>,
    /// submit_sm per second on each link; `None` is unlimited.
    pub pace_per_link: Option<f64>,
    /// How long after its answer a part without a final receipt is asked about; `None` never asks.
    pub query_after: Option<Duration>,
    /// How long a receipt without a part is kept.
    pub parked_for: Duration,
    /// When nothing goes to it for a time, because it fails too often; `None` is never.
    pub breaker: Option<breaker::Options>,
    /// Whether it takes nothing new: it stays until what it has is done.
    pub retired: bool,
    /// Its habits.
    pub dialect: Arc<Dialect>,
}

impl Carrier {
    /// A carrier of one link, at its defaults.
    pub fn new(id: CarrierId, name: &str) -> Self {
        Self {
            id,
            name: name.into(),
            links: 1,
            pace: None,
            pace_per_link: None,
            query_after: None,
            parked_for: Dialect::PARKED_FOR,
            breaker: Some(breaker::Options::default()),
            retired: false,
            dialect: Arc::default(),
        }
    }
}

/// Bounds of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Queued parts held ready in memory, per lane; the others wait in the store.
    pub ready_per_lane: usize,
    /// Messages held in memory beyond those in flight: what waits for a receipt.
    pub awaited: usize,
    /// Queued parts in the store; more are refused.
    pub queued_max: u64,
    /// Receipts that wait for their part.
    pub parked_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ready_per_lane: 2_000, awaited: 50_000, queued_max: 20_000_000, parked_max: 100_000 }
    }
}
