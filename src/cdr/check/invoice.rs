//! An invoice: which of its columns say what, how its amounts and ids are written, and its lines.

use crate::carrier::id::{Relation, forms};
use crate::cdr::check::CheckError;
use crate::cdr::check::amount::{self, Decimal, Shown};
use crate::cdr::check::date;
use crate::cdr::check::options::CdrCheck;
use crate::cdr::check::ours::{Ours, hash_of};
use crate::cdr::check::rows::{Row, Rows, SEPARATORS};
use crate::message::attempt::CarrierMessageId;
use crate::message::money::Money;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Rows before the header: who it is from, and the like.
const PREAMBLE_MAX: usize = 20;
/// What columns are called, the surest first, without signs and in small letters.
const IDS: [&str; 14] = [
    "carriermessageid",
    "smscmessageid",
    "messageid",
    "msgid",
    "smsid",
    "smscid",
    "mtid",
    "messageref",
    "messageuuid",
    "transactionid",
    "trackingid",
    "uuid",
    "reference",
    "id",
];
const PRICES: [&str; 12] = [
    "totalprice",
    "totalcost",
    "totalamount",
    "netamount",
    "price",
    "cost",
    "amount",
    "charge",
    "total",
    "net",
    "fee",
    "priceamount",
];
const PRICES_EACH: [&str; 7] =
    ["unitprice", "unitcost", "rate", "pricepersms", "priceperpart", "pricepersegment", "priceeach"];
const COUNTS: [&str; 13] = [
    "parts",
    "segments",
    "numparts",
    "numsegments",
    "messageparts",
    "smscount",
    "partcount",
    "segmentcount",
    "messagecount",
    "units",
    "quantity",
    "qty",
    "count",
];
const DATES: [&str; 15] = [
    "submittedat",
    "submitdate",
    "submittime",
    "sentat",
    "sentdate",
    "senttime",
    "datetime",
    "timestamp",
    "createdat",
    "messagedate",
    "eventdate",
    "date",
    "time",
    "day",
    "datesent",
];
const CURRENCIES: [&str; 4] = ["currency", "currencycode", "cur", "ccy"];

/// Where things stand in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    id: usize,
    price: Option<usize>,
    count: Option<usize>,
    date: Option<usize>,
    currency: Option<usize>,
    /// The price is that of one SMS.
    each: bool,
}

/// An invoice, once looked through.
#[derive(Debug)]
pub(super) struct Invoice {
    path: PathBuf,
    separator: u8,
    /// The line of the header.
    header: u64,
    columns: Columns,
    decimal: Decimal,
    /// How its ids are written, where they are not as in the answers.
    pub(super) relation: Option<Relation>,
    /// What was taken in this time has to be on it.
    pub(super) since: u64,
    pub(super) until: u64,
    pub(super) notes: Vec<String>,
}

/// One line of it.
#[derive(Debug)]
pub(super) struct InvoiceLine {
    pub(super) line: u64,
    /// What it has where ids stand; empty where that is blank.
    pub(super) id: String,
    /// What is charged; an error is the text that is no amount.
    pub(super) price: Result<Option<Money>, String>,
    /// The price is that of one SMS.
    pub(super) each: bool,
    pub(super) count: Result<Option<u64>, String>,
}

/// What a look through it finds.
#[derive(Default)]
struct Found {
    amounts: Shown,
    converted: [u64; 3],
    span: Option<(u64, u64)>,
    undated: Option<(u64, String)>,
}

impl Invoice {
    /// Whether it has a column of prices.
    pub(super) const fn has_prices(&self) -> bool {
        self.columns.price.is_some()
    }

