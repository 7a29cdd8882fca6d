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

/// The same by the carrier's own table: what stands in it means what it says there, and no more.
pub fn throttles(dialect: &Dialect, status: CommandStatus) -> bool {
    is_throttling(status) && !dialect.answers.contains_key(&status.as_u32())
}

/// Whether the status is about the sender's or the recipient's number.
pub const fn is_about_numbers(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::InvalidSourceAddress | CommandStatus::InvalidDestinationAddress)
}

/// Whether the status is about how a time was said, which is the operator's to mend.
pub const fn is_about_times(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::InvalidSchedule | CommandStatus::InvalidExpiry)
}

/// Whether a refusal is a fault of the carrier: it is sick, or not made for what it is asked. A number that it finds
/// bad is nobody's.
pub const fn is_fault(answer: Answer, status: CommandStatus) -> bool {
    matches!(answer, Answer::Elsewhere) && !is_about_numbers(status)
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
        0x14 | 0x58 => Answer::Later,
        // Sick: trouble inside, and the words for a receiver that is in trouble, which a carrier has no other use for.
        0x08 | 0x64 | 0x65 | 0x102 => Answer::Elsewhere,
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
    fn what_says_that_the_carrier_is_sick_goes_on_at_once_and_only_what_asks_for_less_comes_back() {
        let usual = |number| of(&Dialect::default(), CommandStatus::from_u32(number));
        for sick in [0x08, 0x64, 0x65, 0x102] {
            assert_eq!(usual(sick), Answer::Elsewhere, "{sick:#x}");
            assert!(is_fault(usual(sick), CommandStatus::from_u32(sick)), "{sick:#x}");
        }
        let later: Vec<u32> = (0..0x700).filter(|it| usual(*it) == Answer::Later).collect();
        assert_eq!(later, [0x14, 0x58]);
        assert!(!is_fault(usual(0x0B), CommandStatus::InvalidDestinationAddress));
    }

    const BEGIN: &str = "<!-- every status -->\n";
    const END: &str = "<!-- until here -->";

    /// The table of `docs/smpp.md`: what each status means for a message, and of whom it speaks.
    fn table() -> String {
        let mut table = String::from("\n| status | name | meaning | it speaks of |\n|---|---|---|---|\n");
        let mut row = |number: &str, name: &str, status: CommandStatus| {
            let answer = of(&Dialect::default(), status);
            let (meaning, whom) = match answer {
                Answer::Taken => ("taken", "nobody"),
                Answer::Later => ("later, slower", "the rate, or one number"),
                Answer::Elsewhere if is_fault(answer, status) => ("elsewhere", "the carrier: a fault for its breaker"),
                Answer::Elsewhere => ("elsewhere", "the number"),
                Answer::NotSent => ("not sent", "the login: the link binds anew"),
                Answer::Never | Answer::Unknown => ("never", "the message"),
            };
            table += &format!("| {number} | {name} | {meaning} | {whom} |\n");
        };
        for status in CommandStatus::ALL {
            row(&format!("0x{:02X}", status.as_u32()), status.name(), *status);
        }
        row("0x400 to 0x4FF", "a vendor's, but 0x401", CommandStatus::from_u32(0x400));
        row("0x401", "a vendor's: the header is broken", CommandStatus::from_u32(0x401));
        row("0x601", "a vendor's: delivery failed", CommandStatus::from_u32(0x601));
        row("others", "", CommandStatus::from_u32(0xDEAD));
        table + "\n"
    }

    #[test]
    fn the_documentation_is_what_the_code_says() {
        let page = std::fs::read_to_string("docs/smpp.md").unwrap();
        let begin = page.find(BEGIN).expect("the table has a beginning") + BEGIN.len();
        let end = page.find(END).expect("and an end");
        if std::env::var_os("NUNCIO_WRITE_DOCS").is_some() {
            std::fs::write("docs/smpp.md", [&page[..begin], &table(), &page[end..]].concat()).unwrap();
        } else {
            assert!(page[begin..end] == table(), "docs/smpp.md is old: run NUNCIO_WRITE_DOCS=1 cargo test");
        }
    }

    #[test]
    fn a_carrier_may_mean_something_else() {
        let mut dialect = Dialect::default();
        dialect.answers.insert(0x0B, Answer::Never);
        assert_eq!(of(&dialect, CommandStatus::InvalidDestinationAddress), Answer::Never);
        assert!(throttles(&dialect, CommandStatus::MessageQueueFull));
        dialect.answers.insert(0x14, Answer::Later);
        assert!(!throttles(&dialect, CommandStatus::MessageQueueFull), "later, and nothing is slowed");
    }
}
