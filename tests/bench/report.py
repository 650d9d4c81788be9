"""What a run found: the JSON for machines, the table for people."""

import statistics


def summary(measured, memories, goals):
    """`measured`: case -> rounds, each chain -> µs a request, one for each slice. `memories`: one `memory` a round."""
    cases = {}
    for name, rounds in measured.items():
        case = {}
        for chain in rounds[0]:
            prefix = "" if chain == "ours" else f"{chain}_"
            slices = [one[chain] for one in rounds]
            case[f"{prefix}us"] = round(statistics.median(map(statistics.median, slices)), 2)
            case[f"{prefix}min_us"] = round(min(map(min, slices)), 2)
        if {"us", "floor_us"} <= case.keys():
            above = [statistics.median(ours - floor for ours, floor in zip(one["ours"], one["floor"])) for one in rounds]
            case["above_floor_us"] = round(statistics.median(above), 2)
            case["ratio"], case["ratios"] = ratio(rounds, "floor")
            case["goal"] = goals[name]
            case["ok"] = case["ratio"] <= goals[name]
        if {"us", "other_us"} <= case.keys():
            case["other_ratio"], case["other_ratios"] = ratio(rounds, "other")
        cases[name] = case
    return {"cases": cases} | {key: statistics.median(one[key] for one in memories) for key in memories[0]}


def ratio(rounds, chain):
    """Ours ÷ the chain, of all rounds and of each: each slice of ours against its neighbour, before any median."""
    ratios = [statistics.median(ours / other for ours, other in zip(one["ours"], one[chain])) for one in rounds]
    return round(statistics.median(ratios), 3), [round(one, 3) for one in ratios]


def memory(envoys):
    """After the load. An Envoy with one worker has two VMs: the worker's, and the main thread's, which serves nothing."""
    written = {chain: envoy.memory() for chain, envoy in envoys.items()}
    found = {}
    if {"ours", "native"} <= written.keys():
        found["worker_memory_bytes"] = written["ours"] - written["native"]
    if {"floor", "native"} <= written.keys():
        found["floor_memory_bytes"] = written["floor"] - written["native"]
    if "ours" in envoys:
        found["linear_memory_bytes"] = max(envoys["ours"].linear_memories(), default=0)
    return found


def table(report):
    print("\nCPU time of the Envoy process, µs a request")
    against = any("other_us" in case for case in report["cases"].values())
    print("case                   bare  native   floor    ours  ours−floor  ours÷floor   goal        " + "   other  ours÷other  of each round" * against)
    for name, case in report["cases"].items():
        row = [case.get(key) for key in ("bare_us", "native_us", "floor_us", "us")]
        verdict = "" if "ok" not in case else "  ok" if case["ok"] else "  MISSED"
        line = (f"{name:19}" + "".join(map(cell, row)) + cell(case.get("above_floor_us"), 12) + cell(case.get("ratio"), 12, 2)
                + cell(case.get("goal"), 7, 2) + f"{verdict:8}")
        if against:
            line += cell(case.get("other_us")) + cell(case.get("other_ratio"), 12, 3) + "  " + " ".join(f"{one:.3f}" for one in case.get("other_ratios", []))
        print(line.rstrip())
    size, goal = report.get("module_bytes"), report.get("module_goal")
    if size:
        print(f"module: {size / 1000:.0f} KB, goal {goal / 1000:.0f} KB  {'ok' if size <= goal else 'MISSED'}")
    if "worker_memory_bytes" in report:
        words = [f"memory the module adds: {report['worker_memory_bytes'] / 1e6:.1f} MB"]
        if "floor_memory_bytes" in report:
            words.append(f"(one that does nothing: {report['floor_memory_bytes'] / 1e6:.1f} MB)")
        if report.get("linear_memory_bytes"):
            words.append(f"its worker's linear memory: {report['linear_memory_bytes'] / 1e6:.1f} MB")
        print(" ".join(words))


def cell(value, width=8, digits=1):
    return ("-" if value is None else f"{value:.{digits}f}").rjust(width)
