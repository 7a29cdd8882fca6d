//! `GET /v1/verifications/{id}` and `GET /v1/verifications?to=`.

use crate::api::handler::admitted::Prover;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::kinds::{AnyNumber, Cursor, PageSize, VerificationKey};
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{json, query};
use crate::api::verify::view::{Around, VerificationView};
use crate::message::id::{MessageId, VerificationId};
use crate::message::veil::{Pages, Veil};
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::verification::Verification;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// What the list may be asked for.
const PARAMETERS: [&str; 4] = ["to", "app", "cursor", "limit"];

/// `GET /v1/verifications/{id}`
pub(crate) async fn one(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let it = own(&context, &by, verification_of(&context.veil(), &id)?).await?;
    shown(&context, &by, (&it, None), StatusCode::OK).await
}

/// The verification of an id, if the account began it.
pub(in crate::api) async fn own(context: &Context, by: &Prover, id: VerificationId) -> Result<Verification, Problem> {
    let found = blocking(context, move |readers| readers.verification(id)).await?;
    found.filter(|it| it.account == by.account().id).ok_or_else(no_verification)
}

/// `GET /v1/verifications`
pub(crate) async fn of_number(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Prover,
) -> Result<Response, Problem> {
    let (account, plan, veil) = (by.account(), by.plan(), context.veil());
    let (mut page, mut to, mut app) = (Asked::first(veil, Pages::Verifications), None, None);
    for pair in query::pairs(asked.as_deref(), &PARAMETERS)? {
        let (name, value) = pair?;
        match &*name {
            "to" => {
                let number = E164::parse(&query::number(&value), account.region.as_deref());
                to = Some(number.map_err(|_| query::invalid("to", "must be a number with its country code"))?);
            }
            "app" => {
                let known = plan.app_named(&value).map(|it| it.id);
                app = Some(known.ok_or_else(|| query::invalid("app", "there is no such app"))?);
            }
            _ => page.set(&name, &value).map_err(|detail| query::invalid(&name, detail))?,
        }
    }
    let to = to.ok_or_else(|| query::invalid("to", "says whose verifications are asked for, and has to be there"))?;
    // One more than the page has says that another follows.
    let (of, asked) = ((account.id, app), (page.place.unwrap_or(u64::MAX), page.limit + 1));
    let mut found = blocking(&context, move |readers| readers.verifications_of(to, of, asked)).await?;
    let next = page.cut(&mut found, |it| it.id.n);
    let ids: Vec<Vec<MessageId>> = found.iter().map(|it| it.messages.clone()).collect();
    let entries = blocking(&context, move |readers| {
        ids.iter().map(|it| readers.messages(it)).collect::<Result<Vec<Vec<Entry>>, _>>()
    })
    .await?;
    let around = Around { plan, account, veil, result: None };
    let views = found.iter().zip(&entries).map(|(it, entries)| VerificationView::of(it, entries, &around)).collect();
    Ok(json::answer(StatusCode::OK, &page.page(views, next), 1_024))
}

/// A verification as an answer, with what the request did.
pub(super) async fn shown(
    context: &Context,
    by: &Prover,
    (it, result): (&Verification, Option<&'static str>),
    status: StatusCode,
) -> Result<Response, Problem> {
    let messages = it.messages.clone();
    let entries = blocking(context, move |readers| readers.messages(&messages)).await?;
    let around = Around { plan: by.plan(), account: by.account(), veil: context.veil(), result };
    Ok(json::answer(status, &VerificationView::of(it, &entries, &around), 1_024))
}

/// The verification that a path names.
pub(super) fn verification_of(veil: &Veil, id: &str) -> Result<VerificationId, Problem> {
    veil.read_verification(id).ok_or_else(no_verification)
}

/// The refusal for one that does not exist, or is another account's: which of the two is not said.
pub(in crate::api) fn no_verification() -> Problem {
    Problem::new(Kind::NotFound, "There is no verification with this id.")
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Verifications", "getVerification", "Get a verification")
        .says(
            "All that is known of a verification: where it is, each try to bring the code there with the times at which it was \
             submitted, delivered and verified, and what it cost. It is kept for a day after its end at least.",
        )
        .by::<Prover>()
        .path::<VerificationKey>("id", "$VERIFICATION", "The id of the verification.")
        .answers::<VerificationView<'_>>(200, "The verification.")
        .refuses(&[Kind::NotFound])
        .refuses(&READS)
}

/// What the reference says of it.
pub(crate) fn about_of_number() -> Endpoint {
    Endpoint::new("Verifications", "listVerifications", "List the verifications of a number")
        .says("The verifications of a number that the account began, newest first.")
        .by::<Prover>()
        .must::<AnyNumber>("to", "Whose.")
        .query::<String>("app", "Of this app alone.")
        .query::<Cursor>("cursor", "The `next_cursor` of the page before.")
        .query::<PageSize>("limit", "Lines of the page: 1 to 1,000.")
        .answers::<Page<VerificationView<'_>>>(200, "Verifications, newest first.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?to=%2B31612345678&limit=10")
}
