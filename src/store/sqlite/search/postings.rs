//! Which messages have a number or a reference: a hash of it, and the place of the message in its segment.
//!
//! ```text
//! segment 65,536 seqs ─ bucket 0 ─ hash place hash place …     one row of some three KiB, one page
//!                     ├ bucket 1 ─ …                           6 octets for each number, reference
//!                     └ bucket 255
//! ```
//!
//! One question reads one row of each segment. An entry is a promise that a message may have the key, never that it
//! has: 40 bits of hash tell.

use crate::message::body::Body;
use crate::message::id::Seq;
use crate::number::e164::E164;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::Table;
use crate::store::sqlite::{reader, seal};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// The entries of buckets, and in a table beside it the first segment that is not there.
pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "search", columns: "id, entries, seal", key: "id", steps: &[(4, CREATE)] };

const CREATE: &str = "
CREATE TABLE search (id INTEGER PRIMARY KEY, entries BLOB NOT NULL, seal INTEGER NOT NULL) STRICT;
CREATE TABLE search_mark (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL) STRICT;
";

/// Seqs of a segment: what two octets tell apart. Ten million messages are 153 segments, each one page to read.
pub(in crate::store::sqlite) const SEGMENT: u64 = 1 << 16;
/// Rows of a segment: with a number and a reference of each message a row fills most of a page.
pub(in crate::store::sqlite) const BUCKETS: usize = 256;
/// Octets of an entry: four of the hash, two of the place.
const ENTRY: usize = 6;

/// The questions, which the tests look at for how they are answered.
pub(in crate::store::sqlite) mod words {
    pub(in crate::store::sqlite) const ENTRIES: &str = "SELECT id, entries, seal FROM search WHERE id = ?1";
    pub(in crate::store::sqlite) const OF_SEGMENT: &str =
        "SELECT id, entries, seal FROM search WHERE id >= ?1 AND id < ?2 ORDER BY id";
}

/// What a message is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::sqlite) struct Key {
    bucket: u8,
    hash: u32,
}

impl Key {
    /// Of all that go to a number.
    pub(in crate::store::sqlite) fn number(number: E164) -> Self {
        Self::of(1, ValueRef::Integer(number.0.cast_signed()))
    }

    /// Of all that have a reference.
    pub(in crate::store::sqlite) fn reference(text: &str) -> Self {
        Self::of(2, ValueRef::Text(text.as_bytes()))
    }

    /// It is stored: changing it is a migration.
    fn of(kind: i64, value: ValueRef<'_>) -> Self {
        let mixed = seal::mix(seal::mix(seal::mix(seal::START, ValueRef::Integer(kind)), value), ValueRef::Null);
        Self { bucket: (mixed >> 56) as u8, hash: (mixed >> 24) as u32 }
    }
}

/// What a message is found by.
pub(super) fn keys(body: &Body) -> impl Iterator<Item = Key> {
    keys_of(body.destination, body.client_ref.as_deref())
}

pub(super) fn keys_of(number: E164, reference: Option<&str>) -> impl Iterator<Item = Key> {
    std::iter::once(Key::number(number)).chain(reference.map(Key::reference))
}

/// The segment of a message, and its place there.
pub(in crate::store::sqlite) const fn place(seq: Seq) -> (u64, u16) {
    (seq.0 / SEGMENT, (seq.0 % SEGMENT) as u16)
}

/// The places of messages, in order, by their segments.
pub(super) fn by_segment(seqs: &[Seq]) -> BTreeMap<u64, Vec<u16>> {
    let mut found = BTreeMap::<u64, Vec<u16>>::new();
    for (segment, offset) in seqs.iter().map(|it| place(*it)) {
        found.entry(segment).or_default().push(offset);
    }
    found.values_mut().for_each(|it| it.sort_unstable());
    found
}

/// A segment in memory: the entries of each bucket.
pub(in crate::store::sqlite) struct Segment(Vec<Vec<u8>>);

impl Default for Segment {
    fn default() -> Self {
        Self(vec![Vec::new(); BUCKETS])
    }
}

impl Segment {
    pub(super) fn put(&mut self, key: Key, offset: u16) {
        put(&mut self.0[usize::from(key.bucket)], key, offset);
    }

    /// The places that may have a key, in order.
    pub(in crate::store::sqlite) fn find(&self, key: Key) -> Vec<u16> {
        find(&self.0[usize::from(key.bucket)], key)
    }

