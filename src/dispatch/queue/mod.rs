//! What is queued, and where it waits: messages in memory, lanes, the carriers that they wait for, and whose turn it
//! is.
//!
//! States and their own rules. Nothing here knows dispatch, a beat or another room: times and limits are arguments.

pub(super) mod working_set;
pub(super) mod lane;
pub(super) mod ring;
pub(super) mod carrier;
pub(super) mod pace;
pub(super) mod limit;
pub(super) mod rest;
pub(super) mod strict;
