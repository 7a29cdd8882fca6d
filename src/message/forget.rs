//! What is left of a message once its recipient is forgotten.
//!
//! The message stays under its id, for orders and accounts are counted by it. Of its recipient nothing stays: not the
//! number, not what was said, and the digits of the number in nothing that the customer wrote.

use crate::message::body::Body;
use crate::message::callback::Callback;
use crate::message::extras::Extras;
use crate::number::e164::E164;
use std::borrow::Cow;
use std::sync::Arc;

/// A text without a number: its digits, with what is dialled before them, are taken out wherever they stand alone.
pub fn without(text: &str, number: E164) -> Cow<'_, str> {
    if !number.is_known() {
        return Cow::Borrowed(text);
    }
    let digits = number.digits();
    let (mut left, mut kept, mut from) = (String::new(), 0, 0);
    while let Some(at) = text[from..].find(&*digits).map(|it| from + it) {
        let end = at + digits.len();
        let before = &text[kept..at];
        let bare = before.strip_suffix('+').or_else(|| before.strip_suffix("00").filter(|it| !ends_in_digit(it)));
        let begins = bare.is_some() || !ends_in_digit(before);
        if !begins || text[end..].starts_with(|it: char| it.is_ascii_digit()) {
            from = at + 1;
            continue;
        }
        left.push_str(bare.unwrap_or(before));
        (kept, from) = (end, end);
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    left.push_str(&text[kept..]);
    Cow::Owned(left)
}

/// Whether what follows a text would be read on with it: the `0` of `%20` is no digit.
fn ends_in_digit(text: &str) -> bool {
    let octets = text.as_bytes();
    let is_escape = octets.last_chunk::<3>().is_some_and(|it| it[0] == b'%' && it[1].is_ascii_hexdigit());
    !is_escape && octets.last().is_some_and(u8::is_ascii_digit)
}

/// Where a customer is told besides, without a number.
pub fn callback_without(callback: &Callback, number: E164) -> Callback {
    Callback { target: without(&callback.target, number).into(), ..callback.clone() }
}

impl Body {
    /// The same once its recipient is forgotten.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        let erased = self.erased().unwrap_or_else(|| self.clone());
        let told = |it: &Extras| Extras {
            callback: it.callback.as_ref().map(|it| callback_without(it, self.destination)),
            ..it.clone()
        };
        Self {
            destination: E164::FORGOTTEN,
            client_ref: erased.client_ref.filter(|it| matches!(without(it, self.destination), Cow::Borrowed(_))),
            extras: erased.extras.as_deref().map(told).map(Arc::new),
            ..erased
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::body::tests::body;
    use crate::message::id::EndpointId;

    #[test]
    fn the_digits_of_a_number_go_where_they_stand_alone() {
        let number = E164(31_612_345_678);
        for (text, left) in [
            ("", ""),
            ("+31612345678", ""),
            ("31612345678", ""),
            ("call +31612345678, or 31612345678!", "call , or !"),
            ("+316123456789 and 131612345678", "+316123456789 and 131612345678"),
            ("131612345678+31612345678", "131612345678"),
            ("é31612345678é", "éé"),
            ("+3161234567", "+3161234567"),
            ("/told?to=%2B31612345678&id=7", "/told?to=%2B&id=7"),
            ("/told?to=%2031612345678", "/told?to=%20"),
            ("0031612345678 or 10031612345678", " or 10031612345678"),
            ("31612345678 31612345678", " "),
        ] {
            assert_eq!(without(text, number), left, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_recipient_is_left_and_everything_else_is() {
        let callback = |target: &str| Extras {
            callback: Some(Callback { endpoint: EndpointId(1), target: target.into() }),
            ..Extras::default()
        };
        let of = |reference: &str, target| Body {
            client_ref: Some(reference.into()),
            price: Some(crate::message::money::Money(7)),
            ..body("your code is 1234", Some(callback(target)))
        };
        let gone = of("login-31612345678", "/told?to=31612345678").forgotten();
        let bare = Body { destination: E164::FORGOTTEN, client_ref: None, text: "".into(), ..of("", "/told?to=") };
        assert_eq!(gone, bare);
        assert_eq!(gone.forgotten(), gone);
        let kept = of("login-77", "/told?id=77").forgotten();
        assert_eq!(kept.client_ref.as_deref(), Some("login-77"));
        assert_eq!(kept.extras, of("", "/told?id=77").extras);
    }
}