    /// Looks through an invoice once.
    pub(super) fn look_at(path: &Path, options: &CdrCheck, ours: &Ours) -> Result<Self, CheckError> {
        let mut rows = rows(path)?;
        let (header, separator, columns) = header(path, &mut rows, options)?;
        let mut found = Found::default();
        while let Some(row) = next(&mut rows, path)? {
            let fields = row.fields(separator);
            let at = |it: Option<usize>| it.and_then(|it| fields.get(it)).map(|it| &**it).filter(|it| !it.is_empty());
            let Some(id) = at(Some(columns.id)).and_then(CarrierMessageId::new) else { continue };
            if let Some(text) = at(columns.price) {
                found.amounts.note(row.line, text);
            }
            if let Some(text) = at(columns.date) {
                found.date(row.line, text);
            }
            if let (Some(text), Some(own)) = (at(columns.currency), &ours.currency)
                && !text.eq_ignore_ascii_case(own.as_str())
            {
                let why = format!("{}: line {} is in {text}, and our costs are in {own}", path.display(), row.line);
                return Err(CheckError::Unclear(why));
            }
            found.form(&id, ours);
        }
        found.into_invoice((path, header), (separator, columns), options)
    }

    /// Has each line judged.
    pub(super) fn each(&self, mut judge: impl FnMut(InvoiceLine) -> Result<(), CheckError>) -> Result<(), CheckError> {
        let mut rows = rows(&self.path)?;
        while let Some(row) = next(&mut rows, &self.path)? {
            if self.header < row.line {
                judge(self.read(&row))?;
            }
        }
        Ok(())
    }

    fn read(&self, row: &Row) -> InvoiceLine {
        let fields = row.fields(self.separator);
        let at = |it: Option<usize>| it.and_then(|it| fields.get(it)).map(|it| &**it).filter(|it| !it.is_empty());
        let bad = |text: &str| text.chars().take(40).collect::<String>();
        let price = |text: &str| amount::read(text, self.decimal).ok_or_else(|| bad(text));
        let count = |text: &str| match amount::read(text, self.decimal) {
            Some(Money(it)) if 0 <= it && it % 1_000_000 == 0 => Ok((it / 1_000_000).cast_unsigned()),
            _ => Err(bad(text)),
        };
        InvoiceLine {
            line: row.line,
            id: at(Some(self.columns.id)).unwrap_or_default().chars().take(CarrierMessageId::LEN_MAX).collect(),
            price: at(self.columns.price).map(price).transpose(),
            each: self.columns.each,
            count: at(self.columns.count).map(count).transpose(),
        }
    }
}

impl Found {
    fn date(&mut self, line: u64, text: &str) {
        match date::read(text) {
            Some(it) => {
                let end = it.at + it.within.as_millis() as u64;
                self.span = self.span.map_or(Some((it.at, end)), |(from, to)| Some((from.min(it.at), to.max(end))));
            }
            None => self.undated = self.undated.take().or_else(|| Some((line, text.chars().take(40).collect()))),
        }
    }

    /// Notes how an id has to be read for it to be one of ours.
    fn form(&mut self, id: &CarrierMessageId, ours: &Ours) {
        if ours.has(hash_of(&id.canonical())) {
            return;
        }
        for form in forms(id).into_iter().filter(|it| it.converted) {
            if let (Some(relation), Some(id)) = (form.relation, form.id())
                && ours.has(hash_of(&id.canonical()))
            {
                self.converted[usize::from(relation.number())] += 1;
            }
        }
    }

    fn into_invoice(
        self,
        (path, header): (&Path, u64),
        (separator, columns): (u8, Columns),
        options: &CdrCheck,
    ) -> Result<Invoice, CheckError> {
        let decimal = match options.decimal.as_deref() {
            Some(",") => Decimal::Comma,
            Some(_) => Decimal::Point,
            None => self.amounts.decide().map_err(|it| CheckError::Unclear(format!("{}: {it}", path.display())))?,
        };
        // One carrier writes all of its ids in one way.
        let best = Relation::ALL.into_iter().max_by_key(|it| self.converted[usize::from(it.number())]);
        let relation = best.filter(|it| 0 < self.converted[usize::from(it.number())]);
        let mut notes = Vec::new();
        let named = options.since.is_some() && options.until.is_some();
        let span = self.span.filter(|_| self.undated.is_none());
        if let (Some((line, text)), false) = (&self.undated, named) {
            notes.push(format!(
                "the date {text:?} in line {line} is not understood: all that was taken has to be on the invoice; --since and --until say otherwise"
            ));
        }
        Ok(Invoice {
            path: path.to_owned(),
            separator,
            header,
            columns,
            decimal,
            relation,
            since: options.since.or(span.map(|it| it.0)).unwrap_or(0),
            until: options.until.or(span.map(|it| it.1)).unwrap_or(u64::MAX),
            notes,
        })
    }
}

