//! What the page is told: as much of the gateway's answers as somebody needs who logs in, and no more.
//!
//! Times are told as seconds from now, for the clocks of phones and browsers are wrong.

use crate::message::time::Time;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The app that verifies, as far as the page has to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct App {
    pub(super) name: &'static str,
    pub(super) code_length: u8,
}

/// Where a login is.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct LoginState {
    /// `none`, `pending`, `approved`, `expired`, `exhausted`, `failed` or `ended`.
    pub(super) status: &'static str,
    /// Whose number it is.
    pub(super) to: String,
    pub(super) code_length: u8,
    /// How the code goes there, and how else it could.
    pub(super) channel: Option<String>,
    pub(super) next_channel: Option<String>,
    /// Seconds until the code may be asked for again; null where it may not.
    pub(super) resend_in: Option<f64>,
    /// Seconds until the code dies.
    pub(super) expires_in: f64,
}

impl LoginState {
    /// Nobody logs in.
    pub(super) const NONE: Self = Self {
        status: "none",
        to: String::new(),
        code_length: 0,
        channel: None,
        next_channel: None,
        resend_in: None,
        expires_in: 0.0,
    };

    /// What a verification of the gateway is to somebody whose code came back here, or did not.
    pub(super) fn of(view: &Value, app: App, verified: bool, now: Time) -> Self {
        let text = |name: &str| view[name].as_str().map(str::to_owned);
        let seconds = |name: &str| in_seconds(view[name].as_str()?, now);
        let status = match view["status"].as_str().unwrap_or_default() {
            "pending" => "pending",
            "approved" if verified => "approved",
            "expired" => "expired",
            "max_attempts_reached" => "exhausted",
            "failed" => "failed",
            // Canceled; or approved for somebody else who has the same number, which is not this login.
            _ => "ended",
        };
        Self {
            status,
            to: text("to").unwrap_or_default(),
            code_length: app.code_length,
            channel: text("channel"),
            next_channel: text("next_channel"),
            resend_in: seconds("resend_after"),
            expires_in: seconds("expires_at").unwrap_or_default(),
        }
    }
}

/// Seconds from now until a moment; none once it is over.
fn in_seconds(moment: &str, now: Time) -> Option<f64> {
    let at = OffsetDateTime::parse(moment, &Rfc3339).ok()?;
    let at = Time(u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()?);
    Some(at.since(now).as_secs_f64())
}

/// Why somebody does not get on, in a word that the page has a sentence for.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Trouble {
    #[serde(skip)]
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    /// Seconds after which it may be tried again.
    pub(super) retry_in: Option<u64>,
    /// How many guesses may yet be wrong.
    pub(super) checks_left: Option<u64>,
}

impl Trouble {
    /// The gateway does not answer as it should.
    pub(super) const BUSY: Self = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy");
    /// There is no login that this could be about.
    pub(super) const OVER: Self = Self::new(StatusCode::CONFLICT, "over");

    pub(super) const fn new(status: StatusCode, error: &'static str) -> Self {
        Self { status, error, retry_in: None, checks_left: None }
    }

