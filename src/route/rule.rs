//! Rules that choose a route for requests that name none (D17: the first that fits).

use crate::message::class::Class;
use crate::message::id::{AccountId, RouteId};
use crate::number::e164::E164;

/// Chooses a route where everything that it states fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Prefixes of the destination, digits without `+`; empty is any.
    pub prefixes: Vec<Box<str>>,
    /// The class asked for.
    pub class: Option<Class>,
    /// The account.
    pub account: Option<AccountId>,
    /// The sender, as written.
    pub sender: Option<Box<str>>,
    /// The route that it chooses.
    pub route: RouteId,
}

/// A request for one recipient, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub account: AccountId,
    /// Who is to get it.
    pub destination: E164,
    /// The class, if the request names one.
    pub class: Option<Class>,
    /// The sender, as written.
    pub sender: Option<&'a str>,
}

/// The route of a request that names none: that of the first rule that fits, else the first that the account is
/// granted. A rule whose route the account is not granted does not fit: it would only end in a refusal.
pub fn choose(rules: &[Rule], granted: &[RouteId], asked: &Asked<'_>) -> Option<RouteId> {
    let fitting = rules.iter().find(|it| granted.contains(&it.route) && it.fits(asked));
    fitting.map(|it| it.route).or_else(|| granted.first().copied())
}

impl Rule {
    /// Whether everything that it states is so.
    pub fn fits(&self, asked: &Asked<'_>) -> bool {
        let digits = asked.destination.digits();
        (self.prefixes.is_empty() || self.prefixes.iter().any(|it| digits.starts_with(&**it)))
            && self.class.is_none_or(|it| asked.class == Some(it))
            && self.account.is_none_or(|it| asked.account == it)
            && self.sender.as_deref().is_none_or(|it| asked.sender == Some(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str, route: u32) -> Rule {
        let prefixes = if prefix.is_empty() { Vec::new() } else { vec![prefix.into()] };
        Rule { prefixes, class: None, account: None, sender: None, route: RouteId(route) }
    }

    const ASKED: Asked<'_> = Asked {
        account: AccountId(1),
        destination: E164(31_612_345_678),
        class: Some(Class::Otp),
        sender: Some("YOURAPP"),
    };

    #[test]
    fn the_first_rule_that_fits_wins() {
        let granted = [1, 2, 3].map(RouteId);
        let rules = [rule("32", 1), rule("31", 2), rule("316", 3)];
        assert_eq!(choose(&rules, &granted, &ASKED), Some(RouteId(2)));
        assert_eq!(choose(&[rule("", 3), rule("31", 2)], &granted, &ASKED), Some(RouteId(3)));
    }

    #[test]
    fn everything_that_a_rule_states_has_to_fit() {
        let full = Rule {
            class: Some(Class::Otp),
            account: Some(AccountId(1)),
            sender: Some("YOURAPP".into()),
            ..rule("31", 2)
        };
        assert!(full.fits(&ASKED));
        assert!(!full.fits(&Asked { account: AccountId(2), ..ASKED }));
        assert!(!full.fits(&Asked { destination: E164(32_470_123_456), ..ASKED }));
        assert!(!full.fits(&Asked { class: Some(Class::Marketing), ..ASKED }));
        assert!(!full.fits(&Asked { class: None, ..ASKED }));
        assert!(!full.fits(&Asked { sender: None, ..ASKED }));
    }

    #[test]
    fn without_a_rule_the_first_granted_route_is_taken() {
        assert_eq!(choose(&[], &[RouteId(5), RouteId(1)], &ASKED), Some(RouteId(5)));
        assert_eq!(choose(&[rule("32", 1)], &[RouteId(5), RouteId(1)], &ASKED), Some(RouteId(5)));
        assert_eq!(choose(&[], &[], &ASKED), None);
    }

    #[test]
    fn a_rule_does_not_lead_to_a_route_that_is_not_granted() {
        assert_eq!(choose(&[rule("31", 9), rule("31", 2)], &[RouteId(1), RouteId(2)], &ASKED), Some(RouteId(2)));
        assert_eq!(choose(&[rule("31", 9)], &[RouteId(1)], &ASKED), Some(RouteId(1)));
    }
}
