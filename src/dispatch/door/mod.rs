//! What comes into dispatch and what goes out of it, in types alone: whoever is outside needs nothing else.
//!
//! Nothing here knows how any of it is carried out.

pub mod happening;
pub mod command;
pub mod reply;
pub mod fact;
pub mod plan;
pub mod snapshot;
