//! Refusals, as RFC 9457 writes them: `application/problem+json`.
//!
//! Every refusal is one of a closed list, so that a client can tell them apart by a stable URI
//! and telemetry can count them.

use crate::api::handler::kinds::{ChannelWord, GuardReasonWord, Moment, StageWord, described, words};
use crate::api::handler::rate_limit;
use crate::api::handler::time::Timestamp;
use crate::dispatch::door::reply::Means;
use crate::guard::policy::GuardReason;
use crate::message::time::Time;
use crate::text::near::nearest;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Faults named in one answer; a request of 10,000 bad recipients needs no more to be mended.
const FAULTS_MAX: usize = 100;
/// Characters of what somebody wrote that are shown again.
const SHOWN_MAX: usize = 40;

macro_rules! kinds {
    ($($variant:ident = $slug:literal, $status:literal, $stage:literal, $retryable:literal, $title:literal:
       $means:literal, $mend:literal;)+) => {
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

            /// What it means, in a sentence or two.
            pub const fn means(self) -> &'static str {
                match self { $(Self::$variant => $means,)+ }
            }

            /// How it is mended.
            pub const fn mend(self) -> &'static str {
                match self { $(Self::$variant => $mend,)+ }
            }
        }
    };
}

kinds! {
    Unauthorized = "unauthorized", 401, "auth", false, "No accepted key":
        "The request has no key, or one that is not known or whose account is not active.",
        "Send the key as `Authorization: Bearer KEY` or `X-API-KEY: KEY`; ask the operator for one.";
    ScopeMissing = "scope-missing", 403, "auth", false, "The key may not do this":
        "The key is known, and its account has not the scope that the request needs.",
        "Use a key of an account with the scope that `detail` names, or ask the operator for the scope.";
    NetworkRefused = "network-refused", 403, "auth", false, "The key may not be used from here":
        "The account may be used from some networks only, and the request came from another.",
        "Call from a network in `allow_from`, or ask the operator to add this one.";
    NotHttp = "malformed-request", 400, "validation", false, "The request is not HTTP":
        "The request could not be read as HTTP/1.1: its first line, its headers, or how long its body is. The connection is closed.",
        "Look at what the client or a proxy before the gateway writes; RFC 9112 says how it should be.";
    InvalidHeader = "invalid-header", 400, "validation", false, "A header is not valid":
        "A header is missing, stands twice, or has a value that it may not have.",
        "Send the header as `detail` says: one `Host`, and at most one `Idempotency-Key`, with one key.";
    HeadTooLarge = "head-too-large", 431, "validation", false, "The head is too large":
        "First line and headers are more than 64 KiB, or 64 headers. The connection is closed.",
        "Send fewer headers, cookies for one, and ask for less in one address.";
    CodingUnknown = "transfer-coding-unknown", 501, "validation", false, "The transfer coding is not known":
        "`Transfer-Encoding` names something else than `chunked`. The connection is closed.",
        "Send the body with `Content-Length` or in chunks, not compressed on the way.";
    ContentCoded = "content-encoding-refused", 415, "validation", false, "The body is encoded":
        "The body has a `Content-Encoding`, such as gzip. Bodies are taken as they are.",
        "Send the body without it, as `Accept-Encoding: identity` in the answer says.";
    Malformed = "malformed-json", 400, "validation", false, "The body is not JSON":
        "The body is not JSON, or ended before its end.",
        "`detail` says where it stops being JSON.";
    MalformedCsv = "malformed-csv", 400, "validation", false, "The body is not CSV":
        "The body is not CSV as RFC 4180 has it, not UTF-8, or has lines of more or fewer fields than its header. Nothing of it was taken.",
        "`errors` names the lines by their numbers in the file, and what is wrong with them.";
    Invalid = "invalid-request", 422, "validation", false, "The request is not valid":
        "The request was read, and something in it may not be so.",
        "`errors` names each field by its pointer, and what is wrong with it.";
    TooLarge = "body-too-large", 413, "validation", false, "The body is too large":
        "The body is larger than `max_body`, or a CSV than `max_csv`, or has more than 100,000 lines.",
        "Send several requests with fewer recipients each.";
    TooSlow = "body-too-slow", 408, "validation", true, "The body did not come in time":
        "The body did not come within `body_timeout`, or a part of `max_body` octets of a larger one.",
        "Send it again, with the same `Idempotency-Key`.";
    NotFound = "not-found", 404, "validation", false, "There is no such thing":
        "There is nothing at this path, or nothing with this id that the account may see.",
        "Look at the path and the id.";
    MessageDamaged = "message-damaged", 410, "validation", false, "The message was damaged on disk":
        "The disk changed what was stored of the message, and it was set aside. What became of it is not known, and it is sent no further.",
        "Ask the operator, who has what is left of it; send it again if it may arrive twice.";
    CursorExpired = "cursor-expired", 410, "validation", false, "The cursor is older than what is kept":
        "Events that stood behind the cursor are older than the retention, and were forgotten before they were asked for.",
        "Go on with the cursor that `detail` names, and look at the messages of the time between by `GET /v1/messages`.";
    MethodNotAllowed = "method-not-allowed", 405, "validation", false, "This cannot be done here":
        "The path is known, and not with this method.",
        "Use one of the methods in the header `Allow`.";
    RouteNotGranted = "route-not-granted", 403, "authorization", false, "The route is not granted":
        "The account may not use the route, or has none.",
        "Use one of `GET /v1/routes`, or ask the operator for this one.";
    SenderNotGranted = "sender-not-granted", 403, "authorization", false, "The sender is not granted":
        "The account may not send under this name or number, or the route does not take it.",
        "Use a sender of the account, or ask the operator for this one.";
    ClassMismatch = "class-mismatch", 403, "authorization", false, "The route is for another class":
        "The class that was asked for is not that of the route.",
        "Leave `class` away, or use a route of that class.";
    DestinationDenied = "destination-denied", 403, "authorization", false, "The destination is denied":
        "The account may not send to this country or prefix.",
        "Ask the operator, if it should.";
    RegistrationMissing = "registration-missing", 403, "authorization", false, "The registration of the text is missing":
        "The route needs a registration (DLT) that the request does not name.",
        "Send `dlt` with the ids that `errors` names.";
    Suppressed = "suppressed", 403, "authorization", false, "The recipient does not want this":
        "The number is on the list of those who do not want to be written to.",
        "Leave the number in peace.";
    NoPrice = "no-price", 422, "pricing", false, "The destination has no price":
        "The account pays from a balance, or the route has prices, and there is none for this destination.",
        "Use another route, or ask the operator for a price.";
    TextErased = "text-erased", 422, "validation", false, "The text is not kept any more":
        "The text of the message was erased when the message ended, as the gateway is configured for its class, so that it cannot be sent again.",
        "Send it anew with `POST /v1/messages`.";
    ListFull = "list-full", 507, "validation", false, "The list is full":
        "The list of suppressed numbers is as long as it may be.",
        "Lift what is no longer needed, or tell the operator.";
    KeyReused = "idempotency-key-reused", 422, "validation", false, "The idempotency key was used for another request":
        "The `Idempotency-Key` came within the last 24 hours with a request that asked for something else.",
        "Use a new key for a new request, and for a repeat the same values.";
    QueueFull = "queue-full", 503, "queue", true, "The queue is full":
        "So much waits that nothing more is taken for now.",
        "Send it again after `Retry-After`.";
    TooManyConnections = "too-many-connections", 503, "queue", true, "There are too many connections":
        "There are as many connections as the listener takes, or as it takes of one address. The connection is closed.",
        "Keep few connections and use them again; come again after `Retry-After`. Behind a proxy the operator names it in `proxy_from`.";
    DiskLow = "disk-low", 503, "queue", true, "The disk is nearly full":
        "Nothing new is stored until there is room.",
        "Send it again after `Retry-After`; the operator has to make room.";
    Draining = "draining", 503, "queue", true, "The daemon is stopping":
        "The daemon finishes what it has and takes nothing new.",
        "Send it again after `Retry-After`.";
    StoreFailed = "store-failed", 503, "queue", true, "The store failed":
        "The store cannot be written. The daemon ends, and recovers at its next start.",
        "Send it again after `Retry-After`.";
    ReadsBusy = "reads-busy", 503, "queue", true, "Too many reads at once":
        "As many requests read the store as may do so at once.",
        "Ask again after `Retry-After`.";
    NoAnswer = "no-answer", 503, "queue", true, "The outcome is not known yet":
        "The request may have been stored, or not.",
        "Send it again with the same `Idempotency-Key`; without one, look first.";
    InsufficientBalance = "insufficient-balance", 402, "quota", false, "The balance is not enough":
        "The account pays in advance, and has less than this costs.",
        "Ask for credit; `GET /v1/balance` says what there is.";
    QuotaExceeded = "quota-exceeded", 429, "quota", true, "The quota is used up":
        "The account has sent as many messages as its quota allows in this period.",
        "Send it again after `Retry-After`.";
    OverQuota = "more-than-quota", 422, "quota", false, "The request is more than the quota":
        "The request alone has more messages than the quota of the account allows in a whole period: it can never be accepted.",
        "Send several requests with fewer recipients each, or ask the operator for a larger quota.";
    RateExceeded = "rate-exceeded", 429, "quota", true, "Too many requests":
        "The account asks more often than its rate allows.",
        "Send it again after `Retry-After`, and slower.";
    NoSecret = "no-webhook-secret", 403, "authorization", false, "Nothing would sign the callback":
        "The request names a `callback_url`, and the account has no `webhook` in the configuration whose secret would sign what is told there.",
        "Ask the operator for a `webhook` of the account; one without a `url` is enough.";
    EndpointExists = "webhook-exists", 409, "validation", false, "There is such an endpoint":
        "The account has an endpoint at this URL.",
        "Remove that one first: `GET /v1/webhooks` has its id.";
    TooManyEndpoints = "too-many-webhooks", 409, "quota", false, "There are too many endpoints":
        "An account may make 16 endpoints, and name 1,000 hosts by `callback_url`.",
        "Remove one that is not needed, and have one host take the callbacks of several.";
    StillRunning = "still-running", 409, "queue", true, "The same request is under way":
        "A request with the same `Idempotency-Key` and the same values is not yet stored whole.",
        "Send it again in a moment: it will have the first answer.";
    NothingToRetry = "nothing-to-retry", 409, "validation", false, "There is nothing to send again":
        "No message of the order has failed or expired, or has one of the `statuses` that the request names.",
        "Look at the order: `GET /v1/orders/{id}`.";
    NothingHeld = "nothing-held", 409, "queue", false, "Nothing is held":
        "There is nothing of a restored store to release.",
        "Nothing is to be done.";
    NothingDoubted = "nothing-doubted", 409, "queue", false, "The clock is not doubted":
        "There is no doubt of the clock to end.",
        "Nothing is to be done.";
    TooLate = "too-late", 409, "submit", false, "The message has left or has ended":
        "What has left for a carrier, or has ended, is not taken back.",
        "Ask what became of it: `GET /v1/messages/{id}`.";
    Cancelled = "message-cancelled", 409, "submit", false, "The message was cancelled":
        "The message was taken back before it left, so that no code of it can have come back or been missed.",
        "Tell the outcome of the message that was sent in its place.";
    VerificationOver = "verification-over", 409, "validation", false, "The code is not sent again":
        "The verification was approved, canceled, expired or failed, too many guesses were wrong, its code was sent ten times, or dies within 15 seconds: it is not sent again.",
        "Begin another with `POST /v1/verifications`.";
    ResendTooSoon = "resend-too-soon", 429, "quota", true, "The code was just sent":
        "The code goes out again once `resend_after` of the app is over, and ten times at most.",
        "Send it again after `Retry-After`; show people how long that is.";
    ChallengeRequired = "challenge-required", 403, "quota", false, "No SMS goes there":
        "A guard withholds the SMS: the number is on a list, no codes go to its kind, it is too dear, or its prefix is blocked. `reason` says which, and `until` how long, where it ends.",
        "Let the person prove himself in another way. Operators see blocks at `GET /admin/v1/guards`, and may let a prefix through.";
    VerificationLimited = "verification-limited", 429, "quota", true, "There were enough codes or guesses":
        "There were as many codes or wrong guesses as a guard lets through, or as much was spent; `reason` says which guard's limit it was, and `until` how long it holds.",
        "Send it again after `Retry-After`; show people how long that is.";
    KeyMissing = "code-key-missing", 503, "validation", true, "The key of the code is missing":
        "The ring of keys has not the key that the code was made with, or has no key, so that nobody can say or compare it.",
        "The operator has to put the key back, or the verification has to begin anew.";
    Internal = "internal", 500, "queue", false, "A fault of ours":
        "The request met a fault of the gateway, which is in its log.",
        "Tell the operator. Whether something was stored is not known: repeat it only with the same `Idempotency-Key`.";
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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
    /// What a guard says.
    pub guard: Option<GuardSays>,
}

