//! A carrier over HTTP: its templates, its table of answers and its hook, each tried before it is needed.

use crate::carrier::dialect::{Dialect, IdForm, ReceiptsAsked};
use crate::carrier::http::answer::{Id, Mark, Table, Verdict};
use crate::carrier::http::pointer::Pointer;
use crate::carrier::http::receipt::{Hook, Whence};
use crate::carrier::http::request::{BATCH_MAX, BodyFormat, Method, Shape};
use crate::carrier::http::template::{Escape, Field, Template};
use crate::config::Environment;
use crate::config::compile::one::{One, WINDOW_MAX};
use crate::config::compile::password::Sources;
use crate::config::compile::statuses;
use crate::config::compile::url::Written;
use crate::config::error::{Findings, unknown};
use crate::config::schema::{self, http as written};
use crate::link::http::options::Options;
use crate::link::options::Reconnect;
use crate::message::id::{CarrierId, LinkId, RouteId};
use crate::route::plan::Route;
use crate::text::Alphabet;
use crate::text::profile::{Profile, Split};
use crate::wire::secret::Secret;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Octets of a token: more than any that is a JSON Web Token.
pub(super) const PASSWORD_MAX: usize = 8_192;
/// Characters of a hook's secret; 16 random ones cannot be guessed.
const SECRET: std::ops::RangeInclusive<usize> = 16..=128;

/// The carrier's habits, and what all of its links have in common; `None` where that cannot be told.
pub(super) fn compile(one: &mut One<'_, '_>, usual: Dialect, environment: &Environment) -> (Dialect, Option<Options>) {
    let written = one.written;
    let receipts = written.receipt.clone().unwrap_or_default();
    let hook = Receipt { written: &receipts, path: one.at("receipt"), findings: one.findings };
    let (hook, receipt_url) = hook.compiled(&written.id, written.receipt.is_some(), environment);
    let dialect = Dialect {
        // The carrier cuts texts itself, and knows a message by one name.
        text: Profile { split: Split::Payload, ..Profile::default() },
        message_id: IdForm::Text,
        texts_only: true,
        // Without a hook no receipt can come, and none is to be waited for.
        receipts: if hook.is_some() { ReceiptsAsked::All } else { ReceiptsAsked::None },
        hook,
        ..usual
    };
    let options = options(one, environment, &dialect, receipt_url);
    (dialect, options)
}

fn options(
    one: &mut One<'_, '_>,
    environment: &Environment,
    dialect: &Dialect,
    receipt_url: Secret<Box<str>>,
) -> Option<Options> {
    let written = one.written;
    let password = one.password().optional(&one.path, PASSWORD_MAX, environment, one.findings);
    for (key, text) in
        [("system_id", written.system_id.as_deref()), ("password", password.as_ref().map(|it| &**it.expose()))]
    {
        if text.is_some_and(|it| it.chars().any(|it| !matches!(it, ' '..='~'))) {
            one.findings.fault(&one.at(key), "has characters that are not printable ASCII");
        }
    }
    let request = written.request.clone().unwrap_or_default();
    let url = one.at_url();
    let address =
        Written { path: url.clone(), url: written.url.as_deref(), tls_path: one.at("tls"), tls: written.tls.as_ref() };
    let address = address.address(one.findings);
    let target = address.as_ref().map_or("/", |it| &it.target);
    let shape = Request { written: &request, path: one.at("request"), findings: one.findings };
    let shape = shape.compiled(&url, target, !receipt_url.expose().is_empty());
    let answer = written.answer.clone().unwrap_or_default();
    let answers = Answer { written: &answer, path: one.at("answer"), findings: one.findings }.compiled(shape.batch);
    let window = one.findings.within(&one.at("window"), written.window.unwrap_or(10).into(), 1..=WINDOW_MAX);
    if WINDOW_MAX < window * shape.batch as u64 {
        one.findings.fault(&one.at("window"), format!("times batch is more than {WINDOW_MAX} messages"));
    }
    let most = window * shape.batch as u64;
    let ahead = one.findings.within(&one.at("ahead"), written.ahead.map_or(most, u64::from), 0..=most);
    let connect_timeout = one.wait("connect_timeout", written.connect_timeout, Duration::from_secs(10));
    let response_timeout = one.wait("response_timeout", written.response_timeout, Duration::from_secs(60));
    let waits = written.reconnect.unwrap_or_default();
    for (key, is_there) in [("already_bound", waits.already_bound.is_some()), ("refused", waits.refused.is_some())] {
        if is_there {
            one.findings.fault(&one.at(&format!("reconnect.{key}")), "is of binds: there are none over HTTP");
        }
    }
    let reconnect = one.reconnect(Reconnect::default());
    let address = address?;
    Some(Options {
        id: LinkId { carrier: CarrierId(0), bind: 0 },
        carrier: written.id.as_str().into(),
        address: address.authority,
        host: address.host.into(),
        tls: address.tls,
        connect_timeout,
        response_timeout,
        window: window as usize,
        ahead: ahead as usize,
        reconnect,
        shape: Arc::new(shape),
        answers: Arc::new(answers),
        told: Default::default(),
        system_id: written.system_id.as_deref().unwrap_or_default().into(),
        password: password.unwrap_or_default(),
        receipt_url,
        dialect: Arc::new(dialect.clone()),
    })
}

