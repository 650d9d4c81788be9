//! Every tenant, model and API of a file: who is served where, or by which rule not.

use std::rc::Rc;

use multihome_core::api::Api;
use multihome_core::config::Config;
use multihome_core::name::Named;
use serde::Serialize;
use serde_json::{Value, json};

use super::ask::{Asked, ask, smallest};
use super::listener::Entrance;

/// What becomes of the smallest request of one tenant for one model by one API.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    tenant: String,
    model: String,
    api: &'static str,
    /// The endpoints that are tried, in their order.
    targets: Vec<String>,
    /// The rules of policy, and what else of each target keeps the request from being served.
    refused_by: Vec<String>,
    status: Option<u16>,
    code: Option<String>,
}

/// All of them, by tenant, model and API. `like` has the headers that go with each, and whether there is a token.
pub(super) fn of(config: &Rc<Config>, like: &Asked, entrance: Option<&Entrance>) -> Vec<Cell> {
    let mut tenants: Vec<&str> = config.tenants.keys().map(|name| &**name).collect();
    let mut models: Vec<&str> = config.models.keys().map(|name| &**name).collect();
    tenants.sort_unstable();
    models.sort_unstable();
    let mut cells = Vec::new();
    for tenant in tenants {
        for model in &models {
            cells.extend(Api::ALL.iter().map(|api| cell(config, like, entrance, (tenant, model, *api))));
        }
    }
    cells
}

fn cell(config: &Rc<Config>, like: &Asked, entrance: Option<&Entrance>, of: (&str, &str, Api)) -> Cell {
    let (tenant, model, api) = of;
    let header = config.identity.header().map(|header| header.name.as_str());
    let mut asked = Asked { path: path(api).to_owned(), body: smallest(model, path(api)), ..like.clone() };
    asked.headers.retain(|(name, _)| Some(name.as_str()) != header);
    let may_be_named = entrance.is_none_or(|entrance| !entrance.lets_nobody_in());
    match header {
        Some(header) if may_be_named => asked.headers.push((header.to_owned(), tenant.to_owned())),
        // No file holds a key to ask with.
        None => asked.tenant = Some(tenant.to_owned()),
        Some(_) => {}
    }
    let (mut targets, mut refused_by) = (Vec::new(), Vec::new());
    let decided = ask(config, &asked, |weighed| match &weighed.decision.plan {
        Ok(plan) => targets = plan.iter().map(|stop| stop.endpoint.name.clone()).collect(),
        Err(_) => {
            for unfit in weighed.decision.candidates.iter().filter_map(|candidate| candidate.fit.err()) {
                let name = unfit.to_string();
                if !refused_by.contains(&name) {
                    refused_by.push(name);
                }
            }
        }
    });
    if let (Err(error), true) = (&decided, refused_by.is_empty()) {
        refused_by.extend(error.rule.or(error.code.as_deref()).map(str::to_owned));
    }
    let error = decided.err();
    Cell {
        tenant: tenant.to_owned(),
        model: model.to_owned(),
        api: api.name(),
        targets,
        refused_by,
        status: error.as_ref().map(|error| error.status),
        code: error.and_then(|error| error.code.map(Into::into)),
    }
}

fn path(api: Api) -> &'static str {
    match api {
        Api::Chat => "/v1/chat/completions",
        Api::Responses => "/v1/responses",
    }
}

/// A line for each tenant and model, a column for each API.
pub(super) fn text(cells: &[Cell], entrance: Option<&Entrance>) -> String {
    let mut rows: Vec<Vec<String>> = vec![vec!["tenant".to_owned(), "model".to_owned()]];
    rows.iter_mut().for_each(|row| row.extend(Api::ALL.iter().map(|api| api.name().to_owned())));
    for line in cells.chunks(Api::ALL.len()) {
        let names = line.first().map(|cell| [cell.tenant.clone(), cell.model.clone()]);
        rows.push(names.into_iter().flatten().chain(line.iter().map(served)).collect());
    }
    let mut out = entrance.map(Entrance::text).unwrap_or_default();
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in &rows {
        let cells: Vec<String> =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = widest(column))).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// `azure-eastus2 > aws-use1`, or `- clouds, residency`.
fn served(cell: &Cell) -> String {
    if cell.targets.is_empty() { format!("- {}", cell.refused_by.join(", ")) } else { cell.targets.join(" > ") }
}

/// For programs.
pub(super) fn json(cells: &[Cell], config: &Config, entrance: Option<&Entrance>) -> String {
    let cells = serde_json::to_value(cells).unwrap_or(Value::Null);
    let all = json!({"version": config.version.to_string(), "listener": entrance.map(Entrance::json), "matrix": cells});
    format!("{all:#}\n")
}
