//! The key under which a store's numbers are shown, made once and kept for ever.
//!
//! It is a row of the table of names, of a kind of its own: every format has that table, versions that know nothing of
//! the key pass over the row, and a backup takes it along.
//!
//! ```text
//! kind = veil, id = 1, text = KEY.SEQ.ORDER.EVENT.SEAL     hexadecimal: 128 bits, the numbers that were next, 32 bits
//! ```
//!
//! A key that its seal rejects is not made anew: all ids that customers hold would be none any more.

use crate::message::id::{OrderId, Seq};
use crate::message::veil::{Since, Veil};
use crate::record::batch::Marks;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::seal;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

const KIND: &str = "veil";
const ID: i64 = 1;

/// The veil of a store; made, and durable, where it has none yet.
pub(super) fn of(conn: &Connection, marks: &Marks) -> Result<Veil, Trouble> {
    if let Some(veil) = read(conn)? {
        return Ok(veil);
    }
    let key = [(); 2].map(|()| getrandom::u64().expect("the operating system gives random numbers"));
    let [high, low] = key;
    let sealed = format!("{high:016x}{low:016x}.{:x}.{:x}.{:x}", marks.next_seq, marks.next_order, marks.next_event);
    let text = format!("{sealed}.{:08x}", seal_of(&sealed));
    conn.execute("INSERT INTO name (kind, id, text) VALUES (?1, ?2, ?3)", (KIND, ID, text))?;
    read(conn)?.ok_or(Trouble::Damaged("name", ID))
}

/// The veil of a store that has one.
pub(super) fn read(conn: &Connection) -> Result<Option<Veil>, Trouble> {
    let words = "SELECT text FROM name WHERE kind = ?1 AND id = ?2";
    // What is no UTF-8 any more is damaged, too.
    let text = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_bytes().map(<[u8]>::to_vec).unwrap_or_default());
    let found = conn.query_row(words, (KIND, ID), text).optional()?;
    let parsed = |text: Vec<u8>| String::from_utf8(text).ok().and_then(|it| parse(&it));
    found.map(|it| parsed(it).ok_or(Trouble::Damaged("name", ID))).transpose()
}

fn parse(text: &str) -> Option<Veil> {
    let (sealed, seal) = text.rsplit_once('.')?;
    if seal != format!("{:08x}", seal_of(sealed)) {
        return None;
    }
    let number = |it: &str| u64::from_str_radix(it, 16).ok();
    let mut fields = sealed.split('.');
    let (high, low) = fields.next()?.split_at_checked(16)?;
    let key = [number(high)?, number(low)?];
    let [seq, order, event] = [fields.next()?, fields.next()?, fields.next()?].map(number);
    Some(Veil::new(key, Since { seq: Seq(seq?), order: OrderId::from_record(order?), event: event? }))
}

fn seal_of(text: &str) -> u32 {
    seal::fold(seal::mix(seal::START, ValueRef::Text(text.as_bytes()))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::veil::Pages;
    use crate::record::batch::Batch;
    use crate::record::contract::{NameKind, Store};
    use crate::store::sqlite::fault::Fault;
    use crate::store::sqlite::{Durability, Sqlite, backup};
    use std::path::Path;

    fn open(directory: &Path) -> Sqlite {
        Sqlite::open(directory, Durability::Os).expect("the store opens")
    }

    fn marks() -> Marks {
        Marks { next_seq: 70, next_order: 60, next_event: 50, ..Marks::first() }
    }

    #[test]
    fn a_key_is_made_once_and_counts_from_what_was_next_then() {
        let directory = tempfile::tempdir().expect("a directory");
        let veil = open(directory.path()).veil();
        assert_eq!(veil.read_order(1), None);
        let mut store = open(directory.path());
        store.commit(&Batch { marks: marks(), ..Batch::default() }).expect("a commit");
        assert_eq!((store.veil(), store.readers().veil()), (veil, veil));
        drop(store);
        let mut store = open(directory.path());
        assert_eq!((store.veil(), store.recover().expect("it is sound").veil), (veil, veil), "another after a start");
        // One of before: it has no key yet.
        store.writer.execute("DELETE FROM name WHERE kind = 'veil'", []).expect("the key goes");
        drop(store);
        let later = open(directory.path()).veil();
        assert_ne!(later, veil);
        assert_eq!(later.read_order(59), Some(OrderId::from_record(59)));
        assert_eq!((later.read_order(60), later.order(OrderId::from_record(60)) == 60), (None, false));
        assert_eq!(later.read_cursor(Pages::Messages, "c1.45"), Some(69));
        assert_eq!(later.read_cursor(Pages::Messages, "c1.46"), None);
        assert_eq!(
            (later.read_cursor(Pages::Events, "c1.31"), later.read_cursor(Pages::Events, "c1.32")),
            (Some(49), None)
        );
    }

    #[test]
    fn two_stores_have_two_keys_and_a_name_is_none() {
        let directories = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let [one, other] = [&directories[0], &directories[1]].map(|it| open(it.path()).veil());
        assert_ne!(one.order(OrderId::from_record(1)), other.order(OrderId::from_record(1)));
        let mut store = open(directories[0].path());
        assert_eq!(store.intern(NameKind::Account, "veil").expect("a number"), 1, "the key has no number of a name");
    }

    #[test]
    fn a_copy_has_the_key_of_its_store_also_when_it_is_put_back() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let veil = open(from.path()).veil();
        let copy = to.path().join("copy.db");
        backup::back_up(from.path(), &copy, false).expect("a backup");
        open(to.path());
        backup::restore(&copy, to.path(), |it| it).expect("it is put back");
        assert_eq!(open(to.path()).veil(), veil);
    }

    #[test]
    fn a_damaged_key_is_refused_wherever_a_bit_of_it_changes() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = open(directory.path());
        let key: Vec<u8> = store
            .writer
            .query_row("SELECT CAST(text AS BLOB) FROM name WHERE kind = 'veil'", [], |row| row.get(0))
            .expect("the key");
        let refused = |octets: &[u8]| {
            let words = "UPDATE name SET text = CAST(?1 AS TEXT) WHERE kind = 'veil'";
            store.writer.execute(words, [octets]).expect("it is changed");
            matches!(read(&store.writer), Err(Trouble::Damaged("name", 1)))
        };
        for at in 0..key.len() * 8 {
            let mut flipped = key.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(refused(&flipped), "bit {at}");
        }
        assert!(refused(b"") && refused(b".") && !refused(&key));
        assert!(refused(&key[1..]));
        drop(store);
        let fault = Sqlite::open(directory.path(), Durability::Os).err().expect("it is refused");
        assert!(matches!(fault, Fault::Damaged { table: "name", .. }), "{fault}");
        let to = directory.path().join("copy.db");
        assert!(backup::back_up(directory.path(), &to, false).is_err(), "a copy without its key is none");
    }
}
