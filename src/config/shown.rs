//! The configuration as it was written, files and environment merged, for operators to see: without its secrets.

use figment::value::Dict;
use serde_json::Value;

/// What stands in place of a secret.
const HIDDEN: &str = "****";

/// Whether what stands under a key is for nobody to see. Files and variables that hold secrets are named; what is
/// in them is not.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let names_place = key.ends_with("_file") || key.ends_with("_env");
    let tells = ["password", "secret", "token", "authorization", "sha256", "api_key", "api-key"];
    !names_place && tells.iter().any(|it| key.contains(it))
}

/// Everything that was written, each secret as stars.
pub(super) fn shown(written: &Dict) -> Value {
    let mut value = serde_json::to_value(written).unwrap_or(Value::Null);
    hide(&mut value);
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match &**key {
                    // What other houses take for a key has any name.
                    "headers" | "body" => stars(value),
                    "url" => hide_query(value),
                    _ if is_secret(key) => stars(value),
                    _ => hide(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(hide),
        _ => (),
    }
}

/// Hides of an address whom it is called as, and what stands behind its path.
fn hide_query(value: &mut Value) {
    let Value::String(url) = value else { return hide(value) };
    let path = url.find(['?', '#']).unwrap_or(url.len());
    let (mut shown, rest) = (url[..path].to_owned(), url.len() - path);
    if let Some(host) = shown.find("://").map(|it| it + 3)
        && let Some(at) = shown[host..].split('/').next().and_then(|it| it.rfind('@'))
    {
        shown.replace_range(host..host + at, HIDDEN);
    }
    if rest != 0 {
        shown.push('?');
        shown.push_str(HIDDEN);
    }
    *url = shown;
}

/// Hides all that is below a key, and shows that it is there.
fn stars(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(stars),
        Value::Array(list) => list.iter_mut().for_each(stars),
        Value::Null => (),
        _ => *value = HIDDEN.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::Figment;
    use figment::providers::Serialized;

    #[test]
    fn what_is_secret_is_stars_wherever_it_stands_and_the_rest_is_as_written() {
        let written = serde_json::json!({
            "carrier": [{ "id": "acme", "password": "hunter2", "outbind": { "password": "theirs", "system_id": "ACME" } },
                { "id": "beta", "password_file": "/etc/beta", "headers": { "Authorization": "Bearer x" } },
                { "id": "web", "request": { "method": "POST", "url": "https://me:pass@api.example/send?key=k&to={to}",
                    "headers": { "apikey": "k" }, "body": "key=k" } }],
            "account": [{ "id": "shop", "key_sha256": ["9f86d0"], "logins": [{ "username": "u", "password_sha256": "ab" }],
                "webhook": { "url": "https://shop.example", "secret_env": "SHOP" } }],
            "store": { "gather": "0ms", "max_queued": 20 }
        });
        let dict: Dict = Figment::from(Serialized::defaults(&written)).extract().expect("it is a table");
        let shown = shown(&dict);
        assert_eq!(
            shown["carrier"][0],
            serde_json::json!({ "id": "acme", "password": "****",
            "outbind": { "password": "****", "system_id": "ACME" } })
        );
        assert_eq!(
            (&shown["carrier"][1]["password_file"], &shown["carrier"][1]["headers"]["Authorization"]),
            (&"/etc/beta".into(), &"****".into())
        );
        assert_eq!(
            (&shown["account"][0]["key_sha256"][0], &shown["account"][0]["logins"][0]["password_sha256"]),
            (&"****".into(), &"****".into())
        );
        assert_eq!(shown["account"][0]["webhook"]["secret_env"], "SHOP");
        let request = &shown["carrier"][2]["request"];
        assert_eq!(request["url"], "https://****@api.example/send?****");
        assert_eq!(
            (&request["headers"]["apikey"], &request["body"], &request["method"]),
            (&"****".into(), &"****".into(), &"POST".into())
        );
        assert_eq!(shown["account"][0]["webhook"]["url"], "https://shop.example");
        assert_eq!(shown["store"], serde_json::json!({ "gather": "0ms", "max_queued": 20 }));
    }
}
