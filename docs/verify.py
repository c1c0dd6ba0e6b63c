#!/usr/bin/env python3
"""Verifies an exported log without Comptoir's code: Python's standard library and the openssl program only.

    comptoir export events --format jsonl > events.jsonl
    comptoir export checkpoints > checkpoints        # and, or instead, the file of a witness
    docs/verify.py events.jsonl KEY checkpoints [witness ...]

KEY is the log's public key as it was written down outside (comptoir verify --key). Ends with 1 at the first thing that is
not right. Checked: positions and sequences have no gap; each checkpoint is signed (C2SP tlog-checkpoint, Ed25519) and has the
root of the Merkle tree (RFC 6962) over the events before it, so every checkpoint is consistent with every other; in the
first file of checkpoints none is missing that the shop signs at each multiple of 256 events.
"""
import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import uuid

LEAF_FORMAT = b"comptoir-log-leaf-v1\n"
SEAL_EVERY_EVENTS = 256
# How an Ed25519 public key begins in DER (RFC 8410).
DER_PREFIX = bytes.fromhex("302a300506032b6570032100")


class Wrong(Exception):
    """The log is not what it should be."""


def number(value):
    return (value % 2**64).to_bytes(8, "big")


def text(value):
    encoded = value.encode()
    return number(len(encoded)) + encoded


def leaf(event):
    """The bytes of an event that are hashed: its position, its stream, and everything that is stored of it."""
    return (LEAF_FORMAT + number(event["position"]) + text(event["stream_kind"]) + text(event["stream_id"])
            + number(event["sequence"]) + uuid.UUID(event["event_id"]).bytes + text(event["event_type"])
            + text(event["event_version"]) + number(event["recorded_at"]) + text(event["payload"])
            + text(event["metadata"]))


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A Merkle tree that grows: the roots of its perfect subtrees, from the left, with the number of leaves of each."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def push(self, data):
        self.size += 1
        count, root = 1, hashlib.sha256(b"\x00" + data).digest()
        while self.subtrees and self.subtrees[-1][0] == count:
            count, root = 2 * count, node(self.subtrees.pop()[1], root)
        self.subtrees.append((count, root))

    def root(self):
        roots = [root for _, root in self.subtrees]
        while len(roots) > 1:
            right = roots.pop()
            roots[-1] = node(roots[-1], right)
        return roots[0] if roots else hashlib.sha256(b"").digest()


class Key:
    """The log's public key: name+id+base64."""

    def __init__(self, written):
        self.name, key_id, key = written.strip().split("+", 2)
        data = base64.b64decode(key)
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        if self.id.hex() != key_id or data[:1] != b"\x01" or len(data) != 33:
            raise Wrong("the key was mistyped")
        self.file = tempfile.NamedTemporaryFile(suffix=".der")
        self.file.write(DER_PREFIX + data[1:])
        self.file.flush()

    def verifies(self, message, signature):
        with tempfile.NamedTemporaryFile() as said, tempfile.NamedTemporaryFile() as signed:
            said.write(message)
            said.flush()
            signed.write(signature)
            signed.flush()
            command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.file.name,
                       "-rawin", "-in", said.name, "-sigfile", signed.name]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0


def checkpoints(path, key):
    """The checkpoints of a file: size and root, each signed by the log."""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line]
    found = {}
    for at in range(0, len(lines), 4):
        if len(lines) < at + 4:
            raise Wrong(f"{path}: the last checkpoint is not whole")
        origin, size, root, signature = lines[at:at + 4]
        message = f"{origin}\n{size}\n{root}\n".encode()
        data = base64.b64decode(signature.split(" ")[-1])
        if origin != key.name or data[:4] != key.id or not key.verifies(message, data[4:]):
            raise Wrong(f"{path}: the checkpoint of {size} events is not signed by the log")
        if found.setdefault(int(size), root) != root:
            raise Wrong(f"{path}: two logs of {size} events")
    return found


def verify(events, key, files):
    known = [(path, checkpoints(path, key)) for path in files]
    tree, sequences = Tree(), {}
    with open(events, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["position"] != tree.size + 1:
                raise Wrong(f"position {event['position']} follows {tree.size}")
            stream = (event["stream_kind"], event["stream_id"])
            if event["sequence"] != sequences.get(stream, 0) + 1:
                raise Wrong(f"position {event['position']}: sequence {event['sequence']} of stream {'-'.join(stream)}")
            sequences[stream] = event["sequence"]
            tree.push(leaf(event))
            root = base64.b64encode(tree.root()).decode()
            for path, sealed in known:
                if sealed.get(tree.size, root) != root:
                    raise Wrong(f"the first {tree.size} events are not those of {path}")
            due = tree.size % SEAL_EVERY_EVENTS == 0 and tree.size <= max(known[0][1], default=0)
            if due and tree.size not in known[0][1]:
                raise Wrong(f"the checkpoint of {tree.size} events is missing in {known[0][0]}")
    for path, sealed in known:
        if max(sealed, default=0) > tree.size:
            raise Wrong(f"the log has {tree.size} events, {path} says that there were {max(sealed)}")
    sealed_until = max(size for _, sealed in known for size in [0, *sealed])
    root = base64.b64encode(tree.root()).decode()
    print(f"{tree.size} events, {len(sequences)} streams, sealed until {sealed_until}, root {root}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        verify(sys.argv[1], Key(sys.argv[2]), sys.argv[3:])
    except (Wrong, ValueError, KeyError, IndexError) as wrong:
        sys.exit(f"NOT RIGHT: {wrong}")
