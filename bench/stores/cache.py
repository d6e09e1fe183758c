"""Memory and disk of a node that reads from a volume that is far larger than its cache.

The volume is synthetic: some files are random throughout, the rest is sparse with a few random blocks in each file, so that it is made in a minute.
More distinct data is read than the cache may hold, every byte is compared, and some of what was evicted is read again.
"""
import hashlib
import json
import os
import random
import threading
import time

from servers import Node, SftpServer, wait_until

FULL_SIZES = {"limit_bytes": 1 << 30, "logical_bytes": 100 * 10**9, "file_bytes": 64 << 20, "distinct_bytes": 3 << 30, "reread": 4}
QUICK_SIZES = {"limit_bytes": 128 << 20, "logical_bytes": 1 * 10**9, "file_bytes": 8 << 20, "distinct_bytes": 256 << 20, "reread": 2}
PIECE_BYTES, BLOCK_BYTES = 1 << 20, 4096
BLOCKS_WRITTEN, BLOCKS_READ = 16, 2  # of each sparse file
SAMPLE_SECONDS = 0.25
SETTLE_SECONDS = 300  # an eviction takes half a processor
REST_SECONDS = 30  # after it, in which segments of which most is gone are compacted


class Tree:
    """The files: what is random throughout is known by its hash, the blocks of the others by their seed."""

    def __init__(self, sizes):
        self.file_bytes = sizes["file_bytes"]
        self.random = {f"random-{number:04}": b"" for number in range(sizes["distinct_bytes"] // self.file_bytes)}
        self.sparse = [f"sparse-{number:04}" for number in range(sizes["logical_bytes"] // self.file_bytes + 1 - len(self.random))]

    def path(self, base, name):
        return os.path.join(base, name[:-2], name)  # a hundred in a directory

    def write(self, base):
        for name in self.random:
            digest = hashlib.sha256()
            os.makedirs(os.path.dirname(self.path(base, name)), exist_ok=True)
            with open(self.path(base, name), "wb") as file:
                for _ in range(self.file_bytes // PIECE_BYTES):
                    piece = os.urandom(PIECE_BYTES)
                    digest.update(piece)
                    file.write(piece)
            self.random[name] = digest.digest()
        for name in self.sparse:
            os.makedirs(os.path.dirname(self.path(base, name)), exist_ok=True)
            with open(self.path(base, name), "wb", buffering=0) as file:
                file.truncate(self.file_bytes)
                for place, block in self.blocks(name):
                    os.pwrite(file.fileno(), block, place)

    def blocks(self, name):
        """Where they are and what is in them; a hole follows on each."""
        generator = random.Random(name)
        places = generator.sample(range(self.file_bytes // BLOCK_BYTES // 2), BLOCKS_WRITTEN)
        return [(2 * place * BLOCK_BYTES, generator.randbytes(BLOCK_BYTES)) for place in sorted(places)]

    def walk(self, base):
        """Looks at each name and size."""
        found = {name: os.stat(os.path.join(directory, name)).st_size for directory, _, names in os.walk(base) for name in names}
        if found != dict.fromkeys([*self.random, *self.sparse], self.file_bytes):
            raise RuntimeError("the reader does not show what was written")
        return sum(found.values())

    def read_random(self, base, name):
        digest = hashlib.sha256()
        with open(self.path(base, name), "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # what the kernel has of it from the first time
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
        if digest.digest() != self.random[name]:
            raise RuntimeError(f"{name} has wrong bytes")
        return self.file_bytes

    def read_sparse(self, base, name):
        with open(self.path(base, name), "rb", buffering=0) as file:
            for place, block in random.Random(name).sample(self.blocks(name), BLOCKS_READ):
                if os.pread(file.fileno(), 2 * BLOCK_BYTES, place) != block + bytes(BLOCK_BYTES):
                    raise RuntimeError(f"{name} has wrong bytes at {place}")
        return BLOCKS_READ * 2 * BLOCK_BYTES


class Sampler:
    """What a server takes, four times a second: memory, the part of it that is no mapped file, and the disk below its data directory."""

    def __init__(self, node):
        self.node, self.peak, self.stopped = node, {}, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def sample(self):
        found = {"disk": disk_of(self.node.data)}
        with open(f"/proc/{self.node.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(("VmRSS:", "RssAnon:")):
                    found["memory" if line.startswith("Vm") else "anonymous memory"] = int(line.split()[1]) << 10
        self.peak = {what: max(value, self.peak.get(what, 0)) for what, value in found.items()}
        return found

    def run(self):
        while not self.stopped.wait(SAMPLE_SECONDS):
            self.sample()

    def stop(self):
        self.stopped.set()
        self.thread.join()


def disk_of(directory):
    taken = 0
    for base, _, names in os.walk(directory):
        for name in names:
            try:
                taken += os.lstat(os.path.join(base, name)).st_blocks * 512
            except FileNotFoundError:
                pass  # it went since it was listed
    return taken


def write_volume(root, program, tree, seconds, parts):
    """Everything in packs on an SFTP server. Returns the server, the snapshot and the sharing key."""
    server = SftpServer(os.path.join(root, "server"))
    parts.append(server)
    writer = Node(root, "writer", program)
    parts.append(writer)
    secret = os.path.join(root, "sekrit")
    with open(secret, "wb") as file:
        file.write(os.urandom(32))
    writer.start()
    writer.add_key(secret)
    server.write_config(os.path.join(writer.data, "ssh_config"), server.port)
    writer.bazil("volume", "create", "-sharing=friends", "bench")
    writer.bazil("volume", "mount", "bench", writer.mount)
    with Timed(seconds, "writing"):
        tree.write(writer.mount)
        os.mkdir(os.path.join(writer.mount, ".snap", "bench"))
    with Timed(seconds, "copying to the server"):
        writer.bazil("volume", "storage", "add", "bench", "server", f"sftp://root@127.0.0.1:{server.port}{server.path('folder')}")
        wait_until(lambda: writer.is_copied("bench"), "the content is copied to the server", seconds=1800, pause=0.5)
    snapshot = json.loads(writer.bazil("snapshot", "list", "-json", "bench"))["snapshots"][0]["key"]
    writer.stop()
    return server, snapshot, secret


class Timed:
    """Notes and tells how long something took."""

    def __init__(self, seconds, what):
        self.seconds, self.what = seconds, what

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, kind, *_):
        self.seconds[self.what] = time.monotonic() - self.began
        print(f"bench:   cache: {self.what}: {self.seconds[self.what]:.1f} s (load {os.getloadavg()[0]:.1f})", flush=True)


def cache_of(node):
    return json.loads(node.bazil("store", "cache", "show", "-json"))


def settle(node, limit):
    """Until nothing is evicted any more, and something was."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (cache := cache_of(node))["evictedBytes"] == 0 or cache["isEvicting"] or cache["usedBytes"] > limit:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the cache is not within its limit after {SETTLE_SECONDS} s: {cache}")
        time.sleep(0.5)


def read_volume(reader, tree, sizes, seconds):
    """Everything that is random, in an order of its own, blocks of all other files, and some again. Returns the bytes."""
    count, names = 0, list(tree.random)
    random.Random(1).shuffle(names)
    with Timed(seconds, "walking"):
        logical = tree.walk(reader.mount)
    with Timed(seconds, "reading files"):
        count += sum(tree.read_random(reader.mount, name) for name in names)
    with Timed(seconds, "reading blocks"):
        count += sum(tree.read_sparse(reader.mount, name) for name in tree.sparse)
    with Timed(seconds, "reading the first files again"):
        count += sum(tree.read_random(reader.mount, name) for name in names[: sizes["reread"]])
    return logical, count


def measure_cache(root, program, is_quick, parts):
    """What the reading node took at most, and in the end."""
    sizes, seconds = (QUICK_SIZES if is_quick else FULL_SIZES), {}
    os.makedirs(root)
    tree = Tree(sizes)
    server, snapshot, secret = write_volume(root, program, tree, seconds, parts)
    reader = Node(root, "reader", program)
    parts.append(reader)
    reader.start()
    reader.add_key(secret)
    server.write_config(os.path.join(reader.data, "ssh_config"), server.port)
    reader.bazil("store", "cache", "set", f"-limit={sizes['limit_bytes'] >> 20}MiB")
    sampler = Sampler(reader)
    try:
        begun = sampler.sample()
        reader.bazil("volume", "import", f"-snapshot={snapshot}", "-sharing=friends", f"-storage=sftp://root@127.0.0.1:{server.port}{server.path('folder')}", "bench")
        reader.bazil("volume", "mount", "bench", reader.mount)
        logical, count = read_volume(reader, tree, sizes, seconds)
        with Timed(seconds, "until the cache is within its limit"):
            settle(reader, sizes["limit_bytes"])
        time.sleep(REST_SECONDS)
        final = sampler.sample()
        evicted = cache_of(reader)["evictedBytes"]
    finally:
        sampler.stop()
    return {"sizes": sizes, "files": len(tree.random) + len(tree.sparse), "logical_bytes": logical, "read_bytes": count, "evicted_bytes": evicted, "begun": begun, "peak": sampler.peak, "final": final, "seconds": seconds}


def print_cache(found):
    print(f"\n{found['files']:,} files, {found['logical_bytes'] / 1e9:.0f} GB; limit {found['sizes']['limit_bytes'] >> 20} MiB; {found['read_bytes'] / 2**20:,.0f} MiB read, every byte right; {found['evicted_bytes'] / 2**20:,.0f} MiB evicted")
    print("\n| of the server, MiB | before | at most | in the end |\n| --- | ---: | ---: | ---: |")
    for what in ("memory", "anonymous memory", "disk"):
        print(f"| {what} | " + " | ".join(f"{found[when][what] / 2**20:,.0f}" for when in ("begun", "peak", "final")) + " |")
