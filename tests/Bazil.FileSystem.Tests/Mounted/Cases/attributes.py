import ctypes
import os
import stat
import time
from errno import *
from case import *


def Modes_are_kept_and_the_umask_applies(d):
    for mode in (0o644, 0o4755, 0o2755, 0o1777, 0o000, 0o7777):
        write(f"{d}/f", b"")
        os.chmod(f"{d}/f", mode)
        same(stat.S_IMODE(os.stat(f"{d}/f").st_mode), mode)
    os.umask(0o027)
    write(f"{d}/g", b"", mode=0o666)
    os.mkdir(f"{d}/h", 0o777)
    same((stat.S_IMODE(os.stat(f"{d}/g").st_mode), stat.S_IMODE(os.stat(f"{d}/h").st_mode)), (0o640, 0o750))


def Owners_are_kept(d):
    write(f"{d}/f", b"")
    same((os.stat(f"{d}/f").st_uid, os.stat(f"{d}/f").st_gid), (os.getuid(), os.getgid()))
    os.chown(f"{d}/f", 1234, 5678)
    same((os.stat(f"{d}/f").st_uid, os.stat(f"{d}/f").st_gid), (1234, 5678))
    os.chown(f"{d}/f", -1, 77)
    same((os.stat(f"{d}/f").st_uid, os.stat(f"{d}/f").st_gid), (1234, 77))
    os.symlink("x", f"{d}/l")
    os.lchown(f"{d}/l", 3, 4)
    same((os.lstat(f"{d}/l").st_uid, os.lstat(f"{d}/l").st_gid), (3, 4))


