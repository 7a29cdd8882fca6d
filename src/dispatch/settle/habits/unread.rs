//! Receipts that name no message: announced as one, confirmed, and about nothing that can be found.
//!
//! **Guarantee.** None is confirmed and gone. It stands as it came in the log of events that no account is given, in
//! the same commit that its confirmation waits for. Of a carrier that sends nothing else so many a day are kept; all
//! are counted.

use crate::carrier::report::ReceiptNews;
use crate::dispatch::Dice;
use crate::dispatch::beat::{Addressee, Beat};
use crate::dispatch::door::fact::{Fact, Fate};
use crate::dispatch::settle::habits::Habits;
use crate::message::extras::Parameter;
use crate::message::id::CarrierId;
use crate::number::e164::E164;
use crate::record::event::EventKind;
use crate::text::base64;
use serde::Serialize;
use std::collections::BTreeMap;

/// Octets that are kept of a text: many times what a receipt has.
const OCTETS_MAX: usize = 4_096;

impl Habits {
    /// Keeps a receipt for people to read.
    pub(crate) fn keep_unread(&mut self, beat: &mut Beat, carrier: CarrierId, news: &ReceiptNews, dice: Dice<'_>) {
        let (status, fate) = (news.receipt.status, Fate::Unread);
        beat.tell(Fact::Receipt { carrier, status, fate, message: None, delay: None });
        let kept = self.remarks.keeps_unread(carrier, beat.now);
        let event = kept.then(|| {
            let (id, data) = (beat.event_id(dice), particulars(beat, carrier, news));
            beat.write_event(id, EventKind::ReceiptUnread, Addressee::of(None), data);
            id
        });
        beat.tell(Fact::Unread { carrier, event });
    }
}

fn particulars(beat: &Beat, carrier: CarrierId, news: &ReceiptNews) -> Box<str> {
    let name = beat.plan.carriers.get(&carrier).map(|it| &*it.name);
    let octets = news.announced.as_ref().map(|it| &it.octets[..it.octets.len().min(OCTETS_MAX)]);
    let handset = news.handset.map(|it: E164| it.to_string());
    let data = Data {
        from: handset.as_deref().or(news.address.as_deref()),
        to: Some(&*news.sender).filter(|it| !it.is_empty()),
        status: Some(&*news.receipt.raw_status).filter(|it| !it.is_empty()),
        error_code: news.receipt.error_code.as_deref(),
        esm_class: news.announced.as_ref().map(|it| format!("0x{:02X}", it.esm_class)),
        data_coding: news.announced.as_ref().map(|it| it.data_coding),
        data: octets.map(base64::encode),
        length: news.announced.as_ref().map(|it| it.octets.len()),
        tlvs: news.receipt.tlvs.iter().map(|it| Parameter::to_text(it.tag, &it.value)).collect(),
        carrier: name,
        received_at: beat.shown(beat.now).to_string(),
    };
    serde_json::to_string(&data).expect("texts and numbers are always JSON").into()
}

/// The particulars of [`EventKind::ReceiptUnread`].
#[derive(Serialize)]
struct Data<'a> {
    /// The addresses, as they stand in the PDU: in a receipt it is the handset that sends.
    from: Option<&'a str>,
    to: Option<&'a str>,
    /// The carrier's word and code, where it has some.
    status: Option<&'a str>,
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    esm_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_coding: Option<u8>,
    /// The octets of its text in base64, and how many it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    tlvs: BTreeMap<String, String>,
    carrier: Option<&'a str>,
    received_at: String,
}
