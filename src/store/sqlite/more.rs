//! What a receipt says beyond its columns, as the cell `receipt_more`: JSON that says its version, with octets
//! in hexadecimal, so that an operator can read it. NULL for most.
//!
//! ```text
//! {"v":1,"tlvs":[["1401","0007"]],"later":[{"status":2,"raw":"DELIVRD","error":"000","at":1767268800000}]}
//! ```

use crate::message::extras::Parameter;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::store::sqlite::manner::{of_hex, to_hex};
use serde::{Deserialize, Serialize};

/// The format of stores that has the cells.
pub(super) const COLUMNS: &str = "
ALTER TABLE part ADD COLUMN receipt_more TEXT; ALTER TABLE attempt ADD COLUMN receipt_more TEXT;
ALTER TABLE parked ADD COLUMN address TEXT; ALTER TABLE parked ADD COLUMN receipt_more TEXT;
";

/// The version that is written, and the only one so far. A cell with another is not read.
const VERSION: u8 = 1;

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tlvs: Vec<[String; 2]>,
}

/// The text of the cell; `None` if there is nothing to say.
pub(super) fn to_cell(receipt: &Receipt) -> Option<String> {
    if receipt.tlvs.is_empty() && receipt.later.is_empty() {
        return None;
    }
    let later = receipt.later.iter().map(|it| Later {
        status: it.status.number(),
        raw: it.raw_status.clone(),
        error: it.error_code.clone(),
        at: it.received_at.0,
        done: it.done_at.map(|it| it.0),
        tlvs: written(&it.tlvs),
    });
    let written = Written { v: VERSION, tlvs: written(&receipt.tlvs), later: later.collect() };
    Some(serde_json::to_string(&written).expect("texts, numbers and lists are JSON"))
}

/// Adds to a receipt what the cell says; `None` if it is not one that [`to_cell`] writes.
pub(super) fn add(receipt: &mut Receipt, text: &str) -> Option<()> {
    let written: Written = serde_json::from_str(text).ok().filter(|it: &Written| it.v == VERSION)?;
    receipt.tlvs = parameters(&written.tlvs)?;
    let later = written.later.into_iter().map(|it| {
        Some(Receipt {
            status: Status::from_number(it.status)?,
            raw_status: it.raw,
            error_code: it.error,
            received_at: Time(it.at),
            done_at: it.done.map(Time),
            tlvs: parameters(&it.tlvs)?,
            later: Vec::new(),
        })
    });
    receipt.later = later.collect::<Option<_>>()?;
    Some(())
}

fn written(tlvs: &[Parameter]) -> Vec<[String; 2]> {
    tlvs.iter().map(|it| [format!("{:04x}", it.tag), to_hex(&it.value)]).collect()
}

fn parameters(written: &[[String; 2]]) -> Option<Vec<Parameter>> {
    let parameter =
        |[tag, value]: &[String; 2]| Some(Parameter { tag: u16::from_str_radix(tag, 16).ok()?, value: of_hex(value)? });
    written.iter().map(parameter).collect()
}
