//! Streams read beside each other; one that fails ends them all.

use std::{
    io::{self, Read},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use super::{Intake, Wanted};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::all_of,
};

/// Set once a stream failed.
#[derive(Default)]
pub(super) struct Stop(AtomicBool);

impl Stop {
    /// `inner`, until another stream fails.
    pub(super) fn guard<R: Read>(&self, inner: R) -> impl Read {
        Guarded { inner, stop: self }
    }
}

struct Guarded<'a, R> {
    inner: R,
    stop: &'a Stop,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.stop.0.load(Relaxed) {
            return Err(Error::new(Code::Cancelled).into());
        }
        self.inner.read(buf)
    }
}

/// Does `work` for all of `jobs`, beside each other.
///
/// # Errors
/// That of the job which failed first.
pub(super) fn beside<J: Send, T: Send>(
    jobs: impl IntoIterator<Item = J>,
    work: impl Fn(J, &Stop) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let (stop, work) = (Stop::default(), &work);
    let ended: Vec<Result<T>> = std::thread::scope(|scope| {
        let run = |job| {
            let stop = &stop;
            scope.spawn(move || work(job, stop).inspect_err(|_| stop.0.store(true, Relaxed)))
        };
        let running: Vec<_> = jobs.into_iter().map(run).collect();
        running.into_iter().map(|one| one.join().map_err(Error::panicked).flatten()).collect()
    });
    all_of(ended)
}

/// Reads the blobs of `wanted` in `num_lanes` lanes of `intake`; `open` gives a blob of a digest and a size. Returns
/// digest and size of what was read.
pub(super) fn read_blobs<R: Read>(
    wanted: &Wanted<'_>,
    intake: &dyn Intake,
    num_lanes: usize,
    open: impl Fn(&Digest, u64) -> Result<R> + Sync,
) -> Result<Vec<(Digest, u64)>> {
    let listed = wanted.images.iter().flat_map(|image| image.blobs());
    let mut blobs: Vec<(Digest, u64)> = listed
        .map(|(digest, blob)| (digest, blob.size))
        .filter(|(digest, _)| wanted.blobs.contains(digest))
        .collect();
    blobs.sort_unstable();
    blobs.dedup();
    // Taken from the end: the largest first, so that no lane is left alone with one.
    blobs.sort_by_key(|(_, size)| *size);
    let queue = Mutex::new(blobs);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let found = beside(0..num_lanes, |_, stop| {
        intake.lane(&mut |sink| {
            while let Some((digest, size)) = next() {
                let blame = |e: Error| e.or_with(Fact::Blob, digest);
                let mut blob = stop.guard(open(&digest, size).map_err(blame)?);
                sink(Some(&digest), &mut blob).map_err(blame)?;
            }
            Ok(())
        })
    })?;
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_ends_the_others_and_is_the_one_that_is_told() {
        let error = beside([true, false], |fails, stop| {
            if fails {
                return Err(Error::new(Code::SourceTruncated));
            }
            let endless = stop.guard(io::repeat(0));
            io::copy(&mut { endless }, &mut io::sink()).map_err(|e| Error::from_stream(Code::Read, e))
        })
        .unwrap_err();
        assert_eq!(error.code(), Code::SourceTruncated);
        assert_eq!(beside(1..=3, |n, _| Ok(n * n)).unwrap(), [1, 4, 9]);
    }
}
