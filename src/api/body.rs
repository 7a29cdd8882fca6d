//! The body of a request, within its size and its time.

use crate::api::context::Context;
use crate::api::problem::{Kind, Problem};
use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::SemaphorePermit;

/// Reads a body, whose place in memory is held as long as the permit lives.
pub(super) async fn read(context: &Context, body: Body) -> Result<(Bytes, SemaphorePermit<'_>), Problem> {
    let (max, limit) = (context.wiring.max_body, context.wiring.body_timeout);
    let too_large = || Problem::new(Kind::TooLarge, format!("A body has at most {max} octets."));
    // What announces itself as too large need not come at all.
    let announced = HttpBody::size_hint(&body);
    if announced.lower() > max as u64 {
        return Err(too_large());
    }
    // What does not say how long it is may be as long as any.
    let octets = announced.upper().and_then(|it| usize::try_from(it).ok()).map_or(max, |it| it.min(max));
    let held = context.memory.hold(octets)?;
    match tokio::time::timeout(limit, Limited::new(body, max).collect()).await {
        Ok(Ok(collected)) => Ok((unmarked(collected.to_bytes()), held)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Kind::Malformed, "The body ended before its end.")),
        Err(_) => Err(Problem::new(Kind::TooSlow, format!("The body did not come within {} s.", limit.as_secs_f32()))),
    }
}

/// The same without a mark of byte order, which a parser may pass over (RFC 8259, 8.1).
fn unmarked(body: Bytes) -> Bytes {
    if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body }
}
