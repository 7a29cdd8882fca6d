//! One carrier's dialect: the only place that speaks both of messages and of PDUs, and pure.
//!
//! ```text
//!   dispatch ── esme::Command::Submit ──► Esme ──► submit_sm ──► session ──► carrier
//!   dispatch ◄── report::Report ◄──────── Esme ◄── submit_sm_resp, deliver_sm
//! ```

pub mod address;
pub mod mo;
pub mod dialect;
pub mod report;
pub mod id;
pub mod answer;
pub mod reason;
pub mod receipt_time;
pub mod receipt;
pub mod sender;
pub mod reported_status;
pub mod whom;
pub mod word;
pub mod submit;
pub mod query;
pub mod inbound;
pub mod intake;
mod pause;
pub mod esme;
pub mod http;
