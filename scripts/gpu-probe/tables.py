#!/usr/bin/env python3
"""Steps 4 and 5: the numbers of all cases side by side.

usage: tables.py cost DIR   `name value` lines of NAME-ROUND.txt, and of start and late-*.txt
       tables.py pool DIR   the lines that pool printed, in its cases' files
The last line, "verdict: ...", is the step's. Exit status: 0, 1 nothing to read, 2 usage.
"""

import os
import sys

COST_CASES = ("none", "loaded", "subscribed", "callback", "kernels", "copies", "runtime", "driver",
              "kernels-callback", "graph-level")
COST_COLUMNS = ("eager_median", "graph10_call_median", "graph100_call_median", "graph1000_call_median",
                "graph10_node_median", "graph100_node_median", "graph1000_node_median", "graph1000_make",
                "start_cuda", "records", "callbacks", "dropped")
POOL_CASES = ("limit-8", "limit-8-no-flush", "mixed-kinds-on", "mixed-kinds-off", "default")


def values_of(path):
    values = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.strip().partition(" ")
                try:
                    values[name] = float(value)
                except ValueError:
                    pass
    except OSError:
        pass
    return values


def rounds(directory, case):
    found = [values_of(os.path.join(directory, "%s-%d.txt" % (case, number))) for number in (1, 2)]
    return [values for values in found if "eager_median" in values]


def cost(directory):
    least = {}
    print("ns; the lower of two rounds' values, and how far the rounds lie apart in percent")
    for case in COST_CASES:
        both = rounds(directory, case)
        if not both:
            continue
        print("%s:" % case)
        least[case] = {}
        for column in COST_COLUMNS:
            values = [values[column] for values in both if column in values]
            if not values:
                continue
            least[case][column] = min(values)
            spread = 100 * (max(values) - min(values)) / min(values) if min(values) else 0
            print("  %-24s %14.1f  %5.1f%%" % (column, min(values), spread))
    for name in ("start", "late-armed", "late-cold"):
        values = values_of(os.path.join(directory, name + ".txt"))
        if values:
            print("%s:" % name)
            for column, value in values.items():
                print("  %-40s %14.1f" % (column, value))
    if "none" not in least:
        print("verdict: no launch was timed")
        return 1
    words = ["a launch %.0f ns" % least["none"]["eager_median"]]
    for case in ("subscribed", "callback", "kernels", "runtime", "driver"):
        if case in least:
            words.append("%s %+.0f" % (case, least[case]["eager_median"] - least["none"]["eager_median"]))
    nodes = ["%s %.0f" % (case, least[case]["graph1000_node_median"]) for case in ("none", "kernels", "graph-level")
             if "graph1000_node_median" in least.get(case, {})]
    late = values_of(os.path.join(directory, "late-cold.txt"))
    before, after = (late.get("cycle1_graph100_made_%s_recorded" % when) for when in ("before", "while_on"))
    if before is not None and after is not None:
        nodes.append("enabled late, a graph made before gives %.0f%% of its records, one made after %.0f%%" % (
            before, after))
    print("verdict: %s; ns a node of 1000: %s" % (", ".join(words), ", ".join(nodes)))
    return 0


def pool_lines(path):
    """(name: value) of each line of numbers, by the names in the line that opens with #."""
    names, lines = [], []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if line.startswith("# seconds"):
                    names = words[1:]
                elif names and len(words) == len(names):
                    lines.append(dict(zip(names, map(float, words))))
    except (OSError, ValueError):
        pass
    return lines


def invalid_share(line):
    timed = line["kernels"] + line["copies"]
    return 100 * (line["start_zero"] + line["end_zero"] + line["reversed"]) / timed if timed else 0.0


def pool(directory):
    words = []
    for case in POOL_CASES:
        lines = pool_lines(os.path.join(directory, case + ".txt"))
        if len(lines) < 2:
            continue
        first, last = lines[0], lines[-1]
        onset = next((line for line in lines if invalid_share(line) > 0), None)
        print("%s: %.0f kernels launched in %.1f s, %.0f records of kernels and %.0f of copies" % (
            case, last["launched"], last["seconds"], last["kernels"], last["copies"]))
        print("  %.3f%% invalid (start 0: %.0f, end 0: %.0f, reversed: %.0f), first seen %s; %.0f dropped" % (
            invalid_share(last), last["start_zero"], last["end_zero"], last["reversed"],
            "by %.0f launched" % onset["launched"] if onset else "never", last["dropped"]))
        print("  memory, MiB: GPU %.0f at first, %.0f at most, %.0f at last; host %.0f, %.0f, %.0f" % (
            first["gpu_mib"], max(line["gpu_mib"] for line in lines), last["gpu_mib"],
            first["host_mib"], max(line["host_mib"] for line in lines), last["host_mib"]))
        words.append("%s %.1f M launched, %.1f M recorded, %.2f%% invalid, GPU %+.0f MiB" % (
            case, last["launched"] / 1e6, last["kernels"] / 1e6, invalid_share(last),
            last["gpu_mib"] - first["gpu_mib"]))
    print("verdict: %s" % ("; ".join(words) or "nothing ran"))
    return 0 if words else 1


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("cost", "pool"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return (cost if sys.argv[1] == "cost" else pool)(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
