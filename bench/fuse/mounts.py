"""What the benchmark and the soaks share: file systems served by processes of their own, and the kernel's switch for io_uring."""
import fcntl
import os
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.join(ROOT, "out", "bench")
URING = "/sys/module/fuse/parameters/enable_uring"
# Tests do the same and take the same lock, so that nobody takes another's value for the machine's.
URING_LOCK = os.path.join(tempfile.gettempdir(), "bazil-fuse-enable-uring.lock")
MOUNT_SECONDS = 30
COMMAND_SECONDS = 900


class UringParameter:
    """The kernel's switch for FUSE over io_uring. A mount keeps what it found when it was made."""

    def __init__(self):
        self.before = None
        self.lock = None

    def turn_on(self):
        """False when this kernel has none."""
        if not os.path.exists(URING):
            return False
        self.lock = open(URING_LOCK, "a")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        with open(URING) as file:
            self.before = file.read().strip()
        self.write("Y")
        print(f"{URING}: {self.before} -> Y")
        return True

    def put_back(self):
        if self.before is not None:
            self.write(self.before)
            print(f"{URING}: put back to {self.before}")
            self.before = None
            self.lock.close()

    @staticmethod
    def write(value):
        with open(URING, "w") as file:
            file.write(value)


class Server:
    """A process that serves a mount."""

    def __init__(self, name, command, directory, environment=None):
        self.name = name
        self.environment = {**os.environ, **(environment or {})}
        self.mountpoint = os.path.join(directory, name, "mnt")
        self.source = os.path.join(directory, name, "source")
        os.makedirs(self.mountpoint)
        os.makedirs(self.source)
        self.command = [part.format(mountpoint=self.mountpoint, source=self.source) for part in command]
        self.log = open(os.path.join(directory, name, "log"), "w")
        self.process = None

    def mount(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment)
        deadline = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(self.mountpoint):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not mount: {open(self.log.name).read()}")
            time.sleep(0.02)

    def uses_uring(self):
        files = f"/proc/{self.process.pid}/fd"
        return any("io_uring" in os.readlink(os.path.join(files, file)) for file in os.listdir(files))

    def cpu_seconds(self):
        """Time on a processor, of all threads that live: to the nanosecond, where utime and stime count ticks."""
        nanoseconds = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/schedstat") as file:
                nanoseconds += int(file.read().split()[0])
        return nanoseconds / 1e9

    def unmount(self):
        self.log.close()
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.path.ismount(self.mountpoint):
            subprocess.run(["umount", "-l", self.mountpoint], check=False)
        self.process = None

    def memory_bytes(self):
        """Resident and not shared: what the process itself holds."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            resident, shared = (int(field) for field in file.read().split()[1:3])
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr}{result.stdout}")
    return result.stdout
