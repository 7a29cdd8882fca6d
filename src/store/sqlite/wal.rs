//! The write-ahead log as the file has it, read before the engine opens it.
//!
//! ```text
//! head   magic  version  page size  sequence  salt 1, 2  checksum 1, 2                   32 octets
//! frame  page   size of the database after a commit, else 0  salt 1, 2  checksum 1, 2    24 octets, and the page
//! ```
//!
//! <https://sqlite.org/fileformat2.html#the_write_ahead_log>. The engine takes the log up to the first frame that does
//! not check, and later writes over what stands behind it: right for the end of a transaction that a crash has torn, a
//! silent loss where the disk has changed a frame. Two things tell them apart.
//!
//! - One changed bit is found and put right: a checksum is a sum of words by known weights, so that the difference of
//!   what it is and what it should be names the bit. The checksum of a frame goes on from the one before, and so the
//!   next frames confirm it.
//! - With durability fsync a transaction begins when the one before is on the disk. Of a torn one nothing stands behind
//!   its commit; where something does, the disk has lost what was there.
//!
//! A log that the engine has written over from its beginning keeps older frames at its end; their salts are others.

use crate::store::sqlite::fault::Fault;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const HEAD: usize = 32;
const FRAME: usize = 24;
/// 0x377F0682 reads words for checksums with the low octet first, 0x377F0683 with the high one.
const MAGIC: u32 = 0x377F_0682;
const VERSION: u32 = 3_007_000;

/// What stands in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// Octets up to the end of the last commit that the engine will take.
    pub(super) taken: u64,
    /// Commits up to there.
    pub(super) commits: u64,
    /// Bits that the disk has changed and that are known.
    pub(super) flipped: Vec<Flip>,
    /// What is wrong beyond that, if it is not the end that a crash has torn.
    pub(super) damage: Option<Damage>,
}

/// A bit that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flip {
    /// Its octet in the file.
    pub(super) place: u64,
    /// The bit.
    pub(super) mask: u8,
}

/// Where a log is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The first frame that does not check, from 1; 0 is the head.
    pub(super) frame: u64,
    /// Commits that end in it or stand behind it.
    pub(super) commits: u64,
}

/// Where the log of a database stands.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Reads the log of a database; `None` where there is none.
pub(super) fn read(file: &Path) -> Result<Option<Log>, Fault> {
    let log = beside(file);
    let disk = |source| Fault::Disk { file: log.clone(), source };
    match File::open(&log) {
        Ok(it) => scan(BufReader::with_capacity(1 << 20, it)).map_err(disk),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(error)),
    }
}

/// Puts right the bits that are known to be changed.
pub(super) fn mend(file: &Path, flipped: &[Flip]) -> Result<(), Fault> {
    let log = beside(file);
    let mend = || {
        let it = OpenOptions::new().read(true).write(true).open(&log)?;
        for flip in flipped {
            let mut octet = [0];
            it.read_exact_at(&mut octet, flip.place)?;
            it.write_all_at(&[octet[0] ^ flip.mask], flip.place)?;
        }
        it.sync_all()
    };
    mend().map_err(|source| Fault::Disk { file: log.clone(), source })
}

/// A checksum over words of four octets, two at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum(u32, u32);

/// How four octets are a word.
type Word = fn([u8; 4]) -> u32;

impl Sum {
    fn at(octets: &[u8], place: usize) -> Self {
        Self(be(octets, place), be(octets, place + 4))
    }

    fn on(self, octets: &[u8], word: Word) -> Self {
        octets.as_chunks::<8>().0.iter().fold(self, |Self(first, second), it| {
            let [a, b, c, d, e, f, g, h] = *it;
            let first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
            Self(first, second.wrapping_add(word([e, f, g, h])).wrapping_add(first))
        })
    }

    const fn less(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0), self.1.wrapping_sub(other.1))
    }

    const fn times(self, factor: u32) -> Self {
        Self(self.0.wrapping_mul(factor), self.1.wrapping_mul(factor))
    }

    /// The one bit in which the stored sum at `place` differs from this.
    fn flip(self, octets: &[u8], place: usize) -> Option<(usize, u8)> {
        let ours = [self.0.to_be_bytes(), self.1.to_be_bytes()];
        one_bit(&octets[place..place + 8], ours.as_flattened()).map(|(at, mask)| (place + at, mask))
    }
}

