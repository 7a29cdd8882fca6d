//! Verifications: begun, sent again, checked, given up, looked at.

pub(super) mod begin;
pub(super) mod check;
pub(super) mod look;
mod view;
