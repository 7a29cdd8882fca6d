//! `message_parts`: a view for operators, in which the most useful of the numbers are words.

use crate::store::sqlite::table::Steps;

pub(in crate::store::sqlite) const STEPS: Steps = &[(4, CREATE)];

/// Of the view of before nothing is kept.
const CREATE: &str = "
DROP VIEW IF EXISTS message_parts;
CREATE VIEW message_parts AS
    SELECT p.id / 16 AS seq, p.id % 16 AS part_index, b.order_id,
        (SELECT text FROM name WHERE kind = 'account' AND name.id = b.account) AS account, b.route,
        b.source, b.destination, b.client_ref,
        CASE p.phase WHEN 0 THEN 'queued' WHEN 1 THEN 'intended' WHEN 2 THEN 'doubtful' WHEN 3 THEN 'sent'
            WHEN 4 THEN 'delivered' WHEN 5 THEN 'failed' WHEN 6 THEN 'expired' WHEN 7 THEN 'unknown'
            ELSE 'cancelled' END AS phase,
        p.number AS attempt,
        (SELECT text FROM name WHERE kind = 'carrier' AND name.id = p.carrier) AS carrier, p.bind,
        p.carrier_message_id, p.command_status, p.receipt_raw, p.receipt_error,
        datetime(b.created / 1000, 'unixepoch') AS created,
        CASE WHEN p.due > 0 THEN datetime(p.due / 1000, 'unixepoch') END AS due,
        datetime(p.intended_at / 1000, 'unixepoch') AS intended_at,
        CASE WHEN p.written_at > 0 THEN datetime(p.written_at / 1000, 'unixepoch') END AS written_at,
        CASE WHEN p.answered_at > 0 THEN datetime(p.answered_at / 1000, 'unixepoch') END AS answered_at,
        CASE WHEN p.done_at > 0 THEN datetime(p.done_at / 1000, 'unixepoch') END AS done_at
    FROM part p JOIN body b ON b.seq = p.id / 16;
";

#[cfg(test)]
mod tests {
    use crate::message::body::tests::body;
    use crate::message::id::{LaneId, PartKey};
    use crate::message::part::Part;
    use crate::message::phase::Phase;
    use crate::message::time::Time;
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::store::sqlite::{Durability, Sqlite};
    use std::sync::Arc;

    #[test]
    fn the_view_has_the_word_of_every_phase() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
        let body = Arc::new(body("text", None));
        let part = |(index, phase): (u8, Phase)| {
            Part::new(PartKey::new(body.seq(), index), LaneId(1), Time(9)).with_phase(phase)
        };
        let new_parts = (0..).zip(Phase::ALL).map(part).collect();
        store.commit(&Batch { bodies: vec![body.clone()], new_parts, ..Batch::default() }).expect("it is written");
        let mut words =
            store.writer.prepare("SELECT phase FROM message_parts ORDER BY part_index").expect("a question");
        let words: Result<Vec<String>, _> = words.query_map([], |row| row.get(0)).expect("an answer").collect();
        assert_eq!(words.expect("words"), Phase::ALL.map(|it| format!("{it:?}").to_lowercase()));
    }
}
