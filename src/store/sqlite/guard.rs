//! What stands around a store: its folder, who may read it, which process has it, its log before the engine has it, and
//! whether its files are still those that were opened.

use crate::store::sqlite::Durability;
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::told::Told;
use crate::store::sqlite::wal::{self, Log};
use rustix::process::geteuid;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// In a folder for everybody (the sticky bit) nobody's right to look is taken away.
const STICKY: u32 = 0o1000;
const OTHERS: u32 = 0o077;

/// Makes the folder if it is not there, and sees to it that nobody else reads it: numbers and texts are in it.
pub(super) fn folder(directory: &Path) -> Result<(), Fault> {
    let disk = |source| Fault::Disk { file: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(disk)?;
    let found = fs::metadata(directory).map_err(disk)?;
    if found.uid() == geteuid().as_raw() && found.mode() & OTHERS != 0 && found.mode() & STICKY == 0 {
        fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(disk)?;
    }
    Ok(())
}

/// Makes the database if it is not there, so that it is of its owner alone whatever the umask; the engine gives its log
/// the rights of the database.
pub(super) fn files(file: &Path) -> Result<(), Fault> {
    let disk = |file: &Path, source| Fault::Disk { file: file.to_owned(), source };
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    made.map_err(|source| disk(file, source))?;
    for file in [file.to_owned(), wal::beside(file), file.with_extension("db-shm"), file.with_file_name("nuncio.lock")]
    {
        match fs::metadata(&file) {
            Ok(it) if it.uid() == geteuid().as_raw() && it.mode() & OTHERS != 0 => {
                fs::set_permissions(&file, Permissions::from_mode(0o600)).map_err(|source| disk(&file, source))?;
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(disk(&file, error)),
            _ => {}
        }
    }
    Ok(())
}

/// A new file that nobody else may read: there are numbers and texts in it.
pub(super) fn private(file: &Path) -> Result<File, Fault> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.map_err(|source| Fault::Disk { file: file.to_owned(), source })
}

/// Looks at the log before the engine does: puts changed bits right, and refuses what would lose commits in silence.
pub(super) fn log(file: &Path, durability: Durability) -> Result<Vec<Told>, Fault> {
    let Some(log) = wal::read(file)? else { return Ok(Vec::new()) };
    let path = wal::beside(file);
    if fs::metadata(file).map_or(0, |it| it.len()) == 0 && (0 < log.commits || log.damage.is_some()) {
        return Err(Fault::LogAlone { file: path });
    }
    let Log { flipped, damage, .. } = log;
    let mut told = Vec::new();
    if let Some(damage) = damage {
        // Without syncs a power loss may leave any frame out: what is lost then was not promised.
        if durability == Durability::Fsync {
            return Err(Fault::LogBroken { file: path, frame: damage.frame, commits: damage.commits });
        }
        told.push(Told::LogCut { file: path.clone(), frame: damage.frame, commits: damage.commits });
    }
    if !flipped.is_empty() {
        wal::mend(file, &flipped)?;
        told.push(Told::Bits { file: path, count: flipped.len() });
    }
    Ok(told)
}

/// Keeps every other process out for as long as the file is held.
pub(super) fn lock(path: &Path) -> Result<File, Fault> {
    let disk = |source| Fault::Disk { file: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Fault::Locked { file: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(disk(source)),
    }
}

/// The engine takes a file that is shorter than its smallest page for a new one; it is what is left of an old one.
pub(super) fn refuse_stump(file: &Path) -> Result<(), Fault> {
    match std::fs::metadata(file).map(|it| it.len()) {
        Ok(1..512) => Err(Fault::Broken { file: file.to_owned(), report: "it is cut off".to_owned() }),
        _ => Ok(()),
    }
}

/// Makes the names of new files durable; the engine syncs only their contents.
pub(super) fn sync_directory(directory: &Path) -> Result<(), Fault> {
    let sync = |path: &Path| {
        File::open(path).and_then(|it| it.sync_all()).map_err(|source| Fault::Disk { file: path.to_owned(), source })
    };
    sync(directory)?;
    directory.parent().filter(|it| !it.as_os_str().is_empty()).map_or(Ok(()), sync)
}

/// The files that were opened.
pub(super) struct Guard(Vec<(PathBuf, (u64, u64))>);

impl Guard {
    /// Those of a database that is open.
    pub(super) fn of(file: &Path) -> Result<Self, Fault> {
        let mut files = Vec::new();
        for file in [file.to_owned(), wal::beside(file)] {
            match fs::metadata(&file) {
                Ok(it) => files.push((file, (it.dev(), it.ino()))),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(Fault::Disk { file, source }),
            }
        }
        Ok(Self(files))
    }

    /// Fails once a file is no longer where it was opened: what is written then is gone with the process.
    pub(super) fn holds(&self) -> Result<(), Trouble> {
        let is = |file: &Path, id| fs::metadata(file).is_ok_and(|it| (it.dev(), it.ino()) == id);
        self.0.iter().find(|(file, id)| !is(file, *id)).map_or(Ok(()), |it| Err(Trouble::Gone(it.0.clone())))
    }
}
