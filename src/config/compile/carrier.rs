//! Carriers and their links.

use crate::carrier::dialect::{Dialect, IdForm, Numbering, ReceiptsAsked, Validity};
use crate::carrier::intake;
use crate::carrier::mo;
use crate::config::Environment;
use crate::config::compile::one::{One, WINDOW_MAX, address_of};
use crate::config::compile::{
    Names, address, check_name, find_duplicates, http, outbind, price, sandbox, statuses, text, tls,
};
use crate::config::error::Findings;
use crate::config::schema::carrier as written;
use crate::config::units::Span;
use crate::dispatch::door::plan::Carrier;
use crate::link;
use crate::link::options::{Credentials, Options, Reconnect};
use crate::message::attempt::Answer;
use crate::message::id::{CarrierId, LinkId};
use crate::message::price::PriceTable;
use crate::message::reason::Reason;
use crate::number::e164::E164;
use crate::route::breaker;
use crate::session;
use crate::session::version::Version;
use crate::smpp::bind::BindKind;
use crate::smpp::status::CommandStatus;
use crate::smpp::writer::PASSWORD_MAX;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Every carrier, and the links of all of them, in the order of the files.
#[derive(Default)]
pub struct All {
    /// The carriers.
    pub carriers: BTreeMap<CarrierId, Carrier>,
    /// Links of SMPP.
    pub links: Vec<Options>,
    /// Links over HTTP.
    pub http_links: Vec<link::http::options::Options>,
}

/// Compiles every carrier.
pub fn all(
    carriers: &[(usize, written::Carrier)],
    names: &Names,
    environment: &Environment,
    findings: &mut Findings,
) -> All {
    find_duplicates("carrier", carriers.iter().map(|(place, it)| (*place, it.id.clone())), findings);
    let mut all = All::default();
    for (place, it) in carriers {
        let mut one = One { written: it, path: format!("carrier.{place}"), findings };
        let id = names.carrier(&it.id).unwrap_or(CarrierId(0));
        let (dialect, submitting) = if one.is_http() {
            let (dialect, links) = one.http(id, environment);
            let count = links.len();
            all.http_links.extend(links);
            (dialect, count)
        } else {
            let (dialect, links) = one.smpp(id, environment);
            let count = links.iter().filter(|it| it.submits()).count();
            all.links.extend(links);
            (dialect, count)
        };
        all.carriers.insert(id, one.plan(id, submitting, dialect));
    }
    all
}

/// How long a carrier has to say what became of a message before it is asked.
const QUERY_AFTER: Duration = Duration::from_secs(600);

/// A session without enquire_link that has lived for so long after an answer has mostly carried it.
const SETTLED_MAX: Duration = Duration::from_secs(600);

/// Binds of one carrier beyond which a link's number would not fit.
const BINDS_MAX: u64 = 100;

/// A breaker that needs more answers than this is no breaker.
const BREAKER_SAMPLE_MAX: u64 = 1_000_000;

/// Room for some hundred messages at least, so that a commit has something to do; at most what a machine can spare.
const BUFFER_MIN: u64 = 64 << 10;
const BUFFER_MAX: u64 = 1 << 30;

impl One<'_, '_> {
    fn text(&mut self, key: &str, written: Option<&String>, len_max: usize) -> Box<str> {
        let text = written.map_or("", String::as_str);
        if len_max < text.len() || !text.is_ascii() || text.contains('\0') {
            self.findings.fault(&self.at(key), format!("{text:?} is not at most {len_max} ASCII characters"));
        }
        text.into()
    }

