"""The half of format_reader.py that knows what is inside a chunk: streams, planes, encodings. Written from the
chapter "A chunk" of docs/format.md.
"""

import array
import collections
import ctypes
import struct
import sys

MASK = (1 << 64) - 1
SIGN = 1 << 63

DIRECTORY = struct.Struct("<HBBBBHII")
RAW_MAX = 64 << 20

Chunk = collections.namedtuple(
    "Chunk", "offset header_size size kind flags count first_time last_time process sequence generation streams "
    "sites lost raw_size")

# Fields that are no data.
SITE, LANE, DICTIONARY, PACKED = 1, 2, 3, 4
START, DURATION = 16, 17


class Damaged(Exception):
    """Not what the page describes; the text says what."""


def signed(value):
    value &= MASK
    return value - (1 << 64) if value & SIGN else value


def text(data):
    return bytes(data).decode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------------------- zstd


def zstd_decompressor():
    """A function (data, size after decompression) -> bytes, or None where this machine has no zstd."""
    try:
        import zstandard

        def by_package(data, raw):
            try:
                return zstandard.ZstdDecompressor().decompress(data, max_output_size=max(raw, 1))
            except zstandard.ZstdError as error:
                raise Damaged("zstd: %s" % error)

        return by_package
    except ImportError:
        pass
    try:
        library = ctypes.CDLL("libzstd.so.1")
    except OSError:
        return None
    size_t = ctypes.c_size_t
    library.ZSTD_decompress.restype = size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_void_p, size_t, ctypes.c_char_p, size_t]
    library.ZSTD_isError.argtypes = [size_t]

    def by_library(data, raw):
        out = ctypes.create_string_buffer(max(raw, 1))
        got = library.ZSTD_decompress(out, raw, bytes(data), len(data))
        if library.ZSTD_isError(got):
            raise Damaged("zstd: not a frame of %d bytes" % raw)
        return out.raw[:got]

    return by_library


# ------------------------------------------------------------------------------------------------ columns


class Column:
    def __init__(self, encoding, planes):
        self.encoding, self.planes = encoding, planes
        self.constant = None
        self.data = []  # of each plane

    def integers(self, n):
        """The n integers, put together from their planes."""
        if any(len(plane) != n for plane in self.data):
            raise Damaged("a plane does not have a byte for each of %d values" % n)
        if self.planes == 1:
            return list(self.data[0])
        together = bytearray(8 * n)
        for i, plane in enumerate(self.data):
            together[i::8] = plane
        values = array.array("Q", bytes(together))
        if sys.byteorder == "big":
            values.byteswap()
        return values.tolist()

    def residues(self, n):
        """The same, unzigzagged."""
        return [(z >> 1) ^ -(z & 1) for z in self.integers(n)]


def read_columns(data, chunk, decompress):
    """The chunk's directory and streams: field -> Column, without those that need what this reader does not know."""
    columns, unknown = {}, set()
    at = chunk.header_size + chunk.streams * DIRECTORY.size
    if at > chunk.size:
        raise Damaged("the directory is longer than the chunk")
    if chunk.raw_size > RAW_MAX:
        raise Damaged("%d bytes decompressed, which is over the limit" % chunk.raw_size)
    total = 0
    for i in range(chunk.streams):
        entry = chunk.header_size + i * DIRECTORY.size
        field, encoding, codec, plane, planes, _, raw, stored = DIRECTORY.unpack_from(data, entry)
        if encoding == 0:
            columns[field] = Column(0, 0)
            columns[field].constant = struct.unpack_from("<Q", data, entry + 8)[0]
            continue
        if at + stored > chunk.size:
            raise Damaged("field %d does not lie in the chunk" % field)
        total += raw
        if total > chunk.raw_size:
            raise Damaged("the streams are longer than the chunk says")
        stream = data[at:at + stored]
        at += stored
        if plane == 0:
            columns[field] = Column(encoding, planes)
        column = columns.get(field)
        if not column or plane != len(column.data) or planes != column.planes or not 1 <= planes <= 8:
            raise Damaged("field %d: plane %d of %d is out of place" % (field, plane, planes))
        if codec == 1:
            stream = decompress(stream, raw)
        elif codec == 2:
            stream = bytes(raw)
        elif codec != 0:
            unknown.add(field)
        if len(stream) != raw and codec <= 2:
            raise Damaged("field %d: %d bytes, not %d" % (field, len(stream), raw))
        column.data.append(bytes(stream))
    if total != chunk.raw_size:
        raise Damaged("the streams are %d bytes, not %d" % (total, chunk.raw_size))
    if any(data[at:chunk.size]):
        raise Damaged("something follows the last stream")
    for field, column in columns.items():
        if len(column.data) != column.planes:
            raise Damaged("field %d: planes are missing" % field)
        if column.encoding > 8:
            unknown.add(field)
    return {field: column for field, column in columns.items() if field not in unknown}


