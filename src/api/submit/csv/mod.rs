//! `POST /v1/messages` with `content-type: text/csv`: a file of up to 100,000 recipients becomes orders.
//!
//! ```text
//!   body, within max_csv ─► form of all of it ─► all of it judged ─► 10,000 lines ─► judged ─► the loop ─► an order
//!        400, 408, 413           400, 422          402, 403, 422          ▲                        │
//!                                                                         └───── the next ◄────────┘
//! ```
//!
//! Nothing is stored before the whole file has been read: what is wrong in its last line is known before its first is
//! sent. So the file is in memory, but only as it came; what is made of it is there for one order at a time. Each order
//! enters as any other does. What keeps a later one from entering, such as a quota, stops there, and is answered with
//! the line; under an idempotency key the same file goes on from there when it comes again, also after a kill.

pub(super) mod report;
mod run;
mod sheet;
mod lines;
pub(super) mod wishes;
mod filling;
mod keys;
mod seen;

use crate::api::handler::admitted::Sender;
use crate::api::handler::context::Context;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::{body, idempotency};
use crate::api::submit::csv::filling::Filling;
use crate::api::submit::csv::keys::Keys;
use crate::api::submit::csv::run::Run;
use crate::api::submit::csv::sheet::Sheet;
use crate::api::submit::csv::wishes::Wishes;
use crate::api::submit::fingerprint;
use crate::api::submit::quote::Judge;
use crate::api::submit::request::RECIPIENTS_MAX;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use sha2::{Digest, Sha256};

/// Whether a body says that it is CSV.
pub(super) fn is_csv(head: &HeaderMap) -> bool {
    let kind = head.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("text/csv"))
}

/// `POST /v1/messages` with a file.
pub(super) async fn messages(context: &Context, by: &Sender, request: Request) -> Result<Response, Problem> {
    let account = by.account();
    let (head, body) = request.into_parts();
    check_parameters(&head.headers)?;
    let key = idempotency::key(&head.headers)?;
    let wishes = Wishes::read(head.uri.query())?;
    let holder = Holder::Account(account.id);
    let (octets, _held) = body::read_up_to(context, holder, body, context.wiring.max_csv).await?;
    let sheet = Sheet::read(&octets)?;
    let filling = wishes.text.as_deref().map(|it| Filling::read(it, &sheet.names())).transpose()?;
    let keys = match key {
        Some(key) => {
            let print = fingerprint::digest(|it| {
                wishes.print(it);
                it.member("csv", Some(&Sha256::digest(&octets)));
            });
            let orders = u32::try_from(sheet.count.div_ceil(RECIPIENTS_MAX)).expect("a file has few orders");
            Some(Keys::new((key, head.uri.path()), print).read(context, account.id, orders).await?)
        }
        None => None,
    };
    let run = Run {
        context,
        judge: Judge { plan: by.plan(), opted_out: &context.wiring.opted_out, account },
        wishes: &wishes,
        sheet: &sheet,
        shared: filling.as_ref().and_then(Filling::alone),
        filling,
    };
    run.all(keys).await
}

/// What a content type may say besides (RFC 7111 has its words).
fn check_parameters(head: &HeaderMap) -> Result<(), Problem> {
    let kind = head.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    for parameter in kind.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        let refused = |detail: &'static str| Err(Problem::new(Kind::InvalidHeader, detail));
        match (&*name.trim().to_ascii_lowercase(), &*value) {
            ("charset", "utf-8" | "utf8" | "us-ascii") | ("header", "present") => {}
            ("charset", _) => return refused("A CSV is taken in UTF-8."),
            ("header", _) => return refused("The first line of a CSV names its fields."),
            _ => {}
        }
    }
    Ok(())
}
