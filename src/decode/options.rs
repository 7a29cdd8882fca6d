//! The options of `nuncio decode`, as they are written on a command line.

use crate::text::encoding::Encoding;
use clap::Args;

/// The options of `nuncio decode`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Octets as they are pasted: hexadecimal digits (blanks, colons and 0x do not matter), a dump of Wireshark, xxd,
    /// hexdump -C or tcpdump -X, or escaped as in b'\x00'; or a file of such; or a capture (pcap, pcapng); or - for any
    /// of these on standard input
    #[arg(value_name = "HEX|FILE", allow_hyphen_values = true)]
    pub input: String,
    /// Of a capture, the streams from and to this port; without it those that begin with a PDU
    #[arg(long, value_name = "NUMBER")]
    pub port: Option<u16>,
    /// What data_coding 0 means: gsm7, latin1, ascii, ucs2, utf8, gsm7-packed
    #[arg(long, default_value = "gsm7", value_name = "ALPHABET", value_parser = alphabet)]
    pub alphabet: Encoding,
    /// Hide numbers and texts, for a report that others will read
    #[arg(long)]
    pub redact: bool,
}

fn alphabet(text: &str) -> Result<Encoding, String> {
    let known = Encoding::WORDS.map(|it| it.0).join(", ");
    Encoding::WORDS.iter().find(|it| it.0 == text).map(|it| it.1).ok_or_else(|| format!("is not one of {known}"))
}
