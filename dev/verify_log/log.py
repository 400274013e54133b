"""Leaves, tree and checkpoints: RFC 6962, C2SP signed-note and tlog-checkpoint."""
import base64
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .canon import Bad, sha256, unpack


class LogKey:
    """C2SP: origin+keyid+base64(01 || public key)."""

    def __init__(self, text):
        self.origin, keyid, key = text.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
        self.keyid = sha256(self.origin.encode(), b"\n\x01", raw[1:])[:4]
        if len(raw) != 33 or raw[0] != 1 or self.keyid.hex() != keyid:
            raise Bad("not a verifier key")
        self.key = Ed25519PublicKey.from_public_bytes(raw[1:])

    def open(self, text):
        """(size, root) of a checkpoint that this key signed."""
        lines = text.split("\n")
        try:
            origin, size, root, blank, signature, end = lines
            prefix = f"\u2014 {origin} "
            if (origin, blank, end) != (self.origin, "", "") or not signature.startswith(prefix):
                raise Bad("another origin or shape")
            if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
                raise Bad("a size that is no number")
            raw = base64.b64decode(signature[len(prefix):], validate=True)
            if raw[:4] != self.keyid:
                raise Bad("signed by another key")
            self.key.verify(raw[4:], "\n".join(lines[:3] + [""]).encode())
            decoded = base64.b64decode(root, validate=True)
            if len(decoded) != 32 or base64.b64encode(decoded).decode() != root or \
                    base64.b64encode(raw).decode() != signature[len(prefix):]:
                raise Bad("not in its one form")
            return int(size), decoded
        except InvalidSignature:
            raise Bad("its signature does not verify") from None
        except ValueError:
            raise Bad("not a checkpoint") from None


class Log:
    def __init__(self, db, key, note, has_nodes=True):
        self.db, self.key, self.note, self.has_nodes = db, key, note, has_nodes
        self.leaves = []  # (seq, fields, body or None)
        self.roots = {}   # by size, for the checkpoints
        self.checkpoints = []

    def read_leaf(self, place, row):
        seq, leaf, body, salt = row
        if seq != place:
            raise Bad(f"is missing: the next one stored is {seq}")
        fields = unpack(leaf)
        kinds = (str, int, int, bytes, int, str, str, str, (bytes, type(None)), bytes)
        if not isinstance(fields, list) or len(fields) != 10 or \
                not all(isinstance(f, k) and not isinstance(f, bool) for f, k in zip(fields, kinds)):
            raise Bad("does not have the fields of a leaf")
        kind, own_seq, _, boot_id, _, _, _, _, digest, body_hash = fields
        if (kind, own_seq) != ("holdpoint/leaf/v1", place):
            raise Bad(f"says that it is number {own_seq}")
        if len(boot_id) != 16 or len(body_hash) != 32 or (digest is not None and len(digest) != 32):
            raise Bad("has fields of a wrong length")
        if (body is None) != (salt is None):
            raise Bad("has lost half of its body")
        if body is None:
            return fields, None
        if len(salt) != 32 or sha256(salt, body) != body_hash:
            raise Bad("has another body than it vouches for")
        content = unpack(body)
        if not isinstance(content, dict):
            raise Bad("has a body that is no map")
        return fields, content

    def root_of(self, stack):
        """Right to left over the complete subtrees (RFC 6962, 2.1)."""
        root = sha256() if not stack else stack[-1][1]
        for _, node in reversed(stack[:-1]):
            root = sha256(b"\x01", node, root)
        return root

    def read(self):
        """Leaves and nodes side by side: the storage index of a node is the order of its making."""
        nodes = self.db.execute("SELECT idx, hash FROM node ORDER BY idx") if self.has_nodes else None
        stack, place, index = [], 0, 0
        self.roots[0] = self.root_of(stack)
        for row in self.db.execute("SELECT seq, leaf, body, salt FROM leaf ORDER BY seq"):
            try:
                self.leaves.append((place, *self.read_leaf(place, row)))
            except Bad as bad:
                self.note(place, f"leaf {place} {bad}")
                return
            node, level = sha256(b"\x00", row[1]), 0
            while True:
                if nodes and nodes.fetchone() != (index, node):
                    self.note(place, f"leaf {place}: node {index} of the tree (level {level}) is not its hash")
                    return
                index += 1
                if not stack or stack[-1][0] != level:
                    break
                node, level = sha256(b"\x01", stack.pop()[1], node), level + 1
            stack.append((level, node))
            place += 1
            self.roots[place] = self.root_of(stack)
        if nodes and nodes.fetchone():
            self.note(place, f"the tree has nodes behind the last leaf, {place - 1}: leaves were cut off")

    def check_checkpoint(self, what, text, column=None):
        """Its size, or None when it says something else than the leaves."""
        try:
            size, root = self.key.open(text)
        except Bad as bad:
            self.note(column, f"{what}: {bad}")
            return None
        if column is not None and size != column:
            self.note(column, f"{what} is of size {size}")
        elif size not in self.roots:
            self.note(len(self.leaves), f"{what} vouches for {size} leaves, {len(self.leaves)} sound ones are there: "
                                        "rolled back or cut off")
        elif self.roots[size] != root:
            self.note(size, f"{what} has another root than the first {size} leaves: forked or changed")
        else:
            return size
        return None

    def check_checkpoints(self):
        for size, text in self.db.execute("SELECT size, text FROM checkpoint ORDER BY size"):
            self.checkpoints.append(size)
            self.check_checkpoint(f"checkpoint {size}", text, size)
        if self.leaves and not self.checkpoints:
            self.note(None, "the log is not empty and has no checkpoint")
