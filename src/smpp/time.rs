//! The 16-character times of SMPP.
