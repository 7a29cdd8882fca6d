//! The codec alone: it stands on the bottom floor and needs nothing of the rest of nuncio, which
//! would take minutes to build.

#[path = "../../src/smpp/mod.rs"]
pub mod smpp;
