//! `POST /v1/verifications`.

use crate::api::handler::admitted::Prover;
use crate::api::handler::ask::{ask_whether, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json::located;
use crate::api::handler::kinds::{AnyNumber, ChannelWord, IdempotencyKey};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, idempotency, json};
use crate::api::submit::fingerprint::{self, Print};
use crate::api::submit::messages::{KEPT, refuse_when_closed};
use crate::api::submit::quote::{JUDGED, Judge, Quote};
use crate::api::submit::request::{Asked, Registration, Text, To, targets};
use crate::api::submit::screen;
use crate::api::verify::look::shown;
use crate::api::verify::view::VerificationView;
use crate::dispatch::door::happening::{Keyed, Submission, Verify};
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::door::reply::{Denial, Started, Verifying};
use crate::guard::guards::Asker;
use crate::guard::prefix::PersonAddress;
use crate::message::channel::Channel;
use crate::number::e164::E164;
use crate::number::line::LineType;
use crate::record::verification::Verification;
use crate::verify::app::{App, AppChannel};
use crate::verify::code::Code;
use crate::verify::wording::{Said, check_word, is_name};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Words of a request: as many as a text has room for.
const WORDS_MAX: usize = 10;
/// What guards refuse by.
pub(super) const GUARDED: [Kind; 2] = [Kind::ChallengeRequired, Kind::VerificationLimited];
/// Characters of a reference.
const REF_MAX: usize = 255;

/// `POST /v1/verifications`
pub(crate) async fn begin(
    State(context): State<Arc<Context>>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let key = idempotency::key(&head.headers)?;
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), body).await?;
    let asked: Wanted =
        json::read(&body, |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}.")))?;
    let key = key.map(|key| fingerprint::key(key, (head.uri.path(), &body), |it| print(it, &asked)));
    let (it, started) = start(&context, &by, asked, key).await?;
    begun(&context, &by, (&it, started)).await
}

/// A verification begins, or the code of the one that lives goes out again.
pub(in crate::api) async fn start(
    context: &Context,
    by: &Prover,
    asked: Wanted,
    key: Option<Keyed>,
) -> Result<(Verification, Started), Problem> {
    refuse_when_closed(context)?;
    let verify = match wanted(context, by, (asked, true)).await {
        Ok(verify) => Verify { idempotency: key, ..verify },
        // What is refused today may have been done when it came first.
        Err(problem) => return repeat_of(context, by, key.as_ref()).await?.ok_or(problem),
    };
    let gone = || Problem::new(Kind::RouteNotGranted, "The app, or its route, is not configured any more.");
    let Verifying { started, verification } = answered(context, verify, gone).await?;
    Ok((context.shown(*verification), started))
}

/// What a request that begins asks the loop for; a service may be asked about the number, if it is to be.
pub(super) async fn wanted(context: &Context, by: &Prover, (asked, lookup): (Wanted, bool)) -> Result<Verify, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let app = plan.app_named(&asked.app).ok_or_else(|| Problem::at(Kind::Invalid, "/app", "there is no such app"))?;
    let way = way_of(account, app, asked.channel.as_deref())?;
    let to = E164::parse(&asked.to, account.region.as_deref())
        .map_err(|error| Problem::at(Kind::Invalid, "/to", error.to_string()))?;
    check(way, app, &asked)?;
    let chosen = asked.custom_code.as_ref().map(|it| Code::written(it.as_str().unwrap_or_default()));
    if chosen.is_some() && app.profile.is_some() {
        return Err(Problem::at(Kind::Invalid, "/custom_code", "the profile of the app has the gateway make codes"));
    }
    if chosen.as_ref().is_some_and(|it| !app.form.is(it.expose())) {
        return Err(Problem::at(Kind::Invalid, "/custom_code", form_of(app)));
    }
    let language = app.language(asked.locale.as_deref());
    let test = app.test_numbers.get(&to).cloned();
    let send = match test {
        Some(_) => None,
        None => Some(message(context, (account, plan), (app, way, to, lookup), (language, &asked.variables)).await?),
    };
    Ok(Verify {
        account: account.id,
        app: app.id,
        to,
        again: None,
        form: app.form,
        code: test.or(chosen),
        client_ref: asked.client_ref.map(Into::into),
        language: language.into(),
        words: asked.variables,
        channel: way.channel,
        by_itself: false,
        by: Asker { address: asked.ip.as_deref().and_then(|it| it.parse().ok()).map(address), line: LineType::of(to) },
        send,
        idempotency: None,
    })
}

