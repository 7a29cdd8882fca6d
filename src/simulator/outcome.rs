//! What becomes of a message in the simulated carrier, and how a message can choose it.
//!
//! Without a wish, the seed, both addresses and the text decide, by the shares of the mix.
//! A text that holds `#sim:` and a word decides for itself; with
//! [`Behaviour::steer`](crate::simulator::behaviour::Behaviour::steer) so do the last two
//! digits of a destination:
//!
//! | digits | word | what becomes of it |
//! |---|---|---|
//! | 01 | `delivrd` | receipt DELIVRD |
//! | 02 | `undeliv` | receipt UNDELIV |
//! | 03 | `rejectd` | receipt REJECTD |
//! | 04 | `expired` | receipt EXPIRED |
//! | 05 | `acceptd` | receipt ACCEPTD, then DELIVRD if the behaviour settles |
//! | 06 | `buffered` | receipt BUFFERED, then DELIVRD if the behaviour settles |
//! | 07 | `unknown` | receipt UNKNOWN |
//! | 08 | `none` | no receipt |
//! | 09 | `deleted` | receipt DELETED |
//! | 10 | `enroute` | receipt ENROUTE, then DELIVRD if the behaviour settles |
//! | 11 | `throttled` | refused: ESME_RTHROTTLED |
//! | 12 | `invalid` | refused: ESME_RINVDSTADR |
//! | 13 | `syserr` | refused: ESME_RSYSERR |
//! | 14 | `full` | refused: ESME_RMSGQFUL |
//! | 15 | `submitfail` | refused: ESME_RSUBMITFAIL |
//! | 16 | `silent` | never answered, not taken |
//! | 17 | `lost` | taken, its answer is lost, receipt DELIVRD |

use crate::smpp::status::CommandStatus;

closed_set! {
    /// How a message ends that the carrier has taken; the receipts tell it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[expect(missing_docs, reason = "each is the state of its name in the specification")]
    pub enum MessageState: all, word {
        Delivered "DELIVRD",
        Undeliverable "UNDELIV",
        Rejected "REJECTD",
        Expired "EXPIRED",
        Deleted "DELETED",
        /// Not final: taken on by the next one.
        Accepted "ACCEPTD",
        /// Not final, and in no specification: some carriers say it for ENROUTE.
        Buffered "BUFFERED",
        /// Not final.
        Enroute "ENROUTE",
        Unknown "UNKNOWN",
        /// No receipt at all.
        None "NONE",
    }
}

impl MessageState {
    /// The outcome of this word, whatever its case.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word().eq_ignore_ascii_case(word))
    }

    /// `message_state` (3.4 section 5.2.28).
    pub const fn state(self) -> u8 {
        match self {
            Self::Enroute | Self::Buffered => 1,
            Self::Delivered => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Undeliverable => 5,
            Self::Accepted => 6,
            Self::Unknown | Self::None => 7,
            Self::Rejected => 8,
        }
    }

    /// The `err:` of a receipt text, and its `network_error_code`.
    pub const fn error(self) -> u16 {
        match self {
            Self::Delivered | Self::Accepted | Self::Buffered | Self::Enroute | Self::None => 0,
            Self::Undeliverable => 1,
            Self::Rejected => 88,
            Self::Expired => 254,
            Self::Deleted => 3,
            Self::Unknown => 255,
        }
    }

    /// Whether a later receipt may say something else.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Accepted | Self::Buffered | Self::Enroute)
    }

    /// Whether it is what the sender hoped for.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Delivered | Self::Accepted)
    }
}

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptedAnswer {
    /// Taken, and ends so.
    End(MessageState),
    /// Refused.
    Refuse(CommandStatus),
    /// Not answered and not taken.
    Silence,
    /// Taken, and the answer is lost.
    LoseAnswer,
}

