#!/usr/bin/env python3
"""Reads a trace file (.cuft). Written from docs/format.md alone, before a look at cuflight's own code, to show
that the page suffices and so that the two check each other. Not meant as a library.

usage: format_reader.py FILE [--json | --summary]
  --summary  what is in it: records of each kind and process, time of each kernel, losses (the default)
  --json     a line a record, in the file's order: kind, process, fields by name, text resolved

exit 1: the file is damaged, truncated or was never completed, said on stderr; what could be read is printed.
exit 2: usage, or no trace file.

JSON: text that is not UTF-8 has its wrong bytes as lone surrogates (\\udc80 to \\udcff); a reference to none is
null, one to a text that the file does not have is its number. Needs the package zstandard, or libzstd.so.1.
"""

import collections
import json
import mmap
import signal
import struct
import sys
import zlib

from format_columns import (DURATION, PACKED, START, Chunk, Damaged, decode, decode_dictionary, read_columns, signed,
                            text, zstd_decompressor)

FILE_HEADER = struct.Struct("<8sIIqqQ24x")
FOOTER = struct.Struct("<QQ8x8s")
CHUNK = struct.Struct("<IHHIIHHIqqQQIIIIQ16x")
INDEX_ENTRY = struct.Struct("<QQqqIIHHI")

CHUNK_MAGIC = 0x4B434643
PERMANENT, INDEX = 0x0901, 0x0A01
COUNT_MAX, SIZE_MAX = 65536, 16 << 20
BY_COLLECTOR = 1

# Field numbers, by the names this reader gives them.
FIELDS = {
    16: "start", 17: "duration", 18: "correlation", 19: "thread", 20: "name", 21: "device", 22: "context",
    23: "stream", 24: "graph_node", 25: "graph_exec", 26: "bytes", 27: "value", 28: "flags", 29: "channel",
    30: "channel_type",
    48: "grid_x", 49: "grid_y", 50: "grid_z", 51: "block_x", 52: "block_y", 53: "block_z", 54: "registers",
    55: "shared_static", 56: "shared_dynamic", 57: "local_per_thread", 58: "local_total", 59: "shared_executed",
    60: "grid_id", 61: "launch_type", 62: "cache_config", 63: "cluster_x", 64: "cluster_y", 65: "cluster_z",
    66: "cluster_policy", 67: "cluster_size_max", 68: "clusters_active_max", 69: "shared_limit_config",
    70: "priority",
    80: "copy_kind", 81: "source_kind", 82: "destination_kind", 83: "source_device", 84: "source_context",
    85: "destination_device", 86: "destination_context", 87: "copy_count", 88: "memory_kind",
    96: "api", 97: "callback", 98: "return_value", 99: "overhead_kind", 100: "object_kind", 101: "object",
    112: "type", 113: "domain", 114: "category", 115: "colour", 116: "payload_type", 117: "payload",
    118: "range_id",
    128: "source", 129: "number", 130: "correlation_first", 131: "correlation_last",
    144: "ticks", 145: "realtime", 146: "cupti_time", 147: "error",
    160: "cause", 161: "count",
}
TEXT = {20, 113, 128}
TIMES = {16, 145, 146}
PRIORITY = 70

KINDS = {
    0x0101: ("kernel", [20, 21, 22, 23, 24, 25, *range(48, 60), 69, 61, 62, 29, 30, *range(63, 69), 70,
                        16, 17, 18, 60]),
    0x0102: ("memcpy", [80, 81, 82, 28, 21, 22, 23, 83, 84, 85, 86, 24, 25, 29, 30, 87, 16, 17, 18, 26]),
    0x0103: ("memset", [21, 22, 23, 27, 88, 28, 24, 25, 29, 30, 16, 17, 18, 26]),
    0x0201: ("api", [96, 97, 20, 19, 98, 16, 17, 18]),
    0x0202: ("overhead", [99, 100, 101, 16, 17, 18]),
    0x0601: ("nvtx", [112, 19, 113, 20, 28, 114, 115, 116, 16, 118, 117]),
    0x0801: ("iteration", [128, 19, 16, 17, 129, 130, 131]),
    0x0802: ("window", [128, 20, 16, 17, 129]),
    0x0B01: ("clock", [16, 144, 145, 146, 147]),
    0x0C01: ("lost", [160, 16, 17, 161]),
}

