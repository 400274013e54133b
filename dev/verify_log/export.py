"""What an auditor was given: an export, a checkpoint, a proof (C2SP tlog-proof)."""
import base64
import json
import re
import sqlite3

from .canon import Bad, sha256, unpack

LEAF_KEYS = ["seq", "leaf", "body", "salt", "event", "actor", "request", "wall_ms"]


def hexed(text):
    if text is None:
        return None
    if not re.fullmatch(r"(?:[0-9a-f]{2})*", text):
        raise Bad("bytes that are not lower-case hex")
    return bytes.fromhex(text)


def load(path):
    """The lines of an export as tables in memory, leaves first."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE leaf(seq INTEGER PRIMARY KEY, leaf, body, salt)")
    db.execute("CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, text)")
    behind, last = False, -1
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n") or not line.isascii():
                raise Bad(f"line {number} is cut short or not ASCII")
            entry = json.loads(line)
            if list(entry) == ["checkpoint"]:
                size = int(entry["checkpoint"].split("\n")[1])
                if behind and size <= last:
                    raise Bad(f"line {number} is out of order")
                behind, last = True, size
                db.execute("INSERT INTO checkpoint VALUES(?,?)", (size, entry["checkpoint"]))
                continue
            if list(entry) != LEAF_KEYS or behind:
                raise Bad(f"line {number} is no leaf's, or behind the checkpoints")
            leaf = hexed(entry["leaf"])
            fields = unpack(leaf)
            if [fields[5], fields[6], fields[7], fields[2]] != [entry[k] for k in ("event", "actor", "request", "wall_ms")]:
                raise Bad(f"line {number} says something else than its leaf")
            if entry["seq"] != number - 1:
                raise Bad(f"leaf {number - 1} is not in its place")
            db.execute("INSERT INTO leaf VALUES(?,?,?,?)",
                       (entry["seq"], leaf, hexed(entry["body"]), hexed(entry["salt"])))
    return db


def climb(index, size, node, path):
    """The root that an inclusion path leads to (RFC 9162, 2.1.3.2)."""
    fn, sn = index, size - 1
    for sibling in path:
        if sn == 0:
            raise Bad("the path is too long")
        if fn & 1 or fn == sn:
            node = sha256(b"\x01", sibling, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise Bad("the path is too short")
    return node


def check_proof(text, log):
    """The index of the leaf that a proof is of; it must be the log's, under a signed checkpoint."""
    head, _, checkpoint = text.partition("\n\n")
    kind, index, *path = head.split("\n")
    if kind != "c2sp.org/tlog-proof@v1" or not re.fullmatch(r"index (0|[1-9][0-9]*)", index):
        raise Bad("not a tlog-proof")
    index = int(index[6:])
    size, root = log.key.open(checkpoint)
    row = log.db.execute("SELECT leaf FROM leaf WHERE seq = ?", (index,)).fetchone()
    if row is None or index >= size:
        raise Bad(f"there is no leaf {index} under it")
    hashes = [base64.b64decode(line, validate=True) for line in path]
    if climb(index, size, sha256(b"\x00", row[0]), hashes) != root:
        raise Bad(f"it does not prove leaf {index}")
    if log.roots.get(size) != root:
        raise Bad("its checkpoint is of another log")
    return index
