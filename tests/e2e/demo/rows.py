"""What the demo asks, and what has to come of it. One row of the table is one line here."""

import itertools
from dataclasses import dataclass, field


@dataclass
class Row:
    tenant: str
    shown: str
    why: str
    status: int
    target: str = ""
    tried: list = field(default_factory=list)
    model: str = "gpt-6.1-sol"
    form: str = "chat"
    stream: bool = False
    fault: str = ""
    headers: dict = field(default_factory=dict)
    # The tenant is named by its `key` or its `token`, and by no header.
    by: str = ""

    def question(self, credentials):
        """What is asked; `credentials` are acme's key and initech's token, by these words."""
        text = f"Where do you run? {self.fault}".strip()
        return {"text": text, "model": self.model, "form": self.form, "stream": self.stream,
                "headers": {**self.headers, **({"authorization": f"Bearer {credentials[self.by]}"} if self.by else {})},
                "tenant": None if self.by else self.tenant}

    def faults(self, answer):
        """What came out otherwise than it has to; the clouds' own records are the witness of who was asked."""
        found = {"status": answer.status, "target": answer.target or "", "tried": answer.tried, "attempts": answer.attempts,
                 "streamed": "event-stream" in answer["content-type"]}
        # The header counts targets: a second try at the same one is none more.
        targets = [cloud for cloud, _ in itertools.groupby(self.tried)]
        wanted = {"status": self.status, "target": self.target, "tried": self.tried, "attempts": len(targets),
                  "streamed": self.stream}
        wrong = [f"{key} is {found[key]} and should be {wanted[key]}" for key in wanted if found[key] != wanted[key]]
        if answer.status == 200 and "Where do you run?" not in answer.said:
            wrong.append(f"the model said {answer.said!r}")
        return wrong


# A policy that no file lists, as a trusted gateway would attach it for its own customer.
INITECH = '{"clouds":["gcp","aws"],"residency":["us"],"models":["gpt-6*"]}'

ROWS = [
    Row("acme", "chat", "azure is first in acme's order", 200, "azure-eastus2", ["azure"]),
    Row("acme", "chat, streamed", "the same, as server-sent events", 200, "azure-eastus2", ["azure"], stream=True),
    Row("acme", "chat, azure answers 429", "azure is over its limit, aws is next in the order", 200, "aws-use1",
        ["azure", "aws"], fault="[[azure 429 retry-after=30]]"),
    Row("acme", "responses, azure and aws are down", "gcp is the last in the order", 200, "gcp-us",
        ["azure", "aws", "gcp"], form="responses", fault="[[azure 502]] [[aws 503]]"),
    Row("acme", "chat, azure and aws are down", "gcp speaks Responses only: the request is translated", 200, "gcp-us",
        ["azure", "aws", "gcp"], fault="[[azure 502]] [[aws 503]]"),
    Row("acme", "responses, x-multihome-clouds: gcp", "the header narrows what policy allows", 200, "gcp-us", ["gcp"],
        form="responses", headers={"x-multihome-clouds": "gcp"}),
    Row("acme", "chat, with an API key alone", "the key is acme's: no header names the tenant", 200, "azure-eastus2", ["azure"],
        by="key"),
    Row("contoso-eu", "chat", "the only residency it accepts is eu", 200, "azure-sweden", ["azure"]),
    Row("contoso-eu", "chat, azure answers 503", "none of its other clouds has the model in the eu: the error is azure's", 503,
        "azure-sweden", ["azure"], fault="[[azure 503]]"),
    Row("contoso-eu", "chat", "denied:", 404, model="gpt-oss-120b"),
    Row("fabrikam-eu", "responses, azure answers 503", "OpenAI itself keeps data in the eu too", 200, "openai-eu",
        ["azure", "openai"], form="responses", fault="[[azure 503]]"),
    Row("thrifty", "chat", "the cheapest that has the model", 200, "gcp-usc1", ["gcp"], model="gpt-oss-120b"),
    Row("initech", "responses, x-tenant-policy: {…}", "no file lists it: the request brought its policy", 200, "gcp-us",
        ["gcp"], form="responses", headers={"x-tenant-policy": INITECH}),
    Row("initech", "responses, with a token alone", "the same, named and allowed by its token", 200, "gcp-us", ["gcp"],
        form="responses", by="token"),
    Row("nobody", "chat", "denied:", 401),
]
