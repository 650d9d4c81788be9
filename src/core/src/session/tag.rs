//! Tags: nine characters that bind a value to a tenant and an account.
//!
//! ```text
//! resp_0a1b2c…   ──►  resp_X5fPq0aZ_0a1b2c…       an id: behind its prefix
//! gAAAAABo…      ──►  X5fPq0aZ_gAAAAABo…          encrypted content: in front
//! ```
//!
//! A tag is `X` and 48 bits of HMAC-SHA-256 over the tenant, the account **and the value**: one that was made for another
//! tenant, another account or another value holds for none of ours. It does not name the account: whoever reads one tries
//! the accounts that could have made it. Nine characters keep the longest ids (55 characters, OpenAI and Azure, 2026-11)
//! within the 64 that clouds take.
//!
//! 48 bits can only be guessed by asking us, one guess a request; what a lucky guess gives is a request to an account that
//! the tenant may use anyway, which then does not know the value.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// The bytes of a tag.
pub const LENGTH: usize = 9;
/// How a tag begins. The ids that clouds make are of lower case, encrypted content begins with `g` or `r` (2026-11).
pub const MARK: u8 = b'X';
/// The most bytes of a value that are bound: all that clouds take of an id.
pub const MOST_BOUND: usize = 64;

/// A tag.
pub type Tag = [u8; LENGTH];

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The secret that tags are made with: whoever does not have it cannot make one.
#[derive(Clone)]
pub struct Key {
    inner: Sha256,
    outer: Sha256,
}

/// A key is in no log.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key that these bytes are. Without any, everybody can make tags.
    pub fn new(secret: &[u8]) -> Key {
        let mut block = [0_u8; BLOCK];
        if secret.len() > BLOCK {
            copy(&mut block, &Sha256::digest(secret));
        } else {
            copy(&mut block, secret);
        }
        let begun = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Key { inner: begun(0x36), outer: begun(0x5c) }
    }

    /// What makes and verifies tags for values of one account that belong to one tenant.
    pub fn bind(&self, tenant: &str, account: &str) -> Binding {
        let mut inner = self.inner.clone();
        for name in [tenant, account] {
            inner.update((name.len() as u64).to_le_bytes());
            inner.update(name);
        }
        Binding { inner, outer: self.outer.clone() }
    }
}

/// A key, bound to a tenant and an account.
#[derive(Clone)]
pub struct Binding {
    inner: Sha256,
    outer: Sha256,
}

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Binding")
    }
}

impl Binding {
    /// The tag of what is [bound](Kind::bound) of a value.
    pub fn tag(&self, bound: &[u8]) -> Tag {
        let mut inner = self.inner.clone();
        inner.update(bound);
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        let digest = outer.finalize();
        let mut tag = [MARK; LENGTH];
        if let (Some(bits), Some(text)) = (digest.get(..6), tag.get_mut(1..)) {
            // Six bytes are eight characters: there is room.
            let _ = URL_SAFE_NO_PAD.encode_slice(bits, text);
        }
        tag
    }

    /// Whether `tag` is that of what is bound of a value.
    pub fn holds(&self, tag: &Tag, bound: &[u8]) -> bool {
        self.tag(bound).ct_eq(tag).into()
    }
}

fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// A value that looks tagged, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged<'v> {
    kind: Kind,
    /// What stands before the tag.
    pub prefix: &'v [u8],
    /// The tag.
    pub tag: Tag,
    /// What stands behind it.
    pub rest: &'v [u8],
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id: a prefix that ends in `_`, and what tells it from others.
    Id,
    /// Encrypted content.
    Encrypted,
}

impl Kind {
    /// So much of a value's beginning is bound, in bytes: all of an id; of encrypted content the version, the time and the
    /// random number that it begins with.
    pub fn bound(self) -> usize {
        match self {
            Kind::Id => MOST_BOUND,
            Kind::Encrypted => 40,
        }
    }

    /// Where a value has its tag: behind the prefix of an id, in front of encrypted content.
    pub fn place(self, value: &[u8]) -> usize {
        match self {
            Kind::Id => memchr::memchr(b'_', value).map_or(0, |at| at + 1),
            Kind::Encrypted => 0,
        }
    }
}

