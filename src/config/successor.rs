//! Files that take the place of others in one step, or of nobody: half of one is never there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// A file that is to take the place of another.
pub(super) struct Successor {
    path: PathBuf,
    file: File,
}

impl Successor {
    /// Readable for whom the other is: there are passwords and keys in such files.
    pub(super) fn of(other: &Path, text: &str) -> io::Result<Self> {
        let old = fs::metadata(other)?;
        let mut draft = Self::begin(other, old.mode() & 0o7777)?;
        // Only root gives files away: who is not writes its own.
        _ = fchown(&draft.file, Some(old.uid()), Some(old.gid()));
        draft.file.set_permissions(old.permissions())?;
        draft.write(text)?;
        Ok(draft)
    }

    /// The first of its name, for whom its `mode` says.
    pub(super) fn of_nobody(path: &Path, mode: u32, text: &str) -> io::Result<Self> {
        let mut draft = Self::begin(path, mode)?;
        draft.write(text)?;
        Ok(draft)
    }

    fn begin(other: &Path, mode: u32) -> io::Result<Self> {
        let name = other.file_name().unwrap_or_default().to_string_lossy();
        let path = other.with_file_name(format!(".{name}.{}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        Ok(Self { path, file })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()
    }

    /// Where it is as yet.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the place of the other.
    pub(super) fn take_place(self, of: &Path) -> io::Result<()> {
        fs::rename(&self.path, of)?;
        sync_folder_of(of)
    }

    /// Takes a place at which nothing is; an error of the kind `AlreadyExists` where something is.
    pub(super) fn take_free_place(self, at: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, at)?;
        sync_folder_of(at)
    }
}

/// What did not take its place is nobody's, and what took a free one has another name.
impl Drop for Successor {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.path);
    }
}

fn sync_folder_of(file: &Path) -> io::Result<()> {
    File::open(file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}
