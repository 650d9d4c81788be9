//! Credentials: the ways in which Envoy or the module can prove who we are. Which of them a cloud takes, and what the policy
//! file calls them there, each cloud says itself; the secrets themselves stay in Envoy.

use super::connection::{Address, Tls};
use crate::document::Node;
use crate::document::fields::Fields;
use crate::fault::{Faults, Place};
use crate::name;

/// The credential of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A secret that Envoy reads from a file and puts into a header.
    Key {
        /// The secret's name.
        sds: String,
        /// The header.
        header: String,
        /// What stands before the secret there.
        prefix: &'static str,
    },
    /// OAuth2 client credentials: Envoy fetches and renews the token.
    ClientCredentials {
        /// Where tokens are issued.
        issuer: TokenEndpoint,
        /// The path there.
        path: String,
        /// The application's id.
        client_id: String,
        /// The secret's name.
        client_secret_sds: String,
        /// What the token is for.
        scope: String,
    },
    /// AWS Signature Version 4, with Envoy's credential chain.
    SigV4 {
        /// The service that is signed for.
        service: &'static str,
    },
    /// Google's metadata server, which the module asks for tokens.
    Metadata,
}

impl Auth {
    /// The secret that it takes from a file, and what that is; a name that stands for two things would show one to whoever is
    /// to get the other.
    pub fn secret(&self) -> Option<(&str, &'static str)> {
        match self {
            Auth::Key { sds, .. } => Some((sds, "a key")),
            Auth::ClientCredentials { client_secret_sds, .. } => Some((client_secret_sds, "a client secret")),
            Auth::SigV4 { .. } | Auth::Metadata => None,
        }
    }

    /// Whether Envoy signs the body. Envoy 1.40 signs at its end, and not at all where trailers are the end.
    pub fn signs_body(&self) -> bool {
        matches!(self, Auth::SigV4 { .. })
    }

    /// The bearer token of a secret file.
    pub(super) fn bearer(sds: String) -> Auth {
        Auth::Key { sds, header: "authorization".to_owned(), prefix: "Bearer " }
    }
}

/// An OAuth2 token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Its host name, as the authority has it.
    pub host: String,
    /// Where to connect.
    pub address: Address,
    /// How the connection is secured.
    pub tls: Option<Tls>,
}

impl TokenEndpoint {
    /// The public one of that host.
    pub(super) fn of_host(host: &str) -> TokenEndpoint {
        TokenEndpoint {
            address: Address { host: host.to_owned(), port: 443 },
            tls: Some(Tls { ca_file: None, sni: host.to_owned(), san: host.to_owned() }),
            host: host.to_owned(),
        }
    }
}

/// The kind of a credential as the file names it, with what it says of it.
pub(super) struct Kind<'n> {
    pub name: &'n str,
    details: Option<&'n Node>,
    place: Place,
}

impl<'n> Kind<'n> {
    /// Reads the field `auth`: one of the kinds that `cloud` knows.
    pub fn read(fields: &mut Fields<'n>, cloud: &str, known: &[&str], faults: &mut Faults) -> Option<Kind<'n>> {
        let (node, place) = fields.required_of("auth", known.iter().copied(), faults)?;
        // `auth: sigv4` is short for a map with that one key and nothing to say under it.
        let (name, details) = match node {
            Node::Text(name) => (name.as_str(), None),
            Node::Map(members) if members.len() == 1 => {
                members.first().map(|(name, node)| (name.as_str(), Some(node)))?
            }
            other => {
                let message = format!("expected one kind of credential, found {}", other.kind());
                faults.add_with_help(&place, message, known.join(" or "));
                return None;
            }
        };
        if !known.contains(&name) {
            faults.unknown(&place, &format!("credential for {cloud}"), name, known.iter().copied());
            return None;
        }
        let place = if details.is_some() { place.key(name) } else { place };
        Some(Kind { name, details, place })
    }

    /// A kind that has nothing to say.
    pub fn plain(self, auth: Auth, faults: &mut Faults) -> Option<Auth> {
        if self.details.is_some() {
            faults.add_with_help(&self.place, "takes no fields", format!("write `auth: {}`", self.name));
            return None;
        }
        Some(auth)
    }

    /// A kind that names a secret.
    pub fn secret(self, faults: &mut Faults) -> Option<String> {
        let Some(node) = self.details else {
            let help = format!("write `auth: {{{}: {{sds: NAME}}}}`: {SECRET_FILE}", self.name);
            faults.add_with_help(&self.place, format!("`{}` names no secret", self.name), help);
            return None;
        };
        read_secret(node, self.place, faults)
    }

    /// A kind that has fields.
    pub fn fields(self, faults: &mut Faults) -> Option<Fields<'n>> {
        let Some(node) = self.details else {
            let help = format!("write `auth: {{{}: {{…}}}}`", self.name);
            faults.add_with_help(&self.place, format!("`{}` needs its fields", self.name), help);
            return None;
        };
        Fields::open(node, self.place, faults)
    }
}

/// What a name of a secret stands for.
const SECRET_FILE: &str = "the secret itself is in the file SDS_DIR/NAME.yaml, never in a policy";

/// Reads the name of a secret: `{sds: NAME}`. What stands there instead may be the secret, and is not repeated.
pub(super) fn read_secret(node: &Node, place: Place, faults: &mut Faults) -> Option<String> {
    if !matches!(node, Node::Map(_)) {
        let message = format!("expected the name of a secret, found {}", node.kind());
        faults.add_with_help(&place, message, format!("write `{{sds: NAME}}`: {SECRET_FILE}"));
        return None;
    }
    let mut fields = Fields::open(node, place, faults)?;
    let sds = fields.required_text("sds", faults);
    if let Some(bad) = sds.filter(|sds| !name::is_path_segment(sds)) {
        let message = format!("`{bad}` cannot name a secret");
        faults.add_with_help(&fields.place.key("sds"), message, "use a-z A-Z 0-9 . _ -");
    }
    fields.finish(faults);
    sds.map(str::to_owned)
}
