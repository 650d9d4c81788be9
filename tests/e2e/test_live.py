"""Changes while Envoy serves: `render envoy --out`, then `apply`."""

import json
import shutil
import socket
import ssl

import pytest

from harness import policies
from harness.certificates import Certificates
from harness.gateway import Question
from harness.live import another_module
from harness.load import Load
from harness.process import until


def only(policy, *clouds):
    """The policy with these clouds for acme, in this order."""
    policy["tenants"]["acme"]["clouds"] = list(clouds)
    return policy


def ask_on(connection, gateway, text="hi"):
    headers, body = gateway.prepared([], Question(text).body, "acme")
    connection.send("POST", "/v1/chat/completions", headers, body)
    return connection.read()


def policy_of(gateway, answer):
    """The version of the policy that decided, as the access log has it."""
    [line] = gateway.access(answer, 1)
    return line["record"].split("policy=")[1].split()[0]


def versions(gateway):
    """What Envoy says that it has, of every kind."""
    texts = gateway.texts(r"(cds|lds|\.rds\..*|http_filter\..*)\.version_text")
    return set(texts.values())


def test_a_policy_changes_on_the_same_connection(start_live, policy, clouds):
    """The next request goes by the new policy; a stream that runs ends under the old one; and back, and forth again."""
    gateway = start_live(policy)
    before = gateway.state()["live"]
    with gateway.connect() as connection, gateway.connect() as streaming:
        first = ask_on(connection, gateway)
        assert first.cloud == "azure", first
        headers, body = gateway.prepared([], Question("[[azure slow ms=300]]", stream=True).body, "acme")
        streaming.send("POST", "/v1/chat/completions", headers, body)
        assert streaming.head().status == 200
        after = gateway.change(only(policies.base(clouds), "aws", "gcp"))
        second = ask_on(connection, gateway)
        assert second.cloud == "aws", second
        assert list(streaming.events())[-1] == "[DONE]"
        # Log, metric and statistics say which one serves.
        assert [policy_of(gateway, first), policy_of(gateway, second)] == [version.split("-")[0] for version in (before, after)]
        assert gateway.policies_in_use() == {after: 1}
        assert versions(gateway) == {after}
        for serves, cloud in ((before, "azure"), (after, "aws")):
            done = gateway.apply("--back")
            assert (done.returncode, done.stdout) == (0, f"{serves} serves\n"), done
            assert ask_on(connection, gateway).cloud == cloud
    assert gateway.stats(r"listener_manager.(listener_modified|listener_added)$")["listener_manager.listener_modified"] == 0


def test_what_is_remembered_stays(start_live, policy, clouds):
    """The turns of `weighted` go on where they were: under two policies as under one."""
    def turns(policy):
        policy["tenants"]["acme"]["order"] = ["weighted"]
        for target in policy["models"]["gpt-6.1-sol"]:
            target["weight"] = 1
        return policy

    gateway = start_live(turns(policy), concurrency=1)
    served = [gateway.ask().target for _ in range(3)]
    other = turns(policies.base(clouds))
    other["tenants"]["another"] = dict(other["tenants"]["acme"])
    gateway.change(other)
    served += [gateway.ask().target for _ in range(5)]
    assert gateway.stats("wasm_vm_count")["wasm.wasm_vm_count"] == 3, "no VM was made anew"
    counts = [served.count(target) for target in sorted(set(served))]
    assert max(counts) - min(counts) <= 1, served


def test_endpoints_come_and_change_and_go(start_live, policy, clouds):
    """Under load nothing is lost, and no request goes by half of each policy: the new target's host and id agree."""
    gateway = start_live(policy)
    target = policy["models"]["gpt-6.1-sol"][0]
    new = policies.base(clouds)
    new["endpoints"]["azure-new"] = {**policy["endpoints"]["azure-eastus2"], "resource": "contoso-new"}
    new["models"]["gpt-6.1-sol"].insert(0, {**target, "endpoint": "azure-new"})
    changed = policies.base(clouds)
    # Another account under the same name: other clusters, and Envoy is told so in one step.
    changed["endpoints"]["azure-eastus2"]["resource"] = "contoso-other"
    changed["models"]["gpt-6.1-sol"][0]["id"] = "gpt-6.1-sol"
    with Load(gateway, lambda number: Question("under load").body) as load:
        load.await_more(20)
        for to, generation in ((new, "v1"), (changed, "v2"), (policies.base(clouds), "v3")):
            gateway.change(to)
            load.await_more(20)
            clusters = gateway.stats(r"^cluster\.multihome-.*azure-.*membership_total$")
            assert all(name.startswith(f"cluster.multihome-{generation}-") for name in clusters), clusters
    assert load.lost() == []
    hosts = {("contoso-eastus2.openai.azure.com", "gpt6sol-prod"), ("contoso-new.openai.azure.com", "gpt6sol-prod"),
             ("contoso-other.openai.azure.com", "gpt-6.1-sol")}
    records = clouds.records("under load")
    assert {(record["host"], json.loads(record["body"])["model"]) for record in records} == hosts


