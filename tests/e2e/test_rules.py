"""What a model's family does not take: a request that needs it goes past such a model to one that has it; an old name of a
field gives way to the new one; and what a target may drop is left out for it alone."""

import json

import pytest

from harness.policies import BOTH, CHAT, target

AWS, AZURE = "aws-use1", "azure-eastus2"
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
OFF = {"reasoning_effort": "none"}
GPT_6, GPT_4 = "us.openai.gpt-6.1-sol", "gpt4o-classic"
DROPPED = ["sampling", "stop", "logprobs", "logit_bias", "choices"]


@pytest.fixture
def ruled(policy, start_gateway):
    """A later model at Amazon comes first, GPT-4o at Azure second, which takes all that chat completions have."""
    last = target(AZURE, GPT_4, CHAT, 1, 1)
    policy["models"] |= {
        "gpt": [target(AWS, GPT_6, CHAT, 1, 1), last],
        "oss": [target(AWS, "openai.gpt-oss-120b-1:0", CHAT, 1, 1), last],
        "alone": [target(AWS, GPT_6, CHAT, 1, 1), target(AZURE, "gpt6sol-prod", CHAT, 1, 1)],
        "dropping": [{**target(AWS, GPT_6, CHAT, 1, 1), "drop": DROPPED}, last],
        "either": [{**target(AWS, GPT_6, BOTH, 1, 1), "translate": True}],
        "chatty": [{**target(AWS, GPT_6, CHAT, 1, 1), "translate": True}],
    }
    policy["tenants"]["acme"]["clouds"] = ["aws", "azure", "gcp"]
    return start_gateway(policy)


# the model, fields of a chat, who serves it
GATES = [
    ("gpt", {}, AWS),
    ("gpt", {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "n": 1, "logprobs": False, "stop": None}, AWS),
    ("gpt", {"temperature": 0.2}, AZURE),
    ("gpt", {"temperature": 0.2, **OFF}, AWS),
    ("gpt", {"top_p": 0.9}, AZURE),
    ("gpt", {"presence_penalty": 0.5}, AZURE),
    ("gpt", {"frequency_penalty": -1}, AZURE),
    ("gpt", {"logprobs": True}, AZURE),
    ("gpt", {"logprobs": True, **OFF}, AWS),
    ("gpt", {"logit_bias": {"1": 1}}, AZURE),
    ("gpt", {"stop": ["x"], **OFF}, AZURE),
    ("gpt", {"n": 2, **OFF}, AZURE),
    ("gpt", {"tools": [FUNCTION]}, AZURE),
    ("gpt", {"tools": [FUNCTION], **OFF}, AWS),
    ("gpt", {"reasoning_effort": "minimal"}, AZURE),
    ("oss", {"temperature": 0.2, "tools": [FUNCTION], "stop": "x"}, AWS),
    ("oss", {"logit_bias": {"1": 1}}, AZURE),
    ("oss", {"verbosity": "low"}, AZURE),
    ("oss", {"tools": [CUSTOM]}, AZURE),
    ("oss", {"response_format": SCHEMA}, AZURE),
]


def test_what_a_family_does_not_take_goes_to_the_next(ruled):
    for model, fields, expected in GATES:
        answer = ruled.ask(model=model, **fields)

        # The emulated clouds refuse what a model does not take.
        assert (answer.status, answer.target, answer.attempts) == (200, expected, 1), (model, fields, answer)


# the model, fields of a chat, what arrives at the cloud in place of them
RENAMED = [
    ("gpt", {"max_tokens": 50}, {"max_completion_tokens": 50}),
    ("gpt", {"max_completion_tokens": 50}, {"max_completion_tokens": 50}),
    ("oss", {"max_tokens": 50}, {"max_tokens": 50}),
]


def test_the_old_name_of_a_limit_gives_way(ruled):
    for model, fields, expected in RENAMED:
        for http in 1, 2:
            answer = ruled.ask(model=model, http=http, **fields)
            [record] = answer.records
            body = json.loads(record["body"])

            assert (answer.status, answer.target) == (200, AWS), answer
            assert {name: value for name, value in body.items() if name.startswith("max_")} == expected, body

    # Of several targets each gets the name that it knows.
    answer = ruled.ask("hi [[aws 500]]", model="gpt", max_tokens=50)
    bodies = [json.loads(record["body"]) for record in answer.records]
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in bodies] == [(False, True), (True, False)], bodies


def test_what_may_be_dropped_is_left_out_for_that_target_alone(ruled):
    fields = {"temperature": 0.2, "top_p": 0.5, "stop": "x", "seed": 7, "n": 2}
    answer = ruled.ask("hi [[aws 500]]", model="dropping", **fields)
    first, second = [json.loads(record["body"]) for record in answer.records]

    assert (answer.status, answer.target, answer.attempts) == (200, AZURE, 2), answer
    assert set(first) & set(fields) == {"seed"} and {name: second[name] for name in fields} == fields, (first, second)
    [line] = ruled.access(answer, 1)
    assert "left_out=" not in line["record"], line

    answer = ruled.ask(model="dropping", **fields)
    [line] = ruled.access(answer, 1)
    assert (answer.status, answer.target) == (200, AWS), answer
    assert sorted(line["record"].split(" left_out=")[1].split(" ")[0].split(",")) == ["n", "stop", "temperature", "top_p"], line

    # What it has is not left out, and what may not be dropped moves on.
    answer = ruled.ask(model="dropping", temperature=0.2, **OFF)
    assert (answer.target, json.loads(answer.records[0]["body"])["temperature"]) == (AWS, 0.2), answer
    assert ruled.ask(model="dropping", temperature=0.2, tools=[FUNCTION]).target == AZURE


def test_where_no_target_is_left_fields_and_targets_are_named(ruled):
    answer = ruled.ask(model="alone", temperature=0.2, stop="x")

    assert (answer.status, answer.error["code"], answer.tried) == (400, "unsupported_feature", []), answer
    for word in "`temperature`", "`stop`", AWS, AZURE:
        assert word in answer.error["message"], answer


def test_a_model_that_speaks_both_forms_is_asked_in_the_one_that_takes_it(ruled):
    answer = ruled.ask(model="either", tools=[FUNCTION])
    assert (answer.status, answer.records[0]["path"].split("/")[-1]) == (200, "responses"), answer
    answer = ruled.ask(model="either", tools=[FUNCTION], **OFF)
    assert (answer.status, answer.records[0]["path"].split("/")[-1]) == (200, "completions"), answer


def test_a_translated_request_obeys_the_rules_of_what_it_becomes(ruled):
    # A function of the Responses API, at a model that takes none in chat completions while it reasons.
    tools = [{"name": "f", "type": "function", "parameters": {"type": "object"}, "strict": False}]
    question = {"form": "responses", "model": "chatty", "store": False, "tools": tools}

    answer = ruled.ask(**question)
    assert (answer.status, answer.error["code"], answer.tried) == (400, "unsupported_feature", []), answer
    answer = ruled.ask(reasoning={"effort": "none"}, **question)
    assert (answer.status, answer.target, answer.records[0]["path"].split("/")[-1]) == (200, AWS, "completions"), answer
