//! `name`: numbers of accounts and carriers, which are given out once and for ever, and the key of the veil. The key is
//! the kind with the number. No seal: a name that is another is one that nobody knows.

use crate::record::contract::NameKind;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::Table;
use rusqlite::{Connection, OptionalExtension};

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "name", columns: "kind, id, text", key: "id", steps: &[(1, CREATE)] };

const CREATE: &str = "
CREATE TABLE name (
    kind TEXT NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, id), UNIQUE (kind, text)
) STRICT, WITHOUT ROWID;
";

/// The number of a name; the next one if it has none yet.
pub(in crate::store::sqlite) fn intern(conn: &Connection, kind: NameKind, name: &str) -> Result<u16, Trouble> {
    if let Some(id) = find(conn, kind, name)? {
        return Ok(id);
    }
    let kind = kind.word();
    let last: Option<u16> = conn.query_row("SELECT max(id) FROM name WHERE kind = ?1", [kind], |row| row.get(0))?;
    let id = last.unwrap_or(0).checked_add(1).ok_or(Trouble::NamesSpent)?;
    conn.execute("INSERT INTO name (kind, id, text) VALUES (?1, ?2, ?3)", (kind, id, name))?;
    Ok(id)
}

/// The number of a name, if it has one.
pub(in crate::store::sqlite) fn find(conn: &Connection, kind: NameKind, name: &str) -> Result<Option<u16>, Trouble> {
    let find = "SELECT id FROM name WHERE kind = ?1 AND text = ?2";
    Ok(conn.prepare_cached(find)?.query_row((kind.word(), name), |row| row.get(0)).optional()?)
}

/// The name of a number.
pub(in crate::store::sqlite) fn of(conn: &Connection, kind: NameKind, id: u16) -> Result<Option<String>, Trouble> {
    let find = "SELECT text FROM name WHERE kind = ?1 AND id = ?2";
    Ok(conn.query_row(find, (kind.word(), id), |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    #[test]
    fn a_name_is_kept_by_its_kind_and_number() {
        let conn = Connection::open_in_memory().expect("a database in memory");
        schema::migrate(&conn, std::path::Path::new("memory")).expect("the tables");
        let names = [(NameKind::Account, "red"), (NameKind::Carrier, "blue"), (NameKind::Carrier, "red")];
        let numbers = names.map(|(kind, name)| intern(&conn, kind, name).expect("a number"));
        assert_eq!(numbers, [1, 1, 2]);
        for ((kind, name), id) in names.into_iter().zip(numbers) {
            assert_eq!(of(&conn, kind, id).expect("an answer").as_deref(), Some(name));
        }
        assert_eq!(of(&conn, NameKind::Account, 2).expect("an answer"), None);
    }
}
