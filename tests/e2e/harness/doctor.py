"""`multihome doctor`, asked about a gateway of the tests."""

import json
import subprocess

import places


def doctor(gateway, *words):
    """The report, and the exit code."""
    command = [places.CLI, "doctor", f"http://{gateway.admin}", "--format", "json", *words]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert run.stderr == "", run.stderr
    return json.loads(run.stdout), run.returncode


def findings(gateway, *words):
    """Severity and name of each finding. The exit code says whether there is a fault."""
    report, code = doctor(gateway, *words)
    found = {(finding["severity"], finding["name"]) for finding in report["findings"]}
    has_fault = any(severity == "fault" for severity, _ in found)
    assert (code, report["armed"]) == (int(has_fault), not has_fault), report
    assert all(finding["where"] and finding["what"] and finding["fix"] for finding in report["findings"])
    return {f"{severity} {name}" for severity, name in found}
