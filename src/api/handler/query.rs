//! Query strings: pairs in their order, of names that are known.

use crate::api::handler::problem::{Kind, Problem, unknown_name};
use axum::extract::Query;
use std::borrow::Cow;

/// The pairs of a query string; where a name is not known, the refusal of it.
pub(crate) fn pairs<'k>(
    text: Option<&str>,
    known: &'k [&str],
) -> Result<impl Iterator<Item = Result<(String, String), Problem>> + use<'k>, Problem> {
    let none = || invalid("", "is not a query");
    let uri = format!("/?{}", text.unwrap_or_default()).parse().map_err(|_| none())?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| none())?;
    Ok(pairs.into_iter().map(|(name, value)| match known.contains(&name.as_str()) {
        true => Ok((name, value)),
        false => Err(invalid(&name, unknown_name(&name, known))),
    }))
}

/// The refusal of what stands behind a name.
pub(crate) fn invalid(name: &str, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::at(Kind::Invalid, format!("/{name}"), detail)
}

/// A number as it was meant: a plus sign that was not escaped reads as a blank.
pub(crate) fn number(value: &str) -> Cow<'_, str> {
    value.strip_prefix(' ').map_or(Cow::Borrowed(value), |it| format!("+{it}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_in_their_order_until_one_is_not_known() {
        let all = |text| pairs(Some(text), &["to", "limit"]).unwrap().collect::<Vec<_>>();
        let found = all("limit=1&to=%2B31&lmit=2");
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(found[..2], [pair("limit", "1"), pair("to", "+31")]);
        assert_eq!(found[2].as_ref().unwrap_err().errors[0].pointer, "/lmit");
        assert!(all("").is_empty() && pairs(None, &[]).unwrap().next().is_none());
        assert_eq!((&*number(" 31"), &*number("+31"), &*number("31")), ("+31", "+31", "31"));
    }
}
