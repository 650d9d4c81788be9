//! Sixty-four bytes of a string, looked at in one step where the machine can.

/// How many bytes are looked at in one step.
pub(super) const BLOCK: usize = 64;

/// What is in a block: a bit for every byte, the first byte's lowest.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    /// What ends a run of plain characters: quotes, backslashes, and control characters (U+0000 to U+001F).
    pub(super) special: u64,
    /// Bytes of characters beyond ASCII.
    pub(super) beyond_ascii: u64,
}

impl Marks {
    /// Of the first block of `bytes`. Behind their end, quotes are seen: whatever looks for one ends there.
    pub(super) fn of(bytes: &[u8]) -> Marks {
        match bytes.first_chunk() {
            Some(block) => of_block(block),
            None => {
                let mut block = [b'"'; BLOCK];
                block.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
                of_block(&block)
            }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn of_block(block: &[u8; BLOCK]) -> Marks {
    use core::arch::wasm32::{
        i8x16_lt, i8x16_splat, u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128, v128_any_true, v128_or,
    };
    let (words, _) = block.as_chunks::<8>();
    let word = |number: usize| u64::from_le_bytes(words.get(number).copied().unwrap_or_default());
    let parts = [0, 2, 4, 6].map(|number| u64x2(word(number), word(number + 1)));
    // As signed bytes, those beyond ASCII are below the space too.
    let odd = |part: v128| {
        let named = v128_or(u8x16_eq(part, u8x16_splat(b'"')), u8x16_eq(part, u8x16_splat(b'\\')));
        v128_or(named, i8x16_lt(part, i8x16_splat(0x20)))
    };
    let [a, b, c, d] = parts.map(odd);
    if !v128_any_true(v128_or(v128_or(a, b), v128_or(c, d))) {
        return Marks::default();
    }
    let bits = |parts: [v128; 4]| parts.iter().rev().fold(0, |bits, part| bits << 16 | u64::from(u8x16_bitmask(*part)));
    let beyond_ascii = bits(parts);
    Marks { special: bits([a, b, c, d]) & !beyond_ascii, beyond_ascii }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn of_block(block: &[u8; BLOCK]) -> Marks {
    let bits = |has: fn(u8) -> bool| block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(has(*byte)));
    Marks {
        special: bits(|byte| byte == b'"' || byte == b'\\' || byte < 0x20),
        beyond_ascii: bits(|byte| !byte.is_ascii()),
    }
}