# Permanent records: kind -> name, the fixed part, its fields ("x": reserved); `N_length` is the length of the
# text N, which follows the fixed part.
PERMANENT_KINDS = {
    1: ("string", struct.Struct("<QIH2x"), ["pointer", "text_length", "class"]),
    2: ("fact", struct.Struct("<II"), ["key_length", "value_length"]),
    3: ("device", struct.Struct("<4IQQIIQ16sI4x"),
        ["device", "major", "minor", "multiprocessors", "memory", "bandwidth", "core_clock",
         "threads_per_multiprocessor", "l2_cache", "uuid", "name_length"]),
    4: ("context", struct.Struct("<4I"), ["context", "device", "null_stream", "api"]),
    5: ("stream", struct.Struct("<IIiI"), ["context", "stream", "priority", "flag"]),
    6: ("thread", struct.Struct("<II"), ["thread", "name_length"]),
    7: ("loss", struct.Struct("<I4xQqq"), ["cause", "count", "first", "last"]),
    8: ("category", struct.Struct("<III4x"), ["domain", "category", "name_length"]),
}

CAUSES = ["no free buffer", "ring full", "no NVTX page", "dropped by CUPTI", "without time", "end before start (kept)",
          "unknown kind", "unreadable buffer", "name table full (kept)", "NVTX text cut (kept)", "no memory",
          "overwritten", "trace file full or failing", "damaged chunk"]


def signed32(value):
    return (value & 0x7FFFFFFF) - (value & 0x80000000)


# ----------------------------------------------------------------------------------------------- the file