    /// The place of a message does not have a key any more.
    pub(super) fn take(&mut self, key: Key, offset: u16) {
        take(&mut self.0[usize::from(key.bucket)], key, offset);
    }

    pub(super) fn forget(&mut self, offsets: &[u16]) {
        for entries in &mut self.0 {
            forget_in(entries, offsets);
        }
    }
}

fn put(entries: &mut Vec<u8>, key: Key, offset: u16) {
    entries.extend(key.hash.to_le_bytes());
    entries.extend(offset.to_le_bytes());
}

fn find(entries: &[u8], key: Key) -> Vec<u16> {
    let wanted = key.hash.to_le_bytes();
    let (entries, _) = entries.as_chunks::<ENTRY>();
    let fits = entries.iter().filter(|it| it[..4] == wanted);
    let mut found: Vec<u16> = fits.map(|it| u16::from_le_bytes([it[4], it[5]])).collect();
    // Slices of an order come later than what was accepted after it.
    found.sort_unstable();
    found.dedup();
    found
}

/// Takes a key of a place out; says whether it was there.
fn take(entries: &mut Vec<u8>, key: Key, offset: u16) -> bool {
    let before = entries.len();
    let mut gone = Vec::new();
    put(&mut gone, key, offset);
    let (all, _) = entries.as_chunks::<ENTRY>();
    *entries = all.iter().filter(|it| it[..] != gone[..]).flatten().copied().collect();
    entries.len() < before
}

/// Takes the entries of places, which are in order, out; says whether there were some.
fn forget_in(entries: &mut Vec<u8>, offsets: &[u16]) -> bool {
    let before = entries.len();
    let (all, _) = entries.as_chunks::<ENTRY>();
    let gone = |it: &[u8; ENTRY]| offsets.binary_search(&u16::from_le_bytes([it[4], it[5]])).is_ok();
    *entries = all.iter().filter(|it| !gone(it)).flatten().copied().collect();
    entries.len() < before
}

/// The first segment that is not on the disk; nothing if none ever was written.
pub(in crate::store::sqlite) fn mark(conn: &Connection) -> Result<Option<u64>, Trouble> {
    let segment = |row: &Row<'_>| Ok(row.get::<_, i64>(0)?.cast_unsigned());
    reader::first(&mut conn.prepare_cached("SELECT segment FROM search_mark WHERE one = 1")?, [], segment)
}

/// Writes a whole segment, in the order of its rows, and moves the mark behind it.
pub(super) fn write(conn: &Connection, number: u64, segment: &Segment) -> Result<(), Trouble> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for (bucket, entries) in (0..=u8::MAX).zip(&segment.0) {
        store(conn, row_of(number, bucket), entries)?;
    }
    let words = "INSERT OR REPLACE INTO search_mark (one, segment) VALUES (1, ?1)";
    conn.prepare_cached(words)?.execute([(number + 1).cast_signed()])?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

/// Adds messages to segments that are on the disk already: slices of an order that arrived meanwhile.
pub(in crate::store::sqlite) fn add<'a>(
    conn: &Connection,
    bodies: impl Iterator<Item = &'a Body>,
) -> Result<(), Trouble> {
    let mut rows = BTreeMap::<i64, Vec<u8>>::new();
    for body in bodies {
        let (segment, offset) = place(body.seq());
        keys(body).for_each(|it| put(rows.entry(row_of(segment, it.bucket)).or_default(), it, offset));
    }
    for (row, more) in rows {
        let mut entries = entries(conn, row)?.unwrap_or_default();
        entries.extend(more);
        store(conn, row, &entries)?;
    }
    Ok(())
}

