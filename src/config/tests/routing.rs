//! What is wrong with routes, rules, breakers, costs and the file of prefixes, a message for each.

use super::refused::{of_carrier, of_route};
use super::{Folder, SMALL, errors};

#[test]
fn routes_and_rules_are_checked_for_what_they_mean() {
    assert_eq!(
        errors(&SMALL.replace("carriers = [\"acme\"]", "carriers = [\"acne\"]")),
        "nuncio.toml:15: route 8, carriers: unknown carrier \"acne\"; did you mean acme?"
    );
    assert_eq!(
        errors(&SMALL.replace("password =", "bind = \"receiver\"\npassword =")),
        "nuncio.toml:16: route 8, carriers: carrier \"acme\" only receives: its bind is \"receiver\""
    );
    assert_eq!(of_route("price = { NL = \"0.1\" }"), "nuncio.toml:16: route 8, price.currency: this key is required");
    assert_eq!(
        of_route("price = { NL = \"cheap\", currency = \"EUR\" }"),
        "nuncio.toml:16: route 8, price.NL: \"cheap\": an amount is a decimal number with at most six decimals"
    );
    assert_eq!(
        of_route("price = { NL = 0.1, currency = \"EUR\" }"),
        "nuncio.toml:16: route 8, price.NL: expected a text in quotes, found the number 0.1"
    );
    assert_eq!(
        of_route("price = { 31 = \"1\", \"+31\" = \"2\", currency = \"EUR\" }"),
        "nuncio.toml:16: route 8, price.31: this prefix stands twice in the table, with and without its plus"
    );
    assert_eq!(
        of_route("price = { XX = \"1\", currency = \"EUR\" }"),
        "nuncio.toml:16: route 8, price.XX: neither default, currency, a country such as NL, nor a prefix such as \"+31\""
    );
    assert_eq!(
        of_route("retry = { attempts = 0 }"),
        "nuncio.toml:16: route 8, retry.attempts: 0 is not within 1 and 100"
    );
    assert!(of_route("[[rule]]\ntext = \"(code\"\nroute = 8").starts_with(
        "nuncio.toml:17: rule number 1, text: \"(code\" is not a regular expression: error: unclosed group"
    ));
    assert_eq!(
        of_route("[[rule]]\nhours = \"8-20\"\nroute = 8"),
        "nuncio.toml:17: rule number 1, hours: \"8-20\": hours are written as \"22:00-08:00\""
    );
    assert_eq!(of_route("[[rule]]\nroute = 9"), "nuncio.toml:17: rule number 1, route: there is no route 9");
    assert_eq!(
        of_route("[[rule]]\nclass = \"otp\"\nroute = 8"),
        "nuncio.toml:17: rule number 1, class: route 8 is for transactional"
    );
    assert_eq!(
        of_route("[[rule]]\naccount = \"nobody\"\nroute = 8"),
        "nuncio.toml:17: rule number 1, account: there is no account \"nobody\""
    );
}

#[test]
fn where_a_route_leads_is_checked() {
    let choice = |key: &str, message: &str| format!("nuncio.toml:16: route 8, {key}: {message}");
    for (line, key, message) in [
        (
            "carriers_by_country = { NL = [\"acne\"] }",
            "carriers_by_country.NL",
            "unknown carrier \"acne\"; did you mean acme?",
        ),
        ("carriers_by_country = { NL = [] }", "carriers_by_country.NL", "names no carrier"),
        (
            "carriers_by_country = { 31 = [\"acme\"], \"+31\" = [\"acme\"] }",
            "carriers_by_country.31",
            "this prefix stands twice in the table, with and without its plus",
        ),
        (
            "carriers_by_country = { Holland = [\"acme\"] }",
            "carriers_by_country.Holland",
            "neither a country such as NL, a prefix such as \"+31\", nor a network of numbers.prefixes_file",
        ),
        (
            "senders = { by_country = { US = \"TWELVELETTER\" } }",
            "senders.by_country.US",
            "\"TWELVELETTER\": a sender is a number of 3 to 15 digits or 1 to 11 characters of the GSM alphabet",
        ),
        ("order = \"fastest\"", "order", "unknown value \"fastest\"; known are static, scored, cheapest"),
        ("order = \"cheapest\"", "order", "none of its carriers has a cost"),
        ("max_cost = \"0.1\"", "max_cost", "none of its carriers has a cost"),
        ("validity = \"1m\"\nreceipt_window = \"2m\"", "", ""),
        ("max_wait = \"2d\"", "max_wait", "is longer than the validity: by then the message has expired"),
        ("max_wait = \"0s\"", "max_wait", "a time of zero is not meant for use"),
        ("weights = { acme = 1 }", "weights", "carriers says already who carries; it takes weights too"),
    ] {
        let expected = match key {
            "" => {
                "nuncio.toml:17: route 8, receipt_window: is longer than the validity: by then the message has expired"
                    .into()
            }
            key => choice(key, message),
        };
        assert_eq!(of_route(line), expected);
    }
    for weight in ["0", "-1", "nan", "inf"] {
        let said = errors(&SMALL.replace("[\"acme\"]", &format!("{{ acme = {weight} }}")));
        assert!(
            said.starts_with("nuncio.toml:15: route 8, carriers.acme: ")
                && said.ends_with("is not a weight: one is above 0"),
            "{said}"
        );
    }
    assert_eq!(
        errors(&SMALL.replace("[\"acme\"]", "{ acne = 1 }")),
        "nuncio.toml:15: route 8, carriers: unknown carrier \"acne\"; did you mean acme?"
    );
    assert_eq!(
        errors(&SMALL.replace("[\"acme\"]", "\"acme\"")),
        "nuncio.toml:15: route 8, carriers: expected a list of carriers, or a table of their weights such as { acme = 70, beta = 30 }, found \"acme\""
    );
}