/// The only bit in which two texts differ.
fn one_bit(a: &[u8], b: &[u8]) -> Option<(usize, u8)> {
    let mut differ = a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b).map(|(at, (a, b))| (at, a ^ b));
    differ.next().filter(|(_, mask)| mask.is_power_of_two() && differ.next().is_none())
}

/// The bits of some octets of which the change of any one makes their sum `wanted` of `found`: none, one, or, of the
/// high bits of words, whose weights repeat, several. The ranges are summed one after the other.
fn flips(octets: &[u8], ranges: &[Range<usize>], (found, wanted): (Sum, Sum), word: Word) -> Vec<(usize, u8)> {
    let missing = wanted.less(found);
    // What a unit more in either word of the last pair adds, and then of the pairs before it.
    let (mut even, mut odd) = (Sum(1, 1), Sum(0, 1));
    let mut flips = Vec::new();
    for pair in ranges.iter().rev().flat_map(|it| it.clone().step_by(8).rev()) {
        for (place, weight) in [(pair, even), (pair + 4, odd)] {
            let Some(was) = octets[place..].first_chunk::<4>() else { continue };
            for bit in 0..32 {
                let (at, mask) = (bit / 8, 1 << (bit % 8));
                let mut changed = *was;
                changed[at] ^= mask;
                if weight.times(word(changed).wrapping_sub(word(*was))) == missing {
                    flips.push((place + at, mask));
                }
            }
        }
        let further = |Sum(first, second): Sum| {
            let first = first.wrapping_add(second);
            Sum(first, second.wrapping_add(first))
        };
        (even, odd) = (further(even), further(odd));
    }
    flips
}

fn be(octets: &[u8], place: usize) -> u32 {
    octets[place..].first_chunk().map_or(0, |it| u32::from_be_bytes(*it))
}

/// What the head says.
struct Head {
    word: Word,
    page: usize,
    salts: [u8; 8],
    sum: Sum,
}

impl Head {
    /// The head of these octets, and the bit of them that had to be put right; `None` where nobody can tell.
    fn of(octets: &[u8; HEAD]) -> Option<(Self, Option<(usize, u8)>)> {
        if let Some(head) = Self::read(octets) {
            return Some((head, None));
        }
        // A bit of the magic may say how words are read.
        let mended = [u32::from_le_bytes as Word, u32::from_be_bytes].into_iter().flat_map(|word| {
            let (found, wanted) = (Sum(0, 0).on(&octets[..24], word), Sum::at(octets, 24));
            let flips = found.flip(octets, 24).into_iter().chain(flips(
                octets,
                std::slice::from_ref(&(0..24)),
                (found, wanted),
                word,
            ));
            flips.filter_map(|(at, mask)| {
                let mut mended = *octets;
                mended[at] ^= mask;
                Some((Self::read(&mended)?, Some((at, mask))))
            })
        });
        let mut mended: Vec<_> = mended.collect();
        mended.pop().filter(|_| mended.is_empty())
    }

    fn read(octets: &[u8; HEAD]) -> Option<Self> {
        let word: Word = if be(octets, 0) & 1 == 0 { u32::from_le_bytes } else { u32::from_be_bytes };
        let (page, sum) = (be(octets, 8), Sum(0, 0).on(&octets[..24], word));
        let sound = be(octets, 0) & !1 == MAGIC && be(octets, 4) == VERSION && sum == Sum::at(octets, 24);
        let sized = page.is_power_of_two() && (512..=65_536).contains(&page);
        let salts = *octets[16..].first_chunk()?;
        (sound && sized).then_some(Self { word, page: page as usize, salts, sum })
    }
}

/// A frame against what stands before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fits {
    Whole,
    /// But for this bit.
    But((usize, u8)),
    /// But for one bit, nobody knows which.
    ButOne,
    Not,
}

impl Head {
    fn sum(&self, before: Sum, frame: &[u8]) -> Sum {
        before.on(&frame[..8], self.word).on(&frame[FRAME..], self.word)
    }

    fn fits(&self, before: Sum, frame: &[u8]) -> Fits {
        let (found, wanted) = (self.sum(before, frame), Sum::at(frame, 16));
        let salts = &frame[8..16];
        match (*salts == self.salts, found == wanted) {
            (true, true) => Fits::Whole,
            (false, true) => one_bit(salts, &self.salts).map_or(Fits::Not, |(at, mask)| Fits::But((8 + at, mask))),
            (true, false) => {
                let mut bits = flips(frame, &[0..8, FRAME..frame.len()], (found, wanted), self.word);
                bits.extend(found.flip(frame, 16));
                match bits[..] {
                    [] => Fits::Not,
                    [only] => Fits::But(only),
                    _ => Fits::ButOne,
                }
            }
            (false, false) => Fits::Not,
        }
    }
}

