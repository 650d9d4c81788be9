//! Who answered, as a client reads it from the answer's headers.

use multihome_core::contract;
use multihome_core::request::Answerer;

use crate::pairs::PairsWriter;

/// Says who answered, and under which id their support finds the call.
pub fn add(headers: &mut PairsWriter, answerer: &Answerer<'_>, id: &[u8]) {
    headers.add(contract::CLOUD, answerer.cloud).add(contract::TARGET, answerer.target);
    if !answerer.region.is_empty() {
        headers.add(contract::REGION, answerer.region);
    }
    add_none(headers, answerer.attempts, id);
}

/// Says that nobody did, and how many were asked.
pub fn add_none(headers: &mut PairsWriter, attempts: usize, id: &[u8]) {
    headers.add(contract::ATTEMPTS, attempts.to_string());
    add_id(headers, id);
}

/// Names the request, where it has a name.
pub fn add_id(headers: &mut PairsWriter, id: &[u8]) {
    if !id.is_empty() {
        headers.add("x-request-id", id);
    }
}
