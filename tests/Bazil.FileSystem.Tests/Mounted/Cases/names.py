import os
import socket
import stat
import subprocess
import sys
from errno import *
from case import *


def Rename_moves_files_and_directories_within_and_across_directories(d):
    os.makedirs(f"{d}/a/deep/er")
    os.mkdir(f"{d}/b")
    write(f"{d}/a/deep/er/f", b"x")
    os.rename(f"{d}/a/deep", f"{d}/a/moved")
    same(read(f"{d}/a/moved/er/f"), b"x")
    os.rename(f"{d}/a/moved", f"{d}/b/here")
    same(read(f"{d}/b/here/er/f"), b"x")
    same(os.listdir(f"{d}/a"), [])
    same((os.stat(f"{d}/a").st_nlink, os.stat(f"{d}/b").st_nlink), (2, 3))
    same(os.stat(f"{d}/b/here/..").st_ino, os.stat(f"{d}/b").st_ino)
    os.rename(f"{d}/b/here/er/f", f"{d}/f")
    same(read(f"{d}/f"), b"x")
    with fails(ENOENT):
        os.rename(f"{d}/nothing", f"{d}/g")


def Rename_over_gives_the_errors_of_ext4(d):
    os.makedirs(f"{d}/full/sub")
    os.mkdir(f"{d}/empty")
    os.mkdir(f"{d}/dir")
    write(f"{d}/file", b"f")
    with fails(ENOTEMPTY):
        os.rename(f"{d}/dir", f"{d}/full")
    with fails(EISDIR):
        os.rename(f"{d}/file", f"{d}/empty")
    with fails(ENOTDIR):
        os.rename(f"{d}/dir", f"{d}/file")
    os.rename(f"{d}/dir", f"{d}/empty")
    same(sorted(os.listdir(d)), ["empty", "file", "full"])


def Rename_into_its_own_subdirectory_is_einval(d):
    os.makedirs(f"{d}/a/b/c")
    with fails(EINVAL):
        os.rename(f"{d}/a", f"{d}/a/b/c/x")
    with fails(EINVAL):
        os.rename(f"{d}/a", f"{d}/a/x")
    with fails(ENOTEMPTY):
        os.rename(f"{d}/a/b/c", f"{d}/a")


def Rename_with_noreplace_refuses_what_is_there(d):
    write(f"{d}/a", b"a")
    write(f"{d}/b", b"b")
    with fails(EEXIST):
        renameat2(f"{d}/a", f"{d}/b", NOREPLACE)
    renameat2(f"{d}/a", f"{d}/c", NOREPLACE)
    same((read(f"{d}/c"), sorted(os.listdir(d))), (b"a", ["b", "c"]))


def Rename_with_exchange_swaps_file_and_directory(d):
    write(f"{d}/f", b"file")
    os.makedirs(f"{d}/x/dir/sub")
    renameat2(f"{d}/f", f"{d}/x/dir", EXCHANGE)
    same(read(f"{d}/x/dir"), b"file")
    same(os.listdir(f"{d}/f"), ["sub"])
    same((os.stat(f"{d}/x").st_nlink, os.stat(d).st_nlink), (2, 4))
    with fails(ENOENT):
        renameat2(f"{d}/f", f"{d}/nothing", EXCHANGE)
    with fails(EINVAL):
        renameat2(f"{d}/f", f"{d}/f/sub", EXCHANGE)
    write(f"{d}/g", b"other")
    renameat2(f"{d}/g", f"{d}/x/dir", EXCHANGE)
    same((read(f"{d}/g"), read(f"{d}/x/dir")), (b"file", b"other"))


def Rename_onto_a_hard_link_of_itself_does_nothing(d):
    write(f"{d}/a", b"a")
    os.link(f"{d}/a", f"{d}/b")
    os.rename(f"{d}/a", f"{d}/b")
    same(sorted(os.listdir(d)), ["a", "b"])
    os.rename(f"{d}/a", f"{d}/a")
    same(os.stat(f"{d}/a").st_nlink, 2)