def test_a_new_module_loses_no_request(start_live, policy, tmp_path):
    """Two of them side by side, until the last stream of the former one has ended; and back."""
    gateway = start_live(policy)
    with Load(gateway, lambda number: Question("[[azure 429]]").body, threads=3) as load, gateway.connect() as streaming:
        load.await_more(20)
        headers, body = gateway.prepared([], Question("[[azure slow ms=300]]", stream=True).body, "acme")
        streaming.send("POST", "/v1/chat/completions", headers, body)
        assert streaming.head().status == 200
        gateway.change(policy, module=another_module(tmp_path))
        assert list(streaming.events())[-1] == "[DONE]"
        load.await_more(20)
        done = gateway.apply("--back")
        assert done.returncode == 0, done
        load.await_more(20)
    assert load.lost() == [], load.lost()[:3]
    assert {outcome.answer.cloud for outcome in load.outcomes} == {"aws"}, "each failed over"
    assert gateway.stats("wasm_vm_count")["wasm.wasm_vm_count"] == 4, "the former VMs are gone"


def test_a_listener_changes(start_live, policy, clouds):
    """Its connections end, as Envoy drains them, and until then go by the policy that they began with."""
    gateway = start_live(policy, arguments=["--drain-time-s", "6", "--drain-strategy", "immediate"])
    with gateway.connect() as connection:
        assert ask_on(connection, gateway).cloud == "azure"
        changed = only(policies.base(clouds), "aws")
        changed["timeouts"]["idle"] = "30s"
        gateway.stage(changed)
        applying = gateway.begin_apply()
        until(lambda: (gateway.state()["applying"] or {}).get("switched"), "the change", 20)
        assert gateway.ask().cloud == "aws"
        answer = ask_on(connection, gateway)
        assert (answer.cloud, answer["connection"]) == ("azure", "close"), answer
    assert applying.wait(20) == 0
    assert gateway.state()["applying"] is None


def test_a_listener_comes_and_goes(start_live, policy, clouds):
    gateway = start_live(policy)
    address = f"127.0.0.1:{free_port()}"
    two = {**gateway.told["listeners"], "second": address}
    policy["identity"]["trust"]["listeners"] = ["default", "second"]
    with gateway.connect() as connection:
        assert ask_on(connection, gateway).status == 200
        gateway.change(policy, listeners=two)
        gateway.addresses["second"] = address
        assert gateway.ask(listener="second").status == 200
        gateway.change(only(policies.base(clouds), "aws"), "--drain", "1", listeners={"default": two["default"]})
        assert ask_on(connection, gateway).cloud == "aws", "its own listener did not change"
    with pytest.raises(OSError):
        gateway.ask(listener="second")


def test_a_bad_policy_replaces_nothing(start_live, policy):
    gateway = start_live(policy)
    before = files(gateway)
    policy["tenants"]["acme"]["clouds"] = ["azur"]
    with pytest.raises(Exception, match="unknown cloud `azur`"):
        gateway.stage(policy)
    assert files(gateway) == before
    assert gateway.apply().stdout.endswith("serves: nothing to apply\n")


