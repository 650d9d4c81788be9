//! A request as it was received and a reply as it will be sent, free of the connection they travel on.

use crate::surface::Surface;
use bytes::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::Value;

pub struct Request {
    pub surface: Surface,
    /// Unique in this run.
    pub seq: u64,
    /// `:authority` or `Host`, lower case, without the port.
    pub host: String,
    pub method: Method,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Path and query as they came.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// A parameter of the query string, percent-decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        form_fields(query).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether the body is declared as JSON.
    pub fn declares_json(&self) -> bool {
        let declared = self.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        declared.trim().eq_ignore_ascii_case("application/json")
    }
}

/// The pairs of `application/x-www-form-urlencoded` text.
pub fn form_fields(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decoded(key), form_decoded(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Percent-decodes, with `+` as a space; what is no escape stays as it is.
pub fn form_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(decoded)) => {
                bytes.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub struct Reply {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub payload: Payload,
}

pub enum Payload {
    Whole(Bytes),
    /// Server-sent events; each is one write.
    Events(Vec<Bytes>),
}

impl Reply {
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    pub fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, headers: Vec::new(), payload: Payload::Whole(body.into()) }
    }

    pub fn events(content_type: &'static str, events: Vec<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, headers: Vec::new(), payload: Payload::Events(events) }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_forms_and_leaves_broken_escapes() {
        let fields = form_fields("scope=https%3A%2F%2Fx%2F.default&a=b+c&d=100%&e");
        let expected = [("scope", "https://x/.default"), ("a", "b c"), ("d", "100%"), ("e", "")];
        let expected: Vec<_> = expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(fields, expected);
    }
}
