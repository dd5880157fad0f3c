#!/usr/bin/env python3
"""Compares the CSV files of `nsys stats` with those of `cuflight report`: every cell of every row.

Usage: nsys_stats_compare.py NSYS_PREFIX OUR_PREFIX REPORT...       (files PREFIX_REPORT.csv)

nsys does not escape quotes and line ends within a field, so its lines are taken apart by the number of columns: the
last one is the name. Rows with equal totals may come in any order; all others must come in the same.
Prints a line for each report; exit 1 if anything differs.
"""
import csv
import os
import re
import sys

csv.field_size_limit(1 << 30)


def read_ours(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [row for row in csv.reader(file, strict=True)]


def read_nsys(path):
    """No rows at all, not even columns: the report was skipped, as one without data is."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        lines = file.read().split("\n")
    if not lines[0]:
        return []
    header = lines[0].split(",")
    rows = [header]
    for line in lines[1:]:
        # A row begins with a number; anything else goes on with the name of the row before.
        if re.match(r"-?[0-9.]+,", line) and line.count(",") >= len(header) - 1:
            rows.append(line.split(",", len(header) - 1))
        elif len(rows) > 1:
            rows[-1][-1] += "\n" + line
    for row in rows[1:]:
        name = row[-1].rstrip("\n")
        if "," in name and name[0] == '"' == name[-1]:
            name = name[1:-1]
        row[-1] = name
    return rows


def compare(report, nsys, ours):
    if not nsys:
        return None if len(ours) == 1 else f"nsys has no data, we have {len(ours) - 1} rows"
    if nsys[0] != ours[0]:
        return f"columns: {nsys[0]} != {ours[0]}"
    key = (lambda row: row[0]) if report.startswith("cuda_gpu_trace") else (lambda row: row[: 2])
    if [key(row) for row in nsys] != [key(row) for row in ours]:
        return "the order differs"
    if report.startswith("cuda_gpu_trace"):
        a, b = nsys, ours
    else:
        a, b = sorted(nsys[1:]), sorted(ours[1:])
    for x, y in zip(a, b):
        if x != y:
            return f"\n  nsys {x}\n  ours {y}"
    return None


def main():
    nsys_prefix, our_prefix, *reports = sys.argv[1:]
    failed = False
    for report in reports:
        name = report.replace(":", "_")
        nsys = read_nsys(f"{nsys_prefix}_{name}.csv")
        ours = read_ours(f"{our_prefix}_{name}.csv")
        difference = compare(report, nsys, ours)
        failed |= difference is not None
        print(f"{report}: {len(ours) - 1} rows", "equal" if difference is None else f"DIFFER: {difference}")
    sys.exit(failed)


main()
