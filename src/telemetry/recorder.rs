//! Holds the values of all metrics and writes them out.
//!
//! It is not installed globally: two gateways in one process, as in tests, keep their figures apart.
//! Histograms collect single values until they are folded into buckets, so that
//! [`Exposition::upkeep`] must run every few seconds, or memory grows with the traffic.

use crate::telemetry::names::{ALL, Kind, Metric};
use crate::telemetry::often::Often;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::sync::Arc;
use std::time::Duration;

/// The values of all metrics. Cheap to clone; clones share the values.
#[derive(Clone)]
pub struct Exposition {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    often: Arc<Often>,
}

impl Exposition {
    /// How often [`Exposition::upkeep`] is to be run: at 50,000 messages a second some 200,000 values
    /// of 8 octets wait for it.
    pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

    /// The media type of what [`Exposition::render`] writes.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut builder = PrometheusBuilder::new();
        for metric in ALL {
            if let Kind::Histogram(bounds) = metric.kind {
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
                    .expect("every histogram has bounds");
            }
        }
        let recorder = builder.build_recorder();
        for metric in ALL {
            let (name, unit) = (KeyName::from_const_str(metric.name), Some(metric.unit));
            let help = SharedString::const_str(metric.help);
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, unit, help),
                Kind::Gauge => recorder.describe_gauge(name, unit, help),
                Kind::Histogram(_) => recorder.describe_histogram(name, unit, help),
            }
        }
        Self { handle: recorder.handle(), recorder: Arc::new(recorder), often: Arc::default() }
    }

    /// All values, in the text format of Prometheus: families as in the documentation, their series by their labels.
    pub fn render(&self) -> String {
        in_order(&self.handle.render())
    }

    /// How often lines are logged that a peer can repeat.
    pub fn often(&self) -> &Often {
        &self.often
    }

    /// Folds what histograms have collected into their buckets.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// The counter with these values of its labels; the same ones are the same counter.
    pub(in crate::telemetry) fn counter<const N: usize>(&self, metric: &Metric, labels: [&str; N]) -> Counter {
        self.recorder.register_counter(&key(metric, &labels), &METADATA)
    }

    /// The gauge with these values of its labels.
    pub(in crate::telemetry) fn gauge<const N: usize>(&self, metric: &Metric, labels: [&str; N]) -> Gauge {
        self.recorder.register_gauge(&key(metric, &labels), &METADATA)
    }

    /// The histogram with these values of its labels.
    pub(in crate::telemetry) fn histogram<const N: usize>(&self, metric: &Metric, labels: [&str; N]) -> Histogram {
        self.recorder.register_histogram(&key(metric, &labels), &METADATA)
    }
}

impl Default for Exposition {
    fn default() -> Self {
        Self::new()
    }
}

/// The page in an order that stays: the exporter writes it as its maps have it.
fn in_order(page: &str) -> String {
    let place = |family: &str| {
        let name = family.strip_prefix("# HELP ").and_then(|it| it.split(' ').next());
        ALL.iter().position(|it| Some(it.name) == name)
    };
    let mut families: Vec<(Option<usize>, &str)> = page.split_terminator("\n\n").map(|it| (place(it), it)).collect();
    families.sort_unstable();
    let mut ordered = String::with_capacity(page.len());
    for (_, family) in families {
        let (said, mut series): (Vec<&str>, Vec<&str>) = family.lines().partition(|it| it.starts_with('#'));
        // Stable, so that the lines of a histogram stay as they follow each other.
        series.sort_by_key(|it| labels(it));
        for line in said.into_iter().chain(series) {
            ordered.push_str(line);
            ordered.push('\n');
        }
        ordered.push('\n');
    }
    ordered
}

/// The labels of a line but for the bound of a bucket. Values have braces too.
fn labels(line: &str) -> &str {
    let labels = line.split_once('{').and_then(|(_, it)| it.rsplit_once('}')).map_or("", |(it, _)| it);
    labels.rfind("le=\"").filter(|_| line.contains("_bucket{")).map_or(labels, |it| labels[..it].trim_end_matches(','))
}

static METADATA: Metadata<'static> = Metadata::new("nuncio", Level::INFO, None);

fn key(metric: &Metric, values: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "the labels of {}", metric.name);
    let labels = metric.labels.iter().zip(values).map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}