    /// What a problem of the gateway is to who logs in.
    pub(super) fn of_problem(problem: &Value, retry_after: Option<u64>) -> Self {
        let slug = problem["type"].as_str().and_then(|it| it.rsplit('/').next()).unwrap_or_default();
        let at =
            |pointer: &str| problem["errors"].as_array().is_some_and(|it| it.iter().any(|it| it["pointer"] == pointer));
        let (status, error) = match slug {
            "invalid-request" if at("/to") => (StatusCode::UNPROCESSABLE_ENTITY, "number"),
            "destination-denied" => (StatusCode::FORBIDDEN, "country"),
            "challenge-required" if problem["reason"] == "line_unsuitable" => (StatusCode::FORBIDDEN, "line"),
            "challenge-required" | "suppressed" => (StatusCode::FORBIDDEN, "refused"),
            "verification-limited" => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            "resend-too-soon" => (StatusCode::TOO_MANY_REQUESTS, "too_soon"),
            "verification-over" | "not-found" => (StatusCode::CONFLICT, "over"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        };
        Self { retry_in: retry_after, ..Self::new(status, error) }
    }

    /// What came of a guess; `None` where it was right.
    pub(super) fn of_check(check: &Value) -> Option<Self> {
        let left = check["checks_left"].as_u64().unwrap_or_default();
        let error = match check["result"].as_str().unwrap_or_default() {
            "ok" => return None,
            "incorrect" if left != 0 => "code",
            "incorrect" | "exhausted" => "exhausted",
            "expired" => "expired",
            // A right code is right once.
            _ => "over",
        };
        Some(Self { checks_left: Some(left), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const APP: App = App { name: "login", code_length: 6 };

    #[test]
    fn a_login_is_told_in_seconds_from_now_and_without_its_id() {
        let view = json!({
            "id": "ver_1", "status": "pending", "to": "+31612345678", "channel": "sms", "next_channel": "voice",
            "resend_after": "1970-01-01T00:00:15.500Z", "expires_at": "1970-01-01T00:05:00Z", "checks_left": 5,
        });
        let state = LoginState::of(&view, APP, false, Time(500));
        let shown = serde_json::to_string(&state).unwrap();
        assert_eq!((state.status, state.resend_in, state.expires_in), ("pending", Some(15.0), 299.5));
        assert_eq!((state.channel.as_deref(), state.next_channel.as_deref()), (Some("sms"), Some("voice")));
        assert!(!shown.contains("ver_1"), "{shown}");
        let later = LoginState::of(&view, APP, false, Time(400_000));
        assert_eq!((later.resend_in, later.expires_in), (Some(0.0), 0.0));
    }

    #[test]
    fn only_who_entered_the_code_is_let_in() {
        let approved = json!({ "status": "approved" });
        assert_eq!(LoginState::of(&approved, APP, true, Time(1)).status, "approved");
        assert_eq!(LoginState::of(&approved, APP, false, Time(1)).status, "ended");
        for (of_gateway, of_page) in
            [("expired", "expired"), ("max_attempts_reached", "exhausted"), ("failed", "failed"), ("canceled", "ended")]
        {
            assert_eq!(LoginState::of(&json!({ "status": of_gateway }), APP, true, Time(1)).status, of_page);
        }
    }

    #[test]
    fn each_refusal_has_a_word_that_helps() {
        for (slug, more, word) in [
            ("invalid-request", json!({ "errors": [{ "pointer": "/to" }] }), "number"),
            ("invalid-request", json!({ "errors": [{ "pointer": "/ip" }] }), "busy"),
            ("destination-denied", json!({}), "country"),
            ("challenge-required", json!({ "reason": "line_unsuitable" }), "line"),
            ("challenge-required", json!({ "reason": "prefix_blocked" }), "refused"),
            ("suppressed", json!({}), "refused"),
            ("verification-limited", json!({}), "too_many"),
            ("resend-too-soon", json!({}), "too_soon"),
            ("verification-over", json!({}), "over"),
            ("not-found", json!({}), "over"),
            ("draining", json!({}), "busy"),
        ] {
            let mut problem = json!({ "type": format!("/problems/{slug}") });
            problem.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let trouble = Trouble::of_problem(&problem, Some(7));
            assert_eq!((trouble.error, trouble.retry_in), (word, Some(7)), "{problem}");
        }
        let check = |result: &str, left: u64| Trouble::of_check(&json!({ "result": result, "checks_left": left }));
        assert_eq!(check("ok", 4), None);
        let words = [("incorrect", 3), ("incorrect", 0), ("exhausted", 0), ("expired", 0), ("already_verified", 0)];
        let said: Vec<_> = words.map(|(result, left)| check(result, left).unwrap().error).into();
        assert_eq!(said, ["code", "exhausted", "exhausted", "expired", "over"]);
    }
}
