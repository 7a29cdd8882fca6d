//! The life of a message: its ids, its parts, the phases that a part goes through, and what
//! the customer is told of them. Nothing here knows a PDU, a store or a clock.

pub mod id;
pub mod veil;
pub mod time;
pub mod era;
pub mod class;
pub mod source;
pub mod hidden;
pub mod channel;
pub mod extras;
pub mod forget;
pub mod callback;
pub mod money;
pub mod price;
pub mod body;
pub mod phase;
pub mod attempt;
pub mod part;
pub mod receipt;
pub mod reason;
pub mod status;
