"""The stages of `make test`: what each runs, and how many tests of which kind came of it."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

import clients_of_tests
import find_envoy
import node_runner
import places
import venv_of_tests
from counts import Counts
from places import say

MODULE_TARGET, CORE_TARGET = "wasm32-wasip1", "wasm32-unknown-unknown"
BUILD_MODULE = ["cargo", "build", "--release", "--target", MODULE_TARGET]


def lint():
    counts = Counts()
    deny = ["--", "-D", "warnings"]
    # What cargo itself warns of, such as two crates whose pages lie in one folder, no flag makes an error.
    document = ["cargo", "doc", "--workspace", "--no-deps", "--document-private-items"]
    for command in (
        ["cargo", "fmt", "--all", "--check"],
        ["cargo", "clippy", "--workspace", "--all-targets", *deny],
        ["cargo", "clippy", "--package", "multihome", "--target", MODULE_TARGET, "--features", "for-tests", *deny],
        document,
    ):
        code, output = run(command, {**os.environ, "RUSTDOCFLAGS": "-D warnings"})
        warned = command is document and re.search(r"\bwarning\b", output)
        counts.add("lints (fmt, clippy natively and for the module, doc)", code == 0 and not warned)
    return counts


# What a test program's name holds → the kind of its tests. Each kind must have run: it is easy to run none.
NATIVE = {
    "/multihome_core-": "the core, natively",
    "/multihome_filter-": "the filter, natively",
    "/multihome_sim-": "the SDK's dispatcher on a modelled Envoy, natively",
    "/multihome_clouds-": "the emulated clouds",
    "/multihome_fuzz-": "spoilt bodies and streams, natively",
    "/multihome-": "the command line tool",
    "/cli-": "the command line tool",
}
OTHER = "other native tests"


def native():
    """Unit and golden tests, and the SDK's dispatcher; one build for all of them."""
    code, output = run(["cargo", "test", "--workspace", "--no-fail-fast", "--", "--quiet"])
    counts = count_libtest(output, lambda program: next((kind for sign, kind in NATIVE.items() if sign in program), OTHER))
    for kind in NATIVE.values():
        if not any(counts.kinds.get(kind, [0])):
            counts.add(kind, False, note="none ran")
    if code and not counts.failed:
        counts.add(OTHER, False, note="did not end well")
    cases = len(list((places.ROOT / "tests" / "cases").glob("*/*/request.http")))
    counts.notes.append(f"Among those on the modelled Envoy, {cases} golden cases of tests/cases were played.")
    return counts


def node():
    kind = "the core as WebAssembly, under Node"
    try:
        runner = node_runner.ensure()
    except node_runner.NoRunner as why:
        return Counts().add(kind, False, note=str(why))
    path = f"{runner.parent}{os.pathsep}{os.environ['PATH']}"
    command = ["cargo", "test", "--package", "multihome-core", "--target", CORE_TARGET, "--lib", "--no-fail-fast"]
    code, output = run(command, {**os.environ, "PATH": path}, quiet=r"^test .* \.\.\. ok$")
    counts = count_libtest(output, lambda _: kind)
    ran, wanted = counts.total, node_runner.tests_in_source()
    if ran != wanted:
        counts.add(kind, False, note=f"{ran} ran, but the source has {wanted}")
    elif code and not counts.failed:
        counts.add(kind, False, note="did not end well")
    return counts


def build():
    """The programs that run beside Envoy, and the module, also as it is built for tests."""
    say("The first time about 5 minutes, later seconds.")
    for command in (
        # All programs at once: a choice of packages would build their dependencies with other features, anew.
        ["cargo", "build", "--workspace", "--bins"],
        BUILD_MODULE,
        [*BUILD_MODULE, "--features", "for-tests", "--target-dir", places.BUILD_FOR_TESTS],
    ):
        if run(command)[0]:
            return Counts().add("builds", False, note=" ".join(map(str, command)))
    return Counts()


def e2e(*selection):
    fetch_func_e()
    try:
        clients_of_tests.ensure()
    except clients_of_tests.NoClients as why:
        return Counts().add(CLIENTS, False, note=str(why))
    return pytest("e2e", "the real Envoy", E2E_KINDS, selection)


CLIENTS = "the real Envoy, by SDKs, frameworks and Codex as they are"


def istio(*selection):
    """The manifests for Istio: istiod's own push code serves them to a real Envoy, istioctl's commands read them."""
    if not shutil.which("go"):
        return Counts().skip(ISTIO, "there is no Go here to build istiod's push code with")
    try:
        build_istio()
    except subprocess.CalledProcessError as failed:
        return Counts().add(ISTIO, False, note=f"Go cannot build tests/istio (exit code {failed.returncode})")
    return pytest("istio", ISTIO, {}, selection)


