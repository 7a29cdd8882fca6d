//! The HTTP side, from requests to answers, with a stand-in for the loop.

mod world;
mod verifications;
mod shape;
mod patterns;
mod reference;
mod problems;
mod submit;
mod routing;
mod content;
mod csv;
mod idempotency;
mod ids;
mod auth;
mod read;
mod endpoints;
mod people;
mod events;
mod admin;
mod operate;
mod orders;
mod retry;
mod find;
mod server;
