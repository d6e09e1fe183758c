#!/usr/bin/python3
"""What makes trouble for a file system and verifies what it made: stress-ng's stressors and fio, on a directory.

  stress.py PATH SECONDS STEP...    STEP is stress, verify, or write and check (verify in two parts: something may happen in between)
"""
import os
import shutil
import subprocess
import sys

COMMAND_SECONDS = 900

STRESSORS = (
    "access chdir chmod chown copy-file dentry dir dirdeep dirmany fallocate fiemap filename flock fpunch fstat getdent hdd "
    "inode-flags io link locka lockf lockofd mknod open readahead rename seek sendfile splice symlink sync-file touch unlink "
    "utime xattr"
).split()
# A size that `write` and `check` take is a multiple of all of these: fio reads no last block that is short.
WRITERS = (
    ("random", "--rw=randwrite", "--bs=4k"),
    ("odd", "--rw=randwrite", "--bs=12k"),
    ("large", "--rw=write", "--bs=1m"),
    ("direct", "--rw=randwrite", "--bs=64k", "--direct=1"),
)


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr}{result.stdout}")
    return result.stdout


def known_stressors():
    """Those this version of stress-ng has."""
    text = run(["stress-ng", "--stressors"])
    return [name for name in STRESSORS if name in text.split()]


def stress(path, seconds, stressors):
    # Ends with 0 only if no stressor failed; those that this kernel or file system does not support are skipped.
    run(["stress-ng", "--temp-path", path, "--verify", "--timeout", f"{seconds}s", "--hdd-bytes", "16m", "--fallocate-bytes", "16m",
         "--copy-file-bytes", "128m", "--readahead-bytes", "16m", "--seek-size", "16m", "--sync-file-bytes", "16m",
         *(argument for name in stressors for argument in (f"--{name}", "1"))])


def fio(path, size, *options):
    """All writers at once, each on a file of its own."""
    run(["fio", f"--directory={path}", "--ioengine=psync", "--fallocate=none", "--eta=never", "--verify=crc32c", "--verify_fatal=1",
         "--verify_state_save=0", f"--size={size}", *options, *(part for name, *more in WRITERS for part in (f"--name={name}", *more))])


def verify(path, seconds):
    """Writes and reads back in turn."""
    fio(path, "64m", "--time_based", f"--runtime={seconds}", "--verify_backlog=1024", "--randrepeat=0")


def write(path, size="12m"):
    """Writes, durably, what `check` reads back; the same places each time."""
    fio(path, size, "--do_verify=0", "--end_fsync=1")


def check(path, size="12m"):
    """Reads back what `write` wrote."""
    fio(path, size, "--verify_only")


def empty(path):
    for name in os.listdir(path):
        whole = os.path.join(path, name)
        if os.path.isdir(whole) and not os.path.islink(whole):
            shutil.rmtree(whole)
        else:
            os.unlink(whole)


def main():
    path, seconds = sys.argv[1], int(sys.argv[2])
    for step in sys.argv[3:]:
        if step == "stress":
            stress(path, seconds, known_stressors())
        elif step == "verify":
            verify(path, seconds)
        else:
            {"write": write, "check": check}[step](path)


if __name__ == "__main__":
    main()
