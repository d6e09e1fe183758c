#!/usr/bin/python3
"""usage: proxy.py TARGET-PORT   A TCP proxy on loopback that makes the way longer.

Prints the port on which it listens. Reads commands from its standard input: "delay SECONDS" (each way, from now on; without one nothing is held back), and
"stall SECONDS MEAN-GAP SEED": from time to time nothing comes from the server for so long; a gap of 0 ends it. Bandwidth is not limited.
"""
import collections
import random
import socket
import sys
import threading
import time

PIECE_BYTES = 256 << 10
UNDERWAY_BYTES = 64 << 20


class Way:
    """What holds back: the same for all connections."""

    delay = 0.0
    stalled_until = 0.0
    stalls = 0


def stall(seconds, gap, seed, number):
    generator = random.Random(seed)
    while Way.stalls == number:
        time.sleep(generator.expovariate(1 / gap))
        if Way.stalls == number:
            Way.stalled_until = time.monotonic() + seconds
        time.sleep(seconds)


class Pump:
    """One direction of one connection: what is read is written when its time has come."""

    def __init__(self, source, target, may_stall):
        self.source, self.target, self.may_stall = source, target, may_stall
        self.pieces, self.bytes, self.changed = collections.deque(), 0, threading.Condition()
        for work in (self.read, self.write):
            threading.Thread(target=work, daemon=True).start()

    def read(self):
        while True:
            try:
                piece = self.source.recv(PIECE_BYTES)
            except OSError:
                piece = b""
            with self.changed:
                while self.bytes > UNDERWAY_BYTES:
                    self.changed.wait()
                self.pieces.append((time.monotonic() + Way.delay, piece))
                self.bytes += len(piece)
                self.changed.notify_all()
            if not piece:
                return

    def write(self):
        while True:
            with self.changed:
                while not self.pieces:
                    self.changed.wait()
                due, piece = self.pieces.popleft()
                self.bytes -= len(piece)
                self.changed.notify_all()
            while True:
                until = max(due, Way.stalled_until) if self.may_stall else due
                left = until - time.monotonic()
                if left <= 0:
                    break
                time.sleep(left)
            try:
                if not piece:
                    self.target.shutdown(socket.SHUT_WR)
                    return
                self.target.sendall(piece)
            except OSError:
                return


def serve(listener, port):
    while True:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Pump(client, server, False)
        Pump(server, client, True)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=serve, args=(listener, int(sys.argv[1])), daemon=True).start()
    for line in sys.stdin:
        words = line.split()
        if words[0] == "delay":
            Way.delay = float(words[1])
        else:
            Way.stalls += 1
            if float(words[2]) > 0:
                threading.Thread(target=stall, args=(float(words[1]), float(words[2]), int(words[3]), Way.stalls), daemon=True).start()
        print("ok", flush=True)


if __name__ == "__main__":
    main()
