"""An audit log as a broker keeps it: leaves, their tree, signed checkpoints and proofs (RFC 6962,
C2SP), written from the descriptions: it shares no code with what it tests.
"""
import base64
import ctypes
import hashlib


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def split(size):
    """The largest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


def root_of(hashes):
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha(b"\1", root_of(hashes[:k]), root_of(hashes[k:]))


def path_to(index, hashes):
    """The inclusion proof, leaf's sibling first."""
    if len(hashes) <= 1:
        return []
    k = split(len(hashes))
    if index < k:
        return path_to(index, hashes[:k]) + [root_of(hashes[k:])]
    return path_to(index - k, hashes[k:]) + [root_of(hashes[:k])]


class Log:
    def __init__(self, origin, seed, public, sodium, pack):
        self.origin, self.seed, self.public = origin, seed, public
        self.sodium, self.pack = sodium, pack
        self.entries = []
        self.forged = None      # a leaf's number that is served otherwise than it was logged

    def vkey(self):
        return "%s+%s+%s" % (self.origin, self.key_id().hex(),
                             base64.b64encode(b"\1" + self.public).decode())

    def key_id(self):
        return sha(self.origin.encode(), b"\n\1", self.public)[:4]

    def add(self, event, actor, at_ms, request="", digest=None, **body):
        seq = len(self.entries)
        words, salt = self.pack(body), sha(b"salt%d" % seq)
        leaf = self.pack(["holdpoint/leaf/v1", seq, at_ms, bytes(16), at_ms, event, actor, request,
                          digest, sha(salt, words)])
        self.entries.append({"seq": seq, "leaf": leaf, "body": words, "salt": salt})

    def hashes(self):
        return [sha(b"\0", entry["leaf"]) for entry in self.entries]

    def page(self, start, limit):
        entries = [dict(entry) for entry in self.entries[start:start + limit]]
        for entry in entries:
            if entry["seq"] == self.forged:
                entry["leaf"] = entry["leaf"].replace(b"ana", b"eve")
        return entries

    def checkpoint(self):
        text = "%s\n%d\n%s\n" % (self.origin, len(self.entries),
                                 base64.b64encode(root_of(self.hashes())).decode())
        signature = ctypes.create_string_buffer(64)
        self.sodium().crypto_sign_detached(signature, None, text.encode(),
                                           ctypes.c_ulonglong(len(text.encode())),
                                           self.seed + self.public)
        return "%s\n\u2014 %s %s\n" % (
            text, self.origin, base64.b64encode(self.key_id() + signature.raw).decode())

    def proof(self, leaf):
        lines = [base64.b64encode(step).decode() for step in path_to(leaf, self.hashes())]
        return "c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s" % (
            leaf, "".join(line + "\n" for line in lines), self.checkpoint())
