"""Several processes on one file: locks, shared mappings, direct access; long paths."""
import ctypes
import fcntl
import mmap
import multiprocessing
import os
import struct
from case import *

F_OFD_SETLK, F_OFD_SETLKW = 37, 38


def in_child(function):
    """Runs in another process; what it raises is raised here."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException as e:  # the parent only sees the exit code
            print(f"in the other process: {e!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    same(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, "exit code of the other process")


def record(kind, start, length):
    return struct.pack("hhqqi4x", kind, 0, start, length, 0)


def Locks_of_one_process_keep_out_another(d):
    write(f"{d}/f", bytes(100))
    fd = os.open(f"{d}/f", os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 20)

    def other():
        mine = os.open(f"{d}/f", os.O_RDWR)
        with fails(errno.EAGAIN):
            fcntl.lockf(mine, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
        fcntl.lockf(mine, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 30)
        with fails(errno.EAGAIN):
            fcntl.lockf(mine, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 29)

    in_child(other)
    fcntl.lockf(fd, fcntl.LOCK_UN, 10, 20)
    in_child(lambda: fcntl.lockf(os.open(f"{d}/f", os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20))


def Lock_is_waited_for_and_goes_with_its_process(d):
    write(f"{d}/f", b"0")

    def count():
        for _ in range(50):
            fd = os.open(f"{d}/f", os.O_RDWR)
            fcntl.lockf(fd, fcntl.LOCK_EX)
            number = int(os.pread(fd, 20, 0))
            os.pwrite(fd, str(number + 1).encode(), 0)
            os.close(fd)

    workers = [multiprocessing.Process(target=count) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    same(read(f"{d}/f"), b"200", "what all counted together")


def Whole_file_locks_are_among_open_files_and_survive_fork(d):
    write(f"{d}/f", b"x")
    one, other = os.open(f"{d}/f", os.O_RDWR), os.open(f"{d}/f", os.O_RDWR)
    fcntl.flock(one, fcntl.LOCK_EX)
    with fails(errno.EAGAIN):
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    in_child(lambda: fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB))
    fcntl.flock(one, fcntl.LOCK_SH)
    fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(one)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def Locks_of_open_files_are_not_of_processes(d):
    write(f"{d}/f", bytes(100))
    one, other = os.open(f"{d}/f", os.O_RDWR), os.open(f"{d}/f", os.O_RDWR)
    fcntl.fcntl(one, F_OFD_SETLK, record(fcntl.F_WRLCK, 0, 50))
    with fails(errno.EAGAIN):
        fcntl.fcntl(other, F_OFD_SETLK, record(fcntl.F_WRLCK, 40, 20))
    fcntl.fcntl(other, F_OFD_SETLK, record(fcntl.F_WRLCK, 50, 50))
    os.close(os.open(f"{d}/f", os.O_RDWR))  # a POSIX lock would be gone now
    with fails(errno.EAGAIN):
        fcntl.fcntl(other, F_OFD_SETLK, record(fcntl.F_RDLCK, 0, 1))
    os.close(one)
    fcntl.fcntl(other, F_OFD_SETLK, record(fcntl.F_WRLCK, 0, 50))


def Shared_mappings_of_two_processes_are_one_memory(d):
    write(f"{d}/f", bytes(3 * CHUNK))
    fd = os.open(f"{d}/f", os.O_RDWR)
    memory = mmap.mmap(fd, 3 * CHUNK)

    def other():
        mine = mmap.mmap(os.open(f"{d}/f", os.O_RDWR), 3 * CHUNK)
        same(mine[5:9], b"here", "what the first process wrote")
        mine[CHUNK - 2:CHUNK + 3] = b"there"
        mine.flush()

    memory[5:9] = b"here"
    in_child(other)
    same(memory[CHUNK - 2:CHUNK + 3], b"there", "what the other process wrote")
    same(os.pread(fd, 5, CHUNK - 2), b"there", "what a read sees")
    os.pwrite(fd, b"written", 2 * CHUNK - 3)
    same(memory[2 * CHUNK - 3:2 * CHUNK + 4], b"written", "what the mapping sees of a write")
    memory[0:1] = b"z"
    memory.flush()
    memory.close()
    os.close(fd)
    same(read(f"{d}/f")[:9], b"z\0\0\0\0here", "the file")


def Direct_access_and_cached_access_see_the_same(d):
    write(f"{d}/f", pattern(4 * CHUNK))
    direct, cached = os.open(f"{d}/f", os.O_RDWR | os.O_DIRECT), os.open(f"{d}/f", os.O_RDWR)
    buffer = mmap.mmap(-1, 8192)
    same(os.preadv(direct, [buffer], CHUNK), 8192, "bytes read")
    same(buffer[:], pattern(4 * CHUNK)[CHUNK:CHUNK + 8192], "bytes")
    os.pwrite(cached, b"cached", CHUNK)
    os.preadv(direct, [buffer], CHUNK)
    same(buffer[:6], b"cached", "what direct access sees")
    buffer[:] = pattern(8192, 9)
    same(os.pwritev(direct, [buffer], 2 * CHUNK), 8192, "bytes written")
    same(os.pread(cached, 8192, 2 * CHUNK), pattern(8192, 9), "what cached access sees")


def Paths_of_4095_bytes_work_and_longer_ones_do_not(d):
    step = "n" * 250
    here, depth = os.open(d, os.O_RDONLY), 0
    while len(d) + (depth + 1) * 251 + 2 < 4095:
        os.mkdir(step, dir_fd=here)
        below = os.open(step, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, depth = below, depth + 1
    path = d + ("/" + step) * depth
    last = "x" * (4095 - len(path) - 1)
    write(f"{path}/{last}", b"deep")
    same(len(f"{path}/{last}"), 4095, "length of the path")
    same(read(f"{path}/{last}"), b"deep", "the file")
    with fails(errno.ENAMETOOLONG):
        os.stat(f"{path}/{last}x")
    os.mkdir("even", dir_fd=here)
    inner = os.open("even", os.O_RDONLY, dir_fd=here)
    for _ in range(40):  # deeper than any path
        os.mkdir(step, dir_fd=inner)
        inner = os.open(step, os.O_RDONLY, dir_fd=inner)
    fd = os.open("bottom", os.O_WRONLY | os.O_CREAT, dir_fd=inner)
    os.write(fd, b"x")
    os.close(fd)
    same(os.stat("bottom", dir_fd=inner).st_size, 1, "size")
    run("rm", "-r", f"{d}/{step}")


def Sparse_file_of_16_TiB(d):
    end = 16 << 40
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"start", 0)
    os.pwrite(fd, b"end", end - 3)
    os.pwrite(fd, b"middle", end // 2)
    os.fsync(fd)
    same(os.fstat(fd).st_size, end, "size")
    same((os.pread(fd, 9, end - 3), os.pread(fd, 8, end // 2 - 1)), (b"end", b"\0middle\0"), "content")
    same(os.lseek(fd, 1 << 30, os.SEEK_DATA), end // 2 // CHUNK * CHUNK, "next data")
    os.ftruncate(fd, end // 2)
    same(os.fstat(fd).st_size, end // 2, "size when cut")
    os.close(fd)
    same(run("cp", "--sparse=auto", f"{d}/f", f"{d}/copy"), "", "output of cp")
    same(os.stat(f"{d}/copy").st_size, end // 2, "size of the copy")


def Names_of_any_bytes_and_of_255(d):
    raw = os.fsencode(d)
    names = [b"\xff\xfe", b"a\nb", b"\xc3", b" ", b"n" * 255, "ü".encode() * 127, b"\xed\xa0\x80", b"-rf", b"*"]
    for name in names:
        write(raw + b"/" + name, name)
    same(sorted(os.listdir(raw)), sorted(names), "names")
    for name in names:
        same(read(raw + b"/" + name), name, "content")
    with fails(errno.ENAMETOOLONG):
        write(raw + b"/" + b"n" * 256, b"")


def Collapse_and_insert_are_refused_and_change_nothing(d):
    write(f"{d}/f", pattern(4 * CHUNK))
    fd = os.open(f"{d}/f", os.O_RDWR)
    for mode in [8, 32]:
        same(libc.fallocate(fd, mode, ctypes.c_long(CHUNK), ctypes.c_long(CHUNK)), -1, "result")
        same(ctypes.get_errno(), errno.EOPNOTSUPP, "errno")
    same(read(f"{d}/f"), pattern(4 * CHUNK), "content")
