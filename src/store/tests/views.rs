//! The readers of the API, against the model.

use crate::message::body::Body;
use crate::message::id::{AccountId, MessageId, OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::status::{Status, Totals};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::{Batch, Order};
use crate::record::contract::Store;
use crate::record::entry::Entry;
use crate::record::money::LedgerLine;
use crate::record::views::{EventQuery, OrderView, Query};
use crate::store::tests::model::Model;
use crate::store::tests::script::{Script, same_id};
use crate::store::tests::{live, sqlite};
use std::sync::Arc;

/// A query of some of the filters.
fn query(script: &mut Script, model: &Model) -> Query {
    let mut one_in = |of: u64| script.below(of) == 0;
    let (status, to, order, route) = (!one_in(3), one_in(5), one_in(6), one_in(5));
    let (reference, since, until, account) = (one_in(5), one_in(4), one_in(4), one_in(2));
    let created: Vec<Time> = model.entries.values().map(|it| it.body.created).collect();
    let mut time =
        |wanted: bool| wanted.then(|| Time(created[script.below(created.len() as u64) as usize].0 + script.below(2)));
    let (since, until) = (time(since), time(until));
    Query {
        account: account.then(|| AccountId(script.below(3) as u16 + 1)),
        status: status.then(|| Status::ALL[script.below(7) as usize]),
        to: to.then(|| E164(31_600_000_000 + script.below(20))),
        order: order.then(|| OrderId(script.below(model.marks.next_order + 1))),
        route: route.then(|| RouteId(script.below(2) as u32 + 1)),
        client_ref: reference.then(|| format!("ref-{}", script.below(5)).into()),
        since,
        until,
        before: None,
        limit: 1 + script.below(20) as usize,
    }
}

fn wanted(query: &Query, model: &Model) -> Vec<Entry> {
    let fits = |it: &&Entry| {
        query.account.is_none_or(|a| a == it.body.account)
            && query.status.is_none_or(|a| a == it.status())
            && query.to.is_none_or(|a| a == it.body.destination)
            && query.order.is_none_or(|a| a == it.body.order)
            && query.route.is_none_or(|a| a == it.body.route)
            && query.client_ref.as_ref().is_none_or(|a| Some(a) == it.body.client_ref.as_ref())
            && query.since.is_none_or(|a| a <= it.body.created)
            && query.until.is_none_or(|a| it.body.created < a)
    };
    model.entries.values().rev().filter(fits).cloned().collect()
}

#[test]
fn lists_are_what_the_model_lists_page_after_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, mut script) = live(&mut store, 11, 90);
    let readers = store.readers();
    let mut found = 0;
    for _ in 0..400 {
        let mut query = query(&mut script, &model);
        let (all, mut told) = (wanted(&query, &model), Vec::new());
        loop {
            let page = readers.list(&query).expect("a page");
            assert!(page.entries.len() <= query.limit);
            told.extend(page.entries);
            match page.next {
                Some(next) => query.before = Some(next),
                None => break,
            }
        }
        found += told.len();
        assert_eq!(told, all, "{query:?}");
    }
    assert!(1_000 < found, "the queries find something: {found}");
}

#[test]
fn the_log_of_each_account_is_what_the_model_holds_page_after_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (model, _) = live(&mut store, 13, 90);
    let readers = store.readers();
    let mut found = 0;
    for account in (0..4).map(|it| (0 < it).then_some(AccountId(it))) {
        let all: Vec<_> = model.events.values().filter(|it| it.account == account).cloned().collect();
        let (mut told, mut after) = (Vec::new(), 0);
        loop {
            let page = readers.events(&EventQuery { account, after, limit: 3 }).expect("a page");
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            after = last.n;
            told.extend(page);
        }
        found += told.len();
        assert_eq!(told, all, "{account:?}");
    }
    assert_eq!(found, model.events.len());
    assert!(10 < found, "{found}");
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
    for order in (0..model.marks.next_order + 1).map(OrderId) {
        let entries = model.order(order);
        let view = entries.first().map(|first| {
            let mut totals = Totals::default();
            entries.iter().for_each(|it| totals.add(it.status()));
            let price = entries.iter().map(|it| it.body.price).try_fold(Money(0), |sum, it| it.map(|it| sum + it));
            let body = &first.body;
            OrderView { id: order, account: body.account, route: body.route, totals, price, created: body.created }
        });
        assert_eq!(readers.order(order).expect("an answer"), view);
        assert_eq!(readers.order_messages(order, None, 1_000).expect("an answer"), entries);
        let after = Some(Seq(entries.first().map_or(0, |it| it.body.seq().0)));
        let rest: Vec<Entry> = entries.into_iter().skip(1).take(2).collect();
        assert_eq!(readers.order_messages(order, after, 2).expect("an answer"), rest);
    }
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
        let (mut told, mut after) = (Vec::new(), 0);
        loop {
            let page = readers.ledger(account, after, 3).expect("a page");
            let Some(last) = page.last() else { break };
            after = last.n;
            told.extend(page);
        }
        assert!(told.iter().eq(all), "{account:?}");
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
    let listed = || -> Vec<Seq> {
        let page = readers.list(&Query { limit: 10, ..Query::default() }).expect("a page");
        page.entries.iter().map(|it| it.body.seq()).collect()
    };
    assert_eq!((listed(), readers.order(order).expect("an answer")), (vec![Seq(3)], None));
    assert_eq!(readers.order_messages(order, None, 10).expect("an answer"), []);
    let whole = Batch { orders: vec![Order { arriving: false, ..row }], marks: batch.marks, ..Batch::default() };
    store.commit(&whole).expect("the last slice goes through");
    assert_eq!(listed(), [Seq(3), Seq(2), Seq(1)]);
    assert_eq!(readers.order(order).expect("an answer").map(|it| it.totals.total()), Some(2));
    store.recover().expect("it recovers");
    assert_eq!(listed(), [Seq(3), Seq(2), Seq(1)], "what is there whole is not removed");
}

#[test]
fn the_writer_may_move_to_its_thread_and_readers_are_shared() {
    const fn sends<T: Send>() {}
    const fn shares<T: Send + Sync + Clone>() {}
    sends::<crate::store::sqlite::Sqlite>();
    shares::<crate::store::sqlite::readers::Readers>();
}

#[test]
fn a_page_looks_at_so_many_messages_and_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    store.commit(&same_id(50_010)).expect("the commit goes through");
    let readers = store.readers();
    let mut query = Query { to: Some(E164(1)), limit: 10, ..Query::default() };
    let (mut pages, mut page) = (1, readers.list(&query).expect("a page"));
    assert!(page.next >= Some(Seq(11)), "it stopped by itself");
    while let Some(next) = page.next {
        query.before = Some(next);
        (pages, page) = (pages + 1, readers.list(&query).expect("a page"));
        assert!(page.entries.is_empty());
    }
    assert!(1 < pages);
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
