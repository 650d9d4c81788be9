//! For tests: texts with tagged values.

use super::origin::Keys;
use super::tag::Kind;

/// The text with each `<account|value>` made the value with its tag, as that tenant got it. What stands behind
/// `"encrypted_content":"` is encrypted content, anything else an id.
pub fn tagged(keys: &Keys, tenant: &str, marked: &str) -> String {
    let (mut out, mut rest) = (String::new(), marked);
    while let Some((before, after)) = rest.split_once('<') {
        let (value, after) = after.split_once('>').unwrap();
        let (account, value) = value.split_once('|').unwrap();
        let kind = if before.ends_with("encrypted_content\":\"") { Kind::Encrypted } else { Kind::Id };
        let (prefix, end) = value.split_at(kind.place(value.as_bytes()));
        let tag = keys.binding(tenant, account).tag(value.as_bytes());
        out += &format!("{before}{prefix}{}{end}", std::str::from_utf8(&tag).unwrap());
        rest = after;
    }
    out + rest
}
