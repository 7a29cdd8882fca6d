//! One message for each way of being wrong.

use super::{Folder, SMALL, errors, errors_in_file};
use std::path::Path;

/// What is said of a line in the carrier: one of its own keys where it stands, another at line 10.
pub(super) fn of_carrier(line: &str) -> String {
    let own = ["password = \"secret\"", "system_id = \"nuncio\""]
        .into_iter()
        .find(|it| line.starts_with(it.split(' ').next().unwrap()));
    match own {
        Some(own) => errors(&SMALL.replace(own, line)),
        None => errors(&SMALL.replace("system_id =", &format!("{line}\nsystem_id ="))),
    }
}

fn of_account(line: &str) -> String {
    errors(&SMALL.replace("routes = [8]", &format!("routes = [8]\n{line}")))
}

pub(super) fn of_route(line: &str) -> String {
    errors(&format!("{SMALL}{line}\n"))
}

#[test]
fn the_small_file_is_right() {
    assert_eq!(errors(SMALL), "");
}

#[test]
fn unknown_keys_and_sections_name_the_nearest() {
    assert_eq!(of_carrier("windw = 5"), "nuncio.toml:10: carrier \"acme\", windw: unknown key; did you mean window?");
    assert_eq!(
        of_carrier("reconnect = { bas = \"1s\" }"),
        "nuncio.toml:10: carrier \"acme\", reconnect.bas: unknown key; did you mean base?"
    );
    assert_eq!(
        of_carrier("tls = { cafile = \"x\" }"),
        "nuncio.toml:10: carrier \"acme\", tls.cafile: unknown key; did you mean ca_file?"
    );
    assert_eq!(errors(&format!("[htpp]\n{SMALL}")), "nuncio.toml:1: htpp: unknown section; did you mean http?");
    assert_eq!(
        errors(&format!("[log]\ncolour = true\n{SMALL}")),
        "nuncio.toml:2: log.colour: unknown key; known are format, level"
    );
}

#[test]
fn a_wrong_type_says_what_was_expected_and_what_came() {
    assert_eq!(
        of_carrier("window = \"50\""),
        "nuncio.toml:10: carrier \"acme\", window: expected a whole number, not negative, found \"50\""
    );
    assert_eq!(
        of_carrier("window = -1"),
        "nuncio.toml:10: carrier \"acme\", window: expected a whole number, not negative, found the number -1"
    );
    assert_eq!(
        of_carrier("enquire_link = 30"),
        "nuncio.toml:10: carrier \"acme\", enquire_link: expected a duration in quotes, such as \"60s\", or \"off\", found the number 30"
    );
    assert_eq!(
        of_carrier("tls = 1"),
        "nuncio.toml:10: carrier \"acme\", tls: expected true, false or a table, found the number 1"
    );
    assert_eq!(
        of_carrier("source = { ton = \"int\" }"),
        "nuncio.toml:10: carrier \"acme\", source.ton: expected a number from 0 to 255 or \"auto\", found \"int\""
    );
    assert_eq!(
        of_account("active = \"yes\""),
        "nuncio.toml:6: account \"shop\", active: expected true or false, found \"yes\""
    );
    assert_eq!(
        errors(&format!("[route]\nid = 1\n{}", SMALL.split("[[route]]").next().unwrap().replace("routes = [8]", ""))),
        "nuncio.toml:1: route: expected an array of tables: write [[route]]"
    );
    assert_eq!(errors(&format!("[[http]]\n{SMALL}")), "nuncio.toml:1: http: expected a table: write [http]");
}

