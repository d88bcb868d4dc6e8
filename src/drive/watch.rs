//! Tells when drives come, go, or are mounted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Drive, DriveSizes};

/// How often is looked: a few small files are read, and drives only when those differ.
const PERIOD: Duration = Duration::from_secs(1);

/// A thread that looks for drives until it is dropped.
#[derive(Debug)]
pub struct DriveWatch {
    drives: Arc<Mutex<Vec<Drive>>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DriveWatch {
    /// Begins to watch. `changed` is called on the watching thread once after the first look, and whenever
    /// [`Self::drives`] has become another list.
    pub fn start(sizes: DriveSizes, changed: impl Fn() + Send + 'static) -> Self {
        #[cfg(target_os = "linux")]
        return {
            use super::sysfs;
            let roots = sysfs::Roots::system();
            let generation = {
                let roots = roots.clone();
                move || sysfs::generation(&roots)
            };
            Self::over(PERIOD, generation, move || sysfs::drives(&roots, sizes), changed)
        };
        #[cfg(not(target_os = "linux"))]
        // There is no generation to read: the list itself is compared.
        return {
            let mut looks = 0_u64;
            let generation = move || {
                looks += 1;
                looks.to_le_bytes().to_vec()
            };
            Self::over(PERIOD, generation, move || super::portable::drives(sizes), changed)
        };
    }

    pub(super) fn over(
        period: Duration,
        generation: impl FnMut() -> Vec<u8> + Send + 'static,
        list: impl Fn() -> Vec<Drive> + Send + 'static,
        changed: impl Fn() + Send + 'static,
    ) -> Self {
        let drives = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = bounded(0);
        let seen = Arc::clone(&drives);
        let look = move || watch(period, &stopped, &seen, generation, list, changed);
        // Without a thread to be had, the list stays empty.
        let thread = std::thread::Builder::new().name("drives".into()).spawn(look).ok();
        Self { drives, stop: Some(stop), thread }
    }

    /// The drives as they were last seen.
    pub fn drives(&self) -> Vec<Drive> {
        self.drives.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn watch(
    period: Duration,
    stopped: &Receiver<()>,
    seen: &Mutex<Vec<Drive>>,
    mut generation: impl FnMut() -> Vec<u8>,
    list: impl Fn() -> Vec<Drive>,
    changed: impl Fn(),
) {
    let mut last = None;
    loop {
        let now = generation();
        if last.as_ref() != Some(&now) {
            let drives = list();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = last.is_none() || *seen != drives;
            *seen = drives;
            drop(seen);
            last = Some(now);
            if is_new {
                changed();
            }
        }
        if stopped.recv_timeout(period) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

impl Drop for DriveWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
