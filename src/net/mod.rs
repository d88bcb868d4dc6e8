//! The only async code: one runtime, and the bridges between its streams and `Read`.
//!
//! Everything that leaves here is synchronous. A wait ends within a tenth of a second when the job is
//! cancelled, as the future it waits for is dropped.

mod auth;
mod certs;
mod env;
mod failure;
mod harbor;
mod http;
mod registry;
mod retry;
mod stream;
mod tls;
mod transit;

use std::{future::Future, io, sync::LazyLock, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

pub use auth::Credentials;
pub use certs::{ClientCertificate, client_certificates};
pub(crate) use env::Env;
pub use registry::RegistryAccess;
#[cfg(any(test, fuzzing))]
pub(crate) use registry::read_answer;
pub(crate) use registry::{Referrer, Registry, Sent, Way};
pub(crate) use stream::{BodyReader, Pipe, pipe};
pub(crate) use transit::{Login, Transit};

use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// How often a wait looks whether its job was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(100);

/// Two workers: the work is waiting; hashing and compressing have their own threads.
static RUNTIME: LazyLock<io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).thread_name("net").enable_all().build());

fn runtime() -> Result<&'static Runtime> {
    RUNTIME.as_ref().map_err(|e| Error::new(Code::Read).with(Fact::System, e))
}

/// Waits for `future`; the calling thread must not be one of the runtime's.
///
/// # Errors
/// [`Code::Cancelled`] when the job is cancelled first.
pub(crate) fn block_on<T>(ctx: &Ctx, future: impl Future<Output = T>) -> Result<T> {
    let cancelled = async {
        while ctx.checkpoint().is_ok() {
            tokio::time::sleep(CANCEL_POLL).await;
        }
    };
    runtime()?.block_on(async {
        tokio::select! {
            biased;
            value = future => Ok(value),
            () = cancelled => Err(Error::new(Code::Cancelled)),
        }
    })
}

/// Waits for `future` no longer than `limit`, cancelled or not: for the few words that end something.
fn within(limit: Duration, future: impl Future<Output = ()>) -> Result<()> {
    // Only a future that could not end in time is dropped.
    let _ = runtime()?.block_on(async { tokio::time::timeout(limit, future).await });
    Ok(())
}

/// A future that runs in parallel to the calling thread.
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T> Task<T> {
    /// Waits for its value.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the job is cancelled first; [`Code::Fault`] when the future panicked.
    pub(crate) fn wait(self, ctx: &Ctx) -> Result<T> {
        block_on(ctx, self.0)?.map_err(|ended| match ended.try_into_panic() {
            Ok(payload) => Error::panicked(payload),
            Err(_) => Error::new(Code::Cancelled),
        })
    }
}

/// Runs `future` in parallel to the calling thread.
pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<Task<T>> {
    Ok(Task(runtime()?.spawn(future)))
}

/// Makes the runtime this thread's, for calls that ask for one without waiting.
pub(crate) fn enter() -> Result<tokio::runtime::EnterGuard<'static>> {
    Ok(runtime()?.enter())
}