ISTIO = "Istio's push code and the real Envoy"


def pytest(folder, kind, kinds, selection):
    """Runs `tests/FOLDER`. Its tests are of the kind `kind`, those of the files in `kinds` of another."""
    try:
        envoy = find_envoy.find()
        venv_of_tests.ensure()
    except (find_envoy.NoEnvoy, subprocess.CalledProcessError) as why:
        return Counts().add(kind, False, note=str(why))
    files, report = places.TARGET / "pytest" / folder, places.TARGET / f"pytest-{folder}.xml"
    files.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    environment = {**os.environ, "ENVOY_PATH": str(envoy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [places.PYTHON, "-m", "pytest", "-q", "--basetemp", files, "--junitxml", report,
               places.ROOT / "tests" / folder, *selection]
    code, _ = run(command, environment)
    counts = count_junit(report, kind, kinds) if report.exists() else Counts()
    if code and not counts.failed:
        counts.add(kind, False, note=f"pytest ended with code {code}")
    return counts


FUNC_E = "github.com/tetratelabs/func-e/cmd/func-e@v1.6.0"


def fetch_func_e():
    """The real func-e, where Go is there to build it; the test that needs it is skipped otherwise."""
    if places.FUNC_E.exists() or not shutil.which("go"):
        return
    say("Building func-e into target/tools (half a minute, once) …")
    environment = {**os.environ, "GOBIN": str(places.FUNC_E.parent), "GOFLAGS": "-modcacherw"}
    subprocess.run(["go", "install", FUNC_E], env=environment, stdout=sys.stderr)


def build_istio():
    """Eight and a half minutes of one core the first time, then a second or two. Nothing of it leaves target/istio (4 GB)."""
    say("Building istiod's push code into target/istio (minutes the first time, then a second) …")
    build = places.ISTIO_BUILD
    # Modules are written so that `rm -rf` can remove them.
    environment = {**os.environ, "GOPATH": str(build / "go"), "GOMODCACHE": str(build / "go" / "pkg" / "mod"),
                   "GOCACHE": str(build / "cache"), "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false"}
    command = ["go", "build", "-C", places.ROOT / "tests" / "istio", "-trimpath", "-ldflags=-s -w", "-o", places.ISTIO, "."]
    subprocess.run([str(word) for word in command], env=environment, check=True, stdout=sys.stderr)


def count_libtest(output, kind_of):
    """Reads what cargo and libtest print: `Running … (program)`, then `test result: ok. 3 passed; 0 failed; …`."""
    counts, kind = Counts(), kind_of("")
    for line in output.splitlines():
        if running := re.match(r"\s+(?:Running|Doc-tests) (.+)", line):
            kind = kind_of(running[1])
        elif result := re.match(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", line):
            passed, failed, ignored = map(int, result.groups())
            counts.put(kind, passed, failed, ignored)
    return counts


# A file of tests/e2e → the kind of its tests, where its name does not say it.
E2E_KINDS = {
    "test_func_e": "the real Envoy under the real func-e",
    "test_smoke": "the real Envoy, by the official openai package",
    "test_translation_to_chat": "translations to chat completions, by the official openai package",
    "test_translation_types": "translations, by the official openai package",
    "test_clients": CLIENTS,
}


def count_junit(report, kind, kinds):
    counts = Counts()
    for case in xml.parse(report).iter("testcase"):
        # `tests.e2e.test_failover_plans` → `failover plans`
        file = case.get("classname", "").split(".")[-1]
        of_file = kinds.get(file) or f"{kind}: {file.removeprefix('test_').replace('_', ' ')}"
        skipped = case.find("skipped")
        if skipped is not None:
            counts.skip(of_file, skipped.get("message", ""))
        else:
            counts.add(of_file, case.find("failure") is None and case.find("error") is None)
    return counts


def run(command, environment=None, quiet=None):
    """Runs a command, shows what it prints as it comes (but for lines that match `quiet`) and gives it back."""
    words = [str(word) for word in command]
    say("$ " + " ".join(word.replace(str(places.ROOT) + "/", "") for word in words))
    process = subprocess.Popen(words, cwd=places.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for raw in process.stdout:
        line = raw.decode(errors="replace")
        lines.append(line)
        if not (quiet and re.match(quiet, line)):
            sys.stderr.write(line)
            sys.stderr.flush()
    return process.wait(), "".join(lines)
