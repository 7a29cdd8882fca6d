//! Why a message did not arrive, from what the carrier says.

use crate::carrier::dialect::Dialect;
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::smpp::status::CommandStatus;

/// The reason in a receipt: by the operator's table of error codes, else by the carrier's word.
pub fn of_receipt(dialect: &Dialect, receipt: &Receipt) -> Option<Reason> {
    let by_code = receipt.error_code.as_ref().and_then(|it| of_code(dialect, it));
    by_code.or_else(|| match receipt.status {
        Status::Expired => Some(Reason::Expired),
        Status::Failed => Some(of_word(&receipt.raw_status)),
        _ => None,
    })
}

/// What the operator says of a code: as written, else without padding and case (quirk 28).
pub(super) fn of_code(dialect: &Dialect, code: &str) -> Option<Reason> {
    let bare = |it: &str| it.trim_start_matches('0').to_ascii_uppercase();
    let alike = || dialect.reasons.iter().find(|(it, _)| bare(it) == bare(code)).map(|(_, reason)| reason);
    dialect.reasons.get(code).or_else(alike).copied()
}

fn of_word(raw: &str) -> Reason {
    let word = raw.to_ascii_uppercase();
    if word.starts_with("DND") {
        Reason::Dnd
    } else if word.starts_with("REJECT") || word == "8" {
        Reason::Rejected
    } else {
        Reason::Undeliverable
    }
}

/// The reason in a refusal.
pub const fn of_status(status: CommandStatus) -> Reason {
    match status {
        CommandStatus::InvalidDestinationAddress => Reason::NumberInvalid,
        CommandStatus::InvalidSourceAddress => Reason::SenderRefused,
        _ => Reason::SubmitError,
    }
}
