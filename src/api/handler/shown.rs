//! The configuration in force as operators see it, across reloads.

use std::sync::{Arc, PoisonError, RwLock};

/// What of `[store]` takes effect at the next start.
const STORE_AT_START: [&str; 6] = ["path", "durability", "on_damage", "gather", "min_free", "retention"];

/// The configuration as it was written, without its secrets. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ShownConfig(Arc<RwLock<serde_json::Value>>);

impl ShownConfig {
    /// The one that the process begins with.
    pub fn new(first: serde_json::Value) -> Self {
        Self(Arc::new(RwLock::new(first)))
    }

    /// What is in force.
    pub fn get(&self) -> serde_json::Value {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows a new one, but for what takes effect at the next start.
    pub fn take_up(&self, new: &serde_json::Value) {
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = new.clone();
        if let Some(sections) = next.as_object_mut() {
            for section in ["http", "admin", "clock"] {
                keep(Some(&shown), section, sections);
            }
            let store = sections.entry("store").or_insert_with(|| serde_json::json!({}));
            if let Some(store) = store.as_object_mut() {
                STORE_AT_START.iter().for_each(|it| keep(shown.get("store"), it, store));
            }
        }
        *shown = next;
    }
}

/// Has an object hold under a key what another holds there.
fn keep(before: Option<&serde_json::Value>, key: &str, now: &mut serde_json::Map<String, serde_json::Value>) {
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
        shown.take_up(&json!({ "store": { "path": "b", "export": 2, "gather": "1ms" }, "route": [], "admin": {} }));
        assert_eq!(
            shown.get(),
            json!({ "store": { "path": "a", "export": 2 }, "http": { "listen": "x" }, "route": [] })
        );
    }
}
