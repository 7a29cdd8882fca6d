//! Habits 1 to 34: ids and receipts.
