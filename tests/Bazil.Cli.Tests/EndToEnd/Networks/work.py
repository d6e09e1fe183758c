"""What programs do on one of several machines with one volume: MOUNT NOTES STOP MACHINE SEED random|git, until the file STOP is there.

Each content has a size that no other has, on any machine: who finds a file knows by its size what it should hold. NOTES gets "begin SIZE" before a content is
written, "done SIZE" once it is synced, "gone SIZE" before what is shown is overwritten or removed here, each with path and time, "error" when something failed, and "commit HASH". The mount may fail at any time; the directories
shared and gitMACHINE are in it, and nothing is made elsewhere, so that nothing gets into the bare mount point while nothing is mounted there.
"""
import hashlib
import os
import random
import subprocess
import sys
import time

NAMES = 14
SIZES = 16384


def content(size):
    head = b"%d\n" % size
    block = head + hashlib.sha256(head).digest()
    return (block * (size // len(block) + 1))[:size]


def random_work(mount, note, is_over, machine, seed):
    rng = random.Random(seed)
    directories = [""] + [f"d{i}/" for i in range(3)]
    counter = 0

    def pick():
        return os.path.join(mount, "shared", rng.choice(directories) + f"f{rng.randrange(NAMES)}")

    def short(path):
        return f"{os.path.relpath(path, mount)} {time.time():.3f}"

    def gone(path):
        try:
            note(f"gone {os.stat(path).st_size} {short(path)}")
        except FileNotFoundError:
            pass

    def write(path):
        nonlocal counter
        counter += 1
        size = (counter + SIZES * rng.choice([0] * 20 + [1, 2, 8])) * 3 + machine
        note(f"begin {size} {short(path)}")
        target = path + f".tmp{machine}" if rng.random() < 0.3 else path
        gone(target)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            data = memoryview(content(size))
            while data:
                data = data[os.write(descriptor, data):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if target != path:
            # Before the new name counts as synced, so that whoever dies here has it under one of both.
            note(f"done {size} {short(target)}")
            gone(path)
            os.rename(target, path)
        else:
            note(f"done {size} {short(target)}")

    def remove(path):
        gone(path)
        os.unlink(path)

    def rename(one, other):
        gone(other)
        note(f"move {os.stat(one).st_size} {short(one)} {short(other)}")
        os.rename(one, other)

    def directory():
        path = os.path.join(mount, "shared", f"d{rng.randrange(3)}")
        if rng.random() < 0.7: os.mkdir(path)
        elif rng.random() < 0.5: os.rmdir(path)
        else: os.rename(path, os.path.join(mount, "shared", f"d{rng.randrange(3)}"))

    while not is_over() and counter < SIZES - 1:
        try:
            choice = rng.random()
            if choice < 0.6: write(pick())
            elif choice < 0.75: remove(pick())
            elif choice < 0.85: rename(pick(), pick())
            elif choice < 0.88: os.link(pick(), pick())
            elif choice < 0.91: os.chmod(pick(), rng.choice([0o600, 0o644, 0o755]))
            else: directory()
            time.sleep(rng.random() * 0.02)
        except (FileNotFoundError, FileExistsError) as error:
            note(f"error 0 {error} {time.time():.3f}")
        except OSError as error:
            note(f"error 0 {error} {time.time():.3f}")
            time.sleep(0.05)  # the server was killed, or a directory is not empty


def git_work(mount, note, is_over, machine, seed):
    rng = random.Random(seed)
    repository = os.path.join(mount, f"git{machine}")
    settings = ["-c", "core.fsync=all", "-c", "safe.directory=*", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.autoDetach=false", "-c", "init.defaultBranch=main"]

    def git(*arguments):
        return subprocess.run(["git", *settings, "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    number = 0
    while not is_over():
        try:
            for path, _, files in os.walk(repository):
                for name in files:
                    if name.endswith(".lock"): os.unlink(os.path.join(path, name))
            git("init", "-q")
            while not is_over():
                number += 1
                for _ in range(rng.randrange(1, 4)):
                    with open(os.path.join(repository, f"file{rng.randrange(8)}"), "a") as file: file.write(f"{number} {rng.random()}\n" * rng.randrange(1, 50))
                git("add", "-A")
                git("commit", "-qm", str(number))
                note(f"commit {git('rev-parse', 'HEAD')}")
                if rng.random() < 0.05: git("gc", "-q")
                time.sleep(0.1)
        except (OSError, subprocess.CalledProcessError):
            time.sleep(0.05)


def main():
    mount, notes, stop, machine, seed, kind = sys.argv[1:]
    with open(notes, "a", buffering=1) as file:
        work = random_work if kind == "random" else git_work
        work(mount, lambda line: file.write(line + "\n"), lambda: os.path.exists(stop), int(machine), int(seed))


if __name__ == "__main__":
    main()
