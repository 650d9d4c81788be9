//! Sixty-four bytes of a string, or sixteen, looked at in one step where the machine can.

use std::ops::BitOr;

/// How many bytes are looked at in one step.
pub(super) const BLOCK: usize = 64;

/// How many bytes the machine takes at once.
const PART: usize = 16;

/// Where the string ends that begins at `at`, if it is shorter than [`PART`] and nothing in it has to be looked at: keys,
/// mostly, which are too short to be worth a block.
#[inline(always)]
pub(super) fn short_end(bytes: &[u8], at: usize) -> Option<usize> {
    let part: &[u8; PART] = bytes.get(at..)?.first_chunk()?;
    let lanes = Lanes::<1>::new(part);
    let special = (lanes.are(b'"') | lanes.are(b'\\') | lanes.below(0x20)).bits();
    let first = special.trailing_zeros() as usize;
    (part.get(first) == Some(&b'"')).then_some(at + first)
}

/// A block.
#[derive(Clone, Copy)]
pub(super) struct Block(Lanes<4>);

impl Block {
    /// The block of `bytes` from `at` on. Behind their end, quotes are seen: whatever looks for one ends there.
    #[inline(always)]
    pub(super) fn at(bytes: &[u8], at: usize) -> Block {
        let rest = bytes.get(at..).unwrap_or_default();
        match rest.first_chunk::<BLOCK>() {
            Some(block) => Block(Lanes::new(block)),
            None => Block(Lanes::new(&padded(rest))),
        }
    }

    /// Whether it holds nothing but ASCII that means itself.
    #[inline(always)]
    pub(super) fn is_plain(self) -> bool {
        !(self.quotes_or_backslashes() | self.odd()).any()
    }

    /// Whether it holds quotes or backslashes.
    #[inline(always)]
    pub(super) fn has_quotes_or_backslashes(self) -> bool {
        self.quotes_or_backslashes().any()
    }

    /// Whether it holds control characters (U+0000 to U+001F) or characters beyond ASCII.
    #[inline(always)]
    pub(super) fn has_odd(self) -> bool {
        self.odd().any()
    }

    /// Where this byte stands: a bit for every byte of the block, the first one's lowest. So in all that follow.
    #[inline(always)]
    pub(super) fn are(self, byte: u8) -> u64 {
        self.0.are(byte).bits()
    }

    /// Where bytes of at least this number stand.
    #[inline(always)]
    pub(super) fn at_least(self, byte: u8) -> u64 {
        self.0.at_least(byte).bits()
    }

    /// Where bytes stand that go on with a character of UTF-8: 80 to BF.
    #[inline(always)]
    pub(super) fn continuing(self) -> u64 {
        self.0.below(0xc0_u8 as i8).bits()
    }

    /// Where bytes beyond ASCII stand.
    #[inline(always)]
    pub(super) fn beyond_ascii(self) -> u64 {
        self.0.below(0).bits()
    }

    /// Where control characters stand, and bytes that are no beginning of a character or not with each byte
    /// behind them: C0, C1, E0, ED, and F0 and above (F1 to F3 for being four bytes long, which is as rare).
    #[inline(always)]
    pub(super) fn doubtful(self) -> u64 {
        let doubtful = self.0.doubtful();
        if doubtful.any() { doubtful.bits() } else { 0 }
    }

    #[inline(always)]
    fn quotes_or_backslashes(self) -> Mask<4> {
        self.0.are(b'"') | self.0.are(b'\\')
    }

    /// As signed bytes, those beyond ASCII are below the space too.
    #[inline(always)]
    fn odd(self) -> Mask<4> {
        self.0.below(0x20)
    }
}

