#!/usr/bin/env python3
"""Steps 2 and 6: what a recording answers, in words.

usage: answers.py records FILE...   what was delivered, by which threads, when; clocks, thread ids, zeroing, flushes
       answers.py clock FILE...     grid and jitter of durations, time from a kernel's end to its delivery
Exit status: 0; 1: a recording holds no record of GPU work, or is damaged; 2: usage, or not a recording.
"""

import os
import sys
from collections import Counter
from functools import reduce
from math import gcd

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import recording as rec  # noqa: E402

KERNELS = (3, 10)
API = {4: 1, 5: 2}  # activity kind -> callback domain


def quantiles(values, at=(0, 0.01, 0.5, 0.99, 1)):
    ordered = sorted(values)
    return " ".join("p%g=%d" % (q * 100, ordered[int(q * (len(ordered) - 1))]) for q in at) if ordered else "none"


def part_of(notes, mono_ns):
    """The text of the last note before that time."""
    text = "start"
    for note in notes:
        if note.mono_ns > mono_ns:
            break
        text = note.text
    return text.removeprefix("part: ")


def realtime_offset(recording):
    """REALTIME - MONOTONIC in ns, and how far it moved between the first and the last sample."""
    offsets = [clock.real_ns - (clock.mono_ns + clock.mono_after_ns) // 2 for clock in recording.of_type(rec.CLOCK)]
    if not offsets:
        offsets = [recording.real_ns - recording.mono_ns]
    return offsets[-1], max(offsets) - min(offsets)


def thread_name(recording, tid):
    thread = recording.threads.get(tid)
    return "%s(%d)" % (thread.text, tid) if thread else str(tid)


def count_kinds(recording):
    kinds = Counter()
    leftover = 0
    for frame in recording.of_type(rec.COMPLETE):
        leftover += recording.leftover(frame)
        kinds.update(record.kind for record in recording.records(frame))
    print("records: %s" % (", ".join("%d %s" % (count, rec.kind_name(kind))
                                     for kind, count in sorted(kinds.items())) or "none"))
    if leftover:
        print("  %d bytes in completed buffers are no readable record" % leftover)
    return kinds


def tell_times(recording):
    """Invalid times and repeats among GPU work."""
    wrong, seen, repeats = Counter(), set(), 0
    for frame in recording.of_type(rec.COMPLETE):
        for record in recording.records(frame):
            if record.kind not in rec.GPU_WORK:
                continue
            start, end = record.get("start"), record.get("end")
            wrong["start 0" if not start else "end 0" if not end else
                  "end before start" if end < start else "good"] += 1
            key = record.kind, record.get("correlation"), record.get("graph_node"), start
            repeats += key in seen
            seen.add(key)
    print("times of GPU work: %s; delivered twice: %d" % (dict(wrong), repeats))


def tell_buffers(recording):
    requests, completes = recording.of_type(rec.REQUEST), recording.of_type(rec.COMPLETE)
    by_api = Counter(recording.api_name(frame.domain, frame.cbid) if frame.depth else "no API call"
                     for frame in requests)
    print("buffers: %d requested on threads %s, in %s" % (
        len(requests), dict(Counter(thread_name(recording, frame.tid) for frame in requests)),
        dict(by_api.most_common(6))))
    print("  %d completed on threads %s, (context set, stream id) %s, %d empty" % (
        len(completes), dict(Counter(thread_name(recording, frame.tid) for frame in completes)),
        dict(Counter((bool(frame.context), frame.stream_id) for frame in completes)),
        sum(not frame.valid for frame in completes)))
    owners = Counter(len({record.get("thread") for record in recording.records(frame) if record.kind in API})
                     for frame in completes)
    print("  threads whose API records share a buffer (threads: buffers): %s" % dict(sorted(owners.items())))
    beyond = [(frame.size - frame.valid, frame.tail_zero, frame.tail_fill) for frame in completes]
    print("  behind the valid bytes: all zero in %d buffers, all as handed out (0xa5) in %d, of %d" % (
        sum(rest == zero for rest, zero, _ in beyond), sum(rest == fill != 0 for rest, _, fill in beyond),
        len(beyond)))
    untouched = sum(record.raw.count(b"\xa5\xa5\xa5\xa5") for frame in completes
                    for record in recording.records(frame))
    print("  words inside records that still hold the fill: %d" % untouched)


def tell_flushes(recording):
    """What each FlushAll delivered while it ran."""
    completes = recording.of_type(rec.COMPLETE)
    notes = recording.of_type(rec.NOTE)
    for call in recording.of_type(rec.CALL):
        if not call.text.startswith("flush"):
            continue
        inside = [frame for frame in completes
                  if call.mono_ns <= frame.mono_ns <= call.mono_ns + call.duration_ns]
        kinds, unfinished = Counter(), 0
        for frame in inside:
            for record in recording.records(frame):
                kinds[rec.kind_name(record.kind)] += 1
                unfinished += record.kind in rec.GPU_WORK and not record.get("end")
        print("%s took %.3f ms and delivered %d buffers, %s, %d unfinished (%s)" % (
            call.text, call.duration_ns / 1e6, len(inside), dict(kinds), unfinished,
            part_of(notes, call.mono_ns)))
    for frame in recording.of_type(rec.LIVE):
        kinds = Counter(rec.kind_name(record.kind) for record in recording.records(frame))
        print("peek: buffer %d held by CUPTI reads as %s, %d bytes over (%s)" % (
            frame.id, dict(kinds), recording.leftover(frame), part_of(notes, frame.mono_ns)))


def enter_callbacks(recording):
    return {(frame.domain, frame.correlation): frame for frame in recording.of_type(rec.CALLBACK)
            if frame.domain in (1, 2) and not frame.site}


def tell_threads_and_clock(recording):
    """API records against the callbacks of the same calls, which the probe stamped itself."""
    enters = enter_callbacks(recording)
    selves = {tid: thread.pthread_self & 0xFFFFFFFF for tid, thread in recording.threads.items()}
    offset, drift = realtime_offset(recording)
    ids, against = Counter(), {"CLOCK_REALTIME": [], "CLOCK_MONOTONIC": []}
    for frame in recording.of_type(rec.COMPLETE):
        for record in recording.records(frame):
            enter = enters.get((API.get(record.kind), record.get("correlation")))
            if not enter:
                continue
            thread = record.get("thread")
            ids["gettid" if thread == enter.tid else
                "pthread_self (32 bits)" if thread == selves.get(enter.tid) else "neither"] += 1
            against["CLOCK_MONOTONIC"].append(record.get("start") - enter.mono_ns)
            against["CLOCK_REALTIME"].append(record.get("start") - enter.mono_ns - offset)
    print("API records' thread is: %s" % (dict(ids) or "no callback to compare with"))
    for clock, differences in against.items():
        if differences:
            print("API record's start - callback's time on %s: %s ns" % (
                clock, quantiles(differences, (0, 0.5, 1))))
    samples = [clock.cupti_ns - clock.real_ns for clock in recording.of_type(rec.CLOCK) if not clock.cupti_result]
    if samples:
        print("cuptiGetTimestamp - CLOCK_REALTIME just before: %s ns; REALTIME - MONOTONIC moved %d ns"
              % (quantiles(samples, (0, 0.5, 1)), drift))


def records(recording):
    kinds = count_kinds(recording)
    tell_times(recording)
    tell_buffers(recording)
    tell_flushes(recording)
    tell_threads_and_clock(recording)
    callbacks = Counter((rec.DOMAINS.get(frame.domain), recording.api_name(frame.domain, frame.cbid))
                        for frame in recording.of_type(rec.CALLBACK) if not frame.site)
    for (domain, name), count in callbacks.most_common(40):
        print("  callback %s %s: %d" % (domain, name, count))
    return sum(kinds[kind] for kind in rec.GPU_WORK)


def tell_grid(name, times):
    """`times`: (start, end) of the kernels of one part."""
    durations = [end - start for start, end in times]
    common = Counter(durations).most_common(8)
    print("%s: %d kernels" % (name, len(durations)))
    print("  duration ns: %s; %d different values; most frequent %s" % (
        quantiles(durations), len(set(durations)), ", ".join("%d (%d)" % pair for pair in common)))
    print("  greatest common divisor: durations %d, differences of starts %d, differences of durations %d" % (
        reduce(gcd, durations), reduce(gcd, (start - times[0][0] for start, _ in times)),
        reduce(gcd, (duration - durations[0] for duration in durations))))
    for modulus in (32, 1000):
        rests = Counter(duration % modulus for duration in durations).most_common(6)
        print("  duration mod %d: %s" % (modulus, ", ".join("%d (%d)" % pair for pair in rests)))


def clock(recording):
    offset, _ = realtime_offset(recording)
    notes = recording.of_type(rec.NOTE)
    times, delays = {}, {}
    for frame in recording.of_type(rec.COMPLETE):
        for record in recording.records(frame):
            if record.kind not in KERNELS or not record.get("start") or not record.get("end"):
                continue
            start, end = record.get("start"), record.get("end")
            part = part_of(notes, start - offset)
            times.setdefault(part, []).append((start, end))
            delays.setdefault(part, []).append(frame.mono_ns + offset - end)
    for part, values in times.items():
        tell_grid(part, values)
        print("  from the kernel's end to delivery, us: %s" % quantiles([delay // 1000 for delay in delays[part]]))
    return times


def grid_verdict(times):
    """Of the recording with the most kernels: the grid that all durations and all starts lie on."""
    values = [pair for part in times.values() for pair in part]
    durations = [end - start for start, end in values]
    middle = [end - start for part, pairs in times.items() if "middle" in part for start, end in pairs] or durations
    return "%d kernels, durations on a grid of %d ns, starts of %d ns; the middle one takes %s ns" % (
        len(values), reduce(gcd, durations), reduce(gcd, (start - values[0][0] for start, _ in values)),
        quantiles(middle, (0.01, 0.5, 0.99)))


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("records", "clock"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    failed = False
    best = {}
    for path in sys.argv[2:]:
        try:
            recording = rec.read(path)
        except (rec.NotARecording, OSError) as error:
            print("answers: %s: %s" % (path, error), file=sys.stderr)
            return 2
        print("== %s" % os.path.basename(path))
        if sys.argv[1] == "records":
            failed |= not records(recording)
        else:
            times = clock(recording)
            failed |= not times
            best = max(best, times, key=lambda parts: sum(map(len, parts.values())))
        for problem in recording.damage:
            failed = True
            print("damaged: %s" % problem)
        print()
    if best:
        print("verdict: %s" % grid_verdict(best))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
