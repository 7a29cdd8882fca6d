//! What an operator states of a carrier's habits.

use crate::carrier::http::receipt::Hook;
use crate::carrier::mo;
use crate::message::attempt::Answer;
use crate::message::extras::Parameter;
use crate::message::price::PriceTable;
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::text::Alphabet;
use crate::text::encoding::Readings;
use crate::text::profile::Profile;
use std::collections::BTreeMap;
use std::time::Duration;

/// A carrier's habits.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// Type and plan of the sender; `None` is by its shape: international 1/1, short 3/0, alphanumeric 5/0.
    pub source: Numbering,
    /// Type and plan of the recipient: 1/1 unless the carrier wants otherwise.
    pub destination: Numbering,
    /// In which alphabet it reads names of senders.
    pub sender_alphabet: Alphabet,
    /// How it is told how long a message is worth sending.
    pub validity: Validity,
    /// `service_type`, at most 5 characters.
    pub service_type: Box<str>,
    /// `esm_class` of every submit: the mode bits.
    pub esm_class: u8,
    /// How a text becomes submits here.
    pub text: Profile,
    /// In which operation.
    pub operation: Operation,
    /// Parameters that go with every submit.
    pub tlvs: Vec<Parameter>,
    /// In which parameters the registration of a text in India goes.
    pub dlt: DltTags,
    /// How ids in answers and receipts relate.
    pub message_id: IdForm,
    /// On which parts a receipt is asked.
    pub receipts: ReceiptsAsked,
    /// Whether an ordinary deliver_sm with the text of a receipt is one.
    pub receipts_by_content: bool,
    /// The carrier's time zone in receipts, in seconds east of UTC.
    pub receipt_offset: i32,
    /// What its words of state mean, in lower case; others mean what they usually do.
    pub statuses: BTreeMap<Box<str>, Status>,
    /// Changes to the table of answers, by command_status.
    pub answers: BTreeMap<u32, Answer>,
    /// What the carrier's error codes mean.
    pub reasons: BTreeMap<Box<str>, Reason>,
    /// How messages from handsets are taken in.
    pub mo: mo::Options,
    /// What it charges us per part.
    pub cost: Option<PriceTable>,
    /// It is asked over HTTP, and takes whole texts without ports, class or indication.
    pub texts_only: bool,
    /// How its calls are read, where it tells of messages by calling us.
    pub hook: Option<Box<Hook>>,
}

/// Type of number and numbering plan; `None` where it goes by the shape of the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    /// `addr_ton`.
    pub ton: Option<u8>,
    /// `addr_npi`.
    pub npi: Option<u8>,
}

/// How a carrier is told how long a message is worth sending (SMPP 3.4, 4.4.1: `validity_period`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validity {
    /// As what is left of it.
    #[default]
    Relative,
    /// As the moment when it ends.
    Absolute,
    /// Not at all: carriers that refuse a submit with it, or do not answer it.
    None,
}

/// How the ids of `submit_sm_resp` and of receipts relate (quirk 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdForm {
    /// Unknown: as written, then hexadecimal and decimal of each other.
    #[default]
    Auto,
    /// As written.
    Text,
    /// Both decimal, padding apart.
    Decimal,
    /// Both hexadecimal, case and padding apart.
    Hex,
    /// Hexadecimal in the answer, decimal in the receipt.
    RespHex,
    /// Decimal in the answer, hexadecimal in the receipt.
    ReceiptHex,
}

/// In which operation a message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the configuration")]
pub enum Operation {
    #[default]
    SubmitSm,
    DataSm,
}

/// In which parameters the registration of a text in India goes (quirk 75: carriers differ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DltTags {
    /// The tag of the principal entity's number.
    pub entity: u16,
    /// The tag of the template's number.
    pub template: u16,
    /// The tag of the chain of telemarketers.
    pub telemarketer: u16,
    /// Whether the values end with NUL.
    pub nul: bool,
}

impl Default for DltTags {
    fn default() -> Self {
        Self { entity: 0x1400, template: 0x1401, telemarketer: 0x1402, nul: false }
    }
}

/// On which parts of a message a receipt is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the configuration")]
pub enum ReceiptsAsked {
    #[default]
    All,
    First,
    Last,
    None,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            source: Numbering::default(),
            destination: Numbering { ton: Some(1), npi: Some(1) },
            sender_alphabet: Alphabet::Ascii,
            validity: Validity::Relative,
            service_type: "".into(),
            esm_class: 0,
            text: Profile::default(),
            operation: Operation::SubmitSm,
            tlvs: Vec::new(),
            dlt: DltTags::default(),
            message_id: IdForm::Auto,
            receipts: ReceiptsAsked::All,
            receipts_by_content: false,
            receipt_offset: 0,
            statuses: BTreeMap::new(),
            answers: BTreeMap::new(),
            reasons: BTreeMap::new(),
            mo: mo::Options::default(),
            cost: None,
            texts_only: false,
            hook: None,
        }
    }
}

impl Dialect {
    /// What it means by data_coding 0 and 1 in what comes.
    pub fn readings(&self) -> Readings {
        let usual = Readings::from(self.text.alphabet);
        Readings { zero: self.mo.zero.unwrap_or(usual.zero), one: self.mo.one.unwrap_or(usual.one) }
    }

    /// How long a carrier's ids are kept for receipts that nobody expects yet.
    pub const PARKED_FOR: Duration = Duration::from_secs(72 * 3_600);

    /// What the operator says that a word of state means.
    pub fn status_of(&self, word: &str) -> Option<Status> {
        if self.statuses.is_empty() { None } else { self.statuses.get(&*word.trim().to_lowercase()).copied() }
    }
}
