//! The options of `nuncio decode`, as they are written on a command line.

use crate::text::Alphabet;
use clap::Args;

/// The options of `nuncio decode`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Hexadecimal digits, of one PDU or several in a row (blanks, colons and 0x do not matter); or a file
    /// of such digits; or a capture (pcap, pcapng); or - for any of these on standard input
    #[arg(value_name = "HEX|FILE", allow_hyphen_values = true)]
    pub input: String,
    /// Of a capture, the streams from and to this port; without it those that begin with a PDU
    #[arg(long, value_name = "NUMBER")]
    pub port: Option<u16>,
    /// What data_coding 0 means: gsm7, latin1, ascii, ucs2
    #[arg(long, default_value = "gsm7", value_name = "ALPHABET", value_parser = alphabet)]
    pub alphabet: Alphabet,
    /// Hide numbers and texts, for a report that others will read
    #[arg(long)]
    pub redact: bool,
}

fn alphabet(text: &str) -> Result<Alphabet, String> {
    match text {
        "gsm7" => Ok(Alphabet::Gsm7),
        "latin1" => Ok(Alphabet::Latin1),
        "ascii" => Ok(Alphabet::Ascii),
        "ucs2" => Ok(Alphabet::Ucs2),
        _ => Err("is not one of gsm7, latin1, ascii, ucs2".to_owned()),
    }
}
