"""
A writer on a mount whose daemon will die, and the check of what is there afterwards. The log lies outside of the mount; the
parent kills or cuts when it likes. Lines of the log, each written before the next operation starts:

  begin NAME VERSION       this version is being written (temp file and rename, or in place)
  closed NAME VERSION      it was written and closed
  synced NAME VERSION      it was written and fsynced (and its directory, when it was renamed)

  python3 crash.py write SEED DIRECTORY LOG WORKER
  python3 crash.py check DIRECTORY LOG[@LENGTH]... -- closed|synced

LENGTH is how long the log was when the power began to fail. What is noted as synced beyond it is not believed: a sync that is under way
when an ext4 is shut down may return success though nothing was written.
"""
import errno
import os
import random
import sys
from case import CHUNK, pattern

# What a call says that met the end of the daemon or of its disk.
ENDINGS = {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.EROFS}
SIZES = [1, 100, 4095, 4096, 4097, 20000, CHUNK, CHUNK + 1, 3 * CHUNK + 17]


def content(name, version):
    """The content of a version says which it is, and all of it is checked."""
    chosen = random.Random(f"{name} {version}")
    head = f"{name} {version}\n".encode()
    return head + pattern(chosen.choice(SIZES), chosen.randrange(250))


def write(seed, directory, log_path, worker):
    chosen = random.Random(seed)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    note = lambda *words: os.write(log, (" ".join(map(str, words)) + "\n").encode())
    versions = {}
    try:
        while True:
            name = f"w{worker}-{chosen.randrange(40)}"
            version = versions[name] = versions.get(name, 0) + 1
            is_renamed, is_synced = chosen.randrange(3) > 0, chosen.randrange(3) > 0
            path = f"{directory}/{name}"
            note("begin", name, version)
            target = path + ".tmp" if is_renamed else path
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_renamed else 0), 0o644)
            data = content(name, version)
            os.write(fd, data)
            os.ftruncate(fd, len(data))
            if is_synced:
                os.fsync(fd)
            os.close(fd)
            if is_renamed:
                os.rename(target, path)
                if is_synced:
                    parent = os.open(directory, os.O_RDONLY)
                    os.fsync(parent)
                    os.close(parent)
            note("synced" if is_synced else "closed", name, version)
    except OSError as e:
        note("error", e.errno, 0)


def check(directory, logs, level):
    begun, kept = {}, {}
    for log in logs:
        path, _, length = log.partition("@")
        position = 0
        with open(path) as file:
            for line in file.read().split("\n")[:-1]:
                position += len(line) + 1
                word, name, version = line.split(" ")
                if word == "synced" and length and position > int(length):
                    continue
                if word == "error" and int(name) not in ENDINGS:
                    sys.exit(f"the writer failed before the crash: error {name}")
                if word == "begin":
                    begun[name] = int(version)
                elif word == "synced" or (word == "closed" and level == "closed"):
                    kept[name] = int(version)
    wrong, unreadable = [], 0
    for name, last in begun.items():
        try:
            with open(f"{directory}/{name}", "rb") as file:
                data = file.read()
        except FileNotFoundError:
            if name in kept:
                wrong.append(f"{name} is missing, version {kept[name]} was {level}")
            continue
        except OSError as e:
            # Only after a power cut, and only for what nobody promised to keep.
            unreadable += 1
            if level == "closed" or kept.get(name) == last:
                wrong.append(f"{name} cannot be read: {e}; version {kept.get(name)} of {last} was {level}")
            continue
        versions = range(kept.get(name, 1), last + 1)
        # In place, a version overwrites the one before it byte by byte: the last may be torn.
        if not any(data == content(name, version) for version in reversed(versions)) and not is_torn(data, name, last, kept.get(name, 0)):
            wrong.append(f"{name} has {len(data)} bytes {data[:30]!r}: none of the versions {kept.get(name)} to {last}")
    print(f"{len(begun)} names, {len(kept)} {level}, {unreadable} unreadable")
    if wrong:
        sys.exit("\n".join(wrong[:10]))


def is_torn(data, name, last, kept):
    """A write in place that was interrupted: each byte is of the version before or of the interrupted one, or of a version that was cut off."""
    if kept == last:
        return False
    if kept == 0 and data == b"":
        return True
    for version in range(max(1, kept + 1), last + 1):
        # Write, then truncation: the new bytes and the tail of the old ones.
        new, old = content(name, version), content(name, version - 1)
        if data == new + old[len(new):]:
            return True
    return False


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        split = sys.argv.index("--")
        check(sys.argv[2], sys.argv[3:split], sys.argv[split + 1])
