//! Numbers that look random and are the same at every run.

/// Marsaglia's xorshift64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for every seed.
    pub fn new(seed: u64) -> Random {
        // Seeds that follow one another have to lead far apart, and none to 0.
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends: it is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11).checked_rem(end as u64).unwrap_or(0) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of them; the default of nothing.
    pub fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let index = self.below(choices.len());
        choices.get(index).copied().unwrap_or_default()
    }

    /// That many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Cuts `whole` into pieces, some of them empty.
    pub fn cut(&mut self, whole: &[u8], pieces: usize) -> Vec<Vec<u8>> {
        let mut cuts: Vec<usize> = (1..pieces).map(|_| self.below(whole.len() + 1)).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        cuts.windows(2)
            .map(|cut| match cut {
                [from, to] => whole.get(*from..*to).unwrap_or_default().to_vec(),
                _ => Vec::new(),
            })
            .collect()
    }
}
