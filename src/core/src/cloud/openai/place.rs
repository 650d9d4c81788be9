//! OpenAI's hosts: one that processes anywhere, and one for each place where it keeps data. Paths and model ids are those
//! of the API that clients speak. Source: openai-python 3.57's `data_residency` (2026-11).

use crate::api::feature::{Feature, Features};
use crate::cloud::residency::{Claim, Extent};
use crate::cloud::{Doubt, ModelAddress, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::form::Form;
use crate::name::Named;

/// An account, or a project of one.
#[derive(Debug)]
pub struct Account {
    /// Where it keeps and processes data; `None` for anywhere.
    pub data_residency: Option<DataResidency>,
}

/// A place where OpenAI keeps data, as its SDKs call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataResidency {
    /// The United States.
    Us,
    /// The European Union.
    Eu,
    /// The United Arab Emirates.
    Ae,
    /// Australia.
    Au,
    /// India.
    In,
    /// Japan.
    Jp,
}

impl Named for DataResidency {
    const ALL: &'static [DataResidency] = &[
        DataResidency::Us,
        DataResidency::Eu,
        DataResidency::Ae,
        DataResidency::Au,
        DataResidency::In,
        DataResidency::Jp,
    ];

    fn name(self) -> &'static str {
        match self {
            DataResidency::Us => "us",
            DataResidency::Eu => "eu",
            DataResidency::Ae => "ae",
            DataResidency::Au => "au",
            DataResidency::In => "in",
            DataResidency::Jp => "jp",
        }
    }
}

impl DataResidency {
    fn extent(self) -> Extent {
        match self {
            DataResidency::Us => Extent::Us,
            DataResidency::Eu => Extent::Eu,
            DataResidency::Ae | DataResidency::Au | DataResidency::In | DataResidency::Jp => Extent::Elsewhere,
        }
    }
}

/// A switch for betas, which OpenAI's SDKs send too. Organization and project have fields of their own.
pub(super) const HEADERS: [&str; 1] = ["openai-beta"];

/// The host that processes anywhere, and the end of the others' names.
const HOST: &str = "api.openai.com";

impl Site for Account {
    fn region(&self) -> &str {
        self.data_residency.map_or("", DataResidency::name)
    }

    fn host(&self) -> String {
        match self.data_residency {
            Some(place) => format!("{}.{HOST}", place.name()),
            None => HOST.to_owned(),
        }
    }

    /// What is another cloud's own.
    fn lacks(&self) -> Features {
        [Feature::S3Images, Feature::DataSources].into_iter().collect()
    }

    fn headers(&self) -> &'static [&'static str] {
        &HEADERS
    }

    fn addresses(
        &self,
        _id: &str,
        forms: &[Form],
        _fields: &mut Fields<'_>,
        _faults: &mut Faults,
    ) -> Vec<(Form, ModelAddress)> {
        forms.iter().map(|form| (*form, address(*form))).collect()
    }

    /// A host that is not OpenAI's own tells nothing; what is sent there without `data_residency` may be processed anywhere.
    fn claims<'s>(&'s self, host: &'s str, _model: &'s str) -> Vec<Claim<'s>> {
        let claim = |what, place: DataResidency| Claim { what, place: place.name(), extent: place.extent() };
        let said = self.data_residency.map(|place| claim("data_residency", place));
        let told = host.strip_suffix(HOST).and_then(|place| place.strip_suffix('.')).and_then(DataResidency::parse);
        let told = told.map(|place| claim("host's data residency", place));
        let anywhere = Claim { what: "request without `data_residency` to", place: host, extent: Extent::Anywhere };
        let unplaced = (host == HOST || (said.is_none() && told.is_none())).then_some(anywhere);
        [said, told, unplaced].into_iter().flatten().collect()
    }

    fn doubt(&self) -> Option<Doubt> {
        None
    }

    fn doubt_about(&self, _id: &str, _addresses: &[(Form, ModelAddress)]) -> Option<Doubt> {
        None
    }
}

fn address(form: Form) -> ModelAddress {
    let operation = match form {
        Form::Chat => "chat/completions",
        Form::Responses => "responses",
    };
    ModelAddress::plain(format!("/v1/{operation}"))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::cloud::residency::contradiction;

    #[wasm_bindgen_test(unsupported = test)]
    fn each_data_residency_has_its_host() {
        for (data_residency, host) in [
            (None, "api.openai.com"),
            (Some(DataResidency::Us), "us.api.openai.com"),
            (Some(DataResidency::Eu), "eu.api.openai.com"),
            (Some(DataResidency::Ae), "ae.api.openai.com"),
            (Some(DataResidency::Au), "au.api.openai.com"),
            (Some(DataResidency::In), "in.api.openai.com"),
            (Some(DataResidency::Jp), "jp.api.openai.com"),
        ] {
            assert_eq!(Account { data_residency }.host(), host);
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn holds_the_declared_residency_against_the_data_residency() {
        use DataResidency::*;
        for (data_residency, host, label, holds) in [
            (None, "api.openai.com", "global", true),
            (None, "api.openai.com", "us", false),
            (None, "api.openai.com", "anywhere", false),
            (Some(Us), "us.api.openai.com", "us", true),
            (Some(Us), "us.api.openai.com", "eu", false),
            (Some(Eu), "eu.api.openai.com", "eu", true),
            (Some(Eu), "eu.api.openai.com", "us", false),
            (Some(Eu), "eu.api.openai.com", "frankfurt", true),
            // Of the others the label is the operator's word.
            (Some(Jp), "jp.api.openai.com", "japan", true),
            (Some(Ae), "ae.api.openai.com", "us", false),
            (Some(In), "in.api.openai.com", "eu", false),
            // A host of the operator's own choice.
            (None, "eu.api.openai.com", "eu", true),
            (None, "eu.api.openai.com", "us", false),
            (Some(Eu), "us.api.openai.com", "eu", false),
            (Some(Eu), "api.openai.com", "eu", false),
            (Some(Eu), "openai.contoso.com", "eu", true),
            (None, "openai.contoso.com", "eu", false),
            (None, "openai.contoso.com", "global", true),
            (None, "eu.notapi.openai.com", "eu", false),
        ] {
            let account = Account { data_residency };
            let found = contradiction(&account.claims(host, "gpt-6.1-sol"), label);
            assert_eq!(found.is_none(), holds, "{data_residency:?} {host} {label}: {found:?}");
        }
        let found = contradiction(&Account { data_residency: None }.claims(HOST, "gpt-6.1-sol"), "eu");
        let message = "the request without `data_residency` to `api.openai.com` is processed anywhere, residency `eu` cannot hold";
        assert_eq!(found.as_deref(), Some(message));
    }
}
