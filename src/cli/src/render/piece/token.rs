//! Where OAuth2 tokens come from: one cluster for all endpoints that use the same token endpoint.

use multihome_core::config::{Auth, Config, Endpoint, TokenEndpoint};

/// The token endpoints of a policy.
#[derive(Debug)]
pub struct TokenClusters(Vec<TokenCluster>);

/// One of them.
#[derive(Debug)]
pub struct TokenCluster {
    /// Its name. The colon keeps it apart from every endpoint's.
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
    pub fn of(config: &Config) -> TokenClusters {
        let mut clusters: Vec<TokenCluster> = Vec::new();
        for endpoint in config.endpoints.iter().filter_map(token_endpoint) {
            if clusters.iter().any(|known| known.endpoint == endpoint) {
                continue;
            }
            let cluster = match clusters.len() {
                0 => "multihome:entra".to_owned(),
                more => format!("multihome:entra:{}", more + 1),
            };
            clusters.push(TokenCluster { cluster, endpoint });
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