impl One<'_, '_> {
    fn at_url(&self) -> String {
        self.at("url")
    }
}

/// `[carrier.request]`, while it is compiled.
struct Request<'a, 'f> {
    written: &'a written::Request,
    path: String,
    findings: &'f mut Findings,
}

impl Request<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn compiled(mut self, url: &str, target: &str, takes_receipts: bool) -> Shape {
        let written = self.written;
        let method = self.findings.choose(&self.at("method"), written.method.as_deref(), &Method::WORDS, Method::Post);
        let formats = [("form", BodyFormat::Form), ("json", BodyFormat::Json)];
        let format = self.findings.choose(&self.at("format"), written.format.as_deref(), &formats, BodyFormat::Form);
        let most = BATCH_MAX as u64;
        let batch = self.findings.within(&self.at("batch"), written.batch.unwrap_or(1).into(), 1..=most) as usize;
        let shape = Shape {
            method,
            target: self.template(url, target),
            headers: self.headers(),
            format,
            body: written.body.as_ref().map(|it| self.template(&self.at("body"), it)),
            element: written.element.as_ref().map(|it| self.template(&self.at("element"), it)),
            separator: written.separator.as_deref().unwrap_or(",").into(),
            batch,
            encodings: self.encodings(),
        };
        if method == Method::Get && shape.body.is_some() {
            self.findings.fault(&self.at("body"), "GET has no body; set method, or put the fields into the url");
        }
        if !takes_receipts && fields_of(&shape).contains(&Field::ReceiptUrl) {
            let message = "{receipt_url} stands in a template: set receipt.url and receipt.secret";
            self.findings.fault(&self.path.clone(), message);
        }
        self.check_batch(&shape);
        self.check_shape(url, &shape);
        shape
    }

    fn template(&mut self, path: &str, text: &str) -> Template {
        template(path, text, self.findings)
    }

    fn headers(&mut self) -> Vec<(Box<str>, Template)> {
        headers(&self.at("headers"), &self.written.headers, self.findings)
    }

    fn encodings(&mut self) -> BTreeMap<Box<str>, Box<str>> {
        let known = [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ucs2].map(Alphabet::word);
        for word in self.written.encodings.keys().filter(|it| !known.contains(&it.as_str())) {
            self.findings.fault(&self.at(&format!("encodings.{word}")), unknown("alphabet", word, &known));
        }
        self.written.encodings.iter().map(|(ours, theirs)| (ours.as_str().into(), theirs.as_str().into())).collect()
    }

    fn check_batch(&mut self, shape: &Shape) {
        let repeats = shape.body.as_ref().is_some_and(|it| it.fields().any(|it| it == Field::Elements));
        match (&shape.element, repeats) {
            (Some(_), false) => self.findings.fault(&self.at("element"), "stands in no body: write {elements} there"),
            (None, true) => self.findings.fault(&self.at("body"), "{elements} needs element, which it repeats"),
            (Some(_), true) | (None, false) => {}
        }
        if 1 < shape.batch && shape.element.is_none() {
            self.findings.fault(&self.at("batch"), "several recipients need element, which the body repeats for each");
        }
        let headers = shape.headers.iter().flat_map(|(_, it)| it.fields());
        let outside = shape.target.fields().chain(headers).chain(shape.body.iter().flat_map(Template::fields));
        let outside: Vec<Field> = outside.filter(|it| it.is_of_recipient()).collect();
        if let (true, Some(field)) = (1 < shape.batch, outside.first()) {
            let word = Field::WORDS.iter().find(|it| it.1 == *field).map_or("", |it| it.0);
            self.findings
                .fault(&self.at("batch"), format!("{{{word}}} is of one recipient and stands outside element"));
        }
    }

    /// Fills every template with what is hard to bear, and looks whether it still is what it should be.
    fn check_shape(&mut self, url: &str, shape: &Shape) {
        let sample = |field| match field {
            Field::Parts | Field::Validity | Field::ToDigits => Cow::Borrowed("12"),
            _ => Cow::Borrowed("a\"\\&= {}\u{e9}"),
        };
        let place = shape.format.escape();
        let element = shape.element.as_ref().map(|it| it.render(place, sample)).unwrap_or_default();
        let elements = [element.as_str(), &element].join(&shape.separator);
        let with = |field| if field == Field::Elements { Cow::Borrowed(elements.as_str()) } else { sample(field) };
        let (url_faulty, body_faulty) = (self.findings.is_faulty(url), self.findings.is_faulty(&self.at("body")));
        let is_path = |it: &str| PathAndQuery::try_from(it).is_ok() && !it.contains('#');
        if !url_faulty && !is_path(&shape.target.render(Escape::Url, sample)) {
            self.findings.fault(url, "its path and query are not those of a URL: escape what is not a placeholder");
        }
        let body = shape.body.as_ref().map(|it| it.render(place, with));
        let wrong = body.and_then(|it| serde_json::from_str::<serde_json::Value>(&it).err());
        if let (BodyFormat::Json, Some(error), false) = (shape.format, wrong, body_faulty) {
            let message = "is no JSON once it is filled; every placeholder but {parts}, {validity} and {to_digits} stands in quotes";
            self.findings.fault(&self.at("body"), format!("{message} ({error})"));
        }
    }
}

