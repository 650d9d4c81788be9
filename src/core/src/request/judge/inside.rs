//! An error inside a response with a status of 2xx, before there was any of a completion: the status that it would have had
//! of its own, by the words that clouds have for what went wrong.

use std::borrow::Cow;

use super::{FailedResponse, Verdict, client_error, judge};
use crate::api::error::ApiError;
use crate::cloud::{Cloud, CloudError, ErrorResponse};

/// Judges such an error; `failed` has the status of the response, and the error for a body. Gives the word for it, too.
pub fn judge_inside(failed: FailedResponse<'_>) -> (Verdict, Option<String>) {
    let FailedResponse { cloud, error_type, body, .. } = failed;
    // What a status adds to the words, a 400 adds least.
    let error = cloud.read_error(ErrorResponse { status: 400, error_type, body }).concealed(body);
    let failed = FailedResponse { status: status_of(&error), ..failed };
    let word = error.code.clone().or_else(|| error.kind.clone());
    let verdict = match judge(failed) {
        // The body is in the client's words, but not with the status that goes with them.
        Verdict::Serve(_) => Verdict::Serve(client_error(CloudError { whole: false, ..error }, failed)),
        verdict => verdict,
    };
    (verdict, word)
}

/// Such an error in words for the client, once there was some of the completion: nothing can be tried any more.
pub fn error_inside(cloud: Cloud, body: &[u8]) -> ApiError {
    let error = cloud.read_error(ErrorResponse { status: 400, error_type: None, body }).concealed(body);
    let status = status_of(&error);
    let message = error.message.unwrap_or_else(|| "The target failed.".to_owned());
    let code = error.code.map_or(Cow::Borrowed("server_error"), Cow::Owned);
    ApiError { kind: error.kind, code: Some(code), ..ApiError::new(status, "", message) }
}

/// The status of an error by its code, or else by its type. One that nobody knows is the cloud's failure: no other target has
/// been asked yet, and nothing was generated.
///
/// Codes: `ResponseErrorCode` and the error types of openai-python 3.57; `google.rpc.Code`; the exceptions of botocore's
/// `bedrock-runtime`.
fn status_of(error: &CloudError) -> u16 {
    let of = |word: &Option<String>| word.as_deref().and_then(status_of_word);
    of(&error.code).or_else(|| of(&error.kind)).unwrap_or(500)
}

fn status_of_word(word: &str) -> Option<u16> {
    if let Ok(status @ 400..600) = word.parse() {
        return Some(status);
    }
    // `ThrottlingException`, `RESOURCE_EXHAUSTED` and `rate_limit_exceeded` are compared alike.
    let letters = word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    let word: String = letters.take(MOST_WORD).collect();
    let word = word.strip_suffix("exception").or_else(|| word.strip_suffix("error")).unwrap_or(&word);
    let begins = |starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
    Some(match word {
        "ratelimit"
        | "ratelimitexceeded"
        | "toomanyrequests"
        | "insufficientquota"
        | "tokens"
        | "requests"
        | "resourceexhausted"
        | "throttling"
        | "throttled"
        | "servicequotaexceeded"
        | "quotaexceeded" => 429,
        "overloaded" | "serveroverloaded" | "serverisoverloaded" | "engineoverloaded" | "serviceunavailable"
        | "unavailable" | "slowdown" | "modelnotready" => 503,
        "timeout" | "deadlineexceeded" | "modeltimeout" | "vectorstoretimeout" | "requesttimeout" => 504,
        "authentication" | "unauthenticated" | "invalidapikey" => 401,
        "permission" | "permissiondenied" | "accessdenied" => 403,
        "notfound" | "modelnotfound" | "resourcenotfound" | "deploymentnotfound" => 404,
        "cancelled" | "canceled" => 499,
        "contentfilter"
        | "contentpolicyviolation"
        | "responsibleaipolicyviolation"
        | "biopolicy"
        | "cyberpolicy"
        | "contextlengthexceeded"
        | "stringabovemaxlength"
        | "outofrange"
        | "validation"
        | "badrequest"
        | "emptyimagefile"
        | "failedtodownloadimage"
        | "modelerrorvalidation" => 400,
        // `invalid_prompt`, `invalid_request_error`, `invalid_image_url`; `image_too_large`; `unsupported_image_media_type`.
        _ if begins(&["invalid", "image", "unsupported", "missingrequired", "unknownparameter"]) => 400,
        _ => return None,
    })
}