#[cold]
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [b'"'; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    block
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use simd::{Lanes, Mask};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use single::{Lanes, Mask};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use core::arch::wasm32::{
        i8x16_lt, i8x16_splat, u8x16, u8x16_bitmask, u8x16_eq, u8x16_ge, u8x16_ne, u8x16_splat, u8x16_swizzle,
        u16x8_shr, u64x2, v128, v128_and, v128_any_true, v128_or,
    };

    use super::BitOr;

    #[derive(Clone, Copy)]
    pub struct Lanes<const PARTS: usize>([v128; PARTS]);

    impl<const PARTS: usize> Lanes<PARTS> {
        /// `bytes` are as many as go into the parts.
        #[inline(always)]
        pub fn new(bytes: &[u8]) -> Lanes<PARTS> {
            let (words, _) = bytes.as_chunks::<8>();
            let word = |number: usize| u64::from_le_bytes(words.get(number).copied().unwrap_or_default());
            Lanes(std::array::from_fn(|part| u64x2(word(2 * part), word(2 * part + 1))))
        }

        #[inline(always)]
        pub fn are(self, byte: u8) -> Mask<PARTS> {
            Mask(self.0.map(|part| u8x16_eq(part, u8x16_splat(byte))))
        }

        #[inline(always)]
        pub fn below(self, number: i8) -> Mask<PARTS> {
            Mask(self.0.map(|part| i8x16_lt(part, i8x16_splat(number))))
        }

        #[inline(always)]
        pub fn at_least(self, byte: u8) -> Mask<PARTS> {
            Mask(self.0.map(|part| u8x16_ge(part, u8x16_splat(byte))))
        }

        /// A byte is doubtful if what the tables say of its two halves has a bit in common: 1 for control characters and
        /// for F0 and above, 2 for C0 and C1, 4 for E0 and ED.
        #[inline(always)]
        pub fn doubtful(self) -> Mask<PARTS> {
            let high = u8x16(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4, 1);
            let low = u8x16(7, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 1);
            let half = u8x16_splat(0xf);
            Mask(self.0.map(|part| {
                let of_high = u8x16_swizzle(high, v128_and(u16x8_shr(part, 4), half));
                let of_low = u8x16_swizzle(low, v128_and(part, half));
                u8x16_ne(v128_and(of_high, of_low), u8x16_splat(0))
            }))
        }
    }

    #[derive(Clone, Copy)]
    pub struct Mask<const PARTS: usize>([v128; PARTS]);

    impl<const PARTS: usize> Mask<PARTS> {
        #[inline(always)]
        pub fn any(self) -> bool {
            v128_any_true(self.0.into_iter().reduce(|one, other| v128_or(one, other)).unwrap_or(u64x2(0, 0)))
        }

        #[inline(always)]
        pub fn bits(self) -> u64 {
            self.0.iter().rev().fold(0, |bits, part| bits << 16 | u64::from(u8x16_bitmask(*part)))
        }
    }

    impl<const PARTS: usize> BitOr for Mask<PARTS> {
        type Output = Mask<PARTS>;

        #[inline(always)]
        fn bitor(self, other: Mask<PARTS>) -> Mask<PARTS> {
            let mut parts = self.0.into_iter().zip(other.0).map(|(one, other)| v128_or(one, other));
            Mask(std::array::from_fn(|_| parts.next().unwrap_or(u64x2(0, 0))))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod single {
    use super::{BitOr, PART};

    #[derive(Clone, Copy)]
    pub struct Lanes<const PARTS: usize>([[u8; PART]; PARTS]);

    impl<const PARTS: usize> Lanes<PARTS> {
        /// `bytes` are as many as go into the parts.
        #[inline(always)]
        pub fn new(bytes: &[u8]) -> Lanes<PARTS> {
            let (parts, _) = bytes.as_chunks();
            Lanes(std::array::from_fn(|part| parts.get(part).copied().unwrap_or_default()))
        }

        #[inline(always)]
        pub fn are(self, byte: u8) -> Mask<PARTS> {
            self.all(|lane| lane == byte)
        }

        #[inline(always)]
        pub fn below(self, number: i8) -> Mask<PARTS> {
            self.all(|lane| (lane as i8) < number)
        }

        #[inline(always)]
        pub fn at_least(self, byte: u8) -> Mask<PARTS> {
            self.all(|lane| lane >= byte)
        }

        #[inline(always)]
        pub fn doubtful(self) -> Mask<PARTS> {
            self.all(|lane| matches!(lane, 0..0x20 | 0xc0 | 0xc1 | 0xe0 | 0xed | 0xf0..))
        }

        #[inline(always)]
        fn all(self, test: impl Fn(u8) -> bool) -> Mask<PARTS> {
            Mask(self.0.as_flattened().iter().rev().fold(0, |bits, lane| bits << 1 | u64::from(test(*lane))))
        }
    }

    #[derive(Clone, Copy)]
    pub struct Mask<const PARTS: usize>(u64);

    impl<const PARTS: usize> Mask<PARTS> {
        #[inline(always)]
        pub fn any(self) -> bool {
            self.0 != 0
        }

        #[inline(always)]
        pub fn bits(self) -> u64 {
            self.0
        }
    }

    impl<const PARTS: usize> BitOr for Mask<PARTS> {
        type Output = Mask<PARTS>;

        #[inline(always)]
        fn bitor(self, other: Mask<PARTS>) -> Mask<PARTS> {
            Mask(self.0 | other.0)
        }
    }
}
