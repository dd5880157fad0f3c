#!/usr/bin/env python3
"""What the library adds to a program that never uses CUDA: `bash -c :`, plain and preloaded in turn.

usage: startup.py LIBRARY [PAIRS]
Prints the median of each, and the median of the pairs' differences with its quartiles, in milliseconds.
"""
import os
import statistics
import sys
import time


def once(environment):
    begin = time.perf_counter()
    pid = os.posix_spawn("/bin/bash", ["bash", "-c", ":"], environment)
    os.waitpid(pid, 0)
    return (time.perf_counter() - begin) * 1e3


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    plain = {"PATH": "/usr/bin:/bin"}
    preloaded = dict(plain, LD_PRELOAD=os.path.abspath(sys.argv[1]))
    for environment in (plain, preloaded):
        once(environment)
    rows = [(once(plain), once(preloaded)) for _ in range(pairs)]
    added = sorted(b - a for a, b in rows)
    print(f"  bash -c :                      {statistics.median(a for a, _ in rows):7.3f} ms")
    print(f"  the same, library preloaded    {statistics.median(b for _, b in rows):7.3f} ms")
    print(f"  added                          {statistics.median(added):7.3f} ms   "
          f"(quartiles {added[pairs // 4]:.3f} to {added[3 * pairs // 4]:.3f}; budget 0.06)")


if __name__ == "__main__":
    main()