fn rows(path: &Path) -> Result<Rows<BufReader<File>>, CheckError> {
    let fault = |error| CheckError::File(path.display().to_string(), error);
    Rows::new(BufReader::new(File::open(path).map_err(fault)?)).map_err(fault)
}

fn next(rows: &mut Rows<BufReader<File>>, path: &Path) -> Result<Option<Row>, CheckError> {
    rows.next().map_err(|error| CheckError::File(path.display().to_string(), error))
}

/// The first row that names a column of ids, and by which separator; what stands before it is passed over.
fn header(path: &Path, rows: &mut Rows<BufReader<File>>, options: &CdrCheck) -> Result<(u64, u8, Columns), CheckError> {
    let mut first = None;
    for _ in 0..PREAMBLE_MAX {
        let Some(row) = next(rows, path)? else { break };
        let cuts = SEPARATORS.map(|it| (it, row.fields(it).iter().map(|it| plain(it)).collect::<Vec<_>>()));
        let fits = cuts.iter().filter(|it| place(&it.1, options.id_column.as_deref(), &IDS).is_some());
        if let Some((separator, names)) = fits.max_by_key(|it| it.1.len()) {
            let unclear = |what: String| {
                CheckError::Unclear(format!("{}: no column of line {} {what}", path.display(), row.line))
            };
            let found = columns(names, options).map_err(|name| unclear(format!("is called {name}")))?;
            return Ok((row.line, *separator, found));
        }
        let widest = SEPARATORS.into_iter().max_by_key(|it| row.fields(*it).len()).expect("there are four");
        first.get_or_insert_with(|| row.fields(widest).join(", ").chars().take(200).collect::<String>());
    }
    let found = first.map_or("it is empty".to_owned(), |it| format!("it begins with {it}"));
    let asked = options
        .id_column
        .as_deref()
        .map_or("has the carrier's ids; name it with --id-column".to_owned(), |it| format!("is called {it}"));
    Err(CheckError::Unclear(format!("{}: no column {asked}; {found}", path.display())))
}

fn columns(names: &[String], options: &CdrCheck) -> Result<Columns, String> {
    let find = |asked: &Option<String>, usual: &[&str]| match asked {
        Some(name) => place(names, Some(name), usual).map(Some).ok_or_else(|| name.clone()),
        None => Ok(place(names, None, usual)),
    };
    let whole = find(&options.price_column, &PRICES)?;
    let each = if options.price_column.is_some() { None } else { place(names, None, &PRICES_EACH) };
    let is_each = whole.is_none() && each.is_some();
    let named_each = options.price_column.as_deref().is_some_and(|it| PRICES_EACH.contains(&&*plain(it)));
    Ok(Columns {
        id: find(&options.id_column, &IDS)?.unwrap_or_default(),
        price: whole.or(each),
        count: find(&options.count_column, &COUNTS)?,
        date: find(&options.date_column, &DATES)?,
        currency: find(&options.currency_column, &CURRENCIES)?,
        each: options.price_each || is_each || named_each,
    })
}

/// The place of the column that is asked for, or else of the surest of the usual ones.
fn place(names: &[String], asked: Option<&str>, usual: &[&str]) -> Option<usize> {
    match asked {
        Some(name) => names.iter().position(|it| *it == plain(name)),
        None => usual.iter().find_map(|usual| names.iter().position(|it| it == usual)),
    }
}

/// A name without signs and in small letters.
fn plain(name: &str) -> String {
    name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
