import ctypes
import os
import stat
from errno import *
from case import *

AT_SYMLINK_FOLLOW = 0x400


def temporary(d, flags=os.O_RDWR, mode=0o640):
    return os.open(d, os.O_TMPFILE | flags, mode)


def link(fd, path):
    if libc.linkat(AT_FDCWD, f"/proc/self/fd/{fd}".encode(), AT_FDCWD, path.encode(), AT_SYMLINK_FOLLOW) != 0:
        raise OSError(ctypes.get_errno(), "linkat")


def Temporary_file_has_no_name_and_works(d):
    fd = temporary(d)
    same(os.listdir(d), [])
    same(os.fstat(fd).st_nlink, 0)
    same(stat.S_IMODE(os.fstat(fd).st_mode), 0o640)
    os.write(fd, pattern(3 * CHUNK))
    same(os.pread(fd, 4 * CHUNK, 0), pattern(3 * CHUNK))
    os.fchmod(fd, 0o600)
    os.fsync(fd)
    os.setxattr(fd, "user.a", b"1")
    same(os.getxattr(fd, "user.a"), b"1")
    os.close(fd)
    same(os.listdir(d), [])
    os.rmdir(d)


def Temporary_file_gets_a_name_by_link(d):
    for size in EDGES:
        fd = temporary(d)
        os.write(fd, pattern(size))
        os.setxattr(fd, "user.a", b"1")
        link(fd, f"{d}/{size}")
        inode = os.fstat(fd).st_ino
        same(os.fstat(fd).st_nlink, 1)
        same(read(f"{d}/{size}"), pattern(size))
        os.write(fd, b"more")
        os.close(fd)
        same(read(f"{d}/{size}"), pattern(size) + b"more", size)
        same(os.stat(f"{d}/{size}").st_ino, inode)
        same(os.getxattr(f"{d}/{size}", "user.a"), b"1")
        same(stat.S_IMODE(os.stat(f"{d}/{size}").st_mode), 0o640)
    same(len(os.listdir(d)), len(EDGES))


def Name_that_is_taken_is_not_replaced_by_link(d):
    write(f"{d}/f", b"old")
    fd = temporary(d)
    os.write(fd, b"new")
    with fails(EEXIST):
        link(fd, f"{d}/f")
    with fails(ENOENT):
        link(fd, f"{d}/no/f")
    link(fd, f"{d}/g")
    link(fd, f"{d}/h")
    same(os.fstat(fd).st_nlink, 2)
    same((read(f"{d}/f"), read(f"{d}/g"), read(f"{d}/h")), (b"old", b"new", b"new"))
    os.close(fd)


def Exclusive_temporary_file_never_gets_a_name(d):
    fd = temporary(d, os.O_RDWR | os.O_EXCL)
    with fails(ENOENT):
        link(fd, f"{d}/f")
    os.close(fd)
    with fails(EINVAL):
        temporary(d, os.O_RDONLY)


def Temporary_file_obeys_umask_and_setgid(d):
    os.umask(0o027)
    os.chown(d, 0, 77)
    os.chmod(d, 0o2777)
    fd = temporary(d, mode=0o666)
    same(stat.S_IMODE(os.fstat(fd).st_mode), 0o640)
    same(os.fstat(fd).st_gid, 77)
    link(fd, f"{d}/f")
    same(os.stat(f"{d}/f").st_gid, 77)
    os.close(fd)
