use super::*;

fn path(location: &str) -> String {
    format!("/v1/projects/acme-ai/locations/{location}/publishers/openai/v1/responses")
}

fn openapi(location: &str) -> String {
    format!("/v1/projects/acme-ai/locations/{location}/endpoints/openapi/chat/completions")
}

#[tokio::test]
async fn hosts_serve_their_own_location() {
    let client = clouds().await;
    let token = client.google_token().await.unwrap();
    let oss = chat("openai/gpt-oss-120b-maas", "hi");
    let sol = responses("gpt-6.1-sol", "hi");
    let rows = [
        ("aiplatform.googleapis.com", path("global"), &sol, 200, ""),
        (GCP, path("us"), &sol, 200, ""),
        ("aiplatform.eu.rep.googleapis.com", openapi("eu"), &oss, 200, ""),
        ("us-central1-aiplatform.googleapis.com", openapi("us-central1"), &oss, 200, ""),
        (GCP, path("global"), &sol, 400, "INVALID_ARGUMENT"),
        ("aiplatform.googleapis.com", openapi("us-central1"), &oss, 400, "INVALID_ARGUMENT"),
        ("aiplatform.eu.rep.googleapis.com", path("eu"), &sol, 404, "NOT_FOUND"),
        (GCP, path("us"), &oss, 404, "NOT_FOUND"),
        (GCP, path("us").replace("acme-ai", "other"), &sol, 403, "PERMISSION_DENIED"),
    ];
    for (host, target, body, status, name) in rows {
        let request =
            Outgoing::post(Surface::Gcp, host, &target, body).with("authorization", format!("Bearer {token}"));
        let answer = client.send(&request).await.unwrap();
        assert_eq!(answer.status, status, "{host} {target}: {}", answer.text());
        if status != 200 {
            // The chat endpoint wraps its errors in a list.
            let body = answer.json();
            let error = if target.contains("openapi") { &body[0]["error"] } else { &body["error"] };
            assert_eq!((error["status"].as_str(), error["code"].as_u64()), (Some(name), Some(status.into())));
        }
    }
}

#[tokio::test]
async fn tokens_come_from_the_metadata_server_and_expire() {
    let client = clouds().await;
    let send = |token: Option<String>| {
        let request = Outgoing::post(Surface::Gcp, GCP, &path("us"), &responses("gpt-6.1-sol", "hi"));
        let request = match token {
            Some(token) => request.with("authorization", format!("Bearer {token}")),
            None => request,
        };
        let client = &client;
        async move { client.send(&request).await.unwrap() }
    };
    let reason = |answer: &Answer| answer.json()["error"]["details"][0]["reason"].clone();
    let answer = send(None).await;
    assert_eq!((answer.status, reason(&answer)), (401, json!("CREDENTIALS_MISSING")));
    let answer = send(Some("ya29.stolen".into())).await;
    assert_eq!((answer.status, reason(&answer)), (401, json!("ACCESS_TOKEN_TYPE_UNSUPPORTED")));
    client.admin("POST", "/token", &json!({"expires_in": 1})).await.unwrap();
    let token = client.google_token().await.unwrap();
    let answer = send(Some(token.clone())).await;
    assert_eq!(answer.json()["output"][0]["content"][0]["text"], "gcp us gpt-6.1-sol: hi");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let answer = send(Some(token)).await;
    assert_eq!((answer.status, reason(&answer)), (401, json!("ACCESS_TOKEN_EXPIRED")));
    assert_eq!(client.last_record().await["auth"], "refused: the token has expired");
}

#[tokio::test]
async fn the_metadata_server_wants_its_header_and_counts() {
    let client = clouds().await;
    let mut bare = metadata_request();
    bare.headers.clear();
    let answer = client.send(&bare).await.unwrap();
    assert_eq!((answer.status, answer.header("metadata-flavor")), (403, Some("Google")));
    let other = Outgoing { target: "/computeMetadata/v1/project/project-id".into(), ..metadata_request() };
    assert_eq!(client.send(&other).await.unwrap().status, 404);
    let answer = client.send(&metadata_request()).await.unwrap().json();
    assert!(answer["access_token"].as_str().unwrap().starts_with("ya29."));
    assert_eq!((&answer["expires_in"], &answer["token_type"]), (&json!(3599), &json!("Bearer")));
    client.admin("POST", "/token", &json!({"fail": true})).await.unwrap();
    assert_eq!(client.send(&metadata_request()).await.unwrap().status, 500);
    let state = client.admin("GET", "/token", &json!({})).await.unwrap();
    assert_eq!((&state["fetches"], &state["fail"]), (&json!(2), &json!(true)));
    assert!(client.admin("POST", "/token", &json!({"fails": true})).await.is_err());
}

#[tokio::test]
async fn faults_of_a_body_have_the_shape_of_their_endpoint() {
    let client = clouds().await;
    let token = format!("Bearer {}", client.google_token().await.unwrap());
    let send = |target: String, body: Value| {
        let request = Outgoing::post(Surface::Gcp, GCP, &target, &body).with("authorization", &*token);
        let client = &client;
        async move { client.send(&request).await.unwrap() }
    };
    let answer = send(path("us"), json!({"model": "gpt-6.1-sol", "input": "x", "y": 1})).await;
    assert_eq!((answer.status, answer.json()["error"]["param"].as_str()), (400, Some("y")));
    let answer = send(openapi("us"), json!({"model": "openai/gpt-oss-120b-maas", "messages": "x"})).await;
    assert_eq!((answer.status, answer.json()[0]["error"]["status"].as_str()), (400, Some("INVALID_ARGUMENT")));
    let answer =
        send("/v1/projects/acme-ai/locations/us/publishers/openai/v1/chat/completions".into(), json!({})).await;
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("text/html; charset=UTF-8")));
}
