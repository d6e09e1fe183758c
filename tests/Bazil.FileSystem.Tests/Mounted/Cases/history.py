"""
Random histories on a mount whose daemon or machine will die, and the verdict on what is there afterwards: it must be the state after some
step of the history, not before what was promised to be kept, and the histories of several programs must fit together.

Each worker has a directory of its own and knows what is in it, so that each call it makes is legal and its effect known. It logs outside
of the mount each step before it begins (S NUMBER TIME STEP) and when it has returned (E NUMBER TIME).

  python3 history.py write SEED DIRECTORY LOG
  python3 history.py check killed|cut ROOT DIGESTS [LOG[@LENGTH] DIRECTORY]...

LENGTH is how long the log was when the power began to fail: see crash.py.
"""
import bisect
import ctypes
import errno
import hashlib
import json
import os
import random
import stat
import sys
import time
from case import CHUNK, INLINE, libc, pattern

SIZES = [1, 100, INLINE - 1, INLINE, INLINE + 1, 20000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 77]
KEEP_SIZE, PUNCH_HOLE = 1, 2
PAGE = 4096

# Steps whose effect is only promised to be there after a close or fsync.
UNPUBLISHED = {"write", "ftruncate", "punch", "copy"}
SYNCING = {"fsync", "fsyncdir", "snapshot"}

# What a call says that met the end of the daemon or of its disk. A worker that ends by anything else has found a fault.
ENDINGS = {"killed": {errno.ENOTCONN, errno.ECONNABORTED}, "cut": {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.EROFS}}


class Node:
    __slots__ = ("kind", "data", "target", "names", "digest")

    def __init__(self, kind, data=b"", target=""):
        self.kind, self.data, self.target, self.names, self.digest = kind, data, target, set(), None


