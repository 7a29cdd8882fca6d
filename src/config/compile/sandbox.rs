//! Accounts that try things out: a hidden carrier in this process takes their messages, by routes like those that they
//! name.

use crate::config::error::Findings;
use crate::config::schema::Schema;
use crate::config::schema::carrier::Carrier;
use crate::dispatch::door::plan::{self, Account};
use crate::link::options::Options;
use crate::message::id::{AccountId, CarrierId, RouteId};
use crate::route::plan::{CarrierOrder, Route};
use crate::route::table::ByDestination;
use figment::value::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// How the carrier is called where it is shown.
pub const CARRIER: &str = "sandbox";
/// How it is called in the store: as no carrier of a file can be, so that what waits for one of these never goes to it.
pub const HIDDEN: &str = "(sandbox)";

/// The carrier, where some account is one that tries things out; it stands behind those that are written.
pub fn carrier(schema: &Schema, findings: &mut Findings) -> Option<(usize, Carrier)> {
    let (place, _) = schema.accounts.iter().find(|it| it.1.sandbox == Some(true))?;
    if schema.carriers.iter().any(|it| it.1.id == CARRIER) {
        let message = "a carrier is called \"sandbox\", as the one that is simulated is; give it another id";
        findings.fault(&format!("account.{place}.sandbox"), message);
        return None;
    }
    // Whoever tries out an answer that does not come is not to wait for long.
    let written = json!({
        "id": HIDDEN, "address": ["sandbox:2775"], "system_id": "sandbox", "password": "sandbox", "response_timeout": "5s",
    });
    let read = Value::serialize(written).ok().and_then(|it| it.deserialize::<Carrier>().ok());
    let last = schema.carriers.last().map_or(0, |it| it.0 + 1);
    Some((last, read.expect("what is written here is a carrier")))
}

/// Has the carrier called as it is shown.
pub fn name(id: Option<CarrierId>, carriers: &mut BTreeMap<CarrierId, plan::Carrier>, links: &mut [Options]) {
    let Some(id) = id else { return };
    if let Some(carrier) = carriers.get_mut(&id) {
        carrier.name = CARRIER.into();
    }
    links.iter_mut().filter(|it| it.id.carrier == id).for_each(|it| it.carrier = CARRIER.into());
}

/// Gives the accounts that try things out routes of their own: each is as the one whose number it shows, but that
/// nothing of it leaves this process, and that it waits for no hour.
pub fn open(
    accounts: &mut BTreeMap<AccountId, Account>,
    routes: &mut BTreeMap<RouteId, Route>,
    carrier: Option<CarrierId>,
) {
    let Some(carrier) = carrier else { return };
    for account in accounts.values_mut().filter(|it| it.is_sandbox) {
        for id in &mut account.routes {
            let Some(real) = routes.get(id) else { continue };
            let own = Route {
                id: id.in_sandbox(),
                name: real.name.clone(),
                carriers: vec![carrier],
                weights: Vec::new(),
                carriers_by_country: ByDestination::default(),
                order: CarrierOrder::Static,
                quiet_hours: None,
                receipt_window: None,
                max_wait: None,
                max_cost: None,
                ..real.clone()
            };
            *id = own.id;
            routes.insert(own.id, own);
        }
    }
}
