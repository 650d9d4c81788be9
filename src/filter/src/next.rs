//! The one piece of filter state: the endpoint of the next attempt, by which Envoy's route chooses its cluster, and behind it the
//! ticket by which that attempt finds its request. One instead of two saves a host call a request.
//!
//! `ENDPOINT TICKET`, with a space between: the route's matcher knows each endpoint's name with the space behind it as a
//! prefix, and no name holds one. `whole ENDPOINT TICKET` where the response is not streamed, by which Envoy takes the route
//! that waits longer.

use multihome_core::config::Awaited;
use multihome_core::contract::{NEXT, NEXT_END, WHOLE};
use multihome_core::request::Request;

use crate::host;
use crate::worker::TicketBytes;

/// Names the endpoint of the next attempt, if there may be one. Envoy reads it when it makes that attempt.
pub fn name(request: &Request, ticket: &TicketBytes) {
    if let Some(endpoint) = request.next_endpoint() {
        let way = match request.awaited() {
            Awaited::Stream => "",
            Awaited::Whole => WHOLE,
        };
        host::set_filter_state(NEXT, &[way.as_bytes(), endpoint.as_bytes(), NEXT_END.as_bytes(), ticket].concat());
    }
}

/// Names a cluster in which there is no attempt, and so nobody who asks for a ticket. Nobody knows yet what the client
/// waits for.
pub fn lead_to(cluster: &str) {
    host::set_filter_state(NEXT, &[WHOLE.as_bytes(), cluster.as_bytes(), NEXT_END.as_bytes()].concat());
}

/// The ticket. `None` where there is none, or another filter wrote something else.
pub fn ticket() -> Option<TicketBytes> {
    host::filter_state(NEXT)?.last_chunk().copied()
}
