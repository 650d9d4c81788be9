//! Who answered, as a client reads it from the answer's headers.

use multihome_core::attempt::Answerer;
use multihome_core::header;

use crate::pairs::PairsWriter;

/// Says who answered, and under which id their support finds the call.
pub fn add(headers: &mut PairsWriter, answerer: &Answerer<'_>, id: &[u8]) {
    headers.add(header::CLOUD, answerer.cloud).add(header::TARGET, answerer.target);
    if !answerer.region.is_empty() {
        headers.add(header::REGION, answerer.region);
    }
    add_none(headers, answerer.attempts, id);
}

/// Says that nobody did, and how many were asked.
pub fn add_none(headers: &mut PairsWriter, attempts: usize, id: &[u8]) {
    headers.add(header::ATTEMPTS, attempts.to_string());
    add_id(headers, id);
}

/// Names the request, where it has a name.
pub fn add_id(headers: &mut PairsWriter, id: &[u8]) {
    if !id.is_empty() {
        headers.add("x-request-id", id);
    }
}
