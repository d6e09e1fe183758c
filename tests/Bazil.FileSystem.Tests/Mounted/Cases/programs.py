"""
Real programs on the mount. Each comes in two parts: what it does first, and how it goes on after the daemon was stopped and started.
A part is a function of the directory in which the whole program works.
"""
import ctypes
import fcntl
import mmap
import multiprocessing
import os
import sqlite3
import struct
from case import *

SOURCES = 120
QUIET = {"stdin": subprocess.DEVNULL, "env": {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}}


def git(where, *arguments):
    return run("git", "-C", where, *arguments, **QUIET)


def git_begins(d):
    """A repository with a history, branches and a merge; a clone of it without shortcuts."""
    repository = f"{d}/origin"
    os.makedirs(f"{repository}/sub/deep")
    git(d, "init", "-q", "-b", "main", repository)
    for commit in range(12):
        for file in range(15):
            write(f"{repository}/sub/{'deep/' if file % 3 else ''}f{file}", pattern(200 + 37 * file * (commit + 1), commit + file))
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", f"commit {commit}")
        if commit == 6:
            git(repository, "checkout", "-qb", "side")
            write(f"{repository}/side", b"side")
            git(repository, "add", "-A")
            git(repository, "commit", "-qm", "side")
            git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-edit", "side")
    git(d, "clone", "-q", "--no-local", repository, f"{d}/clone")
    git(f"{d}/clone", "fsck", "--full", "--strict")


def git_goes_on(d):
    for name in ["origin", "clone"]:
        same(git(f"{d}/{name}", "status", "--porcelain"), "", f"status of {name}")
        git(f"{d}/{name}", "fsck", "--full", "--strict")
        git(f"{d}/{name}", "gc", "-q", "--aggressive", "--prune=now")
        git(f"{d}/{name}", "fsck", "--full", "--strict")
    same(git(f"{d}/origin", "rev-parse", "HEAD"), git(f"{d}/clone", "rev-parse", "HEAD"), "heads")
    git(f"{d}/clone", "checkout", "-q", "HEAD~3")
    git(f"{d}/clone", "checkout", "-q", "main")
    same(git(f"{d}/clone", "status", "--porcelain"), "", "status after checkouts")


def make_begins(d):
    """Builds a program of many files with several compilers at a time, then runs it."""
    for i in range(SOURCES):
        write(f"{d}/part{i}.h", f"int part{i}(int x);\n".encode())
        write(f"{d}/part{i}.c", f'#include "part{i}.h"\n#include "part{(i + 1) % SOURCES}.h"\nint part{i}(int x) {{ return x <= 0 ? {i} : part{(i + 1) % SOURCES}(x - 1); }}\n'.encode())
    write(f"{d}/main.c", b'#include <stdio.h>\n#include "part0.h"\nint main(void) { printf("%d\\n", part0(1000)); return 0; }\n')
    objects = " ".join(f"part{i}.o" for i in range(SOURCES))
    write(f"{d}/Makefile", f"CFLAGS = -O0\nprogram: main.o {objects}\n\t$(CC) -o $@ $^\n%.o: %.c %.h\n\t$(CC) $(CFLAGS) -c -o $@ $<\nmain.o: main.c\n\t$(CC) $(CFLAGS) -c -o $@ $<\n".encode())
    run("make", "-s", "-j4", "-C", d)
    same(run(f"{d}/program"), f"{1000 % SOURCES}\n", "output of the program")


def make_goes_on(d):
    if "up to date" not in run("make", "-C", d, "program"):
        raise AssertionError("make wants to build again what is built")
    same(run(f"{d}/program"), f"{1000 % SOURCES}\n", "output of the program")
    write(f"{d}/part7.h", b"int part7(int x);\n/* changed */\n")
    out = run("make", "-C", d, "program")
    same((out.count("-c -o part7.o"), out.count(" -c -o ")), (1, 1), "files that are compiled again")
    run("make", "-s", "-B", "-j4", "-C", d)
    same(run(f"{d}/program"), f"{1000 % SOURCES}\n", "output of the program")


def bank(path, mode):
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute(f"pragma journal_mode={mode}")
    database.execute("pragma synchronous=normal")
    return database


def move_money(path, mode, seed, count):
    database, number = bank(path, mode), seed
    for _ in range(count):
        number = (number * 1103515245 + 12345) % (1 << 31)
        one, other, amount = number % 50, number // 64 % 50, number % 7
        database.execute("begin immediate")
        database.execute("update account set money = money - ? where id = ?", (amount, one))
        database.execute("update account set money = money + ? where id = ?", (amount, other))
        database.execute("insert into log (worker, text) values (?, ?)", (seed, "x" * (number % 3000)))
        database.execute("commit")
    database.close()


def work_on_bank(path, mode, count):
    workers = [multiprocessing.Process(target=move_money, args=(path, mode, seed, count)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        same(worker.exitcode, 0, "exit code of a writer")


def check_bank(path, mode, logged):
    database = bank(path, mode)
    same(database.execute("pragma integrity_check").fetchall(), [("ok",)], "integrity")
    same(database.execute("select sum(money) from account").fetchone(), (50000,), "money")
    same(database.execute("select count(*) from log").fetchone(), (logged,), "transactions")
    database.close()


def sqlite_begins(d):
    """Several processes write to one database at a time, with each kind of journal."""
    for mode in ["wal", "delete", "truncate", "persist"]:
        path = f"{d}/{mode}.db"
        database = bank(path, mode)
        database.execute("create table account (id integer primary key, money integer)")
        database.execute("create table log (worker integer, text text)")
        database.executemany("insert into account values (?, 1000)", [(i,) for i in range(50)])
        database.close()
        work_on_bank(path, mode, 15)
        check_bank(path, mode, 60)


def sqlite_goes_on(d):
    for mode in ["wal", "delete", "truncate", "persist"]:
        check_bank(f"{d}/{mode}.db", mode, 60)
        work_on_bank(f"{d}/{mode}.db", mode, 10)
        check_bank(f"{d}/{mode}.db", mode, 100)
        with open(f"{d}/{mode}.sql", "w") as out:
            out.writelines(line + "\n" for line in sqlite3.connect(f"{d}/{mode}.db").iterdump())


def tools_begin(d):
    """What people have in their hands all day."""
    os.makedirs(f"{d}/tree/a/b")
    for i in range(300):
        write(f"{d}/tree/a/f{i}", pattern(i * 100, i))
    os.symlink("a", f"{d}/tree/link")
    run("tar", "-C", d, "-czf", f"{d}/tree.tar.gz", "tree")
    os.mkdir(f"{d}/out")
    run("tar", "-C", f"{d}/out", "-xzf", f"{d}/tree.tar.gz")
    run("diff", "-r", f"{d}/tree", f"{d}/out/tree")
    run("cp", "-a", f"{d}/tree", f"{d}/copy")
    run("diff", "-r", f"{d}/tree", f"{d}/copy")
    run("sed", "-i", "s/a/b/g", f"{d}/copy/a/f7")
    run("sort", "-o", f"{d}/sorted", f"{d}/tree/a/f299")


def tools_go_on(d):
    run("diff", "-r", f"{d}/tree", f"{d}/out/tree")
    run("rm", "-r", f"{d}/copy", f"{d}/out")
    same(sorted(os.listdir(d)), ["sorted", "tree", "tree.tar.gz"], "what is left")
    run("mv", f"{d}/tree", f"{d}/moved")
    same(run("find", f"{d}/moved", "-type", "f").count("\n"), 300, "files found")
