//! The readers of the API, against the model.

use crate::carrier::id::forms;
use crate::message::attempt::{Attempt, CarrierMessageId};
use crate::message::body::Body;
use crate::message::id::{AccountId, LaneId, MessageId, OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::phase::{End, Move};
use crate::message::status::{Status, Totals};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::{Batch, Order};
use crate::record::contract::{NameKind, Store};
use crate::record::entry::Entry;
use crate::record::money::LedgerLine;
use crate::record::views::{MessageFilter, OrderFilter, OrderView};
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::tests::model::Model;
use crate::store::tests::script::{Script, same_id};
use crate::store::tests::{live, sqlite};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A store of which nothing is known but what is on the disk.
fn sqlite_unknown(directory: &Path) -> Sqlite {
    Sqlite::open_unswept(directory, Durability::Os).expect("the store opens")
}

/// A query of some of the filters.
fn query(script: &mut Script, model: &Model) -> MessageFilter {
    let mut one_in = |of: u64| script.below(of) == 0;
    let (status, to, order, route) = (one_in(2), one_in(4), one_in(6), one_in(4));
    let (reference, since, until, account, named) = (one_in(5), one_in(4), one_in(4), one_in(2), one_in(4));
    let created: Vec<Time> = model.entries.values().map(|it| it.body.created).collect();
    let mut time =
        |wanted: bool| wanted.then(|| Time(created[script.below(created.len() as u64) as usize].0 + script.below(2)));
    let (since, until) = (time(since), time(until));
    let ids: Vec<CarrierMessageId> =
        model.entries.values().flat_map(attempts).filter_map(|it| it.carrier_message_id.clone()).collect();
    MessageFilter {
        account: account.then(|| AccountId(script.below(3) as u16 + 1)),
        status: status.then(|| Status::ALL[script.below(7) as usize]),
        to: to.then(|| E164(31_600_000_000 + script.below(20))),
        order: order.then(|| OrderId::from_record(script.below(model.marks.next_order + 1))),
        route: route.then(|| RouteId(script.below(2) as u32 + 1)),
        client_ref: reference.then(|| format!("ref-{}", script.below(5)).into()),
        carrier_message_id: named.then(|| ids[script.below(ids.len() as u64) as usize].clone()),
        since,
        until,
        before: None,
        limit: 1 + script.below(20) as usize,
    }
}

fn attempts(entry: &Entry) -> impl Iterator<Item = &Attempt> {
    entry.parts.iter().filter_map(|it| it.attempt.as_ref()).chain(entry.past.iter().map(|it| &it.attempt))
}

fn wanted(query: &MessageFilter, model: &Model) -> Vec<Entry> {
    let named = |it: &Entry, id: &CarrierMessageId| {
        let forms = forms(id);
        attempts(it).filter_map(|it| it.carrier_message_id.as_ref()).any(|it| forms.iter().any(|form| form.fits(it)))
    };
    let fits = |it: &&Entry| {
        query.account.is_none_or(|a| a == it.body.account)
            && query.status.is_none_or(|a| a == it.status())
            && query.to.is_none_or(|a| a == it.body.destination)
            && query.order.is_none_or(|a| a == it.body.order)
            && query.route.is_none_or(|a| a == it.body.route)
            && query.client_ref.as_ref().is_none_or(|a| Some(a) == it.body.client_ref.as_ref())
            && query.carrier_message_id.as_ref().is_none_or(|a| named(it, a))
            && query.since.is_none_or(|a| a <= it.body.created)
            && query.until.is_none_or(|a| it.body.created < a)
    };
    model.entries.values().rev().filter(fits).cloned().collect()
}

/// Everything that a query asks for, page after page, none of them empty while there is more.
pub(super) fn listed(readers: &Readers, mut query: MessageFilter) -> Vec<Entry> {
    let mut told = Vec::new();
    loop {
        let page = readers.list(&query).expect("a page");
        assert!(page.entries.len() <= query.limit);
        assert!(page.next.is_none() || !page.entries.is_empty(), "an empty page with a next one: {query:?}");
        told.extend(page.entries);
        match page.next {
            Some(next) => query.before = Some(next),
            None => return told,
        }
    }
}

/// Asks for many things; says how much was found.
fn ask_for_much(readers: &Readers, model: &Model, script: &mut Script) -> usize {
    let mut found = 0;
    for _ in 0..400 {
        let query = query(script, model);
        let told = listed(readers, query.clone());
        found += told.len();
        assert_eq!(told, wanted(&query, model), "{query:?}");
    }
    found
}

#[test]
fn lists_are_what_the_model_lists_page_after_page_known_or_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    for name in ["red", "blue"] {
        store.intern(NameKind::Carrier, name).expect("a number");
    }
    let (model, mut script) = live(&mut store, 11, 90);
    let found = ask_for_much(&store.readers(), &model, &mut script);
    assert!(1_000 < found, "the queries find something: {found}");
    drop(store);
    // Of what is older than the process nothing is known at first; then all of it.
    let mut store = sqlite_unknown(directory.path());
    ask_for_much(&store.readers(), &model, &mut script);
    assert!(!store.sweep(Duration::MAX).expect("it sweeps").more);
    ask_for_much(&store.readers(), &model, &mut script);
}

