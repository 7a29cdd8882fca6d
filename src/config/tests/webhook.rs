//! Endpoints: what is told to whom, and what is refused before anything is.

use super::{Folder, SMALL, errors};
use crate::message::time::Time;
use crate::record::event::EventKind;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What is wrong with an endpoint; SECRET stands for the path of a file with this text.
fn of_endpoint(webhook: &str, secret: &str) -> String {
    let folder = Folder::with("");
    folder.write("secret", secret);
    let path = folder.path("secret").display().to_string();
    let line = format!("webhook = {}\n", webhook.replace("SECRET", &path));
    folder.write("nuncio.toml", &SMALL.replacen("key_sha256", &format!("{line}key_sha256"), 1));
    folder.read(&[]).err().unwrap_or_default()
}

#[test]
fn endpoints_are_told_what_is_written_and_the_usual_where_nothing_is() {
    let folder = Folder::with("");
    folder.write("secret", &format!("{SECRET}\n{SECRET}\n"));
    let path = folder.path("secret").display().to_string();
    let list = format!(
        "webhook = [{{ url = \"https://a.example/x?key=y\", secret_file = \"{path}\" }}, \
         {{ url = \"http://b.example\", secret_file = \"{path}\", types = [\"message.sent\"], payload = \"thin\", batch = 100, in_flight = 64 }}]\n"
    );
    folder.write("nuncio.toml", &SMALL.replacen("key_sha256", &format!("{list}key_sha256"), 1));
    let loaded = folder.read(&[]).unwrap().loaded;
    let [a, b] = &loaded.webhooks[..] else { panic!("two: {:?}", loaded.webhooks) };
    assert_eq!(
        (&*a.name, &**a.path.expose(), &*a.target.addresses[0]),
        ("https://a.example/x", "/x?key=y", "a.example:443")
    );
    let told =
        |of: &crate::webhook::options::EndpointOptions| EventKind::TOLD.iter().filter(|it| of.kinds.has(**it)).count();
    assert_eq!((told(a), a.kinds.has(EventKind::MessageSent)), (EventKind::TOLD.len() - 1, false));
    assert_eq!((told(b), b.kinds.has(EventKind::MessageSent), b.form.is_thin), (1, true, true));
    assert_eq!((a.limits.in_flight, a.limits.batch, b.limits.in_flight, b.limits.batch), (8, 1, 64, 100));
    assert_eq!((a.keys.len(), a.keys[0].until), (2, Time::NEVER));
    assert_ne!(a.keys[1].until, Time::NEVER, "the older one signs for a while");
    assert_ne!(a.id, b.id);
    assert!(loaded.plan.accounts.values().all(|it| it.hears_of_sent));
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("key=y") && !shown.contains(&SECRET[6..]), "{shown}");
}

#[test]
fn endpoints_are_checked_for_what_they_mean() {
    let good = "{ url = \"https://a.example\", secret_file = \"SECRET\" }";
    assert_eq!(of_endpoint(good, SECRET), "");
    let with = |more: &str| good.replace(" }", &format!(", {more} }}"));
    for (webhook, secret, said) in [
        (
            "{ url = \"https://a.example\" }".to_owned(),
            SECRET,
            "secret_file: this key is required: what is told is signed",
        ),
        (good.replace("SECRET", "/nowhere"), SECRET, "secret_file: /nowhere cannot be read"),
        (good.to_owned(), "", "secret_file: secret holds 0 secrets; one or two may be live"),
        (
            good.to_owned(),
            "whsec_c2hvcnQ=",
            "secret_file: line 1 of secret has 5 octets, and a shared secret has 24 to 64",
        ),
        (good.to_owned(), "a secret", "secret_file: line 1 of secret begins neither with whsec_ nor with whsk_"),
        (good.replace("https", "ftp"), SECRET, "url: is not an address that begins with http:// or https://"),
        (good.replace("a.example", "me:you@a.example"), SECRET, "url: \"me:you@a.example\" is not a host"),
        (good.replace("a.example", "a.example:25"), SECRET, "url: port 25 is one of another service"),
        (
            with("types = [\"message.delivred\"]"),
            SECRET,
            "types: unknown value \"message.delivred\"; did you mean message.delivered?",
        ),
        (with("types = []"), SECRET, "types: names no type"),
        (with("batch = 101"), SECRET, "batch:"),
        (with("in_flight = 0"), SECRET, "in_flight:"),
        (with("grace = \"8d\""), SECRET, "grace: is longer than 7d"),
        (with("payload = \"small\""), SECRET, "payload: unknown value \"small\""),
        (with("allow_networks = [\"inside\"]"), SECRET, "allow_networks: \"inside\" is not a network"),
        (with("secret = \"x\""), SECRET, "secret"),
        (format!("[{good}, {good}]"), SECRET, "this account has an endpoint with this url already"),
    ] {
        let found = of_endpoint(&webhook, secret);
        assert!(found.contains(said) && found.contains("account \"shop\", webhook"), "{said}: {found}");
        assert!(!found.contains(&SECRET[6..]) && !found.contains("a secret "), "no secret is shown: {found}");
    }
    assert!(
        errors(&SMALL.replacen("key_sha256", "webhook = 1\nkey_sha256", 1))
            .contains("expected a table, or a list of tables")
    );
}
