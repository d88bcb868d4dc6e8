//! Work for the thread pool whose panics become errors of the job that waits for it.
//!
//! A panic in `rayon::spawn` would end the process, and one on another thread would look like a closed queue.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crossbeam_channel::{Receiver, bounded};
use rayon::prelude::*;

use crate::error::{Code, Error, Result};

/// What `work` returns.
///
/// # Errors
/// [`Code::Fault`] when it panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T> {
    // What a panic leaves half-changed is dropped with the job.
    catch_unwind(AssertUnwindSafe(work)).map_err(Error::panicked)
}

/// Does `work` for each of `numbers` on all cores; each task has a state of its own, made by `init`. The results are in
/// the order of the numbers.
///
/// # Errors
/// One of `work`; [`Code::Fault`] when it panics.
pub(crate) fn on_all_cores<S, T: Send>(
    numbers: Range<u64>,
    init: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, u64) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    caught(|| numbers.into_par_iter().map_init(init, work).collect()).flatten()
}

/// The result of work on the thread pool.
pub(crate) struct Pooled<T>(Receiver<Result<T>>);

impl<T> Pooled<T> {
    /// Waits for the result.
    ///
    /// # Errors
    /// [`Code::Fault`] when the work panicked.
    pub(crate) fn wait(self) -> Result<T> {
        // The pool runs everything it was given; a queue without a result is a fault of its own.
        self.0.recv().unwrap_or_else(|_| Err(Error::new(Code::Fault)))
    }
}

/// Runs `work` on the thread pool.
#[expect(clippy::disallowed_methods, reason = "the one place that catches panics")]
pub(crate) fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Pooled<T> {
    let (result, slot) = bounded(1);
    rayon::spawn(move || {
        // Nobody waits any more when the job ended before.
        let _ = result.send(caught(work));
    });
    Pooled(slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fact;

    #[test]
    fn a_panic_on_the_pool_is_a_fault_with_its_message_and_never_a_cancellation() {
        let error = spawn(|| -> u8 { panic!("index {} is out of range", 7) }).wait().unwrap_err();
        assert_eq!(error.code(), Code::Fault);
        assert!(error.context().contains(&(Fact::System, "index 7 is out of range")), "{error:?}");
        let error = caught(|| -> u8 { panic!("plain") }).unwrap_err();
        assert!(error.context().contains(&(Fact::System, "plain")), "{error:?}");
        assert_eq!(spawn(|| 7).wait().unwrap(), 7);
        let odd = |(): &mut (), number: u64| if number == 9 { panic!("nine") } else { Ok(number * 2) };
        assert_eq!(on_all_cores(0..9, || (), odd).unwrap(), [0, 2, 4, 6, 8, 10, 12, 14, 16]);
        assert_eq!(on_all_cores(0..100, || (), odd).unwrap_err().code(), Code::Fault);
    }
}
