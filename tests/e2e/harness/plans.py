"""Requests with a plan of a test's own: the tenant's whole policy goes in a header, so that one Envoy serves every plan."""

import json

from .records import CLOUDS

THREE = ["azure-eastus2", "aws-use1", "gcp-us"]
# On all of these three, in one form of the API or the other.
MODELS = {"chat": "gpt-oss-120b", "responses": "gpt-6.1-sol"}


def permit(targets=THREE, clouds=CLOUDS, **more):
    """The policy header that allows these targets; the order of the clouds is the order in which they are tried."""
    allowed = {"clouds": list(clouds), "residency": ["us", "eu", "global"], "models": ["*"], "targets": list(targets)}
    return "x-tenant-policy", json.dumps({**allowed, **more})


def ask(gateway, text="hi", targets=THREE, *, clouds=CLOUDS, form="chat", headers=(), permits=(), **question):
    """Asks what all three serve, with a policy of its own; `permits` join the policy, `question` is as for `gateway.ask`."""
    question = {"model": MODELS[form], **question}
    headers = [*headers, permit(targets, clouds, **dict(permits))]
    return gateway.ask(text, form=form, tenant=None, headers=headers, **question)
