//! What is said of a carrier over HTTP that is wrong, and the examples that are right.

use super::{SMALL, errors, errors_in_file, loaded};
use crate::carrier::dialect::ReceiptsAsked;
use std::path::Path;

/// A carrier over HTTP beside the small file's; a line takes the place of the one with its key, or is added.
fn with(section: &str, line: &str) -> String {
    let tables = [
        ("", "id = \"web\"\nkind = \"http\"\nurl = \"http://127.0.0.1:8000/send\"\n"),
        ("request", "format = \"json\"\nbody = '{\"to\":\"{to}\"}'\n"),
        ("answer", "id = \"/id\"\n"),
        ("receipt", "secret = \"0123456789abcdef\"\n"),
    ];
    let key = line.split(' ').next().unwrap();
    let mut text = format!("{SMALL}\n[[carrier]]\n");
    for (name, lines) in tables {
        if !name.is_empty() {
            text += &format!("[carrier.{name}]\n");
        }
        for own in lines.lines().filter(|it| name != section || !it.starts_with(&format!("{key} "))) {
            text += &format!("{own}\n");
        }
        if name == section && !line.ends_with("absent") {
            text += &format!("{line}\n");
        }
    }
    text
}

/// What is said, without file and line.
fn said(section: &str, line: &str) -> String {
    let said = errors(&with(section, line));
    let bare = said.lines().map(|it| it.split_once(": carrier \"web\", ").map_or(it, |it| it.1));
    bare.collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_is_needed_is_little() {
    assert_eq!(errors(&with("", "window = 3")), "");
    let loaded = loaded(&with("", "window = 3"));
    assert_eq!((loaded.http_links.len(), loaded.links.len()), (1, 1));
    assert_eq!(loaded.http_links[0].window, 3);
    let receipts = |text: &str| super::loaded(text).http_links[0].dialect.receipts;
    let deaf = with("", "window = 3").replace("[carrier.receipt]\nsecret = \"0123456789abcdef\"\n", "");
    assert_eq!((receipts(&with("", "window = 3")), receipts(&deaf)), (ReceiptsAsked::All, ReceiptsAsked::None));
}

#[test]
fn where_an_id_ends_may_be_said() {
    use crate::carrier::http::answer::{Id, Mark};
    let id = |more: &str| {
        let text = with("answer", &format!("id_after = \"OK:\"{more}")).replace("id = \"/id\"\n", "");
        loaded(&text).http_links[0].answers.id.clone()
    };
    assert_eq!(id(""), Id::After(Mark::usual("OK:")));
    assert_eq!(id("\nid_until = \"/\""), Id::After(Mark { text: "OK:".into(), until: "/".into() }));
}

#[test]
fn each_slip_is_named_with_its_key() {
    let table = [
        ("", "url absent", "url: this key is required"),
        ("", "url = \"ftp://x\"", "url: is not an address that begins with http:// or https://"),
        ("", "url = \"http://:80/\"", "url: \":80\" is not a host, or a host and a port"),
        ("", "url = \"http://a:99999/\"", "url: \"a:99999\" is not a host, or a host and a port"),
        (
            "",
            "url = \"http://a/x y\"",
            "url: has something other than printable ASCII behind its host; write %20 for a blank",
        ),
        ("", "url = \"http://a/{too}\"", "url: unknown placeholder {too}; did you mean to?"),
        ("", "tls = true", "tls: contradicts the url, which begins with http://"),
        ("", "enquire_link = \"30s\"", "enquire_link: is a key of carriers whose kind is \"smpp\""),
        ("", "address = [\"a:1\"]", "address: is a key of carriers whose kind is \"smpp\""),
        ("", "password = \"t\\u00e9\"", "password: has characters that are not printable ASCII"),
        ("", "ahead = 11", "ahead: 11 is not within 0 and 10"),
        ("", "reconnect = { refused = \"9s\" }", "reconnect.refused: is of binds: there are none over HTTP"),
        (
            "",
            "reconnect = { already_bound = \"9s\" }",
            "reconnect.already_bound: is of binds: there are none over HTTP",
        ),
        ("request", "body = '{\"to\":\"{tto}\"}'", "request.body: unknown placeholder {tto}; did you mean to?"),
        ("request", "method = \"GET\"", "request.body: GET has no body; set method, or put the fields into the url"),
        ("request", "headers = { \"a b\" = \"x\" }", "request.headers.a b: is not a header of HTTP"),
        ("request", "headers = { Host = \"x\" }", "request.headers.Host: is a header that nuncio writes itself"),
        ("request", "headers = { X = \"{text}\" }", "request.headers.X: {text} may not stand in a header"),
        ("request", "element = '{to}'", "request.element: stands in no body: write {elements} there"),
        ("request", "body = '[{elements}]'", "request.body: {elements} needs element, which it repeats"),
        ("request", "encodings = { gsm = \"x\" }", "request.encodings.gsm: unknown alphabet; did you mean gsm7?"),
        (
            "request",
            "body = '{\"u\":\"{receipt_url}\"}'",
            "request: {receipt_url} stands in a template: set receipt.url and receipt.secret",
        ),
        ("answer", "id_until = \":\"", "answer.id_until: needs id_after, behind which the id stands"),
        ("answer", "id = \"id\"", "answer.id: \"id\" is no JSON pointer: "),
        ("answer", "id_after = \"ID:\"", "answer.id_after: id and id_after exclude each other"),
        ("answer", "codes = { \"0\" = \"taken\" }", "answer.codes: needs code, which says where a code stands"),
        ("answer", "statuses = { \"6xx\" = \"never\" }", "answer.statuses.6xx: not a status of HTTP such as"),
        (
            "answer",
            "statuses = { \"500\" = \"nevr\" }",
            "answer.statuses.500: unknown value \"nevr\"; did you mean never?",
        ),
        ("receipt", "secret absent", "receipt.secret: this key is required, or one of secret_file, secret_env and"),
        ("receipt", "secret = \"short\"", "receipt.secret: a secret has 16 to 128 letters, digits and"),
        ("receipt", "secret = 1234567890123456", "receipt.secret: expected a text in quotes"),
        ("receipt", "elements = \"x\"", "receipt.elements: \"x\" is no JSON pointer: "),
        ("receipt", "statuses = { ok = \"DONE\" }", "receipt.statuses.ok: unknown value \"DONE\"; known are"),
        ("receipt", "url = \"sms.example\"", "receipt.url: is not an address that begins with http:// or https://"),
        ("receipt", "word = \"x\"", "receipt.word: unknown key; known are"),
    ];
    let said = table.map(|(section, line, expected)| (said(section, line), expected));
    let wrong: Vec<_> = said.iter().filter(|(it, expected)| !it.starts_with(expected) || it.contains(" | ")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let smpp = errors(&SMALL.replace("system_id =", "url = \"http://a/\"\nsystem_id ="));
    assert_eq!(smpp, "nuncio.toml:10: carrier \"acme\", url: is a key of carriers whose kind is \"http\"");
}

#[test]
fn a_body_that_is_no_json_once_it_is_filled_is_refused() {
    for body in [r#"{"to":{text}}"#, r#"{"to":"{to}"#, r#"{"to":"{to}",}"#] {
        let said = said("request", &format!("body = '{body}'"));
        assert!(said.starts_with("request.body: is no JSON once it is filled"), "{body}: {said}");
    }
    assert_eq!(said("request", r#"body = '{"n":{parts},"to":{to_digits},"t":{"x":[{}]}}'"#), "");
}

#[test]
fn a_request_for_several_recipients_tells_them_apart() {
    let request = |more: &str| {
        let lines = "element = '\"{to}\"'\nbody = '{\"to\":[{elements}],\"id\":\"{id}\"}'";
        errors(&with("request", &format!("batch = 10\n{lines}\n{more}")).replace("body = '{\"to\":\"{to}\"}'\n", ""))
    };
    assert!(request("").contains("request.batch: {id} is of one recipient and stands outside element"));
    let header = with("request", "batch = 10\nelement = '\"{to}\"'\nheaders = { X-Id = \"{id}\" }")
        .replace("{\"to\":\"{to}\"}", "{\"to\":[{elements}]}");
    assert!(errors(&header).contains("request.batch: {id} is of one recipient and stands outside element"), "{header}");
    assert!(request("").contains("answer.id: every recipient of a request would get the same id"));
    let wide = with("request", "batch = 500").replace("url =", "window = 21\nurl =");
    assert!(errors(&wide).contains("batch: several recipients need element, which the body repeats for each"));
    assert!(errors(&with("request", "batch = 501")).contains("request.batch: 501 is not within 1 and 500"));
    assert!(errors(&wide).contains("window: times batch is more than 10000 messages"));
}

#[test]
fn a_route_that_needs_a_registration_needs_carriers_that_are_told_of_it() {
    let of = |route: &str, body: &str| {
        let text = with("", "window = 3").replace("carriers = [\"acme\"]", &format!("carriers = [\"web\"]\n{route}"));
        errors(&text.replace("{\"to\":\"{to}\"}", body))
    };
    let (required, told) = ("dlt = { required = true }", "{\"e\":\"{dlt_entity}\",\"t\":\"{dlt_template}\"}");
    let said = of(required, "{\"e\":\"{dlt_entity}\"}");
    assert!(
        said.ends_with("dlt: carrier \"web\" is not told it: its request lacks {dlt_entity} or {dlt_template}"),
        "{said}"
    );
    assert_eq!((of(required, told), of("dlt = { entity = \"1\" }", "{}")), (String::new(), String::new()));
}

#[test]
fn a_lookup_is_read_with_its_defaults_and_its_slips_are_named() {
    let with = |lines: &str| format!("[lookup]\n{lines}\n{SMALL}");
    let url = "url = \"http://a:81/{to_digits}\"";
    let lookup = loaded(&with(url)).lookup.unwrap();
    assert_eq!((&*lookup.address, lookup.timeout.as_secs(), lookup.refuse_unanswered), ("a:81", 2, false));
    assert_eq!((&lookup.on[..], &*lookup.refuse[0]), (&[crate::message::class::Class::Otp][..], "landline"));
    assert_eq!(loaded(SMALL).lookup, None);
    let table = [
        ("timeout = \"1s\"", "lookup.url: this key is required"),
        ("url = \"http://a/x\"", "lookup.url: does not say which number: write {to} or {to_digits} there"),
        ("url = \"http://a/{to}/{text}\"", "lookup.url: {text} is of messages; a number alone is asked about"),
        ("default = \"deny\"", "lookup.default: unknown value \"deny\"; known are pass, refuse"),
        ("on = [\"sms\"]", "lookup.on: unknown value \"sms\"; known are otp, transactional, marketing"),
        ("timeout = \"21s\"", "lookup.timeout: a request would wait longer than 20s for its answer"),
        ("line_type = \"type\"", "lookup.line_type: \"type\" is no JSON pointer"),
        ("cache = 0", "lookup.cache: 0 is not within 1 and 10000000"),
    ];
    for (line, expected) in table {
        let lines = if line.starts_with("url") || expected.contains("required") {
            line.to_owned()
        } else {
            format!("{url}\n{line}")
        };
        let said = errors(&with(&lines));
        assert!(said.contains(expected) && said.lines().count() == 1, "{line}: {said}");
    }
}

#[test]
fn every_example_is_right() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir("config/examples").unwrap() {
        let path = entry.unwrap().path();
        let said = errors_in_file(Path::new(&path));
        assert_eq!(said, "", "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["email.toml", "kannel.toml", "twilio.toml", "vonage.toml", "whatsapp.toml"]);
}

#[test]
fn the_answers_of_each_example_mean_what_its_carrier_says() {
    use crate::carrier::dialect::Dialect;
    use crate::carrier::http::answer::RawResponse;
    use crate::message::attempt::Answer::{Elsewhere, Later, Never, Taken, Unknown};
    let answer = |example: &str, status, body: &str| {
        let text = std::fs::read_to_string(format!("config/examples/{example}.toml")).unwrap();
        let reply = RawResponse { status, retry_after: false, body: Some(body.as_bytes()) };
        let reading = loaded(&text).http_links[0].answers.read(&reply, &Dialect::default(), &["key".to_owned()]);
        (reading.answered[0].answer, reading.lack.is_some())
    };
    let page = "<html><body>Please log in</body></html>";
    for (example, status, body, expected) in [
        ("email", 202, "", (Taken, false)),
        ("kannel", 202, "0: Accepted for delivery", (Taken, false)),
        ("kannel", 202, "3: Queued for later delivery", (Taken, false)),
        ("kannel", 503, "Temporal failure, try again later.", (Later, false)),
        ("twilio", 201, r#"{"sid":"SM1","status":"queued","error_code":null}"#, (Taken, false)),
        ("twilio", 400, r#"{"code":21211,"message":"not a number"}"#, (Never, false)),
        ("twilio", 201, r#"{"sid":null}"#, (Unknown, true)),
        ("twilio", 200, page, (Unknown, true)),
        ("vonage", 200, r#"{"message-count":"1","messages":[{"status":"0","message-id":"x"}]}"#, (Taken, false)),
        ("vonage", 200, r#"{"messages":[{"status":"1"}]}"#, (Later, false)),
        ("vonage", 200, r#"{"messages":[{"status":"9"}]}"#, (Elsewhere, false)),
        ("vonage", 200, r#"{"messages":[]}"#, (Elsewhere, true)),
        ("vonage", 200, page, (Unknown, true)),
        ("whatsapp", 200, r#"{"messages":[{"id":"wamid.1"}]}"#, (Taken, false)),
        ("whatsapp", 400, r#"{"error":{"code":131026}}"#, (Elsewhere, false)),
        ("whatsapp", 200, r#"{"messages":[]}"#, (Elsewhere, true)),
        ("whatsapp", 200, page, (Unknown, true)),
    ] {
        assert_eq!(answer(example, status, body), expected, "{example}: {body}");
    }
}
