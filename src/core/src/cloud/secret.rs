//! What shows a credential of ours, though nobody here knows it: a cloud may repeat in an error what it was sent. Too much
//! is hidden rather than too little; what is lost is a message.

/// What stands in an error only beside a credential, or tells the account behind it; in lower case.
const MARKS: [&[u8]; 9] = [
    b"aws4-hmac-sha256",
    b"credential=",
    b"signature=",
    b"signedheaders=",
    b"x-amz-security-token",
    b"assumed-role/",
    b":iam::",
    b":sts::",
    b"bedrock-api-key-",
];

/// What stands before a secret, in lower case.
const LABELS: [&[u8]; 3] = [b"bearer", b"api-key", b"client_secret"];

/// The least length of a secret after a label: words that follow it in a sentence are shorter.
const LEAST_LABELLED: usize = 16;

/// Whether `text` shows a credential, or a part of one.
pub fn shows_credential(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    if MARKS.iter().any(|mark| memory_find(&lower, mark).is_some()) {
        return true;
    }
    // The word before, and whether one of the labels stands in it or before it.
    let mut before: &[u8] = b"";
    for word in text.split(|byte| !is_of_token(*byte)).filter(|word| !word.is_empty()) {
        let labelled = LABELS.iter().any(|label| before.eq_ignore_ascii_case(label));
        if (labelled && word.len() >= LEAST_LABELLED) || is_secret(word, before) {
            return true;
        }
        before = word;
    }
    false
}

/// Whether a word has the shape of a secret: OpenAI's keys, AWS's key ids and Bedrock's keys, JSON Web Tokens (Entra ID's),
/// Google's access tokens, and the keys of Azure, of 32 hexadecimal digits or of 84 letters and digits.
fn is_secret(word: &[u8], before: &[u8]) -> bool {
    let begins = |prefix: &[u8], least: usize| word.starts_with(prefix) && word.len() >= least;
    let all = |of: fn(&u8) -> bool| word.iter().all(of);
    begins(b"sk-", 20)
        || begins(b"eyJ", 32)
        || begins(b"ya29.", 20)
        || begins(b"ABSK", 24)
        || ((begins(b"AKIA", 20) || begins(b"ASIA", 20)) && all(u8::is_ascii_alphanumeric))
        // The ids of requests and traces are as long as a key.
        || (word.len() == 32 && all(u8::is_ascii_hexdigit) && !before.eq_ignore_ascii_case(b"id"))
        || (word.len() == 84 && all(u8::is_ascii_alphanumeric))
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+')
}

fn memory_find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn knows_a_credential_by_its_shape() {
        let jwt = format!("eyJ{}.{}", "hbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9", "eyJpc3MiOiJ4In0");
        let azure = "4".repeat(84);
        for text in [
            "Incorrect API key provided: sk-proj-abcdefghijklmnop",
            "Authorization=AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/bedrock/aws4_request",
            "key AKIAIOSFODNN7EXAMPLE is unknown",
            "User: arn:aws:sts::123456789012:assumed-role/web/i-0abc is not authorized to perform: bedrock:InvokeModel",
            "User: arn:aws-us-gov:iam::123456789012:user/x is not authorized",
            "token ya29.c.b0AXv0zTN1234567 expired",
            "ABSKQmVkcm9ja0FQSUtleS1abcdef",
            r#"{"headers": {"Authorization": "Bearer abcdefghijklmnopqrst"}}"#,
            r#"{"api-key": "0123456789abcdefABCDEFxyz"}"#,
            "api-key: 0123456789abcdef0123456789abcdef",
            "key 0123456789abcdef0123456789abcdef is wrong",
            &format!("token {jwt} is not valid"),
            &format!("key {azure} is not valid"),
        ] {
            assert!(shows_credential(text.as_bytes()), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn lets_pass_what_only_speaks_of_one() {
        for text in [
            "",
            "Access denied due to invalid subscription key or wrong API endpoint.",
            "Missing header: api-key",
            "Expected a Bearer token",
            "Please include the request ID 0123456789abcdef0123456789abcdef in your message.",
            "activity id: 2b1f9c1e-59f1-4d0e-a2d8-0a4a3f0d6f11",
            "No tool call found for function call output with call_id call_9pw1qnScn40OtTeyYR7K0Ocs.",
            "Item 'rs_0a1b2c3d4e5f60718293a4b5c6d7e8f901' of type 'reasoning' was provided without its required following item.",
            "The model `us.openai.gpt-6.1-sol` does not exist",
        ] {
            assert!(!shows_credential(text.as_bytes()), "{text}");
        }
    }
}
