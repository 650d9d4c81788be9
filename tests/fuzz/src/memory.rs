//! How many bytes of memory are taken. One target runs at a time, so what is taken more is its own.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A time from which memory is counted.
#[derive(Clone, Copy)]
pub struct Since(usize);

/// From now on.
pub fn since() -> Since {
    MEMORY.reset_peak_usage();
    Since(MEMORY.current_usage())
}

impl Since {
    /// What is taken more than then.
    pub fn now(self) -> usize {
        MEMORY.current_usage().saturating_sub(self.0)
    }

    /// The most that was taken more since the latest [`since`].
    pub fn most(self) -> usize {
        MEMORY.peak_usage().saturating_sub(self.0)
    }
}
