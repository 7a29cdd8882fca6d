//! Twilio Verify, version 2, as far as its SDKs start, check, fetch and cancel verifications. A service is an app, by
//! its name; the account's SID may be anything, and the auth token is a key of ours.

use crate::api::handler::admitted::Prover;
use crate::api::handler::context::Context;
use crate::api::handler::json;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, query};
use crate::api::port::name;
use crate::api::verify::begin::{Wanted, start};
use crate::api::verify::check::{compare, give_up};
use crate::api::verify::look::{no_verification, own};
use crate::dispatch::door::reply::Checked;
use crate::guard::policy::GuardReason;
use crate::message::channel::Channel;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::verification::Verification;
use crate::verify::progress::{CheckResult, VerificationStatus};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Parameters that a start may have. Tags and names are for Twilio's console.
const START: [&str; 7] = ["To", "Channel", "Locale", "CustomCode", "DeviceIp", "Tags", "CustomFriendlyName"];
const CHECK: [&str; 3] = ["To", "VerificationSid", "Code"];
const UPDATE: [&str; 1] = ["Status"];

/// `POST /v2/Services/{service}/Verifications`
pub(in crate::api) async fn begin(
    State(context): State<Arc<Context>>,
    Path(service): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let mut asked = Wanted::of_app(&service);
    for (name, value) in form(&context, &by, request, &START).await? {
        match &*name {
            "To" => asked.to = value,
            "Channel" => asked.channel = channel(&value)?,
            "Locale" => asked.locale = Some(value),
            "CustomCode" => asked.custom_code = Some(value.into()),
            "DeviceIp" => asked.ip = Some(value),
            _ => (),
        }
    }
    if asked.to.is_empty() {
        return Err(query::invalid("To", "is missing"));
    }
    let (it, _) = start(&context, &by, asked, None).await?;
    Ok(json::answer(StatusCode::CREATED, &shown(&context, &service, &it), 1_024))
}

/// `POST /v2/Services/{service}/VerificationCheck`
pub(in crate::api) async fn check(
    State(context): State<Arc<Context>>,
    Path(service): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let (mut named, mut code) = (None, None);
    for (name, value) in form(&context, &by, request, &CHECK).await? {
        if name == "Code" { code = Some(value) } else { named = Some(value) }
    }
    let named = named.ok_or_else(|| query::invalid("To", "is missing"))?;
    let code = code.ok_or_else(|| query::invalid("Code", "is missing"))?;
    let it = found(&context, &by, (&service, &named)).await?;
    let code = Zeroizing::new(code);
    let Checked { result, verification } = compare(&context, by.account().id, it.id, &code).await?;
    match result {
        CheckResult::Ok | CheckResult::Incorrect => {
            let shown = shown(&context, &service, &context.shown(*verification));
            Ok(json::answer(StatusCode::OK, &shown, 1_024))
        }
        CheckResult::Exhausted => Err(Problem::new(Kind::VerificationOver, "Max check attempts reached")),
        // They know one no more once it has ended.
        CheckResult::Expired | CheckResult::AlreadyVerified => Err(no_verification()),
    }
}

/// `GET /v2/Services/{service}/Verifications/{sid}`, where a number is a name too.
pub(in crate::api) async fn fetch(
    State(context): State<Arc<Context>>,
    Path((service, sid)): Path<(String, String)>,
    by: Prover,
) -> Result<Response, Problem> {
    let it = found(&context, &by, (&service, &sid)).await?;
    Ok(json::answer(StatusCode::OK, &shown(&context, &service, &it), 1_024))
}

/// `POST /v2/Services/{service}/Verifications/{sid}`
pub(in crate::api) async fn update(
    State(context): State<Arc<Context>>,
    Path((service, sid)): Path<(String, String)>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let asked = form(&context, &by, request, &UPDATE).await?;
    if !matches!(&asked[..], [(_, status)] if status == "canceled") {
        return Err(query::invalid("Status", "must be canceled: whether a code came back is found out here"));
    }
    let it = found(&context, &by, (&service, &sid)).await?;
    let it = give_up(&context, by.account().id, it.id).await?;
    Ok(json::answer(StatusCode::OK, &shown(&context, &service, &it), 1_024))
}

/// The form of a request, of parameters that are known.
async fn form(
    context: &Context,
    by: &Prover,
    request: Request,
    known: &[&str],
) -> Result<Vec<(String, String)>, Problem> {
    let (body, _held) = body::read(context, Holder::Account(by.account().id), request.into_body()).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::new(Kind::Invalid, "The body is no form."))?;
    query::pairs(Some(text), known)?.collect()
}

