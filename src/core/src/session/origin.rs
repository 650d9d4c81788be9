//! Where the values of a request come from: which account made them, for this tenant.

use std::ops::Range;

use super::references::{Reference, Role};
use super::tag::{Binding, Key, Tagged};

/// The keys of tags: the first makes them, all are taken. There is at least one.
#[derive(Clone, Debug)]
pub struct Keys {
    current: Key,
    previous: Vec<Key>,
}

impl Keys {
    /// These secrets, the current one first. Without any, everybody can make tags: they still lead a request to its origin.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s [u8]>) -> Keys {
        let mut keys = secrets.into_iter().map(Key::new);
        Keys { current: keys.next().unwrap_or_else(|| Key::new(b"")), previous: keys.collect() }
    }

    /// What makes the tags of a tenant's values at an account.
    pub fn binding(&self, tenant: &str, account: &str) -> Binding {
        self.current.bind(tenant, account)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl Default for Keys {
    fn default() -> Keys {
        Keys::new([])
    }
}

/// What the tags of a request say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The account that made what the request brings back; `None` if nothing in it has a tag.
    pub account: Option<&'a str>,
    /// Whether only that account can serve it: something has to be looked up or decrypted there.
    pub binding: bool,
    /// Where something stands that only a second account can serve, if there is any. `account` is then the one that made the
    /// last of them.
    pub second: Option<usize>,
    /// The tags, as they were met, each with the account that made its value: the one of an item's id behind those within
    /// the item.
    pub tags: Vec<(Range<usize>, &'a str)>,
    /// Whether something has to be looked up that has no tag.
    pub untagged_pointer: bool,
    /// Whether something is encrypted that has no tag.
    pub untagged_cipher: bool,
}

/// A value was made for another tenant, or is not as it was made. Where it stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger(pub usize);

/// Finds the origin of what a request brings back. `accounts`: all that could have made it.
///
/// # Errors
/// Something in it was made by none of them.
pub fn find<'a>(
    body: &[u8],
    references: &[Reference],
    keys: &Keys,
    tenant: &str,
    accounts: impl Iterator<Item = &'a str> + Clone,
) -> Result<Origin<'a>, Stranger> {
    let mut origin = Origin::default();
    // The account that made the latest value has most likely made the next one.
    let mut latest: Option<(&'a str, Binding)> = None;
    for reference in references {
        let Some(tagged) = reference.tagged(body) else {
            origin.untagged_pointer |= reference.role == Role::Pointer;
            origin.untagged_cipher |= reference.role == Role::Cipher;
            continue;
        };
        if !latest.as_ref().is_some_and(|(_, binding)| tagged.is_of(binding)) {
            match maker(&tagged, keys, tenant, accounts.clone()) {
                Some(found) => latest = Some(found),
                // A client's own name may look like anything.
                None if reference.role == Role::Name => continue,
                None => return Err(Stranger(reference.span.start)),
            }
        }
        let Some((account, _)) = latest.as_ref() else { continue };
        let binds = reference.role != Role::Name;
        if binds && origin.binding && origin.account != Some(*account) {
            origin.second.get_or_insert(reference.span.start);
        }
        // What must be looked up outweighs what is only named.
        if binds || (origin.account.is_none() && !origin.binding) {
            origin.account = Some(*account);
        }
        origin.binding |= binds;
        origin.tags.push((reference.tag_span(&tagged), *account));
    }
    Ok(origin)
}

