//! A row on its way back to a record: cell after cell, under the seal that the row carries.
//!
//! A cell that is not what it should be does not stop the reading: something stands in for it, and nobody ever sees
//! that, for [`RowReader::sealed`] hands the record out only where every cell was sound and the seal fits.

use crate::message::time::Time;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::seal;
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A row that is being read, in the order of its table's columns.
pub(super) struct RowReader<'r> {
    row: &'r Row<'r>,
    at: usize,
    seal: u64,
    sound: bool,
}

impl<'r> RowReader<'r> {
    pub(super) const fn new(row: &'r Row<'r>) -> Self {
        Self { row, at: 0, seal: seal::START, sound: true }
    }

    fn cell(&mut self) -> ValueRef<'r> {
        let value = self.row.get_ref(self.at).unwrap_or(ValueRef::Null);
        self.seal = seal::mix(self.seal, value);
        self.at += 1;
        value
    }

    /// The record is damaged where this does not hold.
    pub(super) fn must(&mut self, hold: bool) {
        self.sound &= hold;
    }

    /// A cell that says nothing that others do not say.
    pub(super) fn pass(&mut self) {
        self.cell();
    }

    /// A number that may be missing.
    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(i64) -> Option<T>) -> Option<T> {
        match self.cell() {
            ValueRef::Null => None,
            ValueRef::Integer(value) => {
                let value = read(value);
                self.sound &= value.is_some();
                value
            }
            _ => {
                self.sound = false;
                None
            }
        }
    }

    pub(super) fn maybe_bits(&mut self) -> Option<u64> {
        self.maybe(|it| Some(it.cast_unsigned()))
    }

    /// A member of a closed set that may be missing.
    pub(super) fn maybe_code<T>(&mut self, from_number: impl FnOnce(u8) -> Option<T>) -> Option<T> {
        self.maybe(|it| from_number(u8::try_from(it).ok()?))
    }

    /// A number that must be there.
    pub(super) fn get<T>(&mut self, stand_in: T, read: impl FnOnce(i64) -> Option<T>) -> T {
        let value = self.maybe(read);
        self.sound &= value.is_some();
        value.unwrap_or(stand_in)
    }

    pub(super) fn int(&mut self) -> i64 {
        self.get(0, Some)
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.get(0, |it| Some(it.cast_unsigned()))
    }

    pub(super) fn time(&mut self) -> Time {
        Time(self.bits())
    }

    pub(super) fn small<T: TryFrom<i64> + Default>(&mut self) -> T {
        self.get(T::default(), |it| T::try_from(it).ok())
    }

    /// A member of a closed set.
    pub(super) fn code<T>(&mut self, stand_in: T, from_number: impl FnOnce(u8) -> Option<T>) -> T {
        self.get(stand_in, |it| from_number(u8::try_from(it).ok()?))
    }

    /// A text that may be missing.
    pub(super) fn maybe_text(&mut self) -> Option<&'r str> {
        match self.cell() {
            ValueRef::Null => None,
            ValueRef::Text(octets) => {
                let text = std::str::from_utf8(octets).ok();
                self.sound &= text.is_some();
                text
            }
            _ => {
                self.sound = false;
                None
            }
        }
    }

    pub(super) fn text(&mut self) -> Box<str> {
        let text = self.maybe_text();
        self.sound &= text.is_some();
        text.unwrap_or_default().into()
    }

    pub(super) fn blob(&mut self) -> &'r [u8] {
        match self.cell() {
            ValueRef::Blob(octets) => octets,
            _ => {
                self.sound = false;
                &[]
            }
        }
    }

    /// Octets of which there are always as many.
    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        let octets = <[u8; N]>::try_from(self.blob());
        self.sound &= octets.is_ok();
        octets.unwrap_or([0; N])
    }

    /// Whether a cell that rows of formats before do not have is NULL; it is then passed by, and does not count in the
    /// seal.
    pub(super) fn is_of_before(&mut self) -> bool {
        let is_null = matches!(self.row.get_ref(self.at), Ok(ValueRef::Null));
        self.at += usize::from(is_null);
        is_null
    }

    /// A number that rows of formats before do not have.
    pub(super) fn later(&mut self) -> Option<u64> {
        if self.is_of_before() { None } else { Some(self.bits()) }
    }

    /// A text of the same kind.
    pub(super) fn later_text(&mut self) -> Option<&'r str> {
        if self.is_of_before() { None } else { self.maybe_text() }
    }

    /// Octets of the same kind; none is as good as NULL.
    pub(super) fn later_blob(&mut self) -> &'r [u8] {
        if self.is_of_before() { &[] } else { self.blob() }
    }

    /// Hands the record out if every cell was sound and the seal fits.
    pub(super) fn sealed<T>(self, table: &'static str, id: u64, record: T) -> Result<T, Trouble> {
        let fits = matches!(self.row.get_ref(self.at)?, ValueRef::Integer(seal) if seal == seal::fold(self.seal));
        if self.sound && fits { Ok(record) } else { Err(Trouble::Damaged(table, id.cast_signed())) }
    }
}
