//! Verifications: begun, sent again, checked, canceled, looked at.

pub(super) mod begin;
pub mod resend;
pub(super) mod check;
pub(super) mod look;
pub(super) mod predict;
pub(super) mod summary;
mod view;
