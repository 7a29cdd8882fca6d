//! What a carrier says of a message that it took.

use crate::message::extras::Parameter;
use crate::message::status::Status;
use crate::message::time::Time;

/// A receipt, normalised; the carrier's own words stand beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// One of the seven words.
    pub status: Status,
    /// The carrier's word, at most 32 characters.
    pub raw_status: Box<str>,
    /// The carrier's error code, at most 32 characters.
    pub error_code: Option<Box<str>>,
    /// When it came.
    pub received_at: Time,
    /// When the carrier says that it happened.
    pub done_at: Option<Time>,
    /// The same in its own words.
    pub done_date: Option<Box<DoneDate>>,
    /// What the carrier says beside, in parameters that have no place of their own here.
    pub tlvs: Vec<Parameter>,
    /// What came after it had ended its attempt, oldest first: at most [`Receipt::LATER_MAX`].
    pub later: Vec<Self>,
}

/// When something happened, as a carrier writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneDate {
    /// As it was written, at most 32 characters.
    pub raw: Box<str>,
    /// By which offset it was read, in seconds east of UTC; `None` where it could not be.
    pub offset: Option<i32>,
}

impl DoneDate {
    /// The offset as RFC 3339 has it: `+02:00`.
    pub fn offset_text(&self) -> Option<String> {
        let seconds = self.offset?;
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
        Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
    }
}

impl Receipt {
    /// More than any carrier takes back; the first of them tell the story.
    pub const LATER_MAX: usize = 8;

    /// The same without what it says beside; `None` where it says nothing there.
    pub fn bare(&self) -> Option<Self> {
        let later: Vec<Self> = self.later.iter().map(|it| it.bare().unwrap_or_else(|| it.clone())).collect();
        let says = !self.tlvs.is_empty() || later != self.later;
        says.then(|| Self { tlvs: Vec::new(), later, ..self.clone() })
    }

    /// Whether it says the same as another, whenever that came.
    pub fn says_as(&self, other: &Self) -> bool {
        self.status == other.status && self.raw_status == other.raw_status && self.error_code == other.error_code
    }
}
