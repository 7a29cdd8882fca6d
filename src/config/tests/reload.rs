//! What a reload does to a link that runs, key by key.

use super::documented::fields;
use super::loaded;
use crate::config::schema::carrier;
use std::collections::BTreeSet;

/// What a change of a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Effect {
    /// The link begins anew.
    Anew,
    /// The link goes on, and what it does next it does as the key says.
    Goes,
}

use Effect::{Anew, Goes};

const SMPP: &str = "id = \"acme\"\naddress = [\"127.0.0.1:2775\"]\nsystem_id = \"nuncio\"\npassword = \"secret\"\n";
const OUTBIND: &str = "id = \"acme\"\nsystem_id = \"nuncio\"\npassword = \"secret\"\n\
    outbind = { listen = \"127.0.0.1:2776\", system_id = \"a\", password = \"b\" }\n";

/// Every key of a carrier of SMPP, with a value that is none of those in [`SMPP`].
const KEYS: &[(&str, &str, Effect)] = &[
    ("address", "[\"127.0.0.1:2776\"]", Anew),
    ("local_address", "\"127.0.0.1\"", Anew),
    ("tls", "true", Anew),
    ("system_id", "\"other\"", Anew),
    ("password", "\"other\"", Anew),
    ("system_type", "\"x\"", Anew),
    ("interface_version", "\"5.0\"", Anew),
    ("assumed_version", "\"5.0\"", Anew),
    ("address_range", "{ range = \"^1\" }", Anew),
    ("bind", "\"transmitter\"", Anew),
    ("window", "7", Anew),
    ("ahead", "3", Anew),
    ("inbound_buffer", "\"1MiB\"", Anew),
    ("put_off_after", "\"7s\"", Anew),
    ("put_off_status", "\"ESME_RTHROTTLED\"", Anew),
    ("bind_timeout", "\"7s\"", Anew),
    ("response_timeout", "\"7s\"", Anew),
    ("write_timeout", "\"7s\"", Anew),
    ("unbind_timeout", "\"7s\"", Anew),
    ("enquire_link", "\"7s\"", Anew),
    ("inactivity", "\"7s\"", Anew),
    ("max_pdu", "\"8KiB\"", Anew),
    ("binds", "2", Goes),
    ("connect_timeout", "\"7s\"", Goes),
    ("reconnect", "{ base = \"7s\" }", Goes),
    ("source", "{ ton = 0 }", Goes),
    ("destination", "{ ton = 0 }", Goes),
    ("sender_alphabet", "\"gsm7\"", Goes),
    ("validity_period", "\"none\"", Goes),
    ("service_type", "\"x\"", Goes),
    ("esm_class", "3", Goes),
    ("pace", "\"7/s\"", Goes),
    ("pace_per_bind", "\"7/s\"", Goes),
    ("alphabet", "\"latin1\"", Goes),
    ("message_id", "\"hex\"", Goes),
    ("split", "\"sar\"", Goes),
    ("national", "[\"tr\"]", Goes),
    ("class_coding", "\"f0\"", Goes),
    ("operation", "\"data_sm\"", Goes),
    ("tlvs", "{ \"0x1500\" = \"x\" }", Goes),
    ("dlt", "{ nul = true }", Goes),
    ("receipts", "\"none\"", Goes),
    ("receipts_by_content", "true", Goes),
    ("receipt_offset", "\"+01:00\"", Goes),
    ("parked_for", "\"7h\"", Goes),
    ("query", "true", Goes),
    ("query_after", "\"7m\"\nquery = true", Goes),
    ("reassembly_timeout", "\"7m\"", Goes),
    ("redelivery_window", "\"7m\"", Goes),
    ("answers", "{ \"0x0B\" = \"never\" }", Goes),
    ("statuses", "{ NOCRED = \"FAILED\" }", Goes),
    ("reasons", "{ \"027\" = \"BLOCKED\" }", Goes),
    ("cost", "{ default = \"1\", currency = \"EUR\" }", Goes),
    ("breaker", "\"off\"", Goes),
    ("retired", "true", Goes),
    ("region", "\"NL\"", Goes),
    ("inbound_alphabet", "{ \"0\" = \"ucs2\" }", Goes),
];

