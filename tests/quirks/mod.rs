//! What real carriers do that the specification does not say: one named test a habit.

mod gateway;
mod handsets;
mod receipts;
mod tls;
mod wire;
