//! What a process told others, and what it had written of that, as the calls say that it made.
//!
//! The frames of the write-ahead log are applied page by page, as the engine would, so that what the store says after
//! each commit is asked of the engine itself.

use crate::peers::power::trace::{Call, Socket, What};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Debug, Formatter};
use std::path::Path;

/// The head of the log, and of each of its frames.
const HEAD: u64 = 32;
const FRAME: usize = 24;
const PAGE: usize = 4_096;

const SUBMIT_SM: u32 = 4;
const DELIVER_SM: u32 = 5;
const RESPONSE: u32 = 0x8000_0000;

/// Who listens where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) carrier: u16,
    pub(super) endpoint: u16,
}

/// What somebody was told, at a line of the log: from then on it must be true after any loss of power.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// The line at which it began to leave.
    pub(super) at: usize,
    /// What it says.
    pub(super) says: Says,
}

/// What somebody was told. Messages go by their `client_ref`, receipts by the id that the carrier gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// An application: a message is accepted.
    Accepted(String),
    /// A carrier: a message, for the nth time.
    Submitted(String, i64),
    /// A carrier: its receipt has come.
    Confirmed(String),
    /// An endpoint: what became of a message.
    Told(String),
}

/// What a store says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Attempts of each message.
    messages: BTreeMap<String, i64>,
    /// Ids of which there is a receipt, with its part or parked.
    receipts: BTreeSet<String>,
    /// Messages of which an event tells.
    told: BTreeSet<String>,
}

/// A transaction that came to its commit.
#[derive(Clone)]
pub(super) struct Commit {
    /// The line at which its first frame began to be written.
    pub(super) began: usize,
    /// The line at which its last frame was written.
    pub(super) ended: usize,
    /// The line at which a sync had ended that began behind that.
    pub(super) synced: Option<usize>,
    /// What the store says by it.
    pub(super) state: State,
}

