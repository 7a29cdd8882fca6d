//! What a command_status means for a part.

use crate::carrier::dialect::Dialect;
use crate::message::attempt::Answer;
use crate::smpp::status::CommandStatus;

/// What stands for a command_status where a carrier that is asked over HTTP wants a slower pace (RFC 6585, 4). No
/// status of HTTP that refuses is also a command_status with a name.
pub const TOO_MANY_REQUESTS: u32 = 429;

/// What a refusal, or an acceptance, means: by the carrier's own table, else by the usual one.
pub fn of(dialect: &Dialect, status: CommandStatus) -> Answer {
    dialect.answers.get(&status.as_u32()).copied().unwrap_or_else(|| usual(status))
}

/// Whether the status says that the bind, not the message, is refused: the part has not been
/// taken, and the link must bind anew.
pub const fn is_bind_error(status: CommandStatus) -> bool {
    matches!(status.as_u32(), 0x05 | 0x0D | 0x0E | 0x0F | 0x53)
}

/// Whether the carrier asks for a slower pace.
pub const fn is_throttling(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::Throttled | CommandStatus::MessageQueueFull)
}

/// Whether the status is about the sender's or the recipient's number.
pub const fn is_about_numbers(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::InvalidSourceAddress | CommandStatus::InvalidDestinationAddress)
}

/// Whether the status is about how a time was said, which is the operator's to mend.
pub const fn is_about_times(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::InvalidSchedule | CommandStatus::InvalidExpiry)
}

/// Whether an attempt that was answered so used nothing up: it never left, or the carrier asked
/// for a slower pace. However often that happens, the part has not been tried.
pub const fn spends_nothing(answer: Answer, command_status: Option<u32>) -> bool {
    match (answer, command_status) {
        (Answer::NotSent, _) => true,
        (Answer::Later, Some(TOO_MANY_REQUESTS)) => true,
        (Answer::Later, Some(status)) => is_throttling(CommandStatus::from_u32(status)),
        _ => false,
    }
}

/// What carriers usually mean, by the number: SMPP 3.4, 5.1.3, and what is seen in the field.
const fn usual(status: CommandStatus) -> Answer {
    match status.as_u32() {
        0 => Answer::Taken,
        0x08 | 0x14 | 0x58 | 0x64 | 0x102 => Answer::Later,
        0x61 | 0x62 => Answer::Elsewhere, // How we said a time, never the text or the number.
        0x03 | 0x04 | 0x0A | 0x0B | 0x15 | 0x45 | 0x59 | 0xFE | 0xFF | 0x100 | 0x101 | 0x103 | 0x10D | 0x601 => {
            Answer::Elsewhere
        }
        0x401 => Answer::Never,
        // Vendor codes: not this carrier, for all that is known.
        0x400..=0x4FF => Answer::Elsewhere,
        _ if is_bind_error(status) => Answer::NotSent,
        _ => Answer::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_answered_as_its_class_says() {
        let table = include_str!("../../fixtures/smpp/status.csv");
        let mut rows = 0;
        for row in table.lines().skip(1) {
            let (number, rest) = row.split_once(',').unwrap();
            let Ok(number) = u32::from_str_radix(number.trim_start_matches("0x"), 16) else { continue };
            let class = ["ok", "retry_same", "retry_other", "bind_error", "permanent"]
                .into_iter()
                .find(|it| rest.contains(&format!(",{it},")))
                .unwrap();
            let expected = match class {
                "ok" => Answer::Taken,
                "retry_same" => Answer::Later,
                "retry_other" => Answer::Elsewhere,
                "bind_error" => Answer::NotSent,
                _ => Answer::Never,
            };
            assert_eq!(of(&Dialect::default(), CommandStatus::from_u32(number)), expected, "{row}");
            rows += 1;
        }
        assert!(110 < rows, "{rows}");
    }

    #[test]
    fn a_carrier_may_mean_something_else() {
        let mut dialect = Dialect::default();
        dialect.answers.insert(0x0B, Answer::Never);
        assert_eq!(of(&dialect, CommandStatus::InvalidDestinationAddress), Answer::Never);
    }
}
