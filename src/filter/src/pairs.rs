//! Header maps as the host passes them: `u32` count, a `u32` length for every name and value, then all names
//! and values, each with a zero byte behind it. Little endian. Read as borrowed slices, written into one buffer.

/// A header map that the host wrote.
#[derive(Debug)]
pub struct Pairs(Vec<u8>);

impl Pairs {
    /// Takes what the host wrote.
    pub fn new(bytes: Vec<u8>) -> Pairs {
        Pairs(bytes)
    }

    /// Every header with its value, in order. Ends early where the bytes do not hold what they announce.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (count, rest) = self.0.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let count = u32::from_le_bytes(*count) as usize;
        let (lengths, mut texts) = rest.split_at_checked(count.saturating_mul(8)).unwrap_or((&[], &[]));
        let (lengths, _) = lengths.as_chunks::<4>();
        let (lengths, _) = lengths.as_chunks::<2>();
        lengths.iter().map_while(move |[name, value]| {
            let mut take = |length: &[u8; 4]| {
                let (text, rest) = texts.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                texts = rest.get(1..)?;
                Some(text)
            };
            Some((take(name)?, take(value)?))
        })
    }
}

/// A header map to be passed to the host.
#[derive(Debug, Default)]
pub struct PairsWriter {
    count: u32,
    lengths: Vec<u8>,
    texts: Vec<u8>,
}

impl PairsWriter {
    /// An empty map, with room for a usual one.
    pub fn new() -> PairsWriter {
        let mut lengths = Vec::with_capacity(640);
        lengths.extend_from_slice(&[0; 4]);
        PairsWriter { count: 0, lengths, texts: Vec::with_capacity(512) }
    }

    /// Adds a header.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut PairsWriter {
        self.count += 1;
        for text in [name.as_ref(), value.as_ref()] {
            self.lengths.extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.texts.extend_from_slice(text);
            self.texts.push(0);
        }
        self
    }

    /// The whole map as the host reads it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.lengths.len() + self.texts.len());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(self.lengths.get(4..).unwrap_or_default());
        bytes.extend_from_slice(&self.texts);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let mut writer = PairsWriter::new();
        writer.add(":status", "200").add("x-empty", "").add("x-odd", [0xff, 0xfe]);
        let pairs = Pairs::new(writer.bytes());
        let read: Vec<_> = pairs.iter().collect();
        assert_eq!(read, [(&b":status"[..], &b"200"[..]), (b"x-empty", b""), (b"x-odd", &[0xff, 0xfe])]);
    }

    #[test]
    fn ends_where_the_bytes_do() {
        let mut writer = PairsWriter::new();
        writer.add("name", "value").add("other", "thing");
        let whole = writer.bytes();
        for length in 0..whole.len() {
            assert!(Pairs::new(whole[..length].to_vec()).iter().count() <= 1, "{length}");
        }
        assert_eq!(Pairs::new(vec![0xff; 64]).iter().count(), 0);
    }
}