def soon(path, passes):
    """A mount moves the access time a moment after the close."""
    deadline = time.monotonic() + 5
    while not passes(os.stat(path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    same(passes(os.stat(path)), True, path)


def Reading_moves_the_access_time_by_the_rules_of_relatime(d):
    path, size = f"{d}/f", 10000
    write(path, pattern(size))
    before = os.stat(path).st_atime_ns
    time.sleep(0.02)
    same(len(read(path)), size)
    soon(path, lambda status: status.st_atime_ns > max(before, status.st_mtime_ns))

    moved = os.stat(path).st_atime_ns
    time.sleep(0.02)
    read(path)
    time.sleep(0.3)
    same(os.stat(path).st_atime_ns, moved, "newer than the last change")

    write(path, pattern(size, 1))
    time.sleep(0.02)
    read(path)
    soon(path, lambda status: status.st_atime_ns > max(moved, status.st_mtime_ns))

    os.utime(path, ns=(time.time_ns() - 2 * 86400 * 10**9, 5))
    old = os.stat(path).st_atime_ns
    time.sleep(0.02)
    fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
    os.read(fd, 100)
    os.close(fd)
    time.sleep(0.3)
    same(os.stat(path).st_atime_ns, old, "O_NOATIME")
    read(path)
    soon(path, lambda status: status.st_atime_ns > status.st_ctime_ns)

    ahead = time.time_ns() + 3600 * 10**9
    os.utime(path, ns=(ahead, 7))
    read(path)
    time.sleep(0.3)
    same(os.stat(path).st_atime_ns, ahead, "newer than everything")


def Setgid_directory_hands_its_group_down(d):
    os.mkdir(f"{d}/s")
    os.chown(f"{d}/s", 0, 4321)
    os.chmod(f"{d}/s", 0o2775)
    write(f"{d}/s/f", b"")
    os.mkdir(f"{d}/s/sub")
    same((os.stat(f"{d}/s/f").st_gid, os.stat(f"{d}/s/f").st_mode & stat.S_ISGID), (4321, 0))
    same((os.stat(f"{d}/s/sub").st_gid, os.stat(f"{d}/s/sub").st_mode & stat.S_ISGID), (4321, stat.S_ISGID))


def Other_users_are_held_to_the_mode(d):
    os.chmod(d, 0o755)
    write(f"{d}/secret", b"s", mode=0o600)
    write(f"{d}/open", b"o", mode=0o644)
    os.mkdir(f"{d}/sticky")
    os.chmod(f"{d}/sticky", 0o1777)
    write(f"{d}/sticky/mine", b"m")

    def stranger():
        same(read(f"{d}/open"), b"o")
        with fails(EACCES):
            read(f"{d}/secret")
        with fails(EACCES):
            write(f"{d}/open", b"x")
        with fails(EACCES):
            os.mkdir(f"{d}/new")
        with fails(EPERM):
            os.unlink(f"{d}/sticky/mine")
        with fails(EPERM):
            os.chmod(f"{d}/open", 0o777)
        with fails(EPERM):
            os.chown(f"{d}/open", 4000, -1)
        write(f"{d}/sticky/theirs", b"t")
        same(os.stat(f"{d}/sticky/theirs").st_uid, 4000)
        os.unlink(f"{d}/sticky/theirs")
    as_user(4000, stranger)


def Writing_as_another_user_clears_setuid(d):
    os.chmod(d, 0o777)
    write(f"{d}/f", b"x")
    os.chmod(f"{d}/f", 0o6777)
    as_user(4000, lambda: write(f"{d}/f", b"y", os.O_WRONLY))
    same(stat.S_IMODE(os.stat(f"{d}/f").st_mode), 0o777)
    os.chmod(f"{d}/f", 0o6777)
    os.chown(f"{d}/f", 4000, 4000)
    same(stat.S_IMODE(os.stat(f"{d}/f").st_mode), 0o777)


def Times_are_kept_to_the_nanosecond(d):
    for a, m in ((1, 2), (1_600_000_000_123_456_789, 1_500_000_000_987_654_321), (-5_000_000_001, -1), (0, 0), (4_000_000_000_000_000_007, 5)):
        for path, make in ((f"{d}/f", lambda p: write(p, b"x")), (f"{d}/dir", lambda p: os.makedirs(p, exist_ok=True))):
            make(path)
            os.utime(path, ns=(a, m))
            same((os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns), (a, m))
    os.symlink("x", f"{d}/l")
    os.utime(f"{d}/l", ns=(11, 12), follow_symlinks=False)
    same((os.lstat(f"{d}/l").st_atime_ns, os.lstat(f"{d}/l").st_mtime_ns), (11, 12))


def times(path):
    status = os.lstat(path)
    return status.st_mtime_ns, status.st_ctime_ns


def pause():
    time.sleep(0.02)


def Modification_and_change_times_move_as_on_ext4(d):
    path = f"{d}/f"
    write(path, b"x")
    m, c = times(path)
    pause()
    os.chmod(path, 0o600)
    same(times(path)[0], m)
    assert times(path)[1] > c, "chmod moves ctime"
    m, c = times(path)
    pause()
    write(path, b"y", os.O_WRONLY)
    assert times(path)[0] > m and times(path)[1] > c, "write moves both"
    m, c = times(path)
    pause()
    os.link(path, f"{d}/g")
    same(times(path)[0], m)
    assert times(path)[1] > c, "link moves ctime"
    c = times(path)[1]
    pause()
    os.rename(f"{d}/g", f"{d}/h")
    same(times(path)[0], m)
    c = times(path)[1]
    pause()
    os.unlink(f"{d}/h")
    assert times(path)[1] > c, "unlink of one name moves ctime"
    c = times(path)[1]
    pause()
    os.setxattr(path, "user.a", b"b")
    same(times(path)[0], m)
    assert times(path)[1] > c, "setxattr moves ctime"
    m, c = times(path)
    pause()
    os.truncate(path, 100)
    assert times(path)[0] > m and times(path)[1] > c, "truncate moves both"
    m, c = times(path)
    pause()
    read(path)
    same(times(path), (m, c))
    os.close(os.open(path, os.O_RDWR))
    same(times(path), (m, c), "open and close without a write")


def Setting_the_time_of_an_open_file_that_was_written_stays_and_ctime_does_not_go_back(d):
    before = time.time_ns() - 50_000_000
    for size in (10, 2 * CHUNK):
        fd = os.open(f"{d}/f{size}", os.O_RDWR | os.O_CREAT)
        os.write(fd, pattern(size))
        os.utime(fd, ns=(1_000_000_001, 1_000_000_002))
        same(os.fstat(fd).st_mtime_ns, 1_000_000_002)
        os.close(fd)
        status = os.stat(f"{d}/f{size}")
        same((status.st_atime_ns, status.st_mtime_ns), (1_000_000_001, 1_000_000_002))
        assert status.st_ctime_ns >= before, f"ctime {status.st_ctime_ns}"


def Attributes_of_a_file_that_was_written_are_seen_at_once_and_kept_at_close(d):
    path = f"{d}/f"
    for size in (10, 2 * CHUNK):
        write(path, b"")
        fd = os.open(path, os.O_RDWR)
        os.write(fd, pattern(size))
        os.utime(path, ns=(21, 22))
        same((os.fstat(fd).st_atime_ns, os.stat(path).st_mtime_ns), (21, 22))
        c = times(path)[1]
        pause()
        os.fchown(fd, os.fstat(fd).st_uid, os.fstat(fd).st_gid)
        assert times(path)[1] > c, "chown to what is there moves ctime"
        c = times(path)[1]
        pause()
        os.fchmod(fd, os.fstat(fd).st_mode & 0o7777)
        assert times(path)[1] > c, "chmod to what is there moves ctime"
        c = times(path)[1]
        os.fchmod(fd, 0o640)
        os.utime(fd, ns=(31, 32))
        os.rename(path, f"{d}/g")
        os.close(fd)
        status = os.stat(f"{d}/g")
        same((status.st_mode & 0o7777, status.st_atime_ns, status.st_mtime_ns, status.st_size), (0o640, 31, 32, size))
        assert status.st_ctime_ns > c
        fd = os.open(f"{d}/g", os.O_RDWR)
        os.write(fd, b"x")
        os.utime(fd, ns=(41, 42))
        os.unlink(f"{d}/g")
        same((os.fstat(fd).st_atime_ns, os.fstat(fd).st_mtime_ns), (41, 42))
        os.utime(fd, ns=(51, 52))
        same((os.fstat(fd).st_atime_ns, os.fstat(fd).st_mtime_ns), (51, 52))
        os.close(fd)


def Directory_times_move_when_names_change(d):
    os.mkdir(f"{d}/x")
    os.mkdir(f"{d}/y")
    for change in (lambda: write(f"{d}/x/f", b""), lambda: os.rename(f"{d}/x/f", f"{d}/y/f"), lambda: os.link(f"{d}/y/f", f"{d}/x/g"), lambda: os.unlink(f"{d}/x/g"),
                   lambda: os.mkdir(f"{d}/x/s"), lambda: os.rmdir(f"{d}/x/s"), lambda: os.symlink("a", f"{d}/x/l")):
        m, c = times(f"{d}/x")
        pause()
        change()
        assert times(f"{d}/x")[0] > m and times(f"{d}/x")[1] > c
    m, c = times(f"{d}/x")
    pause()
    os.chmod(f"{d}/x/l", 0o600) if os.path.exists(f"{d}/x/l") else None
    write(f"{d}/y/f", b"content does not touch the directory")
    same(times(f"{d}/x"), (m, c))


def Extended_attributes_follow_the_rules(d):
    write(f"{d}/f", b"")
    os.mkdir(f"{d}/dir")
    for path in (f"{d}/f", f"{d}/dir"):
        same(os.listxattr(path), [])
        with fails(ENODATA):
            os.getxattr(path, "user.none")
        with fails(ENODATA):
            os.removexattr(path, "user.none")
        with fails(ENODATA):
            os.setxattr(path, "user.a", b"1", os.XATTR_REPLACE)
        os.setxattr(path, "user.a", b"1", os.XATTR_CREATE)
        with fails(EEXIST):
            os.setxattr(path, "user.a", b"2", os.XATTR_CREATE)
        os.setxattr(path, "user.a", b"three", os.XATTR_REPLACE)
        os.setxattr(path, "user.empty", b"")
        os.setxattr(path, "user.big", pattern(60000))
        os.setxattr(path, "trusted.t", bytes(range(256)))
        same((os.getxattr(path, "user.a"), os.getxattr(path, "user.empty"), os.getxattr(path, "user.big"), os.getxattr(path, "trusted.t")), (b"three", b"", pattern(60000), bytes(range(256))))
        same(sorted(os.listxattr(path)), ["trusted.t", "user.a", "user.big", "user.empty"])
        name = ctypes.c_char_p(b"user.a")
        target = ctypes.create_string_buffer(3)
        same(libc.getxattr(os.fsencode(path), name, None, 0), 5, "size query")
        same((libc.getxattr(os.fsencode(path), name, target, 3), ctypes.get_errno()), (-1, ERANGE))
        same((libc.listxattr(os.fsencode(path), target, 3), ctypes.get_errno()), (-1, ERANGE))
        os.removexattr(path, "user.big")
        same(sorted(os.listxattr(path)), ["trusted.t", "user.a", "user.empty"])
        with fails(E2BIG):
            os.setxattr(path, "user.b", bytes(65537))
        with fails(ERANGE):
            os.setxattr(path, "user." + "n" * 251, b"")
    os.rename(f"{d}/f", f"{d}/g")
    write(f"{d}/g", b"rewritten")
    same(os.getxattr(f"{d}/g", "user.a"), b"three")


def File_system_numbers_are_true(d):
    status = os.statvfs(d)
    assert status.f_blocks > 0 and 0 < status.f_bavail <= status.f_bfree <= status.f_blocks, status
    assert status.f_files > 0 and status.f_ffree > 0, status
    same(status.f_namemax, 255)
    host = os.statvfs("/tmp")
    assert abs(host.f_blocks * host.f_frsize - status.f_blocks * status.f_frsize) < 1 << 20, (host, status)


def Link_counts_of_directories_count_subdirectories(d):
    same(os.stat(d).st_nlink, 2)
    for i in range(5):
        os.mkdir(f"{d}/{i}")
        write(f"{d}/f{i}", b"")
    same(os.stat(d).st_nlink, 7)
    os.rename(f"{d}/0", f"{d}/1/0")
    os.rmdir(f"{d}/2")
    same((os.stat(d).st_nlink, os.stat(f"{d}/1").st_nlink), (5, 3))


def Blocks_cover_what_was_written(d):
    write(f"{d}/f", pattern(100_000))
    assert os.stat(f"{d}/f").st_blocks * 512 >= 100_000


def Other_name_spaces_are_refused_and_copies_keep_the_mode(d):
    write(f"{d}/f", b"", mode=0o644)
    for name in ("system.nfs4_acl", "other.name"):
        with fails(EOPNOTSUPP):
            os.setxattr(f"{d}/f", name, bytes(4))
        with fails(EOPNOTSUPP):
            os.getxattr(f"{d}/f", name)
    for mode in (0o644, 0o4755, 0o640):
        os.chmod(f"{d}/f", mode)
        run("cp", "-a", f"{d}/f", f"{d}/copy{mode}")
        same(stat.S_IMODE(os.stat(f"{d}/copy{mode}").st_mode), mode)
