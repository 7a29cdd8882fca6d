//! Apps, which verify numbers, and the keys of their codes.

use crate::config::compile::password::Sources;
use crate::config::compile::price::{self, is_country};
use crate::config::compile::service::wait;
use crate::config::compile::{Names, check_name, find_duplicates, sender};
use crate::config::error::Findings;
use crate::config::schema::app as written;
use crate::config::{Environment, key_file};
use crate::dispatch::door::plan::Carrier;
use crate::message::hidden::{CodeAlphabet, CodeForm};
use crate::message::id::{AppId, CarrierId, RouteId};
use crate::message::price::PriceTable;
use crate::number::e164::E164;
use crate::number::line::LineType;
use crate::route::plan::Route;
use crate::verify::app::{
    App, AppProfile, CHECKS_MAX, CHECKS_MIN, LIFETIME_MAX, LIFETIME_MIN, Resend, TEST_NUMBERS_MAX,
};
use crate::verify::code::Code;
use crate::verify::key_ring::KeyRing;
use crate::verify::wording::{BRAND_MAX, BadWord, Frame, check_word};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Octets of a file of keys, of which there are few.
const RING_MAX: usize = 64 * 1_024;

/// What apps are held against.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The routes by which they send.
    pub routes: &'a BTreeMap<RouteId, Route>,
    /// The carriers of these.
    pub carriers: &'a BTreeMap<CarrierId, Carrier>,
    /// The numbers of their names.
    pub names: &'a Names,
}

/// The keys; `None` where there are none, which is a fault where there are apps.
pub fn keys(
    written: &written::Keys,
    has_apps: bool,
    environment: &Environment,
    findings: &mut Findings,
) -> Option<Arc<KeyRing>> {
    let sources = Sources {
        key: "ring",
        text: None,
        file: written.ring_file.as_ref(),
        env: None,
        credential: written.ring_credential.as_ref(),
    };
    if has_apps && written.ring_file.is_none() && written.ring_credential.is_none() {
        let message =
            "apps need keys for their codes: `nuncio keys new --file FILE` makes them; then ring_file names it";
        findings.fault("keys.ring_file", message);
    }
    let text = sources.optional("keys", RING_MAX, environment, findings)?;
    let key = if written.ring_file.is_some() { "keys.ring_file" } else { "keys.ring_credential" };
    key_file::parse(text.expose()).map(Arc::new).map_err(|error| findings.fault(key, error.to_string())).ok()
}

/// Every app.
pub fn all(written: &[(usize, written::App)], around: Around<'_>, findings: &mut Findings) -> BTreeMap<AppId, App> {
    find_duplicates("app", written.iter().map(|(place, it)| (*place, it.id.clone())), findings);
    let mut all = BTreeMap::new();
    for (place, it) in written {
        let path = format!("app.{place}");
        check_name(&format!("{path}.id"), &it.id, findings);
        let Some(id) = around.names.app(&it.id) else { continue };
        let mut one = One { written: it, path, findings };
        let app = one.app(id, around);
        all.insert(id, app);
    }
    all
}

/// An app, and what is found wrong with it.
pub(super) struct One<'a, 'f> {
    pub(super) written: &'a written::App,
    pub(super) path: String,
    pub(super) findings: &'f mut Findings,
}