/// Login and password stand in headers.
pub(super) fn printable(
    path: &str,
    system_id: Option<&str>,
    password: Option<&Secret<Box<str>>>,
    findings: &mut Findings,
) {
    for (key, text) in [("system_id", system_id), ("password", password.map(|it| &**it.expose()))] {
        if text.is_some_and(|it| it.chars().any(|it| !matches!(it, ' '..='~'))) {
            findings.fault(&format!("{path}.{key}"), "has characters that are not printable ASCII");
        }
    }
}

/// A template; one with a placeholder that stands for nothing is a fault.
pub(super) fn template(path: &str, text: &str, findings: &mut Findings) -> Template {
    Template::parse(text).unwrap_or_else(|error| {
        let known = Field::WORDS.map(|it| it.0);
        findings.fault(path, unknown(&format!("placeholder {{{}}}", error.0), &error.0, &known));
        Template::default()
    })
}

/// Headers with their names in lower case.
pub(super) fn headers(
    path: &str,
    written: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Vec<(Box<str>, Template)> {
    let mut headers = Vec::new();
    for (name, text) in written {
        let at = format!("{path}.{name}");
        let lower = name.to_ascii_lowercase();
        if HeaderName::from_bytes(lower.as_bytes()).is_err() || HeaderValue::from_str(text).is_err() {
            findings.fault(&at, "is not a header of HTTP");
        }
        if ["host", "content-length", "transfer-encoding", "connection"].contains(&&*lower) {
            findings.fault(&at, "is a header that nuncio writes itself");
        }
        let template = template(&at, text, findings);
        if let Some(field) = template.fields().find(|it| !it.fits_header()) {
            findings.fault(&at, format!("{{{}}} may not stand in a header", field.word()));
        }
        headers.push((lower.into(), template));
    }
    headers
}

/// A route whose messages need a registration has no carrier over HTTP that is not told of it.
pub(super) fn check_registrations(
    written: &[(usize, schema::route::Route)],
    routes: &BTreeMap<RouteId, Route>,
    links: &[Options],
    findings: &mut Findings,
) {
    let is_told = |it: &&Options| {
        let fields = fields_of(&it.shape);
        [Field::DltEntity, Field::DltTemplate].iter().all(|it| fields.contains(it))
    };
    for (place, it) in written {
        let route = routes.get(&RouteId(it.id)).filter(|it| it.dlt.as_ref().is_some_and(|it| it.required));
        let carriers = route.map(Route::every_carrier).unwrap_or_default();
        let deaf = links.iter().filter(|it| it.id.bind == 0 && carriers.contains(&it.id.carrier));
        for link in deaf.filter(|it| !is_told(it)) {
            let carrier = &link.carrier;
            let message =
                format!("carrier {carrier:?} is not told it: its request lacks {{dlt_entity}} or {{dlt_template}}");
            findings.fault(&format!("route.{place}.dlt"), message);
        }
    }
}

fn fields_of(shape: &Shape) -> Vec<Field> {
    let bodies = shape.body.iter().chain(&shape.element).flat_map(Template::fields);
    shape.target.fields().chain(bodies).collect()
}

/// `[carrier.answer]`, while it is compiled.
struct Answer<'a, 'f> {
    written: &'a written::Answer,
    path: String,
    findings: &'f mut Findings,
}

impl Answer<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn compiled(mut self, batch: usize) -> Table {
        let written = self.written;
        let mut table = Table {
            code: pointer(&self.at("code"), written.code.as_deref(), self.findings),
            codes: self.verdicts("codes", &written.codes),
            texts: self.verdicts("texts", &written.texts).into_iter().collect(),
            id: self.id(),
            elements: pointer(&self.at("elements"), written.elements.as_deref(), self.findings),
            ..Table::default()
        };
        // Of two that are found the longer says more.
        table.texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        if table.code.is_none() && !table.codes.is_empty() {
            self.findings.fault(&self.at("codes"), "needs code, which says where a code stands");
        }
        if 1 < batch && table.elements.is_none() && !matches!(table.id, Id::Own) {
            let message = "every recipient of a request would get the same id: set answer.elements, or id = \"own\"";
            self.findings.fault(&self.at("id"), message);
        }
        for (status, verdict) in self.verdicts("statuses", &written.statuses) {
            match (status.strip_suffix("xx").map(str::parse::<u8>), status.parse::<u16>()) {
                (Some(Ok(family @ 1..=5)), _) => _ = table.families.insert(family, verdict),
                (None, Ok(status @ 100..=599)) => _ = table.statuses.insert(status, verdict),
                _ => self.findings.fault(
                    &self.at(&format!("statuses.{status}")),
                    "not a status of HTTP such as \"402\", nor a family of them such as \"5xx\"",
                ),
            }
        }
        table
    }

    fn verdicts(&mut self, key: &str, written: &BTreeMap<String, String>) -> BTreeMap<Box<str>, Verdict> {
        let mut verdicts = BTreeMap::new();
        for (name, word) in written {
            let at = self.at(&format!("{key}.{name}"));
            let verdict = self.findings.choose(&at, Some(word), &Verdict::WORDS, Verdict::Never);
            verdicts.insert(name.as_str().into(), verdict);
        }
        verdicts
    }

    fn id(&mut self) -> Id {
        if self.written.id_until.is_some() && self.written.id_after.is_none() {
            self.findings.fault(&self.at("id_until"), "needs id_after, behind which the id stands");
        }
        match (self.written.id.as_deref(), self.written.id_after.as_deref()) {
            (Some(_), Some(_)) => {
                self.findings.fault(&self.at("id_after"), "id and id_after exclude each other");
                Id::Own
            }
            (None | Some("own"), None) => Id::Own,
            (None, Some("")) => {
                self.findings.fault(&self.at("id_after"), "is empty");
                Id::Own
            }
            (None, Some(text)) => Id::After(self.mark(text)),
            (Some(text), None) => pointer(&self.at("id"), Some(text), self.findings).map_or(Id::Own, Id::At),
        }
    }
}