#[test]
fn what_could_be_meant_is_named_only_where_there_is_something() {
    let (before, rest) = SMALL.split_once("[[carrier]]").unwrap();
    let without = format!("{before}[[route]]{}", rest.split_once("[[route]]").unwrap().1);
    let found = errors(&without);
    assert!(found.contains("unknown carrier \"acme\"; none is known"), "{found}");
    assert!(!found.contains("known are"), "{found}");
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated() {
    assert_eq!(of_carrier("password = 73825"), "nuncio.toml:11: carrier \"acme\", password: expected a text in quotes");
    assert_eq!(
        errors(&SMALL.replace("key_sha256 = [", "key_sha256 = [73825, ")),
        "nuncio.toml:4: account \"shop\", key_sha256.0: expected a text in quotes"
    );
}

#[test]
fn values_have_their_unit() {
    assert_eq!(
        of_carrier("response_timeout = \"60\""),
        "nuncio.toml:10: carrier \"acme\", response_timeout: \"60\" has no unit; write 60ms, 60s, 60m, 60h or 60d"
    );
    assert_eq!(
        of_carrier("max_pdu = \"72KB\""),
        "nuncio.toml:10: carrier \"acme\", max_pdu: \"72KB\" is not a size in quotes, such as \"72KiB\""
    );
    assert_eq!(
        of_carrier("pace = \"200\""),
        "nuncio.toml:10: carrier \"acme\", pace: \"200\" is not a rate in quotes, such as \"200/s\", or \"unlimited\""
    );
    assert_eq!(
        of_carrier("receipt_offset = \"1h\""),
        "nuncio.toml:10: carrier \"acme\", receipt_offset: \"1h\" is not a time zone in quotes, such as \"+01:00\""
    );
    assert_eq!(
        of_carrier("connect_timeout = \"0s\""),
        "nuncio.toml:10: carrier \"acme\", connect_timeout: a time of zero is not meant for use"
    );
}

#[test]
fn words_come_from_closed_lists() {
    assert_eq!(
        of_carrier("message_id = \"hexx\""),
        "nuncio.toml:10: carrier \"acme\", message_id: unknown value \"hexx\"; did you mean hex?"
    );
    assert_eq!(
        of_carrier("bind = \"both\""),
        "nuncio.toml:10: carrier \"acme\", bind: unknown value \"both\"; known are transceiver, transmitter, receiver, split"
    );
    assert_eq!(
        of_carrier("answers = { \"0x58\" = \"latr\" }"),
        "nuncio.toml:10: carrier \"acme\", answers.0x58: unknown value \"latr\"; did you mean later?"
    );
    assert_eq!(
        of_carrier("statuses = { NOCRED = \"FAILD\" }"),
        "nuncio.toml:10: carrier \"acme\", statuses.NOCRED: unknown value \"FAILD\"; did you mean FAILED?"
    );
    assert_eq!(
        of_carrier("statuses = { A1 = \"FAILED\", a1 = \"SENT\" }"),
        "nuncio.toml:10: carrier \"acme\", statuses.a1: this word stands in the table twice; capitals make no other"
    );
    assert_eq!(
        of_carrier("reasons = { \"1\" = \"ABSENT\" }").split(';').next(),
        Some("nuncio.toml:10: carrier \"acme\", reasons.1: unknown value \"ABSENT\"")
    );
    assert_eq!(
        of_account("scopes = [\"sned\"]"),
        "nuncio.toml:6: account \"shop\", scopes: unknown value \"sned\"; did you mean send?"
    );
    assert_eq!(
        errors(&format!("[store]\ndurability = \"sync\"\n{SMALL}")),
        "nuncio.toml:2: store.durability: unknown value \"sync\"; did you mean fsync?"
    );
}

#[test]
fn what_is_required_is_asked_for() {
    assert_eq!(
        errors(&SMALL.replace("system_id = \"nuncio\"\n", "")),
        "nuncio.toml:7: carrier \"acme\", system_id: this key is required"
    );
    assert_eq!(
        errors(&SMALL.replace("id = \"shop\"\n", "")),
        "nuncio.toml:2: account number 1, id: this key is required"
    );
    assert_eq!(
        errors(&SMALL.replace("carriers = [\"acme\"]", "")),
        "nuncio.toml:13: route 8, carriers: names no carrier"
    );
    assert_eq!(
        errors(&SMALL.replace("password = \"secret\"", "")),
        "nuncio.toml:7: carrier \"acme\", password: this key is required, or one of password_file, password_env and password_credential"
    );
}

#[test]
fn how_texts_go_is_checked() {
    let acme = |key: &str, message: &str| format!("nuncio.toml:10: carrier \"acme\", {key}: {message}");
    assert_eq!(of_carrier("split = \"udh\""), acme("split", "unknown value \"udh\"; did you mean udh8?"));
    assert_eq!(
        of_carrier("national = [\"tr\", \"en\"]"),
        acme(
            "national",
            "\"en\" has no national table; those that have: tr, es, pt, bn, gu, hi, kn, ml, or, pa, ta, te, ur"
        )
    );
    assert_eq!(of_carrier("national = [\"tr\", \"tr\"]"), acme("national", "\"tr\" stands there twice"));
    assert!(
        of_carrier("alphabet = \"latin1\"\nnational = [\"tr\"]").contains("national tables are of the GSM alphabet")
    );
    assert_eq!(
        of_carrier("class_coding = \"F0\"").split(';').next(),
        Some(&*acme("class_coding", "unknown value \"F0\""))
    );
    assert_eq!(of_carrier("tlvs = { \"0x0424\" = \"1\" }"), acme("tlvs.0x0424", "nuncio says this parameter itself"));
    assert_eq!(
        of_carrier("tlvs = { \"0x1400\" = \"hex:0\" }"),
        acme("tlvs.0x1400", "a value is ASCII, or octets as \"hex:0A0B\"")
    );
    assert_eq!(
        of_carrier("dlt = { entity = 0x1401 }"),
        acme("dlt.template", "0x1401 is the tag of another of the three")
    );
    assert_eq!(of_carrier("dlt = { entity = 0x0424 }"), acme("dlt.entity", "nuncio says this parameter itself"));
}

#[test]
fn quirk_75_a_carrier_of_3_3_is_promised_no_parameters() {
    for (line, key) in [
        ("split = \"sar\"", "split"),
        ("split = \"payload\"", "split"),
        ("tlvs = { \"0x1400\" = \"1\" }", "tlvs"),
        ("operation = \"data_sm\"", "operation"),
    ] {
        let said = of_carrier(&format!("bind = \"split\"\ninterface_version = \"3.3\"\n{line}"));
        let expected = format!("nuncio.toml:12: carrier \"acme\", {key}: SMPP 3.3 has no ");
        assert!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
        assert_eq!(of_carrier(&format!("bind = \"split\"\n{line}")), "");
    }
}

#[test]
fn carriers_are_checked_for_what_they_mean() {
    assert_eq!(
        of_carrier("ahead = 11"),
        "nuncio.toml:10: carrier \"acme\", ahead: 11 is more than the window, which is 10"
    );
    assert_eq!(of_carrier("window = 0"), "nuncio.toml:10: carrier \"acme\", window: 0 is not within 1 and 10000");
    assert_eq!(
        of_carrier("interface_version = \"3.3\""),
        "nuncio.toml:10: carrier \"acme\", interface_version: a transceiver needs SMPP 3.4; use bind = \"split\", or another interface_version"
    );
    assert_eq!(
        of_carrier("system_id = \"more than fifteen\""),
        "nuncio.toml:10: carrier \"acme\", system_id: \"more than fifteen\" is not at most 15 ASCII characters"
    );
    assert_eq!(
        of_carrier("password_env = \"X\""),
        "nuncio.toml:11: carrier \"acme\", password_env: X is not in the environment"
    );
    assert_eq!(
        of_carrier("password = \"a\"\npassword_env = \"X\""),
        "nuncio.toml:12: carrier \"acme\", password_env: password and password_env exclude each other"
    );
    assert_eq!(
        of_carrier("answers = { \"ok\" = \"never\" }"),
        "nuncio.toml:10: carrier \"acme\", answers.ok: not a command_status such as \"0x0000000B\""
    );
    assert_eq!(
        errors(&SMALL.replace("127.0.0.1:2775", "127.0.0.1")),
        "nuncio.toml:9: carrier \"acme\", address: \"127.0.0.1\" is not a host and a port, such as \"smpp.acme.example:2775\""
    );
    let twice =
        format!("{SMALL}\n[[carrier]]\nid = \"acme\"\naddress = [\"b:1\"]\nsystem_id = \"n\"\npassword = \"p\"\n");
    assert_eq!(
        errors(&twice),
        "nuncio.toml:18: carrier \"acme\", id: this id is taken by the carrier at nuncio.toml:8"
    );
    assert!(
        of_carrier("password_file = \"/nowhere/at/all\"")
            .starts_with("nuncio.toml:11: carrier \"acme\", password_file: /nowhere/at/all cannot be read: ")
    );
}

#[test]
fn a_carrier_that_connects_to_us_is_checked_for_what_it_means() {
    let address = "address = [\"127.0.0.1:2775\"]";
    let with = |outbind: &str| errors(&SMALL.replace(address, &format!("outbind = {{ {outbind} }}")));
    assert_eq!(with("listen = \"127.0.0.1:2776\", system_id = \"ACME\", password = \"theirs\""), "");
    for (written, said) in [
        (
            "listen = \"2776\", system_id = \"A\", password = \"x\"",
            ".listen: \"2776\" is not an address and a port, such as \"0.0.0.0:2776\"",
        ),
        ("listen = \"[::]:2776\", password = \"x\"", ".system_id: this key is required"),
        (
            "listen = \"[::]:2776\", system_id = \"more than fifteen\", password = \"\"",
            ".system_id: has at most 15 octets, its password at most 32, and no NUL",
        ),
    ] {
        assert_eq!(with(written), format!("nuncio.toml:9: carrier \"acme\", outbind{said}"));
    }
    assert_eq!(
        of_carrier("outbind = { listen = \"127.0.0.1:2776\", system_id = \"A\", password = \"\" }"),
        "nuncio.toml:9: carrier \"acme\", address: the carrier connects to us: remove it, or outbind"
    );
    let without = SMALL.replace(address, "");
    assert_eq!(errors(&without), "nuncio.toml:7: carrier \"acme\", address: names no address");
}

#[test]
fn tls_towards_a_carrier_is_checked_for_what_it_means() {
    let pin = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(of_carrier(&format!("tls = {{ pin_sha256 = \"{pin}\", min_version = \"1.3\" }}")), "");
    for (tls, said) in [
        (
            "pin_sha256 = [\"ab\"]",
            "pin_sha256: \"ab\": a pin is 64 hexadecimal digits, with colons between the octets or without",
        ),
        ("pin_sha256 = []", "pin_sha256: pins nothing"),
        ("pin_sha256 = 1", "pin_sha256: expected a text in quotes, or a list of them, found the number 1"),
        ("ca_file = \"/dev/null\", pin_sha256 = \"PIN\"", "ca_file: /dev/null: there is no certificate in it"),
        ("ca_file = \"/dev/null\"", "ca_file: /dev/null: there is no certificate in it"),
        ("pin_sha256 = \"PIN\", client_certificate = \"/dev/null\"", "client_key: client_certificate needs its key"),
        ("pin_sha256 = \"PIN\", server_name = \"a b\"", "server_name: a b is no name of a server"),
        ("pin_sha256 = \"PIN\", min_version = \"1.1\"", "min_version: unknown value \"1.1\"; did you mean 1.2?"),
    ] {
        let line = format!("tls = {{ {} }}", tls.replace("PIN", pin));
        assert_eq!(of_carrier(&line), format!("nuncio.toml:10: carrier \"acme\", tls.{said}"));
    }
}

#[test]
fn accounts_are_checked_for_what_they_mean() {
    assert_eq!(errors(&SMALL.replace("[8]", "[8, 9]")), "nuncio.toml:5: account \"shop\", routes: there is no route 9");
    assert_eq!(
        of_account("senders = [\"TWELVELETTER\"]"),
        "nuncio.toml:6: account \"shop\", senders: \"TWELVELETTER\": a sender is a number of 3 to 15 digits or 1 to 11 characters of the GSM alphabet"
    );
    assert_eq!(
        of_account("allow_from = [\"10.0.0.0/33\"]"),
        "nuncio.toml:6: account \"shop\", allow_from: \"10.0.0.0/33\" is not a network such as \"127.0.0.0/8\" or \"2001:db8::/32\""
    );
    assert_eq!(
        of_account("region = \"Holland\""),
        "nuncio.toml:6: account \"shop\", region: \"Holland\" is not a country of ISO 3166, such as \"NL\""
    );
    assert_eq!(
        of_account("destinations = { deny = [\"NL\"] }"),
        "nuncio.toml:6: account \"shop\", destinations.deny: \"NL\" is not a prefix such as \"+31\", and not \"*\""
    );
    let key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(
        errors(&SMALL.replace(key, "hunter2")),
        "nuncio.toml:4: account \"shop\", key_sha256: a SHA-256 has 64 hexadecimal digits; `nuncio key` prints it"
    );
    let second = format!("{SMALL}\n[[account]]\nid = \"other\"\nkey_sha256 = [\"{key}\"]\n");
    assert_eq!(errors(&second), "nuncio.toml:19: account \"other\", key_sha256: this key is one of account \"shop\"");
    let priced = format!(
        "{}\nprice = {{ default = \"0.1\", currency = \"EUR\" }}\n",
        SMALL.replace("routes = [8]", "routes = [8]\ncurrency = \"USD\"")
    );
    assert_eq!(
        errors(&priced),
        "nuncio.toml:5: account \"shop\", routes: route 8 is priced in EUR, and this account pays in USD"
    );
}

#[test]
fn inbound_rules_name_what_is_there_and_never_hide_each_other() {
    let of = |lines: &str| of_route(&format!("[[inbound]]\n{lines}"));
    assert_eq!(of("account = \"shop\""), "");
    assert_eq!(of("to = [\"*\"]\naccount = \"shop\""), "");
    assert_eq!(of("keyword = \"VOTE\""), "nuncio.toml:16: inbound number 1, account: this key is required");
    assert_eq!(of("account = \"nobody\""), "nuncio.toml:17: inbound number 1, account: there is no account \"nobody\"");
    assert_eq!(
        of("account = \"shop\"\ncarrier = \"acne\""),
        "nuncio.toml:18: inbound number 1, carrier: there is no carrier \"acne\""
    );
    for keyword in ["", "TWO WORDS", "STOP."] {
        assert_eq!(
            of(&format!("account = \"shop\"\nkeyword = \"{keyword}\"")),
            format!("nuncio.toml:18: inbound number 1, keyword: {keyword:?} is not one word without blanks and stops")
        );
    }
    assert_eq!(
        of("account = \"shop\"\nto = [\"31612345678\", \"+31612345678\"]"),
        "nuncio.toml:18: inbound number 1, to: \"+31612345678\" stands there twice"
    );
    assert_eq!(
        of("account = \"shop\"\nto = [\"\"]"),
        "nuncio.toml:18: inbound number 1, to: \"\" is not a number, a short code or a name"
    );
    let one = "account = \"shop\"\nto = [\"12345\", \"54321\"]\nkeyword = \"VOTE\"";
    let same = "[[inbound]]\naccount = \"shop\"\nto = [\"54321\", \"12345\"]\nkeyword = \"vote\"";
    assert_eq!(
        of(&format!("{one}\n{same}")),
        "nuncio.toml:20: inbound number 2: nothing comes to it: the inbound at nuncio.toml:16 takes the same messages"
    );
    assert_eq!(
        of_carrier("redelivery_window = \"0s\""),
        "nuncio.toml:10: carrier \"acme\", redelivery_window: a time of zero is not meant for use"
    );
}

#[test]
fn the_daemon_is_checked_for_what_it_means() {
    let of = |text: &str| errors(&format!("{text}\n{SMALL}"));
    assert_eq!(
        of("[http]\nlisten = \"8080\""),
        "nuncio.toml:2: http.listen: \"8080\" is neither an address with its port, such as \"127.0.0.1:8080\", nor \"unix:/path\""
    );
    assert_eq!(of("[http]\nmax_body = \"1B\""), "nuncio.toml:2: http.max_body: 1 is not within 1024 and 67108864");
    assert!(
        of("[http]\ntls = { certificate = \"/nowhere\", key = \"/nowhere\" }")
            .contains("http.tls.key: /nowhere cannot be opened: ")
    );
    assert_eq!(
        of("[http]\ntls = { certificate = \"/dev/null\" }"),
        "nuncio.toml:2: http.tls.key: this key is required"
    );
    assert_eq!(
        of("[store]\ngather = \"2s\""),
        "nuncio.toml:2: store.gather: a message would wait longer than 1s for its commit"
    );
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let error = errors(&format!("[http\n{SMALL}"));
    assert!(error.starts_with("nuncio.toml:1: "), "{error}");
    let twice = errors(&SMALL.replace("routes = [8]", "routes = [8]\nroutes = [8]"));
    assert_eq!(twice, "nuncio.toml:6: duplicate key");
    let missing = errors_in_file(Path::new("/nowhere/nuncio.toml"));
    assert_eq!(missing, "/nowhere/nuncio.toml: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() {
    let text = SMALL
        .replace("routes = [8]", "routes = [8]\nregoin = \"NL\"\nactive = 1\nallow_from = [\"x\"]")
        .replace("password = \"secret\"", "password = \"secret\"\nwindow = \"9\"\nbinds = 0");
    let folder = Folder::with(&format!("{text}unknwon = \"hold\"\n"));
    let said = folder.read(&[]).unwrap_err();
    let keys: Vec<&str> = said.lines().map(|it| it.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        keys,
        [
            "account \"shop\", regoin",
            "account \"shop\", active",
            "account \"shop\", allow_from",
            "carrier \"acme\", window",
            "carrier \"acme\", binds",
            "route 8, unknwon",
        ]
    );
}
