//! Sessions in virtual time: a pair of them over a wire made of dice, and single
//! conversations word by word.

mod operations;
pub(crate) mod pair;
mod solo;
mod words;
