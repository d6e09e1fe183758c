import fcntl
import mmap
import os
import subprocess
import sys
import time
from errno import *
from case import *


def Content_of_every_edge_size_reads_back(d):
    for size in EDGES:
        path = f"{d}/{size}"
        write(path, pattern(size))
        same(os.stat(path).st_size, size)
        same(read(path), pattern(size), f"size {size}")


def Append_at_every_edge_size_keeps_what_was_there(d):
    for size in EDGES:
        path = f"{d}/{size}"
        write(path, pattern(size))
        write(path, b"tail", os.O_WRONLY | os.O_APPEND)
        same(read(path), pattern(size) + b"tail", f"size {size}")


def Truncate_between_all_edge_sizes_cuts_or_adds_zeros(d):
    for start in EDGES:
        for end in EDGES:
            path = f"{d}/{start}-{end}"
            write(path, pattern(start))
            os.truncate(path, end)
            same(os.stat(path).st_size, end)
            same(read(path), pattern(min(start, end)) + bytes(max(0, end - start)), f"{start} to {end}")
            os.unlink(path)


def Truncate_of_an_open_file_and_growing_again_reads_zeros(d):
    for start in EDGES:
        for cut in (0, 1, 4096, CHUNK):
            if cut > start:
                continue
            fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.write(fd, pattern(start))
            os.ftruncate(fd, cut)
            os.ftruncate(fd, start + 10)
            same(os.pread(fd, start + 100, 0), pattern(cut) + bytes(start + 10 - cut), f"open, {start} to {cut}")
            os.close(fd)
            same(read(f"{d}/f"), pattern(cut) + bytes(start + 10 - cut), f"closed, {start} to {cut}")


def Truncate_to_a_multiple_of_the_chunk_size_keeps_the_last_chunk(d):
    write(f"{d}/f", pattern(10 * CHUNK))
    os.truncate(f"{d}/f", 4 * CHUNK)
    same(read(f"{d}/f"), pattern(4 * CHUNK))


def Write_inside_a_file_changes_only_its_range(d):
    for size in EDGES:
        for at in (0, 1, 4094, CHUNK - 2, 2 * CHUNK):
            write(f"{d}/f", pattern(size))
            fd = os.open(f"{d}/f", os.O_RDWR)
            os.pwrite(fd, b"xyz", at)
            os.close(fd)
            expected = bytearray(pattern(size).ljust(at + 3, b"\0"))
            expected[at:at + 3] = b"xyz"
            same(read(f"{d}/f"), bytes(expected), f"{size} at {at}")


def Sparse_file_reads_zeros_and_has_its_size(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"end", 1 << 36)
    same(os.fstat(fd).st_size, (1 << 36) + 3)
    same(os.pread(fd, 10, 1 << 35), bytes(10))
    os.close(fd)
    with open(f"{d}/f", "rb") as file:
        file.seek((1 << 36) - 2)
        same(file.read(), b"\0\0end")
        file.seek(0)
        same(file.read(100000), bytes(100000))


def Largest_offset_is_that_of_the_kernel(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, (1 << 62))
    same(os.fstat(fd).st_size, 1 << 62)
    os.pwrite(fd, b"z", (1 << 62) + 7)
    same(os.pread(fd, 100, (1 << 62) - 1), bytes(8) + b"z")
    os.ftruncate(fd, 3)
    same(os.pread(fd, 100, 0), bytes(3))
    os.close(fd)


