//! Where a message goes, and what that costs the customer.

pub mod plan;
pub mod price;
pub mod rule;
