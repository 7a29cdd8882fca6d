//! What the numbers of the protocol say, in words.

/// The word of a `message_state` (5.0 section 4.7.15); 0 and 9 are of 5.0 only.
pub const fn message_state(state: u8) -> &'static str {
    match state {
        0 => "SCHEDULED",
        1 => "ENROUTE",
        2 => "DELIVERED",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIVERABLE",
        6 => "ACCEPTED",
        7 => "UNKNOWN",
        8 => "REJECTED",
        9 => "SKIPPED",
        _ => "reserved",
    }
}