#[test]
fn messages_and_orders_are_what_the_model_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, _) = live(&mut store, 12, 60);
    let readers = store.readers();
    for entry in model.entries.values() {
        let id = entry.body.id;
        assert_eq!(readers.message(id).expect("an answer").as_ref(), Some(entry));
        let guessed = MessageId { token: id.token ^ 1, ..id };
        assert_eq!(readers.message(guessed).expect("an answer"), None, "who guesses a seq learns nothing");
    }
    for order in (0..model.marks.next_order + 1).map(OrderId::from_record) {
        let entries = model.order(order);
        let view = entries.first().map(|first| {
            let mut totals = Totals::default();
            entries.iter().for_each(|it| totals.add(it.status()));
            let price = entries.iter().map(|it| it.body.price).try_fold(Money(0), |sum, it| it.map(|it| sum + it));
            let body = &first.body;
            OrderView { id: order, account: body.account, route: body.route, totals, price, created: body.created }
        });
        assert_eq!(readers.order(order).expect("an answer"), view);
        assert_eq!(readers.order_messages(order, &[], None, 1_000).expect("an answer"), entries);
        let after = Some(Seq(entries.first().map_or(0, |it| it.body.seq().0)));
        let rest: Vec<Entry> = entries.into_iter().skip(1).take(2).collect();
        assert_eq!(readers.order_messages(order, &[], after, 2).expect("an answer"), rest);
        for status in Status::ALL {
            let of_status = |it: &&Entry| it.status() == status;
            let wanted: Vec<Entry> = model.order(order).iter().filter(of_status).cloned().collect();
            assert_eq!(readers.order_messages(order, &[status], None, 1_000).expect("an answer"), wanted);
        }
    }
}

#[test]
fn orders_are_listed_newest_first_page_after_page_with_what_became_of_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, _) = live(&mut store, 12, 60);
    let readers = store.readers();
    let mut listed = 0;
    for account in (0..4).map(AccountId) {
        let of_account = |it: &OrderId| model.order(*it).first().is_some_and(|it| it.body.account == account);
        let orders = (0..model.marks.next_order).rev().map(OrderId::from_record).filter(of_account);
        let expected: Vec<OrderView> =
            orders.map(|it| readers.order(it).expect("an answer").expect("it has messages")).collect();
        let (mut told, mut before) = (Vec::new(), None);
        loop {
            let filter = OrderFilter { account, route: None, since: None, until: None, before, limit: 3 };
            let (page, next) = readers.orders(&filter).expect("a page");
            assert!(page.len() <= 3);
            told.extend(page);
            before = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(told, expected, "{account:?}");
        listed += told.len();
    }
    assert!(20 < listed, "{listed}");
}

