"""A policy that changes while requests come: istiod pushes it to the Envoy that serves, and no request is lost."""

import copy
import itertools
import threading
from collections import Counter

import pytest

from harness.process import until
from harness.records import serving

SECONDS_OF_A_CHANGE = 5


def only(policy, *clouds, without=()):
    """A policy in which `acme` may use these clouds; endpoints in `without` are not there."""
    policy = copy.deepcopy(policy)
    policy["tenants"] = {"acme": {"clouds": list(clouds), "residency": ["us"], "models": ["*"]}}
    policy["models"] = {"gpt-6.1-sol": [target for target in policy["models"]["gpt-6.1-sol"] if target["endpoint"] not in without]}
    for endpoint in without:
        del policy["endpoints"][endpoint]
    return policy


class Load:
    """Clients that ask without a pause until they are stopped: whole and streamed, over both versions of HTTP."""

    def __init__(self, mesh, clients=4):
        self.mesh, self.stopped, self.answers = mesh, threading.Event(), []
        self.clients = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for client in self.clients:
            client.join()

    def _ask(self, number):
        for turn in itertools.count(number):
            if self.stopped.is_set():
                return
            stream = turn % 2 == 0
            try:
                answer = self.mesh.ask("[[azure slow ms=20]] [[aws slow ms=20]]" if stream else "hi", stream=stream, http=1 + turn // 2 % 2)
            except OSError as lost:
                answer = lost
            self.answers.append(answer)

    def count(self):
        return len(self.answers)


WITHOUT_AZURE = ("azure-eastus2",)
# The policies in turn: which clouds, which endpoints are away, how the manifests are applied; who serves under it
CHANGES = {
    "the order of clouds": [(["azure"], (), None, "azure-eastus2"), (["aws"], (), None, "aws-use1")],
    # What comes is there before it is used, what goes is used no more before it is away.
    "an endpoint comes and goes": [(["azure", "aws"], (), False, "azure-eastus2"), (["azure", "aws"], WITHOUT_AZURE, True, "aws-use1")],
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_under_load_loses_nothing(what, policy, start_mesh, tokens, clouds):
    turns = [(only(policy, *allowed, without=without), backwards, target) for allowed, without, backwards, target in CHANGES[what]]
    mesh = start_mesh(turns[0][0], options=tokens)
    assert mesh.await_serving().target == turns[0][2]
    with Load(mesh) as load:
        for policy, backwards, target in [*turns[1:], *turns, *turns]:
            mesh.apply(policy, backwards)
            mesh.await_target(target, SECONDS_OF_A_CHANGE)
            until(lambda enough=load.count() + 10: load.count() >= enough, "load")
    lost = [answer for answer in load.answers if isinstance(answer, OSError) or answer.status != 200]
    assert lost == [], f"{len(lost)} of {load.count()}"
    assert Counter(answer.attempts for answer in load.answers) == {1: load.count()}
    # Whoever decided, served: no request was planned by one policy and sent by another.
    assert {answer.target for answer in load.answers} == {target for *_, target in turns}
    for answer in load.answers[::7]:
        [record] = serving(answer.records)
        assert answer.target.startswith(record["cloud"])


def test_a_stream_outlives_a_change(policy, start_mesh, tokens):
    mesh = start_mesh(only(policy, "azure"), options=tokens)
    mesh.await_serving()
    with mesh.connect() as connection:
        headers, body = mesh.prepared((), {"model": "gpt-6.1-sol", "stream": True, "messages": [
            {"role": "user", "content": "[[azure slow ms=50]] [[events 60]]"}]}, "acme")
        connection.send("POST", "/v1/chat/completions", headers, body)
        assert connection.head().status == 200
        events = connection.events()
        first = [next(events) for _ in range(3)]
        mesh.apply(only(policy, "aws"))
        mesh.await_target("aws-use1", SECONDS_OF_A_CHANGE)
        rest = list(events)
        assert rest[-1] == "[DONE]" and len(first + rest) > 60
        # The next request on the same connection is decided by the new one.
        headers, body = mesh.prepared((), {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": "hi"}]}, "acme")
        connection.send("POST", "/v1/chat/completions", headers, body)
        assert connection.read()["x-multihome-target"] == "aws-use1"


def test_manifests_that_are_taken_back_leave_the_other_team_as_it_was(policy, start_mesh, tokens):
    mesh = start_mesh(only(policy, "azure"), options=tokens)
    mesh.await_serving()
    mesh.istiod.apply(**dict.fromkeys(mesh.render(policy), ""))
    gone = until(lambda: (answer := mesh.ask()).status == 404 and answer, "our host to be gone", SECONDS_OF_A_CHANGE)
    assert gone.tried == [] and mesh.of_shop("GET", "/").status == 200
    mesh.apply(only(policy, "aws"))
    assert mesh.await_serving().target == "aws-use1"
