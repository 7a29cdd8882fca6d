//! The service that is asked about numbers, kept over reloads together with what it has said.

use crate::api::lookup::{Lookup, Options};
use crate::telemetry::meters::Meters;
use std::sync::Arc;
use tokio::sync::watch;

/// The service that is wanted: the one that runs, where it is the same.
pub(super) fn service(
    wanted: Option<Options>,
    runs: Option<&Arc<Lookup>>,
    meters: &watch::Receiver<Arc<Meters>>,
) -> Option<Arc<Lookup>> {
    let wanted = wanted?;
    if let Some(same) = runs.filter(|it| *it.options() == wanted) {
        return Some(Arc::clone(same));
    }
    let meters = meters.clone();
    let count = move |looked| meters.borrow().http().looked_up(looked);
    Some(Arc::new(Lookup::new(wanted, Arc::new(count))))
}
