//! The page that is written: one block for each PDU, and one for what is none.
//!
//! ```text
//! 2026-01-02 03:04:05.678901 UTC  10.0.0.1:40000 → 10.0.0.2:2775
//! submit_sm 7
//!     0  command_length                        64
//!     4  command_id                            0x00000004                  submit_sm
//!   …    place, name, value, meaning
//! ```

use crate::decode::Verdict;
use crate::decode::cutter::Found;
use crate::decode::message::Message;
use crate::decode::options::Options;
use crate::decode::redact;
use crate::smpp::explain::{FieldLine, explain};
use crate::smpp::frame::{HEADER_LENGTH, Header};
use crate::smpp::pdu::Pdu;
use crate::smpp::tlv::Tag;
use crate::text::encoding::Encoding;
use bytes::Bytes;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;
use time::OffsetDateTime;

/// Tag and length of an optional parameter.
const TLV_HEADER: usize = 4;

/// Where a PDU was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// Since 1970.
    pub(super) time: Option<Duration>,
    /// Who spoke, and to whom.
    pub(super) ends: Option<(SocketAddr, SocketAddr)>,
}

/// What is written.
pub(super) struct Page<W> {
    out: W,
    alphabet: Encoding,
    redact: bool,
    blocks: u64,
    malformed: bool,
}

impl<W: Write> Page<W> {
    pub(super) const fn new(out: W, options: &Options) -> Self {
        Self { out, alphabet: options.alphabet, redact: options.redact, blocks: 0, malformed: false }
    }

    /// Whether nothing has been written.
    pub(super) const fn is_empty(&self) -> bool {
        self.blocks == 0
    }

    /// What is to be said of all.
    pub(super) const fn verdict(&self) -> Verdict {
        if self.malformed { Verdict::Malformed } else { Verdict::Read }
    }

    /// Writes a block.
    pub(super) fn block(&mut self, head: &Head, found: &Found) -> io::Result<()> {
        if self.blocks != 0 {
            writeln!(self.out)?;
        }
        self.blocks += 1;
        self.head(head)?;
        match found {
            Found::Pdu(frame) => {
                self.pdu(frame)?;
                match Pdu::decode(frame.clone()) {
                    Ok(_) => Ok(()),
                    Err(error) => self.wrong(&format!("{error}; the answer to it is {}", error.status.name())),
                }
            }
            Found::Part(frame) => {
                self.pdu(frame)?;
                let there = frame.len();
                self.wrong(&match Header::peek(frame) {
                    Some(header) => format!("of {} octets {there} are there", header.length),
                    None => format!("a header has {HEADER_LENGTH} octets, {there} are there"),
                })
            }
            Found::Wrong(why) => self.wrong(why),
        }
    }

    fn wrong(&mut self, why: &str) -> io::Result<()> {
        self.malformed = true;
        writeln!(self.out, "malformed: {why}")
    }

    fn head(&mut self, head: &Head) -> io::Result<()> {
        let time = head.time.and_then(|it| i128::try_from(it.as_nanos()).ok());
        let time = time.and_then(|it| OffsetDateTime::from_unix_timestamp_nanos(it).ok());
        if let Some(it) = time {
            let ((hour, minute, second), micros) = (it.time().as_hms(), it.microsecond());
            write!(self.out, "{} {hour:02}:{minute:02}:{second:02}.{micros:06} UTC  ", it.date())?;
        }
        match head.ends {
            Some((from, to)) => writeln!(self.out, "{from} → {to}"),
            None if time.is_some() => writeln!(self.out),
            None => Ok(()),
        }
    }

    fn pdu(&mut self, frame: &Bytes) -> io::Result<()> {
        if let Some(header) = Header::peek(frame) {
            write!(self.out, "{} {}", header.command, header.sequence)?;
            if header.command.is_response() {
                write!(self.out, " {}: {}", header.status.name(), header.status.meaning())?;
            }
            writeln!(self.out)?;
        }
        for (line, text) in lines(frame, self.alphabet, self.redact) {
            self.line(line)?;
            for (name, said) in text {
                writeln!(self.out, "       {name:<38}{said}")?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: FieldLine) -> io::Result<()> {
        let FieldLine { name, octets, value, meaning } = line;
        let text = format!("{:>5}  {name:<38}{value:<26}  {meaning}", octets.start);
        writeln!(self.out, "{}", text.trim_end())
    }
}

/// The fields of a PDU, each with what the text in it says, if it is one.
pub(super) fn lines(
    frame: &Bytes,
    alphabet: Encoding,
    redact: bool,
) -> impl Iterator<Item = (FieldLine, Vec<(&'static str, String)>)> {
    let (mut esm_class, mut data_coding) = (0, 0);
    explain(frame).into_iter().map(move |mut line| {
        let octets = frame.get(line.octets.clone()).unwrap_or_default();
        match (&*line.name, octets) {
            ("esm_class", [octet]) => esm_class = *octet,
            ("data_coding", [octet]) => data_coding = *octet,
            _ => {}
        }
        let text = text_of(&line, octets).map(|octets| Message { esm_class, data_coding, octets });
        if text.is_some() && !line.meaning.ends_with("are announced") {
            // What the text says comes with more knowledge of alphabets.
            line.meaning.clear();
        }
        let said = text.map_or(Vec::new(), |it| it.lines(alphabet, redact));
        (if redact { redact::redact(line, octets) } else { line }, said)
    })
}

/// The octets of a text, if that is what stands in a line.
fn text_of<'a>(line: &FieldLine, octets: &'a [u8]) -> Option<&'a [u8]> {
    let [high, low] = Tag::MESSAGE_PAYLOAD.0.to_be_bytes();
    match (&*line.name, octets) {
        ("short_message", [_, ..]) => Some(octets),
        (name, [a, b, ..]) if name.contains(" (0x") && [*a, *b] == [high, low] => octets.get(TLV_HEADER..),
        _ => None,
    }
}
