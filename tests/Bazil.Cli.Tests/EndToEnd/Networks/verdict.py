"""After work.py on several machines, all of which have come to rest: DIRECTORY... with mnt, notes of the random writers, commits of git, and the trash as JSON in each.

All show the same: under each name the same files, in place or as siblings of a conflict. Each content that was synced and that nobody has overwritten or removed where it
was made is there: in place, as a sibling, or in the trash of some machine. Each repository is whole everywhere and has each commit.
"""
import hashlib
import json
import os
import subprocess
import sys

from work import content


def look(mount):
    """Path -> what is under that name, in place or as a sibling."""
    shown, sizes = {}, set()

    def add(name, path):
        if os.path.islink(path):  # git tries whether there are symbolic links, and may be cut off before it removes the one that leads nowhere
            shown.setdefault(name, set()).add(f"link to {os.readlink(path)}")
            return
        try:
            with open(path, "rb") as file: data = file.read()
        except OSError as error:
            sys.exit(f"{path} of {os.stat(path).st_size} bytes cannot be read: {error}")
        head = data.split(b"\n", 1)[0]
        if head.isdigit() and int(head) == len(data):
            if data != content(len(data)): sys.exit(f"{path}: damaged content of {len(data)} bytes")
            sizes.add(len(data))
        shown.setdefault(name, set()).add(f"{len(data)} {hashlib.sha256(data).hexdigest()}")

    def walk(directory):
        path = os.path.join(mount, directory)
        for entry in os.scandir(path):
            if entry.name in (".bazil", ".snap"): continue
            name = os.path.join(directory, entry.name)
            if entry.is_dir(follow_symlinks=False):
                shown.setdefault(name, set()).add("directory")
                walk(name)
            else: add(name, os.path.join(mount, name))
        conflicts = os.path.join(path, ".bazil", "conflicts")
        if not os.path.isdir(conflicts): return
        for name in os.listdir(conflicts):
            for sibling in os.listdir(os.path.join(conflicts, name)): add(os.path.join(directory, name), os.path.join(conflicts, name, sibling))

    walk("")
    return shown, sizes


def history(size, machines):
    """What programs did to it and to its names, anywhere, and what the trash has of those."""
    lines = [(line.split(), machine) for machine in machines for line in open(os.path.join(machine, "notes"))]
    paths = {path for words, _ in lines if words[1] == str(size) for path in words[2:] if "/" in path}
    found = [f"  {words[-1]} {machine}: {' '.join(words[:-1])}" for words, machine in lines if words[1] == str(size) or paths & set(words)]
    for machine in machines:
        with open(os.path.join(machine, "trash.json")) as file: entries = json.load(file)["entries"]
        found += [f"  trash of {machine}: {entry}" for entry in entries if entry["path"] in paths]
    return "\n".join(sorted(found)) + "\n"


def main():
    machines = sys.argv[1:]
    problems = []
    views = [look(os.path.join(machine, "mnt")) for machine in machines]
    first, there = views[0]
    there = set(there)
    for machine, (shown, sizes) in zip(machines[1:], views[1:]):
        there |= sizes
        for name in sorted(set(first) | set(shown)):
            if first.get(name) != shown.get(name): problems.append(f"{name}: {first.get(name)} in {machines[0]}, {shown.get(name)} in {machine}")
    synced, total = set(), 0
    for machine in machines:
        with open(os.path.join(machine, "trash.json")) as file: reply = json.load(file)
        if reply["total"] > len(reply["entries"]): problems.append(f"{machine}: the list of the trash is cut off")
        there |= {entry["bytes"] for entry in reply["entries"] if entry["type"] == "file"}
    for machine in machines:
        done, gone = set(), set()
        for line in open(os.path.join(machine, "notes")):
            kind, size = line.split()[:2]
            if kind == "done": done.add(int(size))
            if kind == "gone": gone.add(int(size))
        total += len(done)
        problems += [f"content {size} of {machine} is nowhere:\n{history(size, machines)}" for size in sorted(done - gone - there)]
    for number, machine in enumerate(machines):
        commits = {line.split()[1] for line in open(os.path.join(machine, "commits"))}
        for other in machines:
            repository = os.path.join(other, "mnt", f"git{number}")
            git = ["git", "--no-optional-locks", "-c", "safe.directory=*", "-C", repository]
            check = subprocess.run([*git, "fsck", "--full"], capture_output=True, text=True, check=False)
            if check.returncode != 0: problems.append(f"{repository}: {check.stdout}{check.stderr}")
            log = subprocess.run([*git, "log", "--format=%H"], capture_output=True, text=True, check=False)
            lost = commits - set(log.stdout.split())
            if lost: problems.append(f"{repository} lacks {len(lost)} of {len(commits)} commits: {log.stderr}")
        total += len(commits)
    if problems: sys.exit("\n".join(problems[:40]))
    print(total)


if __name__ == "__main__":
    main()
