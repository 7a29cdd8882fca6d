//! Apps, which verify numbers, and the keys of their codes.

use super::Folder;
use crate::api::port::kind::{PortKind, PortRole};
use crate::config::{Loaded, key_file};
use crate::message::channel::Channel;
use crate::message::id::AppId;
use crate::number::e164::E164;
use crate::verify::app::App;
use std::time::Duration;

/// A carrier, routes, an app with these lines in the place of those of the same key, and keys.
fn written(app: &str) -> String {
    let usual = [
        ("route", "8"),
        ("countries", "[\"NL\"]"),
        ("text", "{ en = \"{code} is your {brand} code.\" }"),
        ("brand", "\"Shop\""),
    ];
    let is_given = |key: &str| app.lines().any(|it| it.starts_with(&format!("{key} =")));
    let usual: String =
        usual.iter().filter(|it| !is_given(it.0)).map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!(
        "[[carrier]]\nid = \"acme\"\naddress = [\"127.0.0.1:2775\"]\nsystem_id = \"a\"\npassword = \"Zk7pQ2xw\"\n\
         [[route]]\nid = 8\nclass = \"otp\"\ncarriers = [\"acme\"]\n[[route]]\nid = 9\nclass = \"marketing\"\ncarriers = [\"acme\"]\n\
         [[app]]\nid = \"login\"\n{usual}{app}\n"
    )
}

fn folder(text: &str) -> Folder {
    let folder = Folder::with("");
    key_file::make(&folder.path("keys")).expect("keys are made");
    folder.write("nuncio.toml", &format!("{text}[keys]\nring_file = {:?}\n", folder.path("keys")));
    folder
}

fn loaded(app: &str) -> Loaded {
    folder(&written(app)).read(&[]).unwrap_or_else(|error| panic!("{error}")).loaded
}

/// What is said of it, without the file and the line.
fn said(app: &str) -> Vec<String> {
    let said = folder(&written(app)).read(&[]).err().unwrap_or_default();
    let behind = |it: &str| it.split_once("app \"login\", ").map_or(it, |it| it.1).to_owned();
    said.lines().map(behind).collect()
}

#[test]
fn an_app_has_what_is_written_and_else_what_is_usual() {
    let loaded = loaded("");
    let [app] = &loaded.plan.apps.values().collect::<Vec<_>>()[..] else { panic!("one app") };
    assert_eq!((app.form, app.lifetime, app.checks), (App::FORM, Duration::from_secs(300), 5));
    assert_eq!((app.resend_after, &*app.locale), (Duration::from_secs(30), "en"));
    assert!(app.reaches(Some("NL")) && !app.reaches(Some("DE")));
    assert_eq!(loaded.plan.keys.as_ref().map(|it| it.keys().len()), Some(1));
    let loaded = self::loaded(
        "code = { length = 8, alphabet = \"letters\" }\nlifetime = \"10m\"\nchecks = 3\nresend_after = \"1m\"\nresend = \"new\"\n\
         countries = [\"*\"]\nsender = \"SHOP\"\ntext = { nl = \"{code}\" }\nnotice = { nl = \"Zeg het niemand.\" }\n\
         domain = \"shop.example\"\napp_hash = \"FA+9qCX9VSu\"\ntest_numbers = { \"+31600000001\" = \"BCDFGHJK\" }",
    );
    let app = &loaded.plan.apps[&loaded.plan.app_named("login").map_or(AppId(0), |it| it.id)];
    assert_eq!((app.form.size(), app.lifetime, app.checks, &*app.locale), (8, Duration::from_secs(600), 3, "nl"));
    assert_eq!(app.test_numbers.get(&E164(31_600_000_001)).map(|it| it.expose()), Some("BCDFGHJK"));
    let said = app.says(Channel::Sms, "nl", &Default::default()).expect("it speaks Dutch");
    assert_eq!(said.text, "00000000\nZeg het niemand.\nFA+9qCX9VSu\n@shop.example #00000000");
    assert!(!format!("{loaded:?}").contains("BCDFGHJK"));
}

