//! A verification: whether somebody has a number, shown by a code that is sent there and comes back.

use crate::guard::guards::CodeSend;
use crate::message::channel::Channel;
use crate::message::hidden::Seed;
use crate::message::id::{AccountId, AppId, MessageId, VerificationId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::verify::progress::{VerificationState, VerificationStatus};
use std::collections::BTreeMap;

/// A verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Its place and its chance.
    pub id: VerificationId,
    /// Whose it is.
    pub account: AccountId,
    /// Of which app.
    pub app: AppId,
    /// Whose number is verified.
    pub to: E164,
    /// How far it is.
    pub progress: VerificationState,
    /// What its latest code is made of.
    pub seed: Seed,
    /// Whether nothing of it leaves, for it is a test.
    pub is_test: bool,
    /// Whether nothing of it leaves, for its account tries things out.
    pub is_sandbox: bool,
    /// When it began.
    pub created: Time,
    /// When its code was last sent.
    pub sent: Time,
    /// The message of each send, oldest first.
    pub messages: Vec<MessageId>,
    /// When each was asked for, from where, and by what it went.
    pub sends: Vec<CodeSend>,
    /// By what it goes, or went last.
    pub channel: Channel,
    /// By what it could go now, for that has brought nothing.
    pub offered: Option<Channel>,
    /// The application's own reference.
    pub client_ref: Option<Box<str>>,
    /// In which language it is said.
    pub language: Box<str>,
    /// The words that the application has in its text; none once it has ended.
    pub words: BTreeMap<Box<str>, Box<str>>,
}

impl Verification {
    /// Whether guards look at it, and at what came of it.
    pub const fn is_guarded(&self) -> bool {
        !self.is_test && !self.is_sandbox
    }

    /// Whether its code went by more than the telephone network.
    pub fn is_elsewhere(&self) -> bool {
        self.sends.iter().any(|it| !it.channel.is_telephony())
    }

    /// Whether it shows that somebody has the number, who is known from then on.
    pub fn shows_owner(&self) -> bool {
        let approved = self.progress.status() == VerificationStatus::Approved;
        approved && self.is_guarded() && !self.is_chosen() && !self.is_elsewhere()
    }

    /// Whether the application chose its code.
    pub const fn is_chosen(&self) -> bool {
        self.seed.locked.is_some()
    }
}

/// How many verifications of an app ended well in a country, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Of which app.
    pub app: AppId,
    /// In which country, in ISO letters; zeros where a number is of none.
    pub country: [u8; 2],
    /// So many.
    pub count: u32,
}
