//! Turns what the deciding floor says into metrics and one log line each.
//!
//! Lines about one message are at level debug and carry its id; what an operator must see without
//! asking, a doubtful part or a receipt that was given up, is at level warn, and as often as [`Often`] lets it.
//!
//! [`Often`]: crate::telemetry::often::Often

use crate::carrier::id::Relation;
use crate::dispatch::door::fact::{Fact, Figure, Turn};
use crate::guard::guards::Notice;
use crate::message::attempt::Cause;
use crate::message::id::{CarrierId, MessageId};
use crate::message::status::Status;
use crate::message::veil::Veil;
use crate::record::action::{Action, Target};
use crate::record::suppression::Origin;
use crate::telemetry::labels::bind_name;
use crate::telemetry::meters::Meters;
use std::time::Duration;
use tracing::{debug, info, warn};

/// Counts the facts of a beat, after its commit and before anybody is answered.
pub fn count_all(meters: &Meters, facts: &[Fact]) {
    facts.iter().for_each(|it| count(meters, it));
}

/// Logs them.
pub fn log_all(meters: &Meters, veil: &Veil, facts: &[Fact]) {
    facts.iter().for_each(|it| log(meters, veil, it));
}

/// `Accepted` stands for the status QUEUED of all its messages, so that a `Status` of QUEUED, which
/// says that a message went back to its lane, does not count a second time.
fn count(meters: &Meters, fact: &Fact) {
    match fact {
        Fact::Accepted { account, route, class, count, .. } => {
            meters.count_accepted(*account, *class, *count as u64);
            meters.route(*route).came_to(Status::Queued, *count as u64);
        }
        Fact::Status { status: Status::Queued, .. } => {}
        Fact::Status { route, status, .. } => meters.route(*route).came_to(*status, 1),
        Fact::Submitted { link, class, cause, waited, .. } => {
            meters.carrier(link.carrier).count_attempt(*cause);
            if *cause == Cause::First {
                meters.count_wait(*class, *waited);
            }
        }
        Fact::Answered { link, country, answer, command_status, took, waited, throttled, .. } => {
            let carrier = meters.carrier(link.carrier);
            carrier.count_answer(*country, *answer, *took, *waited);
            if let Some(error) = command_status.filter(|it| *it != 0) {
                carrier.count_refusal(error);
            }
            if *throttled {
                carrier.count_throttled();
            }
        }
        Fact::Failover { from, to, cause, .. } => meters.failovers().count_move(*from, *to, *cause),
        Fact::Outcome { carrier, country, class, status, after } => {
            meters.carrier(*carrier).outcome(*country, *class, *status, *after);
        }
        Fact::Receipt { carrier, status, fate, delay, .. } => meters.carrier(*carrier).receipt(*status, *fate, *delay),
        Fact::Unread { carrier, .. } => meters.carrier(*carrier).unread(1),
        Fact::StrangeWord { .. } | Fact::UnsureIds { .. } => {}
        Fact::Verified { app, carrier, country, status, took } => {
            let carrier = carrier.map(|it| meters.carrier(it).name());
            meters.verifications().count_end((*app, carrier, *country), *status, *took);
        }
        Fact::Guarded { guard, mode } => meters.guards().count_objection(*guard, *mode),
        Fact::Noticed(_) => {}
        Fact::Mo { carrier } => meters.carrier(*carrier).mo(),
        Fact::MoAgain { carrier } => meters.carrier(*carrier).mo_again(),
        Fact::Received { carrier, account: None, .. } => meters.carrier(*carrier).count_mo_unrouted(),
        Fact::Received { .. } => {}
        Fact::Unheeded { carrier, .. } => meters.carrier(*carrier).count_unheeded(),
        Fact::OptedOut { account, origin: Origin::Handset, .. } => meters.opted_out(*account),
        Fact::OptedOut { .. } | Fact::OptedIn { .. } => {}
        Fact::Queried { carrier, result, .. } => meters.carrier(*carrier).count_query(*result),
        Fact::Learned { carrier, relation, .. } => meters.carrier(*carrier).believes(*relation),
        Fact::Operated(_) | Fact::OperatedEnded(_) | Fact::Turned { .. } => {}
        Fact::Charged { account, amount } => meters.money().count_charge(*account, *amount),
        Fact::Refunded { account, amount } => meters.money().count_refund(*account, *amount),
        Fact::Cost { carrier, class, amount } => meters.money().cost(*carrier, *class, *amount),
        Fact::Unmatched { carrier } => meters.carrier(*carrier).count_unmatched(),
        Fact::Doubtful { carrier, cause, .. } => meters.carrier(*carrier).unknown_outcome(*cause),
    }
}

