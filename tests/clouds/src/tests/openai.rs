use super::*;

/// One request, changed in one way, and the status and code of the answer.
#[tokio::test]
async fn checks_what_openai_checks() {
    type Change = fn(&mut Outgoing, &Client);
    let client = clouds().await;
    let asked = client.openai("chat/completions", &chat("gpt-6.1-sol", "hi"));
    let rows: &[(&str, Change, u16, &str)] = &[
        ("as it is", |_, _| {}, 200, ""),
        ("over HTTP/2", |r, _| r.http2 = true, 200, ""),
        ("in the EU", |r, _| r.host = "eu.api.openai.com".into(), 200, ""),
        ("where it keeps no data", |r, _| r.host = "fr.api.openai.com".into(), 0, ""),
        ("no key", |r, _| r.headers.retain(|(name, _)| name != "authorization"), 401, ""),
        ("a wrong key", |r, _| r.headers[1].1 = "Bearer sk-proj-0123456789abcdef".into(), 401, "invalid_api_key"),
        ("its organization", |r, c| named(r, c, "openai-organization", "openai_organization"), 200, ""),
        (
            "another organization",
            |r, _| r.headers.push(("openai-organization".into(), "org-x".into())),
            401,
            "mismatched_organization",
        ),
        ("its project", |r, c| named(r, c, "openai-project", "openai_project"), 200, ""),
        (
            "another project",
            |r, _| r.headers.push(("openai-project".into(), "proj_x".into())),
            401,
            "mismatched_project",
        ),
        (
            "a project of the EU",
            |r, c| named(r, c, "openai-project", "openai_project_eu"),
            400,
            "data_residency_mismatch",
        ),
        (
            "a project of the EU, in the EU",
            |r, c| {
                named(r, c, "openai-project", "openai_project_eu");
                r.host = "eu.api.openai.com".into();
            },
            200,
            "",
        ),
        ("Azure's path", |r, _| r.target = "/openai/v1/chat/completions".into(), 404, ""),
        ("another method", |r, _| r.method = "PUT", 405, "method_not_supported"),
        (
            "no content type",
            |r, _| r.headers.retain(|(name, _)| name != "content-type"),
            400,
            "unsupported_content_type",
        ),
        ("an unknown model", |r, _| r.body = chat("us.openai.gpt-6.1-sol", "hi").to_string(), 404, "model_not_found"),
        ("no model", |r, _| r.body = r#"{"messages":[]}"#.into(), 400, "missing_required_parameter"),
    ];
    for (what, change, status, code) in rows {
        let mut request = asked.clone();
        change(&mut request, &client);
        let Ok(answer) = client.send(&request).await else {
            assert_eq!(*status, 0, "{what}");
            continue;
        };
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"].as_str().unwrap_or_default(), *code, "{what}");
        assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{what}");
    }
}

fn named(request: &mut Outgoing, client: &Client, header: &str, credential: &str) {
    request.headers.push((header.into(), client.credential(credential).unwrap().to_owned()));
}

#[tokio::test]
async fn answers_and_fails_as_openai_does() {
    let client = clouds().await;
    let answer = client.send(&client.openai("responses", &responses("gpt-6.1-sol", "hello"))).await.unwrap();
    let body = answer.json();
    assert_eq!(body["output"][0]["content"][0]["text"], "openai global gpt-6.1-sol: hello");
    assert_eq!(body["model"], "gpt-6.1-sol-2026-09-29");
    assert!(body["content_filters"].is_null());
    assert_eq!(answer.header("x-ratelimit-reset-requests"), Some("6ms"));
    for (fault, status, kind, code) in [
        ("429 retry-after=2", 429, "requests", "rate_limit_exceeded"),
        ("400-quota", 429, "insufficient_quota", "insufficient_quota"),
        ("401", 401, "invalid_request_error", "invalid_api_key"),
        ("404", 404, "invalid_request_error", "model_not_found"),
        ("503", 503, "service_unavailable_error", "server_is_overloaded"),
        ("content-filter", 400, "invalid_request_error", "invalid_prompt"),
    ] {
        let asked = responses("gpt-6.1-sol", &format!("[[openai {fault}]]"));
        let answer = client.send(&client.openai("responses", &asked)).await.unwrap();
        let error = &answer.json()["error"];
        assert_eq!((answer.status, error["type"].as_str(), error["code"].as_str()), (status, Some(kind), Some(code)));
        assert_eq!(answer.header("retry-after-ms").is_some(), fault.contains("retry-after"), "{fault}");
        assert_eq!(answer.header("x-ratelimit-remaining-requests").is_some(), code == "rate_limit_exceeded", "{fault}");
    }
    let list = Outgoing { method: "GET", ..client.openai("models", &json!({})) };
    assert_eq!(client.send(&list).await.unwrap().json()["data"][0]["object"], "model");
    let unknown = Outgoing { method: "GET", ..client.openai("models/gpt-0", &json!({})) };
    assert_eq!(client.send(&unknown).await.unwrap().status, 404);
}
