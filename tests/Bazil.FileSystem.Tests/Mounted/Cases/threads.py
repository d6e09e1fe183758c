"""
Several threads at once in one directory: whatever each call returned, and what is there at the end, must be what the calls give one after the
other in some order that respects who was done before whom (linearizability). The order is looked for in a plain model in memory.

In each round every thread makes a few random calls on a handful of names, or on files that were opened before. Each call is one system call, and all
names are in one directory: so the kernel promises as much of any file system. Calls that first look up a name and then do something with what they found
are two steps, between which others may come.

  python3 threads.py SEED ROUNDS DIRECTORY [compare]

With compare, nothing is changed: what is there must be what the same seed left there before a restart.
"""
import errno
import hashlib
import json
import os
import random
import stat
import sys
import threading
import time
from case import EXCHANGE, NOREPLACE, renameat2

NAMES = ["a", "b", "c", "d"]
THREADS, CALLS = 3, 3
# None makes a write cross from one page to the next: that is two steps for who looks at the size meanwhile.
SIZES = [0, 1, 10, 4096, 4097, 12000]
TARGET = "nowhere"


# Calls that look up their first name before they do anything.
TWO_STEPS = {"link", "truncate", "lstat"}
RESIZES = {"truncate", "ftruncate", "pwrite", "append"}


def text(content):
    """Content as it is compared and told."""
    return content.hex() if len(content) <= 40 else f"{len(content)} bytes, {hashlib.md5(content).hexdigest()}"


class Model:
    """Names of inodes, inodes (kind and content), and what threads have looked up."""

    def __init__(self, names=None, inodes=None, next_inode=0, found=None):
        self.names, self.inodes, self.next_inode, self.found = names or {}, inodes or {}, next_inode, found or {}

    def copy(self):
        return Model(dict(self.names), dict(self.inodes), self.next_inode, dict(self.found))

    def look_up(self, thread, name):
        self.found[thread] = self.names.get(name)

    def links(self, inode):
        return sum(1 for other in self.names.values() if other == inode)

    def make(self, name, kind, content):
        if name in self.names:
            return "EEXIST"
        self.next_inode += 1
        self.names[name], self.inodes[self.next_inode] = self.next_inode, (kind, content)
        return None

    def kind(self, name):
        return self.inodes[self.names[name]][0] if name in self.names else None

    def set(self, inode, content):
        self.inodes[inode] = ("file", content)

    def status(self, inode):
        kind, content = self.inodes[inode]
        return ["directory"] if kind == "directory" else [kind, self.links(inode), len(content)]

    # One method for each call; what it returns is what the call gives.

    def create(self, name):
        return self.make(name, "file", b"")

    def mkdir(self, name):
        return self.make(name, "directory", b"")

    def symlink(self, name):
        return self.make(name, "symlink", TARGET.encode())

    def link(self, thread, new):
        inode = self.found[thread]
        if inode is None:
            return "ENOENT"
        if new in self.names:
            return "EEXIST"
        if self.inodes[inode][0] == "directory":
            return "EPERM"
        if self.links(inode) == 0:
            return "ENOENT"
        self.names[new] = inode
        return None

    def unlink(self, name):
        if name not in self.names:
            return "ENOENT"
        if self.kind(name) == "directory":
            return "EISDIR"
        del self.names[name]
        return None

    def rmdir(self, name):
        if name not in self.names:
            return "ENOENT"
        if self.kind(name) != "directory":
            return "ENOTDIR"
        del self.names[name]
        return None

    def rename(self, name, new, flags):
        if name not in self.names:
            return "ENOENT"
        if flags == NOREPLACE and new in self.names:
            return "EEXIST"
        if flags == EXCHANGE:
            if new not in self.names:
                return "ENOENT"
            self.names[name], self.names[new] = self.names[new], self.names[name]
            return None
        if new in self.names:
            if self.names[new] == self.names[name]:
                return None
            if self.kind(name) == "directory" and self.kind(new) != "directory":
                return "ENOTDIR"
            if self.kind(name) != "directory" and self.kind(new) == "directory":
                return "EISDIR"
        self.names[new] = self.names.pop(name)
        return None

    def truncate(self, thread, size):
        inode = self.found[thread]
        kind = self.inodes[inode][0] if inode is not None else None
        if kind in (None, "symlink"):
            return "ENOENT"
        return "EISDIR" if kind == "directory" else self.ftruncate(inode, size)

    def is_nameless(self, thread):
        inode = self.found[thread]
        return inode is not None and self.links(inode) == 0

    def lstat(self, thread):
        inode = self.found[thread]
        return "ENOENT" if inode is None else self.status(inode)

    def readlink(self, name):
        if name not in self.names:
            return "ENOENT"
        return TARGET if self.kind(name) == "symlink" else "EINVAL"

    def pread(self, inode, offset):
        return self.inodes[inode][1][offset:offset + 8].hex()

    def torn_pread(self, inode, offset):
        return self.pread(inode, offset)

    def pwrite(self, inode, offset, data):
        content = self.inodes[inode][1].ljust(offset, b"\0")
        self.set(inode, content[:offset] + data + content[offset + len(data):])
        return len(data)

    def append(self, inode, data):
        self.set(inode, self.inodes[inode][1] + data)
        return len(data)

    def ftruncate(self, inode, size):
        self.set(inode, self.inodes[inode][1][:size].ljust(size, b"\0"))
        return None

    def fstat(self, inode):
        return self.status(inode)


