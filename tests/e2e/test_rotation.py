"""Keys and the keys of an issuer change while clients ask: each counts from the change on and no longer than to its end, and
nobody who has the right one loses a request."""

import json
import os
import shutil
import time

import pytest

from harness import keys, policies
from harness.gateway import Question
from harness.issuer import Issuer, key_set
from harness.load import Load
from harness.process import until
from harness.publisher import Publisher
from harness.tokens import AUDIENCE, ask, replace, source

ROTATIONS = 3
# How long keys of an address count in the rows here. Envoy fetches them 5 s before (1.40). `CHANGES=full`: what is rendered.
CACHE = 60 if os.environ.get("CHANGES") == "full" else 7


def bearer(credential):
    return [("authorization", f"Bearer {credential}")]


def refused(gateway, credential):
    answer = ask(gateway, credential)
    return answer.status == 401 and answer.error["code"]


def make_load(gateway, credential):
    """Clients of which each brings what `credential(name)` gives when it asks."""
    return Load(gateway, lambda name: Question("under load").body, tenant=None, headers=lambda name: bearer(credential(name)))


def assert_nowhere(gateway, clouds, *credentials):
    """Neither a cloud nor anything that an operator reads has one, or the part of it that would do."""
    told = [json.dumps(clouds.records()), gateway.access_log.read_text(), gateway.log_text()]
    told += [gateway.manage(path).text for path in ("/stats", "/config_dump", "/clusters")]
    assert "under load" in told[0] and "record" in told[1]
    for credential in credentials:
        part = credential.rsplit(".", 1)[1] if "." in credential else credential[3:20]
        assert all(part not in text for text in told)


