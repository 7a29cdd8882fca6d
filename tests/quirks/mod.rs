//! What real carriers do that the specification does not say: one named test a habit.

mod handsets;
mod receipts;
mod samples;
mod tls;
mod wire;
mod words;
