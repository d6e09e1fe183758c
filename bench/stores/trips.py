"""How many round trips a read of remote content takes: what it takes longer when each takes longer."""
import os
import random
import statistics
import time

from candidates import FromPeer, OverS3, OverSftp

READ_BYTES = 4 << 10
CHUNK_BYTES = 128 << 10
POINTER_BYTES = 128 * CHUNK_BYTES  # what one pointer chunk of the lowest level is about
FULL = {"first": (64 << 20, 3), "cold": (20 << 20, 5), "reads": 31}  # size and number of the files for each delay
QUICK = {"first": (20 << 20, 1), "cold": (17 << 20, 2), "reads": 5}
KINDS = ("first", "cold")
ROWS = {
    "first": "first bytes of a file that was never read here",
    "cold": "random 4 KiB of a file that was never read here",
    "warm": "random 4 KiB of a file whose pointers are here",
}


def name_of(kind, delay, number):
    return f"{kind}-{delay}-{number}"


def files_of(delays, sizes):
    """All files that are read: each once only, or its pointers would be here."""
    return {name_of(kind, delay, number): sizes[kind][0] for kind in KINDS for delay in delays for number in range(sizes[kind][1])}


def read(handle, offset):
    start = time.monotonic()
    assert len(os.pread(handle, READ_BYTES, offset)) == READ_BYTES
    return time.monotonic() - start


def read_once(path, offset):
    """Seconds from open(2) until the bytes are there."""
    start = time.monotonic()
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
    read(handle, offset)
    taken = time.monotonic() - start
    os.close(handle)
    return taken


def read_warm(candidate, path, size, delay, reads):
    """Seconds that each read took, no two of them in one chunk, when all pointers were read before."""
    chunks = size // CHUNK_BYTES
    touched = [offset // CHUNK_BYTES for offset in range(0, size, POINTER_BYTES)]
    wanted = random.Random(delay).sample([chunk for chunk in range(chunks) if chunk not in touched], reads)
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
    candidate.proxy.delay(0)
    for chunk in touched:
        read(handle, chunk * CHUNK_BYTES)
    candidate.proxy.delay(delay / 1000)
    taken = [read(handle, chunk * CHUNK_BYTES + READ_BYTES) for chunk in wanted]
    os.close(handle)
    return taken


def measure_one(candidate, delay, sizes):
    """kind -> milliseconds of each read."""
    generator, (size, count) = random.Random(delay), sizes["cold"]
    candidate.proxy.delay(delay / 1000)
    found = {
        "first": [read_once(candidate.path(name_of("first", delay, number)), 0) for number in range(sizes["first"][1])],
        "cold": [read_once(candidate.path(name_of("cold", delay, number)), generator.randrange(1, size // CHUNK_BYTES) * CHUNK_BYTES) for number in range(count)],
        "warm": read_warm(candidate, candidate.path(name_of("cold", delay, 0)), size, delay, sizes["reads"]),
    }
    candidate.proxy.delay(0)
    return {kind: [seconds * 1000 for seconds in taken] for kind, taken in found.items()}


def measure_trips(root, program, servers, options, parts):
    """row -> candidate -> the median milliseconds by delay, and the round trips: how much longer the read takes for each millisecond that the way is longer."""
    sizes, delays = (QUICK if options.quick else FULL), sorted(set(options.delays) | {0})
    content = (program, servers.snapshot, servers.secret)
    kinds = {
        "bazil-sftp": lambda base: OverSftp(base, servers.sftp, *content),
        "bazil-peer": lambda base: FromPeer(base, servers.writer, program, servers.secret),
        "bazil-s3": lambda base: OverS3(base, servers.s3, *content),
    }
    rows = {}
    for name, make in kinds.items():
        if options.candidates is not None and name not in options.candidates:
            continue
        candidate = make(os.path.join(root, "trips"))
        parts.append(candidate)
        found = {delay: measure_one(candidate, delay, sizes) for delay in delays}
        for kind, row in ROWS.items():
            medians = {delay: statistics.median(found[delay][kind]) for delay in delays}
            trips = (medians[delays[-1]] - medians[0]) / delays[-1]
            rows.setdefault(row, {})[name] = {"ms": medians, "all": {delay: found[delay][kind] for delay in delays}, "trips": trips}
            told = ", ".join(f"{delay} ms away {value:.1f} ms" for delay, value in medians.items())
            print(f"bench:   {row}: {name} {told}: {trips:.1f} round trips", flush=True)
    return rows


def print_trips(rows):
    names = list(next(iter(rows.values())))
    print("\n| round trips | " + " | ".join(names) + " |\n| --- |" + " ---: |" * len(names))
    for row, found in rows.items():
        print(f"| {row} | " + " | ".join(f"{found[name]['trips']:.1f}" for name in names) + " |")