class KeysFile:
    """The file of keys beside a live gateway's policy."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.file = folder / "keys.json"

    def hold(self, **tenants):
        self.file.write_text(json.dumps({"tenants": tenants}))


@pytest.fixture
def by_file(tmp_path, start_live, clouds):
    """A live gateway whose keys stand in a file: `by_file(acme=[…])` starts it; then its `hold` is a change of the file."""
    def start(**tenants):
        file = KeysFile(tmp_path / "live")
        file.hold(**tenants)
        policy = policies.base(clouds)
        policy["identity"] = [{"keys": {"file": "keys.json"}}]
        gateway = start_live(policy)

        def hold(**tenants):
            file.hold(**tenants)
            gateway.change(policy, "--settle", "0")

        gateway.hold = hold
        return gateway

    return start


def test_a_key_comes_and_goes_with_its_file(by_file, clouds):
    (first, of_first), (second, of_second), (web, of_web) = keys.new("acme"), keys.new("acme"), keys.new("europe")
    gateway = by_file(acme=[of_first])
    steps = [
        # What the file holds, who is served by it, and whose key has expired
        ({"acme": [of_first]}, {first}, set()),
        ({"acme": [of_first, of_second]}, {first, second}, set()),
        ({"acme": [of_second], "europe": [of_web]}, {second, web}, set()),
        ({"europe": [of_web]}, {web}, set()),
        # A key goes from one tenant to another.
        ({"acme": [of_web]}, {web}, set()),
        ({"acme": [{**of_first, "expires": keys.at(-1)}, of_web]}, {web}, {first}),
        ({}, set(), set()),
        ({"acme": [of_first]}, {first}, set()),
    ]
    with gateway.connect() as connection:
        for tenants, served, expired in steps:
            gateway.hold(**tenants)
            for credential in served:
                # The next request on the connection that was there before.
                headers, body = gateway.prepared(bearer(credential), Question("under load").body, None)
                connection.send("POST", "/v1/chat/completions", headers, body)
                assert connection.read().status == 200, tenants
            for credential in {first, second, web} - served:
                expected = "expired_api_key" if credential in expired else "invalid_api_key"
                assert refused(gateway, credential) == expected, tenants
    assert_nowhere(gateway, clouds, first, second, web)


def test_keys_are_rotated_under_load_without_a_loss(by_file, clouds):
    """The new key counts from the change on, the old one until the change that takes it away, and no other client notices."""
    (steady, of_steady), (first, of_first) = keys.new("europe"), keys.new("acme")
    gateway = by_file(acme=[of_first], europe=[of_steady])
    held, former = [(first, of_first)], []
    with make_load(gateway, lambda name: steady if name.startswith("0") else held[0][0]) as load:
        load.await_more(20)
        for _ in range(ROTATIONS):
            (old, of_old), (new, of_new) = held[0], keys.new("acme")
            gateway.hold(acme=[of_old, of_new], europe=[of_steady])
            # In each worker, at once.
            assert [ask(gateway, key).status for key in [new, old] * 5] == [200] * 10
            held[0] = new, of_new
            load.await_more(20)
            # A stream that began with the old key goes on to its end.
            with gateway.connect() as streaming:
                headers, body = gateway.prepared(bearer(old), Question("[[azure slow ms=150]]", stream=True).body, None)
                streaming.send("POST", "/v1/chat/completions", headers, body)
                assert streaming.head().status == 200
                gateway.hold(acme=[of_new], europe=[of_steady])
                assert [refused(gateway, old) for _ in range(5)] == ["invalid_api_key"] * 5
                assert list(streaming.events())[-1] == "[DONE]"
            load.await_more(20)
            former.append(old)
    assert load.lost() == [], load.lost()[:3]
    print(f"{len(load.outcomes)} requests, {ROTATIONS} rotations")
    assert_nowhere(gateway, clouds, steady, held[0][0], *former)


def test_a_key_ends_by_itself_with_the_second_that_it_names(by_file, clouds):
    """No change is needed for it, and clients that go over to another key before lose nothing."""
    (ending, of_ending), (new, of_new) = keys.new("acme"), keys.new("acme")
    gateway = by_file(acme=[of_new])
    began = time.time()
    gateway.hold(acme=[of_ending, of_new])
    # On a busy machine a change takes long, and the key has to count for a while.
    ends = int(time.time() + 2 * (time.time() - began)) + 4
    gateway.hold(acme=[{**of_ending, "expires": keys.written(ends)}, of_new])
    asked = []
    with make_load(gateway, lambda name: ending if time.time() < ends - 1 else new) as load:
        while time.time() < ends + 2:
            began = time.time()
            answer = ask(gateway, ending, text="under load")
            asked.append((began, time.time(), answer.status))
    assert load.lost() == [], load.lost()[:3]
    served = [began for began, _, status in asked if status == 200]
    denied = [(began, ended) for began, ended, status in asked if status == 401]
    assert len(served) + len(denied) == len(asked) and len(served) > 10
    print(f"the last that was served began {served[-1] - ends:+.3f} s, the first that was refused {denied[0][0] - ends:+.3f} s")
    # One machine has one clock: none is served that begins later, and none refused that ends before.
    assert served[-1] < ends and all(ended >= ends for _, ended in denied)
    assert denied[0][0] < ends + 1
    assert refused(gateway, ending) == "expired_api_key"
    assert_nowhere(gateway, clouds, ending, new)


@pytest.fixture
def publisher():
    started = Publisher()
    yield started
    started.stop()


def token_of(by):
    return by.token(seconds=1200, aud=AUDIENCE, tenant="acme")


def shorten(bootstrap):
    """Lets fetched keys count for `CACHE` seconds."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            found.extend([value["remote_jwks"]] if "remote_jwks" in value else [])
            value = value.values()
        for inner in value if not isinstance(value, str) and hasattr(value, "__iter__") else ():
            walk(inner)

    walk(bootstrap)
    assert found and all(jwks["cache_duration"] == "60s" for jwks in found)
    for jwks in found:
        jwks["cache_duration"] = f"{CACHE}s"


