//! Why a message did not arrive: a closed list, so that no carrier's code leaks.

macro_rules! reasons {
    ($($member:ident = $number:literal $word:literal, $detail:literal;)+) => {
        closed_set! {
            /// Why a part ended as it did; new reasons go to the end.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub enum Reason: all, number, from_number, word {
                $(#[doc = $detail] $member = $number $word,)+
            }
        }

        impl Reason {
            /// One sentence for people.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$member => $detail,)+ }
            }
        }
    };
}

reasons! {
    SubmitError = 0 "SUBMIT_ERROR", "The carrier refused the message.";
    Rejected = 1 "REJECTED", "The carrier's receipt says that the message was rejected.";
    Undeliverable = 2 "UNDELIVERABLE", "The carrier's receipt says that the message cannot be delivered.";
    Expired = 3 "EXPIRED", "The validity of the message ended before it arrived.";
    NoRoute = 4 "NO_ROUTE", "No carrier of the route serves this destination.";
    NoReceipt = 5 "NO_RECEIPT", "The carrier took the message and never said what became of it.";
    OutcomeUnknown = 6 "OUTCOME_UNKNOWN", "The message was written to the carrier and never answered.";
    AllCarriersFailed = 7 "ALL_CARRIERS_FAILED", "Every carrier of the route refused the message.";
    NumberInvalid = 8 "NUMBER_INVALID", "The carrier says that the number is not valid.";
    AbsentSubscriber = 9 "ABSENT_SUBSCRIBER", "The handset is off or out of reach.";
    UnknownSubscriber = 10 "UNKNOWN_SUBSCRIBER", "The number is not in service.";
    Filtered = 11 "FILTERED", "The carrier filtered the message.";
    Blocked = 12 "BLOCKED", "The recipient or the network blocks this traffic.";
    Dnd = 13 "DND", "The recipient is on a do-not-disturb list.";
    SenderRefused = 14 "SENDER_REFUSED", "The carrier refused the sender.";
    ContentRefused = 15 "CONTENT_REFUSED", "The carrier refused the text.";
    CreditAtCarrier = 16 "CREDIT_AT_CARRIER", "Our credit at the carrier is spent.";
    NetworkError = 17 "NETWORK_ERROR", "The network failed.";
    Cancelled = 18 "CANCELLED", "The message was cancelled before it left.";
}

impl Reason {
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
