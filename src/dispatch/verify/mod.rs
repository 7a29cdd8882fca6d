//! Verifications: begun, sent again, checked, ended. Each is read when it is named and written once a beat; none stays
//! in memory.

pub(super) mod verifications;
mod begin;
mod check;
pub mod guarded;
pub mod history;
mod end;
mod offer;
