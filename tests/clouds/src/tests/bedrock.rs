use super::*;
use std::time::{Duration, SystemTime};

fn runtime(model: &str) -> Outgoing {
    Outgoing::post(Surface::AwsRuntime, RUNTIME, "/openai/v1/chat/completions", &chat(model, "hi"))
}

fn mantle(target: &str, body: &Value) -> Outgoing {
    Outgoing::post(Surface::AwsMantle, MANTLE, target, body)
}

#[tokio::test]
async fn signed_requests_are_answered_on_every_surface() {
    let client = clouds().await;
    let rows = [
        (runtime("us.openai.gpt-6.1-sol"), "aws us-east-1 us.openai.gpt-6.1-sol: hi"),
        (Outgoing { http2: true, ..runtime("openai.gpt-oss-120b-1:0") }, "aws us-east-1 openai.gpt-oss-120b-1:0: hi"),
        (
            mantle("/openai/v1/chat/completions", &chat("openai.gpt-6.1-sol", "hi")),
            "aws us-west-2 openai.gpt-6.1-sol: hi",
        ),
        (mantle("/v1/chat/completions", &chat("openai.gpt-oss-20b", "hi")), "aws us-west-2 openai.gpt-oss-20b: hi"),
    ];
    for (request, text) in rows {
        let answer = client.send(&client.signed(request).unwrap()).await.unwrap();
        assert_eq!(answer.json()["choices"][0]["message"]["content"], text);
        assert!(answer.header("x-amzn-requestid").is_some());
        assert_eq!(client.last_record().await["auth"], "sigv4");
    }
    for (target, model) in [("/openai/v1/responses", "openai.gpt-5.5"), ("/v1/responses", "openai.gpt-oss-120b")] {
        let request = client.signed(mantle(target, &responses(model, "hi"))).unwrap();
        let answer = client.send(&request).await.unwrap().json();
        assert_eq!(answer["output"][0]["content"][0]["text"], format!("aws us-west-2 {model}: hi"));
    }
}

#[tokio::test]
async fn a_wrong_credential_is_an_exception_of_aws() {
    let client = clouds().await;
    let now = SystemTime::now();
    let late = now - Duration::from_secs(600);
    let plain = runtime("us.openai.gpt-6.1-sol");
    let signed_for = |service, region, time| client.signed_for(plain.clone(), service, region, time).unwrap();
    let mut tampered = client.signed(plain.clone()).unwrap();
    tampered.body.push(' ');
    let mut moved = client.signed(plain.clone()).unwrap();
    moved.target.push_str("?a=b");
    let rows = [
        ("none", plain.clone(), "MissingAuthenticationTokenException"),
        ("Mantle's service", signed_for("bedrock-mantle", "us-east-1", now), "InvalidSignatureException"),
        ("another region", signed_for("bedrock", "us-west-2", now), "InvalidSignatureException"),
        ("too old", signed_for("bedrock", "us-east-1", late), "InvalidSignatureException"),
        ("another body", tampered, "InvalidSignatureException"),
        ("another path", moved, "InvalidSignatureException"),
        ("a wrong API key", plain.clone().with("authorization", "Bearer x"), "AccessDeniedException"),
    ];
    for (what, request, name) in rows {
        let answer = client.send(&request).await.unwrap();
        assert_eq!(answer.status, 403, "{what}");
        let kind = answer.header("x-amzn-errortype").unwrap().split(':').next();
        assert_eq!(kind, Some(name), "{what}: {}", answer.text());
        assert!(answer.json()["message"].is_string());
        assert!(client.last_record().await["auth"].as_str().unwrap().starts_with("refused: "), "{what}");
    }
    let unsigned = mantle("/openai/v1/responses", &responses("openai.gpt-5.5", "hi"));
    let answer = client.send(&unsigned).await.unwrap();
    assert_eq!((answer.status, answer.json()["error"]["type"].as_str()), (403, Some("permission_error")));
}

#[tokio::test]
async fn a_bedrock_api_key_serves_both_surfaces() {
    let client = clouds().await;
    let key = format!("Bearer {}", client.credential("bedrock_api_key").unwrap());
    for request in
        [runtime("us.openai.gpt-6.1-sol"), mantle("/openai/v1/responses", &responses("openai.gpt-6.1-sol", "hi"))]
    {
        assert_eq!(client.send(&request.with("authorization", &*key)).await.unwrap().status, 200);
        assert_eq!(client.last_record().await["auth"], "api_key");
    }
}

#[tokio::test]
async fn paths_and_models_belong_together() {
    let client = clouds().await;
    let oss = "openai.gpt-oss-120b";
    let rows = [
        (runtime("gpt-6.1-sol"), 400, "The provided model identifier is invalid."),
        (runtime("openai.gpt-6.1-sol"), 400, "The provided model identifier is invalid."),
        (
            mantle("/v1/chat/completions", &chat("openai.gpt-5.6-luna", "x")),
            400,
            "The model 'openai.gpt-5.6-luna' does not support the '/v1/chat/completions' API",
        ),
        (
            mantle("/openai/v1/chat/completions", &chat(oss, "x")),
            400,
            "model `openai.gpt-oss-120b` isn't supported on this route",
        ),
        (
            mantle("/v1/responses", &responses("openai.gpt-9", "x")),
            404,
            "The model 'openai.gpt-9' does not exist or you do not have access to it.",
        ),
        (
            mantle("/openai/v1/responses", &json!({"model": "openai.gpt-5.5", "input": "x", "y": 1})),
            400,
            "Unknown parameter: 'y'.",
        ),
    ];
    for (request, status, message) in rows {
        let answer = client.send(&client.signed(request).unwrap()).await.unwrap();
        assert_eq!((answer.status, answer.json()["error"]["message"].as_str()), (status, Some(message)));
    }
    for request in [
        Outgoing { target: "/v1/chat/completions".into(), ..runtime("us.openai.gpt-6.1-sol") },
        Outgoing { method: "GET", ..runtime("us.openai.gpt-6.1-sol") },
    ] {
        let answer = client.send(&request).await.unwrap();
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (404, Some("UnknownOperationException")));
    }
}
