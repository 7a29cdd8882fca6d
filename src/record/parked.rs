//! Receipts whose part is not known yet.

use crate::carrier::whom::Whom;
use crate::message::attempt::CarrierMessageId;
use crate::message::id::CarrierId;
use crate::message::receipt::Receipt;
use crate::number::e164::E164;

/// A receipt that waits for the answer that names its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its own key: a counter.
    pub number: u64,
    /// Who sent it.
    pub carrier: CarrierId,
    /// The id that it names.
    pub carrier_message_id: CarrierMessageId,
    /// What it calls it elsewhere, where TLV and text differ.
    pub also: Option<CarrierMessageId>,
    /// The handset that it is about, as far as the PDU says so.
    pub handset: Option<E164>,
    /// What stands in the handset's place, where it is no number with its country code.
    pub address: Option<Box<str>>,
    /// The sender that it is about, as the PDU has it.
    pub sender: Box<str>,
    /// What it says.
    pub receipt: Receipt,
}

impl Parked {
    /// Whom it is about.
    pub fn whom(&self) -> Whom<'_> {
        Whom { handset: self.handset, address: self.address.as_deref(), sender: &self.sender }
    }
}
