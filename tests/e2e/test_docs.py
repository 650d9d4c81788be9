"""What docs/operate.md has an operator watch is what Envoy counts."""

import re

import places

# With Envoy's watched files clusters have a number; then an endpoint's, a listener's, a secret's name, and an address.
STANDS_FOR = {"multihome-NAME": r"multihome-v\d+-[\w-]+", "attempt-NAME": r"attempt-[\w-]+", "LISTENER": r"\w+", "ROUTES": r"[\w-]+",
              "SECRET": r"[\w-]+", "ADDRESS": r"[\d._]+"}
STATISTIC = re.compile(r"(cluster|http|listener|wasm|sds|server|overload|envoy|credential_injector|cluster_manager"
                       r"|listener_manager|extension_config_discovery)\.")


def told():
    """The statistics in the first column of the tables on what to watch, whole."""
    page = (places.ROOT / "docs" / "operate.md").read_text()
    [section] = [part for part in page.split("\n## ") if part.startswith("What to watch")]
    for row in section.splitlines():
        if row.startswith("| "):
            whole = None
            for word in re.findall(r"`([^`]+)`", row.split(" | ")[0]):
                if STATISTIC.match(word):
                    whole = word
                elif word.startswith(".") and whole:
                    word = whole.rsplit(".", 1)[0] + word
                else:
                    continue
                yield word


def pattern(statistic):
    """A regular expression for the names that the page means."""
    found = re.escape(statistic).replace(r"\-", "-")
    for word, meant in STANDS_FOR.items():
        found = found.replace(word, meant)
    return re.compile(found)


def test_each_statistic_that_an_operator_is_to_watch_is_there(start_live, policy, clouds):
    gateway = start_live(policy)
    gateway.await_serving()
    assert gateway.ask("[[azure 429]]").attempts == 2
    names = list(gateway.stats("."))
    watched = list(told())
    assert len(watched) > 25, watched
    missing = [statistic for statistic in watched if not any(pattern(statistic).fullmatch(name) for name in names)]
    assert not missing, f"docs/operate.md names statistics that Envoy does not have: {missing}"