def Removing_directories_gives_the_errors_of_ext4(d):
    os.makedirs(f"{d}/a/b")
    write(f"{d}/f", b"")
    with fails(ENOTEMPTY):
        os.rmdir(f"{d}/a")
    with fails(ENOTDIR):
        os.rmdir(f"{d}/f")
    with fails(EISDIR):
        os.unlink(f"{d}/a")
    with fails(ENOENT):
        os.rmdir(f"{d}/nothing")
    with fails(EEXIST):
        os.mkdir(f"{d}/a")
    with fails(ENOTDIR):
        os.stat(f"{d}/f/x")
    os.rmdir(f"{d}/a/b")
    os.rmdir(f"{d}/a")
    same(os.listdir(d), ["f"])


def Removed_directory_that_is_in_use_answers_as_on_ext4(d):
    os.mkdir(f"{d}/a")
    fd = os.open(f"{d}/a", os.O_RDONLY)
    os.rmdir(f"{d}/a")
    same(os.fstat(fd).st_nlink, 0)
    same(os.listdir(fd), [])
    with fails(ENOENT):
        os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
    os.close(fd)


def Hard_links_share_inode_content_and_attributes(d):
    write(f"{d}/a", pattern(CHUNK))
    os.mkdir(f"{d}/s")
    os.link(f"{d}/a", f"{d}/s/b")
    same((os.stat(f"{d}/a").st_nlink, os.stat(f"{d}/s/b").st_nlink), (2, 2))
    same(os.stat(f"{d}/a").st_ino, os.stat(f"{d}/s/b").st_ino)
    write(f"{d}/s/b", b"new content")
    same(read(f"{d}/a"), b"new content")
    os.chmod(f"{d}/a", 0o600)
    same(os.stat(f"{d}/s/b").st_mode & 0o777, 0o600)
    os.unlink(f"{d}/a")
    same((read(f"{d}/s/b"), os.stat(f"{d}/s/b").st_nlink), (b"new content", 1))
    with fails(EEXIST):
        os.link(f"{d}/s/b", f"{d}/s/b")
    with fails(EPERM):
        os.link(f"{d}/s", f"{d}/t")
    fd = os.open(f"{d}/s/b", os.O_RDONLY)
    os.link(f"{d}/s/b", f"{d}/c")
    os.unlink(f"{d}/s/b")
    same((os.fstat(fd).st_nlink, read(f"{d}/c")), (1, b"new content"))
    os.close(fd)


def Symlinks_keep_their_target(d):
    for target in ("f", "/nowhere/at/all", "x" * 4095, "ümlaut"):
        os.symlink(target, f"{d}/l")
        same(os.readlink(f"{d}/l"), target)
        status = os.lstat(f"{d}/l")
        same((stat.S_ISLNK(status.st_mode), status.st_size), (True, len(os.fsencode(target))))
        os.unlink(f"{d}/l")
    write(f"{d}/f", b"through")
    os.symlink("f", f"{d}/l")
    same(read(f"{d}/l"), b"through")
    os.symlink("loop", f"{d}/loop")
    with fails(ELOOP):
        os.stat(f"{d}/loop")
    with fails(EINVAL):
        os.readlink(f"{d}/f")
    with fails(EEXIST):
        os.symlink("f", f"{d}/l")


