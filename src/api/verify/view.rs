//! A verification as it is shown: each try to bring the code there, and what is known of it.

use crate::api::handler::json::Shown;
use crate::api::handler::kinds::{
    Amount, ChannelWord, CurrencyCode, IdempotencyKey, MessageKey, Moment, PhoneNumber, SendResult, SendWord,
    VerificationKey, VerificationWord,
};
use crate::api::handler::time::Timestamp;
use crate::api::read::attempt_view::CarrierName;
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::attempt::{Answer, Attempt};
use crate::message::channel::Channel;
use crate::message::money::{Currency, Money};
use crate::message::phase::Phase;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::message::veil::{MessageName, Veil, VerificationName};
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::verification::Verification;
use crate::verify::app::SENDS_MAX;
use crate::verify::progress::VerificationStatus;
use serde::Serialize;
use utoipa::ToSchema;

/// A verification.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
pub(super) struct VerificationView<'a> {
    /// What names it.
    #[schema(value_type = VerificationKey)]
    id: Shown<VerificationName>,
    /// What the request did, where it asked for something: `created` sends a code; `running` did nothing, for one was
    /// sent a moment ago; `resent` sent it again; `repeated` did nothing, for the same request came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    result: Option<&'static str>,
    /// By which app; its number where the configuration has it no more.
    app: String,
    /// Whose number it is; empty where it was forgotten.
    #[schema(value_type = PhoneNumber)]
    to: Shown<E164>,
    /// Where it is.
    #[schema(value_type = VerificationWord)]
    status: &'static str,
    /// By what the code goes there, or went last.
    #[schema(value_type = ChannelWord)]
    channel: &'static str,
    /// By what it could go now, for that has brought nothing: offer it to the person; null where nothing is offered.
    #[schema(value_type = Option<ChannelWord>)]
    next_channel: Option<&'static str>,
    /// Your reference.
    client_ref: Option<&'a str>,
    /// Whether it is of a number for tests, to which nothing is sent.
    test: bool,
    /// In which language it is said.
    locale: &'a str,
    /// From when on its code can be sent again; null once it has ended.
    #[schema(value_type = Option<Moment>)]
    resend_after: Timestamp,
    /// When its codes die.
    #[schema(value_type = Moment)]
    expires_at: Timestamp,
    /// How many guesses may yet be wrong.
    checks_left: u8,
    /// When it began.
    #[schema(value_type = Moment)]
    created_at: Timestamp,
    /// When a carrier first took the code.
    #[schema(value_type = Option<Moment>)]
    submitted_at: Timestamp,
    /// When a carrier first said that it arrived.
    #[schema(value_type = Option<Moment>)]
    delivered_at: Timestamp,
    /// When the code came back.
    #[schema(value_type = Option<Moment>)]
    verified_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<Moment>)]
    ended_at: Timestamp,
    /// What its messages cost; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// Each try to bring the code there.
    attempts: Vec<TryView<'a>>,
}

/// One try to bring a code there.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationAttempt)]
struct TryView<'a> {
    /// Which, from 1.
    number: usize,
    /// What names it for ever.
    #[schema(value_type = IdempotencyKey)]
    idempotency_key: String,
    /// By what.
    #[schema(value_type = ChannelWord)]
    channel: &'static str,
    /// At which carrier; null where the account is not shown it.
    #[schema(value_type = Option<String>)]
    carrier: Option<Shown<CarrierName<'a>>>,
    /// The message that it is of.
    #[schema(value_type = MessageKey)]
    message_id: Shown<MessageName>,
    /// When it was given to the carrier.
    #[schema(value_type = Moment)]
    sent_at: Timestamp,
    /// What became of it: `pending` waits for the carrier's answer, `refused` it did not take it, of `unknown` nobody
    /// knows, `submitted` it took it, of `no_receipt` it said no more and another was tried, `delivered`,
    /// `undelivered`.
    #[schema(value_type = SendWord)]
    status: &'static str,
    /// What the carrier charges; null where the account is not shown it, or no cost is stated.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
}

/// What a view is made with.
pub(super) struct Around<'a> {
    pub(super) plan: &'a Plan,
    pub(super) account: &'a Account,
    pub(super) veil: Veil,
    /// What the request did.
    pub(super) result: Option<&'static str>,
}

