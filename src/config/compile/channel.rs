//! By what the codes of an app go: each channel has a route, and texts that fit there.

use crate::config::compile::app::{Around, One};
use crate::config::schema::app as written;
use crate::message::channel::Channel;
use crate::message::class::Class;
use crate::message::id::RouteId;
use crate::text::content::{Content, Requested};
use crate::text::cut::Cut;
use crate::verify::app::{App, AppChannel};
use crate::verify::wording::{Frame, WORD_MAX, Wording};
use std::collections::BTreeMap;
use std::time::Duration;

impl One<'_, '_> {
    /// By what a code goes, in the order that is written; by SMS alone where nothing is.
    pub(super) fn ways(&mut self, frame: &Frame, lifetime: Duration, around: Around<'_>) -> Vec<AppChannel> {
        let written = self.written;
        let sms = || vec![Channel::Sms.word().to_owned()];
        let mut ways: Vec<AppChannel> = Vec::new();
        for name in written.channels.clone().unwrap_or_else(sms) {
            let Some(channel) = Channel::from_word(&name) else {
                let known = Channel::ALL.map(Channel::word).join(", ");
                self.fault("channels", format!("unknown value {name:?}; known are {known}"));
                continue;
            };
            if ways.iter().any(|it| it.channel == channel) {
                self.fault("channels", format!("{name} stands there twice"));
                continue;
            }
            let section = section(written, channel);
            if channel != Channel::Sms && section.is_none() {
                let message = format!("this key is required where channels has {name}: {name} = {{ route = 9 }}");
                self.fault(&name, message);
                continue;
            }
            let key = |it: &str| if section.is_some() { format!("{name}.{it}") } else { it.to_owned() };
            let route = self.route(&key("route"), section.map_or(written.route, |it| it.route), around);
            let own = section.map(|it| &it.text).filter(|it| !it.is_empty());
            let texts = self.texts(&key("text"), own.unwrap_or(&written.text), frame);
            ways.push(AppChannel { channel, route, texts });
        }
        self.check_ways(&ways, lifetime, around);
        ways
    }

    fn check_ways(&mut self, ways: &[AppChannel], lifetime: Duration, around: Around<'_>) {
        if !ways.iter().any(|it| it.channel == Channel::Sms) {
            self.fault("channels", "sms is one of them");
        }
        for channel in Channel::ALL.into_iter().filter(|it| section(self.written, *it).is_some()) {
            if !ways.iter().any(|it| it.channel == channel) {
                self.fault(channel.word(), format!("channels does not have {}", channel.word()));
            }
        }
        if self.written.auto_channel == Some(true) && ways.len() < 2 {
            self.fault("auto_channel", "there is no other channel to take: see channels");
        }
        for (way, language) in ways.iter().flat_map(|way| self.written.text.keys().map(move |it| (way, it))) {
            if way.channel != Channel::Sms && !way.texts.contains_key(&**language) {
                self.fault(&format!("{}.text", way.channel.word()), format!("there is none in {language:?}"));
            }
        }
        let unwritten = ways.iter().flat_map(|way| way.texts.keys().map(move |it| (way, it)));
        for (way, language) in unwritten.filter(|it| !self.written.text.contains_key(&**it.1)) {
            self.fault(&format!("{}.text.{language}", way.channel.word()), "there is no text in this language for sms");
        }
        let mut waited = Duration::ZERO;
        for way in ways.iter().rev().skip(1) {
            let Some(route) = around.routes.get(&way.route) else { continue };
            let Some(window) = route.receipt_window else {
                let message = format!(
                    "route {} has no receipt_window, so that nobody learns that {} brought nothing and the next is wanted",
                    way.route.0,
                    way.channel.word()
                );
                self.fault("channels", message);
                continue;
            };
            let tries = route.every_carrier().len().min(route.retry.attempts.into());
            waited += window * u32::try_from(tries).unwrap_or(u32::MAX);
        }
        if lifetime <= waited {
            let message = format!(
                "the last channel is offered after {} s, when each carrier of the others had its receipt_window, and the code \
                 lives for {} s",
                waited.as_secs(),
                lifetime.as_secs()
            );
            self.fault("lifetime", message);
        }
    }

    fn route(&mut self, key: &str, id: u32, around: Around<'_>) -> RouteId {
        let id = RouteId(id);
        match around.routes.get(&id) {
            None if self.findings.is_written("route", &id.0.to_string()) => (),
            None => self.fault(key, format!("there is no route {}", id.0)),
            Some(route) if route.class != Class::Otp => {
                let message = format!("route {} is for {}, and codes go by one for otp", id.0, route.class.word());
                self.fault(key, message);
            }
            Some(_) => (),
        }
        id
    }

    fn texts(&mut self, key: &str, written: &BTreeMap<String, String>, frame: &Frame) -> BTreeMap<Box<str>, Wording> {
        let mut texts = BTreeMap::new();
        if written.is_empty() {
            self.fault(key, "it says nothing: write text = { en = \"{code} is your code.\" }");
        }
        for (language, text) in written {
            let key = format!("{key}.{language}");
            if !is_language(language) {
                self.fault(&key, format!("{language:?} is no language, such as \"en\" or \"pt-BR\""));
            }
            match Wording::parse(text, frame.brand.is_some()) {
                Ok(wording) => _ = texts.insert(language.as_str().into(), wording),
                Err(error) => self.fault(&key, error.to_string()),
            }
        }
        texts
    }

    /// Every text goes at once at every carrier of its route: in one SMS, with the line for machines as it is, or in
    /// one call or message.
    pub(super) fn render(&mut self, app: &App, around: Around<'_>) {
        for (way, language) in app.ways.iter().flat_map(|way| way.texts.keys().map(move |it| (way, it))) {
            let Some(route) = around.routes.get(&way.route) else { continue };
            let words = way.texts[language].words();
            let longest: BTreeMap<_, _> = words.map(|it| (it.into(), "x".repeat(WORD_MAX).into())).collect();
            let Some(said) = app.says(way.channel, language, &longest) else { continue };
            for carrier in route.every_carrier().into_iter().filter_map(|it| around.carriers.get(&it)) {
                let content = Content::plain(&said.text, Requested::Auto);
                let is_sms = way.channel == Channel::Sms;
                let message = match Cut::of(content, &carrier.dialect.text) {
                    Ok(cut) if cut.submits() == 1 && (cut.estimate().parts == 1 || !is_sms) => continue,
                    Ok(cut) => format!("takes {} SMS at carrier {}", cut.estimate().parts, carrier.name),
                    Err(error) => format!("cannot be said at carrier {}: {error}", carrier.name),
                };
                let what = if longest.is_empty() { "" } else { ", with the longest words," };
                let own = section(self.written, way.channel).is_some_and(|it| !it.text.is_empty());
                let key = if own { format!("{}.text", way.channel.word()) } else { "text".to_owned() };
                self.fault(&format!("{key}.{language}"), format!("the text{what} with its code and lines {message}"));
            }
        }
    }
}

/// What is written of a channel beside SMS.
const fn section(written: &written::App, channel: Channel) -> Option<&written::Way> {
    match channel {
        Channel::Sms => None,
        Channel::Voice => written.voice.as_ref(),
        Channel::Whatsapp => written.whatsapp.as_ref(),
        Channel::Email => written.email.as_ref(),
    }
}

fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let first =
        subtags.next().is_some_and(|it| (2..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_lowercase()));
    first && subtags.all(|it| (2..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric()))
}
