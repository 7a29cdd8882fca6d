//! `config/nuncio.toml` against the code: its defaults are the defaults, its keys are the keys,
//! and what it says to be without function is refused.

use super::{errors, loaded};
use crate::config::schema::{account, app, carrier, guard, http, lookup, opt_out, route, service, unbuilt, webhook};
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use std::cell::RefCell;
use std::collections::BTreeSet;

const FILE: &str = include_str!("../../../config/nuncio.toml");

/// The file with every option that is at its default taken out of its comment.
fn uncommented() -> String {
    let bare = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|it: char| it.is_ascii_lowercase()) => rest,
        _ => line,
    };
    FILE.lines().map(bare).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_option_stands_in_the_file_at_its_default() {
    let (documented, default) = (loaded(&uncommented()), loaded(FILE));
    assert!(60 < uncommented().lines().filter(|it| !FILE.lines().any(|line| line == *it)).count());
    assert_eq!(documented.links, default.links);
    assert_eq!((&documented.http, &documented.admin), (&default.http, &default.admin));
    assert_eq!(
        (&documented.store, documented.clock, documented.shutdown, documented.log),
        (&default.store, default.clock, default.shutdown, default.log)
    );
    assert_eq!(format!("{:#?}", documented.plan), format!("{:#?}", default.plan));
}

/// The lines of the file by section: `(section, mark, rest)`.
fn lines() -> Vec<(String, &'static str, &'static str)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in FILE.lines() {
        let (mark, rest) = ["## ", "#+ ", "#", ""].iter().find_map(|it| Some((*it, line.strip_prefix(it)?))).unwrap();
        let word = rest.trim_start_matches('[').split([']', ' ']).next().unwrap_or_default();
        if rest.starts_with('[') && rest.ends_with(']') {
            section = word.to_owned();
            found.push((section.clone(), mark, rest));
        } else if !word.is_empty() && rest[word.len()..].starts_with(" = ") {
            found.push((section.clone(), mark, rest));
        }
    }
    found
}

/// The carrier over HTTP of the file, taken out of its comments; of keys that exclude each other the first.
#[test]
fn the_carrier_over_http_is_right_as_it_stands_there() {
    let others = ["id_after", "id_until", "secret_file", "secret_env", "secret_credential"];
    let own = FILE.lines().skip_while(|it| *it != "#+ [[carrier]]").take_while(|it| *it != "[[route]]");
    let lines = own.filter_map(|it| it.strip_prefix("#+ "));
    let written: Vec<&str> = lines.filter(|it| !others.contains(&it.split(' ').next().unwrap())).collect();
    assert!(25 < written.len());
    let loaded = loaded(&format!("{FILE}\n{}\n", written.join("\n").replace("https://api", "http://api")));
    let [link] = &loaded.http_links[..] else { panic!("one link: {:?}", loaded.http_links) };
    assert_eq!(
        (&*link.address, &*link.host, link.window, link.ahead),
        ("api.web.example:80", "api.web.example", 10, 1_000)
    );
    assert_eq!(&**link.receipt_url.expose(), "https://sms.shop.example/hooks/web/0123456789abcdef");
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("token"), "{shown}");
}

