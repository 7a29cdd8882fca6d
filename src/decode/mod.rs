//! `nuncio decode`: PDUs in words, out of digits, dumps and captures, for operators and bug reports.
//!
//! ```text
//!  digits, dumps, escapes ── paste ── of PDUs ──────┐
//!                              └─ of packets ─┐     │
//!  pcap, pcapng ── wire::capture ─────────────┴ select ─► cutter: PDUs, and what is none ─► page: one block each
//! ```
//!
//! Whatever comes in, something true comes out: what cannot be read is said, with its place, and
//! reading goes on behind it. Passwords are never shown, and numbers and texts are not where
//! [`options::Options::redact`] asks for that.

pub mod options;
mod paste;
mod cutter;
mod select;
mod message;
mod redact;
mod page;
pub mod trace;

use crate::decode::cutter::{Cutter, Found, seems_pdu};
use crate::decode::options::Options;
use crate::decode::page::{Head, Page};
use crate::decode::paste::Pasted;
use crate::decode::select::Select;
use crate::wire::capture::packet::segment;
use crate::wire::capture::stream::{Streams, What};
use crate::wire::capture::{self, Capture, Packet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Files that are larger are refused: they are held in memory. A day of a busy bind has some gigabytes; `tcpdump`
/// and `editcap` cut.
const FILE_MAX: u64 = 1 << 30;

/// What the packets of a dump begin with: IP itself (`tcpdump -X`), Ethernet (Wireshark, `tcpdump -XX`), Linux cooked.
const LINKS: [u32; 4] = [101, 1, 113, 276];

/// Whether all could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every PDU.
    Read,
    /// Something was no PDU, or not a whole one.
    Malformed,
}

/// Why nothing could be read.
#[derive(Debug, Error)]
pub enum Failure {
    /// The file cannot be read.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// It is too large.
    #[error("{} has more than {FILE_MAX} octets: cut it, for example with tcpdump or editcap", .0.display())]
    TooLarge(PathBuf),
    /// It is neither a file nor octets as they are pasted.
    #[error("{input:?} is no file, and {wrong}")]
    Nothing {
        /// What was given.
        input: String,
        /// What is wrong with it as octets.
        wrong: paste::Wrong,
    },
    /// The file holds neither a capture nor octets as they are pasted.
    #[error("{} is no capture (pcap, pcapng), and {wrong}", path.display())]
    Contents {
        /// Which.
        path: PathBuf,
        /// What is wrong with it as octets.
        wrong: paste::Wrong,
    },
    /// There is no octet in it.
    #[error("there is nothing to decode")]
    Empty,
    /// A capture without SMPP.
    #[error("no SMPP among {streams} streams of TCP{more}")]
    NoSmpp {
        /// How many streams there are.
        streams: usize,
        /// What may be the reason.
        more: String,
    },
    /// What was read cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Reads what the options name and writes what it says.
pub fn run(options: &Options, stdin: impl Read, out: impl Write) -> Result<Verdict, Failure> {
    let mut page = Page::new(out, options);
    let octets = match (options.input.as_str(), Path::new(&options.input)) {
        ("-", path) => octets_of(path, stdin)?,
        (_, path) if path.exists() => {
            octets_of(path, File::open(path).map_err(|cause| Failure::File { path: path.to_owned(), cause })?)?
        }
        (text, _) => {
            // What was pasted may be the text that is to be hidden.
            let input = if options.redact { "****".to_owned() } else { shorten(text) };
            let read = paste::read(text.as_bytes()).map_err(|wrong| Failure::Nothing { input, wrong })?;
            return show_pasted(&read, options, &mut page);
        }
    };
    match capture::read(&octets) {
        Ok(capture) => show_capture(&capture, options, &mut page),
        Err(capture::NotACapture) => {
            let wrong = |wrong| Failure::Contents { path: PathBuf::from(&options.input), wrong };
            show_pasted(&paste::read(&octets).map_err(wrong)?, options, &mut page)
        }
    }
}

fn octets_of(path: &Path, from: impl Read) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    let read = from.take(FILE_MAX + 1).read_to_end(&mut octets);
    read.map_err(|cause| Failure::File { path: path.to_owned(), cause })?;
    if FILE_MAX < octets.len() as u64 { Err(Failure::TooLarge(path.to_owned())) } else { Ok(octets) }
}

/// What was pasted: PDUs, or packets with PDUs in them.
fn show_pasted<W: Write>(pasted: &Pasted, options: &Options, page: &mut Page<W>) -> Result<Verdict, Failure> {
    if pasted.streams.iter().all(Vec::is_empty) {
        return Err(Failure::Empty);
    }
    let packets: Vec<Packet<'_>> = pasted.streams.iter().map(|it| packet(it)).collect();
    let is_packet = |it: &Packet<'_>| !seems_pdu(it.octets) && segment(it).is_ok();
    if packets.iter().any(is_packet) {
        match show_capture(&Capture { packets, damage: None }, options, page) {
            // A row of digits may look like a packet.
            Err(Failure::NoSmpp { .. }) if !pasted.is_dump => {}
            read => return read,
        }
    }
    pasted.streams.iter().try_for_each(|it| plain(it, page))?;
    Ok(page.verdict())
}

/// Octets as a packet: of IP, or of the link by which they are one.
fn packet(octets: &[u8]) -> Packet<'_> {
    let of = |link| Packet { time: None, link, octets };
    LINKS.map(of).into_iter().find(|it| segment(it).is_ok()).unwrap_or(of(LINKS[0]))
}

/// One stream without times and addresses.
fn plain<W: Write>(octets: &[u8], page: &mut Page<W>) -> Result<(), Failure> {
    let mut cutter = Cutter::default();
    cutter.push(octets);
    while let Some(found) = cutter.next() {
        page.block(&Head::default(), &found)?;
    }
    if let Some(found) = cutter.end() {
        page.block(&Head::default(), &found)?;
    }
    Ok(())
}

fn show_capture<W: Write>(capture: &Capture<'_>, options: &Options, page: &mut Page<W>) -> Result<Verdict, Failure> {
    let streams = Streams::of(&capture.packets);
    let mut select = Select::new(options.port);
    for piece in &streams.pieces {
        let head = Head { time: piece.time, ends: Some((piece.from, piece.to)) };
        let Some(cutter) = select.cutter(piece) else { continue };
        let before = match piece.what {
            What::Octets(octets) => {
                cutter.push(octets);
                None
            }
            What::Gap(octets) => cutter.gap(octets),
        };
        for found in before.into_iter().chain(std::iter::from_fn(|| cutter.next())) {
            page.block(&head, &found)?;
        }
    }
    for (ends, mut cutter) in select.rest() {
        if let Some(found) = cutter.end() {
            page.block(&Head { time: None, ends: Some(ends) }, &found)?;
        }
    }
    if let Some(damage) = &capture.damage {
        page.block(&Head::default(), &Found::Wrong(format!("the capture ends early: {damage}")))?;
    }
    if streams.fragments != 0 {
        let said = format!("{} IP fragments were passed by; what was in them is missing", streams.fragments);
        page.block(&Head::default(), &Found::Wrong(said))?;
    }
    if page.is_empty() {
        return Err(Failure::NoSmpp { streams: select.streams(), more: select.reason(streams.unknown_link) });
    }
    Ok(page.verdict())
}

/// The beginning of what was given, for an error.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
