//! Where we listen, and what is slipped into a file by those who edit it.

use super::{Folder, SMALL, errors};

/// What is wrong, and what may not be meant, of listeners.
fn said(http: &str, admin: &str, tls: &str) -> (String, Vec<String>) {
    let folder = Folder::with(&format!("[http]\nlisten = \"{http}\"\n{tls}\n[admin]\nlisten = \"{admin}\"\n{SMALL}"));
    match folder.read(&[]) {
        Ok(draft) => (String::new(), draft.warnings().iter().map(|it| folder.short(&it.to_string())).collect()),
        Err(wrong) => (wrong, Vec::new()),
    }
}

#[test]
fn two_listeners_have_two_addresses() {
    for (http, admin) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "[::]:8080"),
        ("unix:/run/nuncio.sock", "unix:/run/nuncio.sock"),
    ] {
        let wrong = said(http, admin, "").0;
        assert_eq!(wrong, format!("nuncio.toml:5: admin.listen: {admin} is taken: [http] listens on {http}"));
    }
    for (http, admin) in [
        ("127.0.0.1:8080", "127.0.0.1:8081"),
        ("127.0.0.1:8080", "127.0.0.2:8080"),
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("unix:/run/a.sock", "unix:/run/b.sock"),
    ] {
        assert_eq!(said(http, admin, ""), (String::new(), Vec::new()), "{http} {admin}");
    }
    let outbind = SMALL.replace(
        "address = [\"127.0.0.1:2775\"]",
        "outbind = { listen = \"0.0.0.0:8081\", system_id = \"a\", password = \"b\" }",
    );
    assert!(errors(&outbind).contains("outbind.listen: 0.0.0.0:8081 is taken: [admin] listens on 127.0.0.1:8081"));
}

#[test]
fn what_other_machines_reach_without_tls_is_a_warning() {
    for open in ["0.0.0.0:8080", "[::]:8080", "192.0.2.7:8080"] {
        let (wrong, warnings) = said(open, "127.0.0.1:8081", "");
        assert_eq!((wrong.as_str(), warnings.len()), ("", 1), "{open}");
        let words = format!("nuncio.toml:2: http.listen: {open} can be reached from other machines and has no TLS");
        assert!(warnings[0].starts_with(&words) && warnings[0].contains("set tls"), "{warnings:?}");
        let warnings = said("127.0.0.1:8080", open.replace("8080", "8081").as_str(), "").1;
        assert!(warnings.len() == 1 && warnings[0].contains("admin.listen"), "{warnings:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let tls = format!("tls = {{ certificate = {0:?}, key = {0:?} }}", file.path().to_str().unwrap());
    assert_eq!(said("0.0.0.0:8080", "[::1]:8081", &tls), (String::new(), Vec::new()));
}

#[test]
fn a_value_without_quotes_is_told_how_to_be_written_and_not_repeated() {
    for (line, key) in
        [("password = hunter2", "password"), ("pace = 200/s", "pace"), ("enquire_link = 60s", "enquire_link")]
    {
        let key_line = |it: &&str| !it.starts_with(key);
        let text: Vec<&str> = SMALL.lines().filter(key_line).collect();
        let wrong = errors(&text.join("\n").replace("system_id =", &format!("{line}\nsystem_id =")));
        assert!(
            wrong.contains(&format!("the value of {key} is a text and stands in quotes: {key} = \"…\"")),
            "{wrong}"
        );
        assert!(!wrong.contains("hunter2") && wrong.lines().count() == 1, "{wrong}");
    }
    // What is wrong in another way is not told so.
    assert!(!errors("id = [1\n").contains("in quotes"));
}

#[test]
fn an_address_of_a_carrier_has_no_scheme() {
    let wrong = errors(&SMALL.replace("127.0.0.1:2775", "ssmpp://smpp.acme.example:3550"));
    let words = "address: \"ssmpp://smpp.acme.example:3550\": an address is a host and a port without a scheme: write \"smpp.acme.example:3550\", and tls = true beside it";
    assert!(wrong.ends_with(words), "{wrong}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_what_stands_behind_it() {
    let folder = Folder::with("");
    folder.write("secret", "\u{feff}geheim\r\n");
    folder.write("prefixes.csv", "\u{feff}31610,NL,KPN\n");
    folder.write("dnd.csv", "\u{feff}+31612345678\n");
    let quoted = |name: &str| format!("{:?}", folder.path(name).to_str().unwrap());
    let text = SMALL.replace("password = \"secret\"", &format!("password_file = {}", quoted("secret")));
    let more = format!(
        "\n[numbers]\nprefixes_file = {}\n[opt_out]\nsuppressions_file = {}\n",
        quoted("prefixes.csv"),
        quoted("dnd.csv")
    );
    folder.write("nuncio.toml", &format!("\u{feff}{text}{more}"));
    let loaded = folder.read(&[]).unwrap().loaded;
    assert_eq!(&**loaded.links[0].credentials.password.expose(), "geheim");
    assert!(loaded.plan.networks.has("KPN"));
}