#[test]
fn every_key_of_the_schema_stands_in_the_file() {
    let mut written: BTreeSet<String> = lines().into_iter().map(|it| it.0).collect();
    for (section, _, line) in lines().into_iter().filter(|(_, _, line)| !line.starts_with('[')) {
        let table: toml_edit::DocumentMut = line.parse().unwrap();
        let (key, item) = table.iter().next().unwrap();
        written.insert(format!("{section}.{key}"));
        for (inner, _) in item.as_table_like().into_iter().flat_map(|it| it.iter()) {
            written.insert(format!("{section}.{key}.{inner}"));
        }
    }
    // Lists of tables, maps whose keys are free, and what stands in another section's words.
    let missing: Vec<String> = known().into_iter().filter(|it| !written.contains(it)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

fn known() -> Vec<String> {
    let sections = [
        ("http", fields::<service::Http>()),
        ("http.tls", fields::<service::Tls>()),
        ("admin", fields::<service::Admin>()),
        ("store", fields::<service::Store>()),
        ("numbers", fields::<service::Numbers>()),
        ("clock", fields::<service::Clock>()),
        ("shutdown", fields::<service::Shutdown>()),
        ("log", fields::<service::Log>()),
        ("account", fields::<account::Account>()),
        ("account.destinations", fields::<account::Destinations>()),
        ("account.webhook", fields::<webhook::Webhook>()),
        ("operator", fields::<webhook::Operator>()),
        ("carrier", fields::<carrier::Carrier>()),
        ("carrier.tls", fields::<carrier::Tls>()),
        ("carrier.outbind", fields::<carrier::Outbind>()),
        ("carrier.address_range", fields::<carrier::AddressRange>()),
        ("carrier.source", fields::<carrier::Numbering>()),
        ("carrier.destination", fields::<carrier::Numbering>()),
        ("carrier.breaker", fields::<carrier::Breaker>()),
        ("carrier.reconnect", fields::<carrier::Reconnect>()),
        ("lookup", fields::<lookup::Lookup>()),
        ("carrier.request", fields::<http::Request>()),
        ("carrier.answer", fields::<http::Answer>()),
        ("carrier.receipt", fields::<http::Receipt>()),
        ("route", fields::<route::Route>()),
        ("route.senders", fields::<route::Senders>()),
        ("route.destinations", fields::<account::Destinations>()),
        ("route.retry", fields::<route::Retry>()),
        ("route.dlt", fields::<route::Registration>()),
        ("rule", fields::<route::Rule>()),
        ("cdr", fields::<service::Cdr>()),
        ("inbound", fields::<route::Inbound>()),
        ("opt_out", fields::<opt_out::OptOut>()),
        ("app", fields::<app::App>()),
        ("app.code", fields::<app::Code>()),
        ("app.risk", fields::<app::Risk>()),
        ("guard", fields::<guard::Guard>()),
        ("guard.pumping", fields::<guard::Pumping>()),
        ("guard.new_country", fields::<guard::NewCountry>()),
        ("keys", fields::<app::Keys>()),
        // Whose requests name the app.
        ("port.twilio-verify", fields::<service::Port>().into_iter().filter(|it| *it != "app").collect()),
        ("port.vonage-verify", fields::<service::Port>()),
        ("port.kannel", fields::<unbuilt::Port>()),
    ];
    let all = sections.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}")));
    all.collect()
}

#[test]
fn what_has_no_function_yet_is_refused_in_a_sentence() {
    let mut count = 0;
    for (section, _, line) in lines().into_iter().filter(|(_, mark, _)| *mark == "## ") {
        let section_is_built = ["http", "store", "account", "carrier", "route", "rule"].contains(&section.as_str());
        let header = if ["account", "carrier", "route", "rule"].contains(&section.as_str()) {
            format!("[[{section}]]")
        } else {
            format!("[{section}]")
        };
        let text = match (section_is_built, line.starts_with('[')) {
            (true, _) => FILE.replacen(&format!("\n{header}\n"), &format!("\n{header}\n{line}\n"), 1),
            (false, true) => format!("{FILE}\n{line}\n"),
            (false, false) => continue,
        };
        let said = errors(&text);
        assert!(said.contains("no function yet; remove it"), "{line}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        count += 1;
    }
    assert!(1 < count, "{count}");
    assert_eq!(
        errors(&FILE.replace("#logins = []", "logins = [{ port = \"kannel\" }]")).split_once(": ").map(|it| it.1),
        Some("account \"shop\", logins: logins = [ … ] has no function yet; remove it or use []")
    );
}

#[test]
fn sections_without_a_function_are_checked_for_slips_all_the_same() {
    assert!(errors(&format!("{FILE}\n[port.kanel]\n")).contains("port.kanel: unknown port; did you mean kannel?"));
}

/// The keys that serde knows of a table, asked from serde itself.
pub(super) fn fields<T: DeserializeOwned>() -> Vec<&'static str> {
    struct Asking<'a>(&'a RefCell<Vec<&'static str>>);
    impl<'de> Deserializer<'de> for Asking<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(Error::custom("only tables are asked"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            self.0.replace(fields.to_vec());
            Err(Error::custom("asked"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let found = RefCell::new(Vec::new());
    assert!(T::deserialize(Asking(&found)).is_err());
    found.into_inner()
}
