//! `operate`: what operators have ordered. The key is its place in the log; the newest of a target and aspect says what
//! stands, and is found over an index of them.

use crate::message::id::{AccountId, RouteId};
use crate::record::action::{Action, Deed, Target};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "operate",
    columns: "n, at, actor, deed, detail, target, aspect, reason, until, by_name, seal",
    key: "n",
    steps: &[(3, CREATE), (4, BY)],
};

const CREATE: &str = "
CREATE TABLE operate (
    n INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor INTEGER NOT NULL, deed INTEGER NOT NULL,
    detail INTEGER NOT NULL, target INTEGER NOT NULL, aspect INTEGER NOT NULL, reason TEXT NOT NULL,
    until INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX operate_newest ON operate (target, aspect, n);
";

/// What the account of who ordered it was called.
const BY: &str = "ALTER TABLE operate ADD COLUMN by_name TEXT;";

pub(in crate::store::sqlite) fn write(action: &Action) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(action.n);
    row.time(action.at);
    row.int(action.actor.0.into());
    row.int(action.deed.number().into());
    row.bits(action.deed.detail());
    row.bits(action.target.number());
    row.int(action.deed.aspect().number().into());
    row.text(&action.reason);
    row.time(action.until);
    row.later_text(Some(&*action.by).filter(|it| !it.is_empty()));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Action, Trouble> {
    let mut row = RowReader::new(row);
    let (n, at, actor) = (row.bits(), row.time(), AccountId(row.small()));
    let deed = Deed::from_numbers(row.small(), row.bits());
    let target = row.get(Target::Route(RouteId(0)), |it| Target::from_number(it.cast_unsigned()));
    let aspect = row.small::<u8>();
    row.must(deed.is_some_and(|it| it.aspect().number() == aspect));
    let deed = deed.unwrap_or(Deed::Resume);
    let mut action = Action { n, at, actor, by: "".into(), deed, target, reason: row.text(), until: row.time() };
    if !row.is_of_before() {
        action.by = row.text();
    }
    row.sealed(TABLE.name, n, action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::CarrierId;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_an_action_is_kept() {
        let full = Action {
            n: 2,
            at: Time(3),
            actor: AccountId(4),
            by: "ops".into(),
            deed: Deed::Move { to: Some(CarrierId(5)), route: Some(RouteId(6)) },
            target: Target::Carrier(CarrierId(7)),
            reason: "λ".into(),
            until: Time(8),
        };
        let row = "n=2 at=3 actor=4 deed=6 detail=21474836486 target=4294967303 aspect=0 reason='λ' until=8 \
            seal=174320565 by_name='ops'";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let bare = Action { by: "".into(), deed: Deed::Drain, reason: "".into(), until: Time::NEVER, ..full };
        let row = "n=2 at=3 actor=4 deed=2 detail=0 target=4294967303 aspect=1 reason='' until=0 seal=-1971284191";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
