"""What only Bazil has: attributes of directories that tell what lies below."""
import os
import random
import time
from errno import *
from case import *


def attribute(path, name):
    return os.getxattr(path, f"user.bazil.{name}").decode()


def numbers(path):
    return tuple(int(attribute(path, name)) for name in ("rbytes", "rfiles", "rsubdirs"))


def walk(path):
    """What a walk counts; a file with several names once."""
    seen, size, files, directories = set(), 0, 0, 0
    for at, below, names in os.walk(path):
        directories += len(below)
        for name in names:
            about = os.lstat(f"{at}/{name}")
            if about.st_ino not in seen:
                seen.add(about.st_ino)
                size += about.st_size
                files += 1
    return size, files, directories


def soon(read, expected):
    deadline = time.monotonic() + 6
    while read() != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    same(read(), expected)


def Numbers_of_a_tree_are_there_within_five_seconds(d):
    os.makedirs(f"{d}/a/b/c")
    write(f"{d}/a/b/c/f", pattern(300000))
    write(f"{d}/a/g", b"12345")
    os.symlink("target", f"{d}/a/b/s")
    same(numbers(f"{d}/a/b/c"), (300000, 1, 0))
    soon(lambda: numbers(f"{d}/a"), (300011, 3, 2))
    os.rename(f"{d}/a/b", f"{d}/b")
    soon(lambda: numbers(f"{d}/a"), (5, 1, 0))
    soon(lambda: numbers(f"{d}"), (300011, 3, 3))


def Numbers_are_those_of_a_walk_after_random_changes(d):
    seed = int(os.environ.get("BAZIL_SEED", "1"))
    chance = random.Random(seed)
    directories, files = [f"{d}"], []
    for number in range(1500):
        at = chance.choice(directories)
        kind = chance.randrange(10)
        if kind < 2 and at.count("/") < d.count("/") + 6:
            os.mkdir(f"{at}/d{number}")
            directories.append(f"{at}/d{number}")
        elif kind < 5:
            write(f"{at}/f{number}", b"x" * chance.choice([0, 1, 100, 4096, 4097, 20000]))
            files.append(f"{at}/f{number}")
        elif kind == 5 and files:
            write(chance.choice(files), b"y" * chance.randrange(9000))
        elif kind == 6 and files:
            os.unlink(files.pop(chance.randrange(len(files))))
        elif kind == 7 and files:
            os.link(chance.choice(files), f"{at}/l{number}")
            files.append(f"{at}/l{number}")
        elif kind == 8 and files:
            os.truncate(chance.choice(files), chance.randrange(100000))
        elif kind == 9 and len(directories) > 1:
            moved = chance.choice(directories[1:])
            if (at + "/").startswith(moved + "/"):
                continue
            target = f"{at}/m{number}"
            os.rename(moved, target)
            directories = [target + path[len(moved):] if (path + "/").startswith(moved + "/") else path for path in directories]
            files = [target + path[len(moved):] if path.startswith(moved + "/") else path for path in files]
    soon(lambda: numbers(d), walk(d))


def Newest_change_is_that_of_the_newest_file(d):
    os.makedirs(f"{d}/a/b")
    write(f"{d}/a/b/f", b"1")
    os.mkdir(f"{d}/other")
    time.sleep(0.02)
    os.chmod(f"{d}/a/b/f", 0o600)
    newest = os.stat(f"{d}/a/b/f").st_ctime_ns
    text = f"{newest // 10**9}.{newest % 10**9:09}"
    soon(lambda: attribute(f"{d}", "rctime"), text)
    soon(lambda: attribute(f"{d}/a", "rctime"), text)


def Attributes_are_not_listed_not_settable_and_not_on_files(d):
    same(os.listxattr(d), [])
    with fails(EOPNOTSUPP):
        os.setxattr(d, "user.bazil.rbytes", b"1")
    with fails(EOPNOTSUPP):
        os.removexattr(d, "user.bazil.rbytes")
    write(f"{d}/f", b"1")
    with fails(ENODATA):
        os.getxattr(f"{d}/f", "user.bazil.rbytes")


def Statfs_counts_the_files_of_the_volume(d):
    before = os.statvfs(d)
    for i in range(10):
        write(f"{d}/{i}", b"1")
    soon(lambda: (lambda now: now.f_files - now.f_ffree)(os.statvfs(d)) >= before.f_files - before.f_ffree + 10, True)
    same(before.f_namemax, 255)
