//! What a cloud says when a call fails, whatever the [shape](super::error_body) in which it says it. What each cloud's own
//! words mean is in its folder; which of it is told to whom is decided where failures are judged.

use super::secret::shows_credential;

/// The response of a call that failed.
#[derive(Clone, Copy, Debug)]
pub struct ErrorResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The cloud's header that names the error, as it came.
    pub error_type: Option<&'a str>,
    /// The body, or its beginning.
    pub body: &'a [u8],
}

/// What a cloud said.
#[derive(Debug, Default, PartialEq)]
pub struct CloudError {
    /// In words.
    pub message: Option<String>,
    /// Its `type`.
    pub kind: Option<String>,
    /// The field that is at fault.
    pub param: Option<String>,
    /// A word for programs.
    pub code: Option<String>,
    /// JSON beside it that clients know: Azure's `innererror`.
    pub inner: Option<String>,
    /// When to come back, in seconds, where the body says it.
    pub retry_after: Option<String>,
    /// Whose fault the cloud's own words say it is; `None` where they add nothing to the status.
    pub blame: Option<Blame>,
    /// Whether the body is in OpenAI's shape already, so that it can pass as it is.
    pub whole: bool,
    /// Whether the body is no text, so that its reason cannot be read: compressed, though `identity` was asked for.
    pub unreadable: bool,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The client's: its request, or something that it refers to.
    Client,
    /// Ours: the target does not have the model, or does not serve it so.
    Target,
    /// Ours: the credential was refused.
    Credential,
    /// Nobody's: there is no capacity, or our quota is used up.
    Capacity,
}

impl CloudError {
    /// What OpenAI's own words say, which each cloud that serves its models passes on.
    pub(super) fn openai_blame(&self, status: u16) -> Option<Blame> {
        match self.code.as_deref().unwrap_or_default() {
            "model_not_found" => return Some(Blame::Target),
            "invalid_api_key" => return Some(Blame::Credential),
            "insufficient_quota" | "rate_limit_exceeded" => return Some(Blame::Capacity),
            code if code.starts_with("previous_response") || code.starts_with("item_") => return Some(Blame::Client),
            _ => {}
        }
        match self.param.as_deref() {
            // What stands there is the policy file's, whatever the client wrote.
            Some("model") => Some(Blame::Target),
            Some(_) => Some(Blame::Client),
            None => (status == 404 && self.names_a_reference()).then_some(Blame::Client),
        }
    }

    /// Whether it is about something that the client refers to and one account keeps. Neither `param` nor `code` says it.
    fn names_a_reference(&self) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let begins = |name: &&str| {
            message
                .match_indices(*name)
                .any(|(at, _)| !message.get(..at).is_some_and(|before| before.ends_with(in_a_word)))
        };
        REFERENCES.iter().any(begins)
    }

    /// Whether it says that the account does not have, or cannot read, what the request refers to or holds. Another one may.
    pub fn is_about_one_account(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        code == "invalid_encrypted_content"
            || code.starts_with("previous_response")
            || code.starts_with("item_")
            || self.says("encrypted content")
            || self.names_a_reference()
    }

    /// Whether the message begins so, or holds it.
    pub(super) fn says(&self, words: &str) -> bool {
        let message = self.message.as_deref().unwrap_or_default();
        message.len() >= words.len() && message.to_ascii_lowercase().contains(words)
    }

    /// Without anything that shows a credential, of which only a word is left for programs. `body` is what was read.
    pub fn concealed(self, body: &[u8]) -> CloudError {
        let shown =
            shows_credential(body) || self.message.as_deref().is_some_and(|text| shows_credential(text.as_bytes()));
        if !shown {
            return self;
        }
        let is_word = |code: &String| code.len() <= MOST_CODE && !code.contains(|c: char| !in_a_word(c));
        let code = self.code.filter(is_word).filter(|code| !shows_credential(code.as_bytes()));
        CloudError { code, retry_after: self.retry_after, blame: self.blame, ..CloudError::default() }
    }
}

/// How things that one account keeps are called in messages, and how their ids begin.
const REFERENCES: [&str; 19] = [
    "conversation with id",
    "conv_",
    "response with id",
    "resp_",
    "item with id",
    "prompt with id",
    "pmpt_",
    "vector store",
    "vs_",
    "container with id",
    "cntr_",
    "file with id",
    "file id",
    "no such file",
    "file-",
    "msg_",
    "rs_",
    "fc_",
    "skill_",
];

/// The longest code that is a word.
const MOST_CODE: usize = 64;

fn in_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}
