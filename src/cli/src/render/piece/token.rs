//! Where OAuth2 tokens come from: one cluster for all endpoints that use the same token endpoint.

use multihome_core::config::{Auth, Config, Endpoint, TokenEndpoint};

use crate::render::names::Names;

/// The token endpoints of a policy.
#[derive(Debug)]
pub struct TokenClusters(Vec<TokenCluster>);

/// One of them.
#[derive(Debug)]
pub struct TokenCluster {
    /// Its name.
    pub cluster: String,
    /// Where it answers.
    pub endpoint: TokenEndpoint,
}

impl TokenCluster {
    /// Scheme and authority.
    pub fn origin(&self) -> String {
        let scheme = if self.endpoint.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.endpoint.host)
    }
}

impl TokenClusters {
    /// Those that the endpoints of a policy need.
    pub fn of(config: &Config, names: Names) -> TokenClusters {
        let mut clusters: Vec<TokenCluster> = Vec::new();
        for endpoint in config.endpoints.iter().filter_map(token_endpoint) {
            if clusters.iter().any(|known| known.endpoint == endpoint) {
                continue;
            }
            clusters.push(TokenCluster { cluster: names.entra(clusters.len() + 1), endpoint });
        }
        TokenClusters(clusters)
    }

    /// The one that an endpoint's tokens come from.
    pub fn for_endpoint(&self, endpoint: &Endpoint) -> Option<&TokenCluster> {
        let wanted = token_endpoint(endpoint)?;
        self.0.iter().find(|known| known.endpoint == wanted)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TokenCluster> {
        self.0.iter()
    }
}

fn token_endpoint(endpoint: &Endpoint) -> Option<TokenEndpoint> {
    match &endpoint.auth {
        Auth::ClientCredentials { issuer, .. } => Some(issuer.clone()),
        _ => None,
    }
}