fn log(meters: &Meters, veil: &Veil, fact: &Fact) {
    let name = |it: &CarrierId| meters.carrier(*it).name();
    let id = |it: &MessageId| veil.message(*it);
    match fact {
        Fact::Accepted { order, account, route, class, count, messages } => {
            let (account, message_ids) = (meters.account(*account), Several(veil, messages));
            debug!(order_id = veil.order(*order), account, route = route.shown(), class = class.word(), count, %message_ids, "accepted");
        }
        Fact::Status { message, route, status, reason, corrected } => {
            let reason = reason.map(|it| it.word());
            debug!(message_id = %id(message), route = route.shown(), status = status.word(), reason, corrected, "status");
        }
        Fact::Submitted { message, link, cause, waited, .. } => {
            let carrier = name(&link.carrier);
            debug!(message_id = %id(message), carrier, bind = bind_name(carrier, link.bind), cause = cause.word(), waited_ms = waited.as_millis() as u64, "submitted");
        }
        Fact::Answered { message, link, answer, command_status, took, waited, throttled, .. } => {
            let (carrier, ms) = (name(&link.carrier), |it: Duration| it.as_millis() as u64);
            let (took_ms, waited_ms) = (took.map(ms), waited.map(ms));
            debug!(message_id = %id(message), carrier, bind = bind_name(carrier, link.bind), answer = answer.word(), command_status, took_ms, waited_ms, throttled, "answered");
        }
        Fact::Failover { message, from, to, cause } => {
            debug!(message_id = %id(message), from = name(from), to = name(to), cause = cause.word(), "failover");
        }
        Fact::Verified { app, carrier, status, took, .. } => {
            let (app, carrier, took_ms) =
                (meters.verifications().app(*app), carrier.as_ref().map(name), took.as_millis() as u64);
            debug!(app, carrier, status = status.word(), took_ms, "verification ended");
        }
        Fact::Guarded { guard, mode } => debug!(guard = guard.word(), mode = mode.word(), "guarded"),
        Fact::Noticed(notice) => tell_notice(meters, notice),
        // The receipt itself is told.
        Fact::Outcome { .. } => {}
        Fact::Receipt { .. }
        | Fact::Unread { .. }
        | Fact::StrangeWord { .. }
        | Fact::UnsureIds { .. }
        | Fact::Unmatched { .. } => receipt(meters, veil, fact),
        Fact::Mo { carrier } => debug!(carrier = name(carrier), "message from a handset"),
        Fact::MoAgain { carrier } => debug!(carrier = name(carrier), "the same message from a handset again"),
        Fact::Received { .. } | Fact::Unheeded { .. } => handset(meters, veil, fact),
        Fact::OptedOut { .. } | Fact::OptedIn { .. } => tell_opt_out(meters, fact),
        Fact::Queried { carrier, message, result } => {
            let message_id = message.map(|it| tracing::field::display(veil.message(it)));
            debug!(message_id, carrier = name(carrier), result = result.word(), "queried");
        }
        Fact::Learned { before: true, .. } => {}
        Fact::Learned { carrier, relation, before: false } => {
            let message_id = relation.map_or("auto", Relation::word);
            let (carrier, said) = (name(carrier), "how the carrier writes its ids was learned from its receipts");
            often!(info, meters.often(), carrier, said, carrier, message_id);
        }
        Fact::Operated(action) => tell_action(meters, action, "an operator ordered"),
        Fact::OperatedEnded(action) => tell_action(meters, action, "what an operator ordered has had its time"),
        Fact::Charged { account, amount } => debug!(account = meters.account(*account), amount = %amount, "charged"),
        Fact::Refunded { account, amount } => debug!(account = meters.account(*account), amount = %amount, "paid back"),
        Fact::Cost { carrier, class, amount } => {
            debug!(carrier = name(carrier), class = class.word(), amount = %amount, "costs");
        }
        Fact::Turned { carrier, turn } => tell_turn(name(carrier), turn),
        Fact::Doubtful { message, carrier, cause } => {
            let (carrier, said) = (name(carrier), "a part was perhaps written and not answered");
            often!(warn, meters.often(), carrier, said, message_id = %id(message), carrier, cause = cause.word());
        }
    }
}