impl Answer<'_, '_> {
    fn mark(&self, text: &str) -> Mark {
        let usual = Mark::usual(text);
        Mark { until: self.written.id_until.as_deref().map_or(usual.until, Into::into), text: usual.text }
    }
}

pub(super) fn pointer(path: &str, written: Option<&str>, findings: &mut Findings) -> Option<Pointer> {
    let text = written?;
    let pointer = Pointer::parse(text);
    pointer.map_err(|error| findings.fault(path, format!("{text:?} is no JSON pointer: {error}"))).ok()
}

/// `[carrier.receipt]`, while it is compiled.
struct Receipt<'a, 'f> {
    written: &'a written::Receipt,
    path: String,
    findings: &'f mut Findings,
}

impl Receipt<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// The hook, and the address of it that the carrier is told.
    fn compiled(
        mut self,
        carrier: &str,
        wanted: bool,
        environment: &Environment,
    ) -> (Option<Box<Hook>>, Secret<Box<str>>) {
        if !wanted {
            return (None, Secret::default());
        }
        let written = self.written;
        let sources = Sources {
            key: "secret",
            text: written.secret.as_ref(),
            file: written.secret_file.as_ref(),
            env: written.secret_env.as_ref(),
            credential: written.secret_credential.as_ref(),
        };
        let secret = sources.required(&self.path, *SECRET.end(), environment, self.findings);
        let text: &str = secret.expose();
        let unreserved = text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it));
        if !text.is_empty() && (!SECRET.contains(&text.len()) || !unreserved) {
            let message = "a secret has 16 to 128 letters, digits and '-', '.', '_', '~': it stands in an address";
            self.findings.fault(&self.at("secret"), message);
        }
        let hook = Hook {
            secret: Sha256::digest(text).into(),
            elements: pointer(&self.at("elements"), written.elements.as_deref(), self.findings),
            id: self.whence("id", written.id.as_deref().or(Some("id"))).unwrap_or(Whence::Field("id".into())),
            status: self
                .whence("status", written.status.as_deref().or(Some("status")))
                .unwrap_or(Whence::Field("status".into())),
            error: self.whence("error", written.error.as_deref()),
            to: self.whence("to", written.to.as_deref()),
            statuses: statuses::compile(&self.path, &self.written.statuses, self.findings),
            challenge: written.challenge.as_deref().map(Into::into),
        };
        let url = written.url.as_deref().map(|base| {
            if !base.starts_with("http://") && !base.starts_with("https://") {
                self.findings.fault(&self.at("url"), "is not an address that begins with http:// or https://");
            }
            format!("{}/hooks/{carrier}/{text}", base.trim_end_matches('/'))
        });
        (Some(Box::new(hook)), Secret::new(url.unwrap_or_default().into()))
    }

    fn whence(&mut self, key: &str, written: Option<&str>) -> Option<Whence> {
        let text = written?;
        if text.starts_with('/') {
            return pointer(&self.at(key), Some(text), self.findings).map(Whence::Pointer);
        }
        if text.is_empty() {
            self.findings.fault(&self.at(key), "is neither the name of a field nor a JSON pointer");
        }
        Some(Whence::Field(text.into()))
    }
}
