//! Flushing a file while more of it is being written, so that the last flush is short and progress is what the
//! medium has.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::error::Error;

/// Bytes written between two flushes.
const PIECE_BYTES: u64 = 32 << 20;

/// How far a file is written and flushed.
#[derive(Debug, Default)]
pub(super) struct WriteBehind {
    written: Arc<AtomicU64>,
    synced: Arc<AtomicU64>,
    num_unflushed_bytes: u64,
    thread: Option<Flusher>,
}

/// The thread that flushes; it begins with the first full piece.
#[derive(Debug)]
struct Flusher {
    wake: Sender<()>,
    flushed: Receiver<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl WriteBehind {
    /// For a file of which `len` bytes are on the medium.
    pub(super) fn from(len: u64) -> Self {
        let at = || Arc::new(AtomicU64::new(len));
        Self { written: at(), synced: at(), ..Self::default() }
    }

    /// Bytes from the start that are on the medium.
    pub(super) fn synced_bytes(&self) -> u64 {
        self.synced.load(SeqCst)
    }

    /// Counts `num_bytes` that were appended to `file`, and has them flushed when they make a piece.
    pub(super) fn wrote(&mut self, file: &File, num_bytes: u64) -> io::Result<()> {
        self.written.fetch_add(num_bytes, SeqCst);
        self.num_unflushed_bytes += num_bytes;
        if self.num_unflushed_bytes < PIECE_BYTES {
            return Ok(());
        }
        self.num_unflushed_bytes = 0;
        let thread = match &self.thread {
            Some(thread) => thread,
            None => self.thread.insert(Flusher::start(file, &self.written, &self.synced)?),
        };
        match thread.wake.try_send(()) {
            // Still at the piece before: it takes this one along next time.
            Ok(()) | Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Disconnected(())) => self.end(),
        }
    }

    /// Waits at most for `moment` until fewer than `num_bytes` are written and not flushed; whether they are.
    pub(super) fn wait(&mut self, num_bytes: u64, moment: Duration) -> io::Result<bool> {
        let is_near = |this: &Self| this.written.load(SeqCst) - this.synced_bytes() < num_bytes;
        if is_near(self) {
            return Ok(true);
        }
        let Some(thread) = &self.thread else { return Ok(true) };
        match thread.flushed.recv_timeout(moment) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => Ok(is_near(self)),
            Err(RecvTimeoutError::Disconnected) => self.end().map(|()| true),
        }
    }

    /// Waits for the thread; its failure is the file's.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let Some(Flusher { wake, flushed, thread }) = self.thread.take() else { return Ok(()) };
        drop((wake, flushed));
        thread.join().unwrap_or_else(|panic| Err(Error::panicked(panic).into()))
    }
}

impl Flusher {
    fn start(file: &File, written: &Arc<AtomicU64>, synced: &Arc<AtomicU64>) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (written, synced) = (Arc::clone(written), Arc::clone(synced));
        let (wake, woken) = bounded(1);
        let (tell, flushed) = bounded(1);
        // The kernel tells a failed flush once: the first ends the thread, and the file with it.
        let flush = move || {
            woken.into_iter().try_for_each(|()| {
                let reached = written.load(SeqCst);
                file.sync_data()?;
                synced.store(reached, SeqCst);
                let _ = tell.try_send(());
                Ok(())
            })
        };
        let thread = std::thread::Builder::new().name("flush".into()).spawn(flush)?;
        Ok(Self { wake, flushed, thread })
    }
}
