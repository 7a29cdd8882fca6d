//! Senders: each is read as those of requests are, and somebody can be told it.

use super::{SMALL, errors, loaded};
use crate::carrier::dialect::Validity;
use crate::message::id::AccountId;
use crate::text::Alphabet;

fn with(account: &str, carrier: &str, route: &str) -> String {
    SMALL
        .replace("routes = [8]", &format!("routes = [8]\n{account}"))
        .replace("system_id =", &format!("{carrier}\nsystem_id ="))
        + route
}

#[test]
fn a_sender_is_kept_as_it_is_compared() {
    let senders =
        "senders = [\"0031612345678\", \"31687654321\", \"0612345678\", \"12345\", \"SHOP\"]\nregion = \"NL\"";
    let loaded = loaded(&with(senders, "", ""));
    let account = &loaded.plan.accounts[&AccountId(1)];
    let kept: Vec<&str> = account.senders.iter().map(|it| &**it).collect();
    assert_eq!(kept, ["+31612345678", "+31687654321", "+31612345678", "12345", "SHOP"]);
}

#[test]
fn a_number_that_nobody_can_read_is_a_fault_wherever_it_stands() {
    let why = "a number that begins with 0 is a national one; write it with + and its country code, as +31612345678";
    let rule = "[[rule]]\nroute = 8\nsender = \"0612345678\"\n";
    for (text, place) in [
        (with("senders = [\"0612345678\"]", "", ""), "account \"shop\", senders: "),
        (with("", "", "senders = { allow = [\"0612345678\"] }\n"), "route 8, senders.allow: "),
        (
            with("", "", "senders = { by_country = { \"+31\" = \"0612345678\" } }\n"),
            "route 8, senders.by_country.+31: ",
        ),
        (with("", "", rule), "rule number 1, sender: "),
    ] {
        let said = errors(&text);
        assert!(said.contains(&format!("{place}\"0612345678\": {why}")), "{said}");
    }
    // Where the destination is a country, its numbers are those.
    assert_eq!(errors(&with("", "", "senders = { by_country = { NL = \"0612345678\" } }\n")), "");
}

#[test]
fn what_a_destination_sees_is_something_that_a_carrier_can_be_told() {
    let route = "senders = { by_country = { SE = \"ÅSA\" } }\n";
    let said = errors(&with("", "", route));
    assert!(
        said.ends_with("senders.by_country: no carrier of the route can be told \"ÅSA\": see sender_alphabet"),
        "{said}"
    );
    assert_eq!(errors(&with("", "sender_alphabet = \"gsm7\"", route)), "");
}

#[test]
fn how_a_carrier_is_told_senders_and_validities() {
    let of = |lines: &str| {
        let dialect = loaded(&with("", lines, "")).plan.carriers.values().next().unwrap().dialect.clone();
        (dialect.sender_alphabet, dialect.validity)
    };
    assert_eq!(of(""), (Alphabet::Ascii, Validity::Relative));
    assert_eq!(of("alphabet = \"latin1\"\nvalidity_period = \"absolute\""), (Alphabet::Latin1, Validity::Absolute));
    assert_eq!(of("sender_alphabet = \"gsm7\"\nvalidity_period = \"none\""), (Alphabet::Gsm7, Validity::None));
    assert!(errors(&with("", "validity_period = \"off\"", "")).contains("unknown value \"off\""));
}
