"""The file systems that are measured: a directory of the disk itself, a volume, and what people use instead."""
import os
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
SERVER_SECONDS = 120
WARM_FILES = 200


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr}{done.stdout}")
    return done.stdout


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3\n")


def wait_until(condition, process, log, what):
    deadline = time.monotonic() + SERVER_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise RuntimeError(f"{what} did not start: {file.read()}")
        time.sleep(0.01)


class Candidate:
    """A directory to work in. This one is a plain directory: the disk's own file system."""

    name = "ext4"

    def __init__(self, root):
        self.base = os.path.join(root, self.name)
        self.path = os.path.join(self.base, "files")
        os.makedirs(self.path)

    def start(self):
        """Makes the directory ready for use."""

    def stop(self):
        """Leaves it as after a normal end of use."""

    def make_warm_tree(self):
        directory = os.path.join(self.path, "warm")
        os.makedirs(directory)
        for index in range(WARM_FILES):
            with open(os.path.join(directory, str(index)), "wb") as file:
                file.write(os.urandom(6000))

    def cold(self):
        """
        Neither the kernel nor the server has anything of the files in memory. The server was started again, and has done
        some work since on other files, so that what follows is not its start.
        """
        self.stop()
        self.start()
        self.work()
        drop_caches()

    def work(self):
        """What the server has behind it when it is measured: it lists, reads, copies, renames and removes the files of the warm tree."""
        directory, copy = os.path.join(self.path, "warm"), os.path.join(self.path, "warm copy")
        run(["ls", "-lR", directory])
        run(["cp", "-a", directory, copy])
        for name in os.listdir(copy):
            os.rename(os.path.join(copy, name), os.path.join(copy, name + " moved"))
        run(["rm", "-r", copy])

    def cpu_seconds(self):
        """Processor time of the server."""
        return 0.0

    def peak_bytes(self):
        """The most memory the server has had resident since it was started."""
        return 0


class Mounted(Candidate):
    """A directory that a process of its own serves."""

    def __init__(self, root):
        super().__init__(root)
        self.source = os.path.join(self.base, "source")
        self.log = os.path.join(self.base, "log")
        self.process = None
        self.peak = 0
        os.makedirs(self.source)

    def command(self):
        """The server, in the foreground."""
        raise NotImplementedError

    def is_ready(self):
        return os.path.ismount(self.path)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.is_ready, self.process, self.log, self.name)

    def stop(self):
        if self.process is None:
            return
        self.peak_bytes()
        os.sync()
        if os.path.ismount(self.path):
            run(["umount", self.path])
        self.end_server()

    def end_server(self):
        try:
            self.process.wait(SERVER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self):
        """After a failure: leaves nothing running or mounted."""
        if os.path.ismount(self.path):
            subprocess.run(["umount", "-l", self.path], check=False)
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            peaks = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")]
        self.peak = max([self.peak, *peaks])
        return self.peak


class Bazil(Mounted):
    """A volume of its own daemon, made with the commands that people use."""

    name = "bazil"

    def __init__(self, root, program):
        super().__init__(root)
        self.program = program
        self.data = os.path.join(self.base, "data")
        self.run("create")
        self.is_new = True

    def run(self, *arguments):
        return run([self.program, f"-data-dir={self.data}", *arguments])

    def command(self):
        return [self.program, f"-data-dir={self.data}", "server", "run", "-addr=127.0.0.1:0"]

    def is_ready(self):
        if os.path.ismount(self.path):
            return self.is_served()
        if self.is_new and os.path.exists(os.path.join(self.data, "control")):
            self.run("volume", "create", "bench")
            self.run("volume", "mount", "bench", self.path)
            self.is_new = False
        return False

    def is_served(self):
        """False for the mount that a killed daemon has left behind."""
        try:
            os.statvfs(self.path)
            return True
        except OSError:
            return False

    def stop(self):
        if self.process is None:
            return
        self.peak_bytes()
        self.process.send_signal(signal.SIGTERM)  # mounts again what was mounted when it is started
        self.end_server()


class Gocryptfs(Mounted):
    name = "gocryptfs"

    def __init__(self, root):
        super().__init__(root)
        run(["gocryptfs", "-init", "-q", "-extpass", "echo bench", self.source])

    def command(self):
        return ["gocryptfs", "-fg", "-q", "-extpass", "echo bench", self.source, self.path]


class Securefs(Mounted):
    name = "securefs"

    def __init__(self, root):
        super().__init__(root)
        run(["securefs", "create", "--pass", "bench", self.source])

    def command(self):
        return ["securefs", "mount", "--pass", "bench", self.source, self.path]


class Bindfs(Mounted):
    """Encrypts nothing; as it comes: one request at a time, names and attributes valid for a second."""

    name = "bindfs"

    def command(self):
        return ["bindfs", "-f", self.source, self.path]


def make(names, root, program):
    """The candidates of these names, in the order of the table; says which program is not there."""
    found = []
    for kind in (Candidate, Bazil, Gocryptfs, Securefs, Bindfs):
        if names and kind.name not in names:
            continue
        if kind in (Gocryptfs, Securefs, Bindfs) and not any(os.access(os.path.join(directory, kind.name), os.X_OK) for directory in os.environ["PATH"].split(":")):
            print(f"bench: {kind.name} is left out: it is not installed and not in this distribution")
            continue
        found.append(kind(root, program) if kind is Bazil else kind(root))
    return found
