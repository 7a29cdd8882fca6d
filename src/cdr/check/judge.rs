//! Which line of an invoice is about what, and what of ours no line is about.

use crate::carrier::id::forms;
use crate::cdr::check::CheckError;
use crate::cdr::check::invoice::{Invoice, InvoiceLine};
use crate::cdr::check::ours::{Ours, Taken, hash_of, lines};
use crate::cdr::check::report::{Difference, Kind, Report, Totals};
use crate::message::attempt::CarrierMessageId;
use crate::message::money::Money;
use std::path::PathBuf;

/// Judges one invoice.
pub(super) struct Judge<'a> {
    ours: Ours,
    invoice: &'a Invoice,
    totals: Totals,
}

impl<'a> Judge<'a> {
    pub(super) fn new(ours: Ours, invoice: &'a Invoice) -> Self {
        let (carrier, has_prices) = (ours.carrier.clone(), invoice.has_prices());
        let totals = Totals { carrier, unnamed: ours.unnamed, has_prices, ..Totals::default() };
        Self { ours, invoice, totals }
    }

    /// Judges each line of the invoice.
    pub(super) fn judge(&mut self, report: &mut Report<'_>) -> Result<(), CheckError> {
        self.invoice.each(|line| self.line(&line, report))
    }

    fn line(&mut self, line: &InvoiceLine, report: &mut Report<'_>) -> Result<(), CheckError> {
        let Some(id) = CarrierMessageId::new(&line.id) else { return self.without_id(line, report) };
        let (price, count) = (line.price.as_ref().ok().copied().flatten(), line.count.as_ref().ok().copied().flatten());
        let charged = match (price, count, line.each) {
            (Some(each), Some(count), true) => Some(each.times(count)),
            (price, ..) => price,
        };
        if self.is_sum(line, price) {
            return Ok(());
        }
        self.totals.lines += 1;
        self.totals.theirs = self.totals.theirs + charged.unwrap_or_default();
        let mut differs = Difference::new(line, charged);
        for text in [line.price.as_ref().err(), line.count.as_ref().err()].into_iter().flatten() {
            report.tell(&mut self.totals, &differs.of(Kind::Unreadable).saying(text))?;
        }
        let Some(taken) = find(&mut self.ours, self.invoice, &id) else {
            return report.tell(&mut self.totals, &differs.of(Kind::NeverSubmitted));
        };
        taken.charged = taken.charged.saturating_add(1);
        differs.ours = taken.cost;
        let own = taken.cost.map(|it| if line.each && count.is_none() { each(it, taken.sms) } else { it });
        let same_price = price.is_none() || own.is_none() || charged == own;
        self.totals.unpriced += u64::from(price.is_some() && own.is_none());
        let sms = u64::from(taken.sms);
        let kind = match taken {
            Taken { refused: true, .. } => Kind::NotTaken,
            Taken { charged: 2.., .. } => Kind::Twice,
            _ if count.is_some_and(|it| it != sms) => Kind::Count,
            _ if !same_price => Kind::Price,
            _ => return Ok(()),
        };
        (differs.count, differs.our_count) = (count, Some(sms));
        report.tell(&mut self.totals, &differs.of(kind))
    }

    /// Whether a line is the sum of those before it: it has a word where they have ids.
    fn is_sum(&self, line: &InvoiceLine, price: Option<Money>) -> bool {
        0 < self.totals.lines
            && price == Some(self.totals.theirs)
            && !line.id.bytes().any(|it| it.is_ascii_digit())
            && CarrierMessageId::new(&line.id).is_none_or(|it| !self.ours.has(hash_of(&it.canonical())))
    }

    /// A line without an id charges for nothing that can be found; the sum of all lines at the end is none.
    fn without_id(&mut self, line: &InvoiceLine, report: &mut Report<'_>) -> Result<(), CheckError> {
        let price = line.price.as_ref().ok().copied().flatten();
        match price {
            None | Some(Money(0)) => Ok(()),
            price if self.is_sum(line, price) => Ok(()),
            Some(it) => {
                self.totals.theirs = self.totals.theirs + it;
                report.tell(&mut self.totals, &Difference::new(line, price).of(Kind::NoId))
            }
        }
    }

    /// Tells what was taken in the time of the invoice and no line of it is about.
    pub(super) fn missing(&mut self, files: &[PathBuf], report: &mut Report<'_>) -> Result<(), CheckError> {
        let (since, until) = (self.invoice.since, self.invoice.until);
        let is_of = |it: &Taken| it.charged != 0 || it.at == 0 || (since <= it.at && it.at < until);
        for it in self.ours.all().iter().filter(|it| !it.refused && is_of(it)) {
            self.totals.taken += 1;
            self.totals.sms += u64::from(it.sms);
            self.totals.ours = self.totals.ours + it.cost.unwrap_or_default();
        }
        let mut told = Ok(());
        for path in files {
            lines(path, |line| {
                for attempt in &line.attempts {
                    let Some(taken) = self.ours.of(line, attempt).filter(|it| it.charged == 0) else { continue };
                    if taken.refused || !is_of(taken) || told.is_err() {
                        continue;
                    }
                    // What is corrected stands there once more.
                    taken.charged = u8::MAX;
                    let differs = Difference::missing(line, attempt, taken.cost);
                    told = report.tell(&mut self.totals, &differs);
                }
            })?;
        }
        told
    }

    pub(super) fn totals(self) -> Totals {
        self.totals
    }
}

/// What one SMS of an attempt costs.
fn each(cost: Money, sms: u8) -> Money {
    Money(cost.0 / i64::from(sms.max(1)))
}

/// The attempt that an id is about: as it is written, else as the ids of this invoice are to be read.
fn find<'o>(ours: &'o mut Ours, invoice: &Invoice, id: &CarrierMessageId) -> Option<&'o mut Taken> {
    let written = hash_of(&id.canonical());
    if ours.has(written) {
        return ours.best(written);
    }
    let relation = invoice.relation?;
    let form = forms(id).into_iter().find(|it| it.relation == Some(relation))?;
    ours.best(hash_of(&form.id()?.canonical()))
}
