//! The verifications of a store, read beside a daemon that may have it open, or without one.

use crate::message::era::Eras;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::NameKind;
use crate::record::shown::Shown;
use crate::record::verification::{Converted, Verification};
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::table::{Table, name, verification};
use crate::store::sqlite::{connect, guard, reader, schema, verifications};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Verifications that are read at once.
const PAGE: usize = 1_000;

/// The statement of a page.
static PAGE_OF: LazyLock<String> = LazyLock::new(|| TABLE.select("WHERE n > ?1 AND created >= ?2 ORDER BY n LIMIT ?3"));
const TABLE: Table = verification::TABLE;

/// A store that is read.
pub struct History {
    conn: Connection,
    file: PathBuf,
    eras: Eras,
}

impl History {
    /// Opens the store in a folder, to read.
    pub fn open(directory: &Path) -> Result<Self, Fault> {
        let file = directory.join("nuncio.db");
        if !file.exists() {
            return Err(Fault::NoStore { file });
        }
        guard::refuse_stump(&file)?;
        let engine = |source| Fault::Engine { file: file.clone(), source };
        let conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE, 16).map_err(engine)?;
        if schema::format(&conn, &file)? != schema::FORMAT {
            return Err(Fault::Older { file });
        }
        let eras = reader::marks(&conn).map_err(|it| it.of(&file))?.eras;
        Ok(Self { conn, file, eras })
    }

    /// The number of a name; `None` where no daemon has used it here.
    pub fn number(&self, kind: NameKind, text: &str) -> Result<Option<u16>, Fault> {
        name::find(&self.conn, kind, text).map_err(|it| it.of(&self.file))
    }

    /// Whether a number was verified within a time, by whichever app.
    pub fn was_verified(&self, to: E164, within: (Time, Time)) -> Result<bool, Fault> {
        verifications::was_verified(&self.conn, to, within).map_err(|it| it.of(&self.file))
    }

    /// How many verifications ended well, by app and country.
    pub fn converted(&self) -> Result<Vec<Converted>, Fault> {
        verifications::converted(&self.conn).map_err(|it| it.of(&self.file))
    }

    /// Every verification that was begun since then, in the order of their begin, with times as the wall had them.
    pub fn verifications(&self, since: Time, mut each: impl FnMut(Verification)) -> Result<(), Fault> {
        let trouble = |it: crate::store::sqlite::fault::Trouble| it.of(&self.file);
        let mut after = 0;
        loop {
            let asked = (after, since.0.cast_signed(), PAGE as i64);
            let mut statement = self.conn.prepare_cached(&PAGE_OF).map_err(|it| trouble(it.into()))?;
            let page = reader::all(&mut statement, asked, verification::read).map_err(trouble)?;
            let read = page.len();
            for it in page {
                after = it.id.n.cast_signed();
                each(it.shown(&self.eras));
            }
            if read < PAGE {
                return Ok(());
            }
        }
    }
}