/// What a handset sent, and what keeps it from being told or heeded.
fn handset(meters: &Meters, veil: &Veil, fact: &Fact) {
    let name = |it: &CarrierId| meters.carrier(*it).name();
    match fact {
        Fact::Received { carrier, event, account: Some(account), parts, missing } => {
            let (carrier, account) = (name(carrier), meters.account(*account));
            debug!(event_id = %veil.event(*event), carrier, account, parts, missing, "received");
        }
        Fact::Received { carrier, event, account: None, parts, missing } => {
            let (carrier, said) = (name(carrier), "no [[inbound]] fits a message from a handset");
            often!(warn, meters.often(), carrier, said, event_id = %veil.event(*event), carrier, parts, missing);
        }
        Fact::Unheeded { carrier, event } => {
            let (carrier, said) =
                (name(carrier), "a keyword of a handset is not heeded: its number has no country code");
            often!(warn, meters.often(), carrier, said, event_id = %veil.event(*event), carrier, key = "region");
        }
        _ => {}
    }
}

/// What came of a receipt, and what an operator may do about those of a carrier.
fn receipt(meters: &Meters, veil: &Veil, fact: &Fact) {
    let name = |it: &CarrierId| meters.carrier(*it).name();
    match fact {
        Fact::Receipt { carrier, status, fate, message, .. } => {
            let message_id = message.map(|it| tracing::field::display(veil.message(it)));
            debug!(message_id, carrier = name(carrier), status = status.word(), fate = ?fate, "receipt");
        }
        Fact::StrangeWord { carrier, word, key } => {
            let word = if is_word(word) { word } else { "hidden: it is none" };
            let (carrier, said) =
                (name(carrier), "nobody knows what a carrier's word of state means: the key may say it");
            often!(warn, meters.often(), carrier, said, carrier, word, key);
        }
        Fact::UnsureIds { carrier, relation, count } => {
            let hint = "receipts wait that fit if message_id is this; they name no recipient to be sure by";
            let (carrier, said) = (name(carrier), "a carrier's receipts fit no message as they are");
            often!(warn, meters.often(), carrier, said, carrier, message_id = relation.word(), count, hint);
        }
        Fact::Unread { carrier, event: Some(event) } => {
            let (carrier, said) = (name(carrier), "a receipt names no message, and is kept in events/unrouted");
            often!(warn, meters.often(), carrier, said, event_id = %veil.event(*event), carrier);
        }
        Fact::Unread { carrier, event: None } => debug!(carrier = name(carrier), "a receipt names no message"),
        Fact::Unmatched { carrier } => {
            let (carrier, said) = (name(carrier), "a receipt was given up that fits no message");
            often!(warn, meters.often(), carrier, said, carrier);
        }
        _ => {}
    }
}

/// Whether it may stand in the log: what has the digits of a number is no word.
fn is_word(text: &str) -> bool {
    const DIGITS_MAX: usize = 4;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits <= DIGITS_MAX && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-'))
}

/// Ids of messages, one after the other.
struct Several<'a>(&'a Veil, &'a [MessageId]);

impl std::fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.1.iter().map(|it| self.0.message(*it));
        names.enumerate().try_for_each(|(at, it)| write!(f, "{}{it}", if at == 0 { "" } else { " " }))
    }
}