#[test]
fn costs_are_compared_in_one_currency() {
    let beta = "[[carrier]]\nid = \"beta\"\naddress = [\"b:1\"]\nsystem_id = \"n\"\npassword = \"p\"\ncost = { default = \"1\", currency = \"USD\" }\n";
    let text = SMALL.replace("password =", "cost = { default = \"1\", currency = \"EUR\" }\npassword =").replace(
        "carriers = [\"acme\"]",
        "carriers = [\"acme\"]\ncarriers_by_country = { US = [\"beta\"] }\norder = \"cheapest\"",
    );
    assert_eq!(
        errors(&format!("{text}{beta}")),
        "nuncio.toml:18: route 8, order: its carriers cost EUR and USD: costs are compared in one currency"
    );
    assert_eq!(errors(&format!("{}{beta}", text.replace("cheapest", "scored"))), "");
}

#[test]
fn a_breaker_is_checked_for_what_it_means() {
    assert_eq!(of_carrier("breaker = { ratio = 0.5 }"), "");
    for (breaker, said) in [
        ("\"of\"", ": expected a table or \"off\", found \"of\""),
        ("{ ratio = 1.0 }", ".ratio: 1 is not a share: from 0, and below 1"),
        ("{ sample = 0 }", ".sample: 0 is not within 1 and 1000000"),
        ("{ open = \"0s\" }", ".open: a time of zero is not meant for use"),
        ("{ opne = \"1s\" }", ".opne: unknown key; did you mean open?"),
    ] {
        assert_eq!(
            of_carrier(&format!("breaker = {breaker}")),
            format!("nuncio.toml:10: carrier \"acme\", breaker{said}")
        );
    }
}

#[test]
fn a_file_of_prefixes_is_checked_line_by_line() {
    let folder = Folder::with("");
    let path = folder.path("prefixes.csv").display().to_string();
    let written = format!("[numbers]\nprefixes_file = \"{path}\"\n{SMALL}");
    folder.write("nuncio.toml", &written);
    let missing = folder.read(&[]).unwrap_err();
    assert!(missing.starts_with("nuncio.toml:2: numbers.prefixes_file: prefixes.csv cannot be read: "), "{missing}");
    let csv = "31610,NL,KPN\n+31610,NL,Tele\n031,NL,\n32,Belgium,\n33,FR\n34,ES,\"x\n35,PT,PT\n";
    folder.write("prefixes.csv", csv);
    assert_eq!(
        folder.read(&[]).unwrap_err().lines().collect::<Vec<_>>(),
        [
            "prefixes.csv:2: the prefix 31610 stands in line 1 already",
            "prefixes.csv:3: \"031\" is not a prefix such as \"31\" or \"+31\"",
            "prefixes.csv:4: \"Belgium\" is not a country of ISO 3166 that has numbers, such as \"NL\"",
            "prefixes.csv:5: \"33,FR\" is not a line such as \"31610,NL,KPN\"",
            "prefixes.csv:6: \"\\\"x\" is not the name of a network: at most 64 characters without quotes, and neither a country nor a prefix",
            "prefixes.csv:7: \"PT\" is not the name of a network: at most 64 characters without quotes, and neither a country nor a prefix",
        ]
    );
    folder.write("prefixes.csv", "31610,NL,KPN\n");
    let by_country = "carriers = [\"acme\"]\ncarriers_by_country = { KNP = [\"acme\"] }";
    folder.write("nuncio.toml", &written.replace("carriers = [\"acme\"]", by_country));
    assert_eq!(
        folder.read(&[]).unwrap_err(),
        "nuncio.toml:18: route 8, carriers_by_country.KNP: unknown network; did you mean KPN?"
    );
}