const WISHES: [(&str, &str, ScriptedAnswer); 17] = [
    ("01", "delivrd", ScriptedAnswer::End(MessageState::Delivered)),
    ("02", "undeliv", ScriptedAnswer::End(MessageState::Undeliverable)),
    ("03", "rejectd", ScriptedAnswer::End(MessageState::Rejected)),
    ("04", "expired", ScriptedAnswer::End(MessageState::Expired)),
    ("05", "acceptd", ScriptedAnswer::End(MessageState::Accepted)),
    ("06", "buffered", ScriptedAnswer::End(MessageState::Buffered)),
    ("07", "unknown", ScriptedAnswer::End(MessageState::Unknown)),
    ("08", "none", ScriptedAnswer::End(MessageState::None)),
    ("09", "deleted", ScriptedAnswer::End(MessageState::Deleted)),
    ("10", "enroute", ScriptedAnswer::End(MessageState::Enroute)),
    ("11", "throttled", ScriptedAnswer::Refuse(CommandStatus::Throttled)),
    ("12", "invalid", ScriptedAnswer::Refuse(CommandStatus::InvalidDestinationAddress)),
    ("13", "syserr", ScriptedAnswer::Refuse(CommandStatus::SystemError)),
    ("14", "full", ScriptedAnswer::Refuse(CommandStatus::MessageQueueFull)),
    ("15", "submitfail", ScriptedAnswer::Refuse(CommandStatus::SubmitFailed)),
    ("16", "silent", ScriptedAnswer::Silence),
    ("17", "lost", ScriptedAnswer::LoseAnswer),
];

/// What precedes the word in a text.
const MARK: &[u8] = b"#sim:";

impl ScriptedAnswer {
    /// What the last two digits of a destination ask for.
    pub fn of_destination(digits: &[u8]) -> Option<Self> {
        let last = digits.last_chunk::<2>()?;
        WISHES.into_iter().find(|(suffix, ..)| suffix.as_bytes() == last).map(|(.., wish)| wish)
    }

    /// What a text asks for, in the alphabet of GSM, in ASCII or in UCS-2.
    pub fn of_text(text: &[u8]) -> Option<Self> {
        // Most texts hold no number sign; the others are read without the zeros of UCS-2.
        if !text.contains(&MARK[0]) {
            return None;
        }
        let plain: Vec<u8> = text.iter().copied().filter(|octet| *octet != 0).collect();
        let at = plain.windows(MARK.len()).position(|octets| octets == MARK)?;
        let rest = &plain[at + MARK.len()..];
        let length = rest.iter().take_while(|octet| octet.is_ascii_alphabetic()).count();
        WISHES.into_iter().find(|(_, word, _)| word.as_bytes() == &rest[..length]).map(|(.., wish)| wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_asks_by_its_last_digits() {
        assert_eq!(
            ScriptedAnswer::of_destination(b"491511234502"),
            Some(ScriptedAnswer::End(MessageState::Undeliverable))
        );
        assert_eq!(
            ScriptedAnswer::of_destination(b"491511234511"),
            Some(ScriptedAnswer::Refuse(CommandStatus::Throttled))
        );
        assert_eq!(ScriptedAnswer::of_destination(b"491511234599"), None);
        assert_eq!(ScriptedAnswer::of_destination(b"2"), None);
    }

    #[test]
    fn a_text_asks_in_any_alphabet() {
        assert_eq!(ScriptedAnswer::of_text(b"Hello #sim:expired!"), Some(ScriptedAnswer::End(MessageState::Expired)));
        let wide: Vec<u8> = "#sim:none".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(ScriptedAnswer::of_text(&wide), Some(ScriptedAnswer::End(MessageState::None)));
        assert_eq!(ScriptedAnswer::of_text(b"#sim:nothing of ours"), None);
        assert_eq!(ScriptedAnswer::of_text(b"issue #5"), None);
    }

    #[test]
    fn every_word_is_read_back() {
        for outcome in MessageState::ALL {
            assert_eq!(MessageState::of_word(&outcome.word().to_ascii_lowercase()), Some(outcome));
        }
    }
}
