"""An answer of the gateway, and what a test or a person wants to know of it."""

import json


class Answer:
    """`headers` are pairs in the order received, names in lower case; `body` is bytes."""

    def __init__(self, status, headers, body=b"", seconds=0.0, trailers=()):
        self.status, self.headers, self.body = status, list(headers), body
        self.seconds, self.trailers = seconds, list(trailers)
        # Set by `Gateway.ask`: gives the records of what the clouds received for this request.
        self.find_records = list

    def __getitem__(self, name):
        """The header's first value, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The error object; empty where the body is not OpenAI's error shape."""
        try:
            error = self.json["error"]
        except (ValueError, KeyError, TypeError):
            return {}
        return error if isinstance(error, dict) else {}

    @property
    def events(self):
        return events_of(self.text)

    @property
    def said(self):
        """The text that the model wrote, of either API, whole or streamed."""
        if (self["content-type"] or "").startswith("text/event-stream"):
            return "".join(_piece(event) for event in self.events)
        body = self.json
        if "choices" in body:
            return body["choices"][0]["message"]["content"]
        parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
        return "".join(part["text"] for part in parts if part["type"] == "output_text")

    cloud = property(lambda self: self["x-multihome-cloud"])
    region = property(lambda self: self["x-multihome-region"])
    target = property(lambda self: self["x-multihome-target"])
    attempts = property(lambda self: int(self["x-multihome-attempts"] or 0))

    @property
    def records(self):
        """What the clouds received for this request, in order."""
        return self.find_records()

    @property
    def tried(self):
        """The clouds' names in the order in which they were asked."""
        return [record["cloud"] for record in self.records]

    def __repr__(self):
        who = f" {self.target}×{self.attempts}" if self.target else ""
        return f"<{self.status}{who} {self.text[:300]}>"


def events_of(text):
    """The data of each server-sent event: parsed JSON, or the text where it is none (`[DONE]`)."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if lines:
            data = "\n".join(lines)
            try:
                found.append(json.loads(data))
            except ValueError:
                found.append(data)
    return found


def _piece(event):
    if not isinstance(event, dict):
        return ""
    if event.get("type") == "response.output_text.delta":
        return event["delta"]
    return "".join(choice.get("delta", {}).get("content") or "" for choice in event.get("choices", []))
