//! Which edition of the file format a policy is written in.
//!
//! A release that only adds optional fields keeps the number. It goes up when a file that was right would mean something
//! else or be refused; a module then reads the edition before it too, as long as it can.

use crate::document::Node;
use crate::document::fields::Fields;
use crate::fault::Faults;

/// The edition that this module reads, and the one that a file without `version` has.
pub const READ: u64 = 1;

/// Whether the file is of an edition that this module reads. Where it is not, nothing else can be said of it: what looks
/// like an unknown field may be a field of that edition.
pub(super) fn is_read(fields: &mut Fields<'_>, faults: &mut Faults) -> bool {
    let Some((node, place)) = fields.optional("version") else { return true };
    // As the file has it, without the machinery that formats floating point by `{}`: it is 15 KB of the module.
    let number = serde_json::to_string(node).unwrap_or_default();
    match node {
        // Integers of a file are exact.
        Node::Number(value) if *value == READ as f64 => return true,
        Node::Number(value) if value.fract() == 0.0 && *value > READ as f64 => faults.add_with_help(
            &place,
            format!("{number} is newer than what this release reads, which is {READ}"),
            format!("install the tool and the module of a release that reads version {number}, or write the file for `version: {READ}`"),
        ),
        Node::Number(_) => faults.add_with_help(
            &place,
            format!("there is no version {number} of the policy file, this release reads {READ}"),
            format!("write `version: {READ}`"),
        ),
        other => faults.add_with_help(
            &place,
            format!("expected the number {READ}, found {}", other.kind()),
            format!("write `version: {READ}`, without quotes; a name for this policy of yours belongs into a comment"),
        ),
    }
    false
}
