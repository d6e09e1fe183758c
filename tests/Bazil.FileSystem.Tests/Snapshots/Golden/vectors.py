"""The formats of docs/snapshots.md, written a second time from that page alone. Prints or rewrites the golden values.

    python3 vectors.py          compares with the files beside it
    python3 vectors.py --write  writes them
"""
import hashlib
import pathlib
import struct
import sys

END = b"\xed"
SELF = 0xFFFFFFFF


def var(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def blob(b):
    return var(len(b)) + b


def time(seconds, nanoseconds):
    return struct.pack(">qI", seconds, nanoseconds)


def node(tick, replica=0xABCD):
    return struct.pack(">Q", tick) + replica.to_bytes(16, "big")


def attributes(mode, owner=SELF, group=SELF, extended=()):
    return var(mode) + struct.pack(">II", owner, group) + var(len(extended)) + b"".join(
        blob(name) + blob(value) for name, value in sorted(extended))


def directory(root=bytes(32), height=0, epoch=1, entries=0, files=0, directories=0, size=0):
    return root + bytes([height]) + var(epoch) + var(entries) + var(files) + var(directories) + var(size)


def manifest(root, size, chunk, fanout, epoch):
    return root + var(size) + var(chunk) + var(fanout) + var(epoch)


def tree_node(level, items):
    return b"\x01" + bytes([level]) + var(len(items)) + b"".join(items) + END


def chunk_key(kind, level, data):
    data = data.rstrip(b"\0")
    return hashlib.blake2b(data, digest_size=32, person=b"bazil:" + kind, salt=struct.pack("<QQ", level, 0)).digest()


def split_hash(level, name):
    mask = (1 << 64) - 1
    h = (0xCBF29CE484222325 ^ level) * 0x100000001B3 & mask
    for byte in name:
        h = (h ^ byte) * 0x100000001B3 & mask
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & mask
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & mask
    return h ^ h >> 33


def ends(level, node_bytes, item_bytes, name):
    if node_bytes < 8192:
        return False
    return node_bytes >= 131072 or (split_hash(level, name) >> 32) * 16384 < item_bytes << 32


def write_tree(entries):
    """entries: (name, body), ascending. Returns (root, height)."""
    items = [(name, blob(name) + blob(body), 1) for name, body in entries]
    level = 0
    while items:
        nodes, current, size = [], [], 0
        for number, (name, item, below) in enumerate(items):
            current.append((name, item, below))
            size += len(item)
            if ends(level, size, len(item), name) or number == len(items) - 1:
                key = chunk_key(b"dir", level, tree_node(level, [item for _, item, _ in current]))
                total = sum(below for _, _, below in current)
                nodes.append((name, blob(name) + var(total) + key, total, key))
                current, size = [], 0
        if len(nodes) == 1:
            return nodes[0][3], level
        items = [(name, item, total) for name, item, total, _ in nodes]
        level += 1
    return bytes(32), 0


def key(first):
    return bytes(range(first, first + 32))


def leaf():
    def item(name, kind, content, attrs=attributes(0o644)):
        body = node(77) + bytes([kind]) + time(1600000000, 123456789) + attrs + content
        return blob(name) + blob(body)

    extended = attributes(0o7777, 1000, 100, [(b"user.empty", b""), (b"user.colour", b"blue")])
    return tree_node(0, [
        item(b"block", 7, var(0x0801)),
        item(b"char", 6, var(0x0103)),
        item(b"directory", 1, directory(key(0x70), 1, 2, 300, 500, 6, 70000)),
        item(b"empty", 1, directory()),
        item(b"fifo", 4, var(0)),
        item(b"inline", 2, b"\x01" + blob(b"hello"), extended),
        item(b"large", 2, b"\x02" + manifest(key(0x50), 1000000, 131072, 128, 1)),
        item(b"link", 3, blob(b"../target")),
        item(b"socket", 5, var(0)),
    ])


def branch():
    children = [(b"b", 1, 1), (b"name", 300, 2), (b"\xff\xfe", 1 << 40, 3)]
    return tree_node(3, [blob(name) + var(below) + key(first) for name, below, first in children])


def snapshot_root(volume, taken, modified, attrs, root):
    return b"\x01" + volume.to_bytes(16, "big") + taken + modified + attrs + root + END


def root():
    return snapshot_root(
        0x0123456789ABCDEF, time(1700000000, 1), time(-1, 999999999), attributes(0o755, extended=[(b"user.note", b"x")]),
        directory(key(9), 2, 1, 1000000, 3000000, 20000, 1 << 45))


def file_body(tick, text):
    return node(tick) + b"\x02" + time(-5, 6) + attributes(0o644) + b"\x01" + blob(text)


def directory_body(tick, manifest_bytes):
    return node(tick) + b"\x01" + time(7, 8) + attributes(0o700) + manifest_bytes


def snapshot_key(root_directory):
    data = snapshot_root(0x12345678, time(1700000000, 5), time(1600000000, 999999999), attributes(0o755), root_directory)
    return chunk_key(b"snap", 0, data).hex()


def small_tree():
    greeting = b"hello, world\n"
    docs, height = write_tree([(b"empty", directory_body(3, directory())), (b"greeting", file_body(2, greeting))])
    top, top_height = write_tree([(b"docs", directory_body(1, directory(docs, height, 1, 2, 1, 1, len(greeting))))])
    return snapshot_key(directory(top, top_height, 1, 1, 1, 2, len(greeting)))


def wide_tree():
    texts = [b"content of %d" % number for number in range(10000)]
    top, height = write_tree([(b"%05d" % n + 200 * b"x", file_body(n + 1, text)) for n, text in enumerate(texts)])
    assert height == 2
    return snapshot_key(directory(top, height, 1, len(texts), len(texts), 0, sum(map(len, texts))))


GOLDEN = {
    "leaf.hex": leaf().hex(),
    "branch.hex": branch().hex(),
    "root.hex": root().hex(),
    "small-tree.key": small_tree(),
    "wide-tree.key": wide_tree(),
}

here = pathlib.Path(__file__).parent
for name, value in GOLDEN.items():
    if "--write" in sys.argv:
        (here / name).write_text(value + "\n")
    elif (here / name).read_text().strip() != value:
        sys.exit(f"{name} differs")
