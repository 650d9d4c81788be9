#!/usr/bin/env python3
"""Runs the stages of the tests that are named, or all, and says how many tests of each kind ran.

    test.py [lint] [native] [node] [build] [dist] [e2e] [istio] [-- ARGUMENTS FOR PYTEST]
"""

import sys
import time

sys.dont_write_bytecode = True
import dist_twice  # noqa: E402
import stages  # noqa: E402
from counts import Counts  # noqa: E402
from places import say  # noqa: E402

# In this order: what fails soonest first, what needs the others' builds last.
STAGES = {
    "lint": ("Formatting and lints", stages.lint),
    "native": ("Native tests", stages.native),
    "node": ("The core's tests as WebAssembly under Node", stages.node),
    "build": ("The module and the programs", stages.build),
    "dist": ("What is installed, built in two folders", dist_twice.stage),
    "e2e": ("The module in a real Envoy", stages.e2e),
    "istio": ("The module in Istio", stages.istio),
}
# What they run is what `build` has built; they take the arguments for pytest.
IN_ENVOY = ("e2e", "istio")


def main(words):
    end = words.index("--") if "--" in words else len(words)
    names, selection = words[:end] or list(STAGES), words[end + 1:]
    if unknown := [name for name in names if name not in STAGES]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(STAGES)}")

    counts, times, built = Counts(), [], True
    for number, name in enumerate(names, 1):
        title, stage = STAGES[name]
        say(f"\n━━ {number}/{len(names)} {title} ━━")
        if name in IN_ENVOY and not built:
            counts.add(title, False, note="not run, there is nothing to run")
            continue
        began = time.monotonic()
        found = stage(*selection) if name in IN_ENVOY else stage()
        built = built and not (name == "build" and found.failed)
        counts.merge(found)
        times.append(f"{name} {time.monotonic() - began:.0f} s")
        say(f"━━ {title}: {found.passed} passed, {found.failed} failed ({times[-1]}) ━━")

    not_run = f", {counts.skipped} not run" if counts.skipped else ""
    print(f"\n{counts}\n\nTimes: {', '.join(times)}\n{counts.passed} passed, {counts.failed} failed{not_run}", flush=True)
    return 1 if counts.failed or not counts.passed and names != ["build"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
