//! The module's allocator: freed blocks are kept by size and handed out again.
//!
//! A request makes some fifty small allocations. The standard allocator of this target takes about 130 ns for
//! one and its release, a list of free blocks a few. Sizes are powers of two from 16 bytes to 4 KiB, each with a
//! list of its own; what is larger goes to the standard allocator. Kept blocks are bounded by the most that
//! were in use at once: a Wasm memory never shrinks anyway.
#![expect(unsafe_code, reason = "an allocator hands out raw memory; each block says why it is sound")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// The smallest size, as a power of two: a free block has to hold the address of the next.
const SMALLEST: u32 = 4;
/// The largest, as a power of two.
const LARGEST: u32 = 12;
/// How many sizes there are.
const SIZES: usize = (LARGEST - SMALLEST + 1) as usize;

/// A free block: the address of the next one stands at its start.
struct Free(*mut Free);

/// The lists of free blocks, one a size.
pub struct Pool(UnsafeCell<[*mut Free; SIZES]>);

// SAFETY: a proxy-wasm VM has one thread, and natively this allocator is not installed.
unsafe impl Sync for Pool {}

impl Pool {
    /// Lists without a block.
    pub const fn new() -> Pool {
        Pool(UnsafeCell::new([null_mut(); SIZES]))
    }

    /// The list for blocks of that layout; `None` for what the standard allocator serves. Blocks are aligned to
    /// their size by nothing, so that layouts which ask for more than eight bytes are not served here.
    fn list(&self, layout: Layout) -> Option<(*mut *mut Free, Layout)> {
        let power = layout.size().max(1 << SMALLEST).next_power_of_two().trailing_zeros();
        if power > LARGEST || layout.align() > 8 {
            return None;
        }
        let block = Layout::from_size_align(1 << power, 8).ok()?;
        // SAFETY: `power` is between the bounds, so the offset is inside the array.
        let list = unsafe { self.0.get().cast::<*mut Free>().add((power - SMALLEST) as usize) };
        Some((list, block))
    }
}

// SAFETY: blocks of one list have one layout, which is at least as large and as aligned as the one asked for;
// a block is in a list or in use, never both; all else is the standard allocator's.
unsafe impl GlobalAlloc for Pool {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, block)) = self.list(layout) else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: one thread, and nothing here calls back: the list is read and written by nobody else. What
        // stands in it are blocks that `dealloc` put there, each with the next one's address at its start.
        unsafe {
            let first = *list;
            if first.is_null() {
                return System.alloc(block);
            }
            *list = (*first).0;
            first.cast()
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match self.list(layout) {
            // SAFETY: the block came from `alloc` with this layout, so it has the size of this list, is aligned for
            // an address and large enough for one, and its owner is done with it.
            Some((list, _)) => unsafe {
                let block = pointer.cast::<Free>();
                block.write(Free(*list));
                *list = block;
            },
            // SAFETY: `alloc` gave what has this layout to the standard allocator.
            None => unsafe { System.dealloc(pointer, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` is not 0 and does not overflow with this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.list(layout), self.list(wanted)) {
            (Some((old, _)), Some((new, _))) if old == new => pointer,
            // SAFETY: both the old and the new block are the standard allocator's.
            (None, None) => unsafe { System.realloc(pointer, layout, size) },
            // SAFETY: both blocks are valid for the smaller of the two sizes, and they are different ones.
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(pointer, layout.size().min(size));
                    self.dealloc(pointer, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_what_was_given_back_and_keeps_what_stands_in_it() {
        let pool = Pool::new();
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        // SAFETY: every block is used within its size and given back once, with its layout.
        unsafe {
            let first = pool.alloc(layout(20));
            pool.dealloc(first, layout(20));
            assert_eq!(pool.alloc(layout(32)), first, "the same size, rounded up");
            first.write_bytes(7, 32);
            let same = pool.realloc(first, layout(32), 25);
            assert_eq!(same, first);
            let moved = pool.realloc(first, layout(25), 5_000);
            assert!(std::slice::from_raw_parts(moved, 25).iter().all(|byte| *byte == 7));
            let larger = pool.realloc(moved, layout(5_000), 100_000);
            let back = pool.realloc(larger, layout(100_000), 16);
            assert!(std::slice::from_raw_parts(back, 16).iter().all(|byte| *byte == 7));
            assert_ne!(pool.alloc(layout(1)), back);
        }
    }
}
