//! Headers: the names that this module knows, and what a request's headers say.

use crate::cloud::Cloud;
use crate::config::Identity;

/// Which clouds a request may be sent to, of those that policy allows.
pub const CLOUDS: &str = "x-multihome-clouds";
/// Which residencies, of those that policy allows.
pub const RESIDENCY: &str = "x-multihome-residency";
/// How targets are ranked, out of the tenant's choice.
pub const ORDER: &str = "x-multihome-order";
/// How many targets are tried at most.
pub const MAX_ATTEMPTS: &str = "x-multihome-max-attempts";
/// To the client: the cloud that answered.
pub const CLOUD: &str = "x-multihome-cloud";
/// To the client: its region.
pub const REGION: &str = "x-multihome-region";
/// To the client: the endpoint that answered.
pub const TARGET: &str = "x-multihome-target";
/// To the client: how many targets were tried.
pub const ATTEMPTS: &str = "x-multihome-attempts";
/// From an attempt to Envoy: try the next target. Named by the route's `retriable_headers`.
pub const MOVE_ON: &str = "x-multihome-move-on";
/// What Envoy's rate limits set on their answers.
pub const RATE_LIMITED: &[u8] = b"x-envoy-ratelimited";
/// To Envoy: how many retries the plan has.
pub const MAX_RETRIES: &str = "x-envoy-max-retries";
/// To Envoy: for how many milliseconds a try may wait for its answer; 0 for as long as it takes.
pub const TRY_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";

/// A header that must stand at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Single<'h> {
    /// It does not stand.
    #[default]
    Absent,
    /// It stands once.
    Once(&'h [u8]),
    /// It stands more than once: two readers could take different ones.
    Repeated,
}

impl<'h> Single<'h> {
    fn note(&mut self, value: &'h [u8]) {
        *self = match self {
            Single::Absent => Single::Once(value),
            _ => Single::Repeated,
        };
    }
}

/// What the headers of a request say, borrowed from them.
#[derive(Debug, Default)]
pub struct Inbound<'h> {
    /// `:method`.
    pub method: &'h [u8],
    /// `:path`, with its query.
    pub path: &'h [u8],
    /// `:scheme`.
    pub scheme: &'h [u8],
    /// `content-type`.
    pub content_type: Single<'h>,
    /// `content-encoding`.
    pub content_encoding: Single<'h>,
    /// `content-length`, where it is a number.
    pub content_length: Option<u64>,
    /// `x-request-id`, as Envoy made or took it.
    pub request_id: &'h [u8],
    /// The tenant's name.
    pub tenant: Single<'h>,
    /// The tenant's policy, where the file lets requests carry one.
    pub carried: Single<'h>,
    /// [`CLOUDS`].
    pub clouds: Single<'h>,
    /// [`RESIDENCY`].
    pub residency: Single<'h>,
    /// [`ORDER`].
    pub order: Single<'h>,
    /// [`MAX_ATTEMPTS`].
    pub max_attempts: Single<'h>,
    /// Names that must go before anything acts on them: `x-envoy-…` steers the router.
    pub unwanted: Vec<&'h [u8]>,
}

impl<'h> Inbound<'h> {
    /// Reads the headers of a request. Names are in lower case, as Envoy keeps them.
    pub fn read(headers: impl Iterator<Item = (&'h [u8], &'h [u8])>, identity: &Identity) -> Inbound<'h> {
        let mut inbound = Inbound::default();
        for (name, value) in headers {
            inbound.note(name, value, identity);
        }
        inbound
    }

    fn note(&mut self, name: &'h [u8], value: &'h [u8], identity: &Identity) {
        match name {
            b":method" => self.method = value,
            b":path" => self.path = value,
            b":scheme" => self.scheme = value,
            b"content-type" => self.content_type.note(value),
            b"content-encoding" => self.content_encoding.note(value),
            b"content-length" => {
                self.content_length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok())
            }
            b"x-request-id" => self.request_id = value,
            _ if name.starts_with(b"x-multihome-") => match std::str::from_utf8(name) {
                Ok(CLOUDS) => self.clouds.note(value),
                Ok(RESIDENCY) => self.residency.note(value),
                Ok(ORDER) => self.order.note(value),
                Ok(MAX_ATTEMPTS) => self.max_attempts.note(value),
                _ => self.unwanted.push(name),
            },
            _ if name.starts_with(b"x-envoy-") => self.unwanted.push(name),
            _ if name == identity.header.as_bytes() => self.tenant.note(value),
            _ => {
                if identity.carried.as_ref().is_some_and(|carried| name == carried.header.as_bytes()) {
                    self.carried.note(value);
                }
            }
        }
    }
}

/// The headers of an answer that reach a client, by name. Nothing of a cloud's account, sessions or hops does.
/// The request id is not among them: see [`request_id_of`].
pub fn passes_back(name: &[u8]) -> bool {
    matches!(
        name,
        b":status"
            | b"content-type"
            | b"content-length"
            | b"content-encoding"
            | b"date"
            | b"retry-after"
            | b"retry-after-ms"
            | b"openai-processing-ms"
            | b"cache-control"
            | b"x-accel-buffering"
    ) || name.starts_with(b"x-ratelimit-")
}

/// How well `name` serves as the request id that a cloud's support asks for; 0 for not at all.
pub fn request_id_of(cloud: Cloud, name: &[u8]) -> u8 {
    match (cloud, name) {
        (Cloud::Azure, b"apim-request-id") | (Cloud::Aws, b"x-amzn-requestid") => 1,
        (_, b"x-request-id") => 2,
        _ => 0,
    }
}
