"""Which target comes first: by weight to the pick, and by the price of the request at hand."""

import json

import pytest

from harness import policies
from harness.gateway import Gateway, Question

AZURE, SWEDEN, RUNTIME, MANTLE = "azure-eastus2", "azure-sweden", "aws-use1", "aws-mantle"


def target(endpoint, weight=None, price=None):
    id = {AZURE: "gpt-oss-120b", SWEDEN: "gpt-oss-120b", RUNTIME: "openai.gpt-oss-120b-1:0", MANTLE: "openai.gpt-oss-120b"}[endpoint]
    wanted = {"endpoint": endpoint, "id": id, "form": "openai.chat", "weight": weight,
              "price": price and dict(zip(("input", "output"), price))}
    return {key: value for key, value in wanted.items() if value is not None}


# model, its targets with their weights (a target without one weighs 1)
WEIGHTS = {
    "halves": [(AZURE, 1), (RUNTIME, 1)],
    "70-20-10": [(AZURE, 70), (RUNTIME, 20), (MANTLE, 10)],
    "uneven": [(AZURE, 5), (RUNTIME, 3), (MANTLE, 3), (SWEDEN, 2)],
    "rare": [(AZURE, 333), (RUNTIME, 1)],
    "unsaid": [(AZURE, 2), (RUNTIME, None)],
    "one never first": [(AZURE, 0), (RUNTIME, 7), (MANTLE, 4)],
}

# US dollars for a million tokens, of the request and of the answer
PRICES = {
    "crossing": [(AZURE, (1.0, 10.0)), (RUNTIME, (5.0, 2.0)), (MANTLE, None)],
    "equal": [(RUNTIME, (1.0, 1.0)), (AZURE, (1.0, 1.0)), (MANTLE, (1.0, 1.0))],
    "free": [(RUNTIME, (0.1, 0.1)), (MANTLE, (0.0, 0.0)), (AZURE, None)],
}


def policy_of(clouds):
    policy = policies.base(clouds)
    named = {key: policy["endpoints"][key] for key in (AZURE, SWEDEN, RUNTIME, MANTLE)}
    # No token to wait for: what counts here is the order.
    named[SWEDEN] = {**named[SWEDEN], "auth": {"api_key": {"sds": "azure-key"}}}
    policy["endpoints"] = named
    policy["models"] = {
        **{name.replace(" ", "-"): [target(*row) for row in rows] for name, rows in WEIGHTS.items()},
        **{name: [target(endpoint, price=price) for endpoint, price in rows] for name, rows in PRICES.items()},
    }
    everything = {"clouds": ["azure", "aws"], "residency": ["us", "eu"], "models": ["*"]}
    policy["tenants"] = {"acme": {**everything, "order": ["weighted", "cheapest"]}}
    del policy["identity"]["policy"]
    policy["defaults"] = {"max_tokens": 1000}
    return policy


@pytest.fixture(scope="module")
def ranking(processes, the_clouds, envoy, tmp_path_factory):
    """With one worker: every worker keeps shares of its own."""
    gateway = Gateway(processes, tmp_path_factory.mktemp("ranking"), envoy, policy_of(the_clouds), the_clouds, concurrency=1)
    yield gateway
    gateway.stop()


def picks(gateway, model, count, headers=()):
    """Who answered each of so many requests, in order, on one connection."""
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json"), *headers]
    body = json.dumps(Question(model=model).body).encode()
    with gateway.connect() as connection:
        found = []
        for _ in range(count):
            connection.send("POST", "/v1/chat/completions", headers, body)
            answer = connection.read()
            assert answer.status == 200, answer
            found.append(answer.target)
        return found


@pytest.mark.parametrize("name, count", [(name, 1000 if name in ("70-20-10", "rare") else 120) for name in WEIGHTS])
def test_every_share_is_within_one_pick_of_its_weight(name, count, ranking):
    weights = {endpoint: 1 if weight is None else weight for endpoint, weight in WEIGHTS[name]}
    total = sum(weights.values())

    found = picks(ranking, name.replace(" ", "-"), count)

    counts = dict.fromkeys(weights, 0)
    for turn, endpoint in enumerate(found, 1):
        counts[endpoint] += 1
        for other, weight in weights.items():
            assert abs(counts[other] - turn * weight / total) <= 1, f"after {turn} picks: {counts}"


def test_narrowed_requests_have_shares_of_their_own(ranking):
    """What is left shares by its weights, and does not disturb the shares of all."""
    found = picks(ranking, "70-20-10", 30, [("x-multihome-clouds", "aws")])
    assert (found.count(RUNTIME), found.count(MANTLE), found.count(AZURE)) == (20, 10, 0)
    found = picks(ranking, "70-20-10", 100)
    assert (found.count(AZURE), found.count(RUNTIME), found.count(MANTLE)) == (70, 20, 10)


def test_the_others_follow_by_weight(ranking, clouds):
    """A target that fails is followed by the heaviest of the rest; a weight of 0 comes last."""
    answer = ranking.ask("[[aws 503]]", model="one-never-first")
    assert answer.status == 200
    assert answer.target == AZURE and answer.attempts == 3


# model, bytes of the body (about), fields of the request, who is the cheapest
CHEAPEST = [
    # A short question with a long answer is dear where answers are, a long question with a short answer where questions are.
    ("crossing", 100, {"max_tokens": 4000}, RUNTIME),
    ("crossing", 100, {"max_completion_tokens": 4000}, RUNTIME),
    ("crossing", 100_000, {"max_tokens": 100}, AZURE),
    ("crossing", 100_000, {"max_completion_tokens": 100}, AZURE),
    # 4 bytes a token: (1·b/4 + 10·t) against (5·b/4 + 2·t) turns at b = 8·t.
    ("crossing", 7_800, {"max_tokens": 1000}, RUNTIME),
    ("crossing", 8_200, {"max_tokens": 1000}, AZURE),
    # Without a limit the file's default counts, which is 1000.
    ("crossing", 7_800, {}, RUNTIME),
    ("crossing", 8_200, {}, AZURE),
    # The larger of two limits, a limit that is none
    ("crossing", 8_200, {"max_tokens": 2000, "max_completion_tokens": 10}, RUNTIME),
    ("crossing", 8_200, {"max_tokens": None}, AZURE),
    ("crossing", 100, {"max_tokens": 1}, AZURE),
    # Of equals the file's first; nothing is cheaper than free; without a price a target is the dearest.
    ("equal", 100, {}, RUNTIME),
    ("free", 100, {}, MANTLE),
]


@pytest.mark.parametrize("model, size, fields, cheapest", CHEAPEST)
def test_the_cheapest_is_asked_first(model, size, fields, cheapest, ranking):
    frame = len(json.dumps(Question(model=model, form="chat").body)) + len(json.dumps(fields)) + 8
    text = "x" * max(1, size - frame)

    answer = ranking.ask(text, model=model, headers={"x-multihome-order": "cheapest"}, **fields)

    first = answer.records[0]
    assert first["host"].startswith({AZURE: "contoso-eastus2", RUNTIME: "bedrock-runtime", MANTLE: "bedrock-mantle"}[cheapest])


def test_what_has_no_price_comes_last(ranking):
    answer = ranking.ask("[[azure 503]] [[bedrock-runtime.us-east-1.amazonaws.com 503]]", model="crossing",
                         headers={"x-multihome-order": "cheapest"})
    assert (answer.status, answer.target, answer.attempts) == (200, MANTLE, 3)
