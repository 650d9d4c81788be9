//! The heads of an attempt: what is sent, what of the client's own head can stay, and what comes back.

/// What an attempt sends.
#[derive(Debug, PartialEq)]
pub struct Head<'r> {
    /// `:method`.
    pub method: &'static str,
    /// `:path`.
    pub path: &'r str,
    /// `:authority`.
    pub host: &'r str,
    /// `:scheme`.
    pub scheme: &'static str,
    /// Whether a body goes with it, and so its type.
    pub has_body: bool,
    /// The body's length, where it is known.
    pub length: Option<u64>,
    /// What of the client's own headers can stay. `None` after the first attempt: what one attempt writes stands
    /// before the next, so that nothing there is the client's own any more, its length for one.
    pub reusable: Option<ReusableHead>,
    /// Whether it has to carry Google's access token, which no filter after this one adds.
    pub google_token: bool,
}

/// What can stay of a client's headers, if there are no others than those that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReusableHead {
    /// How many headers there are then.
    pub count: usize,
    /// Whether the scheme is right.
    pub scheme: bool,
    /// Whether the length is right.
    pub length: bool,
}

/// What an attempt has to know of the client's request headers, beside the body.
#[derive(Debug, Default)]
pub struct Origin {
    /// Whether it came by HTTPS.
    pub https: bool,
    /// Whether its content type is as a cloud gets it.
    pub plain: bool,
    /// Whether it said its length.
    pub said_length: bool,
}

/// The headers that every request has: four pseudo headers and the content type.
const ESSENTIAL: usize = 5;

impl Origin {
    /// What can stay of the head for a cloud that is asked by HTTPS or not. `streamed`: nobody knows the body's length;
    /// `whole`: the body goes as it came.
    pub(super) fn reusable(&self, https: bool, streamed: bool, whole: bool) -> Option<ReusableHead> {
        self.plain.then(|| ReusableHead {
            count: ESSENTIAL + usize::from(self.said_length),
            scheme: https == self.https,
            length: streamed || (self.said_length && whole),
        })
    }
}

/// The longest id of a request or a call that is kept, in bytes: a UUID has 36, Google's and AWS's have less than 100.
const MOST_ID: usize = 256;

/// Whether an id is kept for as long as its request lives: one that a client or a cloud makes arbitrarily long is not.
pub fn is_kept_id(id: &[u8]) -> bool {
    id.len() <= MOST_ID
}

/// The headers of a response that reach a client, by name. Nothing of a cloud's account, sessions or hops does.
/// The request id is not
/// among them: see [`Cloud::call_id_headers`](crate::cloud::Cloud::call_id_headers).
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
