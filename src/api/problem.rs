//! Refusals, as RFC 9457 writes them: `application/problem+json`.
//!
//! Every refusal is one of a closed list, so that a client can tell them apart by a stable URI
//! and telemetry can count them.

use crate::api::limits;
use crate::dispatch::command::Means;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// Faults named in one answer; a request of 10,000 bad recipients needs no more to be mended.
const FAULTS_MAX: usize = 100;

macro_rules! kinds {
    ($($variant:ident = $slug:literal, $status:literal, $stage:literal, $retryable:literal, $title:literal;)+) => {
        /// What is wrong, from a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $title] $variant,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The last word of its URI, and its code in metrics.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The status code of its answer.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Where on the way it was refused.
            pub const fn stage(self) -> &'static str {
                match self { $(Self::$variant => $stage,)+ }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)+ }
            }

            /// It in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

kinds! {
    Unauthorized = "unauthorized", 401, "auth", false, "No accepted key";
    ScopeMissing = "scope-missing", 403, "auth", false, "The key may not do this";
    NetworkRefused = "network-refused", 403, "auth", false, "The key may not be used from here";
    Malformed = "malformed-json", 400, "validation", false, "The body is not JSON";
    Invalid = "invalid-request", 422, "validation", false, "The request is not valid";
    TooLarge = "body-too-large", 413, "validation", false, "The body is too large";
    TooSlow = "body-too-slow", 408, "validation", true, "The body did not come in time";
    NotFound = "not-found", 404, "validation", false, "There is no such thing";
    MethodNotAllowed = "method-not-allowed", 405, "validation", false, "This cannot be done here";
    RouteNotGranted = "route-not-granted", 403, "authorization", false, "The route is not granted";
    SenderNotGranted = "sender-not-granted", 403, "authorization", false, "The sender is not granted";
    ClassMismatch = "class-mismatch", 403, "authorization", false, "The route is for another class";
    DestinationDenied = "destination-denied", 403, "authorization", false, "The destination is denied";
    RegistrationMissing = "registration-missing", 403, "authorization", false, "The registration of the text is missing";
    Suppressed = "suppressed", 403, "authorization", false, "The recipient does not want this";
    NoPrice = "no-price", 422, "pricing", false, "The destination has no price";
    ListFull = "list-full", 507, "validation", false, "The list is full";
    KeyReused = "idempotency-key-reused", 422, "validation", false, "The idempotency key was used for another request";
    QueueFull = "queue-full", 503, "queue", true, "The queue is full";
    DiskLow = "disk-low", 503, "queue", true, "The disk is nearly full";
    Draining = "draining", 503, "queue", true, "The daemon is stopping";
    StoreFailed = "store-failed", 503, "queue", true, "The store failed";
    ReadsBusy = "reads-busy", 503, "queue", true, "Too many reads at once";
    NoAnswer = "no-answer", 503, "queue", true, "The outcome is not known yet";
    InsufficientBalance = "insufficient-balance", 402, "quota", false, "The balance is not enough";
    QuotaExceeded = "quota-exceeded", 429, "quota", true, "The quota is used up";
    RateExceeded = "rate-exceeded", 429, "quota", true, "Too many requests";
    StillRunning = "still-running", 409, "queue", true, "The same request is under way";
    NothingHeld = "nothing-held", 409, "queue", false, "Nothing is held";
    TooLate = "too-late", 409, "submit", false, "The message has left or has ended";
    Internal = "internal", 500, "queue", false, "A fault of ours";
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A sentence.
    pub detail: Cow<'static, str>,
    /// A JSON pointer (RFC 6901) into the request.
    pub pointer: Cow<'static, str>,
}

impl Fault {
    /// It for who reads one sentence and no pointers: with the field that it is about, unless it begins with it.
    fn sentence(&self) -> Cow<'static, str> {
        let field = self.pointer.trim_start_matches('/');
        let begins = self.detail.strip_prefix(field).is_some_and(|it| it.starts_with([' ', ':']));
        if field.is_empty() || begins { self.detail.clone() } else { format!("{field}: {}", self.detail).into() }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: Kind,
    /// A sentence.
    pub detail: Cow<'static, str>,
    /// Each thing that is wrong.
    pub errors: Vec<Fault>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// How the account stands, as far as it is limited.
    pub means: Option<Box<Means>>,
}

impl Problem {
    /// A refusal in one sentence.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (kind.status() == 503).then_some(Duration::from_secs(1));
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after, means: None }
    }

    /// A refusal that points at one place.
    pub fn at(kind: Kind, pointer: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of_faults(kind, vec![Fault { detail: detail.into(), pointer: pointer.into() }])
    }

    /// A refusal for several reasons; the first speaks for all.
    pub fn of_faults(kind: Kind, mut faults: Vec<Fault>) -> Self {
        let detail = faults.first().map_or(Cow::Borrowed(kind.title()), Fault::sentence);
        faults.truncate(FAULTS_MAX);
        Self { errors: faults, ..Self::new(kind, detail) }
    }

    /// The same refusal, to be tried again after `wait`.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The answer to a request for `path`.
    pub fn into_response(self, path: &str) -> Response {
        let document = Document {
            kind: Uri(self.kind),
            title: self.kind.title(),
            status: self.kind.status(),
            detail: &self.detail,
            instance: path,
            stage: self.kind.stage(),
            retryable: self.kind.retryable(),
            errors: &self.errors,
        };
        let text = serde_json::to_vec(&document).expect("a problem is made of texts and numbers");
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::from_u16(self.kind.status()).expect("every kind has a status of HTTP");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(means) = &self.means {
            limits::tell(headers, means);
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: whoever waits as told must not come too early.
            let seconds = wait.as_secs() + u64::from(0 < wait.subsec_nanos());
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: Uri,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    stage: &'a str,
    retryable: bool,
    errors: &'a [Fault],
}

struct Uri(Kind);

impl Serialize for Uri {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("/problems/{}", self.0.slug()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_distinct_and_stages_are_of_the_contract() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert!(Kind::ALL[at + 1..].iter().all(|it| it.slug() != kind.slug()), "{kind:?}");
            let stages = ["auth", "validation", "authorization", "pricing", "quota", "queue", "submit", "delivery"];
            assert!(stages.contains(&kind.stage()), "{kind:?}");
            assert!(StatusCode::from_u16(kind.status()).is_ok_and(|it| 400 <= it.as_u16()), "{kind:?}");
        }
    }

    #[test]
    fn the_sentence_names_the_field_that_it_is_about() {
        let of = |pointer: &'static str, detail: &'static str| Problem::at(Kind::Invalid, pointer, detail);
        assert_eq!(of("/to/3/text", "must be a text").detail, "to/3/text: must be a text");
        assert_eq!(of("/foo", "foo is not known").detail, "foo is not known");
        assert_eq!(of("", "The body must be a JSON object.").detail, "The body must be a JSON object.");
        assert_eq!(of("/to", "is required").errors[0].detail, "is required");
    }

    #[test]
    fn retry_after_is_rounded_up() {
        let shown = |wait| {
            let response = Problem::new(Kind::QueueFull, "").after(wait).into_response("/");
            response.headers()[header::RETRY_AFTER].to_str().unwrap_or_default().to_owned()
        };
        assert_eq!(shown(Duration::from_millis(1_001)), "2");
        assert_eq!(shown(Duration::from_secs(3)), "3");
        assert_eq!(shown(Duration::ZERO), "1");
    }
}
