use super::*;

const DATED: &str = "/openai/deployments/gpt4o-classic/chat/completions";

/// One request, changed in one way, and the status and code of the answer.
#[tokio::test]
async fn checks_what_azure_checks() {
    type Change = fn(&mut Outgoing);
    let client = clouds().await;
    let v1 = client.azure("chat/completions", &chat("gpt6sol-prod", "hi"));
    let rows: &[(&str, Change, u16, &str)] = &[
        ("as it is", |_| {}, 200, ""),
        ("over HTTP/2", |r| r.http2 = true, 200, ""),
        ("v1 with a version of its own", |r| r.target.push_str("?api-version=preview"), 200, ""),
        ("v1 with a date", |r| r.target.push_str("?api-version=2024-10-21"), 400, "BadRequest"),
        ("dated", |r| r.target = format!("{DATED}?api-version=2024-10-21"), 200, ""),
        ("dated without version", |r| r.target = DATED.into(), 404, "404"),
        ("dated with an unknown version", |r| r.target = format!("{DATED}?api-version=2022-01-01"), 400, "BadRequest"),
        (
            "dated, unknown deployment",
            |r| r.target = "/openai/deployments/x/chat/completions?api-version=2024-10-21".into(),
            404,
            "DeploymentNotFound",
        ),
        (
            "unknown deployment",
            |r| r.body = chat("gpt-6.1-sol-2026-09-29", "hi").to_string(),
            404,
            "DeploymentNotFound",
        ),
        ("OpenAI's path", |r| r.target = "/v1/chat/completions".into(), 404, "404"),
        ("another method", |r| r.method = "PUT", 405, "405"),
        ("no key", |r| r.headers.retain(|(name, _)| name != "api-key"), 401, "401"),
        ("wrong key", |r| r.headers[1].1 = "0".repeat(32), 401, "401"),
        ("a token nobody issued", |r| r.headers[1] = ("authorization".into(), "Bearer x".into()), 401, "401"),
        ("no content type", |r| r.headers.retain(|(name, _)| name != "content-type"), 415, "415"),
        ("no JSON", |r| r.body = "model=x".into(), 400, ""),
        ("no model", |r| r.body = r#"{"messages":[]}"#.into(), 400, "missing_required_parameter"),
        ("an unknown field", |r| r.body = r#"{"model":"gpt6sol-prod","messages":[],"x":1}"#.into(), 400, ""),
        (
            "Responses on the old version",
            |r| r.target = "/openai/responses?api-version=2024-10-21".into(),
            400,
            "BadRequest",
        ),
        (
            "another host than TLS asked for",
            |r| {
                r.sni = Some("other.openai.azure.com".into());
            },
            404,
            "404",
        ),
    ];
    for (what, change, status, code) in rows {
        let mut request = v1.clone();
        change(&mut request);
        let answer = client.send(&request).await.unwrap();
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"].as_str().unwrap_or_default(), *code, "{what}");
        assert!(answer.header("apim-request-id").is_some() || what.starts_with("another host"), "{what}");
    }
}

#[tokio::test]
async fn answers_with_filters_and_headers() {
    let client = clouds().await;
    let answer = client.send(&client.azure("chat/completions", &chat("gpt6sol-prod", "hello"))).await.unwrap();
    let body = answer.json();
    assert_eq!(body["choices"][0]["message"]["content"], "azure contoso-eastus2 gpt6sol-prod: hello");
    assert_eq!(body["model"], "gpt-6.1-sol-2026-09-29");
    assert_eq!(body["choices"][0]["content_filter_results"]["hate"]["severity"], "safe");
    assert_eq!(body["prompt_filter_results"][0]["prompt_index"], 0);
    // A token every four bytes: 70 bytes of request, 41 of answer.
    assert_eq!(body["usage"]["prompt_tokens"], 18);
    assert_eq!(body["usage"]["completion_tokens"], 11);
    assert_eq!(answer.header("x-ms-region"), Some("eastus2"));
    assert_eq!(answer.header("x-ms-deployment-name"), Some("gpt6sol-prod"));
    assert!(answer.header("apim-request-id").is_some());
    let again = client.send(&client.azure("chat/completions", &chat("gpt6sol-prod", "hello"))).await.unwrap();
    assert_eq!(again.body, answer.body, "equal requests have equal answers");
}

#[tokio::test]
async fn a_request_is_recorded_with_all_it_carries() {
    let client = clouds().await;
    let request = client.azure("responses", &responses("gpt6sol-prod", "hi [[azure padded]]"));
    let request =
        request.with("x-multihome-order", "ordered").with("cookie", "a=b").with("authorization", "Bearer client");
    let answer = client.send(&request).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let record = client.last_record().await;
    assert_eq!(record["surface"], "azure");
    assert_eq!(record["cloud"], "azure");
    assert_eq!(record["host"], AZURE);
    assert_eq!(record["sni"], AZURE);
    assert_eq!(record["alpn"], "http/1.1");
    assert_eq!(record["method"], "POST");
    assert_eq!(record["path"], "/openai/v1/responses");
    assert_eq!(record["body"], request.body);
    assert_eq!(record["status"], 200);
    assert_eq!(record["auth"], "api_key");
    assert_eq!((&record["answered"], &record["disconnected"]), (&json!(true), &json!(false)));
    let headers: Vec<_> = record["headers"].as_array().unwrap().iter().map(|pair| pair[0].clone()).collect();
    for name in ["x-multihome-order", "cookie", "authorization", "api-key"] {
        assert!(headers.contains(&json!(name)), "{name}");
    }
    let answered = record["answer_headers"].as_array().unwrap();
    for name in ["content-type", "apim-request-id", "set-cookie"] {
        let value = json!(answer.header(name).unwrap());
        assert!(answered.contains(&json!([name, value])), "{name}");
    }
    client.admin("DELETE", "/records", &json!({})).await.unwrap();
    let records = client.admin("GET", "/records", &json!({})).await.unwrap();
    assert_eq!(records["records"], json!([]));
}

#[tokio::test]
async fn tls_knows_only_names_that_azure_has() {
    let client = clouds().await;
    for name in ["example.com", "bedrock-runtime.us-east-1.amazonaws.com", "openai.azure.com"] {
        let request = Outgoing { sni: Some(name.into()), ..client.azure("responses", &json!({})) };
        let error = client.send(&request).await.err().expect(name).to_string();
        assert!(error.contains("AccessDenied"), "{name}: {error}");
    }
}
