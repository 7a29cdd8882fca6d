//! A route: the profile by which a message is carried.

use crate::message::class::Class;
use crate::message::id::{CarrierId, RouteId};
use crate::number::e164::E164;
use crate::route::hours::Hours;
use crate::route::price::PriceTable;
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
    /// Who carries it, in order.
    pub carriers: Vec<CarrierId>,
    /// Which senders may use it; empty is any.
    pub senders: Vec<Box<str>>,
    /// Where it goes.
    pub destinations: Destinations,
    /// What to do with a part that was perhaps written.
    pub unknown: UnknownPolicy,
    /// How often a refused part is tried again, and when.
    pub retry: Retry,
    /// When recipients are not written to, by their clocks.
    pub quiet_hours: Option<Hours>,
    /// How long a message is worth sending.
    pub validity: Duration,
    /// How long after that a receipt is waited for.
    pub receipt_timeout: Duration,
    /// One part in flight per destination.
    pub strict_order: bool,
    /// What the customer pays per part; `None` is unpriced.
    pub price: Option<PriceTable>,
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
