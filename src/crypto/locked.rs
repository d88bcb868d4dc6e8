//! A secret on a page of its own that is kept out of swap.
//!
//! Each has whole pages: the system locks pages, not bytes, and one that two secrets share would be let go with the
//! first of them. Where locking is not allowed, as beyond `RLIMIT_MEMLOCK`, the work goes on without.

use std::ops::{Deref, DerefMut};

/// Starts a page, and so does what follows it. 16 KiB on some ARM systems: then four share one, which the guard
/// of each lets go early.
#[repr(C, align(4096))]
struct Page<T>(T);

/// `T`, boxed and locked: moving it leaves no copy behind. `T` wipes itself.
pub(crate) struct Locked<T> {
    // Dropped first, while the memory is still ours.
    _guard: Option<region::LockGuard>,
    page: Box<Page<T>>,
}

impl<T> Locked<T> {
    /// Takes `value`, which should be empty still: what it was moved from is not wiped.
    pub(crate) fn new(value: T) -> Self {
        let page = Box::new(Page(value));
        let guard = region::lock(&raw const *page, size_of::<Page<T>>());
        if let Err(error) = &guard {
            tracing::debug!(%error, "a secret may reach swap");
        }
        Self { _guard: guard.ok(), page }
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.page.0
    }
}

impl<T> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.page.0
    }
}

/// Overwrites the stack below the caller, where the functions that it called have left copies of keys: in registers
/// that were saved, and in values that were moved on.
#[inline(never)]
pub(super) fn wipe_stack() {
    /// Deeper than any of the primitives goes.
    const DEPTH_BYTES: usize = 16 << 10;
    std::hint::black_box(&mut [0_u8; DEPTH_BYTES]);
}