def Open_with_trunc_empties_and_excl_refuses(d):
    write(f"{d}/f", pattern(CHUNK))
    os.close(os.open(f"{d}/f", os.O_WRONLY | os.O_TRUNC))
    same(os.stat(f"{d}/f").st_size, 0)
    with fails(EEXIST):
        os.open(f"{d}/f", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.close(os.open(f"{d}/f", os.O_CREAT | os.O_WRONLY))
    os.close(os.open(f"{d}/g", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def Trunc_of_a_file_that_another_process_has_open_is_seen_there(d):
    write(f"{d}/f", pattern(3 * CHUNK))
    fd = os.open(f"{d}/f", os.O_RDONLY)
    same(os.pread(fd, 10, CHUNK), pattern(3 * CHUNK)[CHUNK:CHUNK + 10])
    run("sh", "-c", f"printf short > '{d}/f'")
    same(os.fstat(fd).st_size, 5)
    same(os.pread(fd, 100, 0), b"short")
    os.close(fd)


def Appends_of_two_processes_do_not_overwrite_each_other(d):
    script = "import os,sys\nfd=os.open(sys.argv[1],os.O_WRONLY|os.O_CREAT|os.O_APPEND)\nfor i in range(300): os.write(fd,(sys.argv[2]*29+'\\n').encode())\nos.close(fd)"
    writers = [subprocess.Popen([sys.executable, "-c", script, f"{d}/log", name]) for name in "ab"]
    for writer in writers:
        same(writer.wait(60), 0)
    lines = read(f"{d}/log").decode().splitlines()
    same(sorted(lines), sorted(["a" * 29] * 300 + ["b" * 29] * 300))


def Unlinked_open_file_keeps_its_data(d):
    for size in (0, 5, 4096, CHUNK + 1):
        path = f"{d}/f"
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.write(fd, pattern(size))
        os.unlink(path)
        same(os.listdir(d), [])
        same(os.pread(fd, size + 10, 0), pattern(size), f"size {size}")
        os.pwrite(fd, b"more", size)
        os.fsync(fd)
        same(os.pread(fd, size + 10, 0), pattern(size) + b"more")
        stat = os.fstat(fd)
        same((stat.st_nlink, stat.st_size), (0, size + 4))
        os.fchmod(fd, 0o600)
        same(os.fstat(fd).st_mode & 0o777, 0o600)
        os.ftruncate(fd, 2)
        same(os.fstat(fd).st_size, 2)
        os.utime(fd, ns=(1, 2))
        same(os.fstat(fd).st_mtime_ns, 2)
        os.setxattr(fd, "user.a", b"1")
        same(os.getxattr(fd, "user.a"), b"1")
        same(os.listxattr(fd), ["user.a"])
        os.removexattr(fd, "user.a")
        os.close(fd)
        same(os.path.exists(path), False)


def Unlinked_file_does_not_come_back_when_it_is_written_and_closed(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"one")
    os.unlink(f"{d}/f")
    write(f"{d}/f", b"two")
    os.write(fd, b"three")
    os.close(fd)
    same(read(f"{d}/f"), b"two")


def Rename_over_an_open_file_keeps_the_old_content_for_its_reader(d):
    write(f"{d}/old", pattern(CHUNK + 3, 1))
    write(f"{d}/new", pattern(77, 2))
    fd = os.open(f"{d}/old", os.O_RDONLY)
    os.rename(f"{d}/new", f"{d}/old")
    same(os.pread(fd, 2 * CHUNK, 0), pattern(CHUNK + 3, 1))
    same(os.fstat(fd).st_nlink, 0)
    same(read(f"{d}/old"), pattern(77, 2))
    os.close(fd)


def Write_through_a_descriptor_after_a_rename_lands_under_the_new_name(d):
    fd = os.open(f"{d}/a", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"before ")
    os.rename(f"{d}/a", f"{d}/b")
    os.write(fd, b"after")
    os.close(fd)
    same(read(f"{d}/b"), b"before after")
    same(os.listdir(d), ["b"])


def Overwritten_while_open_does_not_win(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"loser")
    write(f"{d}/g", b"winner")
    os.rename(f"{d}/g", f"{d}/f")
    os.write(fd, b" more")
    os.close(fd)
    same(read(f"{d}/f"), b"winner")


def Writes_of_one_process_are_seen_by_another_before_close(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT)
    for size in (3, 5000, 2 * CHUNK):
        os.pwrite(fd, pattern(size), 0)
        same(run("sh", "-c", f"cat '{d}/f' | cksum"), subprocess.run(["cksum"], input=pattern(size), stdout=subprocess.PIPE).stdout.decode())
        same(os.stat(f"{d}/f").st_size, size)
    os.close(fd)


def Mapped_file_reads_its_content(d):
    write(f"{d}/f", pattern(2 * CHUNK + 100))
    with open(f"{d}/f", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        same(view[:], pattern(2 * CHUNK + 100))


def Shared_writable_mapping_is_written_with_msync_and_at_close(d):
    write(f"{d}/f", pattern(2 * CHUNK))
    fd = os.open(f"{d}/f", os.O_RDWR)
    view = mmap.mmap(fd, 0)
    os.close(fd)
    view[CHUNK - 3:CHUNK + 3] = b"mapped"
    view.flush()
    expected = bytearray(pattern(2 * CHUNK))
    expected[CHUNK - 3:CHUNK + 3] = b"mapped"
    same(run("cksum", f"{d}/f").split()[0], subprocess.run(["cksum"], input=bytes(expected), stdout=subprocess.PIPE).stdout.decode().split()[0])
    view[0:4] = b"last"
    view.close()
    expected[0:4] = b"last"
    same(read(f"{d}/f"), bytes(expected))


def Direct_io_reads_and_writes(d):
    fd = os.open(f"{d}/f", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    page = mmap.mmap(-1, 8192)
    page[:] = pattern(8192)
    same(os.pwrite(fd, page, 4096), 8192)
    back = mmap.mmap(-1, 16384)
    same(os.preadv(fd, [back], 0), 12288)
    same(back[:12288], bytes(4096) + pattern(8192))
    os.close(fd)


def Synchronous_descriptor_writes(d):
    fd = os.open(f"{d}/f", os.O_WRONLY | os.O_CREAT | os.O_SYNC)
    for i in range(5):
        os.write(fd, pattern(5000, i))
    os.close(fd)
    same(read(f"{d}/f"), b"".join(pattern(5000, i) for i in range(5)))


def Readers_beside_a_writer_see_no_byte_that_was_never_written(d):
    path = f"{d}/f"
    write(path, b"a" * 3000)
    reader = subprocess.Popen([sys.executable, "-c", """if 1:
        import os, sys, time
        end = time.time() + 2
        while time.time() < end:
            fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT) if time.time_ns() & 1 else os.open(sys.argv[1], os.O_RDONLY)
            try:
                import mmap
                page = mmap.mmap(-1, 4096)
                count = os.readv(fd, [page])
                if count < 3000 or page[:3000].strip(b'ab'): sys.exit(f'{count} bytes {set(page[:3000])}')
            finally: os.close(fd)
        """, path])
    fd = os.open(path, os.O_RDWR)
    turn = 0
    while reader.poll() is None:
        turn += 1
        os.pwrite(fd, b"ab"[turn % 2:turn % 2 + 1] * (3000 if turn % 3 else 9000), 0)
        if turn % 50 == 0:
            os.ftruncate(fd, 3000)
            os.close(fd)
            fd = os.open(path, os.O_RDWR)
    os.close(fd)
    same(reader.returncode, 0, "reader")


def Copy_with_every_way_of_the_kernel_gives_the_same_bytes(d):
    write(f"{d}/a", pattern(3 * CHUNK + 17))
    source, target = os.open(f"{d}/a", os.O_RDONLY), os.open(f"{d}/b", os.O_RDWR | os.O_CREAT)
    left = 3 * CHUNK + 17
    while left:
        left -= os.copy_file_range(source, target, left)
    same(read(f"{d}/b"), pattern(3 * CHUNK + 17))
    os.ftruncate(target, 0)
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    while os.sendfile(target, source, None, 1 << 20):
        pass
    same(read(f"{d}/b"), pattern(3 * CHUNK + 17))
    os.close(source)
    os.close(target)


def Locks_exclude_another_process(d):
    write(f"{d}/f", b"x")
    with open(f"{d}/f", "r+b") as file:
        for take in ("fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)", "fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)"):
            (fcntl.flock if "flock" in take else fcntl.lockf)(file, fcntl.LOCK_EX)
            code = f"import fcntl, sys\nf = open('{d}/f', 'r+b')\ntry:\n    {take}\nexcept BlockingIOError: sys.exit(7)"
            same(subprocess.run([sys.executable, "-c", code], timeout=30).returncode, 7, take)
            (fcntl.flock if "flock" in take else fcntl.lockf)(file, fcntl.LOCK_UN)
            same(subprocess.run([sys.executable, "-c", code], timeout=30).returncode, 0, take)


def Database_of_sqlite_keeps_its_rows(d):
    import sqlite3
    for journal in ("delete", "wal"):
        path = f"{d}/{journal}.db"
        with sqlite3.connect(path) as db:
            db.execute(f"pragma journal_mode={journal}")
            db.execute("create table t(k integer primary key, v blob)")
            for i in range(20):
                with db:
                    db.executemany("insert into t(v) values (?)", [(pattern(300, i),)] * 20)
            with db:
                db.execute("update t set v = ? where k % 3 = 0", (pattern(500),))
                db.execute("delete from t where k % 7 = 0")
        db.close()
        with sqlite3.connect(path) as db:
            same(db.execute("pragma integrity_check").fetchall(), [("ok",)])
            same(db.execute("select count(*), sum(length(v)) from t").fetchone(), (343, 343 * 300 + 200 * sum(1 for k in range(1, 401) if k % 3 == 0 and k % 7)))
        db.close()
