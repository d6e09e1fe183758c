import os
import stat
from case import *


def Fill(d):
    """One of everything."""
    for size in EDGES:
        write(f"{d}/size-{size}", pattern(size))
    fd = os.open(f"{d}/sparse", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"end", 1 << 30)
    os.close(fd)
    os.makedirs(f"{d}/deep/er/est")
    os.link(f"{d}/size-1", f"{d}/deep/link")
    os.symlink("size-1", f"{d}/symlink")
    os.mkfifo(f"{d}/fifo", 0o620)
    os.mknod(f"{d}/device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    write(os.fsencode(d) + b"/\xff\xfe", b"not UTF-8")
    write(f"{d}/" + "n" * 255, b"long")
    os.chmod(f"{d}/size-4095", 0o4711)
    os.chown(f"{d}/size-4095", 1234, 4321)
    os.setxattr(f"{d}/size-4096", "user.a", bytes(range(256)))
    os.setxattr(f"{d}/deep", "user.b", b"")
    os.utime(f"{d}/size-4097", ns=(1, 1_500_000_000_123_456_789))
    os.utime(f"{d}/deep/er", ns=(-7, -9))
    os.rename(f"{d}/deep/er", f"{d}/moved")
    write(f"{d}/gone", b"x")
    os.unlink(f"{d}/gone")
    for i in range(500):
        write(f"{d}/moved/{i}", str(i).encode())
    os.mkdir(f"{os.path.dirname(d)}/.snap/before")
    write(f"{d}/size-1", b"after the snapshot")
