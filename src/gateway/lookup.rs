//! The service that is asked about numbers, kept over reloads together with what it has said.

use crate::api::lookup::{Lookup, Options};
use crate::telemetry::meters::Meters;
use std::sync::{Arc, PoisonError, RwLock};

/// The service that is wanted: the one that runs, where it is the same.
pub(super) fn service(
    wanted: Option<Options>,
    runs: Option<&Arc<Lookup>>,
    meters: &Arc<RwLock<Arc<Meters>>>,
) -> Option<Arc<Lookup>> {
    let wanted = wanted?;
    if let Some(same) = runs.filter(|it| *it.options() == wanted) {
        return Some(Arc::clone(same));
    }
    let meters = Arc::clone(meters);
    let count = move |looked| meters.read().unwrap_or_else(PoisonError::into_inner).http().looked_up(looked);
    Some(Arc::new(Lookup::new(wanted, Arc::new(count))))
}
