//! The file of records: lines are appended whole and kept by the disk, or are not there.

use std::collections::HashSet;
use std::fs::{self, File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{self, Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How each line begins: a file with something else in it is not ours.
const BEGIN: &[u8] = b"{\"id\":\"";
/// What is read of the end of a file: more than one step of the writer.
const TAIL: u64 = 8 << 20;
/// Files that were moved away and are looked at, the youngest first.
const MOVED: usize = 2;
/// Packed files have no end to look at.
const PACKED: [&str; 5] = [".gz", ".xz", ".zst", ".bz2", ".zip"];

/// A file that is open to be written. It is of one process at a time.
#[derive(Debug)]
pub struct CdrFile {
    file: File,
    path: PathBuf,
    /// Not a device.
    is_regular: bool,
    id: (u64, u64),
}

/// Whether a file that is there can be written and is ours; [`ErrorKind::NotFound`] where there is none.
pub fn look_at(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    usable(found.file_type())?;
    OpenOptions::new().append(true).open(path)?;
    if found.is_file() { begins(&mut File::open(path)?) } else { Ok(()) }
}

fn usable(it: FileType) -> io::Result<()> {
    let why = match it {
        _ if it.is_dir() => "it is a folder",
        _ if it.is_file() || it.is_char_device() => return Ok(()),
        _ => "it is neither a file nor a device",
    };
    Err(Error::new(ErrorKind::InvalidInput, why))
}

fn begins(file: &mut File) -> io::Result<()> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(BEGIN.len() as u64).read_to_end(&mut head)?;
    if BEGIN.starts_with(&head) { Ok(()) } else { Err(foreign()) }
}

fn foreign() -> Error {
    Error::new(ErrorKind::InvalidData, "it has something else in it than records of charge")
}

fn identity(it: &Metadata) -> (u64, u64) {
    (it.dev(), it.ino())
}

impl CdrFile {
    /// Opens it, or makes it for its owner alone. A line at its end that a crash has torn is cut off. Beside it stand
    /// the ids of the lines at its end; of those that were moved away where it has none.
    pub fn open(path: &Path) -> io::Result<(Self, HashSet<Box<str>>)> {
        match fs::metadata(path) {
            Ok(it) => usable(it.file_type())?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let found = file.metadata()?;
        let is_regular = found.is_file();
        let mut ids = HashSet::new();
        if is_regular {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(ErrorKind::ResourceBusy, "another process writes to it"));
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(()) => {}
            }
            begins(&mut file)?;
            ids = mend(&mut file)?;
            if ids.is_empty() {
                // The name of a new file has to outlive a loss of power, too.
                File::open(folder(path))?.sync_all()?;
                ids = moved(path)?;
            }
        }
        Ok((Self { file, path: path.to_owned(), is_regular, id: identity(&found) }, ids))
    }

    /// Whether it is the one that stands at its path, and has not been moved away.
    pub fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|it| identity(&it) == self.id)
    }

    /// Whether it was removed: what is written to it then is seen by nobody.
    pub fn is_removed(&self) -> bool {
        self.file.metadata().is_ok_and(|it| it.nlink() == 0)
    }

    /// Appends whole lines and has the disk keep them. Where that fails the file is as long as before, if the disk lets
    /// it be.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let done =
            self.file.write_all(lines).and_then(|()| if self.is_regular { self.file.sync_data() } else { Ok(()) });
        if done.is_err() && self.is_regular {
            // What cannot be cut off now is cut off, or known again, when it is opened the next time.
            _ = self.file.set_len(before);
        }
        done
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Cuts off a torn line; the ids of the lines before it.
fn mend(file: &mut File) -> io::Result<HashSet<Box<str>>> {
    let length = file.metadata()?.len();
    let tail = tail(file, length)?;
    let whole = tail.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
    let torn = &tail[whole..];
    if !torn.is_empty() {
        let is_line = BEGIN.starts_with(&torn[..torn.len().min(BEGIN.len())]);
        let begins = whole != 0 || tail.len() as u64 == length;
        // A loss of power can leave room that was never written.
        if !begins || !(is_line || torn.iter().all(|it| *it == 0)) {
            return Err(foreign());
        }
        file.set_len(length - torn.len() as u64)?;
        file.sync_data()?;
    }
    Ok(ids(&tail[..whole]))
}

fn tail(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}

fn ids(lines: &[u8]) -> HashSet<Box<str>> {
    let id = |line: &[u8]| {
        let rest = line.strip_prefix(BEGIN)?;
        let end = rest.iter().position(|it| *it == b'"')?;
        // What is torn in the middle of a file is no line.
        line.ends_with(b"}").then_some(())?;
        std::str::from_utf8(&rest[..end]).ok().map(Box::from)
    };
    lines.split(|it| *it == b'\n').filter_map(id).collect()
}

/// The ids of the lines at the ends of files that were moved away: those beside it whose names go on with a point or a
/// hyphen.
fn moved(path: &Path) -> io::Result<HashSet<Box<str>>> {
    let Some(name) = path.file_name().map(|it| it.to_string_lossy().into_owned()) else { return Ok(HashSet::new()) };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder(path))? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        let is_moved = other.strip_prefix(&name).is_some_and(|it| it.starts_with(['.', '-']));
        if is_moved && !PACKED.iter().any(|it| other.ends_with(it)) {
            let about = entry.metadata()?;
            if about.is_file() {
                found.push((about.modified()?, entry.path()));
            }
        }
    }
    found.sort();
    let mut all = HashSet::new();
    for (_, path) in found.iter().rev().take(MOVED) {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        all.extend(ids(&tail(&mut file, length)?));
    }
    Ok(all)
}
