import os
import random
import shutil
import subprocess
import tempfile
from case import *

SOURCE = "/usr/share/doc"


def source_tree(d, limit=12_000_000):
    """A real tree, cut to a size that a test can afford, on the disk of this machine."""
    target = tempfile.mkdtemp(prefix="bazil-tree-")
    size = 0
    for name in sorted(os.listdir(SOURCE)):
        if size > limit:
            break
        shutil.copytree(f"{SOURCE}/{name}", f"{target}/{name}", symlinks=True, ignore_dangling_symlinks=True) if os.path.isdir(f"{SOURCE}/{name}") else None
        size += sum(e.stat(follow_symlinks=False).st_size for e in os.scandir(f"{target}/{name}")) if os.path.isdir(f"{target}/{name}") else 0
    return target


def differences(a, b):
    text = run("diff", "-r", "--no-dereference", a, b)
    if shutil.which("rsync"):
        text += run("rsync", "-naicHX", "--delete", f"{a}/", f"{b}/")
    return text


def Tree_copied_with_cp_and_tar_is_identical(d):
    source = source_tree(d)
    try:
        run("cp", "-a", source, f"{d}/copy")
        same(differences(source, f"{d}/copy"), "")
        os.mkdir(f"{d}/untarred")
        run("sh", "-c", f"tar -C '{source}' -cf - . | tar -C '{d}/untarred' -xf -")
        same(differences(source, f"{d}/untarred"), "")
        run("sh", "-c", f"cd '{d}' && tar -cf archive.tar copy && rm -rf copy && tar -xf archive.tar")
        same(differences(source, f"{d}/copy"), "")
    finally:
        shutil.rmtree(source)


def Repository_of_git_is_made_cloned_and_sound(d):
    env = dict(os.environ, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b", GIT_CONFIG_GLOBAL="/dev/null",
               GIT_CONFIG_SYSTEM="/dev/null", HOME=d)
    git = lambda *a, at=f"{d}/one": run("git", "-c", "safe.directory=*", "-C", at, *a, env=env)
    os.mkdir(f"{d}/one")
    git("init", "-q", "-b", "main")
    for i in range(150):
        os.makedirs(f"{d}/one/dir{i % 7}", exist_ok=True)
        write(f"{d}/one/dir{i % 7}/f{i}", pattern(i * 37, i))
    git("add", "-A")
    git("commit", "-qm", "first")
    for i in range(0, 150, 3):
        write(f"{d}/one/dir{i % 7}/f{i}", pattern(i * 41, i + 1))
    git("commit", "-qam", "second")
    git("gc", "-q")
    run("git", "clone", "-q", "--no-hardlinks", f"{d}/one", f"{d}/two", env=env)
    git("fsck", "--full", "--strict", at=f"{d}/two")
    same(git("status", "--porcelain", at=f"{d}/two"), "")
    same(git("rev-parse", "HEAD"), git("rev-parse", "HEAD", at=f"{d}/two"))
    git("checkout", "-q", "HEAD~1", at=f"{d}/two")
    git("checkout", "-q", "main", at=f"{d}/two")
    same(git("status", "--porcelain", at=f"{d}/two"), "")


def Many_processes_work_side_by_side(d):
    script = """if 1:
        import os, random, sys
        d, n = sys.argv[1], int(sys.argv[2])
        r = random.Random(n)
        os.makedirs(f'{d}/{n}')
        for i in range(150):
            name = f'{d}/{n}/{r.randrange(20)}'
            data = bytes([n + 1]) * r.choice([0, 100, 5000, 200000])
            with open(name + '.tmp', 'wb') as f: f.write(data)
            os.rename(name + '.tmp', name)
            assert open(name, 'rb').read() == data, name
            shared = f'{d}/shared-{r.randrange(5)}'
            try: os.rename(name, shared)
            except FileNotFoundError: pass
            try: content = open(shared, 'rb').read()
            except FileNotFoundError: continue
            assert len(set(content)) <= 1, shared
            if r.randrange(3) == 0:
                try: os.unlink(shared)
                except FileNotFoundError: pass
        """
    workers = [subprocess.Popen(["python3", "-c", script, d, str(n)]) for n in range(4)]
    for worker in workers:
        same(worker.wait(90), 0)
