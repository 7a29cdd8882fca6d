//! The body of a request, within its size and its time.

use crate::api::problem::{Kind, Problem};
use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// Reads a body of at most `max` octets that comes within `limit`.
pub(super) async fn read(body: Body, max: usize, limit: Duration) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Kind::TooLarge, format!("A body has at most {max} octets."));
    // What announces itself as too large need not come at all.
    if axum::body::HttpBody::size_hint(&body).lower() > max as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(limit, Limited::new(body, max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Kind::Malformed, "The body ended before its end.")),
        Err(_) => Err(Problem::new(Kind::TooSlow, format!("The body did not come within {} s.", limit.as_secs_f32()))),
    }
}
