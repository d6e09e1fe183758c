"""What the cases share. A case is a function of one argument, an empty directory on the mount; it fails by raising.

  python3 case.py FILE CASE DIRECTORY [again]

With again, the directory may be there already.
"""
import contextlib
import ctypes
import errno
import importlib.util
import os
import subprocess
import sys

CHUNK = 128 * 1024
INLINE = 4096
EDGES = [0, 1, 4095, 4096, 4097, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]
NOREPLACE, EXCHANGE = 1, 2
AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)


def pattern(size, salt=0):
    """Bytes that differ from place to place, none of them zero."""
    block = bytes((i * 7 + i // 251 + salt * 13) % 255 + 1 for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def write(path, data, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o644):
    fd = os.open(path, flags, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
    finally:
        os.close(fd)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def same(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}: {short(actual)}, expected {short(expected)}")


def short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:120]}...{text[-60:]} ({len(value)})"


@contextlib.contextmanager
def fails(code):
    try:
        yield
    except OSError as e:
        same(errno.errorcode.get(e.errno, e.errno), errno.errorcode[code], "errno")
        return
    raise AssertionError(f"no error, expected {errno.errorcode[code]}")


def renameat2(source, target, flags):
    if libc.renameat2(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), flags) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def run(*arguments, **options):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: exit {done.returncode}: {done.stdout.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace")


def as_user(user, function):
    """Runs a function in a process of another user; what it raises is raised here."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            function()
            code = 0
        except BaseException as e:  # the parent only sees the exit code
            print(f"as user {user}: {e!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    same(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, f"process of user {user}")


def main():
    file, case, directory = sys.argv[1:4]
    spec = importlib.util.spec_from_file_location("cases", file)
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    os.makedirs(directory, exist_ok=sys.argv[4:] == ["again"])
    os.umask(0o022)
    getattr(cases, case)(directory)


if __name__ == "__main__":
    main()
