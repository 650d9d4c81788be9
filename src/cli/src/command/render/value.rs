//! What the arguments of several formats hold.

use std::net::SocketAddr;

use crate::render::kubernetes::options::Clients;

/// `IP:PORT` is the listener `default`, `NAME=IP:PORT` another one.
pub fn listener(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, at) = text.split_once('=').unwrap_or(("default", text));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(format!("`{name}` cannot name a listener: use a-z A-Z 0-9 _ -"));
    }
    Ok((name.to_owned(), address(at)?))
}

/// `PORT`, `NAME=PORT`, or as [`listener`] has it: without an address, on every one that the pod has (IPv4).
pub fn pod_listener(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, port) = text.split_once('=').unwrap_or(("default", text));
    match port.parse::<u16>() {
        Ok(port) => listener(&format!("{name}=0.0.0.0:{port}")),
        Err(_) if port.contains(':') => listener(text),
        Err(_) => {
            Err(format!("`{port}` is no port; write `8080`, `partners=8443`, or `[::]:8080` where pods have IPv6 only"))
        }
    }
}

/// What names an object of Kubernetes: short, so that `-credentials` and the like can follow.
pub fn object_name(text: &str) -> Result<String, String> {
    let known = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
    match known && begins && !text.ends_with('-') && text.len() <= 40 {
        true => Ok(text.to_owned()),
        false => {
            Err(format!("`{text}` cannot name an object of Kubernetes: use up to 40 of a-z 0-9 -, a letter first"))
        }
    }
}

/// `[NAMESPACE/]LABEL=VALUE`, where the label itself may have a prefix: `NAMESPACE/app.kubernetes.io/name=VALUE`.
pub fn clients(text: &str) -> Result<Clients, String> {
    let wrong = || {
        format!("`{text}` names no pods; write `app=gateway`, or `ingress/app=gateway` for those of another namespace")
    };
    let (label, value) = text.split_once('=').ok_or_else(wrong)?;
    let (namespace, label) = match label.split_once('/') {
        // A prefix of a label is a domain; a namespace has no dot.
        Some((first, rest)) if !first.contains('.') => (Some(object_name(first).map_err(|_| wrong())?), rest),
        _ => (None, label),
    };
    let is_word = |word: &str, more: &[u8]| {
        let inner = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
        let ends = |end: Option<u8>| end.is_some_and(|byte| byte.is_ascii_alphanumeric());
        inner && ends(word.bytes().next()) && ends(word.bytes().last())
    };
    if !is_word(label, b"-_./") || !is_word(value, b"-_.") {
        return Err(wrong());
    }
    Ok(Clients { namespace, label: (label.to_owned(), value.to_owned()) })
}

/// `IP:PORT`.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an IP address and a port; write `127.0.0.1:8080`, `0.0.0.0:8080` or `[::]:8080`")
    })
}

/// Below it Envoy could not even start to serve.
const LEAST_HEAP: u64 = 64 << 20;

/// A number of bytes, alone or with its unit.
pub fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let (number, shift) = units
        .iter()
        .find_map(|(unit, shift)| text.strip_suffix(unit).map(|number| (number, *shift)))
        .unwrap_or((text, 0));
    match number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)) {
        Some(bytes) if bytes >= LEAST_HEAP => Ok(bytes),
        Some(_) => Err(format!("`{text}` is too little for Envoy; write `64MiB` or more")),
        None => Err(format!("`{text}` is no number of bytes; write `1073741824`, `1024MiB` or `1GiB`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_listeners() {
        assert_eq!(listener("127.0.0.1:80").unwrap(), ("default".to_owned(), "127.0.0.1:80".parse().unwrap()));
        assert_eq!(listener("public=[::]:443").unwrap(), ("public".to_owned(), "[::]:443".parse().unwrap()));
        assert!(listener("public=localhost:443").is_err());
        assert!(listener("=127.0.0.1:80").is_err());
    }

    #[test]
    fn reads_listeners_of_a_pod() {
        assert_eq!(pod_listener("8080").unwrap(), ("default".to_owned(), "0.0.0.0:8080".parse().unwrap()));
        assert_eq!(pod_listener("a=[::]:8443").unwrap(), ("a".to_owned(), "[::]:8443".parse().unwrap()));
        for wrong in ["", "http", "a=", "a b=8080", "65536"] {
            assert!(pod_listener(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_clients() {
        for (text, namespace, label, value) in [
            ("app=gateway", None, "app", "gateway"),
            ("edge/app=gateway", Some("edge"), "app", "gateway"),
            ("app.kubernetes.io/name=gateway", None, "app.kubernetes.io/name", "gateway"),
            ("edge/app.kubernetes.io/name=a.b", Some("edge"), "app.kubernetes.io/name", "a.b"),
        ] {
            let label = (label.to_owned(), value.to_owned());
            assert_eq!(clients(text), Ok(Clients { namespace: namespace.map(str::to_owned), label }), "{text}");
        }
        for wrong in ["app", "app=", "=x", "Edge/app=x", "app=a b", "edge/=x", "/app=x"] {
            assert!(clients(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_bytes() {
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("300 MiB"), Ok(300 << 20));
        assert_eq!(bytes("104857600"), Ok(104_857_600));
        for wrong in ["", "1GB", "-1", "63MiB", "99999999999GiB", "1.5GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
