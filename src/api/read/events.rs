//! The log of events, for those who poll: `GET /v1/events`, and for operators what no account was given.
//!
//! Oldest first. Unlike a list, a log goes on: `next_cursor` is the place behind the last event shown, also at
//! the end, so that whoever asks with it again is told what came since, and nothing twice. At the end `data` is
//! empty and the cursor is the one that was sent; it is null only while there has been no event at all. `types` leaves
//! others out, and `wait` has the request wait for the first that comes.

use crate::api::handler::admitted::{Operator, Reader};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json;
use crate::api::handler::kinds::{EventCursor, EventKey, EventType, EventTypes, EventWait, Moment, PageSize};
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem, unknown_name};
use crate::api::handler::query::{invalid, pairs};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::duration;
use crate::message::id::AccountId;
use crate::message::veil::{Pages, Veil};
use crate::record::event::{Audience, EventKind, EventKinds};
use crate::record::event_view::{EventForm, EventView};
use crate::record::views::{EventPage, EventQuery};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

/// How long a request waits for news at most: less than what proxies commonly allow.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// `GET /v1/events`: those of the account whose key it is.
pub(crate) async fn of_account(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, hides) = (by.account(), !by.account().shows_carriers);
    let mut asked = Wanted::read(asked.as_deref(), context.veil(), &["cursor", "limit", "types", "wait"])?;
    // Listened before it is read: what comes in between rings.
    let mut bell = (!asked.wait.is_zero()).then(|| context.wiring.event_bell.listen(Audience::Account(account.id)));
    let mut found = find(&context, &asked, Some(account.id)).await?;
    let by = Instant::now() + asked.wait;
    while let Some(bell) =
        bell.as_mut().filter(|_| found.events.is_empty() && !draining(&context) && Instant::now() < by)
    {
        let more = async { if found.is_cut { Ok(()) } else { bell.changed().await } };
        match timeout_at(by, more).await {
            Ok(Ok(())) => {
                // What was looked through and is not wanted is not looked through again.
                asked.page.place = found.looked_to.or(asked.page.place);
                found = find(&context, &asked, Some(account.id)).await?;
            }
            Ok(Err(_)) | Err(_) => break,
        }
    }
    Ok(answer(&context, &asked, found, hides))
}

/// Nobody waits for news of a daemon that stops.
fn draining(context: &Context) -> bool {
    context.wiring.health.draining.load(Ordering::Relaxed)
}

/// `GET /admin/v1/events/unrouted`: what came from handsets and fits no `[[inbound]]`.
pub(crate) async fn unrouted(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    _by: Operator,
) -> Result<Response, Problem> {
    let asked = Wanted::read(asked.as_deref(), context.veil(), &["cursor", "limit"])?;
    let found = find(&context, &asked, None).await?;
    Ok(answer(&context, &asked, found, false))
}

/// What of the log is asked for.
struct Wanted {
    page: Asked,
    kinds: EventKinds,
    wait: Duration,
}

impl Wanted {
    fn read(text: Option<&str>, veil: Veil, known: &[&str]) -> Result<Self, Problem> {
        let mut wanted = Self { page: Asked::first(veil, Pages::Events), kinds: EventKinds::ALL, wait: Duration::ZERO };
        for pair in pairs(text, known)? {
            let (name, value) = pair?;
            match name.as_str() {
                "types" => wanted.kinds = kinds(&value)?,
                "wait" => {
                    let wait = duration(&value).filter(|it| *it <= WAIT_MAX);
                    wanted.wait = wait.ok_or_else(|| invalid(&name, "must be a time like 30s, of 60s at most"))?;
                }
                _ => wanted.page.set(&name, &value).map_err(|detail| invalid(&name, detail))?,
            }
        }
        Ok(wanted)
    }
}

/// The kind of event that accounts are told by this word, or what is wrong with that.
pub(crate) fn kind(word: &str) -> Result<EventKind, String> {
    kind_among(&EventKind::TOLD, word)
}

/// The same among others.
pub(crate) fn kind_among(all: &[EventKind], word: &str) -> Result<EventKind, String> {
    let known: Vec<&str> = all.iter().map(|it| it.word()).collect();
    all.iter().copied().find(|it| it.word() == word).ok_or_else(|| unknown_name(word, &known))
}

