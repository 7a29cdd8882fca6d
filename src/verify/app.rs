//! An app of the configuration: how it verifies numbers.

use crate::message::channel::Channel;
use crate::message::hidden::{CodeAlphabet, CodeForm};
use crate::message::id::{AppId, RouteId};
use crate::message::price::PriceTable;
use crate::number::e164::E164;
use crate::verify::code::Code;
use crate::verify::key_ring::NEEDED;
use crate::verify::wording::{Frame, Said, Wording};
use std::collections::BTreeMap;
use std::time::Duration;

/// The shortest life of a code.
pub const LIFETIME_MIN: Duration = Duration::from_secs(60);
/// The longest.
pub const LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);
// A key that codes are made with is there until they are dead.
const _: () = assert!(LIFETIME_MAX.as_secs() < NEEDED.as_secs());
/// The fewest guesses that may be wrong.
pub const CHECKS_MIN: u8 = 3;
/// The most.
pub const CHECKS_MAX: u8 = 10;
/// Numbers of an app to which nothing is sent.
pub const TEST_NUMBERS_MAX: usize = 10;
/// Sends of one verification.
pub const SENDS_MAX: u8 = 10;

/// How an app verifies numbers.
#[derive(Clone, Debug)]
pub struct App {
    /// Its number in records.
    pub id: AppId,
    /// Its configured name.
    pub name: Box<str>,
    /// By what a code goes, in the order in which that is offered.
    pub ways: Vec<AppChannel>,
    /// Whether the next of them is taken without anybody asking, where the one before has brought nothing.
    pub auto_channel: bool,
    /// Whom its messages are from; `None` is the account's first sender.
    pub sender: Option<Box<str>>,
    /// What its codes look like.
    pub form: CodeForm,
    /// How long they live.
    pub lifetime: Duration,
    /// Guesses that may be wrong.
    pub checks: u8,
    /// How long after a send there is another.
    pub resend_after: Duration,
    /// What another send of a verification says.
    pub resend: Resend,
    /// Countries that it sends to, as ISO letters; `None` is every one.
    pub countries: Option<Vec<Box<str>>>,
    /// What an SMS may cost, where that is bounded.
    pub max_price: Option<PriceTable>,
    /// What it says behind that, by language.
    pub notices: BTreeMap<Box<str>, Box<str>>,
    /// The language of those who ask for none, or for one in which it says nothing.
    pub locale: Box<str>,
    /// What stands around its texts.
    pub frame: Frame,
    /// The standard that it is held to.
    pub profile: Option<AppProfile>,
    /// The registration of its text in India.
    pub dlt_template_id: Option<Box<str>>,
    /// Numbers to which nothing is sent, and their code.
    pub test_numbers: BTreeMap<E164, Code>,
}

closed_set! {
    /// A standard that an app is held to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AppProfile: all, word {
        /// NIST SP 800-63B, out-of-band authenticators over the telephone network.
        Nist "nist-800-63b",
    }
}

/// By what a code goes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppChannel {
    /// By what.
    pub channel: Channel,
    /// By which route.
    pub route: RouteId,
    /// What is said there, by language.
    pub texts: BTreeMap<Box<str>, Wording>,
}

closed_set! {
    /// What another send says.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum Resend: all, word, from_word {
        /// The same code: the first may yet arrive.
        #[default]
        Same "same",
        /// Another, and the one before is dead.
        New "new",
    }
}

impl App {
    /// What codes look like where nothing is written.
    pub const FORM: CodeForm = CodeForm::new(6, CodeAlphabet::Digits).expect("six is between four and ten");
    /// How long they live.
    pub const LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// Guesses that may be wrong.
    pub const CHECKS: u8 = 5;
    /// How long after a send there is another.
    pub const RESEND_AFTER: Duration = Duration::from_secs(30);

    /// How it goes by a channel, if it does.
    pub fn way(&self, channel: Channel) -> Option<&AppChannel> {
        self.ways.iter().find(|it| it.channel == channel)
    }

    /// The channel that comes first.
    pub fn first(&self) -> Channel {
        self.ways.first().map_or(Channel::Sms, |it| it.channel)
    }

