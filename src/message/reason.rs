//! Why a message did not arrive: a closed list, so that no carrier's code leaks.

macro_rules! reasons {
    ($($variant:ident = $word:literal, $doc:literal;)+) => {
        /// Why a part ended as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $(#[doc = $doc] $variant,)+ }

        impl Reason {
            /// Every reason, in the order of their numbers; new ones go to the end.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its word in the API.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// One sentence for people.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

reasons! {
    SubmitError = "SUBMIT_ERROR", "The carrier refused the message.";
    Rejected = "REJECTED", "The carrier's receipt says that the message was rejected.";
    Undeliverable = "UNDELIVERABLE", "The carrier's receipt says that the message cannot be delivered.";
    Expired = "EXPIRED", "The validity of the message ended before it arrived.";
    NoRoute = "NO_ROUTE", "No carrier of the route serves this destination.";
    NoReceipt = "NO_RECEIPT", "The carrier took the message and never said what became of it.";
    OutcomeUnknown = "OUTCOME_UNKNOWN", "The message was written to the carrier and never answered.";
    AllCarriersFailed = "ALL_CARRIERS_FAILED", "Every carrier of the route refused the message.";
    NumberInvalid = "NUMBER_INVALID", "The carrier says that the number is not valid.";
    AbsentSubscriber = "ABSENT_SUBSCRIBER", "The handset is off or out of reach.";
    UnknownSubscriber = "UNKNOWN_SUBSCRIBER", "The number is not in service.";
    Filtered = "FILTERED", "The carrier filtered the message.";
    Blocked = "BLOCKED", "The recipient or the network blocks this traffic.";
    Dnd = "DND", "The recipient is on a do-not-disturb list.";
    SenderRefused = "SENDER_REFUSED", "The carrier refused the sender.";
    ContentRefused = "CONTENT_REFUSED", "The carrier refused the text.";
    CreditAtCarrier = "CREDIT_AT_CARRIER", "Our credit at the carrier is spent.";
    NetworkError = "NETWORK_ERROR", "The network failed.";
    Cancelled = "CANCELLED", "The message was cancelled before it left.";
}

impl Reason {
    /// Its number in records.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The reason of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The reason of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Whether sending the same again could not help.
    pub const fn is_permanent(self) -> bool {
        !matches!(
            self,
            Self::Expired
                | Self::NoReceipt
                | Self::OutcomeUnknown
                | Self::AbsentSubscriber
                | Self::CreditAtCarrier
                | Self::NetworkError
        )
    }
}
