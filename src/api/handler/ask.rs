//! Questions to the loop, and what it means that it says no.

use crate::api::handler::context::{Context, LoopRequest};
use crate::api::handler::problem::{Kind, Problem};
use crate::dispatch::door::happening::Ask;
use crate::dispatch::door::reply::{Limit, Means, Reply};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a request waits for the loop. A beat takes milliseconds; whoever waits longer
/// than this sits behind a disk that hangs.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks the loop, and waits until what it answers is durable.
pub(crate) async fn ask(context: &Context, ask: Ask) -> Result<Reply, Problem> {
    let (to, answer) = oneshot::channel();
    send(context, LoopRequest::Ask(ask, to))?;
    await_reply(answer).await
}

/// Hands something to the loop; refused where its lane is full or it has ended.
pub(crate) fn send(context: &Context, call: LoopRequest) -> Result<(), Problem> {
    use tokio::sync::mpsc::error::TrySendError;
    context.wiring.submit.try_send(call).map_err(|error| match error {
        TrySendError::Full(_) => Problem::new(Kind::QueueFull, "Too many requests wait to be stored."),
        TrySendError::Closed(_) => refusal(&Reply::Draining),
    })?;
    (context.wiring.wake)();
    Ok(())
}

async fn await_reply(answer: oneshot::Receiver<Reply>) -> Result<Reply, Problem> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(reply)) => Ok(reply),
        // The request may yet be stored: only its idempotency key makes another try safe.
        Ok(Err(_)) | Err(_) => Err(Problem::new(
            Kind::NoAnswer,
            "It is not known whether the request was stored; repeat it with the same Idempotency-Key.",
        )),
    }
}

/// The refusal that a reply of the loop means.
pub(crate) fn refusal(reply: &Reply) -> Problem {
    match reply {
        Reply::KeyReused => Problem::new(Kind::KeyReused, "The Idempotency-Key came before, with another request."),
        Reply::TooLate => Problem::new(Kind::TooLate, "The message has left or has ended; it cannot be taken back."),
        Reply::NeverLeft => Problem::new(Kind::Cancelled, "The message was taken back: nothing can have come of it."),
        Reply::NotFound => no_message(),
        Reply::QueueFull(wait) => Problem::new(Kind::QueueFull, "The queue is full.").after(*wait),
        Reply::Draining => Problem::new(Kind::Draining, "The daemon is stopping; nothing new is accepted."),
        Reply::Running => Problem::new(Kind::StillRunning, "The same request is still under way."),
        Reply::TooMany { limit, wait, means } => too_many(*limit, *wait, means),
        Reply::Insufficient { balance } => {
            let detail = format!("The balance of {} is not enough for this request.", balance.exact());
            Problem::new(Kind::InsufficientBalance, detail)
        }
        Reply::Unpriced => Problem::new(Kind::NoPrice, "The account pays from a balance, and this has no price."),
        Reply::NotManaged => Problem::at(Kind::Invalid, "", "the account has no balance: it does not pay in advance"),
        Reply::TooMuch => Problem::at(Kind::Invalid, "/amount", "the balance would be larger than any may be"),
        Reply::Accepted { .. }
        | Reply::Repeated(_)
        | Reply::Cancelled
        | Reply::Withdrawn { .. }
        | Reply::Noted
        | Reply::Credited(_)
        | Reply::CreditedBefore(_)
        | Reply::Suppressed(_)
        | Reply::Lifted
        | Reply::ListFull
        | Reply::Ordered(_)
        | Reply::Unfit(_)
        | Reply::Inspected(_) => Problem::new(Kind::Internal, "The request was answered with the answer to another."),
    }
}

fn too_many(limit: Limit, wait: Option<Duration>, means: &Means) -> Problem {
    let (kind, detail) = match limit {
        Limit::Rate => (Kind::RateExceeded, "The account asks more often than its rate allows."),
        Limit::Quota if wait.is_none() => (Kind::OverQuota, "The request has more messages than the quota."),
        Limit::Quota => (Kind::QuotaExceeded, "The quota of messages of this period is used up."),
    };
    let problem = Problem { means: Some(Box::new(*means)), ..Problem::new(kind, detail) };
    match wait {
        Some(wait) => problem.after(wait),
        None => problem,
    }
}

/// The refusal for a message that does not exist, or is another account's: which of the two is not said.
pub(crate) fn no_message() -> Problem {
    Problem::new(Kind::NotFound, "There is no message with this id.")
}