    fn breaker(&mut self) -> Option<breaker::Options> {
        let default = breaker::Options::default();
        let written = match self.written.breaker {
            None => return Some(default),
            Some(written::BreakerChoice::Off) => return None,
            Some(written::BreakerChoice::Table(written)) => written,
        };
        let ratio = written.ratio.unwrap_or(default.ratio);
        if !(0.0..1.0).contains(&ratio) {
            self.findings.fault(&self.at("breaker.ratio"), format!("{ratio} is not a share: from 0, and below 1"));
        }
        let sample = u64::from(written.sample.unwrap_or(default.sample));
        Some(breaker::Options {
            ratio,
            window: self.wait("breaker.window", written.window, default.window),
            sample: self.findings.within(&self.at("breaker.sample"), sample, 1..=BREAKER_SAMPLE_MAX) as u32,
            open: self.wait("breaker.open", written.open, default.open),
        })
    }

    /// Whether it is asked over HTTP; keys of the other kind are refused.
    fn is_http(&mut self) -> bool {
        let written = self.written;
        let kinds = [("smpp", false), ("http", true)];
        let is_http = self.findings.choose(&self.at("kind"), written.kind.as_deref(), &kinds, false);
        let (others, kind) = if is_http { (written.of_smpp(), "\"smpp\"") } else { (written.of_http(), "\"http\"") };
        for key in others {
            self.findings.fault(&self.at(key), format!("is a key of carriers whose kind is {kind}"));
        }
        is_http
    }

    /// A carrier of SMPP.
    fn smpp(&mut self, id: CarrierId, environment: &Environment) -> (Dialect, Vec<Options>) {
        let dialect = self.dialect();
        let kinds = self.kinds();
        let password = self.password().required(&self.path, PASSWORD_MAX, environment, self.findings);
        let credentials = Credentials { password, ..self.credentials() };
        let model = self.link(credentials, &Arc::new(dialect.clone()));
        let bind = |(bind, kind)| Options { id: LinkId { carrier: id, bind: bind as u8 }, kind, ..model.clone() };
        (dialect, kinds.into_iter().enumerate().map(bind).collect())
    }

    /// A carrier over HTTP.
    fn http(&mut self, id: CarrierId, environment: &Environment) -> (Dialect, Vec<link::http::options::Options>) {
        let usual = self.dialect();
        let (dialect, model) = http::compile(self, usual, environment);
        let count = self.binds();
        let link = |bind| LinkId { carrier: id, bind: bind as u8 };
        let links = model
            .map(|it| (0..count).map(|bind| link::http::options::Options { id: link(bind), ..it.clone() }).collect());
        // What is wrong with it is noted; a carrier without links would be a second fault for the same slip.
        (dialect, links.unwrap_or_default())
    }

    /// What the deciding floor needs to know of it.
    fn plan(&mut self, id: CarrierId, links: usize, dialect: Dialect) -> Carrier {
        let written = self.written;
        if written.id != sandbox::HIDDEN {
            check_name(&self.at("id"), &written.id, self.findings);
        }
        let query_after = self.wait("query_after", written.query_after, QUERY_AFTER);
        Carrier {
            links: links as u8,
            pace: written.pace.and_then(|it| it.0),
            pace_per_link: written.pace_per_bind.and_then(|it| it.0),
            query_after: written.query.unwrap_or(false).then_some(query_after),
            parked_for: self.wait("parked_for", written.parked_for, Dialect::PARKED_FOR),
            breaker: self.breaker(),
            retired: written.retired.unwrap_or(false),
            dialect: Arc::new(dialect),
            ..Carrier::new(id, &written.id)
        }
    }

    /// What each bind does; those that submit come first.
    fn kinds(&mut self) -> Vec<BindKind> {
        use BindKind::{Receiver, Transceiver, Transmitter};
        let words: [(&str, &[BindKind]); 4] = [
            ("transceiver", &[Transceiver]),
            ("transmitter", &[Transmitter]),
            ("receiver", &[Receiver]),
            ("split", &[Transmitter, Receiver]),
        ];
        let kinds = self.findings.choose(&self.at("bind"), self.written.bind.as_deref(), &words, words[0].1);
        if self.written.interface_version.as_deref() == Some("3.3") && kinds == [Transceiver] {
            let message = "a transceiver needs SMPP 3.4; use bind = \"split\", or another interface_version";
            self.findings.fault(&self.at("interface_version"), message);
        }
        let count = self.binds();
        kinds.iter().flat_map(|kind| std::iter::repeat_n(*kind, count)).collect()
    }

