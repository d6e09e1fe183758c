import os
import stat
import subprocess
import time
from errno import *
from case import *


def root(d):
    while not os.path.ismount(d):
        d = os.path.dirname(d)
    return d


def Snapshot_keeps_content_when_the_file_changes(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    name = f"keeps-{os.path.basename(d)}"
    os.makedirs(f"{d}/sub/dir")
    write(f"{d}/small", b"old small")
    write(f"{d}/sub/big", pattern(3 * CHUNK + 9))
    os.symlink("small", f"{d}/link")
    os.chmod(f"{d}/small", 0o751)
    os.utime(f"{d}/small", ns=(1, 123456789))
    os.setxattr(f"{d}/small", "user.tag", b"value")
    os.mkdir(f"{top}/.snap/{name}")
    write(f"{d}/small", b"new")
    write(f"{d}/sub/big", b"changed", os.O_WRONLY)
    os.unlink(f"{d}/link")
    os.rmdir(f"{d}/sub/dir")
    write(f"{d}/later", b"")
    old = f"{top}/.snap/{name}/{tail}"
    same(sorted(os.listdir(old)), ["link", "small", "sub"])
    same((read(f"{old}/small"), read(f"{old}/sub/big"), os.readlink(f"{old}/link")), (b"old small", pattern(3 * CHUNK + 9), "small"))
    same(sorted(os.listdir(f"{old}/sub")), ["big", "dir"])
    status = os.stat(f"{old}/small")
    same((stat.S_IMODE(status.st_mode), status.st_mtime_ns, status.st_size), (0o551, 123456789, 9))
    same(os.getxattr(f"{old}/small", "user.tag"), b"value")
    with fails(ENOENT):
        os.stat(f"{old}/later")
    same(read(f"{d}/.snap/{name}/small"), b"old small", ".snap of the directory itself")
    same(sorted(os.listdir(f"{d}/sub/.snap/{name}")), ["big", "dir"])



def Copy_out_of_a_snapshot_holds_it_until_the_copy_is_closed_and_works_after_it_is_gone(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    name = f"copied-{os.path.basename(d)}"
    content = pattern(3 * CHUNK + 9)
    write(f"{d}/big", content)
    os.mkdir(f"{top}/.snap/{name}")
    source = os.open(f"{top}/.snap/{name}/{tail}/big", os.O_RDONLY)
    target = os.open(f"{d}/shared", os.O_WRONLY | os.O_CREAT)
    same(os.copy_file_range(source, target, len(content), 0, 0), len(content))
    with fails(EBUSY):
        os.rmdir(f"{top}/.snap/{name}")
    os.close(target)
    os.rmdir(f"{top}/.snap/{name}")
    target, copied = os.open(f"{d}/copied", os.O_WRONLY | os.O_CREAT), 0
    while copied < len(content):
        copied += os.copy_file_range(source, target, len(content) - copied, copied, copied)
    os.close(target)
    os.close(source)
    same((read(f"{d}/shared"), read(f"{d}/copied")), (content, content))

def Snapshots_are_listed_renamed_and_removed(d):
    top = root(d)
    for name in ("list-b", "list-a"):
        os.mkdir(f"{top}/.snap/{name}")
    same([n for n in os.listdir(f"{top}/.snap") if n.startswith("list-")], ["list-a", "list-b"])
    same(".snap" in os.listdir(top), False)
    same(".bazil" in os.listdir(top), False)
    with fails(EEXIST):
        os.mkdir(f"{top}/.snap/list-a")
    os.rename(f"{top}/.snap/list-a", f"{top}/.snap/list-c")
    same([n for n in os.listdir(f"{top}/.snap") if n.startswith("list-")], ["list-b", "list-c"])
    with fails(ENOENT):
        os.stat(f"{top}/.snap/list-a")
    os.rmdir(f"{top}/.snap/list-b")
    os.rmdir(f"{top}/.snap/list-c")
    same([n for n in os.listdir(f"{top}/.snap") if n.startswith("list-")], [])
    with fails(ENOENT):
        os.rmdir(f"{top}/.snap/list-b")
    with fails(ENOENT):
        os.stat(f"{top}/.snap/list-c")


def Snapshots_cannot_be_written(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    write(f"{d}/f", b"x")
    os.mkdir(f"{d}/sub")
    name = f"ro-{os.path.basename(d)}"
    os.mkdir(f"{top}/.snap/{name}")
    old = f"{top}/.snap/{name}/{tail}"
    for change in (lambda: write(f"{old}/new", b""), lambda: os.mkdir(f"{old}/new"), lambda: os.unlink(f"{old}/f"), lambda: os.rmdir(f"{old}/sub"),
                   lambda: os.symlink("x", f"{old}/l"), lambda: os.rename(f"{old}/f", f"{old}/g"), lambda: os.chmod(f"{old}/f", 0), lambda: os.utime(f"{old}/f"),
                   lambda: os.truncate(f"{old}/f", 0), lambda: write(f"{old}/f", b"y"), lambda: os.setxattr(f"{old}/f", "user.a", b""), lambda: os.mkfifo(f"{old}/p"),
                   lambda: write(f"{top}/.snap/file", b"")):
        with fails(EROFS):
            change()
    with fails(EXDEV):
        os.rename(f"{old}/f", f"{d}/g")
    with fails(EXDEV):
        os.link(f"{old}/f", f"{d}/g")
    same(read(f"{old}/f"), b"x")


def Snapshot_holds_what_was_written_to_open_files(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    fds = []
    for size in (5, 5000, CHUNK + 7):
        fd = os.open(f"{d}/{size}", os.O_RDWR | os.O_CREAT)
        os.write(fd, pattern(size))
        fds.append((fd, size))
    name = f"open-{os.path.basename(d)}"
    os.mkdir(f"{top}/.snap/{name}")
    for fd, size in fds:
        os.pwrite(fd, b"after", 0)
        same(read(f"{top}/.snap/{name}/{tail}/{size}"), pattern(size), f"size {size}")
        same(os.stat(f"{top}/.snap/{name}/{tail}/{size}").st_size, size)
        os.close(fd)
        same(read(f"{d}/{size}")[:5], b"after")


def Snapshot_is_one_moment_while_programs_write(d):
    """The writer writes one file, then the other, and renames a third for each round: none is ever ahead of the one before it."""
    top, tail = root(d), os.path.relpath(d, root(d))
    script = f"""
import os
a, b = os.open("{d}/a", os.O_RDWR | os.O_CREAT), os.open("{d}/b", os.O_RDWR | os.O_CREAT)
os.close(os.open("{d}/name-0", os.O_CREAT))
i = 0
while not os.path.exists("{d}/stop"):
    i += 1
    os.pwrite(a, b"%016d" % i * 700, 0)
    os.pwrite(b, b"%016d" % i * 700, 0)
    os.rename("{d}/name-%d" % (i - 1), "{d}/name-%d" % i)
"""
    with subprocess.Popen(["python3", "-c", script]) as writer:
        try:
            while writer.poll() is None and not any(n.startswith("name-") and n != "name-0" for n in os.listdir(d)):
                time.sleep(0.01)
            seen = set()
            for number in range(20):
                name = f"moment-{number}-{os.path.basename(d)}"
                os.mkdir(f"{top}/.snap/{name}")
                old = f"{top}/.snap/{name}/{tail}"
                names = [int(n[5:]) for n in os.listdir(old) if n.startswith("name-")]
                one, two = (int(read(f"{old}/{n}")[:16]) for n in "ab")
                assert len(names) == 1 and one >= two >= names[0] >= one - 1, (one, two, names)
                seen.add(one)
                os.rmdir(f"{top}/.snap/{name}")
        finally:
            write(f"{d}/stop", b"")
    same(writer.returncode, 0)
    assert len(seen) > 1, seen


def Extended_attributes_of_a_snapshot_are_listed_and_copied_with_the_file(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    write(f"{d}/f", b"x")
    os.setxattr(f"{d}/f", "user.tag", b"value")
    name = f"attributes-{os.path.basename(d)}"
    os.mkdir(f"{top}/.snap/{name}")
    same(os.listxattr(f"{top}/.snap/{name}/{tail}/f"), ["user.tag"])
    run("cp", "-a", f"{top}/.snap/{name}/{tail}/f", f"{d}/g")
    same(os.getxattr(f"{d}/g", "user.tag"), b"value")


def Mkdir_in_snap_of_any_directory_takes_a_snapshot_of_the_volume(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    os.mkdir(f"{d}/sub")
    write(f"{d}/outside", b"x")
    name = f"below-{os.path.basename(d)}"
    os.mkdir(f"{d}/sub/.snap/{name}")
    same(read(f"{top}/.snap/{name}/{tail}/outside"), b"x")
    same(os.listdir(f"{d}/sub/.snap/{name}"), [])
    same(".snap" in os.listdir(f"{d}/sub"), False)
    os.rename(f"{d}/sub/.snap/{name}", f"{d}/sub/.snap/{name}-2")
    os.rmdir(f"{d}/sub/.snap/{name}-2")
    with fails(ENOENT):
        os.stat(f"{top}/.snap/{name}-2")


def Snapshot_of_a_large_directory_is_listed_and_found(d):
    top, tail = root(d), os.path.relpath(d, root(d))
    os.mkdir(f"{d}/many")
    for i in range(3000):
        write(f"{d}/many/file-{i:05}", str(i).encode())
    name = f"large-{os.path.basename(d)}"
    os.mkdir(f"{top}/.snap/{name}")
    run("rm", "-r", f"{d}/many")
    old = f"{top}/.snap/{name}/{tail}/many"
    same(os.listdir(old), [f"file-{i:05}" for i in range(3000)])
    same(read(f"{old}/file-01234"), b"1234")
    run("cp", "-a", old, f"{d}/back")
    same(len(os.listdir(f"{d}/back")), 3000)


def Conflicts_directory_is_empty_and_read_only(d):
    for base in (root(d), d):
        same(os.listdir(f"{base}/.bazil"), ["conflicts"])
        same(os.listdir(f"{base}/.bazil/conflicts"), [])
        assert stat.S_IMODE(os.stat(f"{base}/.bazil").st_mode) & 0o222 == 0
        with fails(EROFS):
            write(f"{base}/.bazil/conflicts/f", b"")
        with fails(EROFS):
            os.mkdir(f"{base}/.bazil/conflicts/f")
        with fails(EROFS):
            os.mkdir(f"{base}/.bazil/f")
        with fails(ENOENT):
            os.stat(f"{base}/.bazil/nothing")


def Snapshot_row_is_not_seen_through_a_directory_that_did_not_exist_then(d):
    top = root(d)
    name = f"early-{os.path.basename(d)}"
    os.mkdir(f"{top}/.snap/{name}")
    os.mkdir(f"{d}/later")
    with fails(ENOENT):
        os.stat(f"{d}/later/.snap/{name}")
