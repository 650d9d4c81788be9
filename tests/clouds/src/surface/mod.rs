//! The surfaces: which ports there are, which names they have, and who answers on them.

mod azure;
mod bedrock;
mod entra;
mod google;
mod metadata;

use crate::clouds::Clouds;
use crate::fault::Plan;
use crate::http::{Reply, Request};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    Azure,
    AwsRuntime,
    AwsMantle,
    Gcp,
    Entra,
    Metadata,
    Admin,
}

impl Surface {
    pub const ALL: [Self; 7] =
        [Self::Azure, Self::AwsRuntime, Self::AwsMantle, Self::Gcp, Self::Entra, Self::Metadata, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::AwsRuntime => "aws_runtime",
            Self::AwsMantle => "aws_mantle",
            Self::Gcp => "gcp",
            Self::Entra => "entra",
            Self::Metadata => "metadata",
            Self::Admin => "admin",
        }
    }

    pub fn cloud(self) -> &'static str {
        match self {
            Self::Azure | Self::Entra => "azure",
            Self::AwsRuntime | Self::AwsMantle => "aws",
            Self::Gcp | Self::Metadata => "gcp",
            Self::Admin => "",
        }
    }

    pub fn serves_models(self) -> bool {
        matches!(self, Self::Azure | Self::AwsRuntime | Self::AwsMantle | Self::Gcp)
    }

    pub fn speaks_tls(self) -> bool {
        !matches!(self, Self::Metadata | Self::Admin)
    }

    /// Whether the real surface has this host name (in lower case), so that TLS may be asked for it.
    pub fn has_name(self, host: &str) -> bool {
        match self {
            Self::Azure => azure::resource(host).is_some(),
            Self::AwsRuntime | Self::AwsMantle => bedrock::region(self, host).is_some(),
            Self::Gcp => google::location(host).is_some(),
            Self::Entra => entra::has_name(host),
            Self::Metadata | Self::Admin => false,
        }
    }
}

/// What a surface makes of a request.
pub struct Outcome {
    /// The credential that was accepted, or `refused: ` and why.
    pub auth: String,
    pub reply: Reply,
}

impl Outcome {
    fn new(auth: impl Into<String>, reply: Reply) -> Self {
        Self { auth: auth.into(), reply }
    }
}

pub async fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    match request.surface {
        Surface::Azure => azure::answer(clouds, request, plan),
        Surface::AwsRuntime | Surface::AwsMantle => bedrock::answer(clouds, request, plan),
        Surface::Gcp => google::answer(clouds, request, plan),
        Surface::Entra => entra::answer(clouds, request, plan).await,
        Surface::Metadata => metadata::answer(clouds, request, plan).await,
        // The administrator's requests never come here.
        Surface::Admin => Outcome::new("none", crate::error::misdirected(Surface::Admin)),
    }
}

/// A label of a host name: letters, digits and hyphens.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_to_their_surface_only() {
        let rows = [
            ("contoso-eastus2.openai.azure.com", Some(Surface::Azure)),
            ("contoso.openai.azure.us", Some(Surface::Azure)),
            ("contoso.cognitiveservices.azure.com", Some(Surface::Azure)),
            ("openai.azure.com", None),
            ("a.b.openai.azure.com", None),
            ("bedrock-runtime.us-east-1.amazonaws.com", Some(Surface::AwsRuntime)),
            ("bedrock-runtime-fips.us-east-1.amazonaws.com", Some(Surface::AwsRuntime)),
            ("bedrock-runtime.us-east-1.api.aws", Some(Surface::AwsRuntime)),
            ("bedrock-runtime.amazonaws.com", None),
            ("bedrock-mantle.us-west-2.api.aws", Some(Surface::AwsMantle)),
            ("bedrock-mantle.us-west-2.amazonaws.com", None),
            ("aiplatform.googleapis.com", Some(Surface::Gcp)),
            ("us-central1-aiplatform.googleapis.com", Some(Surface::Gcp)),
            ("aiplatform.eu.rep.googleapis.com", Some(Surface::Gcp)),
            ("us-aiplatform.googleapis.com", Some(Surface::Gcp)),
            ("storage.googleapis.com", None),
            ("login.microsoftonline.com", Some(Surface::Entra)),
            ("localhost", None),
        ];
        for (host, expected) in rows {
            let found: Vec<Surface> = Surface::ALL.into_iter().filter(|surface| surface.has_name(host)).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{host}");
        }
    }
}
