//! Header maps: as Envoy keeps them, and as they cross the ABI.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A header map, in order. Names are in lower case, as Envoy keeps them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        f.debug_map().entries(self.iter().map(|(name, value)| (text(name), text(value)))).finish()
    }
}

/// One map that several filters see: the request's stays the same object from the listener to the last
/// attempt, so that what one attempt changes is what the next one finds.
pub type SharedHeaders = Rc<RefCell<Headers>>;

impl Headers {
    /// A map of these headers.
    pub fn of(headers: &[(&str, &str)]) -> Headers {
        Headers(headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
    }

    /// As an object of its own.
    pub fn into_shared(self) -> SharedHeaders {
        Rc::new(RefCell::new(self))
    }

    /// Every header with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The same in the order of their names; those of one name stay in theirs.
    pub fn sorted(mut self) -> Headers {
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of that name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
    }

    /// The first of that name, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// `:status`; 0 where there is none.
    pub fn status(&self) -> u16 {
        self.text(":status").and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Adds a header behind all others; one that begins with a colon behind the others that do.
    pub fn add(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        let name = name.into().to_ascii_lowercase();
        let pseudo = |name: &[u8]| name.first() == Some(&b':');
        let end = if pseudo(&name) { self.0.iter().take_while(|(name, _)| pseudo(name)).count() } else { self.0.len() };
        self.0.insert(end, (name, value.into()));
    }

    /// Adds a header unless there is one of that name.
    pub fn add_if_absent(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            self.add(name, value);
        }
    }

    /// Sets a header in place of any of that name.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, name: &[u8]) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Removes every header whose name begins so.
    pub fn remove_prefixed(&mut self, prefix: &str) {
        self.0.retain(|(known, _)| !known.starts_with(prefix.as_bytes()));
    }

    /// As it crosses the ABI: a count, the lengths, then every text with a zero byte behind it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = (self.0.len() as u32).to_le_bytes().to_vec();
        let texts = || self.0.iter().flat_map(|(name, value)| [name, value]);
        for text in texts() {
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        }
        for text in texts() {
            bytes.extend_from_slice(text);
            bytes.push(0);
        }
        bytes
    }

    /// Reads it back. `None` unless the bytes are exactly what they announce.
    pub fn decode(bytes: &[u8]) -> Option<Headers> {
        let mut lengths = bytes;
        let count = number(&mut lengths)?;
        let mut texts = bytes.get(4 + count.checked_mul(8)?..)?;
        let mut headers = Headers::default();
        for _ in 0..count {
            let name = text(&mut lengths, &mut texts)?;
            let value = text(&mut lengths, &mut texts)?;
            headers.add(name, value);
        }
        texts.is_empty().then_some(headers)
    }
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*first) as usize)
}

fn text<'b>(lengths: &mut &[u8], texts: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (text, rest) = texts.split_at_checked(number(lengths)?)?;
    let (zero, rest) = rest.split_first()?;
    *texts = rest;
    (*zero == 0).then_some(text)
}
