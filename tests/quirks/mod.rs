//! What real carriers do that the specification does not say: one named test a habit.

mod answers;
mod bounds;
mod fields;
mod framing;
mod handsets;
mod receipts;
mod session;
mod stage;
mod tls;
