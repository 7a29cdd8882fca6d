//! The options of `nuncio find`, `why`, `status` and `send`, as they are written on a command line.

use crate::carrier::http::template::RESERVED;
use crate::config::units::duration;
use clap::Args;
use percent_encoding::utf8_percent_encode;
use std::path::PathBuf;
use std::time::Duration;

/// Which gateway is asked, and by whom.
#[derive(Args, Clone, Debug)]
pub struct Where {
    /// The configuration file of the gateway, which says where it listens
    #[arg(long, default_value = "/etc/nuncio/nuncio.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// A file that holds the key: of the scope admin, or to send of an account; without it the key is in NUNCIO_KEY
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// The options of `nuncio find`.
#[derive(Args, Clone, Debug)]
pub struct Find {
    /// Who was to get it: a number with its country code
    #[arg(value_name = "NUMBER")]
    pub to: Option<String>,
    /// The reference that the application gave it
    #[arg(long, value_name = "REF")]
    pub client_ref: Option<String>,
    /// What a carrier calls it, as in its answer or in its receipt
    #[arg(long, value_name = "ID")]
    pub carrier_id: Option<String>,
    /// Its order
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// Whose it is
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// By which route it went
    #[arg(long, value_name = "ID")]
    pub route: Option<String>,
    /// How it stands: QUEUED, SENT, DELIVERED, FAILED, EXPIRED, UNKNOWN or CANCELLED
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Accepted at or after this: 2026-11-20T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Accepted before this
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How many are shown, newest first: 1 to 1,000
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub limit: usize,
    /// Tell the stories of the latest three instead of listing
    #[arg(long)]
    pub why: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it above the options of this command")]
    pub place: Where,
}

/// The options of `nuncio why`.
#[derive(Args, Clone, Debug)]
pub struct Why {
    /// The message's id, as `nuncio find` and the API show it
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it above the options of this command")]
    pub place: Where,
}

/// The options of `nuncio send`.
#[derive(Args, Clone, Debug)]
pub struct Send {
    /// To whom: numbers with their country code
    #[arg(value_name = "NUMBER", required_unless_present = "file", conflicts_with = "file")]
    pub to: Vec<String>,
    /// A file of recipients as CSV; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What it says. With a file {name} is the field of that name
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// From whom: a name or a number of the account
    #[arg(long, value_name = "SENDER")]
    pub from: Option<String>,
    /// By which route
    #[arg(long, value_name = "ID")]
    pub route: Option<String>,
    /// What it is for: otp, transactional or marketing
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// A reference of your own
    #[arg(long, value_name = "REF")]
    pub client_ref: Option<String>,
    /// How long it is worth sending, such as 10m
    #[arg(long, value_name = "TIME")]
    pub validity: Option<String>,
    /// Not before this: 2026-11-20T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub send_at: Option<String>,
    /// Makes it safe to repeat the command: one key for one sending. One is made up where none is given
    #[arg(long, value_name = "KEY", value_parser = header_text)]
    pub idempotency_key: Option<String>,
    /// How long it is followed, at most
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub wait: Duration,
    /// Do not follow it: end when it is accepted
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
    /// Sum up as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it above the options of this command")]
    pub place: Where,
}

/// What a header may say.
fn header_text(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
    if fits { Ok(text.to_owned()) } else { Err("it may have letters, digits and signs of ASCII alone") }
}

impl Send {
    /// What all recipients share, as a query.
    pub(super) fn target(&self) -> String {
        // Of numbers alone there is nothing to fill in: a brace is one.
        let text = self.text.as_ref().map(|it| match self.file {
            Some(_) => it.clone(),
            None => it.replace('{', "{{").replace('}', "}}"),
        });
        let asked = [
            ("from", &self.from),
            ("text", &text),
            ("route_id", &self.route),
            ("class", &self.class),
            ("client_ref", &self.client_ref),
            ("validity", &self.validity),
            ("send_at", &self.send_at),
        ];
        let given = asked.iter().filter_map(|(name, value)| value.as_ref().map(|it| format!("{name}={}", escape(it))));
        let query = given.collect::<Vec<_>>().join("&");
        if query.is_empty() { "/v1/messages".to_owned() } else { format!("/v1/messages?{query}") }
    }
}

/// The options of `nuncio status`.
#[derive(Args, Clone, Debug)]
pub struct Status {
    /// As JSON, an object a line
    #[arg(long)]
    pub json: bool,
    /// Once, also on a terminal
    #[arg(long, conflicts_with = "every")]
    pub once: bool,
    /// Again and again, after so long: 500ms to 1h, such as 5s
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub every: Option<Duration>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it above the options of this command")]
    pub place: Where,
}

/// How often a gateway is asked how it stands. More often its answers would not change, and only cost it.
fn interval(text: &str) -> Result<Duration, String> {
    let (least, most) = (Duration::from_millis(500), Duration::from_secs(3_600));
    let time = duration(text)?;
    if (least..=most).contains(&time) { Ok(time) } else { Err("it is 500ms to 1h".to_owned()) }
}

impl Find {
    /// What is asked of the gateway.
    pub(super) fn target(&self) -> String {
        let status = self.status.as_ref().map(|it| it.to_ascii_uppercase());
        let asked = [
            ("to", &self.to),
            ("client_ref", &self.client_ref),
            ("carrier_message_id", &self.carrier_id),
            ("order_id", &self.order),
            ("account", &self.account),
            ("route_id", &self.route),
            ("status", &status),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let given = asked.iter().filter_map(|(name, value)| value.as_ref().map(|it| format!("&{name}={}", escape(it))));
        format!("/admin/v1/messages?limit={}{}", self.limit, given.collect::<String>())
    }
}

/// A text as it stands in a path or a query (RFC 3986, 2.1).
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_asked_twice_a_second_at_most() {
        for (text, millis) in [("500ms", 500), ("5s", 5_000), ("1h", 3_600_000)] {
            assert_eq!(interval(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["", "5", "0s", "499ms", "61m", "1.5s", "s", "99999999999h", "5 s"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_asked_is_escaped() {
        assert_eq!(escape("+31 6/é?&"), "%2B31%206%2F%C3%A9%3F%26");
        let place = Where { config: PathBuf::new(), key_file: None };
        let none = || None::<String>;
        let find = Find {
            to: Some("+31612345678".into()),
            client_ref: Some("a&b".into()),
            carrier_id: none(),
            order: none(),
            account: none(),
            route: none(),
            status: Some("failed".into()),
            since: none(),
            until: none(),
            limit: 5,
            why: false,
            place,
        };
        assert_eq!(find.target(), "/admin/v1/messages?limit=5&to=%2B31612345678&client_ref=a%26b&status=FAILED");
    }
}
