import ctypes
import os
import random
import time
from errno import *
from case import *

KEEP, PUNCH, COLLAPSE, ZERO, INSERT = 1, 2, 8, 16, 32
HUGE = 16 << 40


def fallocate(fd, mode, offset, length):
    if libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


def opened(path, flags=os.O_RDWR | os.O_CREAT):
    return os.open(path, flags, 0o644)


def regions(fd):
    """The data regions that SEEK_DATA and SEEK_HOLE tell of."""
    found, at, size = [], 0, os.fstat(fd).st_size
    while at < size:
        try:
            data = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as e:
            same(e.errno, ENXIO)
            break
        at = os.lseek(fd, data, os.SEEK_HOLE)
        assert data < at <= size, (data, at, size)
        found.append((data, at))
    return found


def Punch_and_zero_are_as_writing_zeros(d):
    r = random.Random(1)
    for size in EDGES + [40 * CHUNK + 17]:
        path = f"{d}/{size}"
        expected = bytearray(pattern(size))
        write(path, expected)
        fd = opened(path)
        for step in range(25):
            mode = r.choice([PUNCH | KEEP, ZERO | KEEP, ZERO])
            offset = r.choice([0, 1, 4095, CHUNK - 1, CHUNK, r.randrange(size + 10)])
            length = r.choice([1, 4096, CHUNK, 3 * CHUNK, 20 * CHUNK, r.randrange(1, size + 10)])
            fallocate(fd, mode, offset, length)
            if mode == ZERO and offset + length > len(expected):
                expected.extend(bytes(offset + length - len(expected)))
            end = min(len(expected), offset + length)
            if offset < end:
                expected[offset:end] = bytes(end - offset)
            if r.random() < 0.5:
                at, data = r.randrange(len(expected) + 1), pattern(r.choice([1, 5000, CHUNK]), step)
                os.pwrite(fd, data, at)
                if at + len(data) > len(expected):
                    expected.extend(bytes(at + len(data) - len(expected)))
                expected[at:at + len(data)] = data
            same(os.fstat(fd).st_size, len(expected), (size, step))
            same(os.pread(fd, len(expected) + 1, 0), bytes(expected), (size, step, mode, offset, length))
        os.close(fd)
        same(read(path), bytes(expected), f"closed {size}")


def Reserving_extends_or_keeps_the_size(d):
    fd = opened(f"{d}/f")
    fallocate(fd, 0, 0, 1000)
    same(os.fstat(fd).st_size, 1000)
    fallocate(fd, KEEP, 0, 1 << 20)
    same(os.fstat(fd).st_size, 1000)
    fallocate(fd, 0, 500, 1 << 20)
    same(os.fstat(fd).st_size, 500 + (1 << 20))
    os.posix_fallocate(fd, 0, 100)
    same(os.fstat(fd).st_size, 500 + (1 << 20))
    os.write(fd, b"x")
    os.close(fd)
    with fails(EBADF):
        fallocate(opened(f"{d}/f", os.O_RDONLY), 0, 0, 10)


def Reserving_more_than_the_disk_has_is_refused_and_changes_nothing(d):
    fd = opened(f"{d}/f")
    space = os.statvfs(d)
    with fails(ENOSPC):
        fallocate(fd, 0, 0, space.f_blocks * space.f_frsize * 2)
    same(os.fstat(fd).st_size, 0)
    os.write(fd, b"x")
    same(os.fstat(fd).st_size, 1)


def Wrong_ranges_are_refused(d):
    fd = opened(f"{d}/f")
    os.write(fd, pattern(100))
    for offset, length in ((-1, 10), (0, 0), (0, -1)):
        with fails(EINVAL):
            fallocate(fd, 0, offset, length)
    with fails(EFBIG):
        fallocate(fd, 0, 2 ** 63 - 1, 10)
    with fails(EOPNOTSUPP):
        fallocate(fd, PUNCH, 0, 10)
    with fails(ENODEV):
        reader, writer = os.pipe()
        try:
            fallocate(writer, 0, 0, 10)
        except OSError as e:
            raise OSError(ENODEV if e.errno == ESPIPE else e.errno, "")
    same(os.fstat(fd).st_size, 100)


def Holes_are_found_and_hold_only_zeros(d):
    fd = opened(f"{d}/f")
    os.ftruncate(fd, 100 * CHUNK)
    same(regions(fd), [], "nothing but a hole")
    with fails(ENXIO):
        os.lseek(fd, 0, os.SEEK_DATA)
    same(os.lseek(fd, 5, os.SEEK_HOLE), 5)
    os.pwrite(fd, b"x", 10 * CHUNK + 7)
    os.pwrite(fd, pattern(2 * CHUNK), 50 * CHUNK)
    for state in ("open", "saved"):
        same(regions(fd), [(10 * CHUNK, 11 * CHUNK), (50 * CHUNK, 52 * CHUNK)], state)
        same(os.lseek(fd, 10 * CHUNK + 9, os.SEEK_DATA), 10 * CHUNK + 9)
        os.fsync(fd)
    fallocate(fd, PUNCH | KEEP, 50 * CHUNK, CHUNK)
    same(regions(fd), [(10 * CHUNK, 11 * CHUNK), (51 * CHUNK, 52 * CHUNK)])
    for whence in (os.SEEK_DATA, os.SEEK_HOLE):
        with fails(ENXIO):
            os.lseek(fd, 100 * CHUNK, whence)
    os.close(fd)
    write(f"{d}/small", pattern(100))
    fd = opened(f"{d}/small")
    same(regions(fd), [(0, 100)])