/// Tells that a carrier answers otherwise than usual, or as usual again.
fn tell_turn(carrier: &str, turn: &Turn) {
    let ms = |seconds: f64| (seconds * 1_000.0).round() as u64;
    let percent = |share: f64| (share * 100.0).round() as u64;
    let Turn { now, usual, .. } = *turn;
    match (turn.figure, turn.left) {
        (Figure::P99, true) => {
            warn!(carrier, p99_ms = ms(now), usual_ms = ms(usual), "the carrier answers more slowly than usual");
        }
        (Figure::P99, false) => {
            info!(carrier, p99_ms = ms(now), usual_ms = ms(usual), "the carrier answers as fast as usual again");
        }
        (Figure::Refusals, true) => {
            warn!(
                carrier,
                refused_percent = percent(now),
                usual_percent = percent(usual),
                "the carrier refuses more than usual"
            );
        }
        (Figure::Refusals, false) => {
            info!(
                carrier,
                refused_percent = percent(now),
                usual_percent = percent(usual),
                "the carrier refuses no more than usual again"
            );
        }
    }
}

/// The reason of an operator stays in the record: it is a text of somebody's.
fn tell_opt_out(meters: &Meters, fact: &Fact) {
    match fact {
        Fact::OptedOut { account, number, origin, kept: true } => {
            let (account, to, origin) = (account.map(|it| meters.account(it)), number.masked(), origin.word());
            let said = "a number is not written to any more";
            often!(info, meters.often(), account.unwrap_or_default(), said, account, %to, origin);
        }
        Fact::OptedOut { account, number, origin, kept: false } => {
            let (account, to, origin) = (account.map(|it| meters.account(it)), number.masked(), origin.word());
            let said = "the list of opt-outs is full: a number was not put on it";
            often!(warn, meters.often(), account.unwrap_or_default(), said, account, %to, origin);
        }
        Fact::OptedIn { account, number, origin, .. } => {
            let (account, to, origin) = (account.map(|it| meters.account(it)), number.masked(), origin.word());
            let said = "a number is written to again";
            often!(info, meters.often(), account.unwrap_or_default(), said, account, %to, origin);
        }
        _ => (),
    }
}

/// Numbers are hidden as far as their prefix: who looks at `GET /admin/v1/guards` sees it.
fn tell_notice(meters: &Meters, notice: &Notice) {
    match notice {
        Notice::Blocked(block) => {
            let (prefix, guard) = (block.prefix.masked(), block.guard.word());
            let lasts_s = block.until.since(block.since).as_secs();
            often!(warn, meters.often(), guard, "numbers are sent no codes for a while", guard, %prefix, lasts_s);
        }
        Notice::Few { prefix, sent, back } => {
            let prefix = prefix.masked();
            often!(warn, meters.often(), "", "few codes come back", %prefix, sent, back);
        }
        Notice::Spent(percent) => warn!(percent, "much of what codes may cost is spent"),
    }
}