/// What a guard says to a request that it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSays {
    /// Why.
    pub reason: GuardReason,
    /// Until when; [`Time::NEVER`] of what does not end by itself.
    pub until: Time,
    /// By what it could go all the same.
    pub channels: Vec<&'static str>,
}

impl Problem {
    /// A refusal in one sentence.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (kind.status() == 503).then_some(Duration::from_secs(1));
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after, means: None, guard: None }
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

    /// The document that says it, of a request for `path`.
    pub(crate) fn document(&self, path: &str) -> Vec<u8> {
        let document = ProblemDocument {
            kind: Uri(self.kind),
            title: self.kind.title(),
            status: self.kind.status(),
            detail: &self.detail,
            instance: path,
            stage: self.kind.stage(),
            retryable: self.kind.retryable(),
            errors: &self.errors,
            reason: self.guard.as_ref().map(|it| it.reason.word()),
            until: self.guard.as_ref().and_then(|it| it.until.known()).map(Timestamp),
            allowed_channels: self
                .guard
                .as_ref()
                .map(|it| &*it.channels)
                .filter(|_| self.kind == Kind::ChallengeRequired),
        };
        serde_json::to_vec(&document).expect("a problem is made of texts and numbers")
    }

    /// The answer to a request for `path`, where no layer writes its document.
    pub(crate) fn answer(self, path: &str) -> Response {
        let mut response = self.into_response();
        Self::write(&mut response, path);
        response
    }

    /// Writes the document of a refusal into its answer; `None` of an answer that is no refusal.
    pub(crate) fn write(response: &mut Response, path: &str) -> Option<Self> {
        let problem = response.extensions_mut().remove::<Self>()?;
        *response.body_mut() = Body::from(problem.document(path));
        Some(problem)
    }
}

