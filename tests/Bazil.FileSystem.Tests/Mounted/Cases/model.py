"""
Random operations on a mount and on an ordinary directory side by side; results and trees are compared after each step.

  python3 model.py SEED STEPS MOUNT_DIRECTORY ORDINARY_DIRECTORY [compare]

With compare, only the trees are compared: after a restart.
"""
import ctypes
import errno
import os
import random
import stat
import sys
from case import CHUNK, INLINE, EXCHANGE, NOREPLACE, pattern, renameat2

NAMES = ["a", "b", "c", "d", "e"]
SIZES = [0, 1, 100, INLINE - 1, INLINE, INLINE + 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]


class World:
    def __init__(self, seed, roots):
        self.random = random.Random(seed)
        self.roots = roots
        self.open = []

    def path(self):
        return "/".join(self.random.choice(NAMES) for _ in range(self.random.choice([1, 1, 2, 2, 3])))

    def both(self, function):
        """Runs on both sides; an error is a result."""
        results = []
        for side in range(2):
            try:
                results.append(function(side))
            except OSError as e:
                results.append(errno.errorcode.get(e.errno, e.errno))
        return results

    def step(self):
        r = self.random
        name = r.choice(["create", "create", "append", "overwrite", "truncate", "mkdir", "mkdir", "rmdir", "unlink", "rename", "rename", "flags", "link", "symlink",
                         "chmod", "utime", "xattr", "mkfifo", "open", "use", "use", "use", "close", "close", "chown", "readlink", "opened"])
        return name, getattr(self, "do_" + name)()

    def at(self, side, path):
        return f"{self.roots[side]}/{path}"

    def write(self, path, flags, data, offset=None):
        def go(side):
            fd = os.open(self.at(side, path), flags, 0o644)
            try:
                return os.write(fd, data) if offset is None else os.pwrite(fd, data, offset)
            finally:
                os.close(fd)
        return self.both(go)

    def data(self):
        return pattern(self.random.choice(SIZES), self.random.randrange(250))

    def do_create(self):
        flags = os.O_WRONLY | os.O_CREAT | self.random.choice([0, os.O_EXCL, os.O_TRUNC])
        return self.write(self.path(), flags, self.data())

    def do_append(self):
        return self.write(self.path(), os.O_WRONLY | os.O_APPEND, self.data())

    def do_overwrite(self):
        return self.write(self.path(), os.O_WRONLY, self.data()[:9000], self.random.choice(SIZES))

    def do_truncate(self):
        path, size = self.path(), self.random.choice(SIZES) + self.random.choice([0, 0, 7])
        return self.both(lambda side: os.truncate(self.at(side, path), size))

    def do_mkdir(self):
        path = self.path()
        return self.both(lambda side: os.mkdir(self.at(side, path), 0o755))

    def do_rmdir(self):
        path = self.path()
        return self.both(lambda side: os.rmdir(self.at(side, path)))

    def do_unlink(self):
        path = self.path()
        return self.both(lambda side: os.unlink(self.at(side, path)))

    def do_rename(self):
        a, b = self.path(), self.path()
        return self.both(lambda side: os.rename(self.at(side, a), self.at(side, b)))

    def do_flags(self):
        a, b, flag = self.path(), self.path(), self.random.choice([NOREPLACE, EXCHANGE])
        return self.both(lambda side: renameat2(self.at(side, a), self.at(side, b), flag))

    def do_link(self):
        a, b = self.path(), self.path()
        return self.both(lambda side: os.link(self.at(side, a), self.at(side, b), follow_symlinks=False))

    def do_symlink(self):
        target, path = self.random.choice(NAMES + ["nowhere", "../a"]), self.path()
        return self.both(lambda side: os.symlink(target, self.at(side, path)))

    def do_readlink(self):
        path = self.path()
        return self.both(lambda side: os.readlink(self.at(side, path)))

    def do_mkfifo(self):
        path = self.path() + "p"
        return self.both(lambda side: os.mkfifo(self.at(side, path)))

    def do_chmod(self):
        path, mode = self.path(), self.random.choice([0o600, 0o644, 0o755, 0o4711, 0o1777, 0o000])
        return self.both(lambda side: os.chmod(self.at(side, path), mode))

    def do_chown(self):
        path, user, group = self.path(), self.random.choice([-1, 0, 1000]), self.random.choice([-1, 0, 1000])
        return self.both(lambda side: os.chown(self.at(side, path), user, group, follow_symlinks=False))

    def do_utime(self):
        path, when = self.path(), self.random.randrange(1 << 60)
        def go(side):
            os.utime(self.at(side, path), ns=(when, when + 1), follow_symlinks=False)
            return os.lstat(self.at(side, path)).st_mtime_ns
        return self.both(go)

    def do_xattr(self):
        path, name, value = self.path(), "user." + self.random.choice("xyz"), self.data()[:300]
        what, flags = self.random.choice(["set", "get", "remove", "list"]), self.random.choice([0, os.XATTR_CREATE, os.XATTR_REPLACE])
        def go(side):
            full = self.at(side, path)
            if what == "set":
                return os.setxattr(full, name, value, flags)
            if what == "get":
                return os.getxattr(full, name)
            return os.removexattr(full, name) if what == "remove" else sorted(os.listxattr(full))
        return self.both(go)

    def do_open(self):
        path = self.path()
        flags = self.random.choice([os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDWR | os.O_CREAT | os.O_TRUNC]) | os.O_NOFOLLOW | os.O_NONBLOCK
        if len(self.open) >= 6:
            return [None, None]
        fds = self.both(lambda side: os.open(self.at(side, path), flags, 0o640))
        if all(isinstance(fd, int) for fd in fds):
            self.open.append(fds)
            return [None, None]
        return [fd if isinstance(fd, str) else "open" for fd in fds]

    def do_close(self):
        if not self.open:
            return [None, None]
        fds = self.open.pop(self.random.randrange(len(self.open)))
        return self.both(lambda side: os.close(fds[side]))

    def do_opened(self):
        if not self.open:
            return [None, None]
        fds = self.random.choice(self.open)
        return self.both(lambda side: stat_of(os.fstat(fds[side])))

    def do_use(self):
        if not self.open:
            return [None, None]
        fds, r = self.random.choice(self.open), self.random
        what = r.choice(["read", "write", "truncate", "fsync", "chmod"])
        offset, size, data = r.choice(SIZES), r.choice(SIZES), self.data()
        def go(side):
            fd = fds[side]
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            if what == "read":
                return os.pread(fd, size, offset)
            if what == "write":
                return os.pwrite(fd, data, offset)
            if what == "truncate":
                return os.ftruncate(fd, size)
            return os.fsync(fd) if what == "fsync" else os.fchmod(fd, 0o600 + size % 64)
        return self.both(go)


