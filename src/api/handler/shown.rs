//! The configuration in force as operators see it, across reloads.

use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};

/// The configuration as it was written, without its secrets. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ShownConfig(Arc<RwLock<Value>>);

impl ShownConfig {
    /// The one that the process begins with.
    pub fn new(first: Value) -> Self {
        Self(Arc::new(RwLock::new(first)))
    }

    /// What is in force.
    pub fn get(&self) -> Value {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows a new one, but for these sections and keys of sections (`store.path`), which count from the next start.
    pub fn take_up(&self, new: &Value, at_start: &[&str]) {
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = new.clone();
        for path in at_start {
            match (path.split_once('.'), next.as_object_mut()) {
                (None, Some(sections)) => keep(Some(&shown), path, sections),
                (Some((section, key)), Some(sections)) => {
                    let section_now = sections.entry(section).or_insert_with(|| serde_json::json!({}));
                    if let Some(section_now) = section_now.as_object_mut() {
                        keep(shown.get(section), key, section_now);
                    }
                }
                (_, None) => {}
            }
        }
        *shown = next;
    }
}

/// Has an object hold under a key what another holds there.
fn keep(before: Option<&Value>, key: &str, now: &mut serde_json::Map<String, Value>) {
    match before.and_then(|it| it.get(key)) {
        Some(before) => drop(now.insert(key.to_owned(), before.clone())),
        None => drop(now.remove(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_waits_for_the_next_start_is_shown_as_it_was() {
        let shown = ShownConfig::new(json!({ "store": { "path": "a", "export": 1 }, "http": { "listen": "x" } }));
        let new = json!({ "store": { "path": "b", "export": 2, "gather": "1ms" }, "route": [], "admin": {} });
        shown.take_up(&new, &["http", "admin", "store.path", "store.gather"]);
        assert_eq!(
            shown.get(),
            json!({ "store": { "path": "a", "export": 2 }, "http": { "listen": "x" }, "route": [] })
        );
    }
}