def test_what_envoy_refuses_leaves_what_serves(start_live, policy, clouds, tmp_path):
    """A module that is none; and a listener whose address is taken."""
    gateway = start_live(policy)
    serves, before = gateway.state()["live"], files(gateway)
    garbage = tmp_path / "garbage.wasm"
    garbage.write_bytes(b"\0asm no module")
    gateway.stage(only(policies.base(clouds), "aws"), module=garbage)
    done = gateway.apply()
    assert done.returncode == 1
    assert "error: Envoy refuses the clusters: " in done.stderr and f"{serves} goes on serving" in done.stderr, done.stderr
    gateway.told["module"] = None
    assert gateway.ask().cloud == "azure"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        policy["identity"]["trust"]["listeners"] = ["default", "second"]
        from places import MODULE

        gateway.stage(policy, module=MODULE, listeners={"default": gateway.told["listeners"]["default"], "second": address})
        done = gateway.apply()
    assert done.returncode == 1
    assert "error: Envoy refuses the listeners: " in done.stderr, done.stderr
    assert gateway.ask().cloud == "azure"
    after = files(gateway)
    assert {name: text for name, text in after.items() if name in before} == before
    until(lambda: versions(gateway) == {serves}, "Envoy to have what it had")
    # And it takes the next one.
    gateway.change(only(policies.base(clouds), "aws"), listeners={"default": gateway.told["listeners"]["default"]})
    assert gateway.ask().cloud == "aws"


def test_an_interrupted_change_is_ended_or_taken_back(start_live, policy, clouds):
    gateway = start_live(policy)
    gateway.stage(only(policies.base(clouds), "aws"))
    for again, cloud in ((("--back",), "azure"), ((), "aws")):
        # A stream of the former policy is waited for.
        with gateway.connect() as streaming:
            headers, body = gateway.prepared([], Question("[[azure slow ms=400]]", stream=True).body, "acme")
            streaming.send("POST", "/v1/chat/completions", headers, body)
            assert streaming.head().status == 200
            interrupted = gateway.begin_apply()
            until(lambda: (gateway.state()["applying"] or {}).get("switched"), "the change")
            gateway.processes.stop(interrupted)
            with pytest.raises(Exception, match="has begun and not ended"):
                gateway.stage(policy)
            done = gateway.apply(*again, "--drain", "20")
            assert done.returncode == 0, done
            assert list(streaming.events())[-1] == "[DONE]"
        assert gateway.ask().cloud == cloud
        assert gateway.state()["applying"] is None
        gateway.stage(only(policies.base(clouds), "aws"))


def files(gateway):
    return {file.name: file.read_text() for file in (gateway.folder / "live").iterdir()}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_certificates_are_replaced(start_live, policy, clouds, tmp_path):
    """Of the listener, of its clients' authority and of the clouds': within seconds, and old connections live on."""
    old, new = (Certificates(make(tmp_path / name)) for name in ("old", "new"))
    files = make(tmp_path / "files")
    authority = files / "clouds.pem"
    shutil.copyfile(old.ca_file, authority)
    tls = {name: str(files / name) for name in old.listener}
    policy["listeners"] = {"default": {"tls": tls}}
    policy["endpoints"]["azure-eastus2"]["tls"] = {"ca_file": str(authority)}
    policy["identity"]["trust"] = {"client_certificates": ["spiffe://hop"]}
    put(files, old.listener)
    gateway = start_live(policy)
    hop = {of: of.client(uri="spiffe://hop") for of in (old, new)}
    stranger = old.client()
    with gateway.connect(tls=hop[old]) as connection:
        assert ask_on(connection, gateway).cloud == "aws", "an authority that does not know Azure's certificate"
        replace(authority, clouds["ca_file"])
        until(lambda: ask_on(connection, gateway).cloud == "azure", "Azure's own", 5)
        put(files, new.listener)
        until(lambda: served(gateway, hop[new]), "the new certificate", 5)
        assert served(gateway, hop[old]) is None, "the old authority's clients and certificate are gone"
        assert ask_on(connection, gateway).cloud == "azure", "an old connection lives on"
    with pytest.raises(ssl.SSLError):
        gateway.ask(tls=stranger)


def served(gateway, tls):
    """The answer, or None where the handshake fails."""
    try:
        answer = gateway.ask(tls=tls)
    except (ssl.SSLError, OSError):
        return None
    return answer if answer.status == 200 else None


def put(folder, files):
    for name, file in files.items():
        replace(folder / name, file)


def replace(file, by):
    new = file.with_suffix(".new")
    shutil.copyfile(by, new)
    new.replace(file)


def make(folder):
    folder.mkdir()
    return folder
