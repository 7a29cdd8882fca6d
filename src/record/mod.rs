//! What is durable, and what is shown of it.
//!
//! A beat of the gateway changes entries in its working set and hands what changed to the
//! store as one [`batch::Batch`], which is durable whole or not at all. Nothing here knows an
//! engine; every record is complete in itself.

pub mod entry;
pub mod failure;
pub mod batch;
pub mod parked;
pub mod verification;
pub mod mo;
pub mod money;
pub mod event;
pub mod event_view;
pub mod event_sample;
pub mod event_forget;
pub mod to_forget;
pub mod delivery;
pub mod made_endpoint;
pub mod suppression;
pub mod action;
pub mod contract;
pub mod views;
pub mod shown;
