//! The models that a tenant may use, as OpenAI's API lists them.

use std::rc::Rc;

use serde::Serialize;

use crate::api::error::ApiError;
use crate::config::Config;
use crate::tenant::{Caller, no_model};

#[derive(Serialize)]
struct ModelList<'c> {
    object: &'static str,
    data: Vec<Model<'c>>,
}

/// A model as OpenAI's API shows it. When it was made is not known here: 0.
#[derive(Serialize)]
struct Model<'c> {
    id: &'c str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl Model<'_> {
    fn named(id: &str) -> Model<'_> {
        Model { id, object: "model", created: 0, owned_by: "multihome" }
    }
}

/// Whether some target of the model may serve the caller, in one form or the other.
fn may_use(config: &Rc<Config>, caller: &Caller, model: &str) -> bool {
    caller.permit(config, model).is_ok_and(|permit| permit.targets().any(|(_, _, refusal)| refusal.is_none()))
}

/// All of them.
pub(super) fn list(config: &Rc<Config>, caller: &Caller) -> Vec<u8> {
    let mut names: Vec<&str> =
        config.models.keys().map(|name| &**name).filter(|name| may_use(config, caller, name)).collect();
    names.sort_unstable();
    let list = ModelList { object: "list", data: names.into_iter().map(Model::named).collect() };
    serde_json::to_vec(&list).unwrap_or_default()
}

/// One of them.
///
/// # Errors
/// 404 for a model that the list does not hold.
pub(super) fn show(config: &Rc<Config>, caller: &Caller, model: &str) -> Result<Vec<u8>, ApiError> {
    if !may_use(config, caller, model) {
        return Err(no_model(model));
    }
    Ok(serde_json::to_vec(&Model::named(model)).unwrap_or_default())
}
