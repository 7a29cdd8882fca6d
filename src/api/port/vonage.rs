//! Vonage Verify, version 2, as far as its SDKs start, check, move on and cancel verifications. The app is that of the
//! port; the API secret is a key of ours.

use crate::api::handler::admitted::Prover;
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::json;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::port::kind::PortRole;
use crate::api::port::name;
use crate::api::verify::begin::{Wanted, start};
use crate::api::verify::check::{compare, give_up};
use crate::api::verify::look::own;
use crate::api::verify::resend::send_again;
use crate::dispatch::door::reply::{Checked, Started};
use crate::message::channel::Channel;
use crate::record::verification::Verification;
use crate::verify::progress::CheckResult;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Steps of a workflow, as they have them.
const STEPS_MAX: usize = 3;

/// A start.
#[derive(Deserialize)]
struct Start {
    /// It is the app's brand that is said.
    #[serde(default, rename = "brand")]
    _brand: Option<String>,
    workflow: Vec<Step>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    client_ref: Option<String>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    code_length: Option<u8>,
}

#[derive(Deserialize)]
struct Step {
    channel: String,
    to: String,
}

#[derive(Deserialize)]
struct Guess {
    code: String,
}

/// `POST /v2/verify`
pub(in crate::api) async fn begin(
    State(context): State<Arc<Context>>,
    Extension(role): Extension<PortRole>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let asked: Start = read(&context, &by, request).await?;
    let name = role.app.as_deref().unwrap_or_default();
    let ways = by.plan().app_named(name).map_or(&[][..], |it| &it.ways);
    let form = by.plan().app_named(name).map(|it| it.form.size());
    let [first, ..] = &asked.workflow[..] else { return Err(Problem::at(Kind::Invalid, "/workflow", "has no step")) };
    let mut faults = Vec::new();
    let mut fault =
        |pointer: String, detail: String| faults.push(Fault { detail: detail.into(), pointer: pointer.into() });
    for (at, step) in asked.workflow.iter().enumerate() {
        if !ways.iter().any(|it| it.channel.word() == step.channel) {
            fault(format!("/workflow/{at}/channel"), "is none of the app behind this port".into());
        }
        if step.to != first.to {
            fault(format!("/workflow/{at}/to"), "is another number than the first".into());
        }
    }
    if STEPS_MAX < asked.workflow.len() {
        fault("/workflow".into(), format!("has more than {STEPS_MAX} steps"));
    }
    if asked.code_length.is_some_and(|it| Some(usize::from(it)) != form) {
        fault("/code_length".into(), "codes of the app behind this port have another length".into());
    }
    if !faults.is_empty() {
        return Err(Problem::of_faults(Kind::Invalid, faults));
    }
    let wanted = Wanted {
        to: format!("+{}", first.to.trim_start_matches('+')),
        channel: Some(first.channel.clone()),
        locale: asked.locale,
        client_ref: asked.client_ref,
        custom_code: asked.code,
        ..Wanted::of_app(name)
    };
    let (it, started) = start(&context, &by, wanted, None).await?;
    let id = request_id(&context, &it);
    if started == Started::Running {
        let detail = "Concurrent verifications to the same number are not allowed";
        let document = json!({ "title": "Conflict", "detail": detail, "request_id": id });
        return Ok(json::answer(StatusCode::CONFLICT, &document, 256));
    }
    Ok(json::answer(StatusCode::ACCEPTED, &json!({ "request_id": id }), 128))
}

/// `POST /v2/verify/{id}`
pub(in crate::api) async fn check(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let id = name::verification(&context.veil(), &id)?;
    let Guess { code } = read(&context, &by, request).await?;
    let Checked { result, verification } = compare(&context, by.account().id, id, &code).await?;
    let (status, title, detail) = match result {
        CheckResult::Ok => {
            let document = json!({ "request_id": request_id(&context, &verification), "status": "completed" });
            return Ok(json::answer(StatusCode::OK, &document, 128));
        }
        CheckResult::Incorrect => {
            (StatusCode::BAD_REQUEST, "Invalid Code", "The code you provided does not match the expected value.")
        }
        CheckResult::Exhausted => (
            StatusCode::GONE,
            "Invalid Code",
            "An incorrect code has been provided too many times. Workflow terminated.",
        ),
        CheckResult::Expired | CheckResult::AlreadyVerified => {
            (StatusCode::NOT_FOUND, "Not Found", "The request has ended, or there is none with this id.")
        }
    };
    Ok(json::answer(status, &json!({ "title": title, "detail": detail }), 256))
}

/// `DELETE /v2/verify/{id}`
pub(in crate::api) async fn cancel(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let id = name::verification(&context.veil(), &id)?;
    give_up(&context, by.account().id, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v2/verify/{id}/next_workflow`
pub(in crate::api) async fn next(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let id = name::verification(&context.veil(), &id)?;
    let before = own(&context, &by, id).await?;
    let next = before.offered.or_else(|| plan.apps.get(&before.app)?.next(before.channel)).map(Channel::word);
    let Some(next) = next else {
        let detail = "This Verify request has no remaining workflow actions";
        return Ok(json::answer(StatusCode::CONFLICT, &json!({ "title": "Conflict", "detail": detail }), 128));
    };
    let id = request_id(&context, &before);
    send_again(&context, (account, plan), before, next).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "request_id": id }), 128))
}

async fn read<T: serde::de::DeserializeOwned>(context: &Context, by: &Prover, request: Request) -> Result<T, Problem> {
    let (body, _held) = body::read(context, Holder::Account(by.account().id), request.into_body()).await?;
    json::read(&body, |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}.")))
}

fn request_id(context: &Context, it: &Verification) -> String {
    name::uuid(&name::digits(&context.veil(), it.id))
}

/// A refusal in their words: https://developer.vonage.com/api-errors
pub(super) fn error(problem: &Problem, path: &str) -> (u16, Value) {
    let status = match problem.kind {
        // What is not there any more, or has another end than a code, is a conflict of theirs.
        Kind::VerificationOver => 404,
        Kind::ChallengeRequired => 403,
        Kind::ResendTooSoon => 429,
        other => other.status(),
    };
    let faults = problem.errors.iter();
    let faults = faults.map(|it| json!({ "name": it.pointer.trim_start_matches('/'), "reason": it.detail }));
    let mut document = json!({
        "title": problem.kind.title(), "detail": problem.detail, "instance": path,
        "type": format!("https://developer.vonage.com/api-errors#{}", problem.kind.slug()),
    });
    let faults: Vec<Value> = faults.collect();
    if !faults.is_empty() {
        document["invalid_parameters"] = faults.into();
    }
    (status, document)
}
