"""Every endpoint in every API form that it speaks, whole and streamed, through the official `openai` package."""

import pytest

from harness.gateway import Question

pytestmark = pytest.mark.sdk

AZURE, DATED = "/openai/v1", "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21"
GOOGLE = "/v1/projects/acme-ai/locations"

# endpoint, form, model, the credential that the cloud saw, the path that it was asked at, what it calls itself
ROWS = [
    ("azure-eastus2", "chat", "gpt-6.1-sol", "api_key", f"{AZURE}/chat/completions", "azure contoso-eastus2 gpt6sol-prod"),
    ("azure-eastus2", "responses", "gpt-6.1-sol", "api_key", f"{AZURE}/responses", "azure contoso-eastus2 gpt6sol-prod"),
    ("azure-eastus2", "chat", "gpt-4o", "api_key", DATED, "azure contoso-eastus2 gpt4o-classic"),
    ("azure-sweden", "chat", "gpt-6.1-sol", "bearer", f"{AZURE}/chat/completions", "azure contoso-sweden gpt6sol-prod"),
    ("azure-sweden", "responses", "gpt-6.1-sol", "bearer", f"{AZURE}/responses", "azure contoso-sweden gpt6sol-prod"),
    ("aws-use1", "chat", "gpt-6.1-sol", "sigv4", "/openai/v1/chat/completions", "aws us-east-1 us.openai.gpt-6.1-sol"),
    ("aws-use1", "responses", "gpt-6.1-sol", "sigv4", "/openai/v1/responses", "aws us-east-1 us.openai.gpt-6.1-sol"),
    ("aws-use1", "chat", "gpt-oss-120b", "sigv4", "/openai/v1/chat/completions", "aws us-east-1 openai.gpt-oss-120b-1:0"),
    ("aws-euw1", "chat", "gpt-6.1-sol", "api_key", "/openai/v1/chat/completions", "aws eu-west-1 eu.openai.gpt-6.1-sol"),
    ("aws-mantle", "responses", "gpt-6.1-sol", "sigv4", "/openai/v1/responses", "aws us-east-1 openai.gpt-6.1-sol"),
    ("aws-mantle", "chat", "gpt-oss-120b", "sigv4", "/v1/chat/completions", "aws us-east-1 openai.gpt-oss-120b"),
    ("aws-mantle", "responses", "gpt-oss-120b", "sigv4", "/v1/responses", "aws us-east-1 openai.gpt-oss-120b"),
    ("aws-mantle-key", "responses", "gpt-6.1-sol", "api_key", "/openai/v1/responses", "aws us-west-2 openai.gpt-6.1-sol"),
    ("gcp-us", "responses", "gpt-6.1-sol", "bearer", f"{GOOGLE}/us/publishers/openai/v1/responses", "gcp us gpt-6.1-sol"),
    ("gcp-us", "chat", "gpt-oss-120b", "bearer", f"{GOOGLE}/us/endpoints/openapi/chat/completions",
     "gcp us openai/gpt-oss-120b-maas"),
    ("gcp-global", "responses", "gpt-6.1-sol", "bearer", f"{GOOGLE}/global/publishers/openai/v1/responses",
     "gcp global gpt-6.1-sol"),
    ("gcp-global", "chat", "gpt-oss-120b", "bearer", f"{GOOGLE}/global/endpoints/openapi/chat/completions",
     "gcp global openai/gpt-oss-120b-maas"),
    ("openai-eu", "chat", "gpt-6.1-sol", "bearer", "/v1/chat/completions", "openai eu gpt-6.1-sol"),
    ("openai-eu", "responses", "gpt-6.1-sol", "bearer", "/v1/responses", "openai eu gpt-6.1-sol"),
    ("openai-global", "chat", "gpt-6.1-sol", "bearer", "/v1/chat/completions", "openai global gpt-6.1-sol"),
    ("openai-global", "responses", "gpt-6.1-sol", "bearer", "/v1/responses", "openai global gpt-6.1-sol"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:3]))
def test_serves(row, stream, client, clouds):
    endpoint, form, model, auth, path, name = row
    question = Question(model=model, form=form, stream=stream)

    said, headers = say(client(only=endpoint), form, question)

    assert said == f"{name}: hi {question.mark}"
    [record] = clouds.records(question.mark)
    assert (record["path"], record["auth"].split()[0], record["status"]) == (path, auth, 200)
    assert record["sni"] == record["host"], "the cloud is asked by the name that TLS proved"
    assert (headers["x-multihome-cloud"], headers["x-multihome-target"]) == (record["cloud"], endpoint)
    assert headers["x-multihome-attempts"] == "1" and headers["x-request-id"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-4o"])
def test_serves_azures_client(model, stream, client, clouds):
    question = Question(model=model, stream=stream)

    said, headers = say(client(azure=True), "chat", question)

    assert said.endswith(f"hi {question.mark}")
    assert headers["x-multihome-target"] == "azure-eastus2"
    assert len(clouds.records(question.mark)) == 1


def test_fails_over_under_the_sdk(client, clouds):
    question = Question("hi [[azure 429 retry-after=7]]", stream=True)

    said, headers = say(client(), "chat", question)

    assert said == f"aws us-east-1 us.openai.gpt-6.1-sol: hi  {question.mark}"
    assert (headers["x-multihome-cloud"], headers["x-multihome-attempts"]) == ("aws", "2")
    assert [record["status"] for record in clouds.records(question.mark)] == [429, 200]


# tenant, the models it may use
MODELS = [
    ("acme", ["gpt-4o", "gpt-6.1-sol", "gpt-oss-120b"]),
    ("europe", ["gpt-6.1-sol"]),
    ("aws-only", ["gpt-oss-120b"]),
]


@pytest.mark.parametrize("tenant, models", MODELS)
def test_lists_models(tenant, models, client):
    made = client(tenant=tenant)
    assert sorted(model.id for model in made.models.list()) == models
    assert made.models.retrieve(models[0]).id == models[0]


def say(client, form, question):
    """What the model wrote, and the headers of the answer."""
    if form == "chat":
        raw = client.chat.completions.with_raw_response.create(**question.body)
        answer = raw.parse()
        if not question.body.get("stream"):
            return answer.choices[0].message.content, raw.headers
        # Azure reports its content filter in a chunk without a delta.
        pieces = [choice.delta.content or "" for chunk in answer for choice in chunk.choices if choice.delta]
        return "".join(pieces), raw.headers
    raw = client.responses.with_raw_response.create(**question.body)
    answer = raw.parse()
    if not question.body.get("stream"):
        return answer.output_text, raw.headers
    return "".join(event.delta for event in answer if event.type == "response.output_text.delta"), raw.headers
