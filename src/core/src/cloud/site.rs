//! What serves at an endpoint, as its cloud knows it.

use std::fmt;

use super::residency::Claim;
use crate::api::feature::Features;
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::form::Form;

/// One API surface of one account in one place. Each cloud has its own.
pub trait Site: fmt::Debug {
    /// The region or location that clients see; empty where the file names none.
    fn region(&self) -> &str;

    /// The host name that follows from the endpoint's fields.
    fn host(&self) -> String;

    /// What no model has here.
    fn lacks(&self) -> Features;

    /// The headers that the policy file may add to its requests: ones that mean something here, and hold no credential.
    fn headers(&self) -> &'static [&'static str];

    /// Where model `id` is asked in each of `forms`. Reads the fields of the target that are the cloud's own.
    fn addresses(
        &self,
        id: &str,
        forms: &[Form],
        fields: &mut Fields<'_>,
        faults: &mut Faults,
    ) -> Vec<(Form, ModelAddress)>;

    /// The places that the names of this site, of its host and of a model on it surely tell.
    fn claims<'s>(&'s self, host: &'s str, model: &'s str) -> Vec<Claim<'s>>;

    /// What is probably not meant about the site itself.
    fn doubt(&self) -> Option<Doubt>;

    /// What is probably not meant about model `id` on it, which answers there.
    fn doubt_about(&self, id: &str, addresses: &[(Form, ModelAddress)]) -> Option<Doubt>;
}

/// What is probably not meant, though it can be: vendors change what they have without asking us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The field that it is about.
    pub field: &'static str,
    /// What is probably wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// A path, and whether it names the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAddress {
    /// Path and query.
    pub path: String,
    /// Whether the path names the model, so that the body's `model` is ignored by the cloud.
    pub model_in_path: bool,
    /// What it lacks that the site has by other paths.
    pub lacks: Features,
}

impl ModelAddress {
    /// A path that does not name the model, and lacks nothing that the site has.
    pub fn plain(path: String) -> ModelAddress {
        ModelAddress { path, model_in_path: false, lacks: Features::default() }
    }

    /// What stands below the path: `/resp_1/cancel`, and the parameters for it.
    pub fn below(&self, rest: &str, query: &str) -> String {
        let (path, own) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut below = format!("{path}{rest}");
        let parameters = [own, query].into_iter().filter(|parameters| !parameters.is_empty());
        for (parameters, mark) in parameters.zip(['?', '&']) {
            below.push(mark);
            below.push_str(parameters);
        }
        below
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn what_stands_below_a_path_keeps_its_version() {
        for (path, query, below) in [
            ("/v1/responses", "", "/v1/responses/r"),
            ("/v1/responses", "a=b", "/v1/responses/r?a=b"),
            ("/openai/responses?api-version=1", "", "/openai/responses/r?api-version=1"),
            ("/openai/responses?api-version=1", "a=b", "/openai/responses/r?api-version=1&a=b"),
        ] {
            assert_eq!(ModelAddress::plain(path.to_owned()).below("/r", query), below);
        }
    }
}
