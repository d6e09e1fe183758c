"""Who keeps two directories the same: the volume, and what people use instead. Each pair has a network of its own."""
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time

from network import Cable

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60
SYNC_SECONDS = 1800


def wait_until(condition, what, seconds=START_SECONDS, pause=0.01):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(pause)


class Candidate:
    """Two directories, left and right. Changes are made on the left."""

    name = ""
    copies_content = True
    has_watcher = False

    def __init__(self, root):
        self.base = os.path.join(root, self.name)
        self.left = os.path.join(self.base, "left")
        self.right = os.path.join(self.base, "right")
        for directory in (self.left, self.right):
            os.makedirs(directory)
        self.cable = Cable()
        self.processes = []

    def start(self):
        """Starts what runs all the time."""

    def sync(self):
        """On return the right side has what the left one has."""
        raise NotImplementedError

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        self.cable.remove()

    def spawn(self, side, command, log, **options):
        """A server on that side, 0 left or 1 right."""
        with open(os.path.join(self.base, log), "ab") as file:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, preexec_fn=Cable.enter(self.cable.spaces[side]), **options)
        self.processes.append(process)
        return process

    def run(self, side, command, **options):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
            preexec_fn=Cable.enter(self.cable.spaces[side]), **options)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(command)} failed ({done.returncode}):\n{done.stderr}{done.stdout}")
        return done.stdout

    def cpu_seconds(self):
        """Processor time of both sides; that of programs that were run is the harness's own, for they are run one at a time."""
        total = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = total.ru_utime + total.ru_stime
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            seconds += sum(int(field) for field in fields[11:15]) / TICKS
        return seconds

    def peak_bytes(self):
        """The most memory that one of the two sides had resident."""
        peaks = [0]
        for process in self.processes:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                peaks += [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")]
        return max(peaks)


class LocalConnection(http.client.HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Bazil(Candidate):
    """Two daemons, the volume mounted on both sides. Content stays on the left until it is read on the right."""

    name = "bazil"
    copies_content = False

    def __init__(self, root, program):
        super().__init__(root)
        self.program = program
        self.keys = []

    def data(self, side):
        return os.path.join(self.base, f"data{side}")

    def bazil(self, side, *arguments, **options):
        return self.run(min(side, 1), [self.program, f"-data-dir={self.data(side)}", *arguments], **options)

    def serve(self, side):
        log = f"log{side}"
        address = self.cable.addresses[min(side, 1)]
        process = self.spawn(min(side, 1), [self.program, f"-data-dir={self.data(side)}", "server", "run", f"-addr={address}:{34211 + side}"], log)
        path = os.path.join(self.base, log)

        def is_ready():
            if process.poll() is not None:
                raise RuntimeError(f"bazil did not start, see {path}")
            with open(path, encoding="utf-8") as file:
                return "bazil: Listening on " in file.read()
        wait_until(is_ready, "bazil")

    def start(self):
        with open(os.path.join(self.base, "sekrit"), "wb") as file:
            file.write(os.urandom(32))
        for side in (0, 1):
            self.add_node(side)
        self.bazil(0, "volume", "create", "-sharing=friends", "bench")
        self.bazil(0, "volume", "mount", "bench", self.left)
        self.join(1)
        self.bazil(1, "volume", "mount", "bench", self.right)

    def add_node(self, side):
        self.bazil(side, "create")
        self.keys.append(self.bazil(side, "debug", "pubkey").strip())
        self.serve(side)
        with open(os.path.join(self.base, "sekrit"), "rb") as secret:
            done = subprocess.run([self.program, f"-data-dir={self.data(side)}", "sharing", "add", "friends"], stdin=secret, check=False)
            assert done.returncode == 0

    def join(self, side):
        """Another machine gets to know the left one, and the volume."""
        self.bazil(0, "peer", "add", self.keys[side])
        self.bazil(0, "peer", "location", "set", self.keys[side], f"{self.cable.addresses[1]}:{34211 + side}")
        self.bazil(0, "peer", "storage", "allow", self.keys[side], "local")
        self.bazil(0, "peer", "volume", "allow", self.keys[side], "bench")
        self.bazil(side, "peer", "add", self.keys[0])
        self.bazil(side, "peer", "location", "set", self.keys[0], f"{self.cable.addresses[0]}:34211")
        self.bazil(side, "volume", "connect", "-sharing=friends", self.keys[0], "bench")
        self.bazil(side, "volume", "storage", "add", "bench", f"peerkey:{self.keys[0]}")

    def sync(self):
        self.pull(1)

    def pull(self, side):
        """As the command does, without the start of a program for it."""
        connection = LocalConnection(os.path.join(self.data(side), "control"))
        try:
            connection.request("POST", "/v1/volume/sync", json.dumps({"volume": "bench", "peer": self.keys[0]}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"bazil: {answer.status} {body!r}")
        finally:
            connection.close()

    def new_peer(self):
        """Connects a third machine and lists the whole volume there; its connection to the left one counts with that of the right."""
        path = os.path.join(self.base, "third")
        os.makedirs(path)
        self.add_node(2)
        start = time.monotonic()
        self.join(2)
        self.bazil(2, "volume", "mount", "bench", path)
        self.pull(2)
        os.listdir(path)
        return time.monotonic() - start

    def stop(self):
        super().stop()
        for path in (self.left, self.right, os.path.join(self.base, "third")):
            if os.path.ismount(path):
                subprocess.run(["umount", "-l", path], check=False)


class Rsync(Candidate):
    """A daemon on the right, the client on the left. Nothing is encrypted."""

    name = "rsync"

    def start(self):
        config = os.path.join(self.base, "rsyncd.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"use chroot = no\nuid = 0\ngid = 0\n[all]\npath = {self.base}\nread only = no\n")
        self.spawn(1, ["rsync", "--daemon", "--no-detach", f"--config={config}", f"--address={self.cable.addresses[1]}"], "log")
        wait_until(lambda: is_open(self, 1, 873), "rsync")

    def sync(self):
        self.copy_to("right")

    def copy_to(self, directory):
        self.run(0, ["rsync", "-a", "--delete", self.left + "/", f"rsync://{self.cable.addresses[1]}/all/{directory}/"])

    def new_peer(self):
        start = time.monotonic()
        self.copy_to("third")
        return time.monotonic() - start


class Unison(Candidate):
    """A server on the right that listens on a socket, the client on the left. Nothing is encrypted."""

    name = "unison"

    def environment(self, side):
        return {**os.environ, "UNISON": os.path.join(self.base, f"archive{side}"), "HOME": self.base}

    def start(self):
        self.spawn(1, ["unison", "-socket", "5000"], "log", env=self.environment(1))
        wait_until(lambda: is_open(self, 1, 5000), "unison")

    def sync(self):
        self.run(0, ["unison", self.left, f"socket://{self.cable.addresses[1]}:5000/{self.right}", "-batch", "-auto", "-silent", "-confirmbigdel=false", "-ui", "text"],
                 env=self.environment(0))


class Syncthing(Candidate):
    """Both sides with everything that calls home or looks for others switched off; its watcher waits one second, the least it takes."""

    name = "syncthing"
    has_watcher = True
    case_sensitive = "false"

    def home(self, side):
        return os.path.join(self.base, f"home{side}")

    def start(self):
        identities = []
        for side in (0, 1):
            self.run(side, ["syncthing", "generate", f"--home={self.home(side)}", "--no-default-folder", "--skip-port-probing"])
            with open(os.path.join(self.home(side), "config.xml"), encoding="utf-8") as file:
                identities.append(re.search(r'<device id="([^"]+)"', file.read())[1])
        for side, path in ((0, self.left), (1, self.right)):
            self.configure(side, path, identities)
            self.spawn(side, ["syncthing", "serve", "--no-browser", "--no-restart", "--no-upgrade", f"--home={self.home(side)}"], f"log{side}",
                       env={**os.environ, "STMONITORED": "yes", "HOME": self.base})
        self.other = identities[1]
        for side in (0, 1):
            wait_until(lambda side=side: os.path.exists(self.socket(side)) and self.is_connected(side), "syncthing")

    def socket(self, side):
        return os.path.join(self.base, f"gui{side}")

    def configure(self, side, path, identities):
        file = os.path.join(self.home(side), "config.xml")
        with open(file, encoding="utf-8") as source:
            text = source.read()
        devices = "".join(
            f'<device id="{identity}" compression="metadata"><address>tcp://{address}:22000</address></device>'
            for identity, address in zip(identities, self.cable.addresses))
        shared = "".join(f'<device id="{identity}"></device>' for identity in identities)
        folder = (f'<folder id="bench" path="{path}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="1">{shared}'
                  f"<minDiskFree unit=\"%\">0</minDiskFree><caseSensitiveFS>{self.case_sensitive}</caseSensitiveFS></folder>")
        text = re.sub(r"(<configuration [^>]*>).*?(<gui)", lambda match: match[1] + folder + devices + match[2], text, count=1, flags=re.S)
        text = re.sub(r"<gui.*?<address>.*?</address>", f'<gui enabled="true" tls="false"><address>{self.socket(side)}</address>', text, count=1, flags=re.S)
        for name, value in {
                "listenAddress": f"tcp://{self.cable.addresses[side]}:22000", "globalAnnounceEnabled": "false", "localAnnounceEnabled": "false", "relaysEnabled": "false",
                "natEnabled": "false", "urAccepted": "-1", "crashReportingEnabled": "false", "startBrowser": "false", "autoUpgradeIntervalH": "0", "setLowPriority": "false",
                "stunKeepaliveStartS": "0"}.items():
            text = re.sub(f"<{name}>.*?</{name}>", f"<{name}>{value}</{name}>", text)
        with open(file, "w", encoding="utf-8") as target:
            target.write(text)

    def ask(self, side, method, path):
        with open(os.path.join(self.home(side), "config.xml"), encoding="utf-8") as file:
            key = re.search("<apikey>(.*?)</apikey>", file.read())[1]
        connection = LocalConnection(self.socket(side))
        try:
            connection.request(method, path, headers={"X-API-Key": key, "Host": "localhost"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"syncthing: {path}: {answer.status} {body!r}")
            return json.loads(body) if body.strip() else None
        finally:
            connection.close()

    def is_connected(self, side):
        try:
            connections = self.ask(side, "GET", "/rest/system/connections")["connections"]
        except OSError:
            return False
        return any(connection["connected"] for connection in connections.values())

    def sync(self):
        self.ask(0, "POST", "/rest/db/scan?folder=bench")

        def is_done():
            state = self.ask(0, "GET", f"/rest/db/completion?folder=bench&device={self.other}")
            return state["needItems"] == 0 and state["needDeletes"] == 0 and state["needBytes"] == 0
        wait_until(is_done, "syncthing", SYNC_SECONDS, pause=0.02)


class SyncthingCase(Syncthing):
    """The same on a file system that it is told to be case sensitive, which saves it most of its work."""

    name = "syncthing-case"
    case_sensitive = "true"


def is_open(candidate, side, port):
    """Whether something listens on that port of a side."""
    table = candidate.cable.run(candidate.cable.spaces[side], ["cat", "/proc/net/tcp"])
    return f":{port:04X} 00000000:0000 0A" in table


KINDS = (Bazil, Rsync, Unison, SyncthingCase, Syncthing)


def make(names, root, program):
    """The candidates of these names one after the other, in the order of the table."""
    for kind in KINDS:
        if not names or kind.name in names:
            yield kind(root, program) if kind is Bazil else kind(root)
