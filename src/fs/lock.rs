//! Changing a small file that other programs change too: one after the other.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::{Duration, Instant},
};

use super::with_suffix;
use crate::error::{Code, Error, Result};

/// Longest wait for the others: each takes moments.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps others from changing a file, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody else changes the file at `path`. What is locked is `NAME.lock`, which stays: the file itself is
    /// replaced by each change.
    ///
    /// # Errors
    /// [`Code::Busy`] when that takes too long; those of a folder that cannot be written to.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let lock = with_suffix(path, ".lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(target_os = "linux")]
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NOFOLLOW.bits().cast_signed(),
        );
        let file = options.open(&lock).map_err(|e| Error::write(&lock, e))?;
        let began = Instant::now();
        // Some network file systems have no locks; then the last one wins.
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            if began.elapsed() > MAX_WAIT {
                return Err(Error::new(Code::Busy).at(&lock));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Self { _file: file })
    }
}