#[test]
fn actions_are_listed_newest_first_page_after_page_until_they_are_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, _) = live(&mut store, 5, 40);
    let readers = store.readers();
    let (mut before, mut found) = (u64::MAX, Vec::new());
    loop {
        let page = readers.actions(before, 7).expect("a page");
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        before = last.n;
        found.extend(page);
    }
    assert!(20 < found.len());
    assert_eq!(found, model.actions.values().rev().cloned().collect::<Vec<_>>());
}

#[test]
fn the_ledger_is_what_the_model_holds_page_after_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, _) = live(&mut store, 14, 60);
    let readers = store.readers();
    for account in (0..4).map(AccountId) {
        let has = model.balances.get(&account).copied().unwrap_or_default();
        assert_eq!(readers.balance(account).expect("an answer"), has);
        let all: Vec<&LedgerLine> = model.ledger.iter().filter(|it| it.account == account).collect();
        let (mut told, mut before) = (Vec::new(), u64::MAX);
        loop {
            let page = readers.ledger(account, before, 3).expect("a page");
            let Some(last) = page.last() else { break };
            before = last.n;
            told.extend(page);
        }
        assert!(told.iter().rev().eq(all), "{account:?}");
    }
    for line in model.ledger.iter().filter(|it| it.seq.is_some()) {
        let order = line.order.expect("only a message of an order has a seq");
        assert_eq!(readers.ledger_line(order, line.seq).expect("an answer").as_ref(), Some(line));
        assert_eq!(readers.ledger_line(order, Some(Seq(u64::MAX >> 1))).expect("an answer"), None);
    }
}

#[test]
fn nobody_is_told_of_an_order_that_is_arriving() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let mut batch = same_id(3);
    let order = batch.bodies[0].order;
    let row = Order { id: order, account: AccountId(1), first: Seq(1), count: 2, created: Time(1), arriving: true };
    batch.bodies[1] = Arc::new(Body { order, ..(*batch.bodies[1]).clone() });
    batch.orders.push(row.clone());
    store.commit(&batch).expect("the first slice goes through");
    let readers = store.readers();
    let seen = || -> Vec<Seq> {
        let all = MessageFilter { limit: 10, ..MessageFilter::default() };
        listed(&readers, all).iter().map(|it| it.body.seq()).collect()
    };
    assert_eq!((seen(), readers.order(order).expect("an answer")), (vec![Seq(3)], None));
    assert_eq!(readers.order_messages(order, &[], None, 10).expect("an answer"), []);
    let whole = Batch { orders: vec![Order { arriving: false, ..row }], marks: batch.marks, ..Batch::default() };
    store.commit(&whole).expect("the last slice goes through");
    assert_eq!(seen(), [Seq(3), Seq(2), Seq(1)]);
    assert_eq!(readers.order(order).expect("an answer").map(|it| it.totals.total()), Some(2));
    store.recover().expect("it recovers");
    assert_eq!(seen(), [Seq(3), Seq(2), Seq(1)], "what is there whole is not removed");
}

#[test]
fn the_writer_may_move_to_its_thread_and_readers_are_shared() {
    const fn sends<T: Send>() {}
    const fn shares<T: Send + Sync + Clone>() {}
    sends::<crate::store::sqlite::Sqlite>();
    shares::<crate::store::sqlite::readers::Readers>();
}

/// Many messages of two accounts by turns, each in parts of a segment; the last of the first account to a number of its
/// own.
fn many(count: u64) -> Batch {
    let mut batch = same_id(count);
    for body in &mut batch.bodies {
        let seq = body.seq().0;
        let client_ref = seq.is_multiple_of(1_000).then(|| format!("ref-{seq}").into());
        let destination = if seq == 7 { E164(31_612_345_678) } else { E164(4_400_000_000 + seq) };
        let account = AccountId(1 + u16::from(seq % 64 != 7));
        *body = Arc::new(Body { destination, account, client_ref, ..(**body).clone() });
    }
    for part in &mut batch.new_parts {
        let seq = part.key.seq().0;
        part.lane = LaneId::new(RouteId(1), AccountId(1 + u16::from(seq % 64 != 7)), 0, 0);
        if seq % 2 == 0 {
            part.step(Move::End(End::Failed)).expect("it was sent");
        }
    }
    batch
}

