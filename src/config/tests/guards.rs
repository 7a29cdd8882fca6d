//! `[guard]`: what is read, and what is refused in a sentence.

use super::Folder;
use crate::config::key_file;
use crate::guard::policy::{Budget, GuardKind, GuardMode, Policy};
use crate::guard::rate::Rate;
use crate::message::money::{Currency, Money};
use crate::number::line::LineType;
use std::time::Duration;

/// An app by a route over carriers that charge this, and `[guard]` with these lines.
fn folder(costs: &[&str], app: &str, guard: &str) -> Folder {
    let carrier = |(at, cost): (usize, &&str)| {
        format!(
            "[[carrier]]\nid = \"c{at}\"\naddress = [\"127.0.0.1:2775\"]\nsystem_id = \"a\"\npassword = \"Zk7pQ2xw\"\n{cost}\n"
        )
    };
    let carriers: String = costs.iter().enumerate().map(carrier).collect();
    let names: Vec<String> = (0..costs.len()).map(|it| format!("c{it}")).collect();
    let folder = Folder::with("");
    key_file::make(&folder.path("keys")).expect("keys are made");
    let text = format!(
        "{carriers}[[route]]\nid = 8\nclass = \"otp\"\ncarriers = {names:?}\n[[app]]\nid = \"login\"\nroute = 8\n\
         countries = [\"NL\"]\ntext = {{ en = \"{{code}} it is.\" }}\n{app}\n[guard]\n{guard}\n[keys]\nring_file = {:?}\n",
        folder.path("keys")
    );
    folder.write("nuncio.toml", &text);
    folder
}

const EUR: &str = "cost = { currency = \"EUR\", default = \"0.09\" }";

fn policy(guard: &str) -> Policy {
    let loaded = folder(&[EUR], "", guard).read(&[]).unwrap_or_else(|error| panic!("{error}")).loaded;
    loaded.plan.guard.clone()
}

fn said(costs: &[&str], app: &str, guard: &str) -> String {
    folder(costs, app, guard).read(&[]).err().unwrap_or_default()
}

#[test]
fn guards_are_as_they_are_written_and_else_as_is_usual() {
    assert_eq!(policy(""), Policy::default());
    let it = policy(
        "mode = { pumping = \"shadow\", line = \"off\", spend = \"enforce\" }\nper_phone = [\"2/5m\"]\nper_app = [\"500/1h\"]\n\
         wrong_guesses_per_phone = \"\"\nspend = \"50.00/1h\"\nsequence = \"\"\nnew_country = { sends = \"\" }\n\
         pumping = { sends = 20, conversion = 0.5 }\nlines = [\"premium\"]\nblock = [\"+3197\"]\nsafe = [\"+316\"]",
    );
    let (rate, hour) =
        (|count, seconds| Rate { count, period: Duration::from_secs(seconds) }, Duration::from_secs(3_600));
    let modes =
        [GuardKind::Line, GuardKind::Pumping, GuardKind::Spend, GuardKind::PerPhone].map(|guard| it.mode(guard));
    assert_eq!(modes, [GuardMode::Off, GuardMode::Shadow, GuardMode::Enforce, GuardMode::Enforce]);
    assert_eq!((&it.per_phone, &it.per_app), (&vec![rate(2, 300)], &vec![rate(500, 3_600)]));
    assert_eq!((it.wrong_guesses, it.sequence, it.new_country), (None, None, None));
    let budget = Budget { amount: Money(50_000_000), currency: Currency::parse("EUR").ok(), period: hour };
    assert_eq!(it.spend, Some(budget));
    assert_eq!((it.pumping.sends, it.pumping.conversion, it.pumping.window), (20, 0.5, hour));
    assert_eq!(
        (it.lines.into_iter().collect::<Vec<_>>(), it.blocked.len(), it.safe.len()),
        (vec![LineType::Premium], 1, 1)
    );
}

#[test]
fn what_guards_cannot_be_is_said() {
    for (guard, words) in [
        ("mode = { pumpin = \"shadow\" }", "unknown guard; did you mean pumping?"),
        ("mode = { pumping = \"watch\" }", "watch"),
        ("per_phone = [\"3\"]", "\"3\" is not a number of messages and a period"),
        ("per_phone = [\"3/2d\"]", "guards look back for a day at most"),
        ("per_ip = [\"20000/1d\"]", "20000 is more than 10000"),
        ("per_app = [\"1/1m\", \"2/2m\", \"3/3m\", \"4/4m\", \"5/5m\"]", "there are more than 4"),
        ("spend = \"50/h\"", "\"50/h\" is not an amount and a period"),
        ("spend = \"0/1h\"", "\"0/1h\" is not an amount and a period"),
        ("pumping = { window = \"5s\" }", "5 s is not within 60 and 86400 s"),
        ("pumping = { block = \"2h\", block_max = \"1h\" }", "it is shorter than block"),
        ("pumping = { conversion = 1.5 }", "1.5 is not within 0 and 1"),
        ("pumping = { sends = 0 }", "pumping"),
        ("new_country = { converted = 0 }", "new_country"),
        ("lines = [\"landline\"]", "unknown kind of line"),
        ("block = [\"+31\"]", "\"+31\" is no prefix of three digits or more"),
    ] {
        let said = said(&[EUR], "", guard);
        assert!(said.contains(words) && said.lines().count() == 1, "{guard}: {said}");
    }
}

#[test]
fn money_is_bounded_only_where_every_carrier_says_what_it_charges_in_one_currency() {
    let spend = "spend = \"50.00/1h\"";
    let usd = "cost = { currency = \"USD\", default = \"0.1\" }";
    let some = "cost = { currency = \"EUR\", NL = \"0.09\" }";
    for (costs, words) in [
        (&[EUR, ""][..], "carrier c1 does not say what it charges: see cost"),
        (&[EUR, usd], "the carriers of the apps charge in EUR and USD"),
        (&[EUR, some], "carrier c1 does not say what it charges elsewhere"),
    ] {
        assert!(said(costs, "", spend).contains(words), "{words}: {}", said(costs, "", spend));
    }
    let most = |table: &str| format!("max_price = {{ {table} }}");
    for (costs, table, words) in [
        (&[EUR][..], "currency = \"USD\", default = \"0.1\"", "carrier c0 charges in EUR"),
        (&[EUR, ""], "currency = \"EUR\", default = \"0.1\"", "carrier c1 does not say what it charges"),
        (&[EUR], "currency = \"EUR\", NL = \"0.1\"", "max_price.default: this key is required"),
    ] {
        let said = said(costs, &most(table), "");
        assert!(said.contains(words), "{table}: {said}");
    }
    assert_eq!(said(&[EUR, EUR], &most("currency = \"EUR\", default = \"0.1\""), spend), "");
}
