//! Google Cloud.

mod error;
pub(crate) mod metadata;
mod place;
mod policy;

use super::{Row, Stripped};

pub use place::Location;

/// All that is known of it.
pub(super) const ROW: Row = Row {
    name: "gcp",
    endpoint_fields: &policy::ENDPOINT_FIELDS,
    target_fields: &[],
    headers: &[&place::HEADERS],
    read_endpoint: policy::read,
    read_error: error::read,
    error_type: None,
    call_ids: &["x-request-id"],
    stripped: Stripped { names: &["server-timing", "x-frame-options", "x-xss-protection"], prefixes: &[] },
};