/// All that makes a request another, but a code of its own: of a code no hash is stored, for a few million are tried
/// through at once.
fn print(print: &mut Print, asked: &Wanted) {
    let Wanted { to, app, channel, locale, client_ref, ip, custom_code: _, variables } = asked;
    let texts = [("to", Some(to)), ("app", Some(app)), ("channel", channel.as_ref()), ("locale", locale.as_ref())];
    let more = [("client_ref", client_ref.as_ref()), ("ip", ip.as_ref())];
    texts.into_iter().chain(more).for_each(|(name, it)| print.member(name, it.map(|it| it.as_bytes())));
    for (name, value) in variables {
        print.member(&format!("variables.{name}"), Some(value.as_bytes()));
    }
}

/// What was done under a key before, if it was used; refused where it was for something else.
async fn repeat_of(
    context: &Context,
    by: &Prover,
    key: Option<&Keyed>,
) -> Result<Option<(Verification, Started)>, Problem> {
    let Some(asked) = key else { return Ok(None) };
    let (account, name) = (by.account().id, asked.key.clone());
    let Some(before) = blocking(context, move |readers| readers.idempotency(account, &name)).await? else {
        return Ok(None);
    };
    if !asked.is(&before.hash) {
        return Err(refusal(&Denial::KeyReused));
    }
    let found = blocking(context, move |readers| readers.verification_kept_under(&before)).await?;
    Ok(found.filter(|it| it.account == account).map(|it| (it, Started::Repeated)))
}

/// The answer to a request that begins.
async fn begun(context: &Context, by: &Prover, (it, started): (&Verification, Started)) -> Result<Response, Problem> {
    let path = format!("/v1/verifications/{}", context.veil().verification(it.id));
    let response = shown(context, by, (it, Some(started.word())), StatusCode::ACCEPTED).await?;
    let response = if started == Started::Repeated { idempotency::mark_replay(response) } else { response };
    Ok(located(response, path))
}

/// What the loop did; refused by `gone` where there is not what it is about.
pub(super) async fn answered(
    context: &Context,
    verify: Verify,
    gone: impl FnOnce() -> Problem,
) -> Result<Verifying, Problem> {
    match ask_whether(context, Box::new(verify)).await? {
        Ok(it) => Ok(it),
        Err(Denial::NotFound) => Err(gone()),
        Err(other) => Err(refusal(&other)),
    }
}

/// How a code of an app goes by a channel, or by the first of the app; if the account may use the route of it.
pub(super) fn way_of<'a>(account: &Account, app: &'a App, channel: Option<&str>) -> Result<&'a AppChannel, Problem> {
    let asked = channel.map_or(Some(app.first()), Channel::from_word);
    let Some(way) = asked.and_then(|it| app.way(it)) else {
        let words: Vec<&str> = app.ways.iter().map(|it| it.channel.word()).collect();
        return Err(Problem::at(Kind::Invalid, "/channel", format!("must be {}", words.join(" or "))));
    };
    if account.routes.contains(&account.route(way.route.0)) {
        Ok(way)
    } else {
        Err(Problem::at(Kind::RouteNotGranted, "/app", "the account may not use the route of this app"))
    }
}

/// Refuses what a text may not have.
fn check(way: &AppChannel, app: &App, asked: &Wanted) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut fault =
        |pointer: String, detail: String| faults.push(Fault { detail: detail.into(), pointer: pointer.into() });
    if asked.client_ref.as_ref().is_some_and(|it| it.is_empty() || REF_MAX < it.chars().count()) {
        fault("/client_ref".into(), format!("must have 1 to {REF_MAX} characters"));
    }
    if asked.ip.as_ref().is_some_and(|it| it.parse::<IpAddr>().is_err()) {
        fault("/ip".into(), "must be an address of IPv4 or IPv6".into());
    }
    if WORDS_MAX < asked.variables.len() {
        fault("/variables".into(), format!("must be {WORDS_MAX} at most"));
    }
    for (name, value) in &asked.variables {
        let pointer = format!("/variables/{}", json::escape(name));
        if !is_name(name) {
            fault(pointer, "is no name of a word".into());
        } else if let Err(error) = check_word(value) {
            fault(pointer, error.to_string());
        }
    }
    let language = app.language(asked.locale.as_deref());
    let wording = way.texts.get(language);
    for name in wording.into_iter().flat_map(|it| it.words()).filter(|it| !asked.variables.contains_key(*it)) {
        fault(format!("/variables/{name}"), "is missing: the text of the app says it".into());
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(Kind::Invalid, faults)) }
}