#[test]
fn what_is_rare_among_many_is_on_the_first_page_before_and_after_the_index_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    store.intern(NameKind::Carrier, "red").expect("a number");
    // Three segments, the last of them not full.
    store.commit(&many(2 * 65_536 + 5_000)).expect("the commit goes through");
    let first = |store: &Sqlite, query: MessageFilter| -> Vec<u64> {
        let page = store.readers().list(&MessageFilter { limit: 2, ..query }).expect("a page");
        page.entries.iter().map(|it| it.body.seq().0).collect()
    };
    let check = |store: &Sqlite| {
        let number = Some(E164(31_612_345_678));
        assert_eq!(first(store, MessageFilter { to: number, ..MessageFilter::default() }), [7]);
        let (account, status) = (Some(AccountId(1)), Some(Status::Sent));
        assert_eq!(first(store, MessageFilter { to: number, account, status, ..MessageFilter::default() }), [7]);
        assert_eq!(
            first(store, MessageFilter { to: number, account: Some(AccountId(2)), ..MessageFilter::default() }),
            [0_u64; 0]
        );
        let reference = |seq: u64| Some(format!("ref-{seq}").into());
        assert_eq!(first(store, MessageFilter { client_ref: reference(70_000), ..MessageFilter::default() }), [70_000]);
        assert_eq!(
            first(store, MessageFilter { client_ref: reference(136_000), ..MessageFilter::default() }),
            [136_000]
        );
        // None of the first account's ever failed, and every other of the second's did.
        let failed = Some(Status::Failed);
        assert_eq!(first(store, MessageFilter { account, status: failed, ..MessageFilter::default() }), [0_u64; 0]);
        let newest =
            first(store, MessageFilter { account: Some(AccountId(2)), status: failed, ..MessageFilter::default() });
        assert_eq!(newest, [136_072, 136_070]);
        let named = Some(CarrierMessageId::new("0").expect("it is an id"));
        assert_eq!(
            first(store, MessageFilter { carrier_message_id: named.clone(), ..MessageFilter::default() }),
            [136_072, 136_071]
        );
        let of_first = MessageFilter { carrier_message_id: named, account, ..MessageFilter::default() };
        assert_eq!(first(store, of_first), [136_071, 136_007]);
    };
    check(&store);
    assert_eq!(rows(directory.path()), 256, "one segment goes to the disk with each commit, here the first");
    assert!(!store.sweep(Duration::MAX).expect("it sweeps").more);
    assert_eq!(rows(directory.path()), 2 * 256);
    check(&store);
    drop(store);
    let mut store = sqlite_unknown(directory.path());
    check(&store);
    assert!(!store.sweep(Duration::MAX).expect("it sweeps").more);
    check(&store);
}

/// Rows of the index on the disk.
fn rows(directory: &Path) -> i64 {
    let conn = rusqlite::Connection::open(directory.join("nuncio.db")).expect("the file opens");
    conn.query_row("SELECT count(*) FROM search", [], |row| row.get(0)).expect("a count")
}

#[test]
fn an_order_that_arrives_while_its_segment_goes_to_the_disk_is_found_and_so_it_is_after_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let whole = many(65_536 + 10);
    let slice = |keep: &dyn Fn(u64) -> bool| Batch {
        bodies: whole.bodies.iter().filter(|it| keep(it.seq().0)).cloned().collect(),
        new_parts: whole.new_parts.iter().filter(|it| keep(it.key.seq().0)).cloned().collect(),
        ..Batch::default()
    };
    let late = |seq: u64| (3..=20).contains(&seq);
    store.commit(&slice(&|seq| !late(seq))).expect("what was accepted after it");
    assert_eq!(rows(directory.path()), 256);
    store.commit(&slice(&late)).expect("its last slice");
    let query = MessageFilter { to: Some(E164(31_612_345_678)), limit: 5, ..MessageFilter::default() };
    assert_eq!(listed(&store.readers(), query.clone()).len(), 1);
    // Nothing is written when it is closed, as when it is killed.
    drop(store);
    let mut store = sqlite_unknown(directory.path());
    assert!(!store.sweep(Duration::MAX).expect("it sweeps").more);
    assert_eq!(listed(&store.readers(), query).len(), 1);
}

