//! The threads that commands run on.

use std::future::Future;
use tokio::runtime::Builder;

/// Runs what a command does to its end. Commands are functions of the library around this, and not futures that the
/// binary waits for: what a future runs is compiled where it is waited for, and would be compiled twice.
pub(super) fn block_on<T>(command: impl Future<Output = T>) -> T {
    let runtime = Builder::new_multi_thread().enable_all().build().expect("the operating system gives threads");
    runtime.block_on(command)
}