impl One<'_, '_> {
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        let path = self.at(key);
        self.findings.fault(&path, message);
    }

    fn app(&mut self, id: AppId, around: Around<'_>) -> App {
        let written = self.written;
        let form = self.form();
        let lifetime = self.span("lifetime", written.lifetime, App::LIFETIME, (LIFETIME_MIN, LIFETIME_MAX));
        let resend_after =
            self.span("resend_after", written.resend_after, App::RESEND_AFTER, (Duration::from_secs(1), lifetime));
        let checks = written.checks.unwrap_or(App::CHECKS.into());
        let checks = self.findings.within(&self.at("checks"), checks, CHECKS_MIN.into()..=CHECKS_MAX.into()) as u8;
        let words = Resend::ALL.map(|it| (it.word(), it));
        let resend = self.findings.choose(&self.at("resend"), written.resend.as_deref(), &words, Resend::default());
        let frame = self.frame();
        let (ways, notices) = (self.ways(&frame, lifetime, around), self.notices());
        let app = App {
            id,
            name: written.id.as_str().into(),
            ways,
            auto_channel: self.written.auto_channel == Some(true),
            sender: self.sender(),
            form,
            lifetime,
            checks,
            resend_after,
            resend,
            countries: self.countries(),
            max_price: self.max_price(around),
            locale: self.locale(),
            notices,
            frame,
            profile: self.profile(),
            dlt_template_id: written.dlt_template_id.as_deref().map(Into::into),
            test_numbers: self.test_numbers(form),
        };
        self.render(&app, around);
        app
    }

    fn profile(&mut self) -> Option<AppProfile> {
        let written = self.written.profile.as_deref()?;
        let found = AppProfile::ALL.into_iter().find(|it| it.word() == written);
        if found.is_none() {
            let known = AppProfile::ALL.map(AppProfile::word).join(", ");
            self.fault("profile", format!("unknown value {written:?}; known are {known}"));
        }
        found
    }

    fn form(&mut self) -> CodeForm {
        let code = &self.written.code;
        let words = CodeAlphabet::ALL.map(|it| (it.word(), it));
        let path = self.at("code.alphabet");
        let alphabet = self.findings.choose(&path, code.alphabet.as_deref(), &words, CodeAlphabet::Digits);
        let bounds = CodeForm::LENGTH_MIN.into()..=CodeForm::LENGTH_MAX.into();
        let length = code.length.unwrap_or(App::FORM.size() as u64);
        let length = self.findings.within(&self.at("code.length"), length, bounds) as u8;
        CodeForm::new(length, alphabet).unwrap_or(App::FORM)
    }

    fn span(
        &mut self,
        key: &str,
        written: Option<crate::config::units::Span>,
        default: Duration,
        (least, most): (Duration, Duration),
    ) -> Duration {
        let span = wait(&self.at(key), written, default, self.findings);
        if !(least..=most).contains(&span) {
            self.fault(key, format!("{} s is not within {} and {} s", span.as_secs(), least.as_secs(), most.as_secs()));
        }
        span.clamp(least, most)
    }

    fn sender(&mut self) -> Option<Box<str>> {
        let (path, text) = (self.at("sender"), self.written.sender.as_deref()?);
        sender::one(&path, text, None, self.findings).map(|it| it.to_string().into())
    }

    fn countries(&mut self) -> Option<Vec<Box<str>>> {
        let countries = &self.written.countries;
        if countries.is_empty() {
            let message = "name the countries that have customers, such as [\"NL\", \"DE\"]; [\"*\"] sends to every one, and \
                whoever pays for it is not asked";
            self.fault("countries", message);
        }
        if *countries == ["*"] {
            return None;
        }
        for it in countries {
            if !is_country(it) {
                self.fault("countries", format!("{it:?} is no country: two capital letters of ISO 3166"));
            }
        }
        Some(countries.iter().map(|it| it.as_str().into()).collect())
    }

    /// What an SMS or a call may cost, in what the carriers of their routes charge in.
    fn max_price(&mut self, around: Around<'_>) -> Option<PriceTable> {
        let path = self.at("max_price");
        let table = price::table(&path, self.written.max_price.as_ref()?, self.findings)?;
        if table.default.is_none() {
            self.fault("max_price.default", "this key is required: without it an SMS elsewhere may cost anything");
        }
        let routes = [Some(self.written.route), self.written.voice.as_ref().map(|it| it.route)];
        let routes = routes.into_iter().flatten().filter_map(|it| around.routes.get(&RouteId(it)));
        let carriers: BTreeSet<CarrierId> = routes.flat_map(Route::every_carrier).collect();
        for carrier in carriers.into_iter().filter_map(|it| around.carriers.get(&it)) {
            match carrier.dialect.cost.as_ref().map(|it| it.currency) {
                Some(it) if it == table.currency => (),
                Some(it) => {
                    let message = format!("carrier {} charges in {}", carrier.name, it.as_str());
                    self.findings.fault(&path, message);
                }
                None => {
                    let message = format!("carrier {} does not say what it charges: see cost", carrier.name);
                    self.findings.fault(&path, message);
                }
            }
        }
        Some(table)
    }

    fn frame(&mut self) -> Frame {
        let written = self.written;
        if written.brand.as_ref().is_some_and(|it| BRAND_MAX < it.chars().count() || it.trim().is_empty()) {
            self.fault("brand", format!("a brand has 1 to {BRAND_MAX} characters"));
        }
        if let Some(Err(error @ (BadWord::Forbidden | BadWord::Link))) = written.brand.as_deref().map(check_word) {
            self.fault("brand", error.to_string());
        }
        if written.app_hash.as_ref().is_some_and(|it| it.len() != 11 || !it.bytes().all(is_base64)) {
            self.fault("app_hash", "it has 11 characters, as the SMS Retriever of Android makes them");
        }
        for (key, domain) in [("domain", &written.domain), ("embedded_domain", &written.embedded_domain)] {
            if domain.as_ref().is_some_and(|it| !is_domain(it)) {
                self.fault(key, "it is the name of a site such as \"shop.example\", without https:// and path");
            }
        }
        if written.embedded_domain.is_some() && written.domain.is_none() {
            self.fault("embedded_domain", "it stands beside the domain of the page that it is embedded in");
        }
        let text = |it: &Option<String>| it.as_deref().map(Into::into);
        Frame {
            brand: text(&written.brand),
            app_hash: text(&written.app_hash),
            domain: text(&written.domain),
            embedded_domain: text(&written.embedded_domain),
        }
    }

    fn notices(&mut self) -> BTreeMap<Box<str>, Box<str>> {
        for language in
            self.written.notice.keys().filter(|it| !self.written.text.contains_key(*it)).cloned().collect::<Vec<_>>()
        {
            self.fault(&format!("notice.{language}"), "there is no text in this language");
        }
        self.written.notice.iter().map(|(language, text)| (language.as_str().into(), text.as_str().into())).collect()
    }

    /// The language of those who ask for none: `en` where it is spoken, else the only one, else the one that is named.
    fn locale(&mut self) -> Box<str> {
        let written = self.written;
        let known = |it: &str| written.text.contains_key(it);
        match written.locale.as_deref() {
            Some(it) if known(it) => it.into(),
            Some(it) => {
                self.fault("locale", format!("there is no text in {it:?}"));
                it.into()
            }
            None if known("en") => "en".into(),
            None => {
                let first = written.text.keys().next().map_or("en", |it| it);
                if 1 < written.text.len() {
                    self.fault("locale", "which of the languages is spoken to those who ask for none?");
                }
                first.into()
            }
        }
    }

    fn test_numbers(&mut self, form: CodeForm) -> BTreeMap<E164, Code> {
        let written = self.written;
        if TEST_NUMBERS_MAX < written.test_numbers.len() {
            self.fault("test_numbers", format!("there are more than {TEST_NUMBERS_MAX}"));
        }
        let mut numbers = BTreeMap::new();
        for (number, code) in &written.test_numbers {
            let key = format!("test_numbers.{number}");
            let code = Code::written(code.expose());
            if !form.is(code.expose()) {
                self.fault(&key, "its code does not look as codes of this app do");
            }
            match E164::parse(number, None) {
                Ok(number) if LineType::is_given_out(number) => {
                    let message = "somebody may have this number, and would be let in: take one that nobody is given, such as \
                                   +31600000001 or +12015550100";
                    self.fault(&key, message);
                }
                Ok(number) => _ = numbers.insert(number, code),
                Err(error) => self.fault(&key, error.to_string()),
            }
        }
        numbers
    }
}

const fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/')
}

/// A name of hosts, as RFC 1123 has them, with a dot in it.
fn is_domain(text: &str) -> bool {
    let label = |it: &str| {
        (1..=63).contains(&it.len())
            && !it.starts_with('-')
            && !it.ends_with('-')
            && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    text.len() <= 100 && text.contains('.') && text.split('.').all(label)
}
