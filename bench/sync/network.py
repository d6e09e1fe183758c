"""Two machines' worth of network for each candidate: namespaces joined by a cable whose bytes the kernel counts."""
import ctypes
import itertools
import os
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr}")


NUMBERS = itertools.count()


class Cable:
    """Both ends of a cable between two namespaces of their own, with the addresses 10.0.0.1, 10.0.0.2 and so on. Nothing of it is seen outside."""

    def __init__(self):
        number = next(NUMBERS)
        self.spaces = [f"bazil-bench-{os.getpid()}-{number}{side}" for side in "lr"]
        self.addresses = ["10.0.0.1", "10.0.0.2"]
        for space in self.spaces:
            ip("netns", "add", space)
            ip("-n", space, "link", "set", "lo", "up")
        ip("-n", self.spaces[0], "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.spaces[1])
        for space, address in zip(self.spaces, self.addresses):
            self.run(space, ["sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"])
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "wire")
            ip("-n", space, "link", "set", "wire", "up")

    @staticmethod
    def enter(space):
        """For preexec_fn: the process belongs to the namespace, and its mounts are seen by all."""
        def enter():
            handle = os.open(f"/run/netns/{space}", os.O_RDONLY)
            if LIBC.setns(handle, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.close(handle)
        return enter

    @staticmethod
    def run(space, command):
        done = subprocess.run(["nsenter", f"--net=/run/netns/{space}", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def bytes(self):
        """Bytes that have gone over the cable, both ways, with the headers of Ethernet, IP and TCP."""
        counters = self.run(self.spaces[0], ["sh", "-c", "grep wire: /proc/net/dev"]).split(":")[1].split()
        return int(counters[0]) + int(counters[8])

    def remove(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL, check=False)
