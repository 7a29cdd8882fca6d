//! Every number and every word that records hold of a closed set: one that became another would make old records say
//! what they do not mean.

use crate::carrier::id::Relation;
use crate::carrier::mo::ReferenceKind;
use crate::guard::prefix::Prefix;
use crate::message::attempt::{Answer, Cause};
use crate::message::channel::Channel;
use crate::message::class::Class;
use crate::message::hidden::CodeAlphabet;
use crate::message::id::{CarrierId, LinkId, RouteId};
use crate::message::part::Moved;
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::source::SourceKind;
use crate::message::status::Status;
use crate::record::action::{Aspect, Deed, Target};
use crate::record::contract::NameKind;
use crate::record::event::EventKind;
use crate::record::money::Why;
use crate::record::suppression::Origin;
use crate::text::content::{Requested, WaitingKind};
use crate::verify::progress::VerificationStatus;
use std::fmt::Debug;

/// Number, member and, where records, the API or metrics have one, the word.
const CODES: &str = r#"
Class
  0 Otp "otp"
  1 Transactional "transactional"
  2 Marketing "marketing"
SourceKind
  0 Unset ""
  1 International ""
  2 Short ""
  3 Alphanumeric ""
Requested
  0 Auto ""
  1 Gsm7 ""
  2 Ucs2 ""
  3 Latin1 ""
  4 Transliterated ""
  5 Binary ""
WaitingKind
  0 Voicemail "voicemail"
  1 Fax "fax"
  2 Email "email"
  3 Other "other"
Phase
  0 Queued ""
  1 Intended ""
  2 Doubtful ""
  3 Sent ""
  4 Delivered ""
  5 Failed ""
  6 Expired ""
  7 Unknown ""
  8 Cancelled ""
Cause
  0 First "first"
  1 Retry "retry"
  2 Failover "failover"
  3 Resend "resend"
  4 NoReceipt "no_receipt"
  5 MaxWait "max_wait"
  6 CarrierDown "carrier_down"
  7 BreakerOpen "breaker_open"
  8 Moved "moved"
  9 Probe "probe"
Answer
  0 Taken "taken"
  1 Later "later"
  2 Elsewhere "elsewhere"
  3 Never "never"
  4 NotSent "not_sent"
  5 Unknown "unknown"
Status
  0 Queued "QUEUED"
  1 Sent "SENT"
  2 Delivered "DELIVERED"
  3 Failed "FAILED"
  4 Expired "EXPIRED"
  5 Unknown "UNKNOWN"
  6 Cancelled "CANCELLED"
Reason
  0 SubmitError "SUBMIT_ERROR"
  1 Rejected "REJECTED"
  2 Undeliverable "UNDELIVERABLE"
  3 Expired "EXPIRED"
  4 NoRoute "NO_ROUTE"
  5 NoReceipt "NO_RECEIPT"
  6 OutcomeUnknown "OUTCOME_UNKNOWN"
  7 AllCarriersFailed "ALL_CARRIERS_FAILED"
  8 NumberInvalid "NUMBER_INVALID"
  9 AbsentSubscriber "ABSENT_SUBSCRIBER"
  10 UnknownSubscriber "UNKNOWN_SUBSCRIBER"
  11 Filtered "FILTERED"
  12 Blocked "BLOCKED"
  13 Dnd "DND"
  14 SenderRefused "SENDER_REFUSED"
  15 ContentRefused "CONTENT_REFUSED"
  16 CreditAtCarrier "CREDIT_AT_CARRIER"
  17 NetworkError "NETWORK_ERROR"
  18 Cancelled "CANCELLED"
Relation
  0 Same "text"
  1 RespHex "resp-hex"
  2 ReceiptHex "receipt-hex"
ReferenceKind
  0 Udh8 ""
  1 Udh16 ""
  2 Sar ""
EventKind
  0 MessageReceived "message.received"
  1 ReceiptUnread "receipt.unread"
  2 MessageSent "message.sent"
  3 MessageDelivered "message.delivered"
  4 MessageFailed "message.failed"
  5 MessageExpired "message.expired"
  6 MessageUnknown "message.unknown"
  7 MessageCancelled "message.cancelled"
  8 MessageCorrected "message.corrected"
  9 BalanceLow "balance.low"
  10 OrderCompleted "order.completed"
  11 WebhookDisabled "webhook.disabled"
  12 VerificationApproved "verification.approved"
  13 VerificationFailed "verification.failed"
  14 VerificationExpired "verification.expired"
  15 VerificationCanceled "verification.canceled"
  16 VerificationMaxAttemptsReached "verification.max_attempts_reached"
  17 VerificationChannelOffered "verification.channel_offered"
VerificationStatus
  0 Pending "pending"
  1 Approved "approved"
  2 Canceled "canceled"
  3 Expired "expired"
  4 MaxAttemptsReached "max_attempts_reached"
  5 Failed "failed"
