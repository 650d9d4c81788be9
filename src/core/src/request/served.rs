//! Who served a response, for the client.

use crate::config::Endpoint;
use crate::name::Named;

/// Who served a response, or whose error it is.
#[derive(Debug, PartialEq, Eq)]
pub struct ServedBy<'r> {
    /// The id by which the cloud's support finds a failed call, if it gave one.
    pub id: Option<&'r [u8]>,
    /// The cloud.
    pub cloud: &'static str,
    /// Its region; empty where the policy file names none.
    pub region: &'r str,
    /// The endpoint.
    pub target: &'r str,
    /// How many attempts were made.
    pub attempts: usize,
}

impl ServedBy<'_> {
    pub(super) fn of(endpoint: &Endpoint, attempts: usize) -> ServedBy<'_> {
        ServedBy { id: None, cloud: endpoint.cloud.name(), region: &endpoint.region, target: &endpoint.name, attempts }
    }
}
