//! What the arguments of several formats hold.

use std::net::SocketAddr;

/// `IP:PORT` is the listener `default`, `NAME=IP:PORT` another one.
pub fn listener(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, at) = text.split_once('=').unwrap_or(("default", text));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(format!("`{name}` cannot name a listener: use a-z A-Z 0-9 _ -"));
    }
    Ok((name.to_owned(), address(at)?))
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
    fn reads_bytes() {
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("300 MiB"), Ok(300 << 20));
        assert_eq!(bytes("104857600"), Ok(104_857_600));
        for wrong in ["", "1GB", "-1", "63MiB", "99999999999GiB", "1.5GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
