//! Verifications: begun, sent again, checked, canceled, looked at.

pub(super) mod begin;
pub(super) mod check;
pub(super) mod look;
pub(super) mod predict;
mod view;
