//! Numbers that a service refuses, taken out of a request before it is handed to the loop.

use crate::api::handler::ask::ask;
use crate::api::handler::context::Context;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::Rejected;
use crate::api::submit::rejection::Rejection;
use crate::api::submit::request::{RECIPIENTS_MAX, Targets};
use crate::dispatch::door::happening::{MayAsk, Submission};
use crate::message::id::AccountId;
use crate::number::e164::E164;
use std::collections::BTreeSet;

/// Numbers of one account that may be under way at once: as many as one request may have.
const ASKED_MAX: usize = RECIPIENTS_MAX;

/// Takes out of a quote, and out of what is to be accepted, the recipients whose numbers are refused.
pub(crate) async fn sift<'a>(
    context: &Context,
    (targets, region): (&Targets<'a>, Option<&str>),
    quote: &mut Quote<'a>,
    submission: &mut Submission,
) -> Result<(), Problem> {
    let service = context.wiring.lookup.borrow().clone();
    let Some(service) = service.filter(|it| it.options().on.contains(&submission.class)) else { return Ok(()) };
    let (mut refused, unknown) = service.split_known(submission.recipients.iter().map(|it| it.destination).collect());
    if !unknown.is_empty() {
        within_rate(context, submission.account).await?;
        let full = || Problem::new(Kind::QueueFull, "Too many numbers of the account are being looked up.");
        let _share = service
            .share(submission.account, unknown.len(), ASKED_MAX)
            .ok_or_else(|| full().after(service.options().timeout))?;
        refused.extend(service.refused_among(unknown).await);
    }
    if refused.is_empty() {
        return Ok(());
    }
    quote.lines.retain(|it| !refused.contains(&it.to));
    submission.recipients.retain(|it| !refused.contains(&it.destination));
    let accepted_before = |to: &str| E164::parse(to, region).is_ok_and(|it| refused.contains(&it));
    let pointed = targets.with_pointers().enumerate().filter(|(_, (to, _))| accepted_before(to));
    let rejected = pointed.map(|(at, (to, pointer))| Rejected {
        at,
        to,
        pointer,
        kind: Kind::Invalid,
        code: Rejection::NumberInvalid,
        detail: "is not a number that messages are sent to".into(),
    });
    // Whoever is refused for another reason is there already.
    let others: BTreeSet<_> = quote.rejected.iter().map(|it| it.at).collect();
    quote.rejected.extend(rejected.filter(|it| !others.contains(&it.at)));
    quote.duplicates.retain(|it| !accepted_before(it.to));
    Ok(())
}

/// Refuses where the account would be refused for its rate; that the request comes is not counted yet.
async fn within_rate(context: &Context, account: AccountId) -> Result<(), Problem> {
    ask(context, MayAsk(account)).await.map(|_| ())
}
