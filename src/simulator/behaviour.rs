//! How the simulated carrier behaves.
//!
//! The default is a carrier that does everything right and at once. Every habit is a field of
//! its own, and shares are thrown for each message by the dice of the seed. A behaviour may
//! be changed while the carrier runs: what is decided already stays so.

use crate::message::extras::Parameter;
use crate::session::version::Version;
use crate::simulator::dice::{Dice, Share, Span};
use crate::simulator::identity::IdForm;
use crate::simulator::outcome::MessageState;
use crate::smpp::status::CommandStatus;
use std::time::Duration;

/// How the simulated carrier behaves.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// How long a `submit_sm_resp` takes. Default none.
    pub latency: Span,
    /// How receipts are made. Default DELIVRD at once, as text.
    pub receipts: Receipts,
    /// How ids are written in answers. Default decimal.
    pub id: IdForm,
    /// The number of the first message. Default 1,000,000.
    pub first_id: u64,
    /// Whom it lets in: `system_id` and password. Default, and when empty: everybody.
    pub accounts: Vec<(String, String)>,
    /// The highest version that it speaks; with each peer the lower of both is spoken. Default 5.0.
    pub version: Version,
    /// Every bind is refused with this. Default none.
    pub refuse_bind: Option<CommandStatus>,
    /// Binds that one `system_id` may have; more are refused with ESME_RALYBND. Default 64.
    pub binds_max: usize,
    /// Submits that are refused with ESME_RTHROTTLED. Default none.
    pub throttle: Share,
    /// Submits a second of one `system_id`; what is beyond is refused with ESME_RTHROTTLED.
    /// Default no limit.
    pub rate: Option<u32>,
    /// How much of that may come at once; at least one submit may. Default 100 ms.
    pub burst: Duration,
    /// Numbers every submit to which is refused with this status. Default none.
    pub refuse: Vec<(String, CommandStatus)>,
    /// Submits that are refused with this status. Default none.
    pub reject: Vec<(CommandStatus, Share)>,
    /// Submits that are neither taken nor answered. Default none.
    pub silence: Share,
    /// No submit is taken or answered, while `enquire_link` is. Default off.
    pub silent: bool,
    /// Submits that are taken and not answered. Default none.
    pub lose_answer: Share,
    /// Submits of one line that may wait for their answer; what is beyond is refused with
    /// ESME_RTHROTTLED. Default 1,000.
    pub window_max: usize,
    /// The line is cut at this submit, which is not taken. Default never.
    pub disconnect_after: Option<u64>,
    /// The line is cut when so many of its submits wait for their answer. Default never.
    pub disconnect_at_window: Option<usize>,
    /// Messages that the carrier sends by itself, a second. Default none.
    pub mo_per_second: f64,
    /// Whom they are for. Default 12345.
    pub mo_destination: String,
    /// Whether the last digits of a destination decide, see [`crate::simulator::outcome`].
    pub steer: bool,
    /// Receipts and messages of its own that may wait to be delivered; beyond it submits are
    /// refused with ESME_RMSGQFUL. Default 2,000,000, some 600 MB.
    pub pending_max: usize,
    /// Own requests of one line that may wait for their answer. Default 100.
    pub deliver_window: usize,
    /// What is refused, or whose answer is lost, is not sent again but counted. Default off.
    pub never_again: bool,
    /// How long the answer to a receipt may take before it is sent again. Default 60 s.
    pub response_timeout: Duration,
    /// How long a line may be quiet before it is asked whether it is there. Default 30 s.
    pub enquire_link: Option<Duration>,
    /// How long a receipt that was refused or not answered waits to be sent again; it doubles
    /// up to a minute. Default 1 s.
    pub retry_after: Duration,
}

impl Behaviour {
    /// The same of a carrier that sends all at once and nothing again: it waits for no answer, and what is refused, or
    /// whose answer is lost, is gone.
    #[must_use]
    pub fn once(self) -> Self {
        Self { never_again: true, deliver_window: usize::MAX, ..self }
    }
}

