//! The root context: reads a plugin's configuration, makes its streams, and keeps Google's token.

use std::ffi::OsString;
use std::rc::Rc;

use multihome_core::config::{self, Config, LEAST_KEY, Role};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType};

use crate::attempt::Attempt;
use crate::by_headers::Header;
use crate::edge::Edge;
use crate::in_use::InUse;
use crate::stalled::Stalled;
use crate::{google_token, host};

/// One plugin in one VM. Before its configuration is read it makes streams that refuse everything.
#[derive(Default)]
pub struct Root {
    role: Option<Loaded>,
}

#[derive(Clone)]
enum Loaded {
    Edge { config: Rc<InUse>, detour: Option<Rc<str>>, metadata: Option<Rc<str>> },
    Header { config: Rc<Config>, hosts: Rc<[String]>, metadata: Option<Rc<str>> },
    Attempt { endpoint: Rc<str>, stalled: Rc<Stalled> },
}

/// The bytes of an environment variable.
fn secret(value: OsString) -> Vec<u8> {
    value.into_encoded_bytes()
}

/// The cluster that Google's token is fetched from, where some endpoint depends on one; begins to fetch it.
fn token_source(policy: &Config, metadata: Option<String>) -> Option<Rc<str>> {
    let metadata = metadata.filter(|_| policy.needs_google_token());
    if metadata.is_some() {
        google_token::start();
    }
    metadata.map(Rc::from)
}

impl Context for Root {
    fn on_http_call_response(&mut self, _token: u32, _headers: usize, body_size: usize, _trailers: usize) {
        google_token::receive(body_size);
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        match config::parse_role(&host::buffer(BufferType::PluginConfiguration, size)) {
            Ok(Role::Edge { mut policy, detour, metadata, release }) => {
                if let Err(missing) = policy.sessions.read_keys(|name| std::env::var_os(name).map(secret)) {
                    for name in missing {
                        log::error!(
                            "multihome: configuration refused: environment variable {name}, which `sessions.tag_keys` names, does not hold at least {LEAST_KEY} bytes: set it where Envoy is started"
                        );
                    }
                    return false;
                }
                let metadata = token_source(&policy, metadata);
                let config = Rc::new(InUse::new(*policy, release));
                self.role = Some(Loaded::Edge { config, detour: detour.map(Rc::from), metadata });
                true
            }
            Ok(Role::Header { policy, hosts, metadata }) => {
                let metadata = token_source(&policy, metadata);
                self.role = Some(Loaded::Header { config: Rc::new(*policy), hosts: hosts.into(), metadata });
                true
            }
            Ok(Role::Attempt { endpoint }) => {
                self.role = Some(Loaded::Attempt { endpoint: endpoint.into(), stalled: Rc::default() });
                true
            }
            Err(faults) => {
                for fault in faults {
                    log::error!("multihome: configuration refused: {fault}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        match &self.role {
            Some(Loaded::Attempt { stalled, .. }) => stalled.tick(),
            Some(Loaded::Edge { metadata: Some(cluster), .. } | Loaded::Header { metadata: Some(cluster), .. }) => {
                google_token::tick(cluster)
            }
            _ => {}
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(match self.role.clone() {
            Some(Loaded::Edge { config, detour, metadata }) => {
                config.count();
                Box::new(Edge::new(config, metadata.is_some(), detour))
            }
            Some(Loaded::Header { config, hosts, metadata }) => {
                Box::new(Header::new(config, metadata.is_some(), hosts))
            }
            Some(Loaded::Attempt { endpoint, stalled }) => Box::new(Attempt::new(endpoint, context, stalled)),
            None => Box::new(Attempt::new("".into(), context, Rc::default())),
        })
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
