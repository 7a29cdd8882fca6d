//! What a configuration means, and what is said of one that is wrong.

mod documented;
mod http;
mod layers;
mod refused;

use crate::config::{Draft, Environment, Loaded, read_in};
use crate::message::id::{AccountId, CarrierId};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with a configuration in it.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("nuncio.toml", text);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, environment: &[(&str, &str)]) -> Result<Draft, String> {
        let environment: Environment =
            environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        read_in(&self.path("nuncio.toml"), environment).map_err(|error| self.short(&error.to_string()))
    }

    /// Messages without the path of the folder, which is another each time.
    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn loaded(text: &str) -> Loaded {
    Folder::with(text).read(&[]).unwrap_or_else(|error| panic!("{error}")).loaded
}

fn errors(text: &str) -> String {
    Folder::with(text).read(&[]).err().unwrap_or_default()
}

fn errors_in_file(path: &Path) -> String {
    read_in(path, Environment::new()).err().map(|it| it.to_string()).unwrap_or_default()
}

/// The least that carries messages.
const SMALL: &str = r#"
[[account]]
id = "shop"
key_sha256 = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
routes = [8]

[[carrier]]
id = "acme"
address = ["127.0.0.1:2775"]
system_id = "nuncio"
password = "secret"

[[route]]
id = 8
carriers = ["acme"]
"#;

#[test]
fn names_get_their_numbers_from_the_store() {
    let draft = Folder::with(SMALL).read(&[]).unwrap();
    let loaded = draft.compile(|_, name| Ok::<u16, std::fmt::Error>(if name == "acme" { 7 } else { 3 })).unwrap();
    assert_eq!(loaded.plan.carriers.keys().collect::<Vec<_>>(), [&CarrierId(7)]);
    assert_eq!(loaded.plan.accounts.keys().collect::<Vec<_>>(), [&AccountId(3)]);
    assert_eq!(loaded.plan.routes.values().next().unwrap().carriers, [CarrierId(7)]);
    assert_eq!(loaded.links[0].id.carrier, CarrierId(7));
    let failed = draft.compile(|_, _| Err(std::fmt::Error));
    assert_eq!(failed.unwrap_err().to_string(), "the names of accounts and carriers could not be kept");
}

#[test]
fn a_split_carrier_has_its_transmitters_first() {
    use crate::smpp::bind::BindKind::{Receiver, Transmitter};
    let text = SMALL.replace("password =", "bind = \"split\"\nbinds = 2\npassword =");
    let loaded = loaded(&text);
    let kinds: Vec<_> = loaded.links.iter().map(|it| (it.id.bind, it.kind)).collect();
    assert_eq!(kinds, [(0, Transmitter), (1, Transmitter), (2, Receiver), (3, Receiver)]);
    assert_eq!(loaded.plan.carriers.values().next().unwrap().links, 2);
}

#[test]
fn everything_that_a_carrier_can_be_told_arrives_at_its_link() {
    use crate::carrier::dialect::{IdForm, Numbering, ReceiptsAsked};
    use crate::message::{attempt::Answer, money::Money, reason::Reason};
    let loaded = loaded(include_str!("../../../fixtures/config/whole.toml"));
    let link = &loaded.links[1];
    assert_eq!((link.id.bind, link.addresses.len(), link.ahead, link.session.window), (1, 2, 20, 50));
    assert_eq!(link.local_address, Some([127, 0, 0, 1].into()));
    assert_eq!((link.session.enquire_link, link.session.inactivity.map(|it| it.as_secs())), (None, Some(300)));
    let bind = link.credentials.bind();
    assert_eq!((bind.interface_version, bind.addr_ton, bind.address_range.as_bytes()), (0x50, 1, &b"^12"[..]));
    assert_eq!(bind.password.as_bytes(), b"secret");
    let dialect = &link.dialect;
    assert_eq!(dialect.source, Numbering { ton: None, npi: Some(0) });
    assert_eq!(dialect.destination, Numbering { ton: Some(1), npi: Some(1) });
    assert_eq!(
        (dialect.message_id, dialect.receipts, dialect.receipt_offset),
        (IdForm::RespHex, ReceiptsAsked::First, 19_800)
    );
    assert_eq!(dialect.answers.get(&0x0B), Some(&Answer::Never));
    assert_eq!(dialect.reasons.get("027"), Some(&Reason::AbsentSubscriber));
    assert_eq!(dialect.cost.as_ref().and_then(|it| it.countries.get("NL").copied()), Some(Money(29_000)));
    assert_eq!((dialect.mo.reassembly_timeout.as_secs(), dialect.mo.redelivery_window), (120, None));
    let inbound = &loaded.plan.inbound[..];
    assert!(matches!(inbound, [it] if *it.to == ["12345".into(), "31612345678".into()] && it.carrier.is_some()));
    assert_eq!(inbound[0].keyword.as_deref(), Some("vote"));
    let carrier = loaded.plan.carriers.values().next().unwrap();
    assert_eq!((carrier.links, carrier.pace, carrier.pace_per_link), (2, Some(200.0), None));
    let account = loaded.plan.accounts.values().next().unwrap();
    assert!(account.allow_from[0].contains(u128::from(std::net::Ipv4Addr::new(127, 9, 9, 9).to_ipv6_mapped())));
    assert!(!account.allow_from[0].contains(u128::from(std::net::Ipv4Addr::new(128, 0, 0, 1).to_ipv6_mapped())));
    assert_eq!(account.currency.map(|it| it.to_string()).as_deref(), Some("EUR"));
}

#[test]
fn a_password_comes_from_where_it_is_kept_and_is_never_printed() {
    for (line, environment) in [
        ("password_file = \"FOLDER/secret\"", None),
        ("password_env = \"ACME_PASSWORD\"", Some(("ACME_PASSWORD", "hunter2".to_owned()))),
        ("password_credential = \"secret\"", Some(("CREDENTIALS_DIRECTORY", "FOLDER".to_owned()))),
    ] {
        let folder = Folder::with("");
        let here = folder.0.path().display().to_string();
        folder.write("secret", "hunter2\n");
        folder.write("nuncio.toml", &SMALL.replace("password = \"secret\"", &line.replace("FOLDER", &here)));
        let environment = environment.map(|(name, value)| (name, value.replace("FOLDER", &here)));
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let loaded = folder.read(&environment).unwrap().loaded;
        assert_eq!(&**loaded.links[0].credentials.password.expose(), "hunter2");
        assert!(!format!("{loaded:?}").contains("hunter2"));
    }
    let draft = Folder::with(SMALL).read(&[]).unwrap();
    assert!(!format!("{draft:?} {:?}", draft.schema).contains("\"secret\""));
}
