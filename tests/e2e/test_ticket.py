"""A request that reaches a cloud's cluster without having passed the edge: it gets no credential, whatever a route says."""

import pytest

from harness.gateway import Question

OFF = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}


def manager_of(bootstrap):
    return bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def switched_off(bootstrap):
    """A route of an operator's that leads to a cluster, past the edge."""
    routes = manager_of(bootstrap)["route_config"]["virtual_hosts"][0]["routes"]
    routes.insert(0, {"match": {"prefix": "/"}, "route": {"cluster": "multihome-azure-eastus2"},
                      "typed_per_filter_config": {"multihome": OFF}})


def left_out(bootstrap):
    """The edge is not in the chain at all."""
    manager = manager_of(bootstrap)
    manager["http_filters"] = [each for each in manager["http_filters"] if each["name"] != "multihome"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    for route in routes:
        route.pop("typed_per_filter_config", None)
    routes[-1]["route"] = {"cluster": "multihome-azure-eastus2"}


@pytest.mark.parametrize("edit", [switched_off, left_out])
def test_without_a_ticket_nothing_is_sent(edit, policy, start_gateway, clouds):
    gateway = start_gateway(policy, edit=edit)
    for path in ("/v1/chat/completions", "/openai/v1/chat/completions", "/"):
        question = Question()
        answer = gateway.request("POST", path, body=question.body)
        assert answer.status == 503, answer
        [line] = gateway.access(answer, 1)
        assert line["details"] == "request_lost"
        assert clouds.records(question.mark) == []
