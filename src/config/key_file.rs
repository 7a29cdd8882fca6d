//! The file of the keys of one-time codes: read where it is named, made by `nuncio keys new`, rotated by `nuncio keys
//! rotate`. Its form is that of [`key_ring`](crate::verify::key_ring).

use crate::config::successor::Successor;
use crate::message::hidden::KeyId;
use crate::verify::key_ring::{BadRing, KEY_OCTETS, KeyRing, RingKey};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

const HEAD: &str = "# Keys of one-time codes: their numbers, when they were made, and 32 octets. Whoever has them and the store \
    can say every code.\n";
/// Who may read it: its owner alone, and nobody writes it but by a new file in its place.
const MODE: u32 = 0o400;

/// Why a file of keys is not read, made or rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there, or may not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// It is there, and would be lost.
    #[error("{0} is there already: its codes would be lost; `nuncio keys rotate` adds a key to it")]
    Exists(PathBuf),
    /// A line is no key. What stands in it is not said.
    #[error("line {0} is no key: NUMBER, TIME by RFC 3339 and 64 hexadecimal digits, as `nuncio keys new` writes them")]
    Line(usize),
    /// The keys are no ring.
    #[error(transparent)]
    Ring(#[from] BadRing),
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Dice(getrandom::Error),
}

/// The keys of a text.
pub fn parse(text: &str) -> Result<KeyRing, KeyFileError> {
    let mut keys = Vec::new();
    for (at, line) in (1..).zip(text.lines().map(str::trim)) {
        if !line.is_empty() && !line.starts_with('#') {
            keys.push(key(line).ok_or(KeyFileError::Line(at))?);
        }
    }
    Ok(KeyRing::new(keys)?)
}

fn key(line: &str) -> Option<RingKey> {
    let mut words = line.split_ascii_whitespace();
    let (number, made, digits) = (words.next()?, words.next()?, words.next().filter(|it| it.len() == 2 * KEY_OCTETS)?);
    let mut octets = Zeroizing::new([0; KEY_OCTETS]);
    hex::decode_to_slice(digits, &mut *octets).ok()?;
    let made = u64::try_from(OffsetDateTime::parse(made, &Rfc3339).ok()?.unix_timestamp()).ok()?;
    let id = number.parse().ok().filter(|it| *it != 0)?;
    words.next().is_none().then(|| RingKey::new(KeyId(id), made, octets))
}

/// Makes a file with one key.
pub fn make(file: &Path) -> Result<String, KeyFileError> {
    // A ring that takes the place of another has other numbers: what was made with the other is known to be lost.
    let mut chance = [0; 4];
    getrandom::fill(&mut chance).map_err(KeyFileError::Dice)?;
    let ring = KeyRing::new(vec![fresh((u32::from_be_bytes(chance) >> 2) + 1)?])?;
    let fault = |it: io::Error| match it.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(file.to_owned()),
        _ => KeyFileError::File(file.to_owned(), it),
    };
    let made = Successor::of_nobody(file, MODE, &text(&ring)?).and_then(|it| it.take_free_place(file));
    made.map_err(fault)?;
    Ok(format!("{}: a key was made. Name it in the configuration:\n\n[keys]\nring_file = {file:?}", file.display()))
}

/// Adds a key to a file, and takes those out of which no code lives any more.
pub fn rotate(file: &Path) -> Result<String, KeyFileError> {
    let fault = |it| KeyFileError::File(file.to_owned(), it);
    let ring = parse(&Zeroizing::new(fs::read_to_string(file).map_err(fault)?))?;
    let id = ring.newest().id.0.checked_add(1).ok_or(BadRing::Order)?;
    let rotated = ring.rotated(fresh(id)?);
    Successor::of(file, &text(&rotated)?).and_then(|it| it.take_place(file)).map_err(fault)?;
    let kept: Vec<String> = rotated.keys().iter().map(|it| it.id.0.to_string()).collect();
    Ok(format!(
        "{}: key {id} is used for what begins once the gateway has read it again (systemctl reload nuncio, or SIGHUP); \
         there are keys {}",
        file.display(),
        kept.join(", ")
    ))
}

/// The text of a file.
fn text(ring: &KeyRing) -> Result<Zeroizing<String>, KeyFileError> {
    let mut text = Zeroizing::new(HEAD.to_owned());
    for key in ring.keys() {
        let made =
            OffsetDateTime::from_unix_timestamp(key.made.cast_signed()).ok().and_then(|it| it.format(&Rfc3339).ok());
        let (made, digits) = (made.ok_or(BadRing::Time)?, Zeroizing::new(hex::encode(key.octets())));
        writeln!(text, "{} {made} {}", key.id.0, &*digits).expect("a string takes all");
    }
    Ok(text)
}

fn fresh(id: u32) -> Result<RingKey, KeyFileError> {
    let mut octets = Zeroizing::new([0; KEY_OCTETS]);
    getrandom::fill(&mut *octets).map_err(KeyFileError::Dice)?;
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
    Ok(RingKey::new(KeyId(id), now, octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_ring_is_made_once_and_rotated_as_often_as_one_likes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        make(&file).expect("it is made");
        assert!(matches!(make(&file), Err(KeyFileError::Exists(_))));
        let read = || parse(&fs::read_to_string(&file).expect("a file")).expect("a ring");
        let first = read();
        let said = rotate(&file).expect("it is rotated");
        let (id, second) = (first.newest().id.0, read());
        assert!(said.ends_with(&format!("there are keys {id}, {}", id + 1)), "{said}");
        assert_eq!((second.keys().len(), &second.keys()[0]), (2, first.newest()));
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(!said.contains(&hex::encode(second.newest().octets())));
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line_and_not_said() {
        let good = format!("1 2026-11-28T09:00:00Z {}", "ab".repeat(32));
        assert_eq!(parse(&format!("# keys\n\n  {good}  \n")).map(|it| it.newest().made).ok(), Some(1_795_856_400));
        let bad = [
            good.replace("1 2", "0 2"),
            good.replace("1 2", "x 2"),
            good.replace("Z", ""),
            good[..good.len() - 2].to_owned(),
            good.replace("abab", "abag"),
            format!("{good} more"),
        ];
        for line in bad {
            let error = parse(&format!("{good}\n{line}")).expect_err("it is no key");
            assert!(matches!(error, KeyFileError::Line(2)), "{error}");
            assert!(!error.to_string().contains("abab"), "{error}");
        }
        assert!(matches!(parse("# nothing"), Err(KeyFileError::Ring(BadRing::Empty))));
    }
}
