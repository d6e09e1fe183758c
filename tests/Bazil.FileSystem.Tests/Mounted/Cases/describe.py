"""Prints all that stat, listings, xattrs and contents tell about a mount, snapshots included: python3 describe.py DIRECTORY"""
import hashlib
import os
import stat
import sys


def describe(path):
    status = os.lstat(path)
    # Reading moves the access time by the rules of relatime, so it is no part of what must stay.
    line = [os.fsencode(path), status.st_mode, status.st_ino, status.st_nlink, status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_rdev]
    if stat.S_ISLNK(status.st_mode):
        line.append(os.readlink(path))
    else:
        line.append([(name, os.getxattr(path, name)) for name in os.listxattr(path)])
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            line.append(hashlib.file_digest(file, "sha256").hexdigest() if status.st_size < 1 << 28 else os.pread(file.fileno(), 100, status.st_size - 50))
    print(*line)
    if stat.S_ISDIR(status.st_mode):
        for name in os.listdir(path):
            describe(f"{path}/{name}")


describe(sys.argv[1])
for name in os.listdir(f"{sys.argv[1]}/.snap"):
    describe(f"{sys.argv[1]}/.snap/{name}")
