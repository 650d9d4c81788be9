//! A recorded exchange, and where the emulated clouds have its like.

use super::common;
use crate::client::Failure;
use crate::surface::Surface;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// The folders of recordings whose operations are emulated, and whether chat completions and responses lie in them.
pub const FOLDERS: &[(&str, bool, bool)] = &[
    ("azure", true, true),
    ("aws-mantle", true, true),
    ("openai-chat", true, false),
    ("openai-responses", false, true),
];

pub struct Exchange {
    pub folder: &'static str,
    pub name: String,
    pub surface: Surface,
    pub host: String,
    /// Path and query at the emulated cloud.
    pub target: String,
    pub request: Value,
    pub status: u16,
    headers: Map<String, Value>,
    pub body: Value,
    pub stream: Option<String>,
}

/// Every exchange of the emulated operations, in the order of their names.
pub fn read(dir: &Path) -> Result<Vec<Exchange>, Failure> {
    let mut exchanges = Vec::new();
    for (folder, _, _) in FOLDERS {
        let folder_path = dir.join(folder);
        if !folder_path.is_dir() {
            continue;
        }
        let mut files: Vec<_> = fs::read_dir(&folder_path)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::path);
        for file in files {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let recorded: Value = serde_json::from_slice(&fs::read(&path)?)?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                exchanges.push(Exchange::new(folder, name, &recorded)?);
            }
        }
    }
    Ok(exchanges)
}

impl Exchange {
    fn new(folder: &'static str, name: String, recorded: &Value) -> Result<Self, Failure> {
        let text = |pointer: &str| {
            let value = recorded.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned).ok_or_else(|| format!("{folder}/{name}: no {pointer}"))
        };
        let (host, path) = (text("/request/host")?, text("/request/path")?);
        let (surface, host, target) = match folder {
            "azure" => (Surface::Azure, host, path),
            "aws-mantle" => (Surface::AwsMantle, host, path),
            _ => (Surface::OpenAi, host, path),
        };
        let value = |pointer: &str| recorded.pointer(pointer).cloned().unwrap_or_default();
        Ok(Self {
            folder,
            surface,
            host,
            target,
            request: value("/request/body"),
            status: value("/response/status")
                .as_u64()
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or_default(),
            headers: value("/response/headers").as_object().cloned().unwrap_or_default(),
            body: value("/response/body"),
            stream: recorded.pointer("/response/body_text").and_then(Value::as_str).map(str::to_owned),
            name,
        })
    }

    /// The deployment or model that was asked for.
    pub fn model(&self) -> String {
        self.request.get("model").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub fn is_openai(&self) -> bool {
        self.folder.starts_with("openai-")
    }

    pub fn operation(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{path}{}", if self.stream.is_some() { " (SSE)" } else { "" })
    }

    /// Whether it is a chat completion, not a response.
    pub fn is_chat(&self) -> bool {
        self.operation().contains("chat/completions")
    }

    /// The answer's final state: the body, or the response of the stream's last event.
    pub fn outcome(&self) -> Value {
        match &self.stream {
            Some(stream) if self.is_chat() => super::sse::completion(&super::sse::parse(stream)),
            Some(stream) => {
                let last =
                    super::sse::parse(stream).into_iter().rev().find_map(|event| event.data.get("response").cloned());
                last.unwrap_or_default()
            }
            None => self.body.clone(),
        }
    }

    /// The hosted tool because of which only a part can be compared.
    pub fn hosted(&self) -> Option<String> {
        common::hosted(&self.outcome())
    }

    /// The headers to be found again, with the values to be found; of OpenAI's those that do not change with time.
    pub fn headers_that_matter(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        headers.filter(|(name, _)| !self.is_openai() || ["content-type", "openai-version"].contains(name)).collect()
    }

    /// Why an exchange cannot be compared: it uses what is not emulated.
    pub fn skipped(&self) -> Option<String> {
        if self.status != 200 {
            let code = self.body.pointer("/error/code").and_then(Value::as_str);
            if matches!(code, Some("unsupported_file" | "unsupported_value")) {
                return Some(format!("a model's own refusal: {}", code.unwrap_or_default()));
            }
        }
        if self.body.get("moderation").is_some_and(Value::is_object) {
            return Some("OpenAI's moderation is not emulated".into());
        }
        if self.is_openai() && !self.headers.contains_key("openai-version") {
            return Some("made by hand: OpenAI's headers are missing".into());
        }
        None
    }
}
