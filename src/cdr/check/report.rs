//! What is told: a line for each difference, then what it comes to.

use crate::cdr::check::CheckError;
use crate::cdr::check::invoice::InvoiceLine;
use crate::cdr::check::ours::{RecordAttempt, RecordLine};
use crate::message::money::{Currency, Money};
use serde_json::{Value, json};
use std::io::Write;

closed_set! {
    /// In what a line differs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Kind: all, number, word {
        /// It is on the invoice, and nothing was submitted under this id.
        NeverSubmitted = 0 "never_submitted",
        /// It was submitted, and not taken.
        NotTaken = 1 "not_taken",
        /// It is charged once more than it was taken.
        Twice = 2 "charged_twice",
        /// Another price.
        Price = 3 "other_price",
        /// Another number of SMS.
        Count = 4 "other_count",
        /// An amount or a number that is none.
        Unreadable = 5 "unreadable",
        /// It charges, and names nothing.
        NoId = 6 "no_id",
        /// It was taken, and is not on the invoice.
        Missing = 7 "not_on_the_invoice",
    }
}

/// One difference.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    kind: Kind,
    /// The line of the invoice; `None` of what is not on it.
    line: Option<u64>,
    id: String,
    charged: Option<Money>,
    pub(super) ours: Option<Money>,
    pub(super) count: Option<u64>,
    pub(super) our_count: Option<u64>,
    /// What cannot be read, or the message.
    text: String,
    part: u8,
    at: String,
}

impl Difference {
    pub(super) fn new(line: &InvoiceLine, charged: Option<Money>) -> Self {
        Self {
            kind: Kind::Missing,
            line: Some(line.line),
            id: line.id.clone(),
            charged,
            ours: None,
            count: None,
            our_count: None,
            text: String::new(),
            part: 0,
            at: String::new(),
        }
    }

    pub(super) fn missing(line: &RecordLine<'_>, attempt: &RecordAttempt<'_>, cost: Option<Money>) -> Self {
        Self {
            kind: Kind::Missing,
            line: None,
            id: attempt.carrier_message_id.as_deref().unwrap_or_default().to_owned(),
            charged: None,
            ours: cost,
            count: None,
            our_count: None,
            text: line.message_id.to_string(),
            part: line.part,
            at: attempt.when().unwrap_or_default().to_owned(),
        }
    }

    #[must_use]
    pub(super) fn of(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    #[must_use]
    pub(super) fn saying(self, text: &str) -> Self {
        Self { text: text.to_owned(), ..self }
    }

    fn words(&self) -> String {
        let Self { id, text, part, at, .. } = self;
        let known = |it: Option<Money>| it.map_or("none".to_owned(), |it| it.exact().to_string());
        let (charged, ours) = (known(self.charged), known(self.ours));
        let count = |it: Option<u64>| it.map_or("none".to_owned(), |it| it.to_string());
        let line = self.line.map_or(String::new(), |it| format!("line {it}: "));
        match self.kind {
            Kind::NeverSubmitted => format!("{line}{id} was never submitted; charged {charged}"),
            Kind::NotTaken => format!("{line}{id} was submitted and not taken; charged {charged}"),
            Kind::Twice => format!("{line}{id} is charged once more; charged {charged}"),
            Kind::Price => format!("{line}{id} has the price {charged}, and ours is {ours}"),
            Kind::Count => {
                let (theirs, own) = (count(self.count), count(self.our_count));
                format!("{line}{id} is {theirs} SMS, and ours {own}; charged {charged}, and ours is {ours}")
            }
            Kind::Unreadable => format!("{line}{id} has {text:?}, which is no number"),
            Kind::NoId => format!("{line}names no message; charged {charged}"),
            Kind::Missing => {
                format!("not on the invoice: {id}, part {part} of message {text}, taken {at}; ours is {ours}")
            }
        }
    }

    fn json(&self) -> Value {
        let money = |it: Option<Money>| it.map(|it| it.exact().to_string());
        let mut told = json!({
            "kind": self.kind.word(), "line": self.line, "carrier_message_id": self.id, "charged": money(self.charged),
            "cost": money(self.ours), "sms_charged": self.count, "sms": self.our_count,
        });
        if self.kind == Kind::Missing {
            (told["message_id"], told["part"], told["answered_at"]) =
                (self.text.clone().into(), self.part.into(), self.at.clone().into());
        } else if self.kind == Kind::Unreadable {
            told["text"] = self.text.clone().into();
        }
        told
    }
}

/// What it comes to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) carrier: String,
    /// Attempts that were taken in the time of the invoice, or are on it.
    pub(super) taken: u64,
    pub(super) sms: u64,
    pub(super) ours: Money,
    /// Lines of the invoice with an id.
    pub(super) lines: u64,
    pub(super) theirs: Money,
    /// Lines whose price has none of ours beside it.
    pub(super) unpriced: u64,
    /// Attempts that were perhaps taken and that the carrier did not name.
    pub(super) unnamed: u64,
    /// The invoice has prices: else they are neither added up nor compared.
    pub(super) has_prices: bool,
    pub(super) counts: [u64; Kind::ALL.len()],
}

