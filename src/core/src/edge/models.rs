//! The models that a tenant may use, as OpenAI's API lists them.

use std::rc::Rc;

use crate::api::error::ApiError;
use crate::config::Config;
use crate::json::Writer;
use crate::name::sorted;
use crate::tenant::{Caller, no_model};

/// A model as OpenAI's API shows it. When it was made is not known here: 0.
fn write(json: &mut Writer<'_>, model: &str) {
    json.begin_object().key("id").string(model).key("object").string("model");
    json.key("created").number(0).key("owned_by").string("multihome").end_object();
}

/// Whether some target of the model may serve the caller, in one form or the other.
fn may_use(config: &Rc<Config>, caller: &Caller, model: &str) -> bool {
    caller.permit(config, model).is_ok_and(|permit| permit.targets().any(|(_, _, refusal)| refusal.is_none()))
}

/// All of them.
pub(super) fn list(config: &Rc<Config>, caller: &Caller) -> Vec<u8> {
    let names = config.models.keys().map(|name| &**name).filter(|name| may_use(config, caller, name)).collect();
    let mut out = Vec::new();
    let mut json = Writer::new(&mut out);
    json.begin_object().key("object").string("list").key("data").begin_array();
    for name in sorted(names) {
        write(&mut json, name);
    }
    json.end_array().end_object();
    out
}

/// One of them.
///
/// # Errors
/// 404 for a model that the list does not hold.
pub(super) fn show(config: &Rc<Config>, caller: &Caller, model: &str) -> Result<Vec<u8>, ApiError> {
    if !may_use(config, caller, model) {
        return Err(no_model(model));
    }
    let mut out = Vec::new();
    write(&mut Writer::new(&mut out), model);
    Ok(out)
}
