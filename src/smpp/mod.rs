//! The octets of SMPP 3.3, 3.4 and 5.0: PDUs in and out.
//!
//! ```text
//!  0        4          8              12                16
//!  ├────────┼──────────┼──────────────┼─────────────────┼──────── … ──┐
//!  │ length │ command  │ status       │ sequence_number │ body │ TLVs │
//!  └────────┴──────────┴──────────────┴─────────────────┴──────── … ──┘
//! ```
//!
//! Tolerant in, strict out: whatever a peer's habit is, a PDU that can be understood is
//! understood; what leaves here is as the specification has it. Decoded fields are slices of
//! the PDU's own octets ([`bytes::Bytes`]); nothing is copied.

pub mod address;
pub mod alert;
pub mod bind;
pub mod broadcast;
pub mod cancel;
pub mod command;
pub mod cstring;
pub mod data;
pub mod decode;
pub mod encode;
pub mod explain;
pub(crate) mod field;
pub mod frame;
pub(crate) mod layout;
pub mod legacy;
pub mod multi;
pub mod optional;
pub(crate) mod parameter;
pub mod pdu;
pub mod query;
pub(crate) mod reader;
pub(crate) mod remark;
pub mod replace;
pub mod sm;
pub mod status;
pub mod tags;
pub mod time;
pub mod tlv;
pub mod words;
pub mod writer;

#[cfg(test)]
mod tests;