#[test]
fn what_is_wrong_with_an_app_is_said_at_its_key() {
    for (app, expected) in [
        ("route = 7", "route: there is no route 7"),
        ("route = 9", "route: route 9 is for marketing, and codes go by one for otp"),
        ("countries = []", "countries: name the countries that have customers"),
        ("countries = [\"nl\"]", "countries: \"nl\" is no country: two capital letters of ISO 3166"),
        ("countries = [\"UK\"]", "countries: \"UK\" is no country"),
        ("checks = 2", "checks: 2 is not within 3 and 10"),
        ("code = { length = 3 }", "code.length: 3 is not within 4 and 10"),
        ("lifetime = \"2h\"", "lifetime: 7200 s is not within 60 and 3600 s"),
        ("lifetime = \"1m\"\nresend_after = \"2m\"", "resend_after: 120 s is not within 1 and 60 s"),
        ("resend = \"old\"", "resend: unknown value \"old\"; known are same, new"),
        ("channels = [\"fax\"]", "channels: unknown value \"fax\"; known are sms, voice, whatsapp, email"),
        ("channels = [\"sms\", \"sms\"]", "channels: sms stands there twice"),
        ("channels = [\"voice\"]\nvoice = { route = 8 }", "channels: sms is one of them"),
        (
            "channels = [\"sms\", \"voice\"]",
            "voice: this key is required where channels has voice: voice = { route = 9 }",
        ),
        ("email = { route = 8 }", "email: channels does not have email"),
        ("auto_channel = true", "auto_channel: there is no other channel to take: see channels"),
        (
            "channels = [\"sms\", \"voice\"]\nvoice = { route = 9 }",
            "voice.route: route 9 is for marketing, and codes go by one for otp",
        ),
        (
            "channels = [\"sms\", \"voice\"]\nvoice = { route = 8, text = { nl = \"{code}\" } }",
            "voice.text: there is none in \"en\"",
        ),
        (
            "channels = [\"sms\", \"voice\"]\nvoice = { route = 8, text = { en = \"{code}\", nl = \"{code}\" } }",
            "voice.text.nl: there is no text in this language for sms",
        ),
        (
            "channels = [\"sms\", \"voice\"]\nvoice = { route = 8 }",
            "channels: route 8 has no receipt_window, so that nobody learns that sms brought nothing and the next is wanted",
        ),
        ("text = { en = \"no code\" }", "text.en: it has to say {code} once"),
        ("text = { x = \"{code}\" }", "text.x: \"x\" is no language, such as \"en\" or \"pt-BR\""),
        (
            "text = { de = \"{code}\", nl = \"{code}\" }",
            "locale: which of the languages is spoken to those who ask for none?",
        ),
        ("locale = \"fr\"", "locale: there is no text in \"fr\""),
        ("notice = { fr = \"Chut.\" }", "notice.fr: there is no text in this language"),
        ("brand = \"A brand of many words\"", "brand: a brand has 1 to 18 characters"),
        ("brand = \"evil.example\"", "brand: it may not look like a link"),
        ("domain = \"https://shop.example\"", "domain: it is the name of a site"),
        ("embedded_domain = \"a.example\"", "embedded_domain: it stands beside the domain of the page"),
        ("app_hash = \"short\"", "app_hash: it has 11 characters"),
        (
            "test_numbers = { \"+31600000001\" = \"12\" }",
            "test_numbers.+31600000001: its code does not look as codes of this app do",
        ),
        ("sender = \"much too long a name\"", "sender: "),
    ] {
        let said = said(app);
        assert!(said.iter().any(|it| it.starts_with(expected)), "{app}: {said:#?}");
        assert!(!said.concat().contains("= \"12\""), "a code is not said: {said:?}");
    }
}

#[test]
fn a_text_that_is_cut_in_two_is_refused_with_its_language_and_carrier() {
    let long = "é".repeat(100);
    let said = said(&format!("text = {{ en = \"{{code}}\", el = \"{long}Ω {{code}} κ {{name}}\" }}"));
    let expected = "text.el: the text, with the longest words, with its code and lines takes 3 SMS at carrier acme";
    assert_eq!(said, [expected]);
}

#[test]
fn apps_without_keys_are_refused_and_keys_are_not_said() {
    let said = Folder::with(&written("")).read(&[]).err().unwrap_or_default();
    assert!(said.contains("keys.ring_file: apps need keys for their codes: `nuncio keys new --file FILE`"), "{said}");
    let folder = folder(&written(""));
    folder.write("other", "1 2026-11-28T09:00:00Z abab\n");
    folder.write("nuncio.toml", &format!("{}[keys]\nring_file = {:?}\n", written(""), folder.path("other")));
    let said = folder.read(&[]).err().unwrap_or_default();
    assert!(said.contains("keys.ring_file: line 1 is no key") && !said.contains("abab"), "{said}");
}

/// An app that can call, with codes that live so long, behind a carrier of which no receipt comes for a minute.
fn with_voice(lifetime: &str) -> String {
    let app = format!("lifetime = {lifetime:?}\nchannels = [\"sms\", \"voice\"]\nvoice = {{ route = 8 }}");
    written(&app)
        .replace("carriers = [\"acme\"]\n[[route]]", "carriers = [\"acme\"]\nreceipt_window = \"60s\"\n[[route]]")
}

#[test]
fn windows_of_channels_fit_into_the_life_of_a_code() {
    let loaded = folder(&with_voice("61s")).read(&[]).unwrap_or_else(|error| panic!("{error}")).loaded;
    let app = loaded.plan.app_named("login").expect("it is there");
    assert_eq!(app.ways.iter().map(|it| it.channel).collect::<Vec<_>>(), [Channel::Sms, Channel::Voice]);
    let voice = app.says(Channel::Voice, "en", &Default::default()).expect("it speaks English");
    assert_eq!(voice.text, "0, 0, 0, 0, 0, 0 is your Shop code.");
    let error = folder(&with_voice("60s")).read(&[]).expect_err("the last channel is given a dead code");
    assert!(error.contains("lifetime: the last channel is offered after 60 s"), "{error}");
}