/// Tells what was found.
pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    json: bool,
    currency: Option<Currency>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a mut dyn Write, json: bool, currency: Option<Currency>) -> Self {
        Self { out, json, currency }
    }

    /// Tells one difference and counts it.
    pub(super) fn tell(&mut self, totals: &mut Totals, it: &Difference) -> Result<(), CheckError> {
        totals.counts[usize::from(it.kind.number())] += 1;
        self.line(&if self.json { it.json().to_string() } else { it.words() })
    }

    /// Tells what it comes to; whether nothing differs.
    pub(super) fn finish(&mut self, totals: &Totals) -> Result<bool, CheckError> {
        let differs = Money(totals.theirs.0 - totals.ours.0);
        let count = |it: Kind| totals.counts[usize::from(it.number())];
        let agree = Kind::ALL.into_iter().all(|it| count(it) == 0);
        let priced = |it: Money| totals.has_prices.then(|| it.exact().to_string());
        if self.json {
            let counts: Value =
                Kind::ALL.into_iter().map(|it| (it.word().to_owned(), Value::from(count(it)))).collect();
            let told = json!({
                "agree": agree, "carrier": totals.carrier, "currency": self.currency.map(|it| it.to_string()),
                "taken": totals.taken, "sms": totals.sms, "cost": totals.ours.exact().to_string(),
                "lines": totals.lines, "charged": priced(totals.theirs), "difference": priced(differs),
                "differences": counts,
                "without_cost": totals.unpriced, "without_id": totals.unnamed,
            });
            self.line(&told.to_string())?;
            return Ok(agree);
        }
        let currency = self.currency.map_or(String::new(), |it| format!(" {it}"));
        let Totals { carrier, taken, sms, ours, lines, theirs, unpriced, unnamed, .. } = totals;
        let (ours, theirs) = (ours.exact(), theirs.exact());
        self.line(&format!("{carrier} took {taken} submits, {sms} SMS:  {ours}{currency}"))?;
        if totals.has_prices {
            self.line(&format!("the invoice has {lines} lines:  {theirs}{currency}"))?;
            self.line(&format!("difference:  {}{currency}", differs.exact()))?;
        } else {
            self.line(&format!("the invoice has {lines} lines, and no prices: name their column with --price-column"))?;
        }
        let found = Kind::ALL.into_iter().filter(|it| count(*it) != 0);
        let found: Vec<String> = found.map(|it| format!("{} {}", it.word().replace('_', " "), count(it))).collect();
        self.line(&if agree {
            "they agree".to_owned() + if totals.has_prices { "" } else { ", but for prices" }
        } else {
            found.join(", ")
        })?;
        if *unpriced != 0 {
            self.line(&format!("{unpriced} lines have a price, and no cost was configured when they were submitted"))?;
        }
        if *unnamed != 0 {
            self.line(&format!(
                "{unnamed} submits were perhaps taken and not named by the carrier: they match no line"
            ))?;
        }
        Ok(agree)
    }

    fn line(&mut self, text: &str) -> Result<(), CheckError> {
        writeln!(self.out, "{text}").map_err(CheckError::Output)
    }
}
