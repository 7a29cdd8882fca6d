//! Cutting a stream into PDUs.
