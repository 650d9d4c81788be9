//! Why an admin interface says nothing, and what to do about it.

use std::fmt;

/// What keeps an Envoy from being asked. Its text ends in a line of help.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminError {
    /// What was given is no address.
    Address {
        /// As it was given.
        given: String,
    },
    /// Nothing takes a connection there.
    Unreachable {
        /// Where.
        address: String,
        /// What the system says.
        why: String,
    },
    /// No reply in time.
    TimedOut {
        /// Where.
        address: String,
        /// What was asked.
        path: String,
    },
    /// The reply is longer than is read.
    TooLarge {
        /// Where.
        address: String,
        /// What was asked.
        path: String,
    },
    /// Another status than 200.
    Refused {
        /// Where.
        address: String,
        /// What was asked.
        path: String,
        /// The status.
        status: u16,
    },
    /// Something replied that is no Envoy's admin interface.
    NotEnvoy {
        /// Where.
        address: String,
        /// How it shows.
        why: String,
    },
}

impl AdminError {
    /// What the client library says, in these words.
    pub(super) fn of(error: ureq::Error, address: &str, path: &str) -> AdminError {
        let (address, path) = (address.to_owned(), path.to_owned());
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                AdminError::Unreachable { address, why: "no connection in time".to_owned() }
            }
            ureq::Error::Timeout(_) => AdminError::TimedOut { address, path },
            ureq::Error::BodyExceedsLimit(_) => AdminError::TooLarge { address, path },
            ureq::Error::HostNotFound => AdminError::Unreachable { address, why: "no such host".to_owned() },
            ureq::Error::ConnectionFailed => AdminError::Unreachable { address, why: "no connection".to_owned() },
            ureq::Error::Io(error) => AdminError::Unreachable { address, why: error.to_string() },
            other => AdminError::NotEnvoy { address, why: other.to_string() },
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::Address { given } => write!(
                f,
                "`{given}` is no address of an admin interface\n  help: write `http://127.0.0.1:9901`, a host and a port without a path; it speaks no TLS"
            ),
            AdminError::Unreachable { address, why } => write!(
                f,
                "no Envoy can be reached at {address}: {why}\n  help: name what the bootstrap has under `admin` (`render --admin`). It mostly listens on the loopback: run this on Envoy's own machine; for a pod, `kubectl port-forward POD 9901` (Istio's gateways: 15000) in another terminal"
            ),
            AdminError::TimedOut { address, path } => write!(
                f,
                "{address} did not reply to {path} in time\n  help: look whether Envoy's process has CPU time left, and whether another program listens there"
            ),
            AdminError::TooLarge { address, path } => write!(
                f,
                "the reply of {address} to {path} is too long to be read\n  help: ask an Envoy with less configuration, or one that serves Multihome alone"
            ),
            AdminError::Refused { address, path, status } => write!(
                f,
                "{address} replies to {path} with {status}\n  help: this is where Envoy's admin interface has to be, and what stands before it (or its `allow_paths`) has to let `{path}` pass"
            ),
            AdminError::NotEnvoy { address, why } => write!(
                f,
                "what listens at {address} is no admin interface of Envoy: {why}\n  help: name what the bootstrap has under `admin`, not the address of a listener"
            ),
        }
    }
}
