//! One call of an endpoint: what is sent, and what the answer means.

use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::event::Event;
use crate::record::event_view::EventView;
use crate::telemetry::meters::webhook::CallResult;
use crate::webhook::options::EndpointOptions;
use crate::webhook::queue::Verdict;
use crate::webhook::sign::signatures;
use crate::wire::client::{HttpClient, HttpOutcome, HttpRequest, HttpResponse};
use crate::wire::transport::{ConnectError, Refusal};
use serde::Serialize;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::{Instant, timeout};

/// A call is over after so long, whatever it is at: its name, its connection, its answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(15);
/// How long a connection may take of that.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Octets of an answer that are read: enough for a word of why.
pub(crate) const ANSWER_MAX: usize = 16 * 1_024;
/// Characters of an answer that are shown.
const EXCERPT: usize = 512;
/// From so many digits on a number may be that of a handset.
const PERSONAL: usize = 6;

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) verdict: Verdict,
    pub(crate) result: CallResult,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// What the answer said, or why there was none.
    pub(crate) detail: Box<str>,
}

/// A batch: its members have ids of their own.
#[derive(Serialize)]
struct Batch<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Vec<EventView<'a>>,
}

/// What is sent.
pub(crate) struct Message {
    /// Its `webhook-id`, which is the same however often it is sent.
    id: String,
    body: String,
    /// Path and query of a callback.
    target: Option<Box<str>>,
}

/// What tells these events, of which there is at least one.
pub(crate) fn message(options: &EndpointOptions, events: &[Event], veil: &Veil) -> Message {
    let view = |it| EventView::of(it, veil, options.form);
    if options.limits.batch == 1
        && let [event] = events
    {
        let view = view(event);
        let body = serde_json::to_string(&view).expect("texts and numbers are always JSON");
        let callback = event.callback.as_ref().filter(|_| options.is_callback());
        return Message { id: view.id, body, target: callback.map(|it| it.target.clone()) };
    }
    let first = &events[0];
    let id = veil.event(first.id()).to_string().replacen("evt", "bat", 1);
    let batch = Batch { r#type: "batch", timestamp: first.at.to_string(), data: events.iter().map(view).collect() };
    Message { id, body: serde_json::to_string(&batch).expect("texts and numbers are always JSON"), target: None }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It tells what happened.
    Event,
    /// It tells what had been given up; it is marked.
    Replay,
    /// It tells an example; it is marked.
    Test,
}

/// Calls an endpoint at `now`, which is the wall's, and says what came of it.
pub(crate) async fn call(
    client: &HttpClient,
    options: &EndpointOptions,
    message: &Message,
    (now, purpose): (Time, Purpose),
) -> Called {
    let Message { id, body, target } = message;
    let target = target.as_deref().unwrap_or_else(|| options.path.expose());
    let seconds = now.0 / 1_000;
    let live = options.keys.iter().filter(|it| it.until == Time::NEVER || now < it.until).map(|it| &it.key);
    let mut headers: Vec<(Box<str>, String)> = vec![
        ("content-type".into(), "application/json".to_owned()),
        ("webhook-id".into(), id.clone()),
        ("webhook-timestamp".into(), seconds.to_string()),
        ("webhook-signature".into(), signatures(live, id, seconds, body)),
    ];
    match purpose {
        Purpose::Event => {}
        Purpose::Replay => headers.push(("nuncio-replay".into(), "1".to_owned())),
        Purpose::Test => headers.push(("nuncio-test".into(), "1".to_owned())),
    }
    let request = HttpRequest { method: "POST", target, headers: &headers, body };
    let began = Instant::now();
    match timeout(DEADLINE, client.call(&request)).await {
        Ok(HttpOutcome::Answered(response)) => match answered(&response, now) {
            // One path of a host: others of it are not gone.
            Called { verdict: Verdict::Gone, result, status, detail } if options.is_callback() => {
                Called { verdict: Verdict::NotTaken { asked: None, calm: false }, result, status, detail }
            }
            called => called,
        },
        Ok(HttpOutcome::Unreachable(error)) => unreachable(&error),
        Ok(HttpOutcome::NotSent(why)) => failed(CallResult::Connect, why),
        // Whoever hangs up is not slow.
        Ok(HttpOutcome::Unknown(why)) if began.elapsed() < DEADLINE => failed(CallResult::Connect, why),
        Ok(HttpOutcome::Unknown(why)) => failed(CallResult::Timeout, why),
        Ok(HttpOutcome::Unsayable(why)) => failed(CallResult::Connect, why),
        Err(_) => failed(CallResult::Timeout, "no answer in time".to_owned()),
    }
}

fn failed(result: CallResult, detail: String) -> Called {
    let calm = result == CallResult::Timeout;
    Called { verdict: Verdict::NotTaken { asked: None, calm }, result, status: None, detail: detail.into() }
}

/// Every 2xx takes it; a redirect is no answer of whom was asked.
fn answered(response: &HttpResponse, now: Time) -> Called {
    let (status, asked) = (response.status, response.retry_after.as_deref().and_then(|it| retry_after(it, now)));
    let (verdict, result) = match status {
        200..=299 => (Verdict::Taken, CallResult::Ok),
        410 => (Verdict::Gone, CallResult::Gone),
        500.. => (Verdict::NotTaken { asked, calm: false }, CallResult::Status5xx),
        _ => (Verdict::NotTaken { asked, calm: status == 429 }, CallResult::Status4xx),
    };
    let text = response.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    Called { verdict, result, status: Some(status), detail: excerpt(&text).into() }
}

/// The beginning of what an endpoint answered, in one line; numbers so long that they may be somebody's are hidden, for
/// some endpoints answer with what they were told.
fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for run in text.chars().take(EXCERPT).collect::<Vec<_>>().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
    {
        match run {
            [first, ..] if first.is_ascii_digit() && PERSONAL <= run.len() => shown.push_str("***"),
            _ => shown.extend(run.iter().map(|it| if it.is_control() { ' ' } else { *it })),
        }
    }
    shown
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Time) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(&text.trim().replace("GMT", "+0000"), &Rfc2822).ok()?;
    let at = u64::try_from(date.unix_timestamp()).ok()?.checked_mul(1_000)?;
    Some(Duration::from_millis(at.saturating_sub(now.0)))
}

