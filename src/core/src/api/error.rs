//! Errors as OpenAI's API words them: what a client's SDK turns into its exceptions.

use std::borrow::Cow;

use crate::json::{Cursor, Writer};

/// An error for a client.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What happened and, where it is in the client's hands, what to do.
    pub message: String,
    /// The field or header that is at fault.
    pub param: Option<Cow<'static, str>>,
    /// A word for programs.
    pub code: Option<Cow<'static, str>>,
    /// The `type` that a cloud named, where that is not the one of the status.
    pub kind: Option<String>,
    /// The seconds, or the date, after which trying again makes sense.
    pub retry_after: Option<String>,
    /// Headers of the cloud's own that say when to come back, and how much is left: `retry-after-ms`, `x-ratelimit-…`.
    pub limits: Option<Box<Limits>>,
    /// Whether an SDK must not try again by itself: nothing would change.
    pub is_final: bool,
    /// The method that a path has, with 405.
    pub allow: Option<&'static str>,
    /// The rule of policy that refused, by the name that the file or the client gives it. Not shown: it is for the record.
    pub rule: Option<&'static str>,
    /// JSON that a cloud gave beside the above and that clients know: Azure's `innererror`.
    pub inner: Option<String>,
}

/// Headers, by name.
pub type Limits = Vec<(Box<str>, Box<str>)>;

impl ApiError {
    /// An error of that status, code and message.
    #[cold]
    #[inline(never)]
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            message: message.into(),
            param: None,
            code: Some(Cow::Borrowed(code)),
            kind: None,
            retry_after: None,
            limits: None,
            is_final: false,
            allow: None,
            rule: None,
            inner: None,
        }
    }

    /// The same, naming what is at fault.
    #[must_use]
    #[inline(never)]
    pub fn about(mut self, param: impl Into<Cow<'static, str>>) -> ApiError {
        self.param = Some(param.into());
        self
    }

    /// The same, naming the rule of policy that refused.
    #[must_use]
    pub fn by_rule(mut self, rule: &'static str) -> ApiError {
        self.rule = Some(rule);
        self
    }

    /// The headers that go with it, beside its content type and length.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let retry_after = self.retry_after.as_deref().map(|after| ("retry-after", after));
        let allow = self.allow.map(|method| ("allow", method));
        let limits = self.limits.iter().flat_map(|limits| limits.iter()).map(|(name, value)| (&**name, &**value));
        // OpenAI's SDKs try again by themselves on a 5xx, unless this says that they need not.
        let is_final = self.is_final.then_some(("x-should-retry", "false"));
        retry_after.into_iter().chain(limits).chain(is_final).chain(allow)
    }

    /// The body: `{"error": {"message", "type", "param", "code"}}`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut json = Writer::new(&mut out);
        json.begin_object().key("error").begin_object().key("message").string(&self.message);
        json.key("type").string(self.kind.as_deref().unwrap_or_else(|| kind_of(self.status)));
        for (key, value) in [("param", &self.param), ("code", &self.code)] {
            match value {
                Some(value) => json.key(key).string(value),
                None => json.key(key).null(),
            };
        }
        if let Some(inner) = self.inner.as_deref().filter(|inner| is_json(inner)) {
            json.key("innererror").raw(inner.as_bytes());
        }
        json.end_object().end_object();
        out
    }
}

/// Whether it can stand in a JSON text as it is.
fn is_json(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.skip().and_then(|_| cursor.end()).is_ok()
}

/// At most this much of what a client wrote is repeated to it, in characters.
const REPEATED: usize = 100;

/// A client's word, fit for a message.
#[inline(never)]
pub fn shown(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(REPEATED).collect()
}

/// The `type` that goes with a status.
pub fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn is_worded_as_openai_words_it() {
        let error = ApiError::new(404, "model_not_found", "The model `x` does not exist").about("model");
        assert_eq!(
            String::from_utf8(error.to_json()).unwrap(),
            r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#
        );
    }
}
