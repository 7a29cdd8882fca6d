//! What all recipients of a file share: in the query, under the names that it has in JSON.

use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::kinds::RouteKey;
use crate::api::handler::problem::Problem;
use crate::api::handler::query;
use crate::api::submit::fingerprint::Print;
use crate::api::submit::request::{Asked, Target, Text, To};
use std::borrow::Cow;

/// The fields that the query may have: texts, and what is read from its digits or words with what it must be.
macro_rules! fields {
    ($($text:ident),+; $($read:ident: $kind:ty = $must:literal),+) => {
        const FIELDS: [&str; [$(stringify!($text),)+ $(stringify!($read)),+].len() + 1] =
            ["text", $(stringify!($text),)+ $(stringify!($read)),+];

        /// What the reference says of them.
        pub(in crate::api::submit) fn about(endpoint: Endpoint) -> Endpoint {
            const SAYS: &str = "Of a file of recipients alone: what it is in JSON, for all of them.";
            let endpoint = endpoint.query::<String>("text", SAYS)$(.query::<String>(stringify!($text), SAYS))+;
            endpoint$(.query::<$kind>(stringify!($read), SAYS))+
        }

        impl Wishes {
            fn set(&mut self, name: &str, value: String) -> Result<(), &'static str> {
                let of_text = |value| Some(Text(Cow::Owned(value)));
                match name {
                    $(stringify!($text) => self.asked.$text = of_text(value),)+
                    $(stringify!($read) => self.asked.$read = Some(value.parse().map_err(|_| $must)?),)+
                    _ => self.text = Some(value),
                }
                Ok(())
            }

            /// What is asked for of some of the recipients, as if it were JSON; with a text that all of them get.
            pub(super) fn asked<'a>(&'a self, text: Option<&'a str>, to: Vec<Target<'a>>) -> Asked<'a> {
                let borrow = |it: &'a str| Text(Cow::Borrowed(it));
                Asked {
                    to: Some(To::Many(to)),
                    text: text.map(borrow),
                    $($text: self.asked.$text.as_ref().map(|it| borrow(it.as_str())),)+
                    $($read: self.asked.$read,)+
                    ..Asked::default()
                }
            }
        }
    };
}

fields! {
    from, class, tag, client_ref, validity, encoding, send_at, duplicates, callback_url;
    route_id: RouteKey = "must be a route's number",
    message_class: u8 = "must be 0, 1, 2 or 3",
    flash: bool = "must be true or false"
}

/// What all recipients of a file share.
#[derive(Default)]
pub(super) struct Wishes {
    /// With its places for fields.
    pub(super) text: Option<String>,
    /// All but that, and the recipients.
    asked: Asked<'static>,
}

impl Wishes {
    pub(super) fn read(asked: Option<&str>) -> Result<Self, Problem> {
        let (mut wishes, mut seen) = (Self::default(), Vec::new());
        for pair in query::pairs(asked, &FIELDS)? {
            let (name, value) = pair?;
            if seen.contains(&name) {
                return Err(query::invalid(&name, "stands twice"));
            }
            wishes.set(&name, value).map_err(|detail| query::invalid(&name, detail))?;
            seen.push(name);
        }
        Ok(wishes)
    }

    /// Whether who would get the same twice gets it twice.
    pub(super) fn repeats(&self) -> bool {
        self.asked.duplicates.as_ref().is_some_and(|it| it.as_str() == "send")
    }

    /// All that it asks for, to be known again.
    pub(super) fn print(&self, print: &mut Print) {
        print.message(&self.asked(self.text.as_deref(), Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_json_says() {
        let wishes =
            Wishes::read(Some("from=YOURAPP&text=Hi+%7Bname%7D&route_id=8&flash=true&duplicates=send")).unwrap();
        let asked = wishes.asked(None, Vec::new());
        let all: Vec<String> = FIELDS.iter().map(|it| format!("{it}=1")).collect();
        assert!(Wishes::read(Some(&all.join("&"))).is_err_and(|it| it.errors[0].pointer == "/flash"), "{FIELDS:?}");
        assert_eq!((asked.from.unwrap().as_str(), asked.route_id, asked.flash), ("YOURAPP", Some(8), Some(true)));
        assert_eq!((wishes.text.as_deref(), wishes.repeats()), (Some("Hi {name}"), true));
        for (query, pointer) in [
            ("txt=a", "/txt"),
            ("to=%2B31", "/to"),
            ("from=a&from=b", "/from"),
            ("route_id=x", "/route_id"),
            ("flash=1", "/flash"),
            ("message_class=x", "/message_class"),
        ] {
            assert_eq!(Wishes::read(Some(query)).err().expect(query).errors[0].pointer, pointer, "{query}");
        }
    }
}
