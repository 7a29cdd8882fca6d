//! What becomes of a part that has left: answers, doubts, receipts, questions.
//!
//! Here is what carriers owe us and how they write what they send. Only this room reads what a carrier said; where a
//! message goes next is decided by [`failover`](crate::dispatch::failover).

pub(super) mod answer;
pub(super) mod taken;
pub(super) mod doubt;
pub(super) mod late;
pub(super) mod find;
pub(super) mod apply;
pub(super) mod correlate;
pub(super) mod parked;
pub(super) mod owed;
pub(super) mod query;
pub(super) mod habits;
pub(super) mod verified;
