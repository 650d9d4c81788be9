//! Where to reach Google's metadata server: what the policy file says for all of Google's endpoints.

use crate::cloud::Address;
use crate::cloud::connection::parse_address;
use crate::document::fields::{Fields, Found};
use crate::fault::Faults;

pub(crate) fn read(found: Found<'_>, faults: &mut Faults) -> Address {
    // The link-local address of every Google machine; the name `metadata.google.internal` leads there.
    let default = Address { host: "169.254.169.254".to_owned(), port: 80 };
    let Some(mut fields) = Fields::maybe(found, faults) else { return default };
    let address = Fields::maybe(fields.optional("metadata"), faults).and_then(|mut metadata| {
        let address = metadata.required_text("address", faults).map(str::to_owned);
        let place = metadata.place.key("address");
        metadata.finish(faults);
        parse_address(&address?, &place, faults)
    });
    fields.finish(faults);
    address.unwrap_or(default)
}