def Special_files_keep_kind_and_number(d):
    os.mkfifo(f"{d}/fifo")
    os.mknod(f"{d}/char", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    os.mknod(f"{d}/block", stat.S_IFBLK | 0o600, os.makedev(7, 300))
    os.mknod(f"{d}/plain", stat.S_IFREG | 0o640)
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{d}/sock") if len(d) < 90 else os.mknod(f"{d}/sock", stat.S_IFSOCK | 0o600)
    same([stat.S_IFMT(os.stat(f"{d}/{n}").st_mode) for n in ("fifo", "char", "block", "plain", "sock")],
         [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFREG, stat.S_IFSOCK])
    same((os.stat(f"{d}/char").st_rdev, os.stat(f"{d}/block").st_rdev), (os.makedev(1, 3), os.makedev(7, 300)))
    write(f"{d}/char", b"swallowed")
    child = subprocess.Popen(["sh", "-c", f"echo through > '{d}/fifo'"])
    same(read(f"{d}/fifo"), b"through\n")
    child.wait(20)
    fd = os.open(f"{d}/fifo", os.O_RDWR)
    os.unlink(f"{d}/fifo")
    same(os.fstat(fd).st_nlink, 0)
    os.close(fd)
    server.close()


def Name_of_255_bytes_is_kept_and_of_256_refused(d):
    long = "n" * 255
    write(f"{d}/{long}", b"x")
    same(os.listdir(d), [long])
    os.rename(f"{d}/{long}", f"{d}/{'m' * 255}")
    for bad in (256, 300):
        name = f"{d}/{'x' * bad}"
        for function in (os.stat, os.mkdir, os.unlink, os.rmdir, lambda p: write(p, b""), lambda p: os.symlink("a", p), os.mkfifo,
                         lambda p: os.rename(f"{d}/{'m' * 255}", p), lambda p: os.link(f"{d}/{'m' * 255}", p),
                         lambda p: os.mkdir(f"{d}/.snap/{'x' * bad}"), lambda p: os.stat(f"{d}/.snap/{'x' * bad}")):
            with fails(ENAMETOOLONG):
                function(name)


def Names_are_bytes_and_need_not_be_utf8(d):
    names = [b"\xff\xfe", b"caf\xc3\xa9", b"cafe\xcc\x81", b"new\nline", b" ", b"-", b"a\\b", b"...", b"\x01", b".snapx", b".Snap"]
    base = os.fsencode(d)
    for name in names:
        write(base + b"/" + name, name)
    same(sorted(os.listdir(base)), sorted(names))
    for name in names:
        same(read(base + b"/" + name), name)


def Names_are_listed_in_the_order_of_their_bytes(d):
    names = [f"{i * 7919 % 1000:03}" for i in range(1000)] + ["Z", "a", "é"]
    for name in names:
        write(f"{d}/{name}", b"")
    same(os.listdir(d), sorted(names, key=os.fsencode))


def Deep_tree_is_built_moved_and_removed(d):
    here = os.getcwd()
    os.chdir(d)
    for _ in range(300):
        os.mkdir("deeper")
        os.chdir("deeper")
    write("bottom", b"b")
    os.chdir(here)
    os.mkdir(f"{d}/other")
    os.rename(f"{d}/deeper", f"{d}/other/deeper")
    same(run("find", f"{d}/other", "-name", "bottom").count("/deeper"), 300)
    run("rm", "-rf", f"{d}/other")
    same(os.listdir(d), [])


def Special_names_are_refused_where_they_are_the_volumes_own(d):
    write(f"{d}/f", b"")
    with fails(EEXIST):
        os.mkdir(f"{d}/.snap")
    with fails(EEXIST):
        os.symlink("f", f"{d}/.bazil")
    with fails(EISDIR):
        os.rename(f"{d}/f", f"{d}/.snap")
    os.mkdir(f"{d}/dir")
    with fails(EBUSY):
        os.rename(f"{d}/dir", f"{d}/.snap")
    with fails(EBUSY):
        os.rename(f"{d}/.snap", f"{d}/other")
    with fails(EBUSY):
        os.rmdir(f"{d}/.bazil")
    with fails(EISDIR):
        os.unlink(f"{d}/.snap")
    with fails(EISDIR):
        write(f"{d}/.snap", b"")
    os.symlink("/", f"{d}/.snapshot")