@pytest.mark.timeout(6 * CACHE + 60)
def test_keys_of_an_address_are_rotated_under_load_without_a_loss(publisher, start_gateway, policy, clouds):
    """Both are published for a while. A new key counts within the time that keys are kept, and one taken away no longer."""
    old, new = Issuer(kid="old"), Issuer(algorithm="ES256", kid="new")
    of_old, of_new = token_of(old), token_of(new)
    publisher.text = key_set(old)
    policy["identity"] = [source(publisher.address)]
    gateway = start_gateway(policy, edit=shorten)
    # The listener has waited for the keys.
    assert [ask(gateway, of_old).status for _ in range(5)] == [200] * 5
    assert refused(gateway, of_new) == "invalid_token"
    signed = [of_old]
    with make_load(gateway, lambda name: signed[0]) as load:
        took = {"new": arrival(publisher, key_set(old, new), lambda: ask(gateway, of_new).status == 200)}
        # In each worker: one thread fetches for all of them.
        assert [ask(gateway, of_new).status for _ in range(10)] == [200] * 10
        signed[0] = of_new
        load.await_more(20)
        took["old"] = arrival(publisher, key_set(new), lambda: refused(gateway, of_old) == "invalid_token")
        # What is no set of keys, and an issuer that is away, replace nothing.
        for status, text in ((200, "no keys"), (500, key_set(old)), (200, "{}")):
            publisher.status, publisher.text, before = status, text, publisher.asked
            until(lambda: publisher.asked >= before + 2, "Envoy to ask again", 2 * CACHE)
            load.await_more(20)
        publisher.stop()
        time.sleep(2)
        load.await_more(20)
        publisher.start()
    assert load.lost() == [], load.lost()[:3]
    print(f"{len(load.outcomes)} requests; keys kept for {CACHE} s: {took}")
    assert max(took.values()) <= CACHE, took
    assert_nowhere(gateway, clouds, of_old, of_new)


def arrival(publisher, text, condition):
    """How long it takes after another set of keys is published, in seconds."""
    publisher.text, began = text, time.monotonic()
    until(condition, "the change of the issuer's keys", CACHE + 5)
    return round(time.monotonic() - began, 1)


def test_a_listener_that_changes_waits_for_the_issuers_keys(publisher, start_live, policy, clouds):
    """The former one serves meanwhile."""
    signer = Issuer()
    credential = token_of(signer)
    publisher.text, publisher.seconds = key_set(signer), 3
    policy["identity"] = [source(publisher.address)]
    gateway = start_live(policy, arguments=["--drain-time-s", "3", "--drain-strategy", "immediate"])
    with make_load(gateway, lambda name: credential) as load:
        load.await_more(20)
        before = publisher.asked
        policy["timeouts"]["idle"] = "31s"
        gateway.change(policy)
        assert publisher.asked > before, "the listener is another one"
        load.await_more(20)
    assert load.lost() == [], load.lost()[:3]
    slowest = max(outcome.seconds for outcome in load.outcomes)
    assert slowest < publisher.seconds, "no request waits for the issuer"
    assert_nowhere(gateway, clouds, credential)


def renamed(folder, text):
    replace(folder / "jwks.json", text)


def as_kubernetes(folder, text):
    """As a kubelet does: another folder of data, and a link to it by a rename."""
    data = folder / f"..{time.time_ns()}"
    data.mkdir()
    (data / "jwks.json").write_text(text)
    former = (folder / "..data").resolve() if (folder / "..data").exists() else None
    beside = folder / "..data_tmp"
    beside.symlink_to(data.name)
    beside.rename(folder / "..data")
    if former is None:
        (folder / "jwks.json").symlink_to("..data/jwks.json")
    else:
        shutil.rmtree(former)


@pytest.mark.parametrize("put", [renamed, as_kubernetes])
def test_keys_of_a_file_are_rotated_under_load_without_a_loss(put, start_live, policy, clouds, tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    old, new = Issuer(kid="old"), Issuer(algorithm="ES256", kid="new")
    of_old, of_new = token_of(old), token_of(new)
    put(folder, key_set(old))
    policy["identity"] = [source(folder / "jwks.json")]
    gateway = start_live(policy)
    signed = [of_old]
    with make_load(gateway, lambda name: signed[0]) as load:
        load.await_more(20)
        began = time.monotonic()
        put(folder, key_set(old, new))
        # Each worker has keys of its own, and asks for others when its own are 5 s old.
        in_a_row(lambda: ask(gateway, of_new).status == 200, 20, "the new key")
        took = {"new": round(time.monotonic() - began, 1)}
        signed[0] = of_new
        load.await_more(20)
        began = time.monotonic()
        put(folder, key_set(new))
        in_a_row(lambda: refused(gateway, of_old) == "invalid_token", 20, "the end of the old key")
        took["old"] = round(time.monotonic() - began, 1)
        load.await_more(20)
    assert load.lost() == [], load.lost()[:3]
    print(f"{len(load.outcomes)} requests; {took}")
    assert max(took.values()) < 12, took
    assert_nowhere(gateway, clouds, of_old, of_new)


def in_a_row(condition, times, what):
    """Waits until it holds so many times one after the other: each on a connection of its own, that any worker may take."""
    until(lambda: all(condition() for _ in range(times)), what, 20)
