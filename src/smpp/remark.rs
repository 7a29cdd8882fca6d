//! How what is explained is put together.

use crate::smpp::status::CommandStatus;

/// A status: its constant and what it says.
pub(crate) fn status(status: CommandStatus) -> String {
    format!("{}: {}", status.name(), status.meaning())
}

/// A text in quotation marks, what is not printable as escapes.
pub(crate) fn quote(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

/// Adds a remark.
pub(crate) fn add(meaning: &mut String, remark: &str) {
    if !meaning.is_empty() {
        meaning.push_str("; ");
    }
    meaning.push_str(remark);
}