/// The answer but for its document: for what path it is is known to the layer around everything, which writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.kind.status()).expect("every kind has a status of HTTP");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.kind == Kind::ContentCoded {
            // RFC 9110, 15.5.16: what would have been taken.
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(means) = &self.means {
            rate_limit::tell(headers, means);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_seconds(wait)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A wait in whole seconds, rounded up: whoever waits as told must not come too early.
pub(crate) fn retry_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(0 < wait.subsec_nanos())).max(1)
}

/// What somebody wrote, as far as it is shown again.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

/// A sentence about a name that is not known, with the nearest that is.
pub(crate) fn unknown_name(name: &str, known: &[&str]) -> String {
    let shown = shorten(name);
    match nearest(name, known) {
        Some(nearest) => format!("{shown} is not known; did you mean {nearest}?"),
        None => format!("{shown} is not known; known are {}", known.join(", ")),
    }
}

/// A refusal (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// What is wrong, from a closed list: a path at this listener, where it is explained.
    #[serde(rename = "type")]
    #[schema(value_type = ProblemType)]
    kind: Uri,
    /// It in a few words.
    title: &'a str,
    /// The status code of the answer.
    status: u16,
    /// What is wrong with this request, in a sentence for people.
    detail: &'a str,
    /// The path that was asked.
    instance: &'a str,
    /// How far the request had come.
    #[schema(value_type = StageWord)]
    stage: &'a str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Each thing that is wrong, where there are several or one has a place; 100 at most.
    errors: &'a [Fault],
    /// Why a guard refuses it; of what a guard refuses alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<GuardReasonWord>, nullable = false)]
    reason: Option<&'static str>,
    /// Until when; of what a guard refuses and ends by itself alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Moment>, nullable = false)]
    until: Option<Timestamp>,
    /// By what the code could go all the same, of what the app has; of `challenge-required` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ChannelWord>>, nullable = false)]
    allowed_channels: Option<&'a [&'static str]>,
}

/// The type of a problem: where it is explained.
pub(crate) struct Uri(pub(crate) Kind);

/// It as the reference has it.
pub(crate) enum ProblemType {}

impl PartialSchema for ProblemType {
    fn schema() -> RefOr<Schema> {
        let says = "The type of a problem: a path whose page says what it means and how it is mended.";
        described(says, words(Kind::ALL.iter().map(|it| Uri(*it).to_string())))
    }
}

impl ToSchema for ProblemType {}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/problems/{}", self.0.slug())
    }
}

impl Serialize for Uri {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::handler::kinds::STAGES;

    #[test]
    fn slugs_are_distinct_and_stages_are_of_the_contract() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert!(Kind::ALL[at + 1..].iter().all(|it| it.slug() != kind.slug()), "{kind:?}");
            assert!(STAGES.contains(&kind.stage()), "{kind:?}");
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
            let response = Problem::new(Kind::QueueFull, "").after(wait).into_response();
            response.headers()[header::RETRY_AFTER].to_str().unwrap_or_default().to_owned()
        };
        assert_eq!(shown(Duration::from_millis(1_001)), "2");
        assert_eq!(shown(Duration::from_secs(3)), "3");
        assert_eq!(shown(Duration::ZERO), "1");
    }
}
