//! The body of a request, within its size, its time, and what may be held in memory.

use crate::api::handler::context::Context;
use crate::api::handler::memory::{Holder, Share};
use crate::api::handler::problem::{Kind, Problem};
use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Reads a body, whose place in memory is held as long as the share lives.
pub(crate) async fn read(context: &Context, holder: Holder, body: Body) -> Result<(Bytes, Share<'_>), Problem> {
    let (max, limit) = (context.wiring.max_body, context.wiring.body_timeout);
    // What announces itself as too large need not come at all.
    if HttpBody::size_hint(&body).lower() > max as u64 {
        return Err(too_large(max));
    }
    let mut held = context.memory.share(holder);
    match tokio::time::timeout(limit, collect(Limited::new(body, max), max, &mut held)).await {
        Ok(body) => Ok((strip_mark(body?), held)),
        Err(_) => Err(Problem::new(Kind::TooSlow, format!("The body did not come within {} s.", limit.as_secs_f32()))),
    }
}

/// All octets of a body. One that comes whole is not copied; one that comes in pieces is, so that pieces of a few
/// octets cost no more than what is in them.
async fn collect(mut body: Limited<Body>, max: usize, held: &mut Share<'_>) -> Result<Bytes, Problem> {
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large(max)),
            Err(_) => return Err(Problem::new(Kind::Malformed, "The body ended before its end.")),
        };
        let Ok(data) = frame.into_data() else { continue };
        if whole.is_empty() && pieces.is_empty() && body.is_end_stream() {
            held.grow_to(data.len())?;
            whole = data;
            continue;
        }
        let (needed, room) = (pieces.len() + data.len(), pieces.capacity());
        if room < needed {
            let room = needed.max(room * 2).min(max);
            held.grow_to(room)?;
            pieces.reserve_exact(room - pieces.len());
        }
        pieces.extend_from_slice(&data);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.into() })
}

fn too_large(max: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("A body has at most {max} octets."))
}

/// The same without a mark of byte order, which a parser may pass over (RFC 8259, 8.1).
fn strip_mark(body: Bytes) -> Bytes {
    if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body }
}
