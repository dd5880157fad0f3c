#!/usr/bin/env python3
"""Helper of gpu_probe_test.sh: writes a small recording as scripts/gpu-probe/recording.h describes it.

usage: gpu_probe_recording.py FILE    two kernels and a memset in one buffer, one kernel that has not ended in another

Written from the format's description, not with the probe's reader, so that the two check each other.
"""

import struct
import sys

sequence = 0


def frame(kind, payload, mono, tid=100):
    global sequence
    head = struct.pack("<IHHIIQQ", 0x4D465250, kind, 0, len(payload), tid, sequence, mono)
    sequence += 1
    return head + payload + bytes(-len(payload) % 8)


def kernel(correlation, start, end, name):
    record = bytearray(216)
    struct.pack_into("<I", record, 0, 10)
    struct.pack_into("<QQ", record, 16, start, end)
    struct.pack_into("<III", record, 40, 0, 1, 7)
    struct.pack_into("<I", record, 92, correlation)
    struct.pack_into("<Q", record, 104, name)
    return bytes(record)


def memset(correlation, start, end):
    record = bytearray(88)
    struct.pack_into("<II", record, 0, 2, 0)
    struct.pack_into("<QQQ", record, 8, 4096, start, end)
    struct.pack_into("<I", record, 44, correlation)
    return bytes(record)


def buffer(data, tail_zero, tail_fill):
    head = struct.pack("<II7Q4I", 3, 0, 0x1000, 0, 65536, len(data), tail_zero, tail_fill, 5000, 0, 0, 0, 0)
    return head + data


def recording():
    real, mono = 1_800_000_000_000_000_000, 1_000_000
    out = struct.pack("<8s6I4Q", b"GPUPROBE", 1, 64, 4242, 130001, 130001, 0, real, mono, 0, 0)
    out += frame(10, struct.pack("<IIQ", 100, 0, 0x7F0012345678) + b"main", mono)
    out += frame(12, b"/opt/somewhere/libcupti.so.13", mono)
    out += frame(11, struct.pack("<8I", 10, 216, 2, 88, 5, 40, 1, 96), mono)
    out += frame(1, struct.pack("<QiI", 1_500_000, 0, 0) + b"enable 10", mono)
    out += frame(3, struct.pack("<7QiI", mono, real, mono, mono, 0, real + 40, mono, 0, 0), mono)
    out += frame(2, "part: two kernels, one Grüße".encode(), mono + 10)
    out += frame(9, struct.pack("<II", 2, 211) + b"cudaLaunchKernel_v7000", mono + 20)
    out += frame(7, struct.pack("<6Iq2Q6Q", 2, 211, 0, 17, 1, 1, 0, 0, 0x5000, 0, 0, 0, 0, 0, 0), mono + 20)
    out += frame(4, struct.pack("<II7Q4I", 3, 0, 0x1000, 0, 65536, 0, 0, 0, 5000, 2, 211, 17, 1), mono + 30)
    out += frame(8, struct.pack("<Q", 0x5000) + b"_Z6decodePf", mono + 40)
    data = kernel(17, real + 1000, real + 2024, 0x5000) + kernel(18, real + 3000, real + 5048, 0x5000)
    out += frame(5, buffer(data + memset(19, real + 6000, real + 6500), 64512, 0), mono + 50)
    out += frame(6, buffer(kernel(20, real + 7000, 0, 0x5000), 0, 0), mono + 60)
    return out + frame(13, struct.pack("<4Q", sequence, 0, 3, 0), mono + 70)


if __name__ == "__main__":
    with open(sys.argv[1], "wb") as file:
        file.write(recording())