/// The longest word that is known.
const MOST_WORD: usize = 64;

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::request::judge::{Cause, Failure};

    fn judged(cloud: Cloud, body: &str) -> (Verdict, Option<String>) {
        let body = body.as_bytes();
        judge_inside(FailedResponse {
            cloud,
            endpoint: "target",
            status: 200,
            retry_after: None,
            error_type: None,
            limits: &[],
            is_kept: false,
            body,
        })
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn moves_on_as_the_error_would_with_a_status_of_its_own() {
        for (cloud, body, cause, word) in [
            (
                Cloud::Azure,
                r#"{"type":"error","error":{"type":"too_many_requests","code":"too_many_requests","message":"Too Many Requests","param":null}}"#,
                Cause::Capacity,
                "too_many_requests",
            ),
            (
                Cloud::OpenAi,
                r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null}"#,
                Cause::Capacity,
                "rate_limit_exceeded",
            ),
            (
                Cloud::OpenAi,
                r#"{"error":{"type":"server_error","code":null,"message":"x"}}"#,
                Cause::ServerError,
                "server_error",
            ),
            (
                Cloud::Aws,
                r#"{"error":{"code":"ThrottlingException","message":"x"}}"#,
                Cause::Capacity,
                "ThrottlingException",
            ),
            (
                Cloud::Gcp,
                r#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#,
                Cause::ServerError,
                "UNAVAILABLE",
            ),
            (
                Cloud::Gcp,
                r#"{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}"#,
                Cause::Capacity,
                "RESOURCE_EXHAUSTED",
            ),
            (Cloud::Azure, r#"{"error":{"code":"429","message":"x"}}"#, Cause::Capacity, "429"),
            (
                Cloud::Azure,
                r#"{"id":"r","status":"failed","error":{"code":"server_error","message":"x"}}"#,
                Cause::ServerError,
                "server_error",
            ),
            (
                Cloud::Azure,
                r#"{"error":{"code":"DeploymentNotFound","message":"x"}}"#,
                Cause::Misconfigured,
                "DeploymentNotFound",
            ),
            (Cloud::Azure, r#"{"error":{"code":"never_seen","message":"x"}}"#, Cause::ServerError, "never_seen"),
            (
                Cloud::Azure,
                r#"{"error":{"code":"vector_store_timeout","message":"x"}}"#,
                Cause::Timeout,
                "vector_store_timeout",
            ),
        ] {
            let (verdict, said) = judged(cloud, body);
            assert!(
                matches!(&verdict, Verdict::MoveOn(Failure { cause: found, .. }) if *found == cause),
                "{body} {verdict:?}"
            );
            assert_eq!(said.as_deref(), Some(word), "{body}");
        }
        assert!(matches!(judged(Cloud::Azure, "no JSON"), (Verdict::MoveOn(_), None)));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_the_clients_is_told_with_a_status_of_its_own() {
        for (body, code) in [
            (
                r#"{"error":{"code":"invalid_prompt","message":"m","type":"invalid_request_error","param":null}}"#,
                "invalid_prompt",
            ),
            (r#"{"error":{"code":"image_too_large","message":"m"}}"#, "image_too_large"),
            (r#"{"error":{"code":"content_filter","message":"m"}}"#, "content_filter"),
            (
                r#"{"type":"error","code":"context_length_exceeded","message":"m","param":"input"}"#,
                "context_length_exceeded",
            ),
        ] {
            let (Verdict::Serve(Some(error)), _) = judged(Cloud::Azure, body) else {
                panic!("{body}");
            };
            assert_eq!((error.status, error.code.as_deref(), &*error.message), (400, Some(code), "m"), "{body}");
        }
    }
}
