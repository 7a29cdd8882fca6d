//! What accounts pay: the ledger adds up, and says what was asked for and what carriers took.

use crate::simulation::dice::Dice;
use crate::simulation::figures::CURRENCY;
use crate::simulation::money::account;
use crate::simulation::scenario::{Scenario, ms};
use crate::simulation::smsc::Name;
use crate::simulation::world::World;
use nuncio::dispatch::door::happening::Submission;
use nuncio::dispatch::door::plan::{Plan, Quota, Terms};
use nuncio::message::id::{AccountId, OrderId, PartKey, Seq};
use nuncio::message::money::{Currency, Money};
use nuncio::record::money::Why;
use std::collections::{BTreeMap, BTreeSet};

/// Who pays from a balance, where anybody does.
const PAYING: AccountId = AccountId(1);
/// Who has a quota, where anybody has.
const BOUNDED: AccountId = AccountId(2);
/// More than all can cost.
const PLENTY: Money = Money(1_000_000_000_000);

impl Scenario {
    /// Accounts that share a carrier otherwise than evenly, one of which may pay in advance, and one have a quota.
    pub(super) fn accounts(dice: &mut Dice, plan: &mut Plan) -> Option<(AccountId, Money)> {
        let managed = dice.percent(50);
        let quota =
            dice.percent(30).then(|| Quota { messages: dice.range(15, 20), period: ms(dice.range(20_000, 60_000)) });
        let terms = [Terms { managed, ..Terms::default() }, Terms { quota, ..Terms::default() }, Terms::default()];
        for (id, terms) in (1..).map(AccountId).zip(terms) {
            let mut it = account(id, terms);
            it.currency = Currency::parse(CURRENCY).ok();
            it.weight = dice.pick(&[1, 1, 3, 10]);
            plan.accounts.insert(id, it);
        }
        let credit = dice.pick(&[PLENTY, PLENTY, Money(87_001 * 30)]);
        managed.then_some((PAYING, credit))
    }

    /// What everything costs.
    pub(super) fn price(dice: &mut Dice, requests: &mut [(u64, Submission)]) {
        let each = dice.range(1_000, 99_999) as i64;
        for it in requests.iter_mut().flat_map(|it| &mut it.1.recipients) {
            it.price = Some(Money(each * i64::from(it.parts)));
        }
    }
}

impl World {
    /// The lines of every account add up to its balance, which is never below nothing; an order is charged once and
    /// whole, and of each message is paid back once what no carrier can have taken.
    pub(super) fn check_money(&mut self) {
        let mut sums = BTreeMap::<AccountId, Money>::new();
        let (mut charged, mut back) = (BTreeMap::<OrderId, Money>::new(), BTreeMap::<Seq, Money>::new());
        let mut credits = 0;
        for line in self.store.memory.ledger() {
            let sum = sums.entry(line.account).or_default();
            *sum = *sum + line.amount;
            assert_eq!(*sum, line.balance, "ledger: line {} does not add up", line.n);
            assert!(0 <= line.balance.0, "ledger: line {} owes", line.n);
            let twice = match line.why {
                Why::Credit => std::mem::replace(&mut credits, 1) == 1,
                Why::Charge => charged.insert(line.order.expect("a charge is of an order"), line.amount).is_some(),
                Why::Refund => back.insert(line.seq.expect("a refund is of a message"), line.amount).is_some(),
            };
            assert!(!twice, "ledger: {line:?} is there twice");
        }
        let balances: BTreeMap<AccountId, Money> = self.store.balances().into_iter().collect();
        assert_eq!(balances, sums, "ledger: balances");
        let taken: BTreeSet<Name> = self.smscs.values().flat_map(|it| &it.taken).map(|it| it.name).collect();
        let labels: BTreeMap<Seq, u64> = self.store.labels.iter().map(|(label, seq)| (*seq, *label)).collect();
        let mut prices = BTreeMap::<OrderId, Money>::new();
        for body in self.store.bodies.values().filter(|it| it.account == PAYING && !sums.is_empty()) {
            let price = body.price.expect("everything has a price");
            let of_order = prices.entry(body.order).or_default();
            *of_order = *of_order + Money(-price.0);
            let perhaps = |it: &u8| {
                let key = PartKey::new(body.seq(), *it);
                taken.contains(&(labels[&body.seq()], *it)) || self.ledger.doubts.contains_key(&key)
            };
            let untaken = (0..body.parts).filter(|it| !perhaps(it)).count() as i64;
            let due = Money(price.0 * untaken / i64::from(body.parts));
            let paid = back.remove(&body.seq()).unwrap_or_default();
            assert_eq!(paid, due, "ledger: paid back for {:?}, of which {untaken} parts were not taken", body.seq());
            self.tally.add("refunds", u64::from(paid.0 != 0));
        }
        assert_eq!(charged, prices, "ledger: what orders were charged");
        assert!(back.is_empty(), "ledger: paid back for nothing: {back:?}");
    }

    /// In no period were more messages accepted than a quota allows.
    pub(super) fn check_quota(&self) {
        let Some(quota) = self.plan.accounts.get(&BOUNDED).and_then(|it| it.terms.quota) else { return };
        let own = self.store.bodies.values().filter(|it| it.account == BOUNDED);
        let mut at: Vec<u64> = own.map(|it| it.created.0).collect();
        at.sort_unstable();
        let (most, period) = (quota.messages as usize, quota.period.as_millis() as u64);
        for (first, next) in at.iter().zip(at.iter().skip(most)) {
            assert!(period <= next - first, "quota: more than {most} in {period}, from {first} to {next}");
        }
    }
}
