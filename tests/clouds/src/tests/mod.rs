//! The clouds through their ports: what they check, what they answer, what they record.

mod azure;
mod bedrock;
mod entra;
mod faults;
mod google;
mod openai;
mod recorded;
mod scripts;
mod sessions;
mod streams;
mod within;

use crate::client::{Answer, Client, Failure, Outgoing};
use crate::credentials::random_hex;
use crate::serve;
use crate::surface::Surface;
use serde_json::{Value, json};

const AZURE: &str = "contoso-eastus2.openai.azure.com";
const RUNTIME: &str = "bedrock-runtime.us-east-1.amazonaws.com";
const MANTLE: &str = "bedrock-mantle.us-west-2.api.aws";
const OPENAI: &str = "api.openai.com";
const GCP: &str = "aiplatform.us.rep.googleapis.com";
const ENTRA: &str = "login.microsoftonline.com";

/// Starts clouds of this test's own.
async fn clouds() -> Client {
    let dir = std::env::temp_dir().join(format!("multihome-clouds-test-{}", random_hex(12)));
    let running = serve::start(&dir, Vec::new()).await.unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    Client::new(&running).unwrap()
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client {
    async fn google_token(&self) -> Result<String, Failure> {
        let answer = self.send(&metadata_request()).await?;
        Ok(answer.json()["access_token"].as_str().ok_or("no token")?.to_owned())
    }

    /// The last record, once it has a state.
    async fn last_record(&self) -> Value {
        let records = self.admin("GET", "/records", &json!({})).await.unwrap();
        records["records"].as_array().unwrap().last().cloned().unwrap()
    }

    /// A request to OpenAI with the right key.
    fn openai(&self, operation: &str, body: &Value) -> Outgoing {
        let key = self.credential("openai_api_key").unwrap();
        let request = Outgoing::post(Surface::OpenAi, OPENAI, &format!("/v1/{operation}"), body);
        request.with("authorization", format!("Bearer {key}"))
    }

    /// A request to Azure's v1 API with the right key.
    fn azure(&self, operation: &str, body: &Value) -> Outgoing {
        let key = self.credential("azure_api_key").unwrap();
        Outgoing::post(Surface::Azure, AZURE, &format!("/openai/v1/{operation}"), body).with("api-key", key)
    }
}

fn metadata_request() -> Outgoing {
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let request = Outgoing::post(Surface::Metadata, "metadata.google.internal", path, &json!({}));
    Outgoing { method: "GET", ..request }.with("metadata-flavor", "Google")
}

fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

fn responses(model: &str, text: &str) -> Value {
    json!({"model": model, "input": text})
}

/// Waits until a condition on the last record holds; a client's departure is noticed a little later.
async fn eventually(client: &Client, holds: fn(&Value) -> bool) -> Value {
    for _ in 0..100 {
        let record = client.last_record().await;
        if holds(&record) {
            return record;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("never: {}", client.last_record().await)
}
