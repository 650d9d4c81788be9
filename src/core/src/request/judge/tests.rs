use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn failed(cloud: Cloud, status: u16, body: &str) -> Verdict {
    judge(FailedResponse {
        cloud,
        endpoint: "here",
        status,
        retry_after: None,
        error_type: None,
        limits: &[],
        body: body.as_bytes(),
        is_kept: false,
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
        // About our target, though the status is the client's.
        (
            Cloud::Aws,
            400,
            r#"{"message":"The provided model identifier is invalid."}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Aws,
            400,
            r#"{"message":"Invocation of model ID openai.gpt-6.1-sol with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (Cloud::Aws, 400, r#"{"message":"Operation not allowed"}"#, Misconfigured, 502, "target_misconfigured"),
        (
            Cloud::Aws,
            400,
            r#"{"error":{"code":"validation_error","message":"model `qwen.qwen3` isn't supported on this route","param":null,"type":"invalid_request_error"}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Azure,
            400,
            r#"{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, gpt-6-pro."}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Azure,
            400,
            r#"{"error":{"code":"BadRequest","message":"API version not supported"}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Azure,
            400,
            r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":"model","code":null}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Gcp,
            400,
            r#"{"error":{"code":400,"message":"Precondition check failed.","status":"FAILED_PRECONDITION"}}"#,
            Misconfigured,
            502,
            "target_misconfigured",
        ),
        (
            Cloud::Gcp,
            400,
            r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
            Credential,
            502,
            "credential_refused",
        ),
        (
            Cloud::Aws,
            400,
            r#"{"__type":"AccessDeniedException","message":"User: arn:aws:sts::123456789012:assumed-role/web/i-0abc is not authorized to perform: bedrock:InvokeModel"}"#,
            Credential,
            502,
            "credential_refused",
        ),
        (
            Cloud::Aws,
            403,
            r#"{"Message":"User: arn:aws:sts::123456789012:assumed-role/web/i-0abc is not authorized"}"#,
            Credential,
            502,
            "credential_refused",
        ),
        // What shows a credential is not shown, whatever status it has.
        (
            Cloud::Azure,
            500,
            r#"{"error":{"message":"no route for Bearer sk-abcdefghijklmnopq"}}"#,
            ServerError,
            500,
            "upstream_error",
        ),
        (
            Cloud::Aws,
            429,
            r#"{"message":"arn:aws:sts::123456789012:assumed-role/web/i-0abc calls too often"}"#,
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
        assert!(!error.message.contains("sk-") && !error.message.contains("i-0abc"), "{}", error.message);
        // An SDK need not try again what only the operator can mend.
        assert_eq!(error.is_final, matches!(cause, Misconfigured | Credential), "{cloud:?} {status} {body}");
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
    // Something of the client's is not there, in OpenAI's words, which no other account would say otherwise.
    for (cloud, message) in [
        (Cloud::Azure, "Conversation with id 'conv_68f0' not found."),
        (Cloud::Aws, "Response with id 'resp_0123' not found."),
        (Cloud::Azure, "Prompt with id 'pmpt_0123' not found."),
        (Cloud::Azure, "Vector store 'vs_0123' not found"),
        (Cloud::Gcp, "Item with id 'rs_0123' not found. Items are not persisted when `store` is set to false."),
        (Cloud::Azure, "No such File object: file-0123"),
    ] {
        let body =
            format!(r#"{{"error":{{"message":"{message}","type":"invalid_request_error","param":null,"code":null}}}}"#);
        assert_eq!(failed(cloud, 404, &body), Verdict::Serve(None), "{message}");
    }
}

/// One row a shape: who, the body of a 400, and the message, `param` and `code` that the client reads.
#[wasm_bindgen_test(unsupported = test)]
fn gives_the_clouds_reason_whatever_its_shape() {
    let own = "The request was refused with status 400 by azure.";
    let long = "no ".repeat(700);
    for (body, message, param, code) in [
        (r#"{"error":"Bad request."}"#, "Bad request.", None, None),
        (r#"{"detail":"Not like this"}"#, "Not like this", None, None),
        (
            r#"{"detail":[{"type":"missing","loc":["body","messages",0],"msg":"Field required","input":{}},{"msg":"and more"}]}"#,
            "body.messages: Field required; and more",
            None,
            None,
        ),
        ("upstream says no", "upstream says no", None, None),
        (&long, long.get(..1024).unwrap(), None, None),
        ("local_rate_limited", own, None, None),
        (
            r#"{"error":{"message":"no","type":"x","param":["messages",0],"code":"c"}}"#,
            "no",
            Some("messages.0"),
            Some("c"),
        ),
        (r#"{"error":{"message":"no","type":400,"param":"n","code":"c"}}"#, "no", Some("n"), Some("c")),
        (r#"{"error":{"message":"no","param":{"a":1},"code":7}}"#, "no", None, Some("7")),
        (r#"{"error":{"message":["a"],"code":"c"},"message":"beside"}"#, "beside", None, Some("c")),
        (r#"{"message":"one","Message":"two"}"#, "one", None, None),
        // Cut off, and not JSON to its end: what was read counts.
        (r#"{"error":{"message":"no","code":"c","innererror":{"#, "no", None, Some("c")),
        (r#""just a text""#, "just a text", None, None),
        // Nothing that says a reason.
        ("", own, None, None),
        ("<html>no</html>", own, None, None),
        ("[]", own, None, None),
        (r#"{"error":null}"#, own, None, None),
        // Of a credential only the code is left.
        (r#"{"error":{"message":"key sk-abcdefghijklmnopq","type":"x","code":"c"}}"#, own, None, Some("c")),
        (
            r#"{"error":{"message":"no","type":"x","code":"c","debug":"Bearer abcdefghijklmnopq"}}"#,
            own,
            None,
            Some("c"),
        ),
        (r#"{"error":{"message":"key \u0073k-abcdefghijklmnopq","type":"x"}}"#, own, None, None),
        // Foundry's completion that the filter stopped.
        (
            r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"finish_reason":"content_filter","content_filter_results":{"hate":{"filtered":true}}}]}"#,
            "The completion was stopped by Azure's content filter.",
            None,
            Some("content_filter"),
        ),
    ] {
        let Verdict::Serve(Some(error)) = failed(Cloud::Azure, 400, body) else { panic!("{body}") };
        let found = (error.status, error.message.as_str(), error.param.as_deref(), error.code.as_deref());
        assert_eq!(found, (400, message, param, code), "{body}");
    }
    let gzip = FailedResponse {
        cloud: Cloud::Azure,
        endpoint: "here",
        status: 400,
        retry_after: None,
        error_type: None,
        limits: &[],
        body: b"\x1f\x8b\x08\0\0",
        is_kept: false,
    };
    let Verdict::Serve(Some(error)) = judge(gzip) else { panic!("not served") };
    assert_eq!((error.status, error.message.contains("compressed")), (400, true), "{}", error.message);
}

#[wasm_bindgen_test(unsupported = test)]
fn decides_by_the_head_where_no_body_could_change_it() {
    let head = |status| {
        let limits = [("retry-after-ms", "1500"), ("x-ratelimit-remaining-tokens", "0")];
        let verdict = verdict_by_head(FailedResponse {
            cloud: Cloud::Azure,
            endpoint: "here",
            status,
            retry_after: Some("2"),
            error_type: None,
            limits: &limits,
            body: b"",
            is_kept: false,
        })?;
        Some(moved_on(verdict))
    };
    for status in [400, 404, 409, 413, 422] {
        assert_eq!(head(status), None, "{status}");
    }
    for (status, cause) in [
        (401, Cause::Credential),
        (403, Cause::Credential),
        (408, Cause::Timeout),
        (429, Cause::Capacity),
        (500, Cause::ServerError),
        (503, Cause::ServerError),
        (504, Cause::Timeout),
    ] {
        assert_eq!(head(status).map(|(found, _)| found), Some(cause), "{status}");
    }
    let (_, error) = head(429).unwrap();
    let headers: Vec<_> = error.headers().collect();
    assert_eq!(headers, [("retry-after", "2"), ("retry-after-ms", "1500"), ("x-ratelimit-remaining-tokens", "0")]);
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
        limits: &[],
        body: b"",
        is_kept: false,
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
        limits: &[],
        body: br#"{"message":"quota"}"#,
        is_kept: false,
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
        limits: &[],
        body: body.as_bytes(),
        is_kept: false,
    };
    let (_, error) = moved_on(judge(long));
    assert_eq!((error.message.len(), error.retry_after), (MOST_MESSAGE + '…'.len_utf8(), None));
}