/// Kinds of events by their words, between commas.
fn kinds(words: &str) -> Result<EventKinds, Problem> {
    let one = |word| kind(word).map_err(|detail| invalid("types", detail));
    words.split(',').try_fold(EventKinds::default(), |all, word| one(word).map(|it| all.with(it)))
}

/// The next events that are wanted; where there is none, how far the log was looked through.
async fn find(context: &Context, asked: &Wanted, account: Option<AccountId>) -> Result<EventPage, Problem> {
    let query = EventQuery {
        of: Audience::of(account),
        after: asked.page.place.unwrap_or(0),
        kinds: asked.kinds,
        limit: asked.page.limit,
    };
    let found = blocking(context, move |readers| readers.events(&query)).await?;
    if found.is_gone { Err(gone(context, &found)) } else { Ok(found) }
}

/// What stood behind a cursor is forgotten: going on there would pass over it in silence.
fn gone(context: &Context, found: &EventPage) -> Problem {
    let oldest = context.veil().cursor(Pages::Events, found.forgotten);
    let detail = format!(
        "Events behind this cursor are older than the retention and forgotten; the oldest that is kept follows {oldest}."
    );
    Problem::new(Kind::CursorExpired, detail)
}

fn answer(context: &Context, asked: &Wanted, found: EventPage, hides_carriers: bool) -> Response {
    let form = EventForm { hides_carriers, is_thin: false };
    let (veil, next) = (context.veil(), found.looked_to.or(asked.page.place));
    let octets = found.events.iter().map(|it| it.data.len() + 128).sum::<usize>() + 64;
    let data = found.events.iter().map(|it| View::of(EventView::of(it, &veil, form))).collect();
    json::answer(StatusCode::OK, &asked.page.page(data, next), octets)
}

/// What the reference says of it.
pub(crate) fn about_of_account() -> Endpoint {
    Endpoint::new("Events", "listEvents", "Poll the events")
        .says(
            "The log of the account, oldest first: what became of its messages and orders, and what handsets wrote. Unlike a list it \
             goes on: `next_cursor` is the place behind the last event shown, also at the end, so that whoever asks with it \
             again is told what came since, and nothing twice. It is null only while there has been no event at all. An \
             event is stored before it is told, and its id never changes.",
        )
        .by::<Reader>()
        .paged::<EventCursor, PageSize>()
        .query::<EventTypes>("types", "Only events of these types.")
        .query::<EventWait>("wait", "Waits so long at most for the first event, where there is none yet.")
        .answers::<Page<View<'_>>>(200, "Events, oldest first.")
        .leads(200, "listEvents", ("cursor", "$response.body#/next_cursor", "What comes after these."))
        .refuses(&[Kind::Invalid, Kind::CursorExpired])
        .refuses(&READS)
        .asks("?limit=10")
}

/// What the reference says of it.
pub(crate) fn about_unrouted() -> Endpoint {
    Endpoint::new("All messages", "listUnroutedEvents", "List what no account was given")
        .says(
            "The log of operators: what came from handsets and fits no `[[inbound]]`, receipts that name no message, and \
             endpoints that are told no more, oldest first.",
        )
        .by::<Operator>()
        .paged::<EventCursor, PageSize>()
        .answers::<Page<View<'_>>>(200, "Events, oldest first.")
        .refuses(&[Kind::Invalid, Kind::CursorExpired])
        .refuses(&READS)
}

/// One thing that an account is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct View<'a> {
    /// What names it for ever, however often it is told.
    #[schema(value_type = EventKey)]
    id: String,
    /// What it tells.
    #[schema(value_type = EventType)]
    r#type: &'static str,
    /// When it was decided.
    #[schema(value_type = Moment)]
    timestamp: String,
    /// The particulars, as they are of the type.
    #[schema(value_type = Object)]
    data: Cow<'a, RawValue>,
}

impl<'a> View<'a> {
    fn of(EventView { id, r#type, timestamp, data }: EventView<'a>) -> Self {
        Self { id, r#type, timestamp, data }
    }
}
