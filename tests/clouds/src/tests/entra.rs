use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const SCOPE: &str = "https%3A%2F%2Fcognitiveservices.azure.com%2F.default";

fn token_request(client: &Client, form: &str) -> Outgoing {
    let tenant = client.credential("entra_tenant").unwrap();
    let request = Outgoing::post(Surface::Entra, ENTRA, &format!("/{tenant}/oauth2/v2.0/token"), &json!({}));
    let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
    Outgoing { headers, body: form.into(), ..request }
}

fn form(client: &Client) -> String {
    let id = client.credential("entra_client_id").unwrap();
    let secret = client.credential("entra_client_secret").unwrap().replace('~', "%7E");
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={SCOPE}")
}

async fn token(client: &Client, scope: &str) -> String {
    let request = token_request(client, &form(client).replace(SCOPE, scope));
    client.send(&request).await.unwrap().json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn issues_tokens_that_azure_takes() {
    let client = clouds().await;
    let answer = client.send(&token_request(&client, &form(&client))).await.unwrap();
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    assert_eq!(client.last_record().await["auth"], "client_secret");
    let cases = [
        (SCOPE, AZURE, 200),
        ("https%3A%2F%2Fai.azure.com%2F.default", AZURE, 200),
        ("https%3A%2F%2Fmanagement.azure.com%2F.default", AZURE, 401),
        ("https%3A%2F%2Fcognitiveservices.azure.us%2F.default", AZURE, 401),
        ("https%3A%2F%2Fcognitiveservices.azure.us%2F.default", "contoso.openai.azure.us", 200),
        (SCOPE, "contoso.openai.azure.us", 401),
    ];
    for (scope, host, status) in cases {
        let token = token(&client, scope).await;
        let request = Outgoing::post(Surface::Azure, host, "/openai/v1/responses", &responses("gpt-6.1-sol", "hi"));
        let answer = client.send(&request.with("authorization", format!("Bearer {token}"))).await.unwrap();
        assert_eq!(answer.status, status, "{scope} {host}: {}", answer.text());
    }
}

#[tokio::test]
async fn takes_the_secret_as_basic_authentication_too() {
    let client = clouds().await;
    let (id, secret) =
        (client.credential("entra_client_id").unwrap(), client.credential("entra_client_secret").unwrap());
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let request = token_request(&client, &format!("grant_type=client_credentials&scope={SCOPE}"));
    let answer = client.send(&request.with("authorization", basic)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(client.last_record().await["auth"], "basic");
}

#[tokio::test]
async fn refuses_in_the_words_of_the_real_one() {
    let client = clouds().await;
    let good = form(&client);
    let without = |name: &str| {
        let kept = good.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
        kept.collect::<Vec<_>>().join("&")
    };
    let request = |form: &str| token_request(&client, form);
    let other_tenant = Outgoing { target: "/contoso/oauth2/v2.0/token".into(), ..request(&good) };
    let json_body = Outgoing { headers: vec![("content-type".into(), "application/json".into())], ..request(&good) };
    let rows = [
        (other_tenant, 400, "invalid_request", 90_002),
        (json_body, 400, "invalid_request", 900_144),
        (request(&without("grant_type")), 400, "invalid_request", 900_144),
        (request(&without("client_id")), 400, "invalid_request", 900_144),
        (request(&without("client_secret")), 401, "invalid_client", 7_000_218),
        (request(&without("scope")), 400, "invalid_request", 900_144),
        (request(&good.replace("client_credentials", "password")), 400, "unsupported_grant_type", 70_003),
        (request(&good.replace("client_id=", "client_id=0")), 400, "unauthorized_client", 700_016),
        (request(&good.replace("client_secret=", "client_secret=0")), 401, "invalid_client", 7_000_215),
        (request(&good.replace("%2F.default", "")), 400, "invalid_scope", 1_002_012),
        (request(&good.replace("cognitiveservices", "cognitive")), 400, "invalid_resource", 500_011),
    ];
    for (request, status, error, code) in rows {
        let answer = client.send(&request).await.unwrap();
        let body = answer.json();
        assert_eq!((answer.status, body["error"].as_str()), (status, Some(error)), "{}", request.body);
        assert_eq!(body["error_codes"], json!([code]));
        let description = body["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(body["trace_id"].is_string() && body["correlation_id"].is_string() && body["timestamp"].is_string());
    }
}