    fn binds(&mut self) -> usize {
        self.findings.within(&self.at("binds"), self.written.binds.unwrap_or(1).into(), 1..=BINDS_MAX) as usize
    }

    fn credentials(&mut self) -> Credentials {
        let written = self.written;
        if written.system_id.is_none() && !self.findings.is_faulty(&self.at("system_id")) {
            self.findings.fault(&self.at("system_id"), "this key is required");
        }
        let range = written.address_range.clone().unwrap_or_default();
        Credentials {
            system_id: self.text("system_id", written.system_id.as_ref(), 15),
            password: Default::default(),
            system_type: self.text("system_type", written.system_type.as_ref(), 12),
            interface_version: self.version("interface_version", written.interface_version.as_deref()),
            address_range: (range.ton, range.npi, self.text("address_range.range", Some(&range.range), 40)),
        }
    }

    fn version(&mut self, key: &str, written: Option<&str>) -> Version {
        let versions = [("3.3", Version::V33), ("3.4", Version::V34), ("5.0", Version::V50)];
        self.findings.choose(&self.at(key), written, &versions, Version::V34)
    }

    /// What all links of the carrier have in common.
    fn link(&mut self, credentials: Credentials, dialect: &Arc<Dialect>) -> Options {
        let written = self.written;
        let default = Options::new(written.id.as_str().into(), self.addresses(), credentials);
        let session = self.session(&default.session);
        let ahead = written.ahead.map_or(session.window, |it| it as usize);
        if session.window < ahead {
            self.findings
                .fault(&self.at("ahead"), format!("{ahead} is more than the window, which is {}", session.window));
        }
        let max_pdu = written.max_pdu.map_or(default.max_pdu as u64, |it| it.0);
        Options {
            outbind: outbind::compile(&self.path, written, self.findings),
            local_address: self.local_address(),
            tls: written.tls.as_ref().and_then(|it| tls::client(&self.at("tls"), it, self.findings)),
            connect_timeout: self.wait("connect_timeout", written.connect_timeout, default.connect_timeout),
            write_timeout: self.wait("write_timeout", written.write_timeout, default.write_timeout),
            max_pdu: self.findings.within(&self.at("max_pdu"), max_pdu, 1 << 10..=1 << 20) as usize,
            ahead,
            intake: self.intake(default.intake),
            session,
            reconnect: self.reconnect(default.reconnect),
            dialect: Arc::clone(dialect),
            ..default
        }
    }

    fn session(&mut self, default: &session::options::Options) -> session::options::Options {
        let written = self.written;
        let window = written.window.map_or(default.window as u64, u64::from);
        let mut options = session::options::Options {
            window: self.findings.within(&self.at("window"), window, 1..=WINDOW_MAX) as usize,
            bind_timeout: self.wait("bind_timeout", written.bind_timeout, default.bind_timeout),
            response_timeout: self.wait("response_timeout", written.response_timeout, default.response_timeout),
            unbind_timeout: self.wait("unbind_timeout", written.unbind_timeout, default.unbind_timeout),
            assumed_version: self.version("assumed_version", written.assumed_version.as_deref()),
            ..default.clone()
        };
        if let Some(it) = written.enquire_link {
            options.enquire_link = it.0.map(|it| self.wait("enquire_link", Some(Span(it)), it));
        }
        if let Some(it) = written.inactivity {
            options.inactivity = it.0.map(|it| self.wait("inactivity", Some(Span(it)), it));
        }
        options
    }