impl<'v> Tagged<'v> {
    /// Takes a value apart that has a tag, or seems to. Text of a client is not always what it looks like: only
    /// [`Tagged::is_of`] tells.
    pub fn read(kind: Kind, value: &'v [u8]) -> Option<Tagged<'v>> {
        let (prefix, tagged) = value.split_at_checked(kind.place(value))?;
        let (tag, rest) = tagged.split_first_chunk::<LENGTH>()?;
        let digits = tag.get(1..)?.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (tag.first() == Some(&MARK) && digits && !rest.is_empty()).then_some(Tagged { kind, prefix, tag: *tag, rest })
    }

    /// Whether the tag was made for this value by the account of that binding.
    pub fn is_of(&self, binding: &Binding) -> bool {
        let mut value = [0_u8; MOST_BOUND];
        let mut length = 0;
        for (to, from) in value.iter_mut().zip(self.prefix.iter().chain(self.rest)).take(self.kind.bound()) {
            *to = *from;
            length += 1;
        }
        binding.holds(&self.tag, value.get(..length).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const IDS: [&str; 5] =
        ["resp_0a1b2c", "rs_0", "msg_68f2a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1", "conv_x", "plain"];

    fn tagged(kind: Kind, value: &str, tag: Tag) -> Vec<u8> {
        let (prefix, rest) = value.as_bytes().split_at(kind.place(value.as_bytes()));
        [prefix, &tag, rest].concat()
    }

    /// RFC 4231, test cases 2 and 6: the same HMAC, where tenant and account are left out.
    #[wasm_bindgen_test(unsupported = test)]
    fn it_is_hmac() {
        let hmac = |key: &[u8], text: &[u8]| {
            let key = Key::new(key);
            Binding { inner: key.inner, outer: key.outer }.tag(text)
        };
        let first_bits = |bits: &[u8]| URL_SAFE_NO_PAD.encode(bits);
        let tag = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(tag[1..], *first_bits(&[0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60]).as_bytes());
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Siz");
        assert_ne!(long, hmac(&[0xaa; 130], b"Test Using Larger Than Block-Siz"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_tag_holds_for_one_tenant_account_value_and_key() {
        let key = Key::new(b"secret");
        let ours = key.bind("acme", "azure");
        for (kind, value) in IDS.map(|id| (Kind::Id, id)).into_iter().chain([(Kind::Encrypted, "gAAAAABo-_0")]) {
            let bytes = tagged(kind, value, ours.tag(value.as_bytes()));
            assert_eq!(bytes.len(), value.len() + LENGTH);
            let read = Tagged::read(kind, &bytes).unwrap();
            assert!(read.is_of(&ours), "{value}");
            for (tenant, account, secret) in [
                ("acm", "eazure", "secret"),
                ("other", "azure", "secret"),
                ("acme", "aws", "secret"),
                ("acme", "azure", "Secret"),
            ] {
                let other = Key::new(secret.as_bytes()).bind(tenant, account);
                assert!(!read.is_of(&other), "{value}: {tenant}, {account}, {secret}");
            }
            let lifted = tagged(kind, "resp_other", read.tag);
            assert!(!Tagged::read(kind, &lifted).is_some_and(|lifted| lifted.is_of(&ours)), "{value}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn of_long_values_the_beginning_is_bound() {
        let ours = Key::new(b"secret").bind("acme", "azure");
        for (kind, bound) in [(Kind::Encrypted, 40), (Kind::Id, 64)] {
            let value = "g".repeat(bound);
            let longer = tagged(kind, &format!("{value}hij"), ours.tag(value.as_bytes()));
            assert!(Tagged::read(kind, &longer).unwrap().is_of(&ours));
            let other = tagged(kind, &format!("h{value}"), ours.tag(value.as_bytes()));
            assert!(!Tagged::read(kind, &other).unwrap().is_of(&ours));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_clouds_make_does_not_look_tagged() {
        for id in IDS.into_iter().chain(["resp_", "", "_", "resp_X1234567", "resp_X12345678", "resp_Xäää1234567"]) {
            assert_eq!(Tagged::read(Kind::Id, id.as_bytes()), None, "{id}");
        }
        for content in ["gAAAAABo0123456789", "rsn_0123456789abc", "X", "X 2345678901"] {
            assert_eq!(Tagged::read(Kind::Encrypted, content.as_bytes()), None, "{content}");
        }
    }
}
