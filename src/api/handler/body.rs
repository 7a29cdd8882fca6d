//! The body of a request, within its size, its time, and what may be held in memory.

use crate::api::handler::context::Context;
use crate::api::handler::memory::{Holder, Share};
use crate::api::handler::problem::{Kind, Problem};
use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Reads a body, whose place in memory is held as long as the share lives.
pub(crate) async fn read(context: &Context, holder: Holder, body: Body) -> Result<(Bytes, Share<'_>), Problem> {
    read_up_to(context, holder, body, context.wiring.max_body).await
}

/// The same for a body that may be larger than others. It has the time for each part of it that others have for the
/// whole.
pub(crate) async fn read_up_to(
    context: &Context,
    holder: Holder,
    body: Body,
    max: usize,
) -> Result<(Bytes, Share<'_>), Problem> {
    // What announces itself as too large need not come at all.
    if HttpBody::size_hint(&body).lower() > max as u64 {
        return Err(too_large(max));
    }
    let mut held = context.memory.share(holder);
    let pace = Pace { began: Instant::now(), octets: context.wiring.max_body, time: context.wiring.body_timeout };
    let body = collect(Limited::new(body, max), (max, pace), &mut held).await?;
    Ok((strip_mark(body), held))
}

/// How fast a body has to come.
#[derive(Clone, Copy)]
struct Pace {
    began: Instant,
    /// So many octets
    octets: usize,
    /// in this time, and as many more in each that follows.
    time: Duration,
}

impl Pace {
    /// Until when the octets have to come behind so many.
    fn deadline(&self, read: usize) -> Instant {
        let parts = u32::try_from(read / self.octets.max(1)).unwrap_or(u32::MAX).saturating_add(1);
        self.began + self.time.saturating_mul(parts)
    }
}

/// All octets of a body. One that comes whole is not copied; one that comes in pieces is, so that pieces of a few
/// octets cost no more than what is in them.
async fn collect(mut body: Limited<Body>, (max, pace): (usize, Pace), held: &mut Share<'_>) -> Result<Bytes, Problem> {
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    loop {
        let frame = match timeout_at(pace.deadline(pieces.len()), body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => return Err(too_large(max)),
            Ok(Some(Err(_))) => return Err(Problem::new(Kind::Malformed, "The body ended before its end.")),
            Err(_) => return Err(too_slow(pace)),
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

fn too_slow(pace: Pace) -> Problem {
    let (time, octets) = (pace.time.as_secs_f32(), pace.octets);
    Problem::new(Kind::TooSlow, format!("The body did not come within {time} s, or for each {octets} octets of it."))
}

fn too_large(max: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("A body has at most {max} octets."))
}

/// The same without a mark of byte order, which a parser may pass over (RFC 8259, 8.1).
fn strip_mark(body: Bytes) -> Bytes {
    if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_large_body_has_the_time_of_a_whole_one() {
        let (began, time) = (Instant::now(), Duration::from_secs(30));
        let pace = Pace { began, octets: 1 << 20, time };
        for (read, times) in [(0, 1), ((1 << 20) - 1, 1), (1 << 20, 2), (3 << 20, 4)] {
            assert_eq!(pace.deadline(read), began + time * times, "{read}");
        }
    }
}
