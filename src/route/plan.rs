//! A route: the profile by which a message is carried.

use crate::message::class::Class;
use crate::message::extras::Dlt;
use crate::message::id::{CarrierId, RouteId};
use crate::message::money::Money;
use crate::message::price::PriceTable;
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::route::hours::Hours;
use crate::route::table::ByDestination;
use std::collections::BTreeSet;
use std::time::Duration;

/// The profile by which a message is carried.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its number.
    pub id: RouteId,
    /// What the operator calls it.
    pub name: Box<str>,
    /// What it is for; a request of another class is refused.
    pub class: Class,
    /// Who carries it, in order: the heaviest first where they have weights.
    pub carriers: Vec<CarrierId>,
    /// For each carrier its share of the messages, above 0 and in any unit; none where the order decides.
    pub weights: Vec<f64>,
    /// Who carries it to some destinations, in order.
    pub carriers_by_country: ByDestination<Box<[CarrierId]>>,
    /// What puts the carriers into order.
    pub order: CarrierOrder,
    /// Which senders may use it; empty is any.
    pub senders: Vec<Box<str>>,
    /// The sender that some destinations get, whatever the request says.
    pub senders_by_country: ByDestination<Source>,
    /// Where it goes.
    pub destinations: Destinations,
    /// What to do with a part that was perhaps written.
    pub unknown: UnknownPolicy,
    /// What goes to the next carrier of a message of which one took some parts.
    pub partial: Partial,
    /// How often a refused part is tried again, and when.
    pub retry: Retry,
    /// When recipients are not written to, by their clocks.
    pub quiet_hours: Option<Hours>,
    /// What it wants to know of the registration of texts in India; `None` asks for nothing.
    pub dlt: Option<Registration>,
    /// How long a message is worth sending.
    pub validity: Duration,
    /// How long after a carrier took a part its final receipt is waited for before the next carrier is tried;
    /// `None` tries no other.
    pub receipt_window: Option<Duration>,
    /// How long a part may wait for its carrier before it goes to the next; `None` lets it wait.
    pub max_wait: Option<Duration>,
    /// What all attempts of one message may cost in the carriers' currency; `None` is any.
    pub max_cost: Option<Money>,
    /// How long after the validity a receipt is waited for.
    pub receipt_timeout: Duration,
    /// One part in flight per destination.
    pub strict_order: bool,
    /// What the customer pays per part; `None` is unpriced.
    pub price: Option<PriceTable>,
}

impl Route {
    /// After this nothing more is expected of a carrier.
    const RECEIPT_TIMEOUT: Duration = Duration::from_secs(86_400);

    /// A route at its defaults, which depend on the class and on whether there is another carrier to go to.
    pub fn new(id: RouteId, class: Class, carriers: Vec<CarrierId>) -> Self {
        let is_otp = class == Class::Otp;
        Self {
            id,
            name: id.0.to_string().into(),
            class,
            weights: Vec::new(),
            carriers_by_country: ByDestination::default(),
            order: CarrierOrder::Static,
            senders: Vec::new(),
            senders_by_country: ByDestination::default(),
            destinations: Destinations::default(),
            unknown: UnknownPolicy::of_class(class),
            partial: Partial::Rest,
            retry: Retry::default(),
            quiet_hours: None,
            dlt: None,
            // A code that comes after ten minutes is of no use; anything else is worth a day.
            validity: Duration::from_secs(if is_otp { 600 } else { 86_400 }),
            receipt_window: (is_otp && 1 < carriers.len()).then_some(Duration::from_secs(30)),
            // Somebody waits for a code before a screen, and for an order's confirmation not much longer.
            max_wait: match class {
                Class::Otp => Some(Duration::from_secs(5)),
                Class::Transactional => Some(Duration::from_secs(30)),
                Class::Marketing => None,
            },
            max_cost: None,
            receipt_timeout: Self::RECEIPT_TIMEOUT,
            strict_order: false,
            price: None,
            carriers,
        }
    }

    /// Every carrier that it may use, for whatever destination; each once.
    pub fn every_carrier(&self) -> BTreeSet<CarrierId> {
        self.carriers.iter().chain(self.carriers_by_country.values().flatten()).copied().collect()
    }
}

/// What a route wants to know of the registration of texts in India (TRAI's DLT).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Whether a message without entity and template is refused.
    pub required: bool,
    /// What stands in for what a message does not name.
    pub default: Dlt,
}

closed_set! {
    /// What puts the carriers of a route into order.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum CarrierOrder: all, word {
        /// What is written.
        #[default]
        Static "static",
        /// How well they deliver, by [`crate::route::score`].
        Scored "scored",
        /// What a part costs there.
        Cheapest "cheapest",
    }
}

/// What to do with a part that was perhaps written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// Send it again.
    Resend,
    /// Keep it until there is news, or its time ends.
    Hold,
    /// Give it up.
    Fail,
}

impl UnknownPolicy {
    /// The policy of a class, where the route states none.
    pub const fn of_class(class: Class) -> Self {
        match class {
            Class::Otp | Class::Transactional => Self::Resend,
            Class::Marketing => Self::Hold,
        }
    }
}

/// What goes to the next carrier of a message of which one took some parts and not others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// What was not taken: a handset joins parts by their sender and number, whoever brings them.
    Rest,
    /// All of it: what was taken may reach the handset twice.
    Whole,
}

/// How often a refused part is tried again, and when: `base` doubled each time, at most `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The first wait.
    pub base: Duration,
    /// The longest wait.
    pub max: Duration,
    /// How many attempts in all: 1 to 100.
    pub attempts: u8,
}

impl Default for Retry {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), max: Duration::from_secs(60), attempts: 6 }
    }
}

/// Prefixes that may and may not be sent to, digits without `+`; the longest that fits decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Allowed; empty is all.
    pub allow: Vec<Box<str>>,
    /// Refused.
    pub deny: Vec<Box<str>>,
}

impl Destinations {
    /// Whether a number may be sent to.
    pub fn permits(&self, number: E164) -> bool {
        let digits = number.digits();
        let longest =
            |prefixes: &[Box<str>]| prefixes.iter().filter(|it| digits.starts_with(&***it)).map(|it| it.len()).max();
        match (longest(&self.allow), longest(&self.deny)) {
            (allowed, Some(denied)) => allowed.is_some_and(|it| denied < it),
            (Some(_), None) => true,
            (None, None) => self.allow.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides_whether_a_destination_is_permitted() {
        let list = |prefixes: &[&str]| prefixes.iter().map(|it| (*it).into()).collect();
        let permits = |allow: &[&str], deny: &[&str]| {
            Destinations { allow: list(allow), deny: list(deny) }.permits(E164(31_612_345_678))
        };
        assert!(permits(&[], &[]));
        assert!(permits(&["31"], &[]));
        assert!(!permits(&["32"], &[]));
        assert!(permits(&[""], &["882"]));
        assert!(!permits(&[""], &["31"]));
        assert!(permits(&["316"], &["31"]));
        assert!(!permits(&["31"], &["316"]));
        assert!(!permits(&["31"], &["31"]), "a refusal wins over a permission of the same length");
    }
}