/// The message that says the code, judged as any other, with zeros in the place of the code; and where these begin.
pub(super) async fn message(
    context: &Context,
    (account, plan): (&Account, &Plan),
    (app, way, to, lookup): (&App, &AppChannel, E164, bool),
    (language, words): (&str, &BTreeMap<Box<str>, Box<str>>),
) -> Result<(Box<Submission>, Box<[u16]>), Problem> {
    if !app.reaches(plan.country(to)) {
        let detail = "the app does not send to this country: see countries";
        return Err(Problem::at(Kind::DestinationDenied, "/to", detail));
    }
    let said =
        app.says(way.channel, language, words).ok_or_else(|| Problem::new(Kind::Internal, "The app says nothing."))?;
    let Said { text, places } = said;
    let sender = app.sender.as_deref().or_else(|| account.senders.first().map(|it| &**it).filter(|it| *it != "*"));
    let asked = Asked {
        to: Some(To::One(Text(Cow::Owned(to.to_string())))),
        from: sender.map(|it| Text(Cow::Borrowed(it))),
        text: Some(Text(Cow::Owned(text))),
        route_id: Some(way.route.0),
        dlt: app
            .dlt_template_id
            .as_deref()
            .map(|it| Registration { template_id: Some(Text(Cow::Borrowed(it))), ..Registration::default() }),
        ..Asked::default()
    };
    let judge = Judge { plan, opted_out: &context.wiring.opted_out, account };
    let (mut quote, mut submission) = Quote::of(judge, &asked)?;
    quote.some()?;
    if lookup {
        screen::sift(context, (&targets(&asked)?, None), &mut quote, &mut submission).await?;
    }
    quote.some()?;
    if way.channel == Channel::Sms && submission.recipients.iter().any(|it| it.parts != 1) {
        let detail = "make the text longer than one SMS: their letters need another alphabet, or there are too many";
        return Err(Problem::at(Kind::Invalid, "/variables", detail));
    }
    Ok((submission, places.into()))
}

/// An address as guards compare it.
fn address(ip: IpAddr) -> PersonAddress {
    PersonAddress(match ip.to_canonical() {
        IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
        IpAddr::V6(it) => it.to_bits(),
    })
}

fn form_of(app: &App) -> String {
    format!("must be a text of {} {}, as codes of the app are", app.form.size(), app.form.alphabet.word())
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    let example = json!({ "to": "+31612345678", "app": "login", "client_ref": "login-77", "ip": "192.0.2.7" });
    Endpoint::new("Verifications", "startVerification", "Verify a number")
        .says(include_str!("begin.md").trim_end())
        .by::<Prover>()
        .header::<IdempotencyKey>("Idempotency-Key", "Makes the request safe to repeat: one key for one request.")
        .body::<Wanted>("Whose number, and by which app.", example)
        .answers::<VerificationView<'_>>(202, "The verification is durable, and `result` says what was done.")
        .tells(202, "Location", (false, "The verification."))
        .tells(202, "Idempotent-Replayed", (false, "`true` where this is the answer to an earlier request again."))
        .leads(202, "checkVerification", ("id", "$response.body#/id", "Checks a code."))
        .leads(202, "getVerification", ("id", "$response.body#/id", "How far it is."))
        .refuses(&JUDGED)
        .refuses(&KEPT)
        .refuses(&[Kind::ResendTooSoon, Kind::KeyMissing])
        .refuses(&GUARDED)
        .refuses(&READS)
        .refuses(&ASKS)
        .sends("Idempotency-Key: login-77")
}

/// A number that is to be verified.
#[derive(Deserialize, ToSchema)]
#[schema(as = StartVerification)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wanted {
    /// Whose number.
    #[schema(value_type = AnyNumber)]
    pub(in crate::api) to: String,
    /// By which app of the configuration.
    #[schema(examples("login"))]
    pub(in crate::api) app: String,
    /// By what the code goes there, of what the app has; else by the first of these.
    #[serde(default)]
    #[schema(value_type = Option<ChannelWord>)]
    pub(in crate::api) channel: Option<String>,
    /// The language of the text, such as `nl` or `pt-BR`; the nearest that the app has is taken.
    #[serde(default)]
    pub(in crate::api) locale: Option<String>,
    /// Your reference.
    #[serde(default)]
    pub(in crate::api) client_ref: Option<String>,
    /// The address of the person's browser or app.
    #[serde(default)]
    pub(in crate::api) ip: Option<String>,
    /// A code of your own, of the form of the app's.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 10)]
    pub(in crate::api) custom_code: Option<Value>,
    /// The words that the text of the app has besides.
    #[serde(default)]
    pub(in crate::api) variables: BTreeMap<Box<str>, Box<str>>,
}

impl Wanted {
    /// One by an app, of which nothing else is known.
    pub(in crate::api) fn of_app(app: &str) -> Self {
        Self {
            to: String::new(),
            app: app.to_owned(),
            channel: None,
            locale: None,
            client_ref: None,
            ip: None,
            custom_code: None,
            variables: BTreeMap::new(),
        }
    }
}