class Caller:
    """The same calls on a directory. Open files are named by their inodes in the model."""

    def __init__(self, root):
        self.root, self.files = root, {}

    def at(self, name):
        return f"{self.root}/{name}"

    def open(self, name, inode):
        self.files[inode] = os.open(self.at(name), os.O_RDWR), os.open(self.at(name), os.O_WRONLY | os.O_APPEND)

    def close(self):
        for pair in self.files.values():
            for fd in pair:
                os.close(fd)
        self.files = {}

    def create(self, name):
        os.close(os.open(self.at(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def mkdir(self, name):
        os.mkdir(self.at(name))

    def symlink(self, name):
        os.symlink(TARGET, self.at(name))

    def link(self, name, new):
        os.link(self.at(name), self.at(new), follow_symlinks=False)

    def unlink(self, name):
        os.unlink(self.at(name))

    def rmdir(self, name):
        os.rmdir(self.at(name))

    def rename(self, name, new, flags):
        renameat2(self.at(name), self.at(new), flags)

    def truncate(self, name, size):
        os.truncate(self.at(name), size)

    def lstat(self, name):
        return status(os.lstat(self.at(name)))

    def readlink(self, name):
        return os.readlink(self.at(name))

    def pread(self, inode, offset):
        return os.pread(self.files[inode][0], 8, offset).hex()

    def pwrite(self, inode, offset, data):
        return os.pwrite(self.files[inode][0], data, offset)

    def append(self, inode, data):
        return os.write(self.files[inode][1], data)

    def ftruncate(self, inode, size):
        os.ftruncate(self.files[inode][0], size)

    def fstat(self, inode):
        return status(os.fstat(self.files[inode][0]))


def status(found):
    kind = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}[stat.S_IFMT(found.st_mode)]
    return [kind] if kind == "directory" else [kind, found.st_nlink, found.st_size]


def random_call(r, inodes):
    name, new = r.choice(NAMES), r.choice(NAMES)
    if inodes and r.random() < 0.45:
        inode, data = r.choice(inodes), bytes(r.randrange(1, 256) for _ in range(r.randrange(1, 9)))
        return r.choice([("pread", inode, r.choice(SIZES)), ("pread", inode, 0), ("pwrite", inode, r.choice(SIZES), data), ("append", inode, data),
                         ("append", inode, data), ("ftruncate", inode, r.choice(SIZES)), ("fstat", inode)])
    return r.choice([("create", name), ("create", name), ("mkdir", name), ("symlink", name), ("link", name, new), ("unlink", name), ("unlink", name), ("rmdir", name),
                     ("rename", name, new, 0), ("rename", name, new, 0), ("rename", name, new, NOREPLACE), ("rename", name, new, EXCHANGE),
                     ("truncate", name, r.choice(SIZES)), ("lstat", name), ("lstat", name), ("readlink", name)])


def perform(caller, calls, barrier, history):
    barrier.wait()
    for call in calls:
        begun = time.monotonic_ns()
        try:
            result = getattr(caller, call[0])(*call[1:])
        except OSError as e:
            result = errno.errorcode[e.errno]
        history.append((begun, time.monotonic_ns(), call, result))


def observe(root, caller):
    """What is there: names with what they show, which are one file, and content of open files."""
    groups, shown = {}, {}
    for name in sorted(os.listdir(root)):
        found = os.lstat(f"{root}/{name}")
        content = b""
        if stat.S_ISREG(found.st_mode):
            with open(f"{root}/{name}", "rb") as file:
                content = file.read()
        shown[name] = [*status(found), text(content)]
        groups.setdefault(found.st_ino, []).append(name)
    opened = {inode: text(os.pread(pair[0], 1 << 20, 0)) for inode, pair in caller.files.items()}
    return shown, sorted(groups.values()), opened


def expected(model, opened):
    groups, shown = {}, {}
    for name, inode in sorted(model.names.items()):
        kind, content = model.inodes[inode]
        shown[name] = [*model.status(inode), text(content) if kind == "file" else ""]
        groups.setdefault(inode, []).append(name)
    return shown, sorted(groups.values()), {inode: text(model.inodes[inode][1]) for inode in opened}


def steps(thread, histories):
    """The steps of the calls of a thread: when they could have been made, the step, what it must have given."""
    resizes = [(begun, ended) for history in histories for begun, ended, call, _ in history if call[0] in RESIZES]
    for begun, ended, call, result in histories[thread]:
        if call[0] == "pread" and any(begun < other_end and other_begun < ended for other_begun, other_end in resizes):
            call = "torn_pread", *call[1:]
        if call[0] in TWO_STEPS:
            yield begun, ended, ("look_up", thread, call[1]), None
            call = call[0], thread, *call[2:]
        yield begun, ended, call, result


def fits(call, given, result):
    """Whether a call may give that result where the model gives the other."""
    if call[0] != "torn_pread":
        return given == result
    # The kernel goes by the size that it believes in while another thread changes it: it fills up with zeros, or ends before what was written (docs/posix.md).
    return given.startswith(result) or (result.startswith(given) and not result[len(given):].strip("0"))


def explain(model, histories, final):
    """A model after all calls in some order that fits, or None."""
    if not any(histories):
        return model if expected(model, final[2]) == final else None
    first_end = min(history[0][1] for history in histories if history)
    for index, history in enumerate(histories):
        # What began after another was done cannot come before that one.
        if not history or history[0][0] > first_end:
            continue
        _, _, call, result = history[0]
        after = model.copy()
        # A file that lost its last name between the two steps may be gone for the file system (docs/posix.md).
        is_gone = call[0] == "truncate" and result == "ENOENT" and after.is_nameless(call[1])
        if not is_gone and not fits(call, getattr(after, call[0])(*call[1:]), result):
            continue
        found = explain(after, [*histories[:index], history[1:], *histories[index + 1:]], final)
        if found is not None:
            return found
    return None


def main():
    seed, rounds, root = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    record = f"{root}.expected"
    if sys.argv[4:] == ["compare"]:
        with open(record, encoding="ascii") as file:
            before = json.load(file)
        now = json.loads(json.dumps(observe(root, Caller(root))))
        if now != before:
            sys.exit(f"BAZIL_SEED={seed}: after the restart there is {now}, before there was {before}")
        return
    os.makedirs(root)
    sys.setswitchinterval(1e-5)
    r, model, caller, outcomes = random.Random(seed), Model(), Caller(root), set()
    for number in range(rounds):
        for name, inode in model.names.items():
            if model.inodes[inode][0] == "file" and len(caller.files) < 2 and inode not in caller.files:
                caller.open(name, inode)
        plans = [[random_call(r, list(caller.files)) for _ in range(CALLS)] for _ in range(THREADS)]
        histories, barrier = [[] for _ in plans], threading.Barrier(THREADS)
        workers = [threading.Thread(target=perform, args=(caller, plan, barrier, history)) for plan, history in zip(plans, histories)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        final = observe(root, caller)
        after = explain(model, [list(steps(thread, histories)) for thread in range(THREADS)], final)
        if after is None:
            lines = "\n".join(f"  thread {index}: {begun} to {ended} {call} -> {result}" for index, history in enumerate(histories) for begun, ended, call, result in history)
            sys.exit(f"BAZIL_SEED={seed} round {number}: no order explains\n{lines}\nfrom {expected(model, final[2])}\nto   {final}")
        outcomes.update((call[0], result if isinstance(result, str) else "ok") for history in histories for _, _, call, result in history)
        model = after
        caller.close()
    with open(record, "w", encoding="ascii") as file:
        json.dump(observe(root, caller), file)
    print(f"{rounds} rounds of {THREADS} threads, {len(outcomes)} kinds of outcome")


if __name__ == "__main__":
    main()
