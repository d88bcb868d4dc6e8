//! Work done on all cores whose results come back in order, through a bounded queue.
//!
//! The sender blocks when `capacity` results are outstanding, so memory stays bounded however fast the
//! producer is. Dropping either end stops the other.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Pooled, spawn};
use crate::error::Result;

/// The end that hands out work.
pub(crate) struct OrderedSender<T>(Sender<Pooled<T>>);

/// The end that gets results, in the order the work was handed out.
pub(crate) struct OrderedReceiver<T>(Receiver<Pooled<T>>);

/// The other end is gone: its own error is the one to report.
#[derive(Debug)]
pub(crate) struct Disconnected;

/// A queue with at most `capacity` pieces of work outstanding, and the one that is being handed over.
pub(crate) fn ordered<T: Send + 'static>(capacity: usize) -> (OrderedSender<T>, OrderedReceiver<T>) {
    let (sender, receiver) = bounded(capacity);
    (OrderedSender(sender), OrderedReceiver(receiver))
}

impl<T: Send + 'static> OrderedSender<T> {
    /// Runs `work` on the thread pool; blocks while the queue is full.
    pub(crate) fn spawn(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::result::Result<(), Disconnected> {
        self.0.send(spawn(work)).map_err(|_| Disconnected)
    }
}

impl<T> Iterator for OrderedReceiver<T> {
    type Item = Result<T>;

    /// The next result, or the fault of work that panicked; `None` once the sender is dropped and all are taken.
    fn next(&mut self) -> Option<Result<T>> {
        self.0.recv().ok().map(Pooled::wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_in_order_and_a_gone_receiver_stops_the_sender() {
        let (sender, receiver) = ordered(4);
        let feeder =
            std::thread::spawn(move || (0..100_u64).try_for_each(|n| sender.spawn(move || n * n)).is_err());
        assert_eq!(
            receiver.take(50).map(Result::unwrap).collect::<Vec<_>>(),
            (0..50).map(|n| n * n).collect::<Vec<_>>()
        );
        assert!(feeder.join().unwrap(), "the sender saw the receiver go");
    }
}
