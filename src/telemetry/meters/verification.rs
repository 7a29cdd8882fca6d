//! How verifications end.

use crate::message::id::AppId;
use crate::telemetry::labels::{Labels, OTHER};
use crate::telemetry::meters::late::Late;
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use crate::verify::progress::VerificationStatus;
use foldhash::HashMap;
use metrics::{Counter, Histogram};
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::time::Duration;

/// The label of a carrier where nobody carried a code.
const NONE: &str = "none";

/// App, carrier, country, end; names by their place, so that the labels of a count are small.
type Place = (AppId, u64, u64, VerificationStatus);

/// The metrics of verifications.
pub struct VerificationMeter {
    apps: HashMap<AppId, Box<str>>,
    countries: BTreeSet<Box<str>>,
    ends: Late<Place, Counter>,
    seconds: Late<u64, Histogram>,
    exposition: Exposition,
}

impl VerificationMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, labels: &Labels) -> Self {
        Self {
            apps: labels.apps.iter().cloned().collect(),
            countries: labels.countries.clone(),
            ends: Late::default(),
            seconds: Late::default(),
            exposition: exposition.clone(),
        }
    }

    /// What the configuration calls an app.
    pub fn app(&self, id: AppId) -> &str {
        self.apps.get(&id).map_or(OTHER, |it| it)
    }

    /// One ended so, of this app, by this carrier, in this country, so long after it began.
    pub fn count_end(
        &self,
        (app, carrier, country): (AppId, Option<&str>, Option<&str>),
        status: VerificationStatus,
        took: Duration,
    ) {
        let country = country.filter(|it| self.countries.contains(*it)).unwrap_or(OTHER);
        let carrier = carrier.unwrap_or(NONE);
        let name = |it: &str| foldhash::fast::FixedState::default().hash_one(it);
        let labels = [self.app(app), carrier, country, status.word()];
        let place = (app, name(carrier), name(country), status);
        self.ends.with(place, || self.exposition.counter(&names::VERIFICATIONS, labels), |it| it.increment(1));
        if status == VerificationStatus::Approved {
            let make = || self.exposition.histogram(&names::VERIFICATION_SECONDS, [carrier]);
            self.seconds.with(name(carrier), make, |it| it.record(took));
        }
    }
}
