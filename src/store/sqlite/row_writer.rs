//! A record on its way into a row: cell after cell, borrowed from the record, and a seal over them.
//!
//! Nothing is copied but a text that is made for the row. What rows of formats before do not have is NULL where a
//! record has none of it, and then no seal covers it: so their seals fit for ever.

use crate::message::time::Time;
use crate::store::sqlite::seal;
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// More columns than any table has.
const CELLS_MAX: usize = 32;

/// A record as the cells of a row, in the order of its table's columns.
pub(super) struct RowWriter<'a> {
    values: [ValueRef<'a>; CELLS_MAX],
    len: usize,
    seal: u64,
    /// The text of the cell of this place, which no record holds; no record has two of them.
    made: Option<(usize, String)>,
}

impl<'a> RowWriter<'a> {
    pub(super) const fn new() -> Self {
        Self { values: [ValueRef::Null; CELLS_MAX], len: 0, seal: seal::START, made: None }
    }

    fn push(&mut self, value: ValueRef<'a>) {
        self.seal = seal::mix(self.seal, value);
        self.values[self.len] = value;
        self.len += 1;
    }

    pub(super) fn int(&mut self, value: i64) {
        self.push(ValueRef::Integer(value));
    }

    /// Unsigned numbers keep their bits.
    pub(super) fn bits(&mut self, value: u64) {
        self.int(value.cast_signed());
    }

    pub(super) fn time(&mut self, value: Time) {
        self.bits(value.0);
    }

    pub(super) fn text(&mut self, value: &'a str) {
        self.push(ValueRef::Text(value.as_bytes()));
    }

    pub(super) fn blob(&mut self, octets: &'a [u8]) {
        self.push(ValueRef::Blob(octets));
    }

    pub(super) fn null(&mut self) {
        self.push(ValueRef::Null);
    }

    pub(super) fn maybe(&mut self, value: Option<i64>) {
        self.push(value.map_or(ValueRef::Null, ValueRef::Integer));
    }

    pub(super) fn maybe_bits(&mut self, value: Option<u64>) {
        self.maybe(value.map(u64::cast_signed));
    }

    pub(super) fn maybe_text(&mut self, value: Option<&'a str>) {
        self.push(value.map_or(ValueRef::Null, |it| ValueRef::Text(it.as_bytes())));
    }

    /// A number that rows of formats before do not have: it counts in the seal only where it is there.
    pub(super) fn later(&mut self, value: Option<u64>) {
        match value {
            Some(_) => self.maybe_bits(value),
            None => self.len += 1,
        }
    }

    /// A text of the same kind.
    pub(super) fn later_text(&mut self, value: Option<&'a str>) {
        match value {
            Some(_) => self.maybe_text(value),
            None => self.len += 1,
        }
    }

    /// Octets of the same kind: they count in the seal only where there are some.
    pub(super) fn later_blob(&mut self, octets: &'a [u8]) {
        match octets {
            [] => self.len += 1,
            octets => self.blob(octets),
        }
    }

    /// A text of the same kind that is made for the row.
    pub(super) fn later_made(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.seal = seal::mix(self.seal, ValueRef::Text(text.as_bytes()));
            self.made = Some((self.len, text));
        }
        self.len += 1;
    }

    pub(super) fn sealed(mut self) -> Self {
        self.values[self.len] = ValueRef::Integer(seal::fold(self.seal));
        self.len += 1;
        self
    }

    /// How many cells the record has.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Binds the cells to the parameters `first + 1 …` of a statement.
    pub(super) fn bind(&self, statement: &mut Statement<'_>, first: usize) -> rusqlite::Result<()> {
        for (value, at) in self.values[..self.len].iter().zip(first + 1..) {
            statement.raw_bind_parameter(at, ToSqlOutput::Borrowed(*value))?;
        }
        if let Some((at, text)) = &self.made {
            statement.raw_bind_parameter(first + 1 + at, text.as_str())?;
        }
        Ok(())
    }
}
