//! What is asked for besides the file of recipients: in the query, under the names that it has in JSON.

use crate::api::handler::problem::Problem;
use crate::api::handler::query;
use crate::api::submit::fingerprint::Print;
use crate::api::submit::request::{Asked, Target, Text, To};
use std::borrow::Cow;

/// Every field that the query may have.
const FIELDS: [&str; 12] = [
    "from",
    "text",
    "route_id",
    "class",
    "tag",
    "client_ref",
    "validity",
    "encoding",
    "send_at",
    "duplicates",
    "flash",
    "message_class",
];

/// What all recipients of a file share.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// With its places for fields.
    pub(super) text: Option<String>,
    from: Option<String>,
    class: Option<String>,
    tag: Option<String>,
    client_ref: Option<String>,
    validity: Option<String>,
    encoding: Option<String>,
    send_at: Option<String>,
    duplicates: Option<String>,
    route_id: Option<u32>,
    message_class: Option<u8>,
    flash: Option<bool>,
}

impl Form {
    pub(super) fn read(asked: Option<&str>) -> Result<Self, Problem> {
        let (mut form, mut seen) = (Self::default(), Vec::new());
        for pair in query::pairs(asked, &FIELDS)? {
            let (name, value) = pair?;
            if seen.contains(&name) {
                return Err(query::invalid(&name, "stands twice"));
            }
            form.set(&name, value).map_err(|detail| query::invalid(&name, detail))?;
            seen.push(name);
        }
        Ok(form)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), &'static str> {
        let text = match name {
            "route_id" => {
                self.route_id = Some(value.parse().map_err(|_| "must be a route's number")?);
                return Ok(());
            }
            "message_class" => {
                self.message_class = Some(value.parse().map_err(|_| "must be 0, 1, 2 or 3")?);
                return Ok(());
            }
            "flash" => {
                self.flash = Some(value.parse().map_err(|_| "must be true or false")?);
                return Ok(());
            }
            "from" => &mut self.from,
            "text" => &mut self.text,
            "class" => &mut self.class,
            "tag" => &mut self.tag,
            "client_ref" => &mut self.client_ref,
            "validity" => &mut self.validity,
            "encoding" => &mut self.encoding,
            "send_at" => &mut self.send_at,
            _ => &mut self.duplicates,
        };
        *text = Some(value);
        Ok(())
    }

    /// Whether who would get the same twice gets it twice.
    pub(super) fn repeats(&self) -> bool {
        self.duplicates.as_deref() == Some("send")
    }

    /// What is asked for of some of the recipients, as if it were JSON; with a text that all of them get.
    pub(super) fn asked<'a>(&'a self, text: Option<&'a str>, to: Vec<Target<'a>>) -> Asked<'a> {
        fn written(it: &Option<String>) -> Option<Text<'_>> {
            it.as_deref().map(|it| Text(Cow::Borrowed(it)))
        }
        Asked {
            to: Some(To::Many(to)),
            from: written(&self.from),
            text: text.map(|it| Text(Cow::Borrowed(it))),
            route_id: self.route_id,
            class: written(&self.class),
            tag: written(&self.tag),
            client_ref: written(&self.client_ref),
            validity: written(&self.validity),
            encoding: written(&self.encoding),
            send_at: written(&self.send_at),
            message_class: self.message_class,
            flash: self.flash,
            duplicates: written(&self.duplicates),
            ..Asked::default()
        }
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
        let form = Form::read(Some("from=YOURAPP&text=Hi+%7Bname%7D&route_id=8&flash=true&duplicates=send")).unwrap();
        let asked = form.asked(None, Vec::new());
        assert_eq!((asked.from.unwrap().as_str(), asked.route_id, asked.flash), ("YOURAPP", Some(8), Some(true)));
        assert_eq!((form.text.as_deref(), form.repeats()), (Some("Hi {name}"), true));
        for (query, pointer) in [
            ("txt=a", "/txt"),
            ("to=%2B31", "/to"),
            ("from=a&from=b", "/from"),
            ("route_id=x", "/route_id"),
            ("flash=1", "/flash"),
            ("message_class=x", "/message_class"),
        ] {
            assert_eq!(Form::read(Some(query)).unwrap_err().errors[0].pointer, pointer, "{query}");
        }
    }
}
