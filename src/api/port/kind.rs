//! Which services a port stands in for.

closed_set! {
    /// A drop-in port.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PortKind: all, word, from_word {
        /// Twilio Verify, version 2.
        TwilioVerify "twilio-verify",
        /// Vonage Verify, version 2.
        VonageVerify "vonage-verify",
    }
}

impl PortKind {
    /// What its answers are counted under.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::TwilioVerify => "port twilio-verify",
            Self::VonageVerify => "port vonage-verify",
        }
    }
}

/// What a port is for, beside its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRole {
    /// Whom it stands in for.
    pub kind: PortKind,
    /// By which app codes go, where requests do not name one.
    pub app: Option<Box<str>>,
}
