//! What the headers of a client's request say.

use std::fmt;

use crate::contract::{CLOUDS, MAX_ATTEMPTS, ORDER, RESIDENCY};

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

/// The names of the headers that only trusted hops may set.
#[derive(Clone, Copy, Debug)]
pub struct IdentityHeaders<'c> {
    /// The header that names the tenant, where one may.
    pub tenant: Option<&'c str>,
    /// The header that carries the tenant's policy, where the file lets requests carry one.
    pub policy: Option<&'c str>,
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
    /// Whether `upgrade` offers to go on as a WebSocket.
    pub websocket: bool,
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
    /// `authorization`.
    pub authorization: Credential<'h>,
    /// `api-key`, by which Azure's SDKs send a key.
    pub api_key: Credential<'h>,
    /// What Envoy has found of a token that the request brings. No header says it: who has asked Envoy notes it.
    pub token: Verification<'h>,
    /// Names that must go before anything acts on them: `x-envoy-…` steers the router.
    pub unwanted: Vec<&'h [u8]>,
}

impl<'h> Inbound<'h> {
    /// Reads the headers of a request. Names are in lower case, as Envoy keeps them.
    pub fn read(headers: impl Iterator<Item = (&'h [u8], &'h [u8])>, names: IdentityHeaders<'_>) -> Inbound<'h> {
        let mut inbound = Inbound::default();
        for (name, value) in headers {
            inbound.note(name, value, names);
        }
        inbound
    }

    fn note(&mut self, name: &'h [u8], value: &'h [u8], names: IdentityHeaders<'_>) {
        match name {
            b":method" => self.method = value,
            b":path" => self.path = value,
            b":scheme" => self.scheme = value,
            b"content-type" => self.content_type.note(value),
            b"content-encoding" => self.content_encoding.note(value),
            b"content-length" => {
                self.content_length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok())
            }
            b"authorization" => self.authorization.0.note(value),
            b"api-key" => self.api_key.0.note(value),
            b"upgrade" => self.websocket |= offers_websocket(value),
            b"x-request-id" => self.request_id = value,
            _ if name.starts_with(b"x-multihome-") => match std::str::from_utf8(name) {
                Ok(CLOUDS) => self.clouds.note(value),
                Ok(RESIDENCY) => self.residency.note(value),
                Ok(ORDER) => self.order.note(value),
                Ok(MAX_ATTEMPTS) => self.max_attempts.note(value),
                _ => self.unwanted.push(name),
            },
            _ if name.starts_with(b"x-envoy-") => self.unwanted.push(name),
            _ => {
                let is = |known: Option<&str>| known.is_some_and(|known| name == known.as_bytes());
                if is(names.tenant) {
                    self.tenant.note(value);
                } else if is(names.policy) {
                    self.carried.note(value);
                }
            }
        }
    }
}

/// What Envoy has found of a token.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification<'h> {
    /// Nothing: none was brought, or nobody has looked.
    #[default]
    Unknown,
    /// It holds, and claims this, as JSON.
    Holds(&'h [u8]),
    /// It does not hold, for this reason.
    Fails(&'h [u8]),
}

/// Whoever prints a request prints nothing of what a token claims.
impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verification::Unknown => "Unknown",
            Verification::Holds(_) => "Holds(…)",
            Verification::Fails(_) => "Fails(…)",
        })
    }
}

/// A header that holds a secret. Whoever prints what stands around it prints none of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Credential<'h>(Single<'h>);

impl<'h> Credential<'h> {
    /// The header. What it holds goes nowhere but into a digest.
    pub fn reveal(self) -> Single<'h> {
        self.0
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Single::Absent => "Absent",
            Single::Once(_) => "Once(…)",
            Single::Repeated => "Repeated",
        })
    }
}

/// `upgrade` lists protocols, each perhaps with a version behind a slash.
fn offers_websocket(upgrade: &[u8]) -> bool {
    let mut protocols = upgrade.split(|byte| *byte == b',');
    protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}