def stat_of(status):
    is_directory = stat.S_ISDIR(status.st_mode)
    return stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_nlink, status.st_uid, status.st_gid, None if is_directory else status.st_size


def tree(root):
    """Everything below a directory that both sides must agree on, hard links as groups."""
    found, inodes = {}, {}
    for base, directories, files in os.walk(root):
        for name in sorted(directories + files):
            path = f"{base}/{name}"
            relative, status = os.path.relpath(path, root), os.lstat(path)
            inodes.setdefault(status.st_ino, []).append(relative)
            entry = [stat_of(status)]
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    entry.append(hash(file.read()))
            if stat.S_ISLNK(status.st_mode):
                entry.append(os.readlink(path))
            else:
                entry.append(sorted((n, os.getxattr(path, n)) for n in os.listxattr(path)))
            found[relative] = entry
    found[""] = sorted(sorted(group) for group in inodes.values() if len(group) > 1)
    return found


def main():
    seed, steps, mount, ordinary = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    roots = [mount, ordinary]
    if sys.argv[5:] == ["compare"]:
        compare(roots, f"BAZIL_SEED={seed} after the restart")
        return
    os.umask(0o022)
    for root in roots:
        os.makedirs(root)
    world = World(seed, roots)
    counts = {}
    for number in range(steps):
        name, (one, two) = world.step()
        outcome = name, one if isinstance(one, str) and one.startswith("E") else "ok"
        counts[outcome] = counts.get(outcome, 0) + 1
        where = f"BAZIL_SEED={seed} step {number} {name}"
        if one != two:
            sys.exit(f"{where}: the mount gave {str(one)[:200]}, the ordinary directory {str(two)[:200]}")
        if number % 5 == 0 or steps < 50:
            compare(roots, where)
    for fds in world.open:
        for fd in fds:
            os.close(fd)
    compare(roots, f"BAZIL_SEED={seed} end")
    print(f"{steps} steps, {len(tree(mount))} entries, {len(counts)} kinds of outcome")


def compare(roots, where):
    one, two = tree(roots[0]), tree(roots[1])
    for path in sorted(one.keys() | two.keys()):
        if one.get(path) != two.get(path):
            sys.exit(f"{where}: '{path}' is {one.get(path)} on the mount, {two.get(path)} in the ordinary directory")


if __name__ == "__main__":
    main()