fn scan(mut from: impl Read) -> io::Result<Option<Log>> {
    let mut octets = [0; HEAD];
    if !fills(&mut from, &mut octets)? {
        return Ok(None);
    }
    let mut log = Log::default();
    let Some((head, flip)) = Head::of(&octets) else {
        // It is on the disk before the first frame is written.
        let behind = fills(&mut from, &mut [0; FRAME + 512])?;
        return Ok(Some(Log { damage: behind.then_some(Damage { frame: 0, commits: 0 }), ..log }));
    };
    log.flipped.extend(flip.map(|(at, mask)| Flip { place: at as u64, mask }));
    let (mut sum, mut frame, mut number) = (head.sum, vec![0; FRAME + head.page], 0_u64);
    let mut behind = None;
    while fills(&mut from, &mut frame)? {
        let place = HEAD as u64 + number * frame.len() as u64;
        number += 1;
        let fits = if behind.is_none() { head.fits(sum, &frame) } else { Fits::Not };
        if let Fits::But((at, mask)) = fits {
            log.flipped.push(Flip { place: place + at as u64, mask });
            frame[at] ^= mask;
        }
        match fits {
            Fits::Whole | Fits::But(_) => {
                sum = head.sum(sum, &frame);
                if be(&frame, 4) != 0 {
                    (log.taken, log.commits) = (place + frame.len() as u64, log.commits + 1);
                }
            }
            Fits::Not | Fits::ButOne => {
                let behind = behind.get_or_insert_with(|| Behind::new(number, sum));
                behind.changed |= fits == Fits::ButOne;
                behind.see(&head, &frame);
            }
        }
    }
    log.damage = behind.and_then(|it| it.damage());
    Ok(Some(log))
}

/// What stands from the first frame on that does not check.
struct Behind {
    frame: u64,
    /// The sums that the next frame may go on from: of the octets that are there, and as it is stored.
    before: [Sum; 2],
    /// Whether the frame before was a commit, which counts once this one goes on from it.
    commit: bool,
    commits: u64,
    /// Whether a frame stands behind a commit.
    more: bool,
    /// Whether the first frame is as it was written but for one bit: nothing that is torn is.
    changed: bool,
}

impl Behind {
    const fn new(frame: u64, before: Sum) -> Self {
        Self { frame, before: [before, before], commit: false, commits: 0, more: false, changed: false }
    }

    fn see(&mut self, head: &Head, frame: &[u8]) {
        let stored = Sum::at(frame, 16);
        let checks = frame[8..16] == head.salts && self.before.iter().any(|it| head.sum(*it, frame) == stored);
        if checks {
            self.commits += u64::from(self.commit);
            self.more |= 0 < self.commits;
        }
        let commit = be(frame, 4) != 0;
        self.commits += u64::from(checks && commit);
        self.commit = !checks && commit;
        self.before = if checks { [stored; 2] } else { [head.sum(self.before[1], frame), stored] };
    }

    fn damage(self) -> Option<Damage> {
        let commits = self.commits + u64::from(self.commit);
        let damage = self.more || self.changed && 0 < commits;
        damage.then_some(Damage { frame: self.frame, commits })
    }
}