impl State {
    /// Of the database in a file.
    pub(super) fn of(file: &Path) -> rusqlite::Result<Self> {
        let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let is_made =
            conn.prepare("SELECT 1 FROM pragma_table_info('part') WHERE name = 'receipt_offset'")?.exists([])?;
        if !is_made {
            return Ok(Self::default());
        }
        let mut messages = conn.prepare(
            "SELECT client_ref, max(coalesce(number, 0)) FROM body JOIN part ON part.id / 16 = seq GROUP BY seq",
        )?;
        let messages = messages.query_map([], |it| Ok((it.get(0)?, it.get(1)?)))?;
        let mut receipts = conn.prepare(
            "SELECT carrier_message_id FROM part WHERE receipt_status IS NOT NULL UNION \
             SELECT carrier_message_id FROM attempt WHERE receipt_status IS NOT NULL UNION \
             SELECT carrier_message_id FROM parked",
        )?;
        let receipts = receipts.query_map([], |it| it.get(0))?;
        let mut told =
            conn.prepare("SELECT DISTINCT json_extract(data, '$.client_ref') AS it FROM event WHERE it NOT NULL")?;
        let told = told.query_map([], |it| it.get(0))?;
        Ok(Self {
            messages: messages.collect::<Result<_, _>>()?,
            receipts: receipts.collect::<Result<_, _>>()?,
            told: told.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is so by this state.
    pub(super) fn holds(&self, says: &Says) -> bool {
        match says {
            Says::Accepted(message) => self.messages.contains_key(message),
            Says::Submitted(message, nth) => self.messages.get(message).is_some_and(|attempts| nth <= attempts),
            Says::Confirmed(id) => self.receipts.contains(id),
            Says::Told(message) => self.told.contains(message),
        }
    }
}

/// All commits of a log, each with what the store says by it.
pub(super) fn commits(calls: &[Call]) -> Vec<Commit> {
    let scratch = tempfile::tempdir().expect("a folder");
    let (mut pages, mut frames, mut began) = (Vec::new(), Vec::new(), None);
    let mut head: Option<(u64, usize, usize)> = None;
    let mut commits = Vec::new();
    for call in calls {
        let What::Write(file, place, octets) = &call.what else { continue };
        if file.ends_with("nuncio.db") && began.is_none() && commits.is_empty() {
            put(&mut pages, usize::try_from(*place).expect("a small file"), octets);
        }
        if !file.ends_with("nuncio.db-wal") || *place < HEAD {
            continue;
        }
        began.get_or_insert(call.began);
        let at = (place - HEAD) % (FRAME + PAGE) as u64;
        if at == 0 {
            let word =
                |at: usize| u32::from_be_bytes(octets[at..at + 4].try_into().expect("a head of a frame")) as usize;
            head = Some((place + FRAME as u64, word(0), word(4)));
            continue;
        }
        let (_, page, size) = head.take().filter(|it| it.0 == *place).expect("a page stands behind its head");
        frames.push((page, octets.clone()));
        if size == 0 {
            continue;
        }
        for (page, octets) in frames.drain(..) {
            put(&mut pages, (page - 1) * PAGE, &octets);
        }
        pages.resize(size * PAGE, 0);
        let state = state(scratch.path(), &pages);
        let began = began.take().expect("it has a frame");
        commits.push(Commit { began, ended: call.ended, synced: None, state });
    }
    note_syncs(&mut commits, calls);
    commits
}

/// Notes when each commit had been synced.
pub(super) fn note_syncs(commits: &mut [Commit], calls: &[Call]) {
    let syncs = |it: &&Call| matches!(&it.what, What::Sync(file) if file.ends_with("nuncio.db-wal"));
    let syncs: Vec<&Call> = calls.iter().filter(syncs).collect();
    for commit in commits {
        commit.synced = syncs.iter().filter(|it| commit.ended < it.began).map(|it| it.ended).min();
    }
}

/// Transactions that began before the one before was on the disk: of two that are torn at once the log cannot be told
/// from a damaged one.
pub(super) fn hasty(commits: &[Commit]) -> Vec<&[Commit]> {
    commits.windows(2).filter(|it| it[0].synced.is_none_or(|synced| it[1].began <= synced)).collect()
}

/// What was said before its record had been synced, or without any.
pub(super) fn faults(claims: &[Claim], commits: &[Commit]) -> Vec<String> {
    let fault = |claim: &Claim| {
        let Some(rests_on) = commits.iter().find(|it| it.state.holds(&claim.says)) else {
            return Some(format!("{:?} was said at line {} and never written", claim.says, claim.at));
        };
        let synced = rests_on.synced;
        synced
            .is_none_or(|it| claim.at <= it)
            .then(|| format!("{:?} left at line {}, {rests_on:?}", claim.says, claim.at))
    };
    claims.iter().filter_map(fault).collect()
}

impl Debug for Commit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "written at {} to {}, synced by {:?}", self.began, self.ended, self.synced)
    }
}

fn put(pages: &mut Vec<u8>, place: usize, octets: &[u8]) {
    pages.resize(pages.len().max(place + octets.len()), 0);
    pages[place..place + octets.len()].copy_from_slice(octets);
}

fn state(scratch: &Path, pages: &[u8]) -> State {
    let file = scratch.join("a.db");
    let mut pages = pages.to_vec();
    // As the engine would find it with its log moved: the log of another state must not be looked for.
    pages[18..20].fill(1);
    std::fs::write(&file, pages).expect("the folder takes files");
    State::of(&file).unwrap_or_else(|error| panic!("the pages of a commit are no database: {error}"))
}