# ----------------------------------------------------------------------------------------------- decoding


def mean_update(m, x):
    """m after one more value x; m is None before the first."""
    x16 = x << 4
    return signed(x16) if m is None else signed(m + (signed(x16 - m) >> 3))


def mean_predict(m):
    return 0 if m is None else signed(m + 8) >> 4


def decode_sites(column, count):
    """Encoding 4: each record's site."""
    expected = [0] * 16384
    a = b = 0
    sites = []
    for symbol in column.integers(count):
        entry = ((a * 0x9E3779B1 ^ b * 0x85EBCA6B) & 0xFFFFFFFF) >> 18
        if symbol:
            expected[entry] = symbol - 1
        a, b = b, expected[entry]
        sites.append(b)
    return sites


def decode_table(column, sites):
    """Encoding 3: one value a site."""
    value, table = 0, []
    for r in column.residues(sites):
        value = (value + r) & MASK
        table.append(value)
    return table


def decode_durations(column, count, site_of):
    means, values = {}, []
    for r, s in zip(column.residues(count), site_of):
        m = means.get(s)
        d = signed(mean_predict(m) + r)
        means[s] = mean_update(m, d)
        values.append(d & MASK)
    return values


def decode_starts(column, chunk, site_of, lane_of, durations):
    means, ends, values = {}, {}, []
    for r, s, lane, d in zip(column.residues(chunk.count), site_of, lane_of, durations):
        end = ends.get(lane)
        if end is None:
            t = chunk.first_time + r
        else:
            m = means.get(s)
            t = end + mean_predict(m) + r
            means[s] = mean_update(m, signed(t - end))
        t &= MASK
        ends[lane] = t + d
        values.append(t)
    return values


def decode_steps(column, count, site_of):
    value, steps, values = 0, {}, []
    for r, s in zip(column.residues(count), site_of):
        step = steps[s] = steps.get(s, 0) + r
        value = (value + step) & MASK
        values.append(value)
    return values


def decode_last(column, count, site_of):
    last, values = {}, []
    for r, s in zip(column.residues(count), site_of):
        value = last[s] = (last.get(s, 0) + r) & MASK
        values.append(value)
    return values


def decode(chunk, columns):
    """field -> the records' values, each modulo 2^64."""
    n = chunk.count

    def column_values(field):
        column = columns.get(field)
        if column is None:
            return None
        if column.encoding == 0:
            return [column.constant] * n
        if column.encoding == 2:
            return column.integers(n)
        if column.encoding == 3:
            table = decode_table(column, chunk.sites)
            return [table[s] for s in site_of]
        if column.encoding == 4:
            return decode_sites(column, n)
        if column.encoding == 5:
            return decode_durations(column, n, site_of)
        if column.encoding == 6:
            return decode_starts(column, chunk, site_of, column_values(LANE) or [0] * n, durations or [0] * n)
        if column.encoding == 7:
            return decode_steps(column, n, site_of)
        if column.encoding == 8:
            return decode_last(column, n, site_of)
        return None  # bytes

    site_of = column_values(SITE) or [0] * n
    if max(site_of, default=0) >= max(chunk.sites, 1):
        raise Damaged("a record's site is none of the chunk's %d" % chunk.sites)
    durations = column_values(DURATION)
    values = {SITE: site_of, DURATION: durations}
    for field in columns:
        if field not in (SITE, LANE, DURATION):
            values[field] = column_values(field)
    return {field: column for field, column in values.items() if column is not None}


def decode_dictionary(columns):
    """The texts of the chunk's own dictionary."""
    if DICTIONARY not in columns:
        return []
    data = columns[DICTIONARY].data[0]
    try:
        count = struct.unpack_from("<I", data)[0]
        lengths = struct.unpack_from("<%dI" % count, data, 4)
    except struct.error:
        raise Damaged("the dictionary is cut")
    at, texts = 4 + 4 * count, []
    for length in lengths:
        texts.append(text(data[at:at + length]))
        at += length
    if at != len(data):
        raise Damaged("the dictionary is %d bytes, not %d" % (len(data), at))
    return texts