#[test]
fn a_port_says_where_it_listens_and_by_which_app() {
    let with = |port: &str| folder(&format!("{}{port}\n", written(""))).read(&[]).map(|it| it.loaded.ports);
    let ports = with(
        "[port.vonage-verify]\nlisten = \"127.0.0.1:8091\"\napp = \"login\"\n[port.twilio-verify]\nlisten = \"unix:/run/t.sock\"",
    );
    let shown: Vec<_> =
        ports.expect("they are right").into_iter().map(|(role, http)| (role, http.listen.to_string())).collect();
    let role = |kind, app: Option<&str>| PortRole { kind, app: app.map(Into::into) };
    let expected = [
        (role(PortKind::TwilioVerify, None), "unix:/run/t.sock".to_owned()),
        (role(PortKind::VonageVerify, Some("login")), "127.0.0.1:8091".to_owned()),
    ];
    assert_eq!(shown, expected);
    for (port, expected) in [
        ("[port.twilio-verify]", "port.twilio-verify.listen: this key is required"),
        (
            "[port.vonage-verify]\nlisten = \"127.0.0.1:1\"",
            "port.vonage-verify.app: this key is required: by which app codes go",
        ),
        (
            "[port.vonage-verify]\nlisten = \"127.0.0.1:1\"\napp = \"pay\"",
            "port.vonage-verify.app: there is no app \"pay\"",
        ),
        (
            "[port.twilio-verify]\nlisten = \"127.0.0.1:1\"\napp = \"login\"",
            "port.twilio-verify.app: requests name it: a service of theirs is an app, by its id",
        ),
        (
            "[port.twilio-verify]\nlisten = \"127.0.0.1:8080\"",
            "port.twilio-verify.listen: 127.0.0.1:8080 is taken: [http] listens on 127.0.0.1:8080",
        ),
        (
            "[port.twilio-verfy]\nlisten = \"127.0.0.1:1\"",
            "port.twilio-verfy: unknown port; did you mean twilio-verify?",
        ),
    ] {
        let error = with(port).expect_err(port);
        assert!(error.contains(expected), "{port}: {error}");
    }
}

#[test]
fn a_profile_names_each_rule_that_an_app_breaks_at_its_key() {
    let kept = "profile = \"nist-800-63b\"\nnotice = { en = \"Log in with it, and tell it nobody.\" }\nalternative = \"totp\"\n\
                risk = { accepted = \"an account holds no money\" }\n";
    let guard = |lines: &str| {
        let text = format!("{}\n[guard]\n{lines}\n", written(kept));
        folder(&text).read(&[]).err().unwrap_or_default()
    };
    assert_eq!(said(kept), Vec::<String>::new());
    for (was, is, expected) in [
        ("profile = \"nist-800-63b\"", "profile = \"nist\"", "profile: unknown value \"nist\"; known are nist-800-63b"),
        (
            "alternative",
            "code = { length = 5 }\nalternative",
            "code.length: profile nist-800-63b: a code has 6 characters",
        ),
        (
            "alternative",
            "lifetime = \"11m\"\nalternative",
            "lifetime: profile nist-800-63b: a code lives for 600 s at most",
        ),
        ("notice", "text = { en = \"{code}\", nl = \"{code}\" }\nnotice", "notice: profile nist-800-63b: it says what"),
        ("\"totp\"", "\"none\"", "alternative: profile nist-800-63b: who uses a restricted way offers another"),
        ("an account holds no money", "yes", "risk: profile nist-800-63b: the risk is looked at"),
    ] {
        let said = said(&kept.replacen(was, is, 1));
        assert!(said.len() == 1 && said[0].starts_with(expected), "{expected}: {said:?}");
    }
    for (lines, expected) in [
        (
            "wrong_guesses_per_phone = \"101/1d\"",
            "guard.wrong_guesses_per_phone: profile nist-800-63b: it is enforced, with 100",
        ),
        ("mode = { wrong_guesses = \"shadow\" }", "guard.wrong_guesses_per_phone: profile"),
        ("lines = [\"premium\"]", "guard.lines: profile nist-800-63b: line is enforced, and has voip"),
        ("mode = { line = \"off\" }", "guard.lines: profile"),
    ] {
        let error = guard(lines);
        assert!(error.contains(expected), "{lines}: {error}");
    }
}

#[test]
fn a_number_for_tests_is_nobodys() {
    let said = said("test_numbers = { \"+31612345678\" = \"123456\" }");
    assert!(
        said[0].starts_with("test_numbers.+31612345678: somebody may have this number, and would be let in"),
        "{said:?}"
    );
}
