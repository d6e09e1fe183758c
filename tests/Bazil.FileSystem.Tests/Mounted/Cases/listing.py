import ctypes
import os
import sys
from errno import *
from case import *

MANY = 20000


class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_uint64), ("off", ctypes.c_int64), ("reclen", ctypes.c_ushort), ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]


libc.opendir.restype = ctypes.c_void_p
libc.readdir.argtypes = libc.rewinddir.argtypes = libc.closedir.argtypes = libc.telldir.argtypes = [ctypes.c_void_p]
libc.readdir.restype = ctypes.POINTER(Dirent)
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


def fill(d, count):
    os.mkdir(d)
    for i in range(count):
        os.close(os.open(f"{d}/file-{i:06}", os.O_CREAT | os.O_WRONLY))


def Directory_of_20000_entries_is_listed_completely_and_removed_while_it_is_listed(d):
    fill(f"{d}/many", MANY)
    same(len(os.listdir(f"{d}/many")), MANY)
    run("sh", "-c", f"ls -l '{d}/many' | wc -l")
    same(run("sh", "-c", f"find '{d}/many' -type f -name '*7' | wc -l").strip(), str(MANY // 10))
    run("find", f"{d}/many", "-name", "*[02468]", "-delete")
    same(len(os.listdir(f"{d}/many")), MANY // 2)
    with os.scandir(f"{d}/many") as entries:
        for number, entry in enumerate(entries):
            if number % 2:
                os.unlink(entry.path)
    same(len(os.listdir(f"{d}/many")), MANY // 4)
    run("rm", "-r", f"{d}/many")
    same(os.path.exists(f"{d}/many"), False)


def Nothing_is_skipped_when_what_was_read_is_removed_at_once(d):
    for burst in (1, 7, 100):
        fill(f"{d}/x", 3000)
        seen = []
        handle = libc.opendir(os.fsencode(f"{d}/x"))
        pending = []
        while entry := libc.readdir(handle):
            name = entry.contents.name
            if name in (b".", b".."):
                continue
            seen.append(name)
            pending.append(name)
            if len(pending) >= burst:
                for old in pending:
                    os.unlink(os.fsencode(f"{d}/x/") + old)
                pending.clear()
        libc.closedir(handle)
        same(len(seen), 3000, f"burst {burst}")
        run("rm", "-rf", f"{d}/x")


def Entries_made_while_listing_do_not_repeat_or_hide_others(d):
    fill(f"{d}/x", 2000)
    seen = []
    with os.scandir(f"{d}/x") as entries:
        for number, entry in enumerate(entries):
            seen.append(entry.name)
            if number < 2000:
                write(f"{d}/x/a-{number}", b"")
    old = [name for name in seen if name.startswith("file-")]
    same(sorted(old), [f"file-{i:06}" for i in range(2000)])
    same(len(seen), len(set(seen)), "repeated names")


def Large_directory_is_listed_completely_while_others_make_and_remove_entries(d):
    """Tens of thousands of entries that stay, in three listings, while a process makes and removes others between them."""
    many = int(os.environ.get("BAZIL_ENTRIES", "40000"))
    x = f"{d}/x"
    fill(x, many)
    child = os.fork()
    if child == 0:
        number = 0
        while True:
            for i in range(number, number + 50):
                os.close(os.open(f"{x}/file-{i * 37 % many:06}-new", os.O_CREAT | os.O_WRONLY))
            for i in range(number, number + 50):
                os.unlink(f"{x}/file-{i * 37 % many:06}-new")
            number += 50
    try:
        for _ in range(3):
            names = os.listdir(x)
            same(len(names), len(set(names)), "repeated names")
            same(sum(1 for name in names if not name.endswith("-new")), many)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    same(len([name for name in os.listdir(x) if not name.endswith("-new")]), many)


def Seeking_and_rewinding_a_directory_find_the_same_entries(d):
    fill(f"{d}/x", 1500)
    handle = libc.opendir(os.fsencode(f"{d}/x"))
    positions, names = [], []
    while True:
        position = libc.telldir(handle)
        entry = libc.readdir(handle)
        if not entry:
            break
        positions.append(position)
        names.append(entry.contents.name)
    same(names[:3], [b".", b"..", b"file-000000"])
    same(len(names), 1502)
    for index in (1501, 3, 0, 700, 701, 1, 2, 256, 257, 258, 1499):
        libc.seekdir(handle, positions[index])
        same(libc.readdir(handle).contents.name, names[index], f"entry {index}")
    write(f"{d}/x/zzz", b"")
    os.unlink(f"{d}/x/file-000000")
    libc.rewinddir(handle)
    again = []
    while entry := libc.readdir(handle):
        again.append(entry.contents.name)
    same(again, [b".", b".."] + names[3:] + [b"zzz"])
    libc.closedir(handle)


def Listing_that_was_read_before_follows_every_change(d):
    fill(f"{d}/x", 300)
    names = {f"file-{i:06}" for i in range(300)}
    for step in range(5):
        same(set(os.listdir(f"{d}/x")), names)
        same(set(os.listdir(f"{d}/x")), names)
        write(f"{d}/x/new-{step}", b"")
        os.unlink(f"{d}/x/file-{step:06}")
        os.rename(f"{d}/x/file-{step + 100:06}", f"{d}/x/renamed-{step}")
        os.mkdir(f"{d}/x/directory-{step}")
        same(os.path.exists(f"{d}/x/file-{step:06}"), False)
        names |= {f"new-{step}", f"renamed-{step}", f"directory-{step}"}
        names -= {f"file-{step:06}", f"file-{step + 100:06}"}


def Readers_that_meet_in_one_directory_miss_nothing_that_stays(d):
    """One removes what it has read, another lists all in between: the kernel keeps a listing that the first one has not read from."""
    fill(f"{d}/x", 2000)
    seen = []
    fd = os.open(f"{d}/x", os.O_RDONLY)
    os.listdir(f"{d}/x")
    while names := raw_listing(fd, 4000):
        for name in names:
            if name not in (b".", b".."):
                seen.append(name)
                os.unlink(name, dir_fd=fd)
        left = os.listdir(f"{d}/x")
        same(len(left), 2000 - len(set(seen)))
        same(os.listdir(f"{d}/x"), left)
    os.close(fd)
    same(len(set(seen)), 2000)


def Name_that_was_not_there_is_found_when_it_is_made(d):
    for make in (lambda p: write(p, b""), os.mkdir, lambda p: os.symlink("x", p), lambda p: os.rename(f"{d}/other", p), lambda p: os.link(f"{d}/third", p)):
        write(f"{d}/other", b"")
        write(f"{d}/third", b"")
        path = f"{d}/name"
        for _ in range(2):
            with fails(ENOENT):
                os.lstat(path)
        make(path)
        os.lstat(path)
        os.rename(path, f"{d}/away-{os.lstat(path).st_ino}")
        with fails(ENOENT):
            os.lstat(path)


def Listing_gives_inode_numbers_and_kinds(d):
    os.mkdir(f"{d}/dir")
    write(f"{d}/file", b"")
    os.symlink("x", f"{d}/link")
    os.mkfifo(f"{d}/pipe")
    with os.scandir(d) as entries:
        found = {e.name: (e.inode() == os.lstat(e.path).st_ino, e.is_dir(follow_symlinks=False), e.is_file(follow_symlinks=False), e.is_symlink()) for e in entries}
    same(found, {"dir": (True, True, False, False), "file": (True, False, True, False), "link": (True, False, False, True), "pipe": (True, False, False, False)})


def raw_listing(fd, size):
    """One getdents64 with a small buffer: the kernel throws away what does not fit and asks again from there."""
    buffer = ctypes.create_string_buffer(size)
    count = libc.syscall(217, fd, buffer, size)
    names, at = [], 0
    while at < count:
        length = int.from_bytes(buffer.raw[at + 16:at + 18], "little")
        names.append(buffer.raw[at + 19:at + length].split(b"\0")[0])
        at += length
    return names


def Nothing_is_skipped_by_a_reader_with_a_small_buffer_that_removes_what_it_reads(d):
    fill(f"{d}/x", 1000)
    fd = os.open(f"{d}/x", os.O_RDONLY)
    seen = []
    while names := raw_listing(fd, 600):
        for name in names:
            if name not in (b".", b".."):
                seen.append(name)
                os.unlink(name, dir_fd=fd)
    os.close(fd)
    same(len(seen), 1000)
    same(os.listdir(f"{d}/x"), [])
