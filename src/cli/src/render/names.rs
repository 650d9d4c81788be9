//! What is made in Envoy is called: clusters, and the VM. The module knows none of these names: it names endpoints, and its
//! configuration names the clusters that it calls itself.

/// The names of one generation. In an Envoy where one takes over from another, each has its own, so that both are there
/// until the last request of the former has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Which one. `None` where there is never more than one.
    pub generation: Option<u32>,
    /// The first generation that had this module: until another one comes, the VM stays, with all that it remembers.
    pub module: Option<u32>,
}

impl Names {
    /// The cluster of the endpoint of that name. It has a `-` where all others have a colon, which no endpoint's name holds.
    pub fn endpoint(self, endpoint: &str) -> String {
        format!("{}-{endpoint}", self.prefix())
    }

    /// The cluster of Google's metadata server.
    pub fn metadata(self) -> String {
        format!("{}:gcp-metadata", self.prefix())
    }

    /// The cluster of a token endpoint, by its number from 1.
    pub fn entra(self, number: usize) -> String {
        of_several(format!("{}:entra", self.prefix()), ":", number)
    }

    /// The keys that an issuer signs tokens with, by its number from 1: the cluster, and the listener inside Envoy that hands
    /// out a file of them. One for all generations, since listeners name it, and stay.
    pub fn keys(self, number: usize) -> String {
        of_several("multihome:jwks".to_owned(), ":", number)
    }

    /// The listener inside Envoy in which a request loses its trailers, and its cluster: one for all generations, since its
    /// routes lead to the clusters of whichever serves.
    pub fn detour(self) -> String {
        "multihome:detour".to_owned()
    }

    /// The listener inside Envoy that absorbs an endpoint's informational responses.
    pub fn absorber(self, endpoint: &str) -> String {
        format!("{}:absorb:{endpoint}", self.prefix())
    }

    /// The cluster behind that listener: the endpoint's cloud.
    pub fn behind_absorber(self, endpoint: &str) -> String {
        format!("{}:absorbed:{endpoint}", self.prefix())
    }

    /// The VM: edge and attempts share it, and its memory.
    pub fn vm_id(self) -> String {
        numbered(self.module)
    }

    fn prefix(self) -> String {
        numbered(self.generation)
    }
}

fn numbered(generation: Option<u32>) -> String {
    match generation {
        None => "multihome".to_owned(),
        Some(generation) => format!("multihome-v{generation}"),
    }
}

/// A name of one of several, by its number from 1: the first, which is often the only one, has none.
pub fn of_several(name: String, before: &str, number: usize) -> String {
    match number {
        1 => name,
        more => format!("{name}{before}{more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_its_own() {
        let names = Names { generation: Some(2), module: Some(1) };
        assert_eq!(names.vm_id(), "multihome-v1");
        assert_eq!(names.endpoint("azure-weu"), "multihome-v2-azure-weu");
        assert_eq!(names.absorber("gcp"), "multihome-v2:absorb:gcp");
        assert_eq!(Names::default().endpoint("azure-weu"), "multihome-azure-weu");
        assert_eq!((names.entra(1), names.entra(2)), ("multihome-v2:entra".into(), "multihome-v2:entra:2".into()));
    }
}
