//! `GET /v1/orders/{id}/messages`: the messages of an order, in the order of the recipients, as JSON in pages or as CSV
//! whole.
//!
//! A CSV is read from the store a page at a time, the next when the last is on its way: whoever reads slowly holds two
//! pages and no connection to the store. Where a page cannot be read the answer breaks off, and its client sees that.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::kinds::{MessageCursor, OrderKey, PageSize, StatusList, described, words};
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query;
use crate::api::handler::reads::blocking;
use crate::api::read::balance::refunds;
use crate::api::read::csv::{self, Lines};
use crate::api::read::list::{answer, shown};
use crate::api::read::message_view::MessageView;
use crate::api::read::order::{AT_ONCE, own_range};
use crate::message::id::Seq;
use crate::message::status::Status;
use crate::message::veil::{Pages, Veil};
use crate::store::sqlite::readers::Readers;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What may be asked for beside the page.
const STATUS: &str = "status";
const FORMAT: &str = "format";
const PARAMETERS: [&str; 4] = [STATUS, FORMAT, "cursor", "limit"];

/// `GET /v1/orders/{id}/messages`
pub(crate) async fn order_messages(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    RawQuery(asked): RawQuery,
    head: HeaderMap,
    by: Reader,
) -> Result<Response, Problem> {
    let veil = context.veil();
    let wanted = Wanted::read(asked.as_deref(), &head, veil)?;
    let (order, range) = own_range(&context, &id, by.account().id).await?;
    let Wanted { page, statuses, as_csv } = wanted;
    if as_csv {
        let name = format!("order-{}.csv", veil.order(order));
        return Ok(csv::answer(&name, |lines| write(context, by, (range, statuses), lines)));
    }
    let (after, limit) = (page.place.map(Seq), page.limit);
    let find = move |readers: &Readers| readers.messages_between(range, &statuses, after, limit + 1);
    let mut entries = blocking(&context, find).await?;
    let next = page.cut(&mut entries, |it| it.body.seq());
    let refunds = refunds(&context, &entries).await?;
    Ok(answer(&page.page(shown((&entries, &refunds), &veil, &by), next.map(|it| it.0))))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Orders", "listMessagesOfOrder", "List the messages of an order")
        .says(
            "The messages of one order, in the order of its recipients: as JSON in pages, or as CSV, whole and without pages, \
             where `format` or the header `Accept` asks for it.",
        )
        .by::<Reader>()
        .path::<OrderKey>("id", "$ORDER", "The id of the order.")
        .query::<StatusList>(STATUS, "Only those that are one of these.")
        .query::<FormatWord>(FORMAT, "As what they are answered; `json` without it, unless `Accept` says `text/csv`.")
        .paged::<MessageCursor, PageSize>()
        .answers_in(200, &["text/csv"], "Messages, in the order of the recipients.")
        .answers::<Page<MessageView<'_>>>(200, "Messages, in the order of the recipients.")
        .refuses(&[Kind::Invalid, Kind::NotFound])
        .refuses(&READS)
        .asks("?status=QUEUED,SENT&limit=10")
}

/// What the messages can be answered as.
const FORMATS: [&str; 2] = ["json", "csv"];

/// It as the reference has it.
enum FormatWord {}

impl PartialSchema for FormatWord {
    fn schema() -> RefOr<Schema> {
        described("As what a list is answered.", words(FORMATS))
    }
}

impl ToSchema for FormatWord {}

/// What is asked for of an order.
struct Wanted {
    page: Asked,
    /// Of which statuses; of all, where none is named.
    statuses: Vec<Status>,
    as_csv: bool,
}

impl Wanted {
    fn read(asked: Option<&str>, head: &HeaderMap, veil: Veil) -> Result<Self, Problem> {
        let mut page = Asked::first(veil, Pages::Messages);
        let (mut statuses, mut as_csv, mut of_page) = (Vec::new(), csv::is_accepted(head), None);
        for pair in query::pairs(asked, &PARAMETERS)? {
            let (name, value) = pair?;
            let invalid = |detail: &'static str| query::invalid(&name, detail);
            match name.as_str() {
                STATUS => {
                    for word in value.split(',') {
                        statuses.push(Status::from_word(word).ok_or_else(|| invalid("must be of the seven statuses"))?);
                    }
                }
                FORMAT if FORMATS.contains(&&*value) => as_csv = value == "csv",
                FORMAT => return Err(invalid("must be csv or json")),
                _ => {
                    page.set(&name, &value).map_err(invalid)?;
                    of_page = Some(name);
                }
            }
        }
        match of_page.filter(|_| as_csv) {
            Some(name) => Err(query::invalid(&name, "is for JSON: a CSV has no pages")),
            None => Ok(Self { page, statuses, as_csv }),
        }
    }
}

/// Writes the messages of an order, until nobody reads them any more.
async fn write(context: Arc<Context>, by: Reader, of: ((Seq, Seq), Vec<Status>), lines: Lines) {
    let veil = context.veil();
    let (range, statuses) = of;
    let (mut text, mut after) = (MessageView::csv_header(), None);
    loop {
        let statuses = statuses.clone();
        let read = move |readers: &Readers| readers.messages_between(range, &statuses, after, AT_ONCE);
        let Ok(entries) = blocking(&context, read).await else { return };
        let Ok(refunds) = refunds(&context, &entries).await else { return };
        shown((&entries, &refunds), &veil, &by).iter().for_each(|it| it.put_csv(&mut text));
        after = entries.last().map(|it| it.body.seq());
        if lines.send(std::mem::take(&mut text)).await.is_err() {
            return;
        }
        if entries.len() < AT_ONCE {
            return lines.end().await;
        }
    }
}
