//! The header `Accept` (RFC 9110, 12.5.1), as far as it decides anything here: which types are named, in their order.

use axum::http::{HeaderMap, header};

/// The types that a request accepts by their names, in its order; weights change nothing.
pub(crate) fn types(head: &HeaderMap) -> impl Iterator<Item = &str> {
    let ranges = head.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
    ranges.filter_map(|it| it.split(';').next()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn types_come_in_their_order_without_parameters() {
        let mut head = HeaderMap::new();
        for line in ["text/html;q=0.8 , Text/CSV", "*/*"] {
            head.append(header::ACCEPT, HeaderValue::from_static(line));
        }
        assert_eq!(types(&head).collect::<Vec<_>>(), ["text/html", "Text/CSV", "*/*"]);
    }
}
