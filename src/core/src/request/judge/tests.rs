use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn failed(cloud: Cloud, status: u16, body: &str) -> Verdict {
    judge(FailedResponse {
        cloud,
        endpoint: "here",
        status,
        retry_after: None,
        error_type: None,
        body: body.as_bytes(),
    })
}

fn moved_on(verdict: Verdict) -> (Cause, ApiError) {
    match verdict {
        Verdict::MoveOn(failure) => (failure.cause, failure.error),
        Verdict::Serve(error) => panic!("served: {error:?}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn moves_on_from_what_is_not_the_clients_fault() {
    use Cause::*;
    for (cloud, status, body, cause, told, code) in [
        (
            Cloud::Azure,
            401,
            r#"{"error":{"code":"401","message":"key sk-1234"}}"#,
            Credential,
            502,
            "credential_refused",
        ),
        (Cloud::Aws, 403, r#"{"message":"The security token is invalid"}"#, Credential, 502, "credential_refused"),
        (
            Cloud::Azure,
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"x"}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Gcp,
            404,
            r#"{"error":{"code":404,"message":"x","status":"NOT_FOUND"}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (Cloud::Azure, 408, "", Timeout, 504, "upstream_timeout"),
        (Cloud::Aws, 424, r#"{"message":"model failed"}"#, ServerError, 502, "upstream_error"),
        (Cloud::Azure, 429, r#"{"error":{"code":"429","message":"slow down"}}"#, Capacity, 429, "rate_limit_exceeded"),
        (
            Cloud::Azure,
            429,
            r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
            Capacity,
            429,
            "insufficient_quota",
        ),
        (Cloud::Aws, 400, r#"{"__type":"ThrottlingException","message":"x"}"#, Capacity, 429, "rate_limit_exceeded"),
        (Cloud::Aws, 400, r#"{"__type":"RequestExpired","message":"x"}"#, Credential, 502, "credential_refused"),
        (
            Cloud::Aws,
            400,
            r#"{"__type":"IncompleteSignatureException","message":"Authorization=AWS4-HMAC-SHA256 Credential=AKIA"}"#,
            Credential,
            502,
            "credential_refused",
        ),
        (Cloud::Azure, 407, "", Credential, 502, "credential_refused"),
        (
            Cloud::Aws,
            400,
            r#"{"__type":"com.amazon#ServiceQuotaExceededException","message":"x"}"#,
            Capacity,
            429,
            "rate_limit_exceeded",
        ),
        (Cloud::Azure, 500, "", ServerError, 500, "upstream_error"),
        (Cloud::Azure, 502, "<html>", ServerError, 502, "upstream_error"),
        (Cloud::Gcp, 503, "[]", ServerError, 503, "upstream_error"),
        (Cloud::Gcp, 504, r#"{"error":{"message":{}}}"#, Timeout, 504, "upstream_timeout"),
        (Cloud::Azure, 529, "", ServerError, 502, "upstream_error"),
        (Cloud::Azure, 302, "", ServerError, 502, "upstream_error"),
    ] {
        let (found, error) = moved_on(failed(cloud, status, body));
        assert_eq!(
            (found, error.status, error.code.as_deref()),
            (cause, told, Some(code)),
            "{cloud:?} {status} {body}"
        );
        assert!(!error.message.contains("sk-"), "{}", error.message);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn serves_what_is() {
    let whole = r#"{"error":{"message":"bad","type":"invalid_request_error","param":"n","code":"x","more":1}}"#;
    assert_eq!(failed(Cloud::Azure, 400, whole), Verdict::Serve(None));
    let Verdict::Serve(Some(filtered)) = failed(
        Cloud::Azure,
        400,
        r#"{"error":{"code":"content_filter","message":"no","param":"prompt","status":400,"details":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
    ) else {
        panic!("not served");
    };
    assert_eq!(
        String::from_utf8(filtered.to_json()).unwrap(),
        r#"{"error":{"message":"no","type":"invalid_request_error","param":"prompt","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#
    );
    let Verdict::Serve(Some(google)) =
        failed(Cloud::Gcp, 400, r#"[{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}]"#)
    else {
        panic!("not served");
    };
    assert_eq!((google.code.as_deref(), google.message.as_str()), (Some("INVALID_ARGUMENT"), "no"));
    assert!(matches!(
        failed(Cloud::Azure, 404, r#"{"error":{"code":"x","message":"no","param":"previous_response_id"}}"#),
        Verdict::Serve(_)
    ));
    assert!(matches!(failed(Cloud::Aws, 413, ""), Verdict::Serve(Some(_))));
}

#[wasm_bindgen_test(unsupported = test)]
fn reads_when_to_come_back() {
    let google = r#"{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"@type":"a"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"4.2s"}]}}"#;
    assert_eq!(moved_on(failed(Cloud::Gcp, 429, google)).1.retry_after.as_deref(), Some("5"));
    let azure = FailedResponse {
        cloud: Cloud::Azure,
        endpoint: "here",
        status: 429,
        retry_after: Some("7"),
        error_type: None,
        body: b"",
    };
    assert_eq!(moved_on(judge(azure)).1.retry_after.as_deref(), Some("7"));
}

#[wasm_bindgen_test(unsupported = test)]
fn reads_awss_error_type() {
    let quota = FailedResponse {
        cloud: Cloud::Aws,
        endpoint: "here",
        status: 400,
        retry_after: None,
        error_type: Some("ServiceQuotaExceededException:http://internal.amazon.com/"),
        body: br#"{"message":"quota"}"#,
    };
    assert_eq!(moved_on(judge(quota)).0, Cause::Capacity);
}

/// The order decides which of several failures a client is told.
#[wasm_bindgen_test(unsupported = test)]
fn a_client_is_told_what_helps_it_most() {
    let mut causes = [Cause::Capacity, Cause::Misconfigured, Cause::Timeout, Cause::Credential, Cause::ServerError];
    causes.sort();
    assert_eq!(causes, [Cause::Misconfigured, Cause::Credential, Cause::ServerError, Cause::Timeout, Cause::Capacity]);
}

/// What is kept while other targets are tried has a bound, whatever a cloud sends.
#[wasm_bindgen_test(unsupported = test)]
fn keeps_only_so_much_of_what_a_cloud_says() {
    let body = format!(r#"{{"error":{{"code":"429","message":"é{}"}}}}"#, "é".repeat(10_000));
    let long = FailedResponse {
        cloud: Cloud::Azure,
        endpoint: "here",
        status: 429,
        retry_after: Some("1111111111111111111111111111111111111111111111111111111111111111111111111"),
        error_type: None,
        body: body.as_bytes(),
    };
    let (_, error) = moved_on(judge(long));
    assert_eq!((error.message.len(), error.retry_after), (MOST_MESSAGE + '…'.len_utf8(), None));
}