impl<'a> VerificationView<'a> {
    /// What is known of a verification, with its messages, oldest first.
    pub(super) fn of(it: &'a Verification, entries: &'a [Entry], around: &Around<'a>) -> Self {
        let Around { plan, account, veil, result } = around;
        let (app, pending) = (plan.apps.get(&it.app), it.progress.is_pending());
        let may_again = pending && it.messages.len() < usize::from(SENDS_MAX);
        let again = app.filter(|_| may_again).map_or(Time::NEVER, |app| it.sent + app.resend_after);
        let verified = it.progress.status() == VerificationStatus::Approved;
        let route = entries.first().map(|it| it.body.route);
        let first = |times: &mut dyn Iterator<Item = Time>| times.filter_map(Time::known).min().unwrap_or(Time::NEVER);
        Self {
            id: Shown(veil.verification(it.id)),
            result: *result,
            app: app.map_or_else(|| format!("#{}", it.app.0), |it| it.name.to_string()),
            to: Shown(it.to),
            status: it.progress.status().word(),
            channel: it.channel.word(),
            next_channel: it.offered.filter(|_| pending).map(Channel::word),
            client_ref: it.client_ref.as_deref(),
            test: it.is_test,
            locale: &it.language,
            resend_after: Timestamp(again),
            expires_at: Timestamp(it.progress.expires()),
            checks_left: it.progress.checks_left(),
            created_at: Timestamp(it.created),
            submitted_at: Timestamp(first(&mut entries.iter().map(Entry::sent_at))),
            delivered_at: Timestamp(first(&mut entries.iter().map(delivered_at))),
            verified_at: Timestamp(if verified { it.progress.ended() } else { Time::NEVER }),
            ended_at: Timestamp(it.progress.ended()),
            cost: cost(entries).map(Shown),
            currency: route.and_then(|it| plan.currency(it, account.currency)).map(Shown),
            attempts: tries(it, entries, around),
        }
    }
}

/// Every attempt at every message, in the order of time.
fn tries<'a>(it: &Verification, entries: &'a [Entry], around: &Around<'a>) -> Vec<TryView<'a>> {
    let Around { plan, account, veil, .. } = around;
    let name = veil.verification(it.id);
    let of_entry = |entry: &'a Entry| {
        // All parts of a text go the same way; the first speaks for it.
        let part = entry.parts.first();
        let past = entry.past.iter().filter(|it| it.key.index() == 0).map(|it| (&it.attempt, true));
        let mut all: Vec<(&Attempt, bool)> = past.collect();
        all.extend(part.and_then(|it| it.attempt.as_ref()).map(|it| (it, false)));
        let doubtful = part.is_some_and(|it| it.phase() == Phase::Doubtful);
        all.into_iter().map(move |(attempt, is_past)| (entry, attempt, word(attempt, is_past, doubtful)))
    };
    let try_view = |(at, (entry, attempt, status)): (usize, (&'a Entry, &'a Attempt, SendResult))| TryView {
        number: at + 1,
        idempotency_key: format!("{name}-attempt-{}", at + 1),
        channel: channel_of(it, entry).word(),
        carrier: account.shows_carriers.then_some(Shown(CarrierName { plan, id: attempt.link.carrier })),
        message_id: Shown(veil.message(entry.body.id)),
        sent_at: Timestamp(attempt.intended_at),
        status: status.word(),
        cost: attempt.cost.filter(|_| account.shows_carriers).map(Shown),
    };
    entries.iter().flat_map(of_entry).enumerate().map(try_view).collect()
}

/// By what a message of a verification went: each has its send, at the same place.
pub(super) fn channel_of(it: &Verification, entry: &Entry) -> Channel {
    let at = it.messages.iter().position(|message| message.seq == entry.body.id.seq);
    at.and_then(|at| it.sends.get(at)).map_or(it.channel, |it| it.channel)
}

/// What its messages cost, without those that were taken back; `None` where the route has no prices.
pub(super) fn cost(entries: &[Entry]) -> Option<Money> {
    let mut paid = entries.iter().filter(|it| it.status() != Status::Cancelled).peekable();
    paid.peek()?;
    paid.map(|it| it.body.price).try_fold(Money::default(), |sum, it| Some(sum + it?))
}

/// When a carrier said that a message arrived.
fn delivered_at(entry: &Entry) -> Time {
    if entry.status() == Status::Delivered { entry.done_at() } else { Time::NEVER }
}

fn word(attempt: &Attempt, is_past: bool, doubtful: bool) -> SendResult {
    let said = attempt.receipt.as_ref().map(|it| it.status);
    match (attempt.answer, said) {
        (_, Some(Status::Delivered)) => SendResult::Delivered,
        (_, Some(status)) if status.is_final() => SendResult::Undelivered,
        (Some(Answer::Taken), _) if is_past => SendResult::NoReceipt,
        (Some(Answer::Taken), _) => SendResult::Submitted,
        (Some(Answer::Unknown), _) => SendResult::Unknown,
        (None, _) if doubtful || is_past => SendResult::Unknown,
        (None, _) => SendResult::Pending,
        (Some(_), _) => SendResult::Refused,
    }
}
