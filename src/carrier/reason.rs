//! Why a message did not arrive, from what the carrier says.

use crate::carrier::dialect::Dialect;
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::smpp::status::CommandStatus;

/// The reason in a receipt: by the operator's table of error codes, else by the carrier's word.
pub fn of_receipt(dialect: &Dialect, receipt: &Receipt) -> Option<Reason> {
    let by_code = receipt.error_code.as_ref().and_then(|it| dialect.reasons.get(it)).copied();
    by_code.or_else(|| match receipt.status {
        Status::Expired => Some(Reason::Expired),
        Status::Failed => Some(of_word(&receipt.raw_status)),
        _ => None,
    })
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