class Tree:
    """What is in the directory of a worker. Steps are applied here and to the real one alike."""

    def __init__(self, counts_links=True):
        self.paths, self.open, self.counts_links = {}, None, counts_links

    def apply(self, step):
        """Returns the paths whose look may have changed."""
        return getattr(self, "do_" + step[0])(*step[1:]) or ()

    def add(self, path, node):
        self.paths[path] = node
        node.names.add(path)

    def remove(self, path):
        node = self.paths.pop(path)
        node.names.discard(path)
        return node

    def set(self, node, data):
        node.data, node.digest = data, None
        return set(node.names)

    def do_create(self, path):
        self.add(path, Node("f"))
        self.open = self.paths[path]
        return [path]

    def do_open(self, path):
        self.open = self.paths[path]

    def do_close(self):
        self.open = None

    def do_write(self, offset, size, salt):
        old = self.open.data
        return self.set(self.open, old[:offset].ljust(offset, b"\0") + pattern(size, salt) + old[offset + size:])

    def looks_within_write(self, offset, size, salt):
        """
        What the open file may look like while it is written to: the kernel sends the part of a write that lies in a page which it has not got whole as a request of its own.
        """
        old, new = self.open.data, pattern(size, salt)
        for end in range((offset // PAGE + 1) * PAGE, offset + size, PAGE):
            yield self.look_of(old[:offset].ljust(offset, b"\0") + new[:end - offset] + old[end:], len(self.open.names))

    def do_ftruncate(self, size):
        return self.set(self.open, self.open.data[:size].ljust(size, b"\0"))

    def do_truncate(self, path, size):
        node = self.paths[path]
        return self.set(node, node.data[:size].ljust(size, b"\0"))

    def do_punch(self, offset, size):
        old = self.open.data
        end = min(len(old), offset + size)
        return self.set(self.open, old[:offset] + b"\0" * (end - offset) + old[end:]) if end > offset else ()

    def do_copy(self, source, source_offset, offset, size):
        piece, old = self.paths[source].data[source_offset:source_offset + size], self.open.data
        return self.set(self.open, old[:offset].ljust(offset, b"\0") + piece + old[offset + len(piece):])

    def do_fsync(self):
        pass

    def do_fsyncdir(self, path):
        pass

    def do_snapshot(self, name):
        pass

    def do_mkdir(self, path):
        self.add(path, Node("d"))
        return [path]

    def do_symlink(self, target, path):
        self.add(path, Node("l", target=target))
        return [path]

    def do_unlink(self, path):
        return [path] + list(self.remove(path).names)

    do_rmdir = do_unlink

    def do_link(self, old, new):
        self.add(new, self.paths[old])
        return self.paths[new].names

    def do_rename(self, old, new):
        changed = {old, new}
        if new in self.paths:
            changed |= self.remove(new).names
        for path in [path for path in self.paths if path.startswith(old + "/")]:
            moved = new + path[len(old):]
            changed |= {path, moved}
            self.add(moved, self.remove(path))
        self.add(new, self.remove(old))
        return changed | self.paths[new].names

    def look(self, path):
        node = self.paths.get(path)
        if node is None:
            return None
        if node.kind == "d":
            return "d"
        if node.kind == "l":
            return "l " + node.target
        if node.digest is None:
            node.digest = hashlib.sha1(node.data).hexdigest()
        return self.look_of(node.data, len(node.names), node.digest)

    def look_of(self, data, links, digest=None):
        return f"f {len(data)} {digest or hashlib.sha1(data).hexdigest()} {links if self.counts_links else 1}"


class Worker:
    def __init__(self, seed, directory, log_path):
        self.random, self.directory, self.seed = random.Random(seed), directory, seed
        self.tree, self.number, self.fd, self.last_name = Tree(), 0, None, 0
        self.log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        # The workers of one round have this in common: one that syncs often syncs what all do.
        self.sync_every = random.Random(seed // 100).choice([3, 12, 1 << 30])
        self.patches = {3: 6, 12: 2}.get(self.sync_every, 0)

    def note(self, *words):
        os.write(self.log, (" ".join(map(str, words)) + "\n").encode())

    def step(self, *step):
        self.note("S", self.number, time.monotonic_ns(), json.dumps(step))
        getattr(self, "do_" + step[0])(*step[1:])
        self.note("E", self.number, time.monotonic_ns())
        self.number += 1
        self.tree.apply(step)

    def at(self, path):
        return f"{self.directory}/{path}"

    def do_create(self, path):
        self.fd = os.open(self.at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)

    def do_open(self, path):
        self.fd = os.open(self.at(path), os.O_RDWR)

    def do_close(self):
        fd, self.fd = self.fd, None
        os.close(fd)

    def do_write(self, offset, size, salt):
        data = pattern(size, salt)
        self.whole(lambda done: os.pwrite(self.fd, data[done:], offset + done), size)

    def do_ftruncate(self, size):
        os.ftruncate(self.fd, size)

    def do_truncate(self, path, size):
        os.truncate(self.at(path), size)

    def do_punch(self, offset, size):
        if libc.fallocate(self.fd, PUNCH_HOLE | KEEP_SIZE, ctypes.c_long(offset), ctypes.c_long(size)) != 0:
            raise OSError(ctypes.get_errno(), "fallocate")

    def do_copy(self, source, source_offset, offset, size):
        fd = os.open(self.at(source), os.O_RDONLY)
        try:
            self.whole(lambda done: os.copy_file_range(fd, self.fd, size - done, source_offset + done, offset + done), size)
        finally:
            os.close(fd)

    def whole(self, call, size):
        """A call does all of it, but one during which the daemon dies: the next one tells why."""
        count = call(0)
        if count != size:
            call(count)
            raise AssertionError(f"only {count} of {size} bytes in one call")

    def do_fsync(self):
        os.fsync(self.fd)

    def do_fsyncdir(self, path):
        fd = os.open(self.at(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def do_snapshot(self, name):
        os.mkdir(f"{self.directory}/.snap/{name}")

    def do_mkdir(self, path):
        os.mkdir(self.at(path))

    def do_symlink(self, target, path):
        os.symlink(target, self.at(path))

    def do_unlink(self, path):
        os.unlink(self.at(path))

    def do_rmdir(self, path):
        os.rmdir(self.at(path))

    def do_link(self, old, new):
        os.link(self.at(old), self.at(new))

    def do_rename(self, old, new):
        os.rename(self.at(old), self.at(new))

    # -- what it does

    def fresh(self):
        self.last_name += 1
        directories = [path + "/" for path, node in self.tree.paths.items() if node.kind == "d"] + [""] * 3
        return self.random.choice(directories) + f"n{self.last_name}"

    def some(self, kind):
        found = sorted(path for path, node in self.tree.paths.items() if node.kind in kind)
        return self.random.choice(found) if found else None

    def turn(self):
        r = self.random
        getattr(self, "turn_" + r.choice(
            ["new"] * 3 + ["replace"] * 4 + ["modify"] * 4 + ["patch"] * self.patches + ["truncate", "unlink", "unlink", "mkdir", "rmdir", "link", "symlink", "rename", "rename", "fsyncdir"]
            + (["snapshot"] if r.randrange(2 * self.sync_every) == 0 else [])))()

    def fill(self):
        for _ in range(self.random.choice([1, 1, 2, 4])):
            self.change()
        if self.random.randrange(self.sync_every) == 0:
            self.step("fsync")
        self.step("close")

    def change(self):
        r, size = self.random, len(self.tree.open.data)
        what, source = r.choice(["write"] * 5 + ["ftruncate", "punch", "copy", "copy"]), self.some("f")
        if what == "ftruncate":
            self.step("ftruncate", r.choice(SIZES + [0, size // 2]))
        elif what == "punch" and size > 0:
            self.step("punch", r.randrange(size), r.choice(SIZES))
        elif what == "copy" and self.tree.paths[source] is not self.tree.open and self.tree.paths[source].data:
            length = len(self.tree.paths[source].data)
            start = r.choice([0, 0, min(CHUNK, length - 1), r.randrange(length)])
            self.step("copy", source, start, r.choice([0, 0, start, size]), length - start)
        else:
            self.step("write", r.choice([0, 0, 0, size, size // 2, INLINE]), r.choice(SIZES), r.randrange(250))

    def turn_new(self):
        self.step("create", self.fresh())
        self.fill()

    def turn_replace(self):
        """As an editor does. What has its name was complete before."""
        temporary, target = self.fresh(), self.some("f")
        self.step("create", temporary)
        self.step("write", 0, self.random.choice(SIZES), self.random.randrange(250))
        self.fill()
        if target is None or self.tree.paths[target] is not self.tree.paths[temporary]:
            self.step("rename", temporary, target or self.fresh())
        if self.random.randrange(self.sync_every) == 0:
            self.step("fsyncdir", ".")

    def turn_modify(self):
        path = self.some("f")
        if path:
            self.step("open", path)
            self.fill()

    def turn_patch(self):
        """As a database does: small changes to a large file, each synced."""
        path, r = self.some("f"), self.random
        if path is None:
            return
        self.step("open", path)
        for _ in range(r.choice([1, 2, 5])):
            size = len(self.tree.open.data)
            if r.randrange(8) == 0:
                self.step("ftruncate", r.choice([size + 3000, max(0, size - 3000)]))
            self.step("write", r.choice([r.randrange(size + 1), size]), r.choice([1, 300, 5000]), r.randrange(250))
            if r.randrange(4):
                self.step("fsync")
        self.step("close")

    def turn_truncate(self):
        path = self.some("f")
        if path:
            self.step("truncate", path, self.random.choice(SIZES))

    def turn_unlink(self):
        path = self.some("fl")
        if path and len(self.tree.paths) > 15:
            self.step("unlink", path)

    def turn_mkdir(self):
        if sum(node.kind == "d" for node in self.tree.paths.values()) < 8:
            self.step("mkdir", self.fresh())

    def turn_rmdir(self):
        empty = [path for path, node in self.tree.paths.items() if node.kind == "d" and not any(other.startswith(path + "/") for other in self.tree.paths)]
        if empty:
            self.step("rmdir", self.random.choice(sorted(empty)))

    def turn_link(self):
        path = self.some("f")
        if path:
            self.step("link", path, self.fresh())

    def turn_symlink(self):
        self.step("symlink", f"to {self.last_name}", self.fresh())

    def turn_rename(self):
        old, over = self.some("fdl"), self.some("f")
        if old is None:
            return
        new = over if self.tree.paths[old].kind == "f" and self.random.randrange(2) and self.tree.paths[over] is not self.tree.paths[old] else self.fresh()
        if not new.startswith(old + "/"):
            self.step("rename", old, new)

    def turn_fsyncdir(self):
        if self.random.randrange(self.sync_every) < 2:
            self.step("fsyncdir", self.some("d") or ".")

    def turn_snapshot(self):
        self.step("snapshot", f"s{self.seed}-{self.number}")

    def run(self):
        try:
            while True:
                self.turn()
        except OSError as e:
            self.note("X", e.errno)
        except Exception as e:
            self.note("X", 0, repr(e))


class History:
    """What a worker logged, and which states of it fit what is found."""

    def __init__(self, log, directory):
        self.directory, self.steps, self.begun, self.ended, self.believed, self.error = directory, [], [], [], 0, None
        path, _, length = log.partition("@")
        position = 0
        with open(path) as file:
            for line in file.read().split("\n")[:-1]:
                position += len(line) + 1
                words = line.split(" ", 3)
                if words[0] == "S":
                    self.begun.append(int(words[2]))
                    self.steps.append(json.loads(words[3]))
                elif words[0] == "E":
                    self.ended.append(int(words[2]))
                    if not length or position <= int(length):
                        self.believed += 1
                elif words[0] == "X":
                    self.error = words[1:]

    def kept(self, count):
        """Of so many steps that have returned: how many are kept by the death of the daemon, or by a sync of the volume."""
        while count > 0 and self.steps[count - 1][0] in UNPUBLISHED:
            count -= 1
        return count

    def kept_at(self, when):
        return self.kept(bisect.bisect_left(self.ended, when))

    def syncs(self):
        """Begin and number of each sync that has returned, and is believed."""
        return [(self.begun[i], i) for i in range(self.believed) if self.steps[i][0] in SYNCING]

    def floor(self, kind, others):
        """How many steps must be there."""
        own = max((number + 1 for _, number in self.syncs()), default=0)
        if kind == "killed":
            return max(own, self.kept(len(self.ended)))
        return max([own] + [self.kept_at(begin) for other in others for begin, _ in other.syncs()])

    def moments(self, found, floor, ceiling, counts_links=True):
        """Each number of steps, from floor to ceiling, after which the tree was as found; and how near the best other one came."""
        tree = Tree(counts_links)
        for step in self.steps[:floor]:
            tree.apply(step)
        wrong = {path for path in tree.paths.keys() | found.keys() if tree.look(path) != found.get(path)}
        fits, best = [], (len(wrong), floor, sorted(wrong)[:4])
        for count in range(floor, ceiling + 1):
            if count > floor:
                for path in tree.apply(self.steps[count - 1]):
                    (wrong.discard if tree.look(path) == found.get(path) else wrong.add)(path)
            if not wrong or count < ceiling and self.is_within(count, tree, wrong, found):
                fits.append(count)
            if (len(wrong), count) < best[:2]:
                best = len(wrong), count, [f"{path}: {found.get(path)}, expected {tree.look(path)}" for path in sorted(wrong)[:4]]
        return fits, best


    def is_within(self, count, tree, wrong, found):
        """Whether it was found in the middle of a write, the next step."""
        if self.steps[count][0] != "write" or not wrong <= tree.open.names:
            return False
        looks = {found.get(path) for path in tree.open.names}
        return len(looks) == 1 and any(look in looks for look in tree.looks_within_write(*self.steps[count][1:]))


def scan(root):
    found = {}
    for base, directories, files in os.walk(root):
        for name in directories + files:
            path = f"{base}/{name}"
            relative, status = os.path.relpath(path, root), os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                found[relative] = "d"
            elif stat.S_ISLNK(status.st_mode):
                found[relative] = "l " + os.readlink(path)
            else:
                with open(path, "rb") as file:
                    data = file.read()
                found[relative] = f"f {len(data)} {hashlib.sha1(data).hexdigest()} {status.st_nlink}"
    return found


def check(kind, root, digests, pairs):
    problems = []
    histories = [History(log, directory) for log, directory in pairs]
    for history in histories:
        if history.error and int(history.error[0]) not in ENDINGS[kind]:
            sys.exit(f"{history.directory}: the worker failed in step {history.steps[-1]}: {' '.join(history.error)}")
    found, last = [scan(history.directory) for history in histories], []
    for history, tree in zip(histories, found):
        floor = history.floor(kind, [other for other in histories if other is not history])
        fits, best = history.moments(tree, floor, len(history.steps))
        last.append(fits)
        if not fits:
            problems.append(f"{history.directory}: as after none of the steps {floor} to {len(history.steps)}; nearest is {best}: {history.steps[max(0, best[1] - 3):best[1] + 3]}")
    if not problems:
        problems += fit_together(histories, last)
    problems += check_snapshots(root, histories)
    problems += compare(root, digests, pairs)
    steps, kept = sum(len(history.steps) for history in histories), sum(fits[-1] for fits in last if fits)
    print(f"{steps} steps, {kept} of them there, {sum(len(history.syncs()) for history in histories)} syncs, {sum(map(len, found))} entries")
    if problems:
        sys.exit("\n".join(problems[:10]))


def fit_together(histories, fits):
    """What began after something else had ended is not there without it."""
    for one, one_fits in zip(histories, fits):
        newest = one.begun[one_fits[0] - 1] if one_fits[0] > 0 else 0
        for other, other_fits in zip(histories, fits):
            if other is not one and other.kept_at(newest) > other_fits[-1]:
                return [f"{one.directory} has step {one_fits[0] - 1}, but {other.directory} only {other_fits[-1]} steps of the {other.kept_at(newest)} that had ended before it"]
    return []


def check_snapshots(root, histories):
    problems, taken = [], {}
    for history in histories:
        for number, step in enumerate(history.steps):
            if step[0] == "snapshot":
                taken[step[1]] = history, number
    present = set(os.listdir(f"{root}/.snap"))
    for name, (taker, number) in taken.items():
        if name not in present:
            if number < taker.believed:
                problems.append(f"snapshot {name} is gone")
            continue
        for history in histories:
            low, high = history.kept_at(taker.begun[number]), len(history.steps)
            if history is taker:
                low = high = number
            elif number < len(taker.ended):
                high = bisect.bisect_left(history.begun, taker.ended[number])
            # In a snapshot each name is a file of its own, with one link.
            found = scan(f"{root}/.snap/{name}/{os.path.relpath(history.directory, root)}")
            fits, best = history.moments(found, low, high, counts_links=False)
            if not fits:
                problems.append(f"snapshot {name}, {history.directory}: as after none of the steps {low} to {high}; nearest is {best}")
        os.rmdir(f"{root}/.snap/{name}")
    return problems


def compare(root, digests, pairs):
    """What earlier rounds found is still so. Notes what this one found."""
    problems, notes = [], {}
    if os.path.exists(digests):
        with open(digests) as file:
            notes = json.load(file)
    for directory, tree in notes.items():
        if scan(directory) != tree:
            problems.append(f"{directory} is not what an earlier round found")
    fd = os.open(root, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    with open(digests, "w") as file:
        json.dump({directory: scan(directory) for _, directory in pairs}, file)
    return problems


if __name__ == "__main__":
    if sys.argv[1] == "write":
        Worker(int(sys.argv[2]), sys.argv[3], sys.argv[4]).run()
    else:
        kind, root, digests = sys.argv[2:5]
        check(kind, root, digests, list(zip(sys.argv[5::2], sys.argv[6::2])))
