"""Who reads remote content through a mount: the volume over SFTP, S3 and from a peer, sshfs and rclone. Each on a way of its own, whose length is set."""
import os
import subprocess

from servers import Node, Proxy, run, wait_until


class Candidate:
    """A mount below which the files are."""

    name = ""
    rivals = ()  # what it is compared with

    def __init__(self, base, port):
        self.base = os.path.join(base, self.name)
        self.directory = os.path.join(self.base, "mnt")
        os.makedirs(self.directory, exist_ok=True)
        self.proxy = Proxy(port)

    def path(self, name):
        return os.path.join(self.directory, name)

    def stop(self):
        if os.path.ismount(self.directory):
            subprocess.run(["umount", "-l", self.directory], check=False)
        self.proxy.stop()


class Volume(Candidate):
    """A node that has the names of a volume and nothing of its content."""

    rivals = ("sshfs", "rclone")

    def __init__(self, base, port, program):
        super().__init__(base, port)
        self.node = Node(self.base, "node", program)
        self.directory = self.node.mount

    def stop(self):
        self.node.stop()
        self.proxy.stop()


class OverSftp(Volume):
    """The volume, its content in packs on the SFTP server; on several ways, as many storages."""

    name = "bazil-sftp"

    def __init__(self, base, server, program, snapshot, secret, ways=1):
        super().__init__(base, server.port, program)
        self.proxies = [self.proxy] + [Proxy(server.port) for _ in range(ways - 1)]
        self.node.start()
        self.node.add_key(secret)
        config = os.path.join(self.node.data, "ssh_config")
        with open(config, "w", encoding="ascii") as file:
            for number, proxy in enumerate(self.proxies):
                part = os.path.join(self.base, f"ssh_config_{number}")
                server.write_config(part, proxy.port)
                with open(part, encoding="ascii") as lines:
                    file.write(f"Host way{number}\nHostName 127.0.0.1\nHostKeyAlias [127.0.0.1]:{proxy.port}\n{lines.read()}")
        addresses = [f"sftp://way{number}{folder}" for number, folder in enumerate(server.folders[:ways])]
        self.node.bazil("volume", "import", f"-snapshot={snapshot}", "-sharing=friends", f"-storage={addresses[0]}", "bench")
        for number, address in enumerate(addresses[1:], 1):
            self.node.bazil("volume", "storage", "add", "bench", f"way{number}", address)
        self.node.bazil("volume", "mount", "bench", self.node.mount)


class OverS3(Volume):
    """The volume, its content in packs in a bucket."""

    name = "bazil-s3"
    rivals = ("rclone-s3",)

    def __init__(self, base, server, program, snapshot, secret):
        super().__init__(base, server.port, program)
        self.node.start()
        self.node.add_key(secret)
        self.node.bazil("secret", "set", "bench", text=server.keys)
        self.node.bazil("volume", "import", f"-snapshot={snapshot}", "-sharing=friends", f"-storage={server.address('packs', self.proxy.port)}", "bench")
        self.node.bazil("volume", "mount", "bench", self.node.mount)


class FromPeer(Volume):
    """The volume, its content on another node."""

    name = "bazil-peer"

    def __init__(self, base, writer, program, secret):
        super().__init__(base, writer.port, program)
        self.node.start()
        self.node.add_key(secret)
        writer.bazil("peer", "add", self.node.key)
        writer.bazil("peer", "storage", "allow", self.node.key, "local")
        writer.bazil("peer", "volume", "allow", self.node.key, "bench")
        self.node.bazil("peer", "add", writer.key)
        self.node.bazil("peer", "location", "set", writer.key, f"127.0.0.1:{self.proxy.port}")
        self.node.bazil("volume", "connect", "-sharing=friends", writer.key, "bench")
        self.node.bazil("volume", "storage", "add", "bench", f"peerkey:{writer.key}")
        self.node.bazil("volume", "mount", "bench", self.node.mount)
        self.node.bazil("volume", "sync", "bench", writer.key)


class Sshfs(Candidate):
    """As it comes."""

    name = "sshfs"

    def __init__(self, base, server):
        super().__init__(base, server.port)
        config = os.path.join(self.base, "ssh_config")
        server.write_config(config, self.proxy.port)
        run(["sshfs", "-F", config, f"root@127.0.0.1:{server.plain}", self.directory])


class Rclone(Candidate):
    """As it comes: nothing is cached on the disk."""

    name = "rclone"

    def __init__(self, base, server):
        super().__init__(base, server.port)
        hosts = server.write_config(os.path.join(self.base, "ssh_config"), self.proxy.port)
        remote = f":sftp,host=127.0.0.1,port={self.proxy.port},user=root,key_file={server.path('user')},known_hosts_file={hosts},shell_type=none,disable_hashcheck:{server.plain}"
        self.mount(remote, dict(os.environ, RCLONE_CONFIG="/dev/null"))

    def mount(self, remote, variables):
        with open(os.path.join(self.base, "log"), "wb") as log:
            self.process = subprocess.Popen(["rclone", "mount", "--read-only", remote, self.directory], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)
        wait_until(lambda: os.path.ismount(self.directory), "rclone")

    def stop(self):
        super().stop()
        self.process.kill()
        self.process.wait()


class RcloneS3(Rclone):
    """The same, the files in a bucket."""

    name = "rclone-s3"

    def __init__(self, base, server):
        Candidate.__init__(self, base, server.port)
        self.mount("s3:plain", server.rclone(self.proxy.port))
