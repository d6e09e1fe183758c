"""What is measured. Each step begins with both sides the same and small, and ends so, that none finds the work of another."""
import os
import shutil
import statistics
import time

BLOCK = 1 << 20


class Step:
    """One row of the table: what it gives is seconds, or several of them."""

    def __init__(self, name, unit, measure, bytes_of_work=0):
        self.name = name
        self.unit = unit
        self.measure = measure
        self.bytes_of_work = bytes_of_work

    @property
    def is_rate(self):
        return self.unit.endswith("/s")

    def value(self, seconds):
        if self.is_rate:
            return self.bytes_of_work / seconds / 1e6
        return seconds * (1000 if self.unit == "ms" else 1)


def read_all(path):
    """Reads every byte below a directory, or of a file."""
    if os.path.isfile(path):
        with open(path, "rb", buffering=0) as file:
            while file.read(BLOCK):
                pass
        return
    for base, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(base, name), "rb", buffering=0) as file:
                while file.read(BLOCK):
                    pass


def write_random(path, count):
    with open(path, "wb", buffering=0) as file:
        for start in range(0, count, BLOCK):
            file.write(os.urandom(min(BLOCK, count - start)))


class Measured:
    """Seconds, and bytes on the cable meanwhile."""

    def __init__(self, candidate, work):
        os.sync()  # nobody finds another's work on the disk
        before, spent, start = candidate.cable.bytes(), candidate.cpu_seconds(), time.monotonic()
        work()
        self.seconds = [time.monotonic() - start]
        self.cpu = candidate.cpu_seconds() - spent
        self.bytes = candidate.cable.bytes() - before


class Steps:
    """The steps, with their sizes."""

    def __init__(self, sizes):
        self.sizes = sizes

    def all(self):
        large = self.sizes["large_bytes"]
        small = f"{self.sizes['files']:,} files of 4 KiB"
        return [
            Step("one small change, visible", "ms", self.changes),
            Step(small, "s", self.small_files),
            Step(f"rename of the directory with {self.sizes['files']:,} files", "ms", self.rename),
            Step("nothing changed there", "ms", self.unchanged),
            Step(f"one file of {large >> 20} MiB", "MB/s", self.large_file, large),
            Step("64 KiB changed inside it", "ms", self.change_inside),
            Step("64 KiB appended to it", "ms", self.append),
        ]

    def many(self):
        count = f"{self.sizes['many']:,} files"
        return [
            Step(f"{count}, first time", "s", self.many_files),
            Step(f"nothing changed on {count}", "ms", self.unchanged),
            Step(f"new machine, until {count} can be listed there", "s", self.new_peer),
        ]

    @staticmethod
    def sync(candidate, *read):
        """Everything is there on the right, and can be read without the left."""
        candidate.sync()
        if not candidate.copies_content:
            for path in read:
                read_all(os.path.join(candidate.right, path))

    def changes(self, candidate):
        """A file is written on the left and looked for on the right, again and again."""
        seconds, total, cpu = [], 0, 0
        for number in range(self.sizes["changes"] if not candidate.has_watcher else self.sizes["watched_changes"]):
            text = f"change {number} {time.time_ns()} {'x' * (number % 10)}".encode()  # of another length: rsync takes the same second for the same file
            path = os.path.join(candidate.right, "changing")

            def work():
                with open(os.path.join(candidate.left, "changing"), "wb") as file:
                    file.write(text)
                if not candidate.has_watcher:
                    candidate.sync()
                deadline = time.monotonic() + 120
                while not has_content(path, text):
                    if time.monotonic() > deadline:
                        raise RuntimeError(f"{candidate.name}: the change did not arrive")
                    time.sleep(0.001)
            measured = Measured(candidate, work)
            seconds += measured.seconds
            total += measured.bytes
            cpu += measured.cpu
        measured.seconds, measured.bytes, measured.cpu = seconds, total // len(seconds), cpu / len(seconds)
        return measured

    def small_files(self, candidate):
        directory = os.path.join(candidate.left, "small")
        self.clear(candidate)
        os.makedirs(directory)
        for number in range(self.sizes["files"]):
            with open(os.path.join(directory, f"{number:06d}"), "wb", buffering=0) as file:
                file.write(os.urandom(4096))
        measured = Measured(candidate, lambda: self.sync(candidate, "small"))
        assert len(os.listdir(os.path.join(candidate.right, "small"))) == self.sizes["files"]
        return measured

    def rename(self, candidate):
        os.rename(os.path.join(candidate.left, "small"), os.path.join(candidate.left, "renamed"))
        measured = Measured(candidate, candidate.sync)
        assert "renamed" in os.listdir(candidate.right) and "small" not in os.listdir(candidate.right)
        return measured

    def unchanged(self, candidate):
        return Measured(candidate, candidate.sync)

    def large_file(self, candidate):
        self.clear(candidate)
        write_random(os.path.join(candidate.left, "large"), self.sizes["large_bytes"])
        measured = Measured(candidate, lambda: self.sync(candidate, "large"))
        assert os.path.getsize(os.path.join(candidate.right, "large")) == self.sizes["large_bytes"]
        return measured

    def change_inside(self, candidate):
        place = self.sizes["large_bytes"] // 2 + 12345
        return self.write_at(candidate, place, "r+b")

    def append(self, candidate):
        return self.write_at(candidate, os.path.getsize(os.path.join(candidate.left, "large")), "r+b")

    def write_at(self, candidate, place, mode):
        changed = os.urandom(64 << 10)
        with open(os.path.join(candidate.left, "large"), mode, buffering=0) as file:
            file.seek(place)
            file.write(changed)

        def work():
            candidate.sync()
            with open(os.path.join(candidate.right, "large"), "rb", buffering=0) as file:
                file.seek(place)
                assert file.read(len(changed)) == changed
        return Measured(candidate, work)

    def many_files(self, candidate):
        self.clear(candidate)
        for number in range(self.sizes["many"]):
            directory = os.path.join(candidate.left, "many", f"{number // 1000:04d}")
            if number % 1000 == 0:
                os.makedirs(directory)
            with open(os.path.join(directory, f"{number % 1000:03d}"), "wb", buffering=0) as file:
                file.write(b"%d" % number)
        return Measured(candidate, candidate.sync)

    def new_peer(self, candidate):
        if not hasattr(candidate, "new_peer"):
            return None
        seconds = []
        measured = Measured(candidate, lambda: seconds.append(candidate.new_peer()))
        measured.seconds = seconds
        return measured

    @staticmethod
    def clear(candidate):
        for name in os.listdir(candidate.left):
            if name.startswith("."):  # syncthing's mark of its directory
                continue
            path = os.path.join(candidate.left, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        candidate.sync()


def has_content(path, text):
    try:
        with open(path, "rb") as file:
            return file.read() == text
    except OSError:
        return False


def summary(values):
    """Median, and of many the one that only a hundredth exceeds."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
