//! Questions to the loop, and what it means that it says no.

use crate::api::handler::context::{Context, LoopRequest};
use crate::api::handler::problem::{GuardSays, Kind, Problem};
use crate::dispatch::door::reply::{Denial, Limit, Means, Question, Reply, Unfit};
use crate::guard::policy::GuardKind;
use crate::message::channel::Channel;
use crate::message::time::Time;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a request waits for the loop. A beat takes milliseconds; whoever waits longer
/// than this sits behind a disk that hangs.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks the loop, and waits until what it answers is durable; what it denies is a problem.
pub(crate) async fn ask<Q: Question>(context: &Context, question: Q) -> Result<Q::Answer, Problem> {
    ask_whether(context, question).await?.map_err(|it| refusal(&it))
}

/// The same, where it matters why it is denied.
pub(crate) async fn ask_whether<Q: Question>(
    context: &Context,
    question: Q,
) -> Result<Result<Q::Answer, Denial>, Problem> {
    let (to, answer) = oneshot::channel();
    send(context, LoopRequest::Ask(question.into(), to))?;
    let grant = match await_reply(answer).await? {
        Ok(grant) => grant,
        Err(denial) => return Ok(Err(denial)),
    };
    let other = |_| Problem::new(Kind::Internal, "The request was answered with the answer to another.");
    grant.try_into().map(Ok).map_err(other)
}

/// Hands something to the loop; refused where its lane is full or it has ended.
pub(crate) fn send(context: &Context, call: LoopRequest) -> Result<(), Problem> {
    use tokio::sync::mpsc::error::TrySendError;
    context.wiring.submit.try_send(call).map_err(|error| match error {
        TrySendError::Full(_) => Problem::new(Kind::QueueFull, "Too many requests wait to be stored."),
        TrySendError::Closed(_) => refusal(&Denial::Draining),
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

/// The refusal that a denial of the loop means.
pub(crate) fn refusal(denial: &Denial) -> Problem {
    match denial {
        Denial::KeyReused => Problem::new(Kind::KeyReused, "The Idempotency-Key came before, with another request."),
        Denial::TooLate => Problem::new(Kind::TooLate, "The message has left or has ended; it cannot be taken back."),
        Denial::NeverLeft => Problem::new(Kind::Cancelled, "The message was taken back: nothing can have come of it."),
        Denial::NotFound => no_message(),
        Denial::QueueFull(wait) => Problem::new(Kind::QueueFull, "The queue is full.").after(*wait),
        Denial::Draining => Problem::new(Kind::Draining, "The daemon is stopping; nothing new is accepted."),
        Denial::Running => {
            let detail = "The same request is still under way.";
            Problem::new(Kind::StillRunning, detail).after(Duration::from_secs(1))
        }
        Denial::TooMany { limit, wait, means } => too_many(*limit, *wait, means),
        Denial::Insufficient { balance } => {
            let detail = format!("The balance of {} is not enough for this request.", balance.exact());
            Problem::new(Kind::InsufficientBalance, detail)
        }
        Denial::Unpriced => Problem::new(Kind::NoPrice, "The account pays from a balance, and this has no price."),
        Denial::NotManaged => Problem::at(Kind::Invalid, "", "the account has no balance: it does not pay in advance"),
        Denial::TooMuch => Problem::at(Kind::Invalid, "/amount", "the balance would be larger than any may be"),
        Denial::ListFull => Problem::new(Kind::ListFull, "The list has as many numbers as memory is set aside for."),
        Denial::Over => Problem::new(
            Kind::VerificationOver,
            "The verification has ended, or its code is not sent again; begin another.",
        ),
        Denial::Soon(wait) => {
            Problem::new(Kind::ResendTooSoon, "The code was sent a moment ago, or often enough.").after(*wait)
        }
        Denial::Guarded { guard, until, wait, channels } => guarded(*guard, (*until, *wait), channels),
        Denial::NoKeys => {
            Problem::new(Kind::KeyMissing, "The key that the code was made with is not in the ring of keys.")
        }
        Denial::Unfit(unfit) => unfit_for(*unfit),
    }
}

fn guarded(guard: GuardKind, (until, wait): (Time, Option<Duration>), channels: &[Channel]) -> Problem {
    let reason = guard.reason();
    let (kind, detail) = if guard.is_a_challenge() {
        (Kind::ChallengeRequired, "No code goes there by this channel: let the person prove himself in another way.")
    } else if wait.is_none() {
        (Kind::ChallengeRequired, "A code there costs more than may be spent.")
    } else {
        (Kind::VerificationLimited, "There were enough codes or guesses for now.")
    };
    let problem = Problem {
        guard: Some(GuardSays { reason, until, channels: channels.iter().map(|it| it.word()).collect() }),
        ..Problem::new(kind, detail)
    };
    match wait {
        Some(wait) => problem.after(wait),
        None => problem,
    }
}

fn unfit_for(unfit: Unfit) -> Problem {
    let kind = match unfit {
        Unfit::NoTarget => Kind::NotFound,
        Unfit::Over | Unfit::TooLong | Unfit::TraceTooLong => Kind::Invalid,
        Unfit::NothingHeld => Kind::NothingHeld,
        Unfit::NothingDoubted => Kind::NothingDoubted,
        Unfit::TooMany => Kind::QueueFull,
    };
    Problem::new(kind, unfit.to_string())
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
