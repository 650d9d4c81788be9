//! `/config_dump`: what an Envoy runs, of whichever source: its bootstrap, files that it watches, or a control plane.

use serde_json::Value;

/// All sections, in their own shape.
#[derive(Debug)]
pub struct Dump(Value);

/// One listener, cluster, route configuration, filter or secret.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'d> {
    /// Its name.
    pub name: &'d str,
    /// Which version the source called it; empty for what stands in the bootstrap.
    pub version: &'d str,
    /// The message itself.
    pub body: &'d Value,
    /// Whether it serves; else it still waits for something (secrets, clusters, a first update).
    pub is_active: bool,
}

/// An update that Envoy did not take; what it had before goes on.
#[derive(Clone, Copy, Debug)]
pub struct Rejected<'d> {
    /// `listener`, `cluster`, `route configuration`, `filter` or `secret`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'d str,
    /// The version that serves; empty where there is none.
    pub serving: &'d str,
    /// The version that was refused.
    pub refused: &'d str,
    /// Envoy's reason.
    pub why: &'d str,
}

impl Dump {
    /// The reply of `/config_dump?include_eds`.
    pub fn new(reply: Value) -> Dump {
        Dump(reply)
    }

    /// The same with a change: for what no Envoy can be brought to.
    #[cfg(test)]
    pub fn edited(mut self, change: impl FnOnce(&mut Value)) -> Dump {
        change(&mut self.0);
        self
    }

    /// The bootstrap.
    pub fn bootstrap(&self) -> &Value {
        self.section("BootstrapConfigDump").and_then(|section| section.get("bootstrap")).unwrap_or(&Value::Null)
    }

    /// Listeners: those that serve, and those that warm for the first time.
    pub fn listeners(&self) -> Vec<Resource<'_>> {
        let fixed = self.list("ListenersConfigDump", "static_listeners");
        let mut found: Vec<_> = fixed.filter_map(|entry| resource(entry, "listener", true)).collect();
        for entry in self.list("ListenersConfigDump", "dynamic_listeners") {
            let active = entry.get("active_state").and_then(|state| resource(state, "listener", true));
            let warming = || entry.get("warming_state").and_then(|state| resource(state, "listener", false));
            found.extend(active.or_else(warming));
        }
        found
    }

    /// Clusters, those that warm behind those that serve.
    pub fn clusters(&self) -> Vec<Resource<'_>> {
        let lists = [("static_clusters", true), ("dynamic_active_clusters", true), ("dynamic_warming_clusters", false)];
        self.resources("ClustersConfigDump", &lists, "cluster")
    }

    /// Route configurations, of connection managers and of discovery.
    pub fn route_configs(&self) -> Vec<Resource<'_>> {
        let lists = [("static_route_configs", true), ("dynamic_route_configs", true)];
        self.resources("RoutesConfigDump", &lists, "route_config")
    }

    /// Filters that came by extension discovery.
    pub fn filters(&self) -> Vec<Resource<'_>> {
        let mut found = self.resources("EcdsConfigDump", &[("ecds_filters", true)], "ecds_filter");
        // One that never came is listed without a configuration.
        found.retain(|filter| filter.body.get("typed_config").is_some());
        found
    }

    /// Secrets. Their contents are redacted.
    pub fn secrets(&self) -> Vec<Resource<'_>> {
        let lists = [("static_secrets", true), ("dynamic_active_secrets", true), ("dynamic_warming_secrets", false)];
        self.resources("SecretsConfigDump", &lists, "secret")
    }

    /// Which hosts each cluster has, statically or by discovery.
    pub fn endpoints(&self) -> Vec<&Value> {
        let lists = ["static_endpoint_configs", "dynamic_endpoint_configs"];
        let entries = lists.iter().flat_map(|list| self.list("EndpointsConfigDump", list));
        entries.filter_map(|entry| entry.get("endpoint_config")).collect()
    }

    /// Updates that were refused and not followed by one that was taken.
    pub fn rejected(&self) -> Vec<Rejected<'_>> {
        const PLACES: [(&str, &str, &str, &str); 7] = [
            ("listener", "ListenersConfigDump", "dynamic_listeners", "/active_state/version_info"),
            ("cluster", "ClustersConfigDump", "dynamic_active_clusters", "/version_info"),
            ("cluster", "ClustersConfigDump", "dynamic_warming_clusters", ""),
            ("route configuration", "RoutesConfigDump", "dynamic_route_configs", "/version_info"),
            ("filter", "EcdsConfigDump", "ecds_filters", "/version_info"),
            ("secret", "SecretsConfigDump", "dynamic_active_secrets", "/version_info"),
            ("secret", "SecretsConfigDump", "dynamic_warming_secrets", ""),
        ];
        let mut found = Vec::new();
        for (kind, section, list, version) in PLACES {
            for entry in self.list(section, list) {
                let Some(error) = entry.get("error_state") else { continue };
                let text = |value: &'static str| error.get(value).and_then(Value::as_str).unwrap_or_default();
                let serving = if version.is_empty() { None } else { entry.pointer(version) };
                found.push(Rejected {
                    kind,
                    name: name_of(entry),
                    serving: serving.and_then(Value::as_str).unwrap_or_default(),
                    refused: text("version_info"),
                    why: text("details"),
                });
            }
        }
        found
    }

    fn resources<'d>(&'d self, section: &str, lists: &[(&str, bool)], body: &str) -> Vec<Resource<'d>> {
        let of_list = |(list, is_active): &(&str, bool)| -> Vec<Resource<'d>> {
            self.list(section, list).filter_map(|entry| resource(entry, body, *is_active)).collect()
        };
        lists.iter().flat_map(of_list).collect()
    }

    fn list<'d>(&'d self, section: &str, list: &str) -> impl Iterator<Item = &'d Value> + use<'d> {
        // A section is cut into several where it is long.
        let sections: Vec<&Value> = self.sections(section).filter_map(|section| section.get(list)).collect();
        sections.into_iter().filter_map(Value::as_array).flatten()
    }

    fn section(&self, name: &str) -> Option<&Value> {
        self.sections(name).next()
    }

    fn sections<'d>(&'d self, name: &str) -> impl Iterator<Item = &'d Value> {
        let all = self.0.get("configs").and_then(Value::as_array).into_iter().flatten();
        let wanted = format!("type.googleapis.com/envoy.admin.v3.{name}");
        all.filter(move |section| section.get("@type").and_then(Value::as_str) == Some(wanted.as_str()))
    }
}

fn resource<'d>(entry: &'d Value, key: &str, is_active: bool) -> Option<Resource<'d>> {
    let body = entry.get(key)?;
    let version = entry.get("version_info").and_then(Value::as_str).unwrap_or_default();
    let inner = name_of(body);
    let name = if inner.is_empty() { name_of(entry) } else { inner };
    Some(Resource { name, version, body, is_active })
}

/// The name that an entry has itself, or the one of what it holds.
fn name_of(entry: &Value) -> &str {
    const HOLDERS: [&str; 5] = ["", "/cluster", "/route_config", "/ecds_filter", "/error_state/failed_configuration"];
    let named = |holder: &&str| entry.pointer(&format!("{holder}/name")).and_then(Value::as_str);
    HOLDERS.iter().find_map(named).unwrap_or_default()
}