/// Takes the keys of messages out of the segments that are on the disk: nothing is left of their numbers there, not
/// even a hash.
pub(in crate::store::sqlite) fn remove<'a>(
    conn: &Connection,
    bodies: impl Iterator<Item = &'a Body>,
) -> Result<(), Trouble> {
    for body in bodies {
        let (segment, offset) = place(body.seq());
        for key in keys(body) {
            let row = row_of(segment, key.bucket);
            match entries(conn, row) {
                Ok(None) => {}
                Ok(Some(mut entries)) => {
                    if take(&mut entries, key, offset) {
                        store(conn, row, &entries)?;
                    }
                }
                // What it had is found by no search any more, nor is what is to go.
                Err(Trouble::Damaged(..)) => store(conn, row, &[])?,
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

/// The places in a segment on the disk that may have a key, in order.
pub(in crate::store::sqlite) fn offsets(conn: &Connection, segment: u64, key: Key) -> Result<Vec<u16>, Trouble> {
    Ok(entries(conn, row_of(segment, key.bucket))?.map_or_else(Vec::new, |it| find(&it, key)))
}

/// Reads all of it.
pub(in crate::store::sqlite) fn read_all(conn: &Connection) -> Result<(), Trouble> {
    let mut statement = conn.prepare("SELECT id, entries, seal FROM search")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sealed(row)?;
    }
    Ok(())
}

/// Takes messages that go out of the buckets from one on below another: once it was done for all buckets, nothing is
/// left of their numbers, not even a hash.
pub(in crate::store::sqlite) fn forget(conn: &Connection, gone: &[Seq], buckets: (u16, u16)) -> Result<(), Trouble> {
    for (segment, offsets) in by_segment(gone) {
        let rows = (row_of(segment, 0) + i64::from(buckets.0), row_of(segment, 0) + i64::from(buckets.1));
        for (row, mut entries) in reader::all(&mut conn.prepare_cached(words::OF_SEGMENT)?, rows, sealed)? {
            if forget_in(&mut entries, &offsets) {
                store(conn, row, &entries)?;
            }
        }
    }
    Ok(())
}

const fn row_of(segment: u64, bucket: u8) -> i64 {
    (segment * BUCKETS as u64 + bucket as u64).cast_signed()
}

fn entries(conn: &Connection, row: i64) -> Result<Option<Vec<u8>>, Trouble> {
    Ok(reader::first(&mut conn.prepare_cached(words::ENTRIES)?, [row], sealed)?.map(|it| it.1))
}

/// A row, if its seal is the one that it was given.
fn sealed(row: &Row<'_>) -> Result<(i64, Vec<u8>), Trouble> {
    let (id, seal): (i64, i64) = (row.get(0)?, row.get(2)?);
    let entries = row.get_ref(1)?.as_blob().map_err(|_| Trouble::Damaged("search", id))?;
    if seal == seal_of(id, entries) { Ok((id, entries.to_vec())) } else { Err(Trouble::Damaged("search", id)) }
}

fn seal_of(id: i64, entries: &[u8]) -> i64 {
    seal::fold(seal::mix(seal::mix(seal::START, ValueRef::Integer(id)), ValueRef::Blob(entries)))
}

fn store(conn: &Connection, row: i64, entries: &[u8]) -> Result<(), Trouble> {
    if entries.is_empty() {
        conn.prepare_cached("DELETE FROM search WHERE id = ?1")?.execute([row])?;
    } else {
        let words = "INSERT OR REPLACE INTO search (id, entries, seal) VALUES (?1, ?2, ?3)";
        conn.prepare_cached(words)?.execute((row, entries, seal_of(row, entries)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_keys_do_not_change_and_spread_over_the_buckets() {
        assert_eq!(Key::number(E164(31_612_345_678)), Key { bucket: 135, hash: 2_199_414_244 });
        assert_eq!(Key::reference("login-77"), Key { bucket: 198, hash: 1_029_740_190 });
        let mut counts = [0_u32; BUCKETS];
        (0..65_536).for_each(|it| counts[usize::from(Key::number(E164(31_600_000_000 + it)).bucket)] += 1);
        assert!(counts.iter().all(|it| (160..360).contains(it)), "{counts:?}");
    }

    #[test]
    fn a_bucket_of_a_full_segment_with_numbers_and_references_is_one_page() {
        let mut segment = Segment::default();
        for at in 0..=u16::MAX {
            keys_of(E164(31_600_000_000 + u64::from(at) * 977), Some(&format!("login-{at}")))
                .for_each(|it| segment.put(it, at));
        }
        // What a leaf of 4,096 octets takes of a row before the rest goes to pages of its own.
        assert!(segment.0.iter().all(|it| it.len() < 4_000), "{:?}", segment.0.iter().map(Vec::len).max());
        assert_eq!(segment.find(Key::reference("login-40000")), [40_000]);
        segment.forget(&[7, 40_000]);
        assert_eq!(segment.find(Key::reference("login-40000")), [0_u16; 0]);
        assert_eq!(segment.find(Key::reference("login-40001")), [40_001]);
    }
}