CodeAlphabet
  0 Digits "digits"
  1 Letters "letters"
Channel
  0 Sms "sms"
  1 Voice "voice"
  2 Whatsapp "whatsapp"
  3 Email "email"
Origin
  0 Handset "handset"
  1 Operator "operator"
Why
  0 Credit "credit"
  1 Charge "charge"
  2 Refund "refund"
Deed
  0 Pause "pause"
  1 Resume "resume"
  2 Drain "drain"
  3 OpenBreaker "breaker open"
  4 CloseBreaker "breaker closed"
  5 FreeBreaker "breaker auto"
  6 Move "move"
  7 Rebind "rebind"
  8 Trace "trace"
  9 Release "release"
  10 ConfirmClock "confirm clock"
  11 Forget "forget"
  12 LetThrough "guard allow"
  13 Block "guard block"
  14 FreePrefix "guard auto"
Aspect
  0 Once ""
  1 Flow ""
  2 Breaker ""
  3 Guard ""
"#;

/// The lines of a set; of a member that holds something, its name alone.
fn lines<T: Copy + Debug>(members: impl IntoIterator<Item = T>, code: impl Fn(T) -> (u8, &'static str)) -> String {
    let members: Vec<T> = members.into_iter().collect();
    let set = std::any::type_name::<T>().rsplit("::").next().expect("a type has a name");
    let line = |it: &T| {
        let (number, word) = code(*it);
        let debug = format!("{it:?}");
        format!("  {number} {} {word:?}\n", debug.split(' ').next().unwrap_or_default())
    };
    format!("{set}\n{}", members.iter().map(line).collect::<String>())
}

/// The members of a set, by their numbers.
fn numbered<T>(from_number: impl Fn(u8) -> Option<T>) -> impl Iterator<Item = T> {
    (0..=u8::MAX).filter_map(from_number)
}

#[test]
fn no_number_and_no_word_that_is_stored_becomes_another() {
    let told = [
        lines(numbered(Class::from_number), |it| (it.number(), it.word())),
        lines(numbered(SourceKind::from_number), |it| (it.number(), "")),
        lines(numbered(Requested::from_number), |it| (it.number(), "")),
        lines(WaitingKind::ALL, |it| (it.number(), it.word())),
        lines(numbered(Phase::from_number), |it| (it.number(), "")),
        lines(numbered(Cause::from_number), |it| (it.number(), it.word())),
        lines(numbered(Answer::from_number), |it| (it.number(), it.word())),
        lines(numbered(Status::from_number), |it| (it.number(), it.word())),
        lines(numbered(Reason::from_number), |it| (it.number(), it.word())),
        lines(numbered(Relation::from_number), |it| (it.number(), it.word())),
        lines(numbered(ReferenceKind::from_number), |it| (it.number(), "")),
        lines(numbered(EventKind::from_number), |it| (it.number(), it.word())),
        lines(numbered(VerificationStatus::from_number), |it| (it.number(), it.word())),
        lines(numbered(CodeAlphabet::from_number), |it| (it.number(), it.word())),
        lines(numbered(Channel::from_number), |it| (it.number(), it.word())),
        lines(numbered(Origin::from_number), |it| (it.number(), it.word())),
        lines(numbered(Why::from_number), |it| (it.number(), it.word())),
        lines(Deed::ALL, |it| (it.number(), it.word())),
        lines([Aspect::Once, Aspect::Flow, Aspect::Breaker, Aspect::Guard], |it| (it.number(), "")),
    ];
    assert_eq!(format!("\n{}", told.concat()), CODES);
}

#[test]
fn what_is_stored_as_several_things_in_one_number_keeps_its_places() {
    let carrier = CarrierId(7);
    let link = Target::Link(LinkId { carrier, bind: 3 });
    let prefix = Target::Prefix(Prefix::of_record(3161));
    let targets = [Target::Carrier(carrier), Target::Route(RouteId(7)), link, Target::Store, prefix];
    let numbers = [0x1_0000_0007, 0x2_0000_0007, 0x3_0000_0703, 0x4_0000_0000, 0x1000_0000_0000_0C59];
    assert_eq!(targets.map(Target::number), numbers);
    let moved = Deed::Move { to: Some(carrier), route: Some(RouteId(9)) };
    assert_eq!((moved.detail(), Deed::Trace { pdus: 300 }.detail()), (0x7_0000_0009, 300));
    assert_eq!(Moved { from: carrier, cause: Cause::Probe }.number(), 0x709);
    assert_eq!(
        [NameKind::Account, NameKind::Carrier, NameKind::Endpoint, NameKind::App].map(NameKind::word),
        ["account", "carrier", "endpoint", "app"]
    );
}