/// Keys of which one is another way to write one above, or of carriers over HTTP, or who the carrier is.
const OTHERS: [&str; 10] = [
    "id",
    "kind",
    "outbind",
    "password_file",
    "password_env",
    "password_credential",
    "url",
    "request",
    "answer",
    "receipt",
];

fn with(lines: &str) -> crate::config::Loaded {
    loaded(&format!("[[carrier]]\n{lines}"))
}

#[test]
fn every_key_of_a_carrier_is_known_to_leave_its_bind_alone_or_not() {
    let before = with(SMPP);
    for (key, value, effect) in KEYS {
        let kept: String =
            SMPP.lines().filter(|it| !it.starts_with(&format!("{key} "))).map(|it| format!("{it}\n")).collect();
        let after = with(&format!("{kept}{key} = {value}\n"));
        let goes_on = before.links[0].outlasts(&after.links[0]);
        assert_eq!(goes_on, *effect == Goes, "{key}");
        let seen = before.links[0] != after.links[0]
            || before.links.len() != after.links.len()
            || format!("{:?}", before.plan.carriers) != format!("{:?}", after.plan.carriers);
        assert!(seen, "{key} = {value} changes something");
    }
    let outbind = with(OUTBIND);
    assert!(!outbind.links[0].outlasts(&with(&OUTBIND.replace("2776", "2777")).links[0]), "outbind");
    let known: BTreeSet<&str> = KEYS.iter().map(|it| it.0).chain(OTHERS).collect();
    assert_eq!(known, fields::<carrier::Carrier>().into_iter().collect::<BTreeSet<_>>());
}

const HTTP: &str =
    "id = \"web\"\nkind = \"http\"\nurl = \"http://127.0.0.1:8000/send\"\nsystem_id = \"me\"\npassword = \"x\"\n";
const TABLES: &str = "[carrier.request]\nformat = \"json\"\nbody = '[{elements}]'\nelement = '\"{to}\"'\nbatch = 2\n\
    [carrier.answer]\nid = \"own\"\n[carrier.receipt]\nsecret = \"0123456789abcdef\"\n";

#[test]
fn a_link_over_http_goes_on_with_other_requests_and_answers_and_not_with_another_room() {
    let before = with(&format!("{HTTP}{TABLES}"));
    let after = |from: &str, to: &str| {
        let text = format!("{HTTP}{TABLES}");
        assert!(text.contains(from), "{from}");
        with(&text.replace(from, to))
    };
    for (from, to, effect) in [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001", Anew),
        ("password = \"x\"", "password = \"x\"\nwindow = 3", Anew),
        ("password = \"x\"", "password = \"x\"\nresponse_timeout = \"7s\"", Anew),
        ("password = \"x\"", "password = \"x\"\nconnect_timeout = \"7s\"", Anew),
        ("batch = 2", "batch = 3", Anew),
        ("/send", "/v2/send", Goes),
        ("password = \"x\"", "password = \"y\"", Goes),
        ("system_id = \"me\"", "system_id = \"you\"", Goes),
        ("'\"{to}\"'", "'\"{to_digits}\"'", Goes),
        ("id = \"own\"", "id = \"own\"\nstatuses = { \"402\" = \"never\" }", Goes),
        ("0123456789abcdef", "fedcba9876543210", Goes),
        ("password = \"x\"", "password = \"x\"\nreasons = { \"7\" = \"BLOCKED\" }", Goes),
    ] {
        let after = after(from, to);
        assert_eq!(before.http_links[0].outlasts(&after.http_links[0]), effect == Goes, "{to}");
    }
}
