//! One try of one part, with the carrier's answer and receipts, as it is shown.

use crate::api::handler::json::Shown;
use crate::api::handler::kinds::{Amount, AnswerWord, CauseWord, MessageStatus, Moment};
use crate::api::handler::time::Timestamp;
use crate::dispatch::door::plan::Plan;
use crate::message::attempt::{Answer, Attempt};
use crate::message::extras::Parameter;
use crate::message::id::{CarrierId, LinkId};
use crate::message::money::Money;
use crate::message::receipt::Receipt;
use crate::message::time::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One try of one part.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView<'a> {
    /// Of which part, from 1.
    part: u8,
    /// Which try of it, from 1.
    number: u8,
    /// At which carrier; null where the account is not shown it.
    #[schema(value_type = Option<String>)]
    carrier: Option<Shown<CarrierName<'a>>>,
    /// On which link of it; null where the account is not shown it.
    #[schema(value_type = Option<String>)]
    bind: Option<Shown<BindName<'a>>>,
    /// Why it was made.
    #[schema(value_type = CauseWord)]
    cause: &'static str,
    /// When it was given to a link.
    #[schema(value_type = Option<Moment>)]
    intended_at: Timestamp,
    /// When it was written to the carrier; null while it was not, and where nobody knows.
    #[schema(value_type = Option<Moment>)]
    submitted_at: Timestamp,
    /// When the carrier answered.
    #[schema(value_type = Option<Moment>)]
    answered_at: Timestamp,
    /// What the answer means; null while there is none.
    #[schema(value_type = Option<AnswerWord>)]
    answer: Option<&'static str>,
    /// The answer as the carrier said it: the status of SMPP, or that of HTTP; null where the account is not shown it.
    command_status: Option<u32>,
    /// What the carrier calls it; null where the account is not shown it.
    carrier_message_id: Option<&'a str>,
    /// What the carrier charges; only operators are shown it.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// The receipt that counts.
    receipt: Option<ReceiptView<'a>>,
    /// Receipts that came after it.
    later_receipts: Vec<ReceiptView<'a>>,
}

impl<'a> AttemptView<'a> {
    pub(crate) fn of(part: u8, attempt: &'a Attempt, plan: &'a Plan) -> Self {
        let carrier = CarrierName { plan, id: attempt.link.carrier };
        let later = attempt.receipt.as_ref().map(|it| &it.later);
        Self {
            part,
            number: attempt.number,
            carrier: Some(Shown(carrier)),
            bind: Some(Shown(BindName { carrier, link: attempt.link })),
            cause: attempt.cause.word(),
            intended_at: Timestamp(attempt.intended_at),
            submitted_at: Timestamp(attempt.written_at),
            answered_at: Timestamp(attempt.heard_at()),
            answer: attempt.answer.map(Answer::word),
            command_status: attempt.command_status,
            carrier_message_id: attempt.carrier_message_id.as_ref().map(|it| it.as_str()),
            cost: attempt.cost.map(Shown),
            receipt: attempt.receipt.as_deref().map(ReceiptView::of),
            later_receipts: later.into_iter().flatten().map(ReceiptView::of).collect(),
        }
    }
}

impl AttemptView<'_> {
    /// What the carrier charges is not shown.
    pub(crate) fn hide_cost(&mut self) {
        self.cost = None;
    }

    /// Neither who it is nor its own words are shown.
    pub(crate) fn hide_carrier(&mut self) {
        (self.carrier, self.bind) = (None, None);
        (self.command_status, self.carrier_message_id) = (None, None);
        for receipt in self.receipt.iter_mut().chain(&mut self.later_receipts) {
            (receipt.raw_status, receipt.error_code, receipt.tlvs) = (None, None, None);
            // How it writes dates and where its clock stands tells one carrier from another.
            (receipt.done_date, receipt.offset) = (None, None);
        }
    }
}

/// What a carrier says of a part that it took.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
struct ReceiptView<'a> {
    /// What it means.
    #[schema(value_type = MessageStatus)]
    status: &'static str,
    /// It in the carrier's words; null where the account is not shown it.
    raw_status: Option<&'a str>,
    /// The carrier's code; null where it gave none or the account is not shown it.
    error_code: Option<&'a str>,
    /// When it came.
    #[schema(value_type = Moment)]
    received_at: Timestamp,
    /// When it happened, by the carrier's clock.
    #[schema(value_type = Option<Moment>)]
    done_at: Timestamp,
    /// The same as the carrier wrote it; null where it did not or the account is not shown it.
    done_date: Option<&'a str>,
    /// By which offset from UTC that was read: its own, or that of `receipt_offset`; null where it could not be read or
    /// the account is not shown it.
    #[schema(value_type = Option<String>, examples("+02:00"))]
    offset: Option<String>,
    /// Its optional parameters by their tags; null where the account is not shown them.
    tlvs: Option<BTreeMap<String, String>>,
}

impl<'a> ReceiptView<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        Self {
            status: receipt.status.word(),
            raw_status: Some(&receipt.raw_status),
            error_code: receipt.error_code.as_deref(),
            received_at: Timestamp(receipt.received_at),
            done_at: Timestamp(receipt.done_at.unwrap_or(Time::NEVER)),
            done_date: receipt.done_date.as_ref().map(|it| &*it.raw),
            offset: receipt.done_date.as_ref().and_then(|it| it.offset_text()),
            tlvs: Some(receipt.tlvs.iter().map(|it| Parameter::to_text(it.tag, &it.value)).collect()),
        }
    }
}

/// The configured name of a carrier, or its number where the configuration has it no more.
#[derive(Clone, Copy)]
pub(crate) struct CarrierName<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) id: CarrierId,
}

impl std::fmt::Display for CarrierName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.plan.carrier_name(self.id) {
            Some(name) => f.write_str(name),
            None => write!(f, "#{}", self.id.0),
        }
    }
}

/// The name of a bind: its carrier's, and its place from 1.
pub(crate) struct BindName<'a> {
    pub(crate) carrier: CarrierName<'a>,
    pub(crate) link: LinkId,
}

impl std::fmt::Display for BindName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.carrier, u16::from(self.link.bind) + 1)
    }
}
