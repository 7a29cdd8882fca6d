//! The columns of a receipt, which `part`, `attempt` and `parked` have, and behind them the cell `receipt_more`: what
//! it says beyond its columns, as JSON that says its version, with octets in hexadecimal, so that an operator can read
//! it. It is NULL for most.
//!
//! ```text
//! {"v":1,"tlvs":[["1401","0007"]],"later":[{"status":2,"raw":"DELIVRD","error":"000","at":1767268800000}]}
//! ```

use crate::message::extras::Parameter;
use crate::message::receipt::{DoneDate, Receipt};
use crate::message::status::Status;
use crate::message::time::Time;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use serde::{Deserialize, Serialize};

/// The version that is written, and the only one so far. A cell with another is not read.
const VERSION: u8 = 1;

/// The five columns.
pub(super) fn write_cells<'a>(row: &mut RowWriter<'a>, receipt: Option<&'a Receipt>) {
    row.maybe(receipt.map(|it| it.status.number().into()));
    row.maybe_text(receipt.map(|it| &*it.raw_status));
    row.maybe_text(receipt.and_then(|it| it.error_code.as_deref()));
    row.maybe_bits(receipt.map(|it| it.received_at.0));
    row.maybe_bits(receipt.and_then(|it| it.done_at).map(|it| it.0));
}

/// What [`write_cells`] has written.
pub(super) fn read_cells(row: &mut RowReader<'_>) -> Option<Receipt> {
    let status = row.maybe_code(Status::from_number);
    let raw = row.maybe_text();
    let error = row.maybe_text();
    let received_at = row.maybe_bits().map(Time);
    let done_at = row.maybe_bits().map(Time);
    Some(Receipt {
        status: status?,
        raw_status: raw?.into(),
        error_code: error.map(Into::into),
        received_at: received_at?,
        done_at,
        done_date: None,
        tlvs: Vec::new(),
        later: Vec::new(),
    })
}

/// The two columns of the date that the carrier wrote, which stand behind those of older formats.
pub(super) fn write_date<'a>(row: &mut RowWriter<'a>, receipt: Option<&'a Receipt>) {
    let date = receipt.and_then(|it| it.done_date.as_deref());
    row.later_text(date.map(|it| &*it.raw));
    row.later(date.and_then(|it| it.offset).map(|it| i64::from(it).cast_unsigned()));
}

/// What [`write_date`] has written.
pub(super) fn read_date(row: &mut RowReader<'_>, receipt: Option<&mut Receipt>) {
    let (raw, offset) = (row.later_text(), row.later());
    let offset = offset.map(|it| i32::try_from(it.cast_signed()));
    row.must(
        !matches!(offset, Some(Err(_))) && (offset.is_none() || raw.is_some()) && (raw.is_none() || receipt.is_some()),
    );
    if let (Some(receipt), Some(raw)) = (receipt, raw) {
        receipt.done_date = Some(Box::new(DoneDate { raw: raw.into(), offset: offset.and_then(Result::ok) }));
    }
}

/// The text of `receipt_more`; `None` if there is nothing to say.
pub(super) fn to_more(receipt: &Receipt) -> Option<String> {
    if receipt.tlvs.is_empty() && receipt.later.is_empty() {
        return None;
    }
    let later = receipt.later.iter().map(|it| Later {
        status: it.status.number(),
        raw: it.raw_status.clone(),
        error: it.error_code.clone(),
        at: it.received_at.0,
        done: it.done_at.map(|it| it.0),
        date: it.done_date.as_ref().map(|it| it.raw.clone()),
        offset: it.done_date.as_ref().and_then(|it| it.offset),
        tlvs: written(&it.tlvs),
    });
    let written = Written { v: VERSION, tlvs: written(&receipt.tlvs), later: later.collect() };
    Some(serde_json::to_string(&written).expect("texts, numbers and lists are JSON"))
}

/// Adds to a receipt what `receipt_more` says; damaged is a cell without a receipt, and one that [`to_more`] does not
/// write.
pub(super) fn read_more(row: &mut RowReader<'_>, receipt: Option<&mut Receipt>) {
    if !row.is_of_before() {
        let text = row.maybe_text();
        row.must(text.zip(receipt).is_some_and(|(text, receipt)| add(receipt, text).is_some()));
    }
}

fn add(receipt: &mut Receipt, text: &str) -> Option<()> {
    let written: Written = serde_json::from_str(text).ok().filter(|it: &Written| it.v == VERSION)?;
    receipt.tlvs = parameters(&written.tlvs)?;
    let later = written.later.into_iter().map(|it| {
        Some(Receipt {
            status: Status::from_number(it.status)?,
            raw_status: it.raw,
            error_code: it.error,
            received_at: Time(it.at),
            done_at: it.done.map(Time),
            done_date: it.date.map(|raw| Box::new(DoneDate { raw, offset: it.offset })),
            tlvs: parameters(&it.tlvs)?,
            later: Vec::new(),
        })
    });
    receipt.later = later.collect::<Option<_>>()?;
    Some(())
}

fn written(tlvs: &[Parameter]) -> Vec<[String; 2]> {
    tlvs.iter().map(|it| [format!("{:04x}", it.tag), hex::encode(&it.value)]).collect()
}

fn parameters(written: &[[String; 2]]) -> Option<Vec<Parameter>> {
    let parameter = |[tag, value]: &[String; 2]| {
        Some(Parameter { tag: u16::from_str_radix(tag, 16).ok()?, value: hex::decode(value).ok()?.into() })
    };
    written.iter().map(parameter).collect()
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    v: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tlvs: Vec<[String; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    later: Vec<Later>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    status: u8,
    raw: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Box<str>>,
    at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tlvs: Vec<[String; 2]>,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::store::sqlite::table) fn bare() -> Receipt {
        Receipt {
            status: Status::Sent,
            raw_status: "ENROUTE".into(),
            error_code: None,
            received_at: Time(21),
            done_at: None,
            done_date: None,
            tlvs: Vec::new(),
            later: Vec::new(),
        }
    }

    pub(in crate::store::sqlite::table) fn full() -> Receipt {
        let tlvs = || vec![Parameter { tag: 0x1401, value: [0, 7].into() }];
        let told = Receipt {
            status: Status::Failed,
            raw_status: "UNDELIV".into(),
            error_code: Some("034".into()),
            received_at: Time(22),
            done_at: Some(Time(23)),
            done_date: Some(Box::new(DoneDate { raw: "2601010000".into(), offset: Some(-3_600) })),
            tlvs: tlvs(),
            later: Vec::new(),
        };
        Receipt { later: vec![told.clone(), bare()], ..told }
    }
}