/// What was said on all connections, in the order in which it left.
pub(super) fn claims(calls: &[Call], ports: Ports) -> Vec<Claim> {
    let (mut sent, mut came): (HashMap<&Socket, Stream>, HashMap<&Socket, Stream>) = (HashMap::new(), HashMap::new());
    for call in calls {
        match &call.what {
            What::Sent(socket, octets) => sent.entry(socket).or_default().push(call.began, octets),
            What::Came(socket, octets) => came.entry(socket).or_default().push(call.began, octets),
            _ => (),
        }
    }
    let mut claims = Vec::new();
    let mut submits: BTreeMap<String, i64> = BTreeMap::new();
    let mut sockets: Vec<_> = sent.iter().collect();
    sockets.sort_by_key(|it| it.1.began.first().map(|it| it.1));
    for (socket, stream) in sockets {
        if socket.ours == ports.http {
            claims.extend(stream.http().into_iter().filter(|it| it.1.starts_with("HTTP/1.1 202")).flat_map(accepted));
        } else if socket.theirs == ports.endpoint {
            claims.extend(stream.http().into_iter().filter_map(told));
        } else if socket.theirs == ports.carrier {
            let receipts = came.get(socket).map(Stream::receipts).unwrap_or_default();
            claims.extend(stream.pdus().into_iter().filter_map(|(at, pdu)| {
                let says = match word(pdu, 4) {
                    SUBMIT_SM => {
                        let message = marker(pdu)?;
                        let nth = submits.entry(message.clone()).and_modify(|it| *it += 1).or_insert(1);
                        Says::Submitted(message, *nth)
                    }
                    it if it == DELIVER_SM | RESPONSE && word(pdu, 8) == 0 => {
                        Says::Confirmed(receipts.get(&word(pdu, 12))?.clone())
                    }
                    _ => return None,
                };
                Some(Claim { at, says })
            }));
        }
    }
    claims.sort();
    claims
}

/// What goes one way on a connection.
#[derive(Default)]
struct Stream {
    octets: Vec<u8>,
    /// From which octet on, what began at which line.
    began: Vec<(usize, usize)>,
}

impl Stream {
    fn push(&mut self, line: usize, octets: &[u8]) {
        self.began.push((self.octets.len(), line));
        self.octets.extend_from_slice(octets);
    }

    /// The line at which an octet began to leave.
    fn line(&self, octet: usize) -> usize {
        self.began.iter().rev().find(|it| it.0 <= octet).expect("the first begins at 0").1
    }

    /// Heads and bodies, each with the line at which it began.
    fn http(&self) -> Vec<(usize, String, Value)> {
        let (mut at, mut found) = (0, Vec::new());
        while let Some(end) = self.octets[at..].windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&self.octets[at..at + end]).into_owned();
            let len = head.lines().filter_map(|it| it.split_once(": "));
            let len = len.filter(|it| it.0.eq_ignore_ascii_case("content-length")).find_map(|it| it.1.parse().ok());
            let (body, line) = (at + end + 4, self.line(at));
            at = body + len.unwrap_or(0);
            let Some(octets) = self.octets.get(body..at) else { break };
            found.push((line, head, serde_json::from_slice(octets).unwrap_or_default()));
        }
        found
    }

    /// Whole PDUs, each with the line at which it began.
    fn pdus(&self) -> Vec<(usize, &[u8])> {
        let (mut at, mut found) = (0, Vec::new());
        while let Some(pdu) = self.octets.get(at..at + 4).and_then(|it| self.octets.get(at..at + word(it, 0) as usize))
        {
            found.push((self.line(at), pdu));
            at += pdu.len();
        }
        found
    }

    /// The ids of receipts by the numbers of the requests that they came in.
    fn receipts(&self) -> BTreeMap<u32, String> {
        let id = |pdu: &[u8]| {
            let text = String::from_utf8_lossy(pdu).into_owned();
            Some(text.split_once("id:")?.1.split_once(' ')?.0.to_owned())
        };
        let pdus = self.pdus().into_iter().filter(|it| word(it.1, 4) == DELIVER_SM);
        pdus.filter_map(|(_, pdu)| Some((word(pdu, 12), id(pdu)?))).collect()
    }
}

fn word(octets: &[u8], at: usize) -> u32 {
    octets[at..].first_chunk().map_or(0, |it| u32::from_be_bytes(*it))
}

/// The name of a message in its text: what stands between its last two `#`.
fn marker(pdu: &[u8]) -> Option<String> {
    String::from_utf8_lossy(pdu).rsplit('#').nth(1).map(str::to_owned)
}

fn accepted((at, _, body): (usize, String, Value)) -> Vec<Claim> {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let says = messages.iter().filter_map(|it| it["client_ref"].as_str()).map(|it| Says::Accepted(it.to_owned()));
    says.map(|says| Claim { at, says }).collect()
}

fn told((at, _, body): (usize, String, Value)) -> Option<Claim> {
    let message = body["data"]["client_ref"].as_str()?.to_owned();
    Some(Claim { at, says: Says::Told(message) })
}
