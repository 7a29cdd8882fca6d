//! Decides what happens next to which part, on which link. It never sees a PDU, a socket or a
//! clock: happenings go in, commands and facts come out, and what changed is one batch.

pub mod plan;
pub mod happening;
pub mod command;
pub mod fact;
