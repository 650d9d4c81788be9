//! API keys: which tenant each is of, by its digest. They stand at their tenants, or in a file of their own, so that whoever
//! hands out keys need not touch policy.

use std::collections::HashMap;
use std::rc::Rc;

use super::Source;
use crate::document::Node;
use crate::document::fields::{Fields, entries};
use crate::fault::{Faults, Place};
use crate::key::{ByItself, Digest};
use crate::name;
use crate::time;

/// Every key of the file, found in one step however many there are.
#[derive(Debug, Default)]
pub struct Keys(HashMap<Digest, Key, ByItself>);

/// One key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The tenant that it names.
    pub tenant: Rc<str>,
    /// What the operator calls it.
    pub name: Option<Rc<str>>,
    /// From when on it is refused, in seconds since 1970.
    pub expires: Option<u64>,
    /// In which file it stands.
    pub file: KeyFile,
    /// Where among the keys of its tenant there.
    index: usize,
}

/// A file that holds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// The policy file.
    Policy,
    /// The file that `keys.file` names.
    Keys,
}

impl Keys {
    /// The key of that digest.
    pub fn find(&self, digest: Digest) -> Option<&Key> {
        self.0.get(&digest)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.values()
    }
}

impl Key {
    /// Where it stands in its file.
    pub fn place(&self) -> Place {
        keys_of(&self.tenant, self.file).index(self.index)
    }

    /// What keys are sorted by, to be in a file's order within a tenant.
    pub fn order(&self) -> (&str, usize) {
        (&self.tenant, self.index)
    }

    /// Whether it is refused at that time, in seconds since 1970, which is looked at only where it matters.
    pub fn has_expired(&self, now: impl FnOnce() -> u64) -> bool {
        self.expires.is_some_and(|expires| now() >= expires)
    }
}

fn keys_of(tenant: &str, file: KeyFile) -> Place {
    let tenant = Place::default().key("tenants").key(tenant);
    match file {
        KeyFile::Policy => tenant.key("keys"),
        KeyFile::Keys => tenant,
    }
}

/// The name of the file that a policy has its keys in, beside those at its tenants. For whoever has files: core reads none.
pub fn file(policy: &Node) -> Option<&str> {
    let sources = match policy.get("identity")? {
        Node::List(sources) => sources,
        source => std::slice::from_ref(source),
    };
    match sources.iter().find_map(|source| source.get("keys")?.get("file"))? {
        Node::Text(name) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// Reads the source `keys: {file: …}`.
pub(super) fn read_source(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Source> {
    let place = fields.place.clone();
    let keys = Fields::maybe(fields.optional("keys"), faults).map(|mut keys| {
        keys.optional_text("file", faults);
        keys.finish(faults);
    });
    fields.finish(faults);
    keys.map(|()| Source::Keys { place })
}

/// The tenants that the policy lists, which alone can have keys: also those whose entry has a fault.
pub(in crate::config) type Listed<'t> = &'t dyn Fn(&str) -> Option<Rc<str>>;

/// Reads the keys at the policy's tenants. Each is of a tenant that `listed` knows.
pub(in crate::config) fn read_policy(policy: &Node, listed: Listed<'_>, keys: &mut Keys, faults: &mut Faults) {
    let Some(Node::Map(tenants)) = policy.get("tenants") else { return };
    for (name, entry) in tenants {
        if let (Some(node), Some(tenant)) = (entry.get("keys"), listed(name)) {
            read_list(node, &tenant, KeyFile::Policy, keys, faults);
        }
    }
}

/// Reads a file of keys: `tenants: {acme: [{sha256: …}]}`.
pub(in crate::config) fn read_file(root: &Node, listed: Listed<'_>, keys: &mut Keys, faults: &mut Faults) {
    let Some(mut fields) = Fields::open(root, Place::default(), faults) else { return };
    if let Some((node, place)) = fields.required("tenants", faults) {
        for (name, node, place) in entries(node, &place, faults) {
            match listed(name) {
                Some(tenant) => read_list(node, &tenant, KeyFile::Keys, keys, faults),
                None => faults.add_with_help(
                    &place,
                    format!("`tenants` of the policy has no `{name}`"),
                    "list the tenant there, or take its keys out",
                ),
            }
        }
    }
    fields.finish(faults);
}

fn read_list(node: &Node, tenant: &Rc<str>, file: KeyFile, keys: &mut Keys, faults: &mut Faults) {
    let place = keys_of(tenant, file);
    let Node::List(items) = node else {
        faults.add_with_help(
            &place,
            format!("expected a list of keys, found {}", node.kind()),
            "write `- sha256: …`, as `multihome key new` prints it",
        );
        return;
    };
    for (index, item) in items.iter().enumerate() {
        let place = place.index(index);
        let Some((digest, name, expires)) = read_key(item, place.clone(), faults) else { continue };
        let key = Key { tenant: Rc::clone(tenant), name: name.map(Rc::from), expires, file, index };
        match keys.0.get(&digest) {
            Some(other) => faults.add_with_help(
                &place.key("sha256"),
                format!("is the key that {} is", shown(other, file)),
                "keep one of them: a key names one tenant",
            ),
            None => {
                keys.0.insert(digest, key);
            }
        }
    }
}

/// The place of a key, for who reads of another one in `file`.
fn shown(key: &Key, file: KeyFile) -> String {
    let place = key.place();
    if key.file == file { place.to_string() } else { format!("{place} of the policy") }
}

type Read<'n> = (Digest, Option<&'n str>, Option<u64>);

fn read_key<'n>(node: &'n Node, place: Place, faults: &mut Faults) -> Option<Read<'n>> {
    let mut fields = Fields::open(node, place, faults)?;
    let digest = fields.required_text("sha256", faults).and_then(|text| {
        let digest = Digest::parse(text);
        if digest.is_none() {
            // What was written is not repeated: it may be the key itself.
            faults.add_with_help(
                &fields.place.key("sha256"),
                "is no SHA-256, which has 64 hexadecimal digits",
                "write what `multihome key new` prints, or the output of `printf %s KEY | sha256sum`; never the key itself",
            );
        }
        digest
    });
    let name = fields.optional_text("name", faults);
    if let Some(name) = name.filter(|name| !name::is_key_name(name)) {
        faults.add_with_help(
            &fields.place.key("name"),
            format!("`{name}` cannot name a key"),
            "use up to 64 of A-Z a-z 0-9 . _ -",
        );
    }
    let expires = fields.optional_text("expires", faults).and_then(|text| {
        let time = time::parse(text);
        if time.is_none() {
            faults.add_with_help(
                &fields.place.key("expires"),
                format!("`{text}` is no time"),
                "write it in UTC, as `2027-01-31T00:00:00Z`",
            );
        }
        time
    });
    fields.finish(faults);
    digest.map(|digest| (digest, name, expires))
}
