//! Rules that give a message from a handset to an account: the first that fits.

use crate::message::id::{AccountId, CarrierId};
use crate::route::keyword;

/// Gives a message to an account where everything that it states fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Whom the message is for: numbers as digits, names in lower case; empty is any.
    pub to: Vec<Box<str>>,
    /// Who sent it.
    pub carrier: Option<CarrierId>,
    /// Its first word, as [`keyword`] has words.
    pub keyword: Option<Box<str>>,
    /// Whose it then is.
    pub account: AccountId,
}

/// A message, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Whom it is for.
    pub to: &'a str,
    /// Who sent it.
    pub carrier: CarrierId,
    /// What it says; `None` if that cannot be read.
    pub text: Option<&'a str>,
}

/// Whose a message is; `None` if no rule fits.
pub fn choose(rules: &[Inbound], received: &Received<'_>) -> Option<AccountId> {
    let (to, keyword) = (recipient(received.to), received.text.and_then(keyword::first));
    let fits = |it: &&Inbound| {
        (it.to.is_empty() || it.to.contains(&to))
            && it.carrier.is_none_or(|it| it == received.carrier)
            && it.keyword.as_ref().is_none_or(|it| Some(it) == keyword.as_ref())
    };
    rules.iter().find(fits).map(|it| it.account)
}

/// A recipient as recipients are compared: a number without `+`, or 00 in its place, a name in lower case.
pub fn recipient(text: &str) -> Box<str> {
    let dialled = text.strip_prefix("00").filter(|it| is_whole(it));
    dialled.or_else(|| text.strip_prefix('+')).unwrap_or(text).to_lowercase().into()
}

/// Whether it may be a number with its country code: none begins with 0, or is shorter.
fn is_whole(digits: &str) -> bool {
    (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Inbound = Inbound { to: Vec::new(), carrier: None, keyword: None, account: AccountId(1) };
    const RECEIVED: Received<'_> = Received { to: "+31612345678", carrier: CarrierId(1), text: Some(" vote, for us") };

    #[test]
    fn a_number_is_one_however_it_is_dialled() {
        for number in ["+31612345678", "0031612345678", "31612345678"] {
            assert_eq!(&*recipient(number), "31612345678");
        }
        for (other, kept) in [("00000", "00000"), ("0012", "0012"), ("0612345678", "0612345678"), ("Shop", "shop")] {
            assert_eq!(&*recipient(other), kept);
        }
    }

    #[test]
    fn the_first_that_fits_wins() {
        let other = Inbound { account: AccountId(2), ..ANY };
        assert_eq!(choose(&[ANY, other.clone()], &RECEIVED), Some(AccountId(1)));
        assert_eq!(choose(&[other, ANY], &RECEIVED), Some(AccountId(2)));
        assert_eq!(choose(&[], &RECEIVED), None);
    }

    #[test]
    fn everything_that_a_rule_states_has_to_fit() {
        let full = [Inbound {
            to: vec![recipient("12345"), recipient("+31612345678")],
            carrier: Some(CarrierId(1)),
            keyword: keyword::first("Vote"),
            ..ANY
        }];
        assert_eq!(choose(&full, &RECEIVED), Some(AccountId(1)));
        for other in [
            Received { to: "31612345679", ..RECEIVED },
            Received { carrier: CarrierId(2), ..RECEIVED },
            Received { text: Some("voter"), ..RECEIVED },
            Received { text: Some("  "), ..RECEIVED },
            Received { text: None, ..RECEIVED },
        ] {
            assert_eq!(choose(&full, &other), None, "{other:?}");
        }
        assert_eq!(choose(&full, &Received { to: "12345", text: Some("VOTE"), ..RECEIVED }), Some(AccountId(1)));
    }
}
