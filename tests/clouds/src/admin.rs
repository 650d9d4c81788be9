//! The administrator's port: records, faults, tokens, and what the next answers hold.

use crate::answer::Steer;
use crate::clouds::Clouds;
use crate::fault::{Fault, Order};
use crate::http::{Reply, Request};
use crate::tokens::Change;
use hyper::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub async fn answer(clouds: &Clouds, request: &Request) -> Reply {
    let outcome = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/records") => Ok(clouds.records.to_json()),
        ("DELETE", "/records") => {
            clouds.records.clear();
            Ok(json!({}))
        }
        ("GET", "/faults") => Ok(clouds.faults.to_json()),
        ("POST", "/faults") => add_fault(clouds, request).await,
        ("DELETE", "/faults") => {
            clouds.faults.clear();
            for surface in crate::surface::Surface::ALL {
                clouds.listeners.set_open(surface, true).await;
            }
            Ok(json!({}))
        }
        ("GET", "/token") => Ok(clouds.tokens.to_json()),
        ("POST", "/token") => {
            read::<Change>(request).and_then(|change| clouds.tokens.change(&change)).map(|()| clouds.tokens.to_json())
        }
        ("POST", "/answers") => read::<Steer>(request).map(|steer| {
            clouds.steering.add(steer);
            json!({})
        }),
        ("GET", "/healthz") => Ok(json!({"ok": true})),
        (method, path) => {
            let message = format!("no `{method} {path}` here");
            return Reply::json(StatusCode::NOT_FOUND, &json!({"error": message}));
        }
    };
    match outcome {
        Ok(body) => Reply::json(StatusCode::OK, &body),
        Err(message) => Reply::json(StatusCode::BAD_REQUEST, &json!({"error": message})),
    }
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

async fn add_fault(clouds: &Clouds, request: &Request) -> Result<Value, String> {
    let order: Order = read(request)?;
    let fault = order.fault()?;
    let surfaces = order.surfaces();
    if surfaces.is_empty() {
        return Err(format!("`{}` is neither a cloud, a surface nor a host of one", order.on));
    }
    if fault == Fault::Refuse {
        for surface in surfaces {
            clouds.listeners.set_open(surface, false).await;
        }
    }
    clouds.faults.add(order, fault);
    Ok(json!({}))
}
