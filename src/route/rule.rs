//! Rules that choose a route for requests that name none: the first that fits.

use crate::message::class::Class;
use crate::message::id::{AccountId, RouteId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::zone;
use crate::route::hours::Hours;
use regex::{Regex, RegexBuilder};

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
    /// The tag, as written.
    pub tag: Option<Box<str>>,
    /// What the text has in it.
    pub text: Option<Pattern>,
    /// When it is to go, by the clocks of most people where the destination may be.
    pub hours: Option<Hours>,
    /// The route that it chooses.
    pub route: RouteId,
}

/// A regular expression. It is found in a text in a time that grows with the text, whatever it is.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// The room that a pattern may take once compiled: thousands of words, and not all of Unicode many times over.
const PATTERN_OCTETS_MAX: usize = 1 << 20;

impl Pattern {
    /// Reads one, as the crate `regex` writes them: `(?i)\bcode\b`.
    pub fn parse(text: &str) -> Result<Self, regex::Error> {
        RegexBuilder::new(text).size_limit(PATTERN_OCTETS_MAX).build().map(Self)
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

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
    /// The tag, if the request has one.
    pub tag: Option<&'a str>,
    /// What it says; `None` where octets are sent.
    pub text: Option<&'a str>,
    /// When it is to go.
    pub at: Time,
}

/// The route of a request that names none, for all its recipients: that of the first rule that fits each of them,
/// else the first that the account is granted. A rule whose route the account is not granted does not fit: it would
/// only end in a refusal.
pub fn choose(rules: &[Rule], granted: &[RouteId], asked: &[Asked<'_>]) -> Option<RouteId> {
    let fits = |rule: &&Rule| granted.contains(&rule.route) && asked.iter().all(|it| rule.fits(it));
    let fitting = rules.iter().filter(|_| !asked.is_empty()).find(fits);
    fitting.map(|it| it.route).or_else(|| granted.first().copied())
}

impl Rule {
    /// A rule that states nothing, and fits everything.
    pub const fn to(route: RouteId) -> Self {
        Self {
            prefixes: Vec::new(),
            class: None,
            account: None,
            sender: None,
            tag: None,
            text: None,
            hours: None,
            route,
        }
    }

    /// Whether everything that it states is so.
    pub fn fits(&self, asked: &Asked<'_>) -> bool {
        let digits = asked.destination.digits();
        (self.prefixes.is_empty() || self.prefixes.iter().any(|it| digits.starts_with(&**it)))
            && self.class.is_none_or(|it| asked.class == Some(it))
            && self.account.is_none_or(|it| asked.account == it)
            && self.sender.as_deref().is_none_or(|it| asked.sender == Some(it))
            && self.tag.as_deref().is_none_or(|it| asked.tag == Some(it))
            && self.text.as_ref().is_none_or(|it| asked.text.is_some_and(|text| it.is_in(text)))
            && self.hours.is_none_or(|it| it.contains(zone::of(asked.destination)[0].minute_at(asked.at.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str, route: u32) -> Rule {
        let prefixes = if prefix.is_empty() { Vec::new() } else { vec![prefix.into()] };
        Rule { prefixes, ..Rule::to(RouteId(route)) }
    }

    const ASKED: Asked<'_> = Asked {
        account: AccountId(1),
        destination: E164(31_612_345_678),
        class: Some(Class::Otp),
        sender: Some("YOURAPP"),
        tag: Some("login"),
        text: Some("Your code is 4839"),
        // 2026-11-24, 10:30 in Amsterdam.
        at: Time(1_795_512_600_000),
    };

    #[test]
    fn the_first_rule_that_fits_wins() {
        let granted = [1, 2, 3].map(RouteId);
        let rules = [rule("32", 1), rule("31", 2), rule("316", 3)];
        assert_eq!(choose(&rules, &granted, &[ASKED]), Some(RouteId(2)));
        assert_eq!(choose(&[rule("", 3), rule("31", 2)], &granted, &[ASKED]), Some(RouteId(3)));
    }

    #[test]
    fn everything_that_a_rule_states_has_to_fit() {
        let full = Rule {
            class: Some(Class::Otp),
            account: Some(AccountId(1)),
            sender: Some("YOURAPP".into()),
            tag: Some("login".into()),
            hours: Some(Hours::parse("10:00-10:31").unwrap()),
            text: Some(Pattern::parse("(?i)CODE is [0-9]{4}$").unwrap()),
            ..rule("31", 2)
        };
        assert!(full.fits(&ASKED));
        assert!(!full.fits(&Asked { account: AccountId(2), ..ASKED }));
        assert!(!full.fits(&Asked { destination: E164(32_470_123_456), ..ASKED }));
        assert!(!full.fits(&Asked { class: Some(Class::Marketing), ..ASKED }));
        assert!(!full.fits(&Asked { class: None, ..ASKED }));
        assert!(!full.fits(&Asked { sender: None, ..ASKED }));
        assert!(!full.fits(&Asked { at: Time(ASKED.at.0 + 60_000), ..ASKED }));
        assert!(!full.fits(&Asked { tag: None, ..ASKED }) && !full.fits(&Asked { tag: Some("Login"), ..ASKED }));
        assert!(
            !full.fits(&Asked { text: None, ..ASKED }) && !full.fits(&Asked { text: Some("code is 123"), ..ASKED })
        );
    }

    #[test]
    fn a_rule_fits_a_request_when_it_fits_each_recipient() {
        let (granted, rules) = ([1, 2].map(RouteId), [rule("31", 2)]);
        let belgian = Asked { destination: E164(32_470_123_456), ..ASKED };
        assert_eq!(choose(&rules, &granted, &[ASKED, ASKED]), Some(RouteId(2)));
        assert_eq!(choose(&rules, &granted, &[ASKED, belgian]), Some(RouteId(1)));
        assert_eq!(choose(&rules, &granted, &[]), Some(RouteId(1)), "of nobody nothing is known");
    }

    #[test]
    fn a_pattern_is_bounded() {
        assert!(Pattern::parse("(unclosed").is_err());
        assert!(Pattern::parse("\\w{1000}{1000}").is_err());
    }

    #[test]
    fn without_a_rule_the_first_granted_route_is_taken() {
        assert_eq!(choose(&[], &[RouteId(5), RouteId(1)], &[ASKED]), Some(RouteId(5)));
        assert_eq!(choose(&[rule("32", 1)], &[RouteId(5), RouteId(1)], &[ASKED]), Some(RouteId(5)));
        assert_eq!(choose(&[], &[], &[ASKED]), None);
    }

    #[test]
    fn a_rule_does_not_lead_to_a_route_that_is_not_granted() {
        assert_eq!(choose(&[rule("31", 9), rule("31", 2)], &[RouteId(1), RouteId(2)], &[ASKED]), Some(RouteId(2)));
        assert_eq!(choose(&[rule("31", 9)], &[RouteId(1)], &[ASKED]), Some(RouteId(1)));
    }
}
