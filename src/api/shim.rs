//! Stand-ins until the lower floors are merged.

use crate::message::id::{AccountId, MessageId, OrderId, Seq};
use crate::message::class::Class;
use crate::message::money::Money;
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::views::{OrderView, Query};
use crate::route::price::PriceTable;
use crate::route::rule::Rule;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub struct Readers(pub Arc<Mutex<Vec<Entry>>>);

#[derive(Debug, thiserror::Error)]
#[error("the store could not be read")]
pub struct ReadError;

pub struct Page {
    pub entries: Vec<Entry>,
    pub next: Option<Seq>,
}

impl Readers {
    pub fn message(&self, id: MessageId) -> Result<Option<Entry>, ReadError> {
        Ok(self.0.lock().expect("no panic").iter().find(|it| it.body.id == id).cloned())
    }
    pub fn list(&self, query: &Query) -> Result<Page, ReadError> {
        let all = self.0.lock().expect("no panic");
        let mut entries: Vec<Entry> = all
            .iter()
            .filter(|it| {
                query.account.is_none_or(|a| a == it.body.account)
                    && query.status.is_none_or(|a| a == it.status())
                    && query.order.is_none_or(|a| a == it.body.order)
                    && query.before.is_none_or(|a| it.body.seq() < a)
            })
            .cloned()
            .collect();
        entries.sort_by_key(|it| std::cmp::Reverse(it.body.seq()));
        let more = query.limit < entries.len();
        entries.truncate(query.limit);
        let next = entries.last().filter(|_| more).map(|it| it.body.seq());
        Ok(Page { entries, next })
    }
    pub fn order(&self, order: OrderId) -> Result<Option<OrderView>, ReadError> {
        let all = self.0.lock().expect("no panic");
        let mut view: Option<OrderView> = None;
        for it in all.iter().filter(|it| it.body.order == order) {
            let view = view.get_or_insert(OrderView {
                id: order,
                account: it.body.account,
                route: it.body.route,
                totals: crate::message::status::Totals::default(),
                price: Some(Money(0)),
                created: it.body.created,
            });
            view.totals.add(it.status());
            view.price = view.price.zip(it.body.price).map(|(a, b)| a + b);
        }
        Ok(view)
    }
    pub fn order_messages(&self, order: OrderId, after: Option<Seq>, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let all = self.0.lock().expect("no panic");
        Ok(all.iter().filter(|it| it.body.order == order && after.is_none_or(|a| a < it.body.seq())).take(limit).cloned().collect())
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a number with its country code")]
pub struct NumberError;

pub fn parse_number(text: &str, region: Option<&str>) -> Result<E164, NumberError> {
    let digits = match (text.strip_prefix('+'), region) {
        (Some(digits), _) => digits.to_owned(),
        (None, Some("NL")) if text.starts_with('0') => format!("31{}", &text[1..]),
        (None, _) if !text.starts_with('0') => text.to_owned(),
        _ => return Err(NumberError),
    };
    if !(7..=15).contains(&digits.len()) { return Err(NumberError) }
    digits.parse().map(E164).map_err(|_| NumberError)
}

pub fn price(table: &PriceTable, number: E164) -> Option<Money> {
    let digits = number.0.to_string();
    (1..=digits.len()).rev().find_map(|len| table.prefixes.get(&digits[..len]).copied()).or(table.default)
}

pub fn fits(rule: &Rule, number: E164, class: Option<Class>, account: AccountId, source: &Source) -> bool {
    let digits = number.0.to_string();
    (rule.prefixes.is_empty() || rule.prefixes.iter().any(|it| digits.starts_with(&**it)))
        && rule.class.is_none_or(|it| Some(it) == class)
        && rule.account.is_none_or(|it| it == account)
        && rule.sender.as_deref().is_none_or(|it| it == source.to_string())
}