    /// How much of what the carrier sends may wait for the commit.
    fn intake(&mut self, default: intake::Options) -> intake::Options {
        let written = self.written;
        let buffer = written.inbound_buffer.map_or(default.buffer as u64, |it| it.0);
        let at = self.at("put_off_status");
        let status = written.put_off_status.as_deref().map(|text| match command_status(text) {
            Some(status) if status != CommandStatus::Ok => status,
            _ => {
                let example = "such as \"ESME_RMSGQFUL\" or \"0x00000014\"";
                self.findings.fault(&at, format!("{text:?} is not a command_status that refuses, {example}"));
                default.put_off_status
            }
        });
        intake::Options {
            buffer: self.findings.within(&self.at("inbound_buffer"), buffer, BUFFER_MIN..=BUFFER_MAX) as usize,
            put_off_after: self.wait("put_off_after", written.put_off_after, default.put_off_after),
            put_off_status: status.unwrap_or(default.put_off_status),
        }
    }

    fn addresses(&mut self) -> Vec<Box<str>> {
        let path = self.at("address");
        if self.written.address.is_empty() == self.written.outbind.is_none() {
            let message = if self.written.outbind.is_some() {
                "the carrier connects to us: remove it, or outbind"
            } else {
                "names no address"
            };
            self.findings.fault(&path, message);
        }
        for text in &self.written.address {
            if let Err(message) = address::check(text) {
                self.findings.fault(&path, message);
            }
        }
        self.written.address.iter().map(|it| it.as_str().into()).collect()
    }

    fn local_address(&mut self) -> Option<std::net::IpAddr> {
        address_of(&self.at("local_address"), self.written.local_address.as_deref(), self.findings)
    }

    pub(super) fn reconnect(&mut self, default: Reconnect) -> Reconnect {
        let written = self.written.reconnect.unwrap_or_default();
        let waits = Reconnect {
            base: self.wait("reconnect.base", written.base, default.base),
            max: self.wait("reconnect.max", written.max, default.max),
            already_bound: self.wait("reconnect.already_bound", written.already_bound, default.already_bound),
            refused: self.wait("reconnect.refused", written.refused, default.refused),
        };
        if waits.max < waits.base {
            self.findings.fault(&self.at("reconnect.max"), "is shorter than base");
        }
        waits
    }

    fn dialect(&mut self) -> Dialect {
        let (written, default) = (self.written, Dialect::default());
        let forms = [
            ("auto", IdForm::Auto),
            ("text", IdForm::Text),
            ("decimal", IdForm::Decimal),
            ("hex", IdForm::Hex),
            ("resp-hex", IdForm::RespHex),
            ("receipt-hex", IdForm::ReceiptHex),
        ];
        let asked = [
            ("all", ReceiptsAsked::All),
            ("first", ReceiptsAsked::First),
            ("last", ReceiptsAsked::Last),
            ("none", ReceiptsAsked::None),
        ];
        let esm_class = written.esm_class.unwrap_or(default.esm_class);
        if 3 < esm_class {
            self.findings.fault(
                &self.at("esm_class"),
                format!("{esm_class} is not one of the modes 0 to 3; nuncio sets the other bits"),
            );
        }
        Dialect {
            source: numbering(written.source, default.source),
            destination: numbering(written.destination, default.destination),
            sender_alphabet: text::sender_alphabet(&self.path, written, self.findings),
            validity: self.findings.choose(
                &self.at("validity_period"),
                written.validity_period.as_deref(),
                &[("relative", Validity::Relative), ("absolute", Validity::Absolute), ("none", Validity::None)],
                default.validity,
            ),
            service_type: self.text("service_type", written.service_type.as_ref(), 5),
            esm_class,
            text: text::profile(&self.path, written, self.findings),
            operation: text::operation(&self.path, written, self.findings),
            tlvs: text::tlvs(&self.path, written, self.findings),
            dlt: text::dlt(&self.path, written.dlt.as_ref(), self.findings),
            message_id: self.findings.choose(
                &self.at("message_id"),
                written.message_id.as_deref(),
                &forms,
                default.message_id,
            ),
            receipts: self.findings.choose(&self.at("receipts"), written.receipts.as_deref(), &asked, default.receipts),
            receipts_by_content: written.receipts_by_content.unwrap_or(default.receipts_by_content),
            receipt_offset: written.receipt_offset.map_or(default.receipt_offset, |it| it.0),
            statuses: statuses::compile(&self.path, &written.statuses, self.findings),
            answers: self.answers(),
            reasons: self.reasons(),
            mo: self.mo(),
            cost: self.cost(),
            texts_only: false,
            hook: None,
        }
    }

