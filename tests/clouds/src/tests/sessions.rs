//! What an account keeps, and what it says of another's.

use super::streams::{kinds, payloads};
use super::*;

/// Another resource of Azure's.
const OTHER: &str = "contoso-sweden.openai.azure.com";

impl Client {
    /// An operation of Azure's on a response that is kept.
    async fn kept(&self, host: &str, method: &'static str, operation: &str) -> Answer {
        let key = self.credential("azure_api_key").unwrap();
        let request = Outgoing::post(Surface::Azure, host, &format!("/openai/v1/responses/{operation}"), &json!({}));
        self.send(&Outgoing { method, ..request }.with("api-key", key)).await.unwrap()
    }

    async fn ask_at(&self, host: &str, body: &Value) -> Answer {
        let request = self.azure("responses", body);
        self.send(&Outgoing { host: host.into(), ..request }).await.unwrap()
    }

    async fn respond(&self, body: &Value) -> Value {
        let answer = self.ask_at(AZURE, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// The status, code and message of a refusal.
fn refusal(answer: &Answer) -> (u16, Value, String) {
    let error = &answer.json()["error"];
    (answer.status, error["code"].clone(), error["message"].as_str().unwrap_or_default().to_owned())
}

fn asked(input: Value) -> Value {
    json!({
        "model": "gpt6sol-prod", "input": input, "store": false, "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    })
}

#[tokio::test]
async fn a_response_is_kept_shown_and_deleted_at_its_account() {
    let client = clouds().await;
    let response = client.respond(&responses("gpt6sol-prod", "hi")).await;
    let id = response["id"].as_str().unwrap();
    assert_eq!(client.kept(AZURE, "GET", id).await.json(), response);
    let items = client.kept(AZURE, "GET", &format!("{id}/input_items")).await.json();
    assert_eq!((&items["object"], &items["data"][0]["content"][0]["text"]), (&json!("list"), &json!("hi")));
    assert_eq!(
        refusal(&client.kept(AZURE, "POST", &format!("{id}/cancel")).await).2,
        "Cannot cancel a synchronous response."
    );
    let not_found = (404, Value::Null, format!("Response with id '{id}' not found."));
    assert_eq!(refusal(&client.kept(OTHER, "GET", id).await), not_found);
    assert_eq!(refusal(&client.kept(OTHER, "DELETE", id).await), not_found);
    assert_eq!(client.kept(AZURE, "DELETE", id).await.json()["deleted"], true);
    assert_eq!(refusal(&client.kept(AZURE, "GET", id).await), not_found);
    let mut unkept = responses("gpt6sol-prod", "hi");
    unkept["store"] = json!(false);
    let id = client.respond(&unkept).await["id"].as_str().unwrap().to_owned();
    assert_eq!(client.kept(AZURE, "GET", &id).await.status, 404);
}

#[tokio::test]
async fn a_previous_response_is_known_at_its_account_alone() {
    let client = clouds().await;
    let first = client.respond(&responses("gpt6sol-prod", "hi")).await;
    let mut next = responses("gpt6sol-prod", "and then?");
    next["previous_response_id"] = first["id"].clone();
    assert_eq!(client.respond(&next).await["previous_response_id"], first["id"]);
    let words = format!("Previous response with id '{}' not found.", first["id"].as_str().unwrap());
    assert_eq!(refusal(&client.ask_at(OTHER, &next).await), (400, json!("previous_response_not_found"), words));
}

#[tokio::test]
async fn thoughts_and_references_are_refused_elsewhere_in_the_real_words() {
    let client = clouds().await;
    let user = json!({"role": "user", "content": "[[reasoning]] [[call f]]"});
    let result = |call: &Value| json!({"type": "function_call_output", "call_id": call["call_id"], "output": "ok"});
    let made = client.respond(&asked(json!([user]))).await["output"].clone();
    let (thought, call) = (&made[0], &made[1]);
    let whole = asked(json!([user, thought, call, result(call)]));
    assert_eq!(client.ask_at(AZURE, &whole).await.status, 200);
    let said = refusal(&client.ask_at(OTHER, &whole).await);
    assert_eq!((said.0, &said.1), (400, &json!("invalid_encrypted_content")));
    assert!(
        said.2.starts_with("The encrypted content gAAA...") && said.2.ends_with("could not be verified."),
        "{}",
        said.2
    );

    let changed = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        match new {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            new => value[name] = new,
        }
        value
    };
    let plain = changed(thought, "encrypted_content", Value::Null);
    let without_id = changed(call, "id", Value::Null);
    let input_of = |items: &[&Value]| asked(json!([&[&user], items].concat()));
    let thought_id = thought["id"].as_str().unwrap();
    let call_id = call["id"].as_str().unwrap();
    let needed = format!(
        "Item '{call_id}' of type 'function_call' was provided without its required 'reasoning' item: '{thought_id}'."
    );
    let unknown = format!("Item with id '{thought_id}' not found.");
    let rows = [
        ("half a thought", input_of(&[&plain, call, &result(call)]), 404, unknown.as_str()),
        ("without the thought", input_of(&[call, &result(call)]), 400, needed.as_str()),
        ("without thought and id", input_of(&[&without_id, &result(call)]), 200, ""),
        ("a reference", input_of(&[&json!({"type": "item_reference", "id": thought_id})]), 404, unknown.as_str()),
        ("twice", input_of(&[thought, call, &result(call), thought, call]), 400, "Duplicate item found with id"),
        ("no result", input_of(&[thought, call]), 400, "No tool output found for function call"),
        ("no call", input_of(&[&result(call)]), 400, "No tool call found for function call output"),
        (
            "a broken thought",
            input_of(&[&changed(thought, "encrypted_content", json!("gAAAAAB=")), call, &result(call)]),
            400,
            "The encrypted content",
        ),
    ];
    for (what, body, status, words) in rows {
        let answer = client.ask_at(AZURE, &body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().contains(words), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn two_origins_conflict_and_every_surface_refuses_anothers_thoughts() {
    let client = clouds().await;
    let user = json!({"role": "user", "content": "[[reasoning]] hi"});
    let here = client.ask_at(AZURE, &asked(json!([user]))).await.json()["output"].clone();
    let there = client.ask_at(OTHER, &asked(json!([user]))).await.json()["output"].clone();
    let both = asked(json!([user, here[0], here[1], there[0], there[1]]));
    assert_eq!(refusal(&client.ask_at(AZURE, &both).await).2, "Conflicting authenticated continuation identities");
    let mut body = asked(json!([user, here[0], here[1]]));
    body["model"] = json!("gpt-6.1-sol");
    let said = refusal(&client.send(&client.openai("responses", &body)).await.unwrap());
    let expected = format!(
        "The encrypted content for item {} could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
        here[0]["id"].as_str().unwrap()
    );
    assert_eq!(said, (400, json!("invalid_encrypted_content"), expected));
    for (surface, host, model) in
        [(Surface::AwsMantle, MANTLE, "openai.gpt-5.5"), (Surface::AwsRuntime, RUNTIME, "us.openai.gpt-6.1-sol")]
    {
        body["model"] = json!(model);
        let request = Outgoing::post(surface, host, "/openai/v1/responses", &body);
        let answer = client.send(&client.signed(request).unwrap()).await.unwrap();
        assert_eq!(refusal(&answer).1, "invalid_encrypted_content", "{model}");
    }
    let mantle = Outgoing::post(Surface::AwsMantle, MANTLE, "/openai/v1/responses", &{
        let mut body = asked(json!([user]));
        body["model"] = json!("openai.gpt-5.5");
        body
    });
    let made = client.send(&client.signed(mantle).unwrap()).await.unwrap().json();
    let sealed = made["output"][0]["encrypted_content"].as_str().unwrap();
    assert!(sealed.starts_with("rsn_") && sealed.len() == 772);
}

/// Codex hands tasks to other agents in ciphertext, which no field names on its way out.
#[tokio::test]
async fn an_agents_ciphertext_is_read_where_it_was_made() {
    let client = clouds().await;
    let script = r#"[[script [[{"call": "f", "arguments": {"message": "{{sealed}}"}}, {"item": {"type": "shell_call", "action": {}}}]]]]"#;
    let made = client.respond(&asked(json!([{"role": "user", "content": script}]))).await["output"].clone();
    assert_eq!((&made[1]["type"], &made[1]["status"]), (&json!("shell_call"), &json!("completed")));
    let arguments: Value = serde_json::from_str(made[0]["arguments"].as_str().unwrap()).unwrap();
    let part = json!({"type": "encrypted_content", "encrypted_content": arguments["message"]});
    let body = asked(json!([{"type": "agent_message", "author": "/root", "content": [part]}]));
    assert_eq!(client.ask_at(AZURE, &body).await.status, 200);
    let words = "Encrypted function output content could not be decrypted or decoded.";
    assert_eq!(
        refusal(&client.ask_at(OTHER, &body).await),
        (400, json!("invalid_encrypted_content"), words.to_owned())
    );
}

#[tokio::test]
async fn what_is_compacted_belongs_to_its_account() {
    let client = clouds().await;
    let request = client.azure("responses/compact", &json!({"model": "gpt6sol-prod", "input": "hi"}));
    let compacted = client.send(&request).await.unwrap().json();
    let sealed = compacted["output"][1]["encrypted_content"].as_str().unwrap();
    assert!(sealed.starts_with("gAAA") && compacted["usage"]["total_tokens"].is_u64());
    let next = responses("gpt6sol-prod", "");
    let body = |items: &Value| {
        let mut body = next.clone();
        body["input"] = items.clone();
        body
    };
    assert_eq!(client.ask_at(AZURE, &body(&compacted["output"])).await.status, 200);
    assert_eq!(refusal(&client.ask_at(OTHER, &body(&compacted["output"])).await).1, "invalid_encrypted_content");
    let counted = client.azure("responses/input_tokens", &json!({"model": "gpt6sol-prod", "input": "hi"}));
    let counted = client.send(&counted).await.unwrap().json();
    assert_eq!((&counted["object"], counted["input_tokens"].is_u64()), (&json!("response.input_tokens"), true));
    let mut long = responses("gpt6sol-prod", &"x".repeat(8000));
    long["context_management"] = json!([{"type": "compaction", "compact_threshold": 1000}]);
    assert_eq!(client.respond(&long).await["output"][0]["type"], "compaction");
}

#[tokio::test]
async fn a_response_in_the_background_moves_on_with_its_polls() {
    let client = clouds().await;
    let mut body = responses("gpt6sol-prod", "hi");
    body["background"] = json!(true);
    let queued = client.respond(&body).await;
    let id = queued["id"].as_str().unwrap();
    assert_eq!((&queued["status"], &queued["output"]), (&json!("queued"), &json!([])));
    let mut states = Vec::new();
    for _ in 0..3 {
        states.push(client.kept(AZURE, "GET", id).await.json()["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(states, ["in_progress", "completed", "completed"]);
    assert_eq!(
        refusal(&client.kept(AZURE, "POST", &format!("{id}/cancel")).await).2,
        "Cannot cancel a completed response."
    );
    assert_eq!(client.kept(AZURE, "GET", &format!("{id}?stream=true")).await.status, 400);
    client.respond(&body).await;
    assert_eq!(client.kept(AZURE, "POST", &format!("{id}/cancel")).await.json()["status"], "cancelled");
    assert_eq!(client.kept(AZURE, "GET", id).await.json()["status"], "cancelled");
}

#[tokio::test]
async fn a_stream_in_the_background_is_resumed_behind_the_last_event() {
    let client = clouds().await;
    let mut body = responses("gpt6sol-prod", "one two three [[azure cut after=6]]");
    body["background"] = json!(true);
    body["stream"] = json!(true);
    let answer = client.ask_at(AZURE, &body).await;
    assert!(answer.cut);
    let begun = payloads(&answer.text());
    assert_eq!(kinds(&begun)[..3], ["response.created", "response.queued", "response.in_progress"]);
    assert_eq!(begun[0]["response"]["status"], "queued");
    let (id, last) = (begun[0]["response"]["id"].as_str().unwrap(), &begun[5]["sequence_number"]);
    let rest = client.kept(AZURE, "GET", &format!("{id}?stream=true&starting_after={last}")).await;
    assert_eq!(rest.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let rest = payloads(&rest.text());
    assert_eq!((&rest[0]["sequence_number"], &rest.last().unwrap()["type"]), (&json!(6), &json!("response.completed")));
    assert_eq!(client.kept(OTHER, "GET", &format!("{id}?stream=true")).await.status, 404);
}

#[tokio::test]
async fn a_conversation_is_known_at_its_account_alone() {
    let client = clouds().await;
    let made = client.send(&client.azure("conversations", &json!({"metadata": {"a": "b"}}))).await.unwrap().json();
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["object"], &made["metadata"]["a"]), (&json!("conversation"), &json!("b")));
    let mut body = responses("gpt6sol-prod", r#"[[script ["one", "two"]]]"#);
    body["conversation"] = json!(id);
    let first = client.respond(&body).await;
    assert_eq!((&first["conversation"]["id"], &first["output"][0]["content"][0]["text"]), (&json!(id), &json!("one")));
    body["input"] = json!("and?");
    body["conversation"] = json!({"id": id});
    assert_eq!(client.respond(&body).await["output"][0]["content"][0]["text"], "two");
    let not_found = (404, Value::Null, format!("Conversation with id '{id}' not found."));
    assert_eq!(refusal(&client.ask_at(OTHER, &body).await), not_found);
    let by_id = |method, rest: &str| {
        let request = client.azure(&format!("conversations/{id}{rest}"), &json!({}));
        Outgoing { method, ..request }
    };
    let items = client.send(&by_id("GET", "/items")).await.unwrap().json();
    assert_eq!(items["data"].as_array().unwrap().len(), 4);
    assert_eq!(client.send(&by_id("DELETE", "")).await.unwrap().json()["deleted"], true);
    assert_eq!(refusal(&client.send(&by_id("GET", "")).await.unwrap()), not_found);
}

#[tokio::test]
async fn only_the_surfaces_that_keep_responses_have_their_operations() {
    let client = clouds().await;
    let google = format!("Bearer {}", client.google_token().await.unwrap());
    let signed =
        |surface, host, target: &str| client.signed(Outgoing::post(surface, host, target, &json!({}))).unwrap();
    let rows = [
        (signed(Surface::AwsRuntime, RUNTIME, "/openai/v1/responses/resp_1/cancel"), "UnknownOperationException"),
        (
            signed(Surface::AwsMantle, MANTLE, "/openai/v1/responses/resp_1/cancel"),
            "Response with id 'resp_1' not found.",
        ),
        (signed(Surface::AwsMantle, MANTLE, "/openai/v1/responses/compact"), "not_found"),
        (signed(Surface::AwsMantle, MANTLE, "/openai/v1/conversations"), "not_found"),
        (
            Outgoing::post(
                Surface::Gcp,
                GCP,
                "/v1/projects/acme-ai/locations/us/publishers/openai/v1/responses/resp_1/cancel",
                &json!({}),
            )
            .with("authorization", google.clone()),
            "Error 404",
        ),
        (client.openai("responses/resp_1/cancel", &json!({})), "Response with id 'resp_1' not found."),
    ];
    for (request, words) in rows {
        let target = request.target.clone();
        let answer = client.send(&request).await.unwrap();
        assert!(answer.status == 404 && answer.text().contains(words), "{target}: {} {}", answer.status, answer.text());
    }
}
