//! How a request says which tenant asks: the sources, in the order in which they count. One file a source.

pub mod carried;
pub mod header;
pub mod keys;
pub mod token;

use std::rc::Rc;

use super::defaults::Defaults;
use super::tenant::{Grant, Known};
use crate::api::inbound::IdentityHeaders;
use crate::document::Node;
use crate::document::fields::Fields;
use crate::fault::{Faults, Place};

use header::Header;
use token::Token;

/// How a request says which tenant asks.
#[derive(Debug)]
pub struct Identity {
    /// In the file's order, keys and header once at most: the first that a request satisfies names the tenant, and no other may name
    /// another one.
    pub sources: Vec<Source>,
}

/// One way to say it.
#[derive(Debug)]
pub enum Source {
    /// API keys, known by their digests.
    Keys {
        /// Where it stands in the file.
        place: Place,
    },
    /// A token (JWT) that an issuer has signed.
    Token(Token),
    /// A header that a trusted hop sets.
    Header(Header),
}

impl Identity {
    /// The header that names the tenant, where that is a source.
    pub fn header(&self) -> Option<&Header> {
        self.sources.iter().find_map(|source| match source {
            Source::Header(header) => Some(header),
            Source::Keys { .. } | Source::Token(_) => None,
        })
    }

    /// The tokens that name the tenant, by their issuers.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.sources.iter().filter_map(|source| match source {
            Source::Token(token) => Some(token),
            Source::Keys { .. } | Source::Header(_) => None,
        })
    }

    /// Whether tokens are a source.
    pub fn takes_tokens(&self) -> bool {
        self.tokens().next().is_some()
    }

    /// Whether a client can name its tenant itself, by what only it has: a key, or a token.
    pub fn takes_credentials(&self) -> bool {
        self.takes_keys() || self.takes_tokens()
    }

    /// How far policies reach that requests carry.
    pub fn ceilings(&self) -> impl Iterator<Item = &Rc<Grant>> {
        let of_header = self.header().and_then(|header| header.carried.as_ref());
        let of_tokens = self.tokens().filter_map(|token| token.carried.as_ref());
        of_header.into_iter().chain(of_tokens).map(|carried| &carried.ceiling)
    }

    /// Whether API keys are a source.
    pub fn takes_keys(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Keys { .. }))
    }

    /// The headers that only trusted hops may set.
    pub fn headers(&self) -> IdentityHeaders<'_> {
        let header = self.header();
        IdentityHeaders {
            tenant: header.map(|header| header.name.as_str()),
            policy: header.and_then(|header| header.carried.as_ref()).map(|carried| carried.name.as_str()),
        }
    }
}

/// Reads the list of sources, or a map, which is the one source that it describes.
pub(super) fn read(
    node: &Node,
    place: Place,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Identity> {
    let Node::List(items) = node else {
        let source = read_source(node, place, known, defaults, faults)?;
        return Some(Identity { sources: vec![source] });
    };
    if items.is_empty() {
        faults.add_with_help(
            &place,
            "no request could name a tenant",
            "write `- keys: {}`, `- jwt: {…}` or `- header: x-tenant-id`",
        );
    }
    let mut sources: Vec<Source> = Vec::new();
    let mut faultless = true;
    for (index, item) in items.iter().enumerate() {
        let place = place.index(index);
        if let Node::Map(fields) = item
            && !fields.iter().any(|(field, _)| ["keys", "jwt", "header", "trust"].contains(&field.as_str()))
        {
            faults.add_with_help(
                &place,
                "names no source",
                "write `- keys: {}`, `- jwt: {…}` or `- header: x-tenant-id`",
            );
            faultless = false;
            continue;
        }
        let Some(source) = read_source(item, place.clone(), known, defaults, faults) else {
            faultless = false;
            continue;
        };
        check_beside(&source, &sources, faults);
        sources.push(source);
    }
    faultless.then_some(Identity { sources })
}

/// A source beside those before it.
fn check_beside(source: &Source, others: &[Source], faults: &mut Faults) {
    for other in others {
        if let (Source::Token(token), Source::Token(other)) = (source, other) {
            token::check_beside(token, other, faults);
        } else if std::mem::discriminant(source) == std::mem::discriminant(other) {
            let message = format!("is of the same kind as {}", other.place());
            faults.add_with_help(source.place(), message, "make one source of the two");
        }
    }
}

impl Source {
    /// Where it stands in the file.
    pub fn place(&self) -> &Place {
        match self {
            Source::Keys { place } => place,
            Source::Token(token) => &token.place,
            Source::Header(header) => &header.place,
        }
    }
}

fn read_source(
    node: &Node,
    place: Place,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Source> {
    let mut fields = Fields::open(node, place, faults)?;
    let one_only = || "a source is one of `keys`, `jwt` and `header`: make it an item of its own".to_owned();
    if node.get("keys").is_some() {
        fields.refuse("header", one_only, faults);
        fields.refuse("jwt", one_only, faults);
        return keys::read_source(fields, faults);
    }
    if node.get("jwt").is_some() {
        fields.refuse("header", one_only, faults);
        return token::read(fields, known, defaults, faults).map(Source::Token);
    }
    header::read(fields, known, defaults, faults).map(Source::Header)
}

#[cfg(test)]
mod tests;
