//! Work of a second or so that knows no checkpoint: left behind when the job is cancelled.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::{Ctx, caught};
use crate::error::{Code, Error, Result};

/// How often a waiting job looks whether it was cancelled.
const POLL: Duration = Duration::from_millis(50);

/// Work under way on a thread of its own.
pub(crate) struct Background<T>(Receiver<Result<T>>);

impl<T: Send + 'static> Background<T> {
    /// Starts `work`.
    pub(crate) fn start(work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (result, ready) = bounded(1);
        // Without a thread to be had, the channel closes and the wait ends.
        let _ = std::thread::Builder::new().name("background".into()).spawn(move || {
            // Nobody waits any more: the job was cancelled.
            let _ = result.send(caught(work));
        });
        Self(ready)
    }

    /// Its result; [`Code::Cancelled`] soon after the job is cancelled, while the work runs out unseen.
    ///
    /// # Errors
    /// [`Code::Fault`] when the work panicked or no thread could be started.
    pub(crate) fn wait(self, ctx: &Ctx) -> Result<T> {
        loop {
            match self.0.recv_timeout(POLL) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => ctx.checkpoint()?,
                Err(RecvTimeoutError::Disconnected) => return Err(Error::new(Code::Fault)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_does_not_wait() {
        let (hold, held) = bounded::<()>(0);
        let work = Background::start(move || held.recv().is_err());
        let ctx = Ctx::new();
        ctx.cancel();
        assert_eq!(work.wait(&ctx).unwrap_err().code(), Code::Cancelled);
        drop(hold);
        assert!(Background::start(|| true).wait(&Ctx::new()).unwrap());
        let panics = Background::start(|| -> u8 { panic!("on purpose") });
        assert_eq!(panics.wait(&Ctx::new()).unwrap_err().code(), Code::Fault);
    }
}
