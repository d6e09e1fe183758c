"""What is measured, in the order in which it is done: later steps build on what earlier ones left."""
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import time

from candidates import run

FILES_PER_DIRECTORY = 1000
REST_SECONDS = 4


class Step:
    """One row of the table."""

    def __init__(self, name, unit, measure, before=None, only=None, rest=0):
        self.name = name
        self.unit = unit
        self.measure = measure
        self.before = before
        self.only = only
        self.rest = rest  # seconds for what a server does after it has answered: its processor time counts, and nobody finds it on the disk

    @property
    def is_rate(self):
        """More is better; else it is a time, and less is."""
        return self.unit.endswith("/s")


def seconds(what):
    start = time.monotonic()
    what()
    return time.monotonic() - start


def shell(command, directory):
    """Runs a line for the shell, its output thrown away; seconds."""
    start = time.monotonic()
    done = subprocess.run(["sh", "-c", command], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} in {directory}: {done.stderr}")
    return time.monotonic() - start


def cold(candidate):
    candidate.cold()


class Steps:
    """The steps, over files of a few sizes."""

    def __init__(self, sizes, inputs, client):
        self.sizes = sizes
        self.inputs = inputs
        self.client_program = client
        self.snapshots = 0

    def all(self):
        megabytes = self.sizes["stream_bytes"] // 2**20
        return [
            Step(f"stream write + fsync, {megabytes} MiB", "MB/s", self.stream_write, self.no_stream),
            Step("stream read, cold", "MB/s", self.stream_read, cold),
            Step("random read 4 KiB, cold", "1/s", lambda c: self.fio(c, "randread", self.sizes["cold_random_bytes"]), cold),
            Step("random read 4 KiB, warm", "1/s", lambda c: self.fio(c, "randread", self.sizes["random_bytes"]), self.stream_read),
            Step("random write 4 KiB, fsync every 32", "1/s", lambda c: self.fio(c, "randwrite", self.sizes["written_bytes"], "--fsync=32"), rest=REST_SECONDS),
            Step("fsync of a small change", "ms", self.small_fsyncs, self.small_file),
            Step(f"cp of {megabytes} MiB", "ms", self.copy, self.no_copy),
            Step("cp --reflink of 1 GiB", "ms", self.copy_large, self.large, only="bazil"),
            Step("unpack the tree", "s", self.unpack, self.fresh("tree")),
            Step("checksum the tree, cold", "s", lambda c: shell(f"md5sum --quiet -c {self.inputs['sums']}", os.path.join(c.path, "tree")), cold),
            Step("ls -lR, cold", "s", lambda c: shell("ls -lR .", os.path.join(c.path, "tree")), cold),
            Step("ls -lR, warm", "s", lambda c: shell("ls -lR .", os.path.join(c.path, "tree"))),
            Step("git status, cold", "s", self.git_status, self.git),
            Step("git status, warm", "s", self.git_status),
            Step("rename of the tree's directory", "ms", self.rename_tree),
            Step("snapshot, nothing changed", "ms", self.snapshot, self.first_snapshot, only="bazil"),
            Step("snapshot, 100 files changed", "ms", self.snapshot, self.change, only="bazil"),
            Step("rm -rf the tree", "s", lambda c: shell("rm -rf tree", c.path)),
            Step("create files of 1 KiB", "1/s", lambda c: self.client(c, "create"), self.fresh("small")),
            Step("stat, cold", "1/s", lambda c: self.client(c, "stat"), cold),
            Step("rename a file", "1/s", lambda c: self.client(c, "rename")),
            Step("unlink", "1/s", lambda c: self.client(c, "unlink")),
            Step("SQLite transactions of one row", "1/s", self.sqlite, self.no_database),
        ]

    def file(self, candidate, name):
        return os.path.join(candidate.path, name)

    def no_stream(self, candidate):
        self.remove(candidate, "stream")

    def no_copy(self, candidate):
        self.remove(candidate, "copy")

    def remove(self, candidate, name):
        if os.path.exists(self.file(candidate, name)):
            os.unlink(self.file(candidate, name))

    def stream_write(self, candidate):
        taken = seconds(lambda: run(["dd", f"if={self.inputs['random']}", f"of={self.file(candidate, 'stream')}", "bs=1M", "conv=fsync", "status=none"]))
        return self.sizes["stream_bytes"] / taken / 1e6

    def stream_read(self, candidate):
        taken = seconds(lambda: run(["dd", f"if={self.file(candidate, 'stream')}", "of=/dev/null", "bs=1M", "status=none"]))
        return self.sizes["stream_bytes"] / taken / 1e6

    def fio(self, candidate, mode, amount, *more):
        output = run([
            "fio", "--name=bench", "--thread", "--ioengine=psync", "--fallocate=none", "--disk_util=0", "--eta=never", "--invalidate=0", "--norandommap",
            "--randrepeat=1", "--output-format=json", f"--filename={self.file(candidate, 'stream')}", f"--rw={mode}", "--bs=4096",
            f"--size={self.sizes['stream_bytes']}", f"--io_size={amount}", f"--runtime={self.sizes['random_seconds']}", *more,
        ])
        job = json.loads(output[output.index("{"):])["jobs"][0]
        return job["read" if mode == "randread" else "write"]["iops"]

    def small_file(self, candidate):
        with open(self.file(candidate, "document"), "wb") as file:
            file.write(os.urandom(1 << 20))
            os.fsync(file.fileno())

    def small_fsyncs(self, candidate):
        """Median of writing 100 bytes somewhere in a document of 1 MiB and fsync."""
        places, times = random.Random(1), []
        file = os.open(self.file(candidate, "document"), os.O_WRONLY)
        for _ in range(self.sizes["fsyncs"]):
            data = os.urandom(100)
            start = time.perf_counter()
            os.pwrite(file, data, places.randrange((1 << 20) - 100))
            os.fsync(file)
            times.append(time.perf_counter() - start)
        os.close(file)
        return statistics.median(times) * 1e3

    def copy(self, candidate):
        taken = seconds(lambda: run(["cp", self.file(candidate, "stream"), self.file(candidate, "copy")]))
        return taken * 1e3

    def large(self, candidate):
        self.remove(candidate, "large copy")
        if not os.path.exists(self.file(candidate, "large")):
            with open(self.file(candidate, "large"), "wb") as file:
                file.truncate(self.sizes["large_bytes"])
                block = os.urandom(1 << 20)
                for index in range(self.sizes["large_bytes"] >> 20):
                    file.write(index.to_bytes(8, "big") + block[8:])

    def copy_large(self, candidate):
        return seconds(lambda: run(["cp", "--reflink=auto", self.file(candidate, "large"), self.file(candidate, "large copy")])) * 1e3

    def fresh(self, name):
        def make(candidate):
            shutil.rmtree(self.file(candidate, name), ignore_errors=True)
            os.mkdir(self.file(candidate, name))
        return make

    def unpack(self, candidate):
        return seconds(lambda: run(["tar", "-xf", self.inputs["tree"], "-C", self.file(candidate, "tree")]))

    def git(self, candidate):
        """The tree becomes a checkout: git notes the files as they are here, which reads them all."""
        tree = self.file(candidate, "tree")
        run(["tar", "-xf", self.inputs["git"], "-C", tree])
        run(["git", "status", "--porcelain"], cwd=tree)
        candidate.cold()

    def git_status(self, candidate):
        tree = self.file(candidate, "tree")
        start = time.monotonic()
        output = run(["git", "--no-optional-locks", "status", "--porcelain"], cwd=tree)
        taken = time.monotonic() - start
        if output:
            raise RuntimeError(f"{candidate.name} changed files: {output[:1000]}")
        return taken

    def rename_tree(self, candidate):
        """Median of renaming it to and fro."""
        names, times = [self.file(candidate, "tree"), self.file(candidate, "tree moved")], []
        for number in range(self.sizes["tree_renames"]):
            start = time.perf_counter()
            os.rename(names[number % 2], names[1 - number % 2])
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e3

    def first_snapshot(self, candidate):
        """It finds a volume of many files, if so asked, and all of them as the snapshot before had them."""
        many = self.file(candidate, "many")
        for number in range(self.sizes["many"] // FILES_PER_DIRECTORY):
            directory = os.path.join(many, str(number))
            if not os.path.exists(directory):
                os.makedirs(directory)
                run([self.client_program, "fill", directory, str(FILES_PER_DIRECTORY)])
        self.snapshot(candidate)

    def snapshot(self, candidate):
        self.snapshots += 1
        name = os.path.join(candidate.path, ".snap", f"bench-{self.snapshots}")
        return seconds(lambda: os.mkdir(name)) * 1e3

    def change(self, candidate):
        files = sorted(os.path.join(base, name) for base, _, names in os.walk(self.file(candidate, "tree")) for name in names if ".git" not in base)
        for name in random.Random(self.snapshots).sample(files, 100):
            if not os.path.islink(name):
                with open(name, "ab") as file:
                    file.write(b"/* changed */\n")

    def client(self, candidate, phase):
        count, taken = run([self.client_program, phase, self.file(candidate, "small"), str(self.sizes["files"])]).split()
        return int(count) / float(taken)

    def no_database(self, candidate):
        self.remove(candidate, "database")

    def sqlite(self, candidate):
        """With its defaults: a rollback journal, FULL synchronisation."""
        database = sqlite3.connect(self.file(candidate, "database"), isolation_level=None)
        database.execute("create table items (id integer primary key, text)")
        count = self.sizes["transactions"]
        start = time.monotonic()
        for number in range(count):
            database.execute("insert into items values (?, ?)", (number, "x" * 100))
        taken = time.monotonic() - start
        database.close()
        return count / taken