impl Behaviour {
    /// The carrier of accounts that try things out: the last two digits of a number decide what becomes of a message,
    /// and its receipts come late enough that `SENT` is seen. It calls a message as no other before it, restarts
    /// included.
    pub fn of_sandbox() -> Self {
        let ms = |min, max| Span { min: Duration::from_millis(min), max: Duration::from_millis(max) };
        Self {
            steer: true,
            latency: ms(10, 10),
            receipts: Receipts { delay: ms(200, 800), ..Receipts::default() },
            id: IdForm::Uuid,
            // Beyond it submits are refused as by a carrier whose queue is full: some 30 MB.
            pending_max: 100_000,
            ..Self::default()
        }
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            latency: Span::default(),
            receipts: Receipts::default(),
            id: IdForm::default(),
            first_id: 1_000_000,
            accounts: Vec::new(),
            version: Version::V50,
            refuse_bind: None,
            binds_max: 64,
            throttle: Share::NONE,
            rate: None,
            burst: Duration::from_millis(100),
            refuse: Vec::new(),
            reject: Vec::new(),
            silence: Share::NONE,
            silent: false,
            lose_answer: Share::NONE,
            window_max: 1_000,
            disconnect_after: None,
            disconnect_at_window: None,
            mo_per_second: 0.0,
            mo_destination: "12345".to_owned(),
            steer: false,
            pending_max: 2_000_000,
            deliver_window: 100,
            never_again: false,
            response_timeout: Duration::from_secs(60),
            enquire_link: Some(Duration::from_secs(30)),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// How receipts are made.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// How long after the submit they are due. Default none.
    pub delay: Span,
    /// What they say. Default always DELIVRD.
    pub mix: Mix,
    /// Whether a passing outcome is followed by DELIVRD after another delay. Default yes.
    pub settle: bool,
    /// Whether they are made even when nobody asked for them. Default no.
    pub unasked: bool,
    /// Where they stand in the PDU. Default in the text.
    pub style: Style,
    /// Whether the text has `sub:` and `dlvrd:`. Default yes.
    pub counts: bool,
    /// Whether dates have seconds: 12 digits instead of 10. Default no.
    pub seconds: bool,
    /// How ids are written in the text; as in answers if not said.
    pub id: Option<IdForm>,
    /// How ids are written in `receipted_message_id`; as in the text if not said.
    pub tlv_id: Option<IdForm>,
    /// Receipts that are sent before the `submit_sm_resp`. Default none.
    pub before_response: Share,
    /// Receipts that are sent twice. Default none.
    pub twice: Share,
    /// Receipts after which an ENROUTE is sent. Default none.
    pub backwards: Share,
    /// Receipts after which the opposite is sent. Default none.
    pub taken_back: Share,
    /// Where their addresses stand, and how the recipient's is written. Default turned round and whole.
    pub addresses: Addresses,
    /// The word of state of all of them, whatever became of the message. Default that of the outcome.
    pub word: Option<String>,
    /// The `message_state` of all of them. Default that of the outcome.
    pub state: Option<u8>,
    /// Parameters that they have besides.
    pub tlvs: Vec<Parameter>,
    /// Receipts that are sent on another line of the same `system_id`, if there is one.
    /// Default none: on the line of the submit, as long as it is there and receives.
    pub sibling: Share,
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            delay: Span::default(),
            mix: Mix::default(),
            settle: true,
            unasked: false,
            style: Style::Text,
            counts: true,
            seconds: false,
            id: None,
            tlv_id: None,
            before_response: Share::NONE,
            twice: Share::NONE,
            backwards: Share::NONE,
            taken_back: Share::NONE,
            addresses: Addresses::default(),
            word: None,
            state: None,
            tlvs: Vec::new(),
            sibling: Share::NONE,
        }
    }
}

/// Where the addresses of a receipt stand, and how the recipient's is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// The other way round than in the submit, as the specification has it.
    #[default]
    Swapped,
    /// As in the submit.
    Unswapped,
    /// Turned round, with a zero in the place of a country code of two digits.
    National,
    /// Turned round, without digits in the middle.
    Masked,
    /// Without the recipient's.
    Empty,
}

/// Where a receipt stands in its PDU. To a peer that speaks 3.3 it is always the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// In `short_message`, and nowhere else.
    #[default]
    Text,
    /// In `receipted_message_id` and `message_state`, without a text.
    Tlv,
    /// In both.
    Both,
    /// As text in `message_payload`.
    Payload,
    /// In a `data_sm`, with a text and both parameters.
    DataSm,
}

/// Outcomes and how often each comes, by weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    weights: Vec<(MessageState, u32)>,
    total: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self::new(vec![(MessageState::Delivered, 1)])
    }
}

impl Mix {
    /// Outcomes by weight; without any weight, always DELIVRD.
    pub fn new(weights: Vec<(MessageState, u32)>) -> Self {
        let total = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        Self { weights, total }
    }

    /// The outcomes and their weights.
    pub fn weights(&self) -> &[(MessageState, u32)] {
        &self.weights
    }

    /// One of them.
    pub fn throw(&self, dice: &mut Dice) -> MessageState {
        let mut at = dice.below(self.total);
        for (outcome, weight) in &self.weights {
            match at.checked_sub(u64::from(*weight)) {
                None => return *outcome,
                Some(rest) => at = rest,
            }
        }
        MessageState::Delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_thrown_by_its_weights() {
        let mix =
            Mix::new(vec![(MessageState::Delivered, 90), (MessageState::Undeliverable, 10), (MessageState::None, 0)]);
        let mut dice = Dice::new(1);
        let mut failed = 0;
        for _ in 0..10_000 {
            match mix.throw(&mut dice) {
                MessageState::Delivered => (),
                MessageState::Undeliverable => failed += 1,
                other => panic!("{other:?} has no weight"),
            }
        }
        assert!((900..1_100).contains(&failed), "{failed}");
        assert_eq!(Mix::new(Vec::new()).throw(&mut dice), MessageState::Delivered);
    }
}