class Trace:
    """The chunks of a file that are whole, and its permanent records. Damage is said on stderr, and counted."""

    def __init__(self, path):
        with open(path, "rb") as file:
            try:
                self.data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except ValueError:
                self.data = memoryview(b"")
        self.path = path
        self.damages = 0
        self.decompress = zstd_decompressor()
        if self.decompress is None:
            sys.exit("format_reader.py: neither the package zstandard nor libzstd.so.1 is here")
        if len(self.data) < FILE_HEADER.size or self.data[:8] != b"CUFLIGHT":
            self.refuse("no trace file")
        _, self.version, self.header_size, self.created, self.monotonic, self.session = \
            FILE_HEADER.unpack_from(self.data)
        if self.version > 1:
            self.refuse("version %d is newer than this reader" % self.version)
        if self.version < 1 or self.header_size < FILE_HEADER.size or self.header_size % 8:
            self.refuse("a header that cannot be")
        self.broken = {}  # process -> offset of a chunk of its permanent records that is damaged
        self.chunks = self.by_index()
        if self.chunks is None:
            self.chunks = list(self.walk())
        self.strings = collections.defaultdict(list)  # process -> texts; reference n is the n-th, from 1
        self.permanent = {}                           # offset of a chunk -> its records
        for chunk in self.chunks:
            if chunk.kind == PERMANENT:
                self.permanent[chunk.offset] = list(self.read_permanent(chunk))

    def refuse(self, what):
        print("%s: %s" % (self.path, what), file=sys.stderr)
        sys.exit(2)

    def damage(self, what):
        print("%s: %s" % (self.path, what), file=sys.stderr)
        self.damages += 1

    def chunk_at(self, at):
        """The chunk at this offset, all of it in the file, and whether its checksum is right."""
        if at + CHUNK.size > len(self.data):
            raise Damaged("the file ends in a chunk's header")
        magic, version, header_size, size, crc, *rest = CHUNK.unpack_from(self.data, at)
        if magic != CHUNK_MAGIC:
            raise Damaged("no chunk")
        if header_size < CHUNK.size or size < header_size or size % 8 or size > SIZE_MAX:
            raise Damaged("a chunk of impossible size")
        if at + size > len(self.data):
            raise Damaged("the file ends in a chunk")
        actual = zlib.crc32(self.data[at + 16:at + size], zlib.crc32(bytes(4), zlib.crc32(self.data[at:at + 12])))
        chunk = Chunk(at, header_size, size, *rest)
        if version > 1:
            chunk = chunk._replace(kind=None)
        elif actual == crc and (chunk.count > COUNT_MAX or chunk.sites > chunk.count):
            raise Damaged("a chunk of %d records and %d sites" % (chunk.count, chunk.sites))
        return chunk, actual == crc

    def wrong_checksum(self, chunk):
        self.damage("a chunk of %d bytes whose checksum is wrong at %d" % (chunk.size, chunk.offset))
        if chunk.kind == PERMANENT:
            self.broken.setdefault(chunk.process, chunk.offset)

    def walk(self):
        at = self.header_size
        while at < len(self.data):
            try:
                chunk, right = self.chunk_at(at)
            except Damaged as damaged:
                if len(self.data) - at != FOOTER.size or self.data[-8:] != b"CUFTEND\n":
                    self.damage("%s at %d; read up to there" % (damaged, at))
                return
            at += chunk.size
            if not right:
                self.wrong_checksum(chunk)
            elif chunk.kind != INDEX:
                yield chunk

    def by_index(self):
        """The chunks that the index names, or None when the recording was not completed."""
        end = len(self.data) - FOOTER.size
        if end < self.header_size:
            self.damage("no footer: the recording was not completed")
            return None
        index_offset, file_size, magic = FOOTER.unpack_from(self.data, end)
        if magic != b"CUFTEND\n" or file_size != len(self.data):
            self.damage("no footer: the recording was not completed")
            return None
        entries, at = [], index_offset
        try:
            while at < end:
                index, right = self.chunk_at(at)
                if index.kind != INDEX or not right:
                    raise Damaged("no index")
                data = self.read_columns(index)[PACKED].data[0]
                if len(data) != index.count * INDEX_ENTRY.size:
                    raise Damaged("an index of another length")
                entries.extend(INDEX_ENTRY.iter_unpack(data))
                at += index.size
            if at != end:
                raise Damaged("an index that does not end at the footer")
        except (Damaged, KeyError) as damaged:
            self.damage("%s at %d; the file is walked" % (damaged, at))
            return None
        return list(self.indexed(entries))

    def indexed(self, entries):
        for entry in entries:
            offset, process, first_time, last_time, size, count, kind, flags, lost = entry
            try:
                chunk, right = self.chunk_at(offset)
            except Damaged as damaged:
                self.damage("%s at %d" % (damaged, offset))
                if kind == PERMANENT:
                    self.broken.setdefault(process, offset)
                continue
            if not right:
                self.wrong_checksum(chunk._replace(kind=kind, process=process))
            elif chunk.kind is not None and chunk != chunk._replace(
                    process=process, first_time=first_time, last_time=last_time, size=size, count=count,
                    kind=kind, flags=flags, lost=lost):
                self.damage("the index does not fit the chunk at %d" % offset)
            else:
                yield chunk

    def read_columns(self, chunk):
        return read_columns(self.data[chunk.offset:chunk.offset + chunk.size], chunk, self.decompress)

    def read_permanent(self, chunk):
        try:
            data = self.read_columns(chunk)[PACKED].data[0]
            at = records = 0
            while at < len(data):
                size, kind, flags = struct.unpack_from("<IHH", data, at)
                if size < 8 or size % 8 or at + size > len(data):
                    raise Damaged("a permanent record of impossible size")
                if kind in PERMANENT_KINDS:
                    yield self.permanent_record(chunk, kind, flags, data[at + 8:at + size])
                at += size
                records += 1
            if records != chunk.count:
                raise Damaged("%d permanent records, not %d" % (records, chunk.count))
        except (Damaged, KeyError, struct.error) as damaged:
            self.damage("%s in the chunk at %d" % (damaged, chunk.offset))
            self.broken.setdefault(chunk.process, chunk.offset)

    def permanent_record(self, chunk, kind, flags, data):
        name, fixed, fields = PERMANENT_KINDS[kind]
        record = {"kind": name, "process": chunk.process, "flags": flags}
        at = fixed.size
        for field, value in zip(fields, fixed.unpack_from(data)):
            if field.endswith("_length"):
                if at + value > len(data):
                    raise Damaged("a text that is longer than its record")
                field, value, at = field[:-len("_length")], text(data[at:at + value]), at + value
            record[field] = value.hex() if field == "uuid" else value
        if name == "string":
            strings = self.strings[chunk.process]
            # After records that are missing, nobody knows which number a string has.
            known = chunk.offset < self.broken.get(chunk.process, len(self.data))
            if known:
                strings.append(record["text"])
            record["reference"] = len(strings) if known else None
        return record

    def resolve(self, chunk, dictionary, reference):
        texts, n = self.strings[chunk.process], reference - 1
        if reference & 0x80000000:
            texts, n = dictionary, reference & 0x7FFFFFFF
        if reference == 0:
            return None
        return texts[n] if 0 <= n < len(texts) else reference

    def read_chunk(self, chunk):
        """The columns of an event chunk, by name in the page's order; text resolved, integers signed where they are."""
        columns = self.read_columns(chunk)
        if chunk.count and not chunk.sites:
            raise Damaged("no sites")
        values, dictionary = decode(chunk, columns), decode_dictionary(columns)
        if START in values:
            check_times(chunk, values)
        named = {}
        for field in KINDS[chunk.kind][1]:
            column = values.get(field) or [0] * chunk.count
            if field in TEXT:
                known = {r: self.resolve(chunk, dictionary, r) for r in set(column)}
                column = [known[r] for r in column]
            elif field in TIMES:
                column = [signed(v) for v in column]
            elif field == PRIORITY:
                column = [signed32(v) for v in column]
            named[FIELDS[field]] = column
        return named

    def events(self):
        """Every chunk of a known kind: (chunk, name of the kind, columns), or with a list of permanent records."""
        for chunk in self.chunks:
            if chunk.kind == PERMANENT:
                yield chunk, "permanent", [
                    dict(record, domain=self.resolve(chunk, [], record["domain"])) if "domain" in record else record
                    for record in self.permanent[chunk.offset]]
            elif chunk.kind in KINDS:
                try:
                    yield chunk, KINDS[chunk.kind][0], self.read_chunk(chunk)
                except Damaged as damaged:
                    self.damage("%s in the chunk at %d" % (damaged, chunk.offset))


