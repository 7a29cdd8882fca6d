//! The configuration in force as operators see it, across reloads.

/// What of `[store]` takes effect at the next start.
const STORE_AT_START: [&str; 6] = ["path", "durability", "on_damage", "gather", "min_free", "retention"];

/// Has an object hold under a key what another holds there.
fn keep(before: Option<&serde_json::Value>, key: &str, now: &mut serde_json::Map<String, serde_json::Value>) {
    match before.and_then(|it| it.get(key)) {
        Some(before) => drop(now.insert(key.to_owned(), before.clone())),
        None => drop(now.remove(key)),
    }
}

/// Shows a new configuration, but for what takes effect at the next start.
pub(super) fn take_up(shown: &mut serde_json::Value, new: &serde_json::Value) {
    let mut next = new.clone();
    if let Some(sections) = next.as_object_mut() {
        for section in ["http", "admin", "clock"] {
            keep(Some(shown), section, sections);
        }
        let store = sections.entry("store").or_insert_with(|| serde_json::json!({}));
        if let Some(store) = store.as_object_mut() {
            STORE_AT_START.iter().for_each(|it| keep(shown.get("store"), it, store));
        }
    }
    *shown = next;
}