def Sparse_files_of_16_TiB_work(d):
    fd = opened(f"{d}/f")
    os.ftruncate(fd, HUGE)
    os.pwrite(fd, b"end", HUGE - 3)
    os.pwrite(fd, b"middle", HUGE // 2)
    os.fsync(fd)
    same([hole - data for data, hole in regions(fd)], [CHUNK, CHUNK])
    same(os.pread(fd, 10, HUGE - 5), b"\0\0end")
    fallocate(fd, PUNCH | KEEP, 0, HUGE - 10)
    same(os.pread(fd, 6, HUGE // 2), bytes(6))
    same(os.pread(fd, 10, HUGE - 5), b"\0\0end")
    same(len(regions(fd)), 1)
    os.close(fd)
    same(os.stat(f"{d}/f").st_size, HUGE)
    run("cp", f"{d}/f", f"{d}/g")
    same(os.stat(f"{d}/g").st_size, HUGE)
    fd = opened(f"{d}/g")
    same(os.pread(fd, 10, HUGE - 5), b"\0\0end")
    os.close(fd)


def copy(source, target, length, at=None, to=None):
    return os.copy_file_range(source, target, length, at, to)


def Copied_ranges_hold_what_the_source_held(d):
    r = random.Random(2)
    sizes = EDGES + [33 * CHUNK, 300 * CHUNK + 5]
    for number in range(40):
        size, other = r.choice(sizes), r.choice(sizes)
        source, target = f"{d}/s{number}", f"{d}/t{number}"
        data, expected = pattern(size, number), bytearray(pattern(other, number + 100))
        write(source, data)
        write(target, expected)
        a, b = opened(source), opened(target)
        for step in range(4):
            at = min(size, r.choice([0, 0, 1, CHUNK, 2 * CHUNK, r.randrange(size + 1)]))
            to = r.choice([at, at, 0, CHUNK, at + CHUNK, r.randrange(other + 1)])
            length = r.choice([1, CHUNK, 5 * CHUNK, size - at, size - at, r.randrange(size + 1)])
            count = min(length, size - at)
            done = 0
            while done < count:
                step_done = copy(a, b, count - done, at + done, to + done)
                assert step_done > 0
                done += step_done
            if count:
                if to + count > len(expected):
                    expected.extend(bytes(to + count - len(expected)))
                expected[to:to + count] = data[at:at + count]
            same(os.fstat(b).st_size, len(expected), (number, step))
            same(os.pread(b, len(expected) + 1, 0), bytes(expected), (number, step, size, other, at, to, count))
        os.pwrite(b, b"after", len(expected))
        os.close(a)
        os.close(b)
        same(read(source), data, f"the source {number}")
        same(read(target), bytes(expected) + b"after", f"closed {number}")


def Copies_within_one_file_and_onto_itself(d):
    data = bytearray(pattern(10 * CHUNK))
    write(f"{d}/f", data)
    fd = opened(f"{d}/f")
    same(copy(fd, fd, 2 * CHUNK, 0, 5 * CHUNK), 2 * CHUNK)
    data[5 * CHUNK:7 * CHUNK] = data[:2 * CHUNK]
    same(os.pread(fd, 11 * CHUNK, 0), bytes(data))
    with fails(EINVAL):
        copy(fd, fd, 2 * CHUNK, 0, CHUNK)
    same(copy(fd, fd, 100, 10 * CHUNK, 0), 0)
    os.close(fd)


def Large_file_is_copied_at_once(d):
    size = 64 << 20
    with open(f"{d}/f", "wb") as file:
        for number in range(64):
            file.write(pattern(1 << 20, number))
    start = time.monotonic()
    run("cp", f"{d}/f", f"{d}/g")
    took = time.monotonic() - start
    run("cmp", f"{d}/f", f"{d}/g")
    source, target = opened(f"{d}/f"), opened(f"{d}/h")
    start = time.monotonic()
    same(copy(source, target, size), size)
    print(f"cp of 64 MiB took {took * 1000:.1f} ms, one copy_file_range {(time.monotonic() - start) * 1000:.1f} ms")
    os.close(target)
    run("cmp", f"{d}/f", f"{d}/h")


def Chunk_in_the_middle_or_at_the_end_becomes_all_of_a_small_file(d):
    data = pattern(2 * CHUNK + 4097)
    write(f"{d}/from", data)
    source = os.open(f"{d}/from", os.O_RDONLY)
    for name, before, start, size in [("end", 100, 2 * CHUNK, 4097), ("middle", 5000, CHUNK, CHUNK), ("empty", 0, 2 * CHUNK, 4097), ("first", 100, 0, CHUNK)]:
        write(f"{d}/{name}", pattern(before, 3))
        target = os.open(f"{d}/{name}", os.O_RDWR)
        same(os.copy_file_range(source, target, size, start, 0), size, "bytes copied")
        same(os.pread(target, 2 * CHUNK, 0), data[start:start + size], f"{name} while open")
        os.close(target)
        same(read(f"{d}/{name}"), data[start:start + size], name)
