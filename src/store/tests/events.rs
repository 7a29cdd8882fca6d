//! The log of events as readers see it, against the model.

use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::batch::Batch;
use crate::record::contract::Store;
use crate::record::event::{Audience, Event, EventKind, EventKinds};
use crate::record::views::EventQuery;
use crate::store::tests::{live, sqlite};

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
            let page =
                readers.events(&EventQuery { of: Audience::of(account), after, kinds: EventKinds::ALL, limit: 3 });
            let page = page.expect("a page");
            assert!(page.events.len() <= 3);
            assert!(page.is_end || page.is_cut || page.events.len() == 3, "a page that is not full is the last");
            let is_end = page.is_end;
            after = page.looked_to.unwrap_or(after);
            told.extend(page.events);
            assert!(!is_end || told == all, "{account:?}: there is nothing behind the end");
            if is_end {
                break;
            }
        }
        found += told.len();
        assert_eq!(told, all, "{account:?}");
    }
    assert_eq!(found, model.events.len());
    assert!(10 < found, "{found}");
}

#[test]
fn an_event_behind_many_of_other_kinds_is_found_and_only_what_is_behind_it_is_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let of = |n: u64, kind| {
        let data = "{}".into();
        Event { n, token: n, account: Some(AccountId(1)), kind, at: Time(1), data, about: None, callback: None }
    };
    let others = 2 * 5_000;
    let mut events: Vec<_> = (1..=others).map(|n| of(n, EventKind::MessageSent)).collect();
    events.push(of(others + 1, EventKind::BalanceLow));
    store.commit(&Batch { events, ..Batch::default() }).expect("the commit goes through");
    let kinds = EventKinds::default().with(EventKind::BalanceLow);
    let ask = |after, limit| {
        let mut query = EventQuery { of: Audience::Account(AccountId(1)), after, kinds, limit };
        let mut page = store.readers().events(&query).expect("a page");
        // A machine that is slow is cut off, and goes on.
        while let Some(looked_to) = page.looked_to.filter(|_| page.is_cut) {
            query.after = looked_to;
            page = store.readers().events(&query).expect("a page");
        }
        (page.events.iter().map(|it| it.n).collect::<Vec<_>>(), page.looked_to, page.is_end)
    };
    let last = others + 1;
    assert_eq!(ask(0, 2), (vec![last], Some(last), true));
    assert_eq!(ask(0, 1), (vec![last], Some(last), false), "it was not looked behind it");
    assert_eq!(ask(last, 2), (vec![], None, true));
}