#[test]
fn nothing_of_a_number_is_left_in_the_index_when_its_message_is_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let mut batch = many(65_536 + 300);
    for part in &mut batch.new_parts {
        // One is held, in each of the two segments.
        if ![5, 65_601].contains(&part.key.seq().0) && !part.phase().is_final() {
            part.step(Move::End(End::Delivered)).expect("it was sent");
        }
        part.done_at = Time(5);
    }
    store.commit(&batch).expect("the commit goes through");
    let created = batch.bodies[0].created;
    super::forget(&mut store, Time(created.0 + 1), 5_000);
    let conn = rusqlite::Connection::open(directory.path().join("nuncio.db")).expect("the file opens");
    let octets: i64 = conn.query_row("SELECT sum(length(entries)) FROM search", [], |row| row.get(0)).expect("a sum");
    assert_eq!(octets, 6, "one entry, of the message that is held");
    let found = listed(&store.readers(), MessageFilter { limit: 9, ..MessageFilter::default() });
    assert_eq!(found.iter().map(|it| it.body.seq().0).collect::<Vec<_>>(), [65_601, 5]);
    let gone = MessageFilter { to: Some(E164(31_612_345_678)), limit: 9, ..MessageFilter::default() };
    assert_eq!(listed(&store.readers(), gone), []);
}

#[test]
fn nothing_of_a_number_is_left_in_the_index_when_who_has_it_is_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (number, gone) = (E164(31_612_345_678), [7_usize, 65_600]);
    let mut batch = many(65_536 + 300);
    for at in gone {
        let own =
            Body { destination: number, client_ref: Some("ref-31612345678".into()), ..(*batch.bodies[at - 1]).clone() };
        batch.bodies[at - 1] = Arc::new(own);
    }
    store.commit(&batch).expect("one segment is on the disk, one is not");
    let hash = 2_199_414_244_u32.to_le_bytes();
    let on_disk = || {
        let conn = rusqlite::Connection::open(directory.path().join("nuncio.db")).expect("the file opens");
        let entries: Vec<u8> =
            conn.query_row("SELECT entries FROM search WHERE id = 135", [], |row| row.get(0)).expect("a row");
        entries.chunks(6).filter(|it| it[..4] == hash).count()
    };
    let found = |filter: MessageFilter| listed(&store.readers(), MessageFilter { limit: 9, ..filter }).len();
    let (to, client_ref) = (Some(number), Some("ref-31612345678".into()));
    let asked =
        [MessageFilter { to, ..MessageFilter::default() }, MessageFilter { client_ref, ..MessageFilter::default() }];
    assert_eq!((asked.clone().map(found), on_disk()), ([2, 2], 1));
    let unfound: Vec<_> = gone.iter().map(|it| batch.bodies[it - 1].clone()).collect();
    let erased = unfound.iter().map(|it| Arc::new(it.forgotten())).collect();
    store.commit(&Batch { erased, unfound, ..Batch::default() }).expect("the commit goes through");
    let found = |filter: MessageFilter| listed(&store.readers(), MessageFilter { limit: 9, ..filter }).len();
    assert_eq!((asked.map(found), on_disk()), ([0, 0], 0));
}

#[test]
fn readers_see_each_commit_and_are_many_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let readers = store.readers();
    let (mut model, mut script) = (Model::new(), Script::new(3));
    for _ in 0..20 {
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        let (readers, model) = (&readers, &model);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || {
                    for entry in model.entries.values() {
                        assert_eq!(readers.message(entry.body.id).expect("an answer").as_ref(), Some(entry));
                    }
                });
            }
        });
    }
}
