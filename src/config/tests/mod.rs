//! What a configuration means, and what is said of one that is wrong.

mod accounts;
mod apps;
mod guards;
mod calendar;
mod cdr;
mod documented;
mod http;
mod layers;
mod listeners;
mod money;
mod refused;
mod reload;
mod routing;
mod sandbox;
mod senders;
mod webhook;

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
    use crate::message::{attempt::Answer, money::Money, reason::Reason, status::Status};
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
    let meanings = ["NoCred", "pending", "DELIVRD"].map(|it| dialect.status_of(it));
    assert_eq!(meanings, [Some(Status::Failed), Some(Status::Sent), None]);
    assert_eq!(dialect.reasons.get("027"), Some(&Reason::AbsentSubscriber));
    assert_eq!(dialect.cost.as_ref().and_then(|it| it.countries.get("NL").copied()), Some(Money(29_000)));
    assert_eq!((dialect.mo.reassembly_timeout.as_secs(), dialect.mo.redelivery_window), (120, None));
    let inbound = &loaded.plan.inbound[..];
    assert!(matches!(inbound, [it] if *it.to == ["12345".into(), "31612345678".into()] && it.carrier.is_some()));
    assert_eq!(inbound[0].keyword.as_deref(), Some("vote"));
    let mut carriers = loaded.plan.carriers.values();
    let (carrier, other) = (carriers.next().unwrap(), carriers.next().unwrap());
    assert!(other.breaker.is_none() && other.retired);
    assert_eq!((carrier.links, carrier.pace, carrier.pace_per_link), (2, Some(200.0), None));
    let breaker = carrier.breaker.unwrap();
    assert_eq!((breaker.ratio, breaker.sample, breaker.window.as_secs(), breaker.open.as_secs()), (0.2, 50, 30, 10));
    assert!(!carrier.retired);
    let account = loaded.plan.accounts.values().next().unwrap();
    assert!(account.allow_from[0].contains(u128::from(std::net::Ipv4Addr::new(127, 9, 9, 9).to_ipv6_mapped())));
    assert!(!account.allow_from[0].contains(u128::from(std::net::Ipv4Addr::new(128, 0, 0, 1).to_ipv6_mapped())));
    assert_eq!(account.currency.map(|it| it.to_string()).as_deref(), Some("EUR"));
}

#[test]
fn everything_that_a_route_can_be_told_arrives_in_the_plan() {
    use crate::message::{money::Money, source::Source};
    use crate::number::e164::E164;
    use crate::route::{plan::CarrierOrder, table::Destination};
    let loaded = loaded(include_str!("../../../fixtures/config/whole.toml"));
    let of = |name| loaded.plan.carriers.values().find(|it| &*it.name == name).unwrap().id;
    let (acme, beta) = (of("acme"), of("beta"));
    let route = loaded.plan.routes.values().next().unwrap();
    assert_eq!((&route.carriers[..], &route.weights[..]), (&[acme, beta][..], &[70.5, 30.0][..]));
    let by_country = |number| route.carriers_by_country.get(&Destination::of(E164(number))).map(|it| it.to_vec());
    assert_eq!(by_country(31_612_345_678), Some(vec![beta]));
    assert_eq!(by_country(31_201_234_567), Some(vec![acme]));
    assert_eq!(by_country(6_281_234_567_890), Some(vec![beta, acme]));
    assert_eq!(by_country(49_151_234_567), None);
    assert_eq!((route.order, route.strict_order), (CarrierOrder::Cheapest, true));
    let sender = route.senders_by_country.get(&Destination::of(E164(12_025_550_143)));
    assert_eq!(sender, Some(&Source::International("18005550100".into())));
    assert_eq!((route.receipt_window.map(|it| it.as_secs()), route.max_wait), (Some(20), None));
    assert_eq!(route.max_cost, Some(Money(250_000)));
}

#[test]
fn a_route_waits_for_the_next_carrier_as_its_class_and_carriers_have_it() {
    let two = "[[carrier]]\nid = \"beta\"\naddress = [\"b:1\"]\nsystem_id = \"n\"\npassword = \"p\"\n[[route]]";
    let waits = |route: &str| {
        let text = SMALL.replace("[[route]]", two).replace("carriers = [\"acme\"]", route);
        let plan = loaded(&text).plan;
        let route = plan.routes.values().next().unwrap();
        (route.receipt_window.map(|it| it.as_secs()), route.max_wait.map(|it| it.as_secs()))
    };
    let both = "carriers = [\"acme\", \"beta\"]";
    assert_eq!(waits(both), (None, Some(30)));
    assert_eq!(waits(&format!("class = \"marketing\"\n{both}")), (None, None));
    assert_eq!(waits(&format!("validity = \"20s\"\n{both}")), (None, None));
    assert_eq!(waits(&format!("class = \"otp\"\n{both}")), (Some(30), Some(5)));
    assert_eq!(waits("class = \"otp\"\ncarriers = [\"acme\"]"), (None, Some(5)));
    assert_eq!(waits(&format!("class = \"otp\"\nreceipt_window = \"off\"\nmax_wait = \"off\"\n{both}")), (None, None));
    assert_eq!(waits(&format!("class = \"otp\"\nvalidity = \"20s\"\n{both}")), (None, Some(5)));
    assert_eq!(waits(&format!("receipt_window = \"1m\"\nmax_wait = \"10s\"\n{both}")), (Some(60), Some(10)));
}

#[test]
fn whose_numbers_are_comes_from_a_file() {
    use crate::number::e164::E164;
    let folder = Folder::with("");
    let path = folder.path("prefixes.csv").display().to_string();
    folder.write("prefixes.csv", "prefix,country,network\n# of 2026\n31610,NL,KPN\n+44 , GB ,\n\n4477009,,Sure\n");
    let route = "carriers = [\"acme\"]\ncarriers_by_country = { KPN = [\"acme\"] }";
    let text = SMALL.replace("carriers = [\"acme\"]", route);
    folder.write("nuncio.toml", &format!("[numbers]\nprefixes_file = \"{path}\"\n{text}"));
    let plan = folder.read(&[]).unwrap().loaded.plan;
    let of = |number| {
        let it = plan.networks.destination(E164(number));
        (it.country, it.network)
    };
    assert_eq!(of(31_610_123_456), (Some("NL"), Some("KPN")));
    assert_eq!(of(447_700_912_345), (Some("GB"), Some("Sure")));
    assert_eq!(of(447_700_812_345), (Some("GB"), None));
    let to = plan.networks.destination(E164(31_610_123_456));
    assert!(plan.routes.values().next().unwrap().carriers_by_country.get(&to).is_some());
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
