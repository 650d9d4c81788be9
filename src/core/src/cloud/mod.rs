//! The clouds. Each has a folder with all that is known of it: hosts and addresses, what its surfaces lack, its fields
//! and credentials in the policy file, the places that its names tell, its errors, its call ids, what its responses are
//! stripped of. No cloud knows another, and nothing else in core knows any.
//!
//! To add one: its folder, whose `ROW` the compiler asks to be complete, and its line in `clouds!` below.

pub mod auth;
pub mod aws;
pub mod azure;
pub mod connection;
pub mod error;
mod error_body;
pub mod gcp;
pub mod openai;
pub mod residency;
pub mod secret;
pub mod site;

use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::name::Named;

pub use auth::Auth;
pub use connection::{Address, Tls};
pub use error::{Blame, CloudError, ErrorResponse};
pub use site::{Doubt, ModelAddress, Site};

/// Makes [`Cloud`] of one line a cloud: its documentation, its name here, and the row that its folder has.
macro_rules! clouds {
    ($($(#[$doc:meta])* $variant:ident => $row:path;)*) => {
        /// A cloud.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cloud {
            $($(#[$doc])* $variant,)*
        }

        impl Named for Cloud {
            const ALL: &'static [Cloud] = &[$(Cloud::$variant),*];

            fn name(self) -> &'static str {
                self.row().name
            }
        }

        impl Cloud {
            fn row(self) -> &'static Row {
                match self {
                    $(Cloud::$variant => &$row,)*
                }
            }
        }
    };
}

clouds! {
    /// Azure OpenAI in Microsoft Foundry.
    Azure => azure::ROW;
    /// Amazon Bedrock.
    Aws => aws::ROW;
    /// Google Cloud (Vertex AI, since 2026 the Gemini Enterprise Agent Platform).
    Gcp => gcp::ROW;
    /// OpenAI itself.
    OpenAi => openai::ROW;
}

/// A set of clouds, in an order that means something where a tenant wrote it.
pub type Clouds = Vec<Cloud>;

/// What each cloud has to say of itself.
struct Row {
    /// Its name in files and headers.
    name: &'static str,
    /// The fields of an endpoint that are its own.
    endpoint_fields: &'static [&'static str],
    /// The fields of a target that are its own.
    target_fields: &'static [OwnField],
    /// The headers that the policy file may add to the requests of some of its endpoints.
    headers: &'static [&'static [&'static str]],
    /// Reads an endpoint's own fields and its credential.
    read_endpoint: fn(&mut Fields<'_>, &mut Faults) -> EndpointParts,
    /// Reads the response of a call that failed.
    read_error: fn(ErrorResponse<'_>) -> CloudError,
    /// The response header that names an error.
    error_type: Option<&'static str>,
    /// The response headers that hold the id by which the cloud's support finds a call; the best one first.
    call_ids: &'static [&'static str],
    /// What its responses are known to carry and no client gets.
    stripped: Stripped,
}

/// A field of a target that only some endpoints take.
#[derive(Clone, Copy, Debug)]
pub struct OwnField {
    /// Its name.
    pub name: &'static str,
    /// Whose it is, for a message.
    pub owner: &'static str,
}

/// What a cloud makes of an endpoint's fields. Each part is `None` where it has a fault, which is noted.
#[derive(Debug)]
pub struct EndpointParts {
    /// The site.
    pub site: Option<Box<dyn Site>>,
    /// The credential.
    pub auth: Option<Auth>,
    /// Headers that follow from its own fields: Envoy adds them to every request.
    pub headers: Vec<(&'static str, String)>,
}

/// Headers of responses that are taken away.
#[derive(Clone, Copy, Debug)]
pub struct Stripped {
    /// By their names.
    pub names: &'static [&'static str],
    /// By how their names begin.
    pub prefixes: &'static [&'static str],
}

impl Cloud {
    /// The fields of an endpoint that are this cloud's own.
    pub fn endpoint_fields(self) -> &'static [&'static str] {
        self.row().endpoint_fields
    }

    /// The fields of a target that are this cloud's own.
    pub fn target_fields(self) -> &'static [OwnField] {
        self.row().target_fields
    }

    /// The headers that the policy file may add to the requests of some of its endpoints; of which, says the endpoint's
    /// [`Site`].
    pub fn headers(self) -> impl Iterator<Item = &'static str> {
        self.row().headers.iter().copied().flatten().copied()
    }

    /// Reads an endpoint's own fields and its credential.
    pub fn read_endpoint(self, fields: &mut Fields<'_>, faults: &mut Faults) -> EndpointParts {
        (self.row().read_endpoint)(fields, faults)
    }

    /// Reads the response of a call that failed.
    pub fn read_error(self, response: ErrorResponse<'_>) -> CloudError {
        (self.row().read_error)(response)
    }

    /// The response header that names an error.
    pub fn error_type_header(self) -> Option<&'static str> {
        self.row().error_type
    }

    /// The response headers that hold the id by which the cloud's support finds a call; the best one first.
    pub fn call_id_headers(self) -> &'static [&'static str] {
        self.row().call_ids
    }

    /// What this cloud's responses are known to carry and no client gets, beside what is
    /// [stripped](crate::contract::RESPONSE_STRIPPED) of every cloud's.
    pub fn response_stripped(self) -> Stripped {
        self.row().stripped
    }
}