/// The reason stays in the record: it is a text of somebody's.
fn tell_action(meters: &Meters, action: &Action, said: &'static str) {
    let prefix = if let Target::Prefix(it) = action.target { Some(it.masked().to_string()) } else { None };
    let (carrier, route) = match action.target {
        Target::Carrier(it) => (Some(meters.carrier(it).name().to_owned()), None),
        Target::Link(it) => (Some(bind_name(meters.carrier(it.carrier).name(), it.bind)), None),
        Target::Route(it) => (None, Some(it.0)),
        Target::Store | Target::Prefix(_) => (None, None),
    };
    let (deed, actor, until) = (action.deed.word(), &*action.by, action.until.known());
    info!(deed, carrier, route, prefix, actor, until = until.map(tracing::field::display), "{said}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::door::fact::{DoubtCause, Fate};
    use crate::message::attempt::Answer;
    use crate::message::class::Class;
    use crate::message::id::EventId;
    use crate::message::id::{AccountId, CarrierId, LinkId, MessageId, OrderId, RouteId, Seq};
    use crate::message::money::Money;
    use crate::message::reason::Reason;
    use crate::number::e164::E164;
    use crate::telemetry::log::LogFormat;
    use crate::telemetry::log::tests::logged;
    use crate::telemetry::meters::tests::{meters, value};

    const CARRIER: CarrierId = CarrierId(3);
    const LINK: LinkId = LinkId { carrier: CARRIER, bind: 0 };
    const MESSAGE: MessageId = MessageId { seq: Seq(7), token: 9 };
    const NUMBER: E164 = E164(31_612_345_678);
    const EVENT: EventId = EventId { n: 8, token: 9 };

    fn receipt(status: Status, fate: Fate) -> Fact {
        Fact::Receipt { carrier: CARRIER, status, fate, message: Some(MESSAGE), delay: Some(Duration::from_secs(2)) }
    }

    fn answered(answer: Answer, command_status: Option<u32>, throttled: bool) -> Fact {
        Fact::Answered {
            message: MESSAGE,
            link: LINK,
            country: (answer == Answer::Taken).then_some("NL"),
            answer,
            command_status,
            took: Some(Duration::from_millis(4)),
            waited: Some(Duration::from_millis(250)),
            throttled,
        }
    }

    fn submitted(cause: Cause) -> Fact {
        Fact::Submitted { message: MESSAGE, link: LINK, class: Class::Otp, cause, waited: Duration::from_millis(3) }
    }

    fn status(status: Status) -> Fact {
        Fact::Status { message: MESSAGE, route: RouteId(8), status, reason: Some(Reason::NoReceipt), corrected: true }
    }

    /// One of each, in the order of a life.
    fn life() -> Vec<Fact> {
        let (account, route) = (AccountId(5), RouteId(8));
        vec![
            Fact::Accepted {
                order: OrderId::from_record(1),
                account,
                route,
                class: Class::Otp,
                count: 3,
                messages: Box::new([MESSAGE; 3]),
            },
            submitted(Cause::First),
            answered(Answer::Later, Some(0x58), true),
            status(Status::Queued),
            submitted(Cause::Retry),
            answered(Answer::Taken, Some(0), false),
            status(Status::Sent),
            receipt(Status::Sent, Fate::Matched),
            receipt(Status::Delivered, Fate::Parked),
            receipt(Status::Delivered, Fate::Late),
            receipt(Status::Delivered, Fate::Duplicate),
            status(Status::Delivered),
            Fact::StrangeWord { carrier: CARRIER, word: "NOCRED".into(), key: "statuses" },
            Fact::StrangeWord { carrier: CARRIER, word: "31612345678".into(), key: "statuses" },
            Fact::Unread { carrier: CARRIER, event: Some(EVENT) },
            Fact::Unread { carrier: CARRIER, event: None },
            Fact::UnsureIds { carrier: CARRIER, relation: Relation::RespHex, count: 3 },
            Fact::Mo { carrier: CARRIER },
            Fact::MoAgain { carrier: CARRIER },
            Fact::Unheeded { carrier: CARRIER, event: EVENT },
            Fact::Received { carrier: CARRIER, event: EVENT, account: Some(account), parts: 3, missing: 1 },
            Fact::Received { carrier: CARRIER, event: EVENT, account: None, parts: 1, missing: 0 },
            Fact::OptedOut { account: Some(account), number: NUMBER, origin: Origin::Handset, kept: true },
            Fact::OptedOut { account: None, number: NUMBER, origin: Origin::Handset, kept: false },
            Fact::OptedOut { account: Some(account), number: NUMBER, origin: Origin::Operator, kept: true },
            Fact::OptedIn { account: None, number: NUMBER, origin: Origin::Operator, reason: "asked".into() },
            Fact::Charged { account, amount: Money(87_000) },
            Fact::Refunded { account, amount: Money(29_000) },
            Fact::Cost { carrier: CARRIER, class: Class::Otp, amount: Money(31_000) },
            Fact::Unmatched { carrier: CARRIER },
            Fact::Doubtful { message: MESSAGE, carrier: CARRIER, cause: DoubtCause::Crash },
            answered(Answer::NotSent, None, false),
        ]
    }

    #[test]
    fn a_life_is_counted() {
        let (exposition, meters) = meters();
        count_all(&meters, &life());
        let page = exposition.render();
        for (line, expected) in [
            ("nuncio_messages_accepted_total{account=\"shop\",class=\"otp\"}", 3.0),
            ("nuncio_messages_total{route=\"8\",status=\"QUEUED\"}", 3.0),
            ("nuncio_messages_total{route=\"8\",status=\"SENT\"}", 1.0),
            ("nuncio_messages_total{route=\"8\",status=\"DELIVERED\"}", 1.0),
            ("nuncio_queue_wait_seconds_count{class=\"otp\"}", 1.0),
            ("nuncio_retries_total{carrier=\"acme\",cause=\"retry\"}", 1.0),
            ("nuncio_submit_total{carrier=\"acme\",country=\"other\",answer=\"later\"}", 1.0),
            ("nuncio_submit_total{carrier=\"acme\",country=\"other\",answer=\"not_sent\"}", 1.0),
            ("nuncio_submit_total{carrier=\"acme\",country=\"NL\",answer=\"taken\"}", 1.0),
            ("nuncio_submit_errors_total{carrier=\"acme\",command_status=\"ESME_RTHROTTLED\"}", 1.0),
            ("nuncio_throttled_total{carrier=\"acme\"}", 1.0),
            ("nuncio_submit_duration_seconds_count{carrier=\"acme\"}", 2.0),
            ("nuncio_receipts_total{carrier=\"acme\",status=\"SENT\"}", 1.0),
            ("nuncio_receipts_total{carrier=\"acme\",status=\"DELIVERED\"}", 3.0),
            ("nuncio_receipts_late_total{carrier=\"acme\"}", 1.0),
            ("nuncio_receipts_duplicate_total{carrier=\"acme\"}", 1.0),
            ("nuncio_receipts_unmatched_total{carrier=\"acme\"}", 1.0),
            ("nuncio_receipts_unread_total{carrier=\"acme\"}", 2.0),
            ("nuncio_receipt_delay_seconds_bucket{carrier=\"acme\",le=\"2\"}", 4.0),
            ("nuncio_unknown_outcomes_total{carrier=\"acme\",cause=\"crash\"}", 1.0),
            ("nuncio_opt_outs_total{account=\"shop\"}", 1.0),
            ("nuncio_opt_outs_total{account=\"other\"}", 1.0),
            ("nuncio_charged_total{account=\"shop\",currency=\"EUR\"}", 87_000.0),
            ("nuncio_refunded_total{account=\"shop\",currency=\"EUR\"}", 29_000.0),
            ("nuncio_cost_total{carrier=\"acme\",class=\"otp\",currency=\"USD\"}", 31_000.0),
            ("nuncio_mo_total{carrier=\"acme\"}", 1.0),
            ("nuncio_mo_redelivered_total{carrier=\"acme\"}", 1.0),
            ("nuncio_mo_unrouted_total{carrier=\"acme\"}", 1.0),
        ] {
            assert_eq!(value(&page, line), Some(expected), "{line}\n{page}");
        }
    }

    #[test]
    fn no_number_and_no_text_of_a_message_is_ever_shown() {
        let (exposition, meters) = meters();
        count_all(&meters, &life());
        let lines = logged(LogFormat::Json, "trace", false, || log_all(&meters, &Veil::known(), &life()));
        assert_eq!(lines.lines().count(), life().len(), "one line a fact");
        for line in lines.lines().filter(|it| it.contains("\"message\":\"status\"")) {
            assert!(line.contains(&format!("\"message_id\":\"{}\"", Veil::known().message(MESSAGE))), "{line}");
        }
        // Runs of digits as long as a subscriber's number are times, or they are the id of a message
        // or an event.
        for line in lines.lines().chain(exposition.render().lines()) {
            let (message, event) = (Veil::known().message(MESSAGE), Veil::known().event(EVENT));
            let order = Veil::known().order(OrderId::from_record(1));
            let shown = [message.to_string(), event.to_string(), order.to_string()];
            let bare = shown.iter().fold(line.to_owned(), |line, it| line.replace(it, ""));
            let run = bare.split(|it: char| !it.is_ascii_digit()).map(str::len).max();
            assert!(run.unwrap_or_default() < 8, "{line}");
        }
        assert!(
            logged(LogFormat::Text, "info", true, || log_all(&meters, &Veil::known(), &life())).lines().count() == 12,
            "only warnings, and who is written to"
        );
    }
}
