use super::*;
use http_body_util::BodyExt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Every fault that still has an answer: its marker, then status, content type, and a piece of the body.
#[tokio::test]
async fn a_marker_in_the_body_brings_a_fault() {
    let client = clouds().await;
    let rows = [
        ("400", 400, "application/json", "BadRequest"),
        ("400-quota", 400, "application/json", "BadRequest"),
        ("400-signature", 400, "application/json", "BadRequest"),
        ("400-target", 400, "application/json", "OperationNotSupported"),
        ("400-encrypted", 400, "application/json", "invalid_encrypted_content"),
        ("400-text", 400, "application/json", r#"{"error":"Tools"#),
        ("401", 401, "application/json", "invalid subscription key"),
        ("404-reference", 404, "application/json", "conv_68f0a1b2"),
        ("500-secret", 500, "application/json", "no backend took api-key"),
        ("403", 403, "application/json", "Firewall"),
        ("404", 404, "application/json", "DeploymentNotFound"),
        ("408", 408, "application/json", "Timeout"),
        ("413", 413, "application/json", "too large"),
        ("422", 422, "application/json", "could not be processed"),
        ("424", 424, "application/json", "424"),
        ("429", 429, "application/json", "RateLimitReached"),
        ("500", 500, "application/json", "InternalServerError"),
        ("502", 502, "application/json", "502"),
        ("503", 503, "application/json", "503"),
        ("504", 504, "application/json", "504"),
        ("content-filter", 400, "application/json", "ResponsibleAIPolicyViolation"),
        ("filtered", 200, "application/json", r#""finish_reason":"content_filter""#),
        ("garbage", 200, "application/json", "this is no JSON"),
        ("html", 502, "text/html", "<h1>502 Bad Gateway</h1>"),
        ("huge", 500, "application/json", "xxxxxxxx"),
        ("proxy-limit", 429, "text/plain", "local_rate_limited"),
        ("padded", 200, "application/json", r#""numbers":[1, 2.50,1e2]"#),
    ];
    for (fault, status, content_type, piece) in rows {
        let text = format!("hi [[azure {fault}]]");
        let answer = client.send(&client.azure("chat/completions", &chat("gpt6sol-prod", &text))).await.unwrap();
        assert_eq!(answer.status, status, "{fault}");
        assert_eq!(answer.header("content-type"), Some(content_type), "{fault}");
        assert!(answer.text().contains(piece), "{fault}: {}", answer.text());
        assert_eq!(answer.body.len() > 1 << 20, fault == "huge", "{fault}");
        assert_eq!(client.last_record().await["fault"], format!("azure {fault}"));
    }
}

#[tokio::test]
async fn clouds_differ_in_their_errors() {
    let client = clouds().await;
    let google = format!("Bearer {}", client.google_token().await.unwrap());
    let responses_path = "/v1/projects/acme-ai/locations/us/publishers/openai/v1/responses";
    let send = |cloud: &'static str, fault: &'static str| {
        let text = format!("[[{cloud} {fault}]]");
        let request = match cloud {
            "aws" => {
                let body = chat("us.openai.gpt-6.1-sol", &text);
                client
                    .signed(Outgoing::post(Surface::AwsRuntime, RUNTIME, "/openai/v1/chat/completions", &body))
                    .unwrap()
            }
            "gcp" => Outgoing::post(Surface::Gcp, GCP, responses_path, &responses("gpt-6.1-sol", &text))
                .with("authorization", &*google),
            _ => client.azure("responses", &responses("gpt-6.1-sol", &text)),
        };
        let client = &client;
        async move { client.send(&request).await.unwrap() }
    };
    let rows = [
        ("aws", "400-quota", 400, "ServiceQuotaExceededException"),
        ("aws", "400-signature", 400, "IncompleteSignatureException"),
        ("aws", "400-target", 400, "ValidationException"),
        ("gcp", "400-target", 400, "FAILED_PRECONDITION"),
        ("aws", "429", 429, "ThrottlingException"),
        ("aws", "408", 408, "ModelTimeoutException"),
        ("aws", "413", 413, "RequestEntityTooLargeException"),
        ("aws", "422", 422, "UnprocessableEntityException"),
        ("aws", "424", 424, "ModelErrorException"),
        ("aws", "500", 500, "InternalServerException"),
        ("aws", "503", 503, "ServiceUnavailableException"),
        ("aws", "403", 403, "AccessDeniedException"),
        ("gcp", "429", 429, "RESOURCE_EXHAUSTED"),
        ("gcp", "503", 503, "UNAVAILABLE"),
        ("gcp", "422", 422, "INVALID_ARGUMENT"),
        ("gcp", "500", 500, "INTERNAL"),
    ];
    for (cloud, fault, status, name) in rows {
        let answer = send(cloud, fault).await;
        let kind = answer.header("x-amzn-errortype").unwrap_or_default().split(':').next().unwrap().to_owned();
        let said = answer.json()["error"]["status"].as_str().map_or(kind, str::to_owned);
        assert_eq!((answer.status, said.as_str()), (status, name), "{cloud} {fault}");
        assert_eq!(answer.header("retry-after"), None);
    }
    for cloud in ["azure", "aws", "gcp"] {
        assert_eq!(send(cloud, "429 retry-after=7").await.header("retry-after"), Some("7"), "{cloud}");
    }
    let delay = send("gcp", "429 retry-after=7").await.json()["error"]["details"][0]["retryDelay"].clone();
    assert_eq!(delay, "7s");
}

#[tokio::test]
async fn delay_hang_reset_and_cut_befall_the_connection() {
    let client = clouds().await;
    let request = |text: &str| client.azure("chat/completions", &chat("gpt6sol-prod", text));
    let begun = Instant::now();
    assert_eq!(client.send(&request("[[azure delay ms=300]]")).await.unwrap().status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));

    let hanging = request("[[azure hang]]");
    assert!(tokio::time::timeout(Duration::from_millis(300), client.send(&hanging)).await.is_err());
    let record = eventually(&client, |record| record["disconnected"] == true).await;
    assert_eq!((&record["status"], &record["answered"]), (&json!(null), &json!(false)));

    let answer = client.send(&request("[[azure cut]]")).await.unwrap();
    assert!(answer.cut && !answer.body.is_empty());
    let record = client.last_record().await;
    assert_eq!((&record["answered"], &record["disconnected"]), (&json!(false), &json!(false)));

    for http2 in [false, true] {
        for fault in ["reset", "refused", "drop", "goaway"] {
            let reset = Outgoing { http2, ..request(&format!("[[azure {fault}]]")) };
            assert!(client.send(&reset).await.is_err(), "{fault} http2 {http2}");
        }
    }
}

/// Without TLS in between, the reset itself can be seen.
#[tokio::test]
async fn a_reset_is_a_tcp_reset() {
    use tokio::io::AsyncWriteExt;
    let client = clouds().await;
    let fault = json!({"on": "metadata", "fault": "reset"});
    client.admin("POST", "/faults", &fault).await.unwrap();
    let mut tcp = TcpStream::connect(client.text("/metadata").unwrap()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let error = tcp.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn refuse_closes_the_port_until_the_faults_are_deleted() {
    let client = clouds().await;
    let request = client.azure("responses", &responses("gpt-6.1-sol", "hi"));
    assert_eq!(client.send(&request).await.unwrap().status, 200);
    client.admin("POST", "/faults", &json!({"on": "azure", "fault": "refuse"})).await.unwrap();
    let error = TcpStream::connect(client.text("/azure").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let other = Outgoing::post(Surface::AwsRuntime, RUNTIME, "/openai/v1/responses", &json!({}));
    assert_eq!(client.send(&other).await.unwrap().status, 403, "the other clouds go on");
    client.admin("DELETE", "/faults", &json!({})).await.unwrap();
    assert_eq!(client.send(&request).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_ordered_fault_lasts_as_ordered() {
    let client = clouds().await;
    let request = client.azure("responses", &responses("gpt-6.1-sol", "hi"));
    client.admin("POST", "/faults", &json!({"on": AZURE, "fault": "429", "retry_after": 2, "times": 2})).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = client.send(&request).await.unwrap();
        seen.push((answer.status, answer.header("retry-after").map(str::to_owned)));
    }
    assert_eq!(seen, [(429, Some("2".into())), (429, Some("2".into())), (200, None)]);
    client.admin("POST", "/faults", &json!({"on": "azure", "fault": "503"})).await.unwrap();
    assert_eq!(client.send(&request).await.unwrap().status, 503);
    client.admin("DELETE", "/faults", &json!({})).await.unwrap();
    assert_eq!(client.send(&request).await.unwrap().status, 200);
    for wrong in [json!({"on": "azure", "fault": "418"}), json!({"on": "ibm", "fault": "500"}), json!({"fault": "500"})]
    {
        assert!(client.admin("POST", "/faults", &wrong).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_is_noted() {
    let client = clouds().await;
    for http2 in [false, true] {
        let mut body = chat("gpt6sol-prod", "one two three four [[azure slow ms=100]]");
        body["stream"] = json!(true);
        let request = Outgoing { http2, ..client.azure("chat/completions", &body) };
        let mut response = client.begin(&request).await.unwrap();
        response.body_mut().frame().await.unwrap().unwrap();
        drop(response);
        let record = eventually(&client, |record| record["disconnected"] == true).await;
        assert_eq!((&record["status"], &record["answered"]), (&json!(200), &json!(false)), "http2 {http2}");
        client.admin("DELETE", "/records", &json!({})).await.unwrap();
    }
}
