//! Names and patterns: which characters a name may hold, and what `*` matches.

use std::collections::BinaryHeap;

/// A closed set of things that files and headers call by name.
pub trait Named: Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its name.
    fn name(self) -> &'static str;

    /// The one of that name.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }

    /// The names of all of them.
    fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|known| known.name()).collect()
    }
}

/// Names in alphabetical order. Through a heap: the standard library's sort is 9 KB of the module for each thing that is
/// sorted.
#[inline(never)]
pub fn sorted(names: Vec<&str>) -> Vec<&str> {
    BinaryHeap::from(names).into_sorted_vec()
}

/// Whether `text` may stand as one segment of an upstream path: no `/`, `%`, dot segment or control.
#[inline(never)]
pub fn is_path_segment(text: &str) -> bool {
    is_of(text, 128, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !text.bytes().all(|byte| byte == b'.')
}

/// Whether `text` may stand in a host name or as a region, resource, project or location.
#[inline(never)]
pub fn is_label(text: &str) -> bool {
    is_of(text, 63, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether `text` may name an endpoint: it becomes part of a cluster's name and of a response header.
#[inline(never)]
pub fn is_endpoint_name(text: &str) -> bool {
    is_of(text, 60, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether `text` may name an environment variable of Envoy.
#[inline(never)]
pub fn is_variable(text: &str) -> bool {
    is_of(text, 64, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && text.starts_with(|first: char| first.is_ascii_uppercase())
}

/// Whether `text` may be a model, public or a cloud's own: letters, digits and `._:/@-`, as in
/// `us.openai.gpt-6.1-sol`, `openai.gpt-oss-120b-1:0`, `openai/gpt-oss-120b-maas` or an ARN.
/// Nothing here needs escaping inside a JSON string.
#[inline(never)]
pub fn is_model(text: &str) -> bool {
    is_of(text, 256, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'@' | b'-'))
}

/// Whether `text` may name a tenant: visible ASCII without the characters that lists and quotes use.
#[inline(never)]
pub fn is_tenant(text: &str) -> bool {
    is_of(text, 128, |byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'"' | b'\\'))
}

/// Whether `text` may name an API key: a word of the access log.
#[inline(never)]
pub fn is_key_name(text: &str) -> bool {
    is_of(text, 64, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether `text` is a header's name in lower case, as Envoy keeps it.
#[inline(never)]
pub fn is_header(text: &str) -> bool {
    is_of(text, 64, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

/// Whether `text` is a DNS name or an IPv4 address.
#[inline(never)]
pub fn is_host(text: &str) -> bool {
    is_of(text, 253, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
        && !text.contains("..")
}

fn is_of(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= most && text.bytes().all(allowed)
}

/// A name in which each `*` stands for any run of characters, the empty one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Takes a pattern as it is written.
    pub fn new(text: &str) -> Pattern {
        Pattern(text.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name` fits. Linear in both, whatever the number of stars: each piece between two stars
    /// is taken at its first place, which never rules out a later match.
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return &*self.0 == name;
        };
        let Some(mut left) = name.strip_prefix(first) else {
            return false;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
            match left.split_once(piece) {
                Some((_, after)) => left = after,
                None => return false,
            }
        }
        left.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_star_matches_any_run() {
        for (pattern, name, fits) in [
            ("gpt-6.1-sol", "gpt-6.1-sol", true),
            ("gpt-6.1-sol", "gpt-6.1-so", false),
            ("*", "", true),
            ("*", "anything", true),
            ("gpt-6*", "gpt-6-", true),
            ("gpt-6*", "gpt-6.1-sol", true),
            ("gpt-6*", "gpt-5-sol", false),
            ("*-sol", "gpt-6.1-sol", true),
            ("*-sol", "gpt-6-luna", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("**", "x", true),
            ("a**b", "ab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), fits, "{pattern} on {name}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn refuses_a_model_that_would_change_the_path_it_stands_in() {
        for bad in ["", "..", "a/b", "a%2fb", "a b", "a\u{7f}", "ä"] {
            assert!(!is_path_segment(bad), "{bad:?}");
        }
        assert!(is_path_segment("gpt-4.1-mini"));
    }
}
