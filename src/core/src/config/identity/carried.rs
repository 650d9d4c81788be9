//! A tenant's whole policy that a request carries, in a header or in a claim of a token, and how far such a policy reaches.

use std::rc::Rc;

use crate::config::defaults::Defaults;
use crate::config::tenant::{self, Grant, Known};
use crate::document::fields::Fields;
use crate::fault::Faults;

/// What carries a policy, and how far it reaches.
#[derive(Debug)]
pub struct Carried {
    /// The name of the header, or of the claim.
    pub name: String,
    /// Nothing beyond this is allowed, whatever the policy says.
    pub ceiling: Rc<Grant>,
    /// Whether a request without it is refused, though the file lists its tenant.
    pub required: bool,
}

/// Reads the rest of `policy: {ceiling: {…}, required: false}`.
pub(super) fn read(
    mut fields: Fields<'_>,
    name: String,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Carried> {
    let ceiling = fields.required("ceiling", faults);
    let ceiling = ceiling.and_then(|(node, place)| tenant::read(node, place, Some(known), defaults, faults));
    let required = fields.optional_bool("required", faults).unwrap_or(false);
    fields.finish(faults);
    Some(Carried { name, ceiling: Rc::new(ceiling?), required })
}
