//! Reads of the store: on threads that may block, a bounded number at once.

use crate::api::handler::context::Context;
use crate::api::handler::problem::{Kind, Problem};
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::readers::Readers;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a read waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the store, on a thread that may block, a bounded number at once.
pub(crate) async fn blocking<T, F>(context: &Context, ask: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
{
    let turn = await_turn(&context.reads).await?;
    let readers = context.wiring.readers.clone();
    let answer = tokio::task::spawn_blocking(move || {
        // The turn ends with the read, even where its request is given up before.
        let _turn = turn;
        ask(&readers)
    });
    match answer.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a read of the store failed");
            Err(Problem::new(Kind::StoreFailed, "The store could not be read."))
        }
        Err(_) => Err(Problem::new(Kind::Internal, "The read met a fault of ours; it is logged.")),
    }
}

async fn await_turn(reads: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    match tokio::time::timeout(TURN_TIMEOUT, Arc::clone(reads).acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(Problem::new(Kind::ReadsBusy, "Too many requests read at once.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_told_to_come_again() {
        let reads = Arc::new(Semaphore::new(1));
        let (turn, began) = (await_turn(&reads).await.unwrap(), Instant::now());
        let refused = await_turn(&reads).await.unwrap_err();
        assert_eq!((refused.kind.slug(), refused.kind.status()), ("reads-busy", 503));
        assert_eq!(began.elapsed(), TURN_TIMEOUT);
        drop(turn);
        assert!(await_turn(&reads).await.is_ok());
    }
}
