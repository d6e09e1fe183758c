"""What the candidates read from: an sshd and an S3 server of their own, a node of ours, and proxies that make the way to them longer."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLUSTER = os.path.join(HERE, "..", "..", "tests", "Bazil.Testing", "S3", "cluster")
START_SECONDS = 60


def run(command, text="", **options):
    """What it prints; the text is its standard input."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr}{done.stdout}")
    return done.stdout


def wait_until(condition, what, seconds=START_SECONDS, pause=0.02):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def free_port():
    return free_ports(1)[0]


def end(process, seconds=START_SECONDS):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Proxy:
    """A longer way to a port of this machine."""

    def __init__(self, port):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "proxy.py"), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def delay(self, round_trip):
        """Each round trip takes so many seconds more."""
        self.tell(f"delay {round_trip / 2}")

    def stall(self, seconds, gap, seed):
        self.tell(f"stall {seconds} {gap} {seed}")

    def stop(self):
        self.process.kill()
        self.process.wait()


class SftpServer:
    """OpenSSH's own, on loopback, with its own keys; nothing in it is tuned."""

    def __init__(self, base):
        self.base = base
        os.makedirs(base, mode=0o700)
        os.makedirs("/run/sshd", exist_ok=True)
        for key in ("host", "user"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(key)])
        os.rename(self.path("user.pub"), self.path("authorized"))
        self.port = free_port()
        with open(self.path("sshd_config"), "w", encoding="ascii") as file:
            file.write(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.path('host')}\nAuthorizedKeysFile {self.path('authorized')}\nPidFile none\nStrictModes no\n"
                       "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxSessions 50\nSubsystem sftp internal-sftp\n")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.path("sshd_config")], stderr=subprocess.DEVNULL)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_until(listens, "sshd")

    def path(self, name):
        return os.path.join(self.base, name)

    def write_config(self, path, port):
        """What a client needs that reaches the server through a port."""
        hosts = self.path(f"known_hosts_{port}")
        with open(self.path("host.pub"), encoding="ascii") as key, open(hosts, "w", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{port} {key.read()}")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"Port {port}\nIdentityFile {self.path('user')}\nIdentitiesOnly yes\nUserKnownHostsFile {hosts}\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n")
        return hosts

    def stop(self):
        if self.process is not None:
            end(self.process)
            self.process = None


class S3Server:
    """Ceph's gateway on loopback, its disk in memory."""

    access_key, secret_key = "OWNERKEY", "owner/secret+key"
    keys = f"{access_key}\n{secret_key}\n"

    def __init__(self):
        ports = free_ports(4)
        self.directory, self.port = tempfile.mkdtemp(prefix="s3"), ports[1]
        self.process = subprocess.Popen([CLUSTER, self.directory, *map(str, ports)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def answer(self):
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"the S3 server: {answer or 'it has ended'}")

    def tell(self, command):
        """stop, as if it were killed, or start again."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.answer()

    def rclone(self, port=None):
        """The environment in which rclone knows it as s3:, on a way of its own."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return variables | {
            "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_S3_TYPE": "s3", "RCLONE_CONFIG_S3_PROVIDER": "Ceph", "RCLONE_CONFIG_S3_ENDPOINT": f"http://127.0.0.1:{port or self.port}",
            "RCLONE_CONFIG_S3_ACCESS_KEY_ID": self.access_key, "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": self.secret_key}

    def make(self, bucket):
        run(["rclone", "mkdir", f"s3:{bucket}"], env=self.rclone())

    @staticmethod
    def address(bucket, port):
        """For nodes that have its keys under the name bench."""
        return f"s3://{bucket}?endpoint=http://127.0.0.1:{port}&secret=bench"

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Node:
    """One of ours."""

    def __init__(self, base, name, program):
        self.name, self.program = name, program
        self.base = os.path.join(base, name)
        self.data, self.mount, self.log = (os.path.join(self.base, what) for what in ("data", "mnt", "log"))
        os.makedirs(self.mount)
        self.process, self.port = None, free_port()
        self.bazil("create")
        self.key = self.bazil("debug", "pubkey").strip()

    def bazil(self, *arguments, text=""):
        return run([self.program, f"-data-dir={self.data}", *arguments], text)

    def add_key(self, secret):
        """The sharing key of the benchmarks, from a file."""
        with open(secret, "rb") as file:
            subprocess.run([self.program, f"-data-dir={self.data}", "sharing", "add", "friends"], stdin=file, check=True)

    def is_copied(self, volume):
        """Whether everything that was published is in all stores."""
        storages = json.loads(self.bazil("volume", "storage", "list", "-json", volume))["storages"]
        copies = [storage["copy"] for storage in storages if storage.get("copy")]
        return bool(copies) and all(copy["state"] == "complete" for copy in copies)

    def starts(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read().count("bazil: Listening on ")

    def start(self):
        with open(self.log, "ab") as file:
            before = self.starts()
            self.process = subprocess.Popen([self.program, f"-data-dir={self.data}", "server", "run", f"-addr=127.0.0.1:{self.port}"], stdin=subprocess.DEVNULL, stdout=file, stderr=file)

        def is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"bazil did not start, see {self.log}")
            return self.starts() > before
        wait_until(is_ready, "bazil")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process is not None:
            end(self.process)
            self.process = None
        if os.path.ismount(self.mount):
            subprocess.run(["umount", "-l", self.mount], check=False)