/// The verification of a SID, or the newest of an app for a number.
async fn found(context: &Context, by: &Prover, (service, named): (&str, &str)) -> Result<Verification, Problem> {
    let app = by.plan().app_named(service).ok_or_else(no_verification)?.id;
    let of_app = |it: &Verification| it.app == app;
    if let Some(digits) = named.strip_prefix("VE") {
        let id = name::verification(&context.veil(), digits)?;
        return own(context, by, id).await.and_then(|it| Some(it).filter(of_app).ok_or_else(no_verification));
    }
    let account = by.account();
    let to = E164::parse(&query::number(named), account.region.as_deref())
        .map_err(|error| query::invalid("To", error.to_string()))?;
    let of = (account.id, Some(app));
    let mut newest = blocking(context, move |readers| readers.verifications_of(to, of, (u64::MAX, 1))).await?;
    newest.pop().ok_or_else(no_verification)
}

/// What they call a channel; `None` is the first of the app.
fn channel(word: &str) -> Result<Option<String>, Problem> {
    match word {
        "auto" => Ok(None),
        "call" => Ok(Some(Channel::Voice.word().to_owned())),
        "sms" | "whatsapp" | "email" => Ok(Some(word.to_owned())),
        _ => Err(query::invalid("Channel", "must be sms, call, whatsapp, email or auto")),
    }
}

const fn word(channel: Channel) -> &'static str {
    match channel {
        Channel::Voice => "call",
        other => other.word(),
    }
}

/// Their resource.
fn shown(context: &Context, service: &str, it: &Verification) -> Value {
    let digits = name::digits(&context.veil(), it.id);
    let status = it.progress.status();
    let send = |(nth, it): (usize, &crate::guard::guards::CodeSend)| json!({ "time": seconds(it.at), "channel": word(it.channel), "attempt_sid": format!("VL{:02x}{}", nth, &digits[2..]) });
    json!({
        "sid": format!("VE{digits}"),
        "service_sid": service,
        "account_sid": null,
        "to": it.to.to_string(),
        "channel": word(it.channel),
        "status": status.word(),
        "valid": status == VerificationStatus::Approved,
        "lookup": {},
        "amount": null,
        "payee": null,
        "send_code_attempts": it.sends.iter().enumerate().map(send).collect::<Vec<_>>(),
        "date_created": seconds(it.created),
        "date_updated": seconds(it.progress.ended().known().unwrap_or(it.sent)),
        "sna": null,
        "url": format!("/v2/Services/{service}/Verifications/VE{digits}"),
    })
}

/// A time without parts of a second, as their SDKs read it.
fn seconds(at: Time) -> String {
    Time(at.0 - at.0 % 1_000).to_string().replace(".000Z", "Z")
}

/// What they call what a pointer of ours names.
fn parameter(pointer: &str) -> &str {
    match pointer.trim_start_matches('/') {
        "to" => "To",
        "channel" => "Channel",
        "custom_code" => "CustomCode",
        "ip" => "DeviceIp",
        "app" => "ServiceSid",
        other => other,
    }
}

/// A refusal in their words: https://www.twilio.com/docs/api/errors
pub(super) fn error(problem: &Problem) -> (u16, Value) {
    let reason = problem.guard.as_ref().map(|it| it.reason);
    let (status, code) = match (problem.kind, reason) {
        (Kind::Unauthorized, _) => (401, 20_003),
        (Kind::ScopeMissing | Kind::NetworkRefused, _) => (403, 20_003),
        (Kind::NotFound, _) => (404, 20_404),
        (Kind::VerificationOver, _) | (_, Some(GuardReason::WrongGuesses)) => (429, 60_202),
        (Kind::VerificationLimited | Kind::ResendTooSoon, _) => (429, 60_203),
        (Kind::ChallengeRequired, Some(GuardReason::LineUnsuitable)) => (403, 60_205),
        (Kind::ChallengeRequired, _) => (403, 60_410),
        (Kind::DestinationDenied, _) => (403, 60_605),
        (kind, _) if kind.status() == 422 || kind.status() == 400 => (400, 60_200),
        (kind, _) if kind.status() == 429 => (429, 20_429),
        (kind, _) => (kind.status(), 20_000 + u32::from(kind.status())),
    };
    let faults = problem.errors.iter().map(|it| format!("{}: {}", parameter(&it.pointer), it.detail));
    let faults: Vec<String> = faults.collect();
    let message = if faults.is_empty() { problem.detail.to_string() } else { faults.join("; ") };
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    (status, json!({ "code": code, "message": message, "more_info": more, "status": status }))
}