fn unreachable(error: &ConnectError) -> Called {
    let result = match error.tries.last().map(|it| &it.why) {
        Some(Refusal::Name(_) | Refusal::NameTimeout) | None => CallResult::Dns,
        Some(Refusal::Blocked) => CallResult::Blocked,
        Some(Refusal::TcpTimeout) => CallResult::Timeout,
        Some(Refusal::Tcp(_)) => CallResult::Connect,
        Some(Refusal::Tls(_)) => CallResult::Tls,
    };
    failed(result, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_795_168_800_000);

    fn of(status: u16, retry_after: Option<&str>) -> (Verdict, CallResult) {
        let called = answered(&HttpResponse { status, retry_after: retry_after.map(Into::into), body: None }, NOW);
        (called.verdict, called.result)
    }

    #[test]
    fn two_hundreds_take_it_and_nothing_else_does() {
        let not_taken = |calm| Verdict::NotTaken { asked: None, calm };
        assert_eq!(of(204, None), (Verdict::Taken, CallResult::Ok));
        assert_eq!(of(301, None), (not_taken(false), CallResult::Status4xx), "a redirect is not followed");
        assert_eq!(of(404, None), (not_taken(false), CallResult::Status4xx));
        assert_eq!(of(429, None), (not_taken(true), CallResult::Status4xx));
        assert_eq!(of(503, None), (not_taken(false), CallResult::Status5xx));
        assert_eq!(of(410, None), (Verdict::Gone, CallResult::Gone));
    }

    #[test]
    fn what_an_endpoint_answers_is_shown_in_one_line_and_without_numbers() {
        assert_eq!(excerpt("no such\r\nnumber: +31612345678 (404)\u{7}"), "no such  number: +*** (404) ");
        assert_eq!(excerpt(&"x".repeat(600)).len(), 512);
    }

    #[test]
    fn when_to_come_again_is_read_as_seconds_or_as_a_date() {
        let asked = |text| retry_after(text, NOW).map(|it| it.as_secs());
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Fri, 20 Nov 2026 10:02:00 GMT"), Some(120));
        assert_eq!(asked("Fri, 20 Nov 2026 09:00:00 GMT"), Some(0), "it was over before");
        assert_eq!([asked("soon"), asked("-1"), asked("")], [None; 3]);
    }
}
