//! How much room there is, and how much the store takes.

use crate::store::sqlite::fault::Fault;
use std::path::Path;

/// Octets that are free for us on the file system of `path`.
pub fn free_bytes(path: &Path) -> Result<u64, Fault> {
    let stat = rustix::fs::statvfs(path).map_err(|it| Fault::Disk { file: path.to_owned(), source: it.into() })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Octets that the write-ahead log of the store in `directory` takes.
pub fn log_bytes(directory: &Path) -> Result<u64, Fault> {
    size(directory, "nuncio.db-wal")
}

/// Octets that the store in `directory` takes: the database and its WAL.
pub fn size_bytes(directory: &Path) -> Result<u64, Fault> {
    Ok(size(directory, "nuncio.db")? + log_bytes(directory)?)
}

fn size(directory: &Path, name: &str) -> Result<u64, Fault> {
    let file = directory.join(name);
    match std::fs::metadata(&file) {
        Ok(it) => Ok(it.len()),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(Fault::Disk { file, source }),
    }
}