    fn answers(&mut self) -> BTreeMap<u32, Answer> {
        let words = [("later", Answer::Later), ("elsewhere", Answer::Elsewhere), ("never", Answer::Never)];
        let mut answers = BTreeMap::new();
        for (status, word) in &self.written.answers {
            let at = self.at(&format!("answers.{status}"));
            let number = command_status(status).map(CommandStatus::as_u32);
            let answer = self.findings.choose(&at, Some(word), &words, Answer::Never);
            match number {
                Some(0) => self.findings.fault(&at, "command_status 0 is success and stays so"),
                Some(number) if answers.insert(number, answer).is_some() => {
                    self.findings.fault(&at, "this command_status stands in the table twice");
                }
                Some(_) => {}
                None => self.findings.fault(&at, "not a command_status such as \"0x0000000B\""),
            }
        }
        answers
    }

    fn reasons(&mut self) -> BTreeMap<Box<str>, Reason> {
        let words: Vec<(&str, Reason)> = Reason::ALL.iter().map(|it| (it.word(), *it)).collect();
        let mut reasons = BTreeMap::new();
        for (code, word) in &self.written.reasons {
            let at = self.at(&format!("reasons.{code}"));
            reasons.insert(code.as_str().into(), self.findings.choose(&at, Some(word), &words, Reason::Undeliverable));
        }
        reasons
    }

    fn mo(&mut self) -> mo::Options {
        let (written, default) = (self.written, mo::Options::default());
        let session = session::options::Options::default();
        let (zero, one) = text::readings(&self.path, written, self.findings);
        // A connection that is dead is noticed by its silence and an enquire_link without an answer.
        let silence = written.enquire_link.map_or(session.enquire_link, |it| it.0);
        let answer = written.response_timeout.map_or(session.response_timeout, |it| it.0);
        mo::Options {
            settled_after: silence.map_or(SETTLED_MAX, |it| it.saturating_add(answer)).min(SETTLED_MAX),
            zero,
            one,
            region: self.region(),
            reassembly_timeout: self.wait("reassembly_timeout", written.reassembly_timeout, default.reassembly_timeout),
            redelivery_window: match written.redelivery_window {
                Some(window) => window.0.map(|it| self.wait("redelivery_window", Some(Span(it)), it)),
                None => default.redelivery_window,
            },
        }
    }

    fn region(&mut self) -> Option<&'static str> {
        let text = self.written.region.as_deref().filter(|it| !it.is_empty())?;
        let region = E164::country_of(text);
        if region.is_none() {
            let message = format!("{text:?} is not a country of ISO 3166 that has numbers, such as \"NL\"");
            self.findings.fault(&self.at("region"), message);
        }
        region
    }

    fn cost(&mut self) -> Option<PriceTable> {
        price::table(&self.at("cost"), self.written.cost.as_ref()?, self.findings)
    }
}

/// A `command_status`: its number, or its name in the specification.
fn command_status(text: &str) -> Option<CommandStatus> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let named = || CommandStatus::ALL.iter().copied().find(|it| it.name() == text);
    number.map(CommandStatus::from_u32).or_else(named)
}

fn numbering(written: Option<written::Numbering>, default: Numbering) -> Numbering {
    let Some(written) = written else { return default };
    Numbering { ton: written.ton.map_or(default.ton, |it| it.0), npi: written.npi.map_or(default.npi, |it| it.0) }
}