/// The account that made a value for the tenant, of all that could have, and what makes the tags of its values.
pub fn maker<'a>(
    tagged: &Tagged<'_>,
    keys: &Keys,
    tenant: &str,
    accounts: impl Iterator<Item = &'a str>,
) -> Option<(&'a str, Binding)> {
    let keyed = accounts.flat_map(|account| keys.all().map(move |key| (account, key)));
    let mut bindings = keyed.map(|(account, key)| (account, key.bind(tenant, account)));
    bindings.find(|(_, binding)| tagged.is_of(binding))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::super::{marked::tagged, references};
    use super::*;

    const ACCOUNTS: [&str; 3] = ["azure", "aws", "gcp"];

    /// `{azure|resp_1}` in a body stands for that value with the tag of that account.
    fn body(marked: &str, tenant: &str) -> String {
        tagged(&Keys::new([&b"old"[..]]), tenant, marked)
    }

    fn found(marked: &str, tenant: &str) -> Result<(Option<&'static str>, bool, String, bool, bool), Stranger> {
        let body = body(marked, "acme");
        let keys = Keys::new([&b"new"[..], b"old"]);
        let references = references::read(body.as_bytes());
        let mut origin = find(body.as_bytes(), &references, &keys, tenant, ACCOUNTS.into_iter())?;
        origin.tags.sort_by_key(|(tag, _)| tag.start);
        let mut plain = body.clone();
        origin.tags.iter().rev().for_each(|(tag, _)| plain.replace_range(tag.clone(), ""));
        Ok((origin.account, origin.binding, plain, origin.untagged_pointer, origin.untagged_cipher))
    }

    fn plain(marked: &str) -> String {
        let mut text = marked.to_owned();
        for account in ACCOUNTS {
            text = text.replace(&format!("<{account}|"), "");
        }
        text.replace('>', "")
    }

    /// A request, the account that made what it brings back, and whether only that one can serve it.
    const ORIGINS: [(&str, Option<&str>, bool); 18] = [
        (r#"{"input":"hi"}"#, None, false),
        (r#"{"previous_response_id":"<azure|resp_1>","input":"hi"}"#, Some("azure"), true),
        (r#"{"previous_response_id":null,"conversation":null,"input":[null,{"id":null}]}"#, None, false),
        (r#"{"conversation":"<aws|conv_1>"}"#, Some("aws"), true),
        (r#"{"conversation":{"id":"<aws|conv_1>"}}"#, Some("aws"), true),
        (r#"{"input":[{"type":"item_reference","id":"<gcp|rs_1>"}]}"#, Some("gcp"), true),
        (r#"{"input":[{"id":"<gcp|msg_1>"}]}"#, Some("gcp"), true),
        (r#"{"input":[{"id":"<gcp|rs_1>","type":"reasoning","summary":[]}]}"#, Some("gcp"), true),
        (
            r#"{"input":[{"id":"<gcp|rs_1>","type":"reasoning","content":[{"type":"reasoning_text","text":"x"}]}]}"#,
            Some("gcp"),
            false,
        ),
        (
            r#"{"input":[{"type":"reasoning","id":"<azure|rs_1>","summary":[],"encrypted_content":"<azure|gAAAAA>"}]}"#,
            Some("azure"),
            true,
        ),
        (r#"{"input":[{"type":"compaction","encrypted_content":"<azure|gAAAAA>"}]}"#, Some("azure"), true),
        (
            r#"{"input":[{"type":"agent_message","content":[{"encrypted_content":"<azure|gAAAAA>"}]}]}"#,
            Some("azure"),
            true,
        ),
        (r#"{"input":[{"type":"message","id":"<aws|msg_1>","role":"assistant","content":"x"}]}"#, Some("aws"), false),
        (
            r#"{"input":[{"type":"function_call","id":"<aws|fc_1>","call_id":"<aws|resp_1:call_0>","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"<aws|resp_1:call_0>","output":"x"}]}"#,
            Some("aws"),
            false,
        ),
        (
            r#"{"input":[{"type":"message","id":"<aws|msg_1>","content":"x"},{"id":"<gcp|msg_2>"},{"type":"message","id":"<aws|msg_3>","content":"x"}]}"#,
            Some("gcp"),
            true,
        ),
        (
            r#"{"tools":[{"type":"code_interpreter","container":"<azure|cntr_1>"},{"container":{"type":"auto"}}]}"#,
            Some("azure"),
            true,
        ),
        (r#"{"input":[{"type":"message","id":"msg_X12345678abc","content":"x"}]}"#, None, false),
        (r#"{"metadata":{"id":"x"},"input":[{"content":[{"text":"resp_X12345678abc"}]},[],7]}"#, None, false),
    ];

    #[wasm_bindgen_test(unsupported = test)]
    fn the_account_is_told_and_the_tags_are_taken_off() {
        for (marked, account, binding) in ORIGINS {
            assert_eq!(found(marked, "acme"), Ok((account, binding, plain(marked), false, false)), "{marked}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_another_tenant_has_is_refused() {
        for (marked, account, binding) in ORIGINS {
            let found = found(marked, "other");
            if binding {
                assert!(matches!(found, Err(Stranger(_))), "{marked}: {found:?}");
            } else {
                // A name is nobody's, and goes as it came.
                assert_eq!(found, Ok((None, false, body(marked, "acme"), false, false)), "{marked}: {account:?}");
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_second_origin_is_told() {
        for (marked, account, second) in [
            (r#"{"previous_response_id":"<azure|resp_1>","input":[{"encrypted_content":"<aws|gAAAA>"}]}"#, "aws", true),
            (
                r#"{"input":[{"encrypted_content":"<aws|gA>"},{"encrypted_content":"<gcp|gA>"},{"encrypted_content":"<aws|gA>"}]}"#,
                "aws",
                true,
            ),
            (
                r#"{"input":[{"encrypted_content":"<aws|gA>"},{"type":"message","id":"<gcp|msg_1>","content":"x"}]}"#,
                "aws",
                false,
            ),
        ] {
            let body = body(marked, "acme");
            let keys = Keys::new([&b"old"[..]]);
            let origin =
                find(body.as_bytes(), &references::read(body.as_bytes()), &keys, "acme", ACCOUNTS.into_iter()).unwrap();
            assert_eq!((origin.account, origin.second.is_some()), (Some(account), second), "{marked}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_has_no_tag_is_told() {
        for (marked, pointer, cipher) in [
            (r#"{"previous_response_id":"resp_1"}"#, true, false),
            (r#"{"previous_response_id":"resp\u005f1"}"#, true, false),
            (r#"{"input":[{"id":"rs_1"}]}"#, true, false),
            (r#"{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"}]}"#, false, true),
        ] {
            assert_eq!(found(marked, "acme"), Ok((None, false, marked.to_owned(), pointer, cipher)), "{marked}");
        }
    }
}
