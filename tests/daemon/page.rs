//! A page of metrics, read.

use std::collections::BTreeMap;

/// Every value of a page by its name with labels, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    /// Reads the text format of Prometheus.
    pub(crate) fn read(text: &str) -> Self {
        let lines = text.lines().filter(|it| !it.starts_with('#') && !it.is_empty());
        Self(
            lines
                .map(|it| {
                    let (name, value) = it.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {it}"));
                    (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {it}")))
                })
                .collect(),
        )
    }

    /// The value of one series, named without the prefix: `receipts_total{carrier="acme",status="SENT"}`.
    /// One that is missing is a fault; of those that come with their first event ask the sum.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let name = format!("nuncio_{series}");
        *self.0.get(&name).unwrap_or_else(|| panic!("{name} is not on the page"))
    }

    /// The sum of all series of a metric whose labels have these words in them.
    pub(crate) fn sum(&self, metric: &str, words: &[&str]) -> f64 {
        let name = format!("nuncio_{metric}");
        let is = |it: &str| it.strip_prefix(&name).is_some_and(|it| it.is_empty() || it.starts_with('{'));
        self.0.iter().filter(|it| is(it.0) && words.iter().all(|word| it.0.contains(word))).map(|it| it.1).sum()
    }
}