def check_times(chunk, values):
    starts = [signed(v) for v in values[START]]
    ends = [signed(t + d) for t, d in zip(starts, values.get(DURATION) or [0] * chunk.count)]
    if starts and (min(starts), max(ends)) != (chunk.first_time, chunk.last_time):
        raise Damaged("first_time and last_time are not the records'")


# ------------------------------------------------------------------------------------------------- output


def print_json(trace):
    for chunk, kind, columns in trace.events():
        if kind == "permanent":
            for record in columns:
                print(json.dumps(record))
            continue
        names = ["kind", "process", *columns]
        head = (kind, chunk.process)
        for row in zip(*columns.values()):
            print(json.dumps(dict(zip(names, head + row))))


def sequence_gaps(chunks):
    """process -> chunks that are not there, by the numbers of those that are."""
    seen = collections.defaultdict(set)
    for chunk in chunks:
        seen[chunk.process, chunk.generation, chunk.flags & BY_COLLECTOR].add(chunk.sequence)
    gaps = collections.Counter()
    for (process, _, _), numbers in seen.items():
        gaps[process] += max(numbers) + 1 - len(numbers)
    return gaps


def print_summary(trace):
    counts, kernels, calls = collections.Counter(), collections.Counter(), collections.Counter()
    reported, final, facts = collections.Counter(), {}, {}
    for chunk, kind, columns in trace.events():
        if kind == "permanent":
            for record in columns:
                counts[chunk.process, record["kind"]] += 1
                if record["kind"] == "fact":
                    facts[chunk.process, record["key"]] = record["value"]
                elif record["kind"] == "loss":
                    final[chunk.process, record["cause"]] = record["count"]
            continue
        counts[chunk.process, kind] += chunk.count
        if kind == "kernel":
            for name, duration in zip(columns["name"], columns["duration"]):
                kernels[name] += duration
                calls[name] += 1
        elif kind == "lost":
            for cause, n in zip(columns["cause"], columns["count"]):
                reported[chunk.process, cause] += n
    lost, gaps = collections.Counter(), sequence_gaps(trace.chunks)
    for chunk in trace.chunks:
        lost[chunk.process] += chunk.lost

    print("session %d, %d chunks, %s" % (trace.session, len(trace.chunks), "damaged" if trace.damages else "whole"))
    for process in sorted({c.process for c in trace.chunks}):
        print("process %d: pid %s, %s" % (process, facts.get((process, "pid"), "-"), facts.get((process, "exe"), "-")))
        for (owner, kind), n in sorted(counts.items()):
            if owner == process:
                print("  %-12s %12d" % (kind, n))
        print("  %-12s %12d   missing chunks %d" % ("lost", lost[process], gaps[process]))
        counted = final if any(owner == process for owner, _ in final) else reported
        for (owner, cause), n in sorted(counted.items()):
            if owner == process:
                print("    %s: %d" % (CAUSES[cause] if cause < len(CAUSES) else "cause %d" % cause, n))
    for name, total in sorted(kernels.items(), key=lambda item: -item[1]):
        print("kernel %15d ns %10d x  %s" % (total, calls[name], str(name).encode("utf-8", "replace").decode()))


def main(arguments):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = [a for a in arguments if a.startswith("-")]
    files = [a for a in arguments if not a.startswith("-")]
    if len(files) != 1 or len(options) > 1 or options not in ([], ["--json"], ["--summary"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        trace = Trace(files[0])
    except OSError as error:
        print("%s: %s" % (files[0], error.strerror), file=sys.stderr)
        return 2
    (print_json if options == ["--json"] else print_summary)(trace)
    return 1 if trace.damages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