/// Reads until it is full; false where there is less.
fn fills(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use std::path::Path;

    /// The files of a database with so many commits in its log, of two frames or more each.
    fn made(directory: &Path, commits: usize) -> (Connection, PathBuf) {
        let file = directory.join("a.db");
        let conn = Connection::open(&file).unwrap();
        conn.execute_batch("PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
            .unwrap();
        conn.execute_batch("CREATE TABLE a (b); PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        for at in 0..commits as i64 {
            conn.execute("INSERT INTO a VALUES (?1 || hex(randomblob(700)))", [at]).unwrap();
        }
        (conn, file)
    }

    fn of(octets: &[u8]) -> Log {
        scan(octets).unwrap().unwrap()
    }

    const FRAMES: usize = FRAME + 1024;

    #[test]
    fn every_bit_that_is_changed_is_found_and_most_are_put_right() {
        let home = tempfile::tempdir().unwrap();
        let (_conn, file) = made(home.path(), 3);
        let whole = std::fs::read(beside(&file)).unwrap();
        let sound = of(&whole);
        assert_eq!(
            (sound.commits, sound.taken, &sound.flipped[..], sound.damage),
            (3, whole.len() as u64, &[][..], None)
        );
        let heads = (0..HEAD).chain((HEAD..whole.len()).filter(|it| (it - HEAD) % FRAMES < FRAME));
        let bodies = (HEAD..whole.len()).step_by(41);
        let (mut mended, mut known) = (0, 0);
        for place in heads.chain(bodies) {
            for mask in [1_u8, 16, 128] {
                let mut changed = whole.clone();
                changed[place] ^= mask;
                let log = of(&changed);
                let expected = Log { flipped: vec![Flip { place: place as u64, mask }], ..sound.clone() };
                if log.damage.is_none() {
                    assert_eq!(log, expected, "bit {mask} of octet {place}");
                    mended += 1;
                } else {
                    // The high bits of words are told apart from a torn end, but not from each other.
                    assert_eq!(log.flipped, [], "octet {place}");
                    known += 1;
                }
            }
        }
        assert!(2 * known < mended, "{known} are known only, {mended} mended");
        let mut changed = whole.clone();
        for place in [5, HEAD + 100, HEAD + FRAMES + 10] {
            changed[place] ^= 4;
        }
        std::fs::write(beside(&file), &changed).unwrap();
        mend(&file, &of(&changed).flipped).unwrap();
        assert_eq!(std::fs::read(beside(&file)).unwrap(), whole);
    }

    #[test]
    fn commits_behind_a_damaged_frame_are_damage_and_a_torn_end_is_none() {
        let home = tempfile::tempdir().unwrap();
        let (_conn, file) = made(home.path(), 20);
        let whole = std::fs::read(beside(&file)).unwrap();
        let frames = (whole.len() - HEAD) / FRAMES;
        let commits: Vec<usize> = (0..frames).filter(|it| be(&whole, HEAD + it * FRAMES + 4) != 0).collect();
        assert_eq!(commits.len(), 20);
        let [.., before, last] = commits[..] else { panic!("{commits:?}") };
        for bad in 0..frames {
            // In the page, in the checksum, in the salts and in what says whether it is a commit.
            for places in [[200, 300, 301], [16, 18, 21], [8, 9, 14], [2, 6, 400]] {
                let mut changed = whole.clone();
                for place in places {
                    changed[HEAD + bad * FRAMES + place] ^= 0x5A;
                }
                let log = of(&changed);
                let taken = commits.iter().filter(|it| **it < bad).count() as u64;
                assert_eq!((log.commits, &log.flipped[..]), (taken, &[][..]), "frame {bad}");
                if bad < before {
                    let damage = log.damage.unwrap_or_else(|| panic!("frame {bad}, {places:?}"));
                    assert_eq!(damage.frame, bad as u64 + 1);
                    assert!((19 - taken..=21 - taken).contains(&damage.commits), "{damage:?} of {taken}");
                } else if before < bad && places[0] != 2 {
                    assert_eq!(log.damage, None, "frame {bad} may be torn");
                }
            }
        }
        // The end cut off anywhere, and its frames written in any order before the power went.
        for len in (HEAD..whole.len()).step_by(97) {
            assert_eq!(of(&whole[..len]).damage, None, "cut at {len}");
        }
        for lost in before + 1..=last {
            let mut torn = whole.clone();
            torn[HEAD + lost * FRAMES..HEAD + (lost + 1) * FRAMES].fill(0);
            assert_eq!((of(&torn).damage, of(&torn).commits), (None, 19), "without frame {lost}");
        }
        let mut headless = whole.clone();
        headless[..HEAD].fill(7);
        assert_eq!(of(&headless).damage, Some(Damage { frame: 0, commits: 0 }));
        assert_eq!(scan(&whole[..HEAD - 1]).unwrap(), None);
    }

    #[test]
    fn what_an_earlier_log_has_left_behind_is_none_of_this_one() {
        let home = tempfile::tempdir().unwrap();
        let (conn, file) = made(home.path(), 30);
        let before = std::fs::metadata(beside(&file)).unwrap().len();
        conn.execute_batch("PRAGMA wal_checkpoint(RESTART); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)")
            .unwrap();
        let octets = std::fs::read(beside(&file)).unwrap();
        assert_eq!(octets.len() as u64, before, "the engine begins at the front");
        let log = of(&octets);
        assert_eq!((log.commits, log.damage), (2, None));
        assert!(log.taken < before);
    }
}
