//! (laid by the octets branch)
pub mod gsm7;
/// Which alphabet a customer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requested { /// a
 Auto, /// b
 Gsm7, /// c
 Ucs2, /// d
 Latin1 }

/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet { /// a
 Gsm7, /// b
 Ascii, /// c
 Latin1, /// d
 Ucs2 }

/// stub
#[derive(Debug)]
pub struct Rules { /// a
 pub requested: Requested, /// b
 pub default_alphabet: Alphabet, /// c
 pub reference: u8 }
/// stub
#[derive(Debug)]
pub struct TextError;
/// stub
#[derive(Debug)]
pub struct Piece { /// a
 pub udh: bool, /// b
 pub octets: bytes::Bytes }
/// stub
pub fn piece(text: &str, _: &Rules, _: usize) -> Result<(u8, Piece), TextError> { Ok((0, Piece { udh: false, octets: bytes::Bytes::copy_from_slice(text.as_bytes()) })) }