    /// What may be offered behind a channel, in its order.
    pub fn behind(&self, channel: Channel) -> impl Iterator<Item = &AppChannel> {
        self.ways.iter().skip_while(move |it| it.channel != channel).skip(1)
    }

    /// The language of its texts that is nearest to one asked for: itself, then what stands before its hyphen. Each way
    /// speaks the same.
    pub fn language(&self, asked: Option<&str>) -> &str {
        let texts = self.ways.first().into_iter().flat_map(|it| it.texts.keys());
        let known = |it: &str| texts.clone().find(|key| key.eq_ignore_ascii_case(it)).map(|it| &**it);
        let base = |it: &str| it.split(['-', '_']).next().and_then(known);
        asked.and_then(|it| known(it).or_else(|| base(it))).unwrap_or(&self.locale)
    }

    /// What it says by a channel in a language of its own, with these words, which have been checked.
    pub fn says(&self, channel: Channel, language: &str, words: &BTreeMap<Box<str>, Box<str>>) -> Option<Said> {
        let wording = self.way(channel)?.texts.get(language)?;
        let (code, notice) = ((self.form, self.lifetime), self.notices.get(language).map(|it| &**it));
        if channel == Channel::Voice {
            return Some(Said::spoken(wording, notice, &self.frame, code, words));
        }
        Some(Said::of(wording, notice, &self.frame, code, words))
    }

    /// Whether it sends to a country.
    pub fn reaches(&self, country: Option<&str>) -> bool {
        match &self.countries {
            None => true,
            Some(all) => country.is_some_and(|it| all.iter().any(|allowed| **allowed == *it)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn app() -> App {
        let wording = |text| Wording::parse(text, false).expect("a wording");
        let texts = |en, pt| [("en".into(), wording(en)), ("pt-BR".into(), wording(pt))].into();
        App {
            id: AppId(1),
            name: "login".into(),
            ways: vec![
                AppChannel { channel: Channel::Sms, route: RouteId(1), texts: texts("{code} it is", "É {code}") },
                AppChannel { channel: Channel::Voice, route: RouteId(2), texts: texts("It is {code}", "É {code}.") },
            ],
            auto_channel: false,
            sender: None,
            form: App::FORM,
            lifetime: App::LIFETIME,
            checks: App::CHECKS,
            resend_after: App::RESEND_AFTER,
            resend: Resend::Same,
            countries: Some(vec!["NL".into()]),
            max_price: None,
            notices: BTreeMap::new(),
            locale: "en".into(),
            frame: Frame::default(),
            profile: None,
            dlt_template_id: None,
            test_numbers: BTreeMap::new(),
        }
    }

    #[test]
    fn the_nearest_language_is_spoken() {
        let app = app();
        let spoken = [None, Some("en"), Some("EN-gb"), Some("pt-br"), Some("pt"), Some("xx"), Some("")];
        assert_eq!(spoken.map(|it| app.language(it)), ["en", "en", "en", "pt-BR", "en", "en", "en"]);
        let said = |channel, language| app.says(channel, language, &BTreeMap::new()).map(|it| it.text);
        assert_eq!(said(Channel::Sms, "pt-BR").as_deref(), Some("É 000000"));
        assert_eq!(said(Channel::Voice, "pt-BR").as_deref(), Some("É 0, 0, 0, 0, 0, 0."));
        assert_eq!([said(Channel::Sms, "pt"), said(Channel::Email, "en")], [None, None]);
    }

    #[test]
    fn channels_are_offered_in_their_order() {
        let app = app();
        assert_eq!(app.first(), Channel::Sms);
        let next = [Channel::Sms, Channel::Voice, Channel::Email].map(|it| app.behind(it).next().map(|it| it.channel));
        assert_eq!(next, [Some(Channel::Voice), None, None]);
    }

    #[test]
    fn countries_are_named_or_nothing_goes_there() {
        let app = app();
        assert_eq!([Some("NL"), Some("DE"), None].map(|it| app.reaches(it)), [true, false, false]);
        assert!(App { countries: None, ..app }.reaches(None));
    }
}
