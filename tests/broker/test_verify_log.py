"""Both verifiers, dev/verify-log and `holdpoint audit verify`, on a made database: they pass, and fail for whatever
somebody does to it. They share no code, and have to agree."""
import base64
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
DEV = os.path.join(os.environ["HP_SRCDIR"], "dev")
sys.path.insert(0, DEV)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from verify_log.canon import pack, sha256, unpack  # noqa: E402
from verify_log.replay import VOTE_TYPE, pae  # noqa: E402

loader = importlib.machinery.SourceFileLoader("verify_log_command", os.path.join(DEV, "verify-log"))
command = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(command)

INSTANCE = "hp.example/made"
SEED = bytes([42]) + bytes(31)  # as in make_log.c
# What no leaf covers: the broker's working values.
UNCOVERED = {
    "request": {"content_hash", "submitted_boottime_ms", "submitted_boot_id", "max_deadline_ms", "flags",
                "due_boottime_ms", "due_boot_id", "approvals", "nonce", "lease_ms", "lease_max_wall_ms",
                "lease_max_boottime_ms", "lease_max_boot_id", "stop"},
}
# Nor these: what the broker counts and looks up by, and what this log tells nothing of.
UNCOVERED_TABLES = ("setting", "meter", "metered", "leaf_about", "task", "spot_check", "spot_check_due")
count = 0


def ok(good, text, detail=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {text}")
    if not good and detail:
        print("\n".join("# " + line for line in detail.splitlines()))


class Made:
    """A made database in a directory of its own, and fresh copies of it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hp-verify-")
        self.origin = os.path.join(self.dir, "origin")
        os.mkdir(self.origin)
        run = subprocess.run([os.path.join(os.environ["HP_BUILDDIR"], "tests", "broker", "make_log"), self.origin],
                             check=True, text=True, capture_output=True)
        self.key = run.stdout.strip()
        self.copy = os.path.join(self.dir, "copy")

    def path(self, name="holdpoint.db"):
        return os.path.join(self.copy, name)

    def fresh(self):
        """A connection to a new copy, without the triggers that would object."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.origin, self.copy)
        db = sqlite3.connect(self.path(), isolation_level=None)
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("PRAGMA synchronous=OFF")
        return db

    def verify(self, *options, lock=True):
        """(exit code, output)."""
        argv = ["verify-log", "--db", self.path(), "--log-key", self.key, *options]
        if lock:
            argv += ["--lock", self.path("checkpoint.lock")]
        out = io.StringIO()
        before, sys.argv = sys.argv, argv
        try:
            with contextlib.redirect_stdout(out):
                code = command.main()
        finally:
            sys.argv = before
        return code, out.getvalue()

    def audit(self, lock=True):
        """(exit code, output) of `holdpoint audit verify`."""
        run = subprocess.run([os.path.join(os.environ["HP_BUILDDIR"], "holdpoint"), "audit", "verify", "--db", self.path(),
                              "--log-key", self.key] + ["--anchor", self.path("checkpoint.lock")] * lock,
                             text=True, capture_output=True)
        return run.returncode, run.stdout + run.stderr

    def expect(self, good, text, says="", audit_says=None, **options):
        code, out = self.verify(**options)
        audit_code, audit_out = self.audit(**options)
        audit_says = says if audit_says is None else audit_says
        ok(code == (0 if good else 1) and says in out, text, out)
        ok(audit_code == (0 if good else 11) and audit_says in audit_out and
           (good or "NOT VERIFIED" in audit_out), "… and audit verify says so", f"{audit_code} {audit_out}")


def flip(value, place):
    """The value with one bit changed; something where there was nothing."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    if not value:
        return b"x"
    at = min(int(len(value) * place), len(value) - 1)
    return value[:at] + bytes([value[at] ^ 1]) + value[at + 1:]


def flip_everything(made):
    """One changed bit in any covered column of any table is found."""
    db = made.fresh()
    tables = [name for (name,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall() if name not in UNCOVERED_TABLES]
    db.close()
    for table in sorted(tables):
        db = made.fresh()
        columns = [row[1:3] for row in db.execute(f"PRAGMA table_info({table})")]
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        for number, (column, kind) in enumerate(columns):
            if column in UNCOVERED.get(table, ()):
                continue
            missed = []
            for row in rows:
                where = " AND ".join(f"{name} IS ?" for name, _ in columns)
                for place in (0, 0.5, 1):
                    changed = flip(row[number], place)
                    if row[number] is None and kind == "BLOB":
                        changed = b"\x01"
                    if uncovered(table, column, dict(zip((name for name, _ in columns), row))):
                        continue
                    try:
                        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed, *row))
                    except sqlite3.IntegrityError:
                        continue  # the table itself refuses: a key that is taken
                    if made.verify()[0] != 1:
                        missed.append((row[0], place))
                    now = [changed if n == number else value for n, value in enumerate(row)]
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (row[number], *now))
                    if not isinstance(row[number], bytes):
                        break
            ok(not missed and len(rows) > 0, f"a flipped bit in {table}.{column} is found", str(missed[:5]))
        ok(made.verify()[0] == 0, f"{table} is as it was")
        db.close()


def uncovered(table, column, row):
    """The lease of what is executing moves without a leaf; why the policy began so stands in the findings."""
    if (table, column) == ("request", "due_wall_ms"):
        return row["state"] not in ("pending", "granted") and row["due_wall_ms"] is not None
    return (table, column) == ("history", "reason") and row["n"] == 0


def cut(db, size, checkpoints=True):
    """An honest-looking shorter log: leaves, nodes and checkpoints behind `size` are gone."""
    nodes = sum(size >> level for level in range(64))
    db.execute("DELETE FROM leaf WHERE seq >= ?", (size,))
    db.execute("DELETE FROM node WHERE idx >= ?", (nodes,))
    if checkpoints:
        db.execute("DELETE FROM checkpoint WHERE size > ?", (size,))


def change_the_log(made):
    db = made.fresh()
    (size,) = db.execute("SELECT count(*) FROM leaf").fetchone()
    for seq in range(size):
        db = made.fresh()
        db.execute("DELETE FROM leaf WHERE seq = ?", (seq,))
        made.expect(False, f"leaf {seq} deleted", f"sequence number {seq}")
        db.close()
    for seq in range(size - 1):
        db = made.fresh()
        pair = db.execute("SELECT leaf, body, salt FROM leaf WHERE seq IN (?, ?) ORDER BY seq", (seq, seq + 1)).fetchall()
        for place, values in zip((seq + 1, seq), pair):
            db.execute("UPDATE leaf SET leaf = ?, body = ?, salt = ? WHERE seq = ?", (*values, place))
        made.expect(False, f"leaves {seq} and {seq + 1} swapped", f"sequence number {seq}")
        db.close()
    db = made.fresh()
    db.execute("INSERT INTO leaf SELECT seq + 1, leaf, body, salt FROM leaf WHERE seq = ?", (size - 1,))
    made.expect(False, "a leaf inserted at the end", f"leaf {size} says that it is number {size - 1}")
    db = made.fresh()
    db.execute("DELETE FROM checkpoint")
    made.expect(False, "all checkpoints deleted", "has no checkpoint", "it was taken away")
    made.expect(False, "… and nothing vouches for the log", "has no checkpoint", "nobody vouches for it", lock=False)
    db = made.fresh()
    db.execute("UPDATE leaf SET body = NULL, salt = NULL WHERE seq = 5")
    made.expect(False, "a body erased without a leaf that says so", "no leaf says that it was erased")
    db = made.fresh()
    cut(db, size - 6, checkpoints=False)
    made.expect(False, "cut off behind a checkpoint", "rolled back or cut off")
    db = made.fresh()
    cut(db, size - 6)
    made.expect(False, "cut off with its checkpoints: the lock file shows it", "rolled back or cut off")
    os.unlink(made.path("checkpoint.lock"))
    ok(made.verify()[0] == 1 and made.audit()[0] == 2, "the lock file is missing")
    db = made.fresh()
    with open(made.path("checkpoint.lock"), "r+b") as lock:
        text = bytearray(lock.read())
        for at in range(len(text)):
            text[at] ^= 1
            lock.seek(0)
            lock.write(text)
            lock.flush()
            code, out = made.verify()
            if code != 1:
                break
            text[at] ^= 1
    ok(code == 1, "a flipped bit anywhere in the lock file is found", out)
    db = made.fresh()
    (old,) = db.execute("SELECT text FROM checkpoint WHERE size > 0 ORDER BY size LIMIT 1").fetchone()
    with open(made.path("checkpoint.lock"), "w", encoding="utf-8") as lock:
        lock.write(old)
    code, out = made.verify()
    ok(code == 1 and "the last checkpoint of" in out, "an old lock file put back", out)


# ---- a broker that lies: all hashes and signatures of the log are right ----

class Forger:
    """Rewrites the log with the broker's own key."""

    def __init__(self, made):
        self.made, self.db = made, made.fresh()
        self.leaves = [(unpack(leaf), unpack(body)) for leaf, body in
                       self.db.execute("SELECT leaf, body FROM leaf ORDER BY seq").fetchall()]

    def at(self, event, request, nth=0):
        """The place of a request's nth leaf of this event."""
        return [place for place, (fields, _) in enumerate(self.leaves)
                if fields[5] == event and fields[7].startswith(f"{request:08x}")][nth]

    def write(self):
        db, stack, index = self.db, [], 0
        db.execute("BEGIN")
        for table in ("leaf", "node", "checkpoint"):
            db.execute(f"DELETE FROM {table}")
        for seq, (fields, body) in enumerate(self.leaves):
            raw, salt = pack(body), hashlib.sha256(b"%d" % seq).digest()
            fields[1], fields[9] = seq, sha256(salt, raw)
            leaf = pack(fields)
            db.execute("INSERT INTO leaf VALUES(?,?,?,?)", (seq, leaf, raw, salt))
            node, level = sha256(b"\0", leaf), 0
            while True:
                db.execute("INSERT INTO node VALUES(?,?)", (index, node))
                index += 1
                if not stack or stack[-1][0] != level:
                    break
                node, level = sha256(b"\1", stack.pop()[1], node), level + 1
            stack.append((level, node))
        root = stack[-1][1]
        for _, node in reversed(stack[:-1]):
            root = sha256(b"\1", node, root)
        text = self.sign(len(self.leaves), root)
        db.execute("INSERT INTO checkpoint VALUES(?,?)", (len(self.leaves), text))
        db.execute("COMMIT")
        with open(self.made.path("checkpoint.lock"), "w", encoding="utf-8") as lock:
            lock.write(text)

    def sign(self, size, root):
        key = Ed25519PrivateKey.from_private_bytes(SEED)
        text = f"{INSTANCE}\n{size}\n{base64.b64encode(root).decode()}\n"
        keyid = bytes.fromhex(self.made.key.split("+", 2)[1])
        signature = base64.b64encode(keyid + key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {INSTANCE} {signature}\n"

    def vote_again(self, place, seed, **changes):
        """Another vote in the place of this one, signed by any key."""
        key = Ed25519PrivateKey.from_private_bytes(seed)
        body = self.leaves[place][1]
        vote = {**unpack(body["body"]), **changes}
        raw = pack(vote)
        body.update(body=raw, signature=key.sign(pae(VOTE_TYPE, raw)),
                    sign_public=key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def reviewer(first):
    return bytes([first]) + bytes(31)


# Where audit verify names another of the things that are wrong, or says it otherwise.
AUDIT_SAYS = {
    "one person counted twice": "is not the person",
    "the owner approves": "is not the person",
    "a vote by an agent": "the owner approved",
    "a note left out": "table note has 1 rows, the log makes 0",
    "revoked between vote and grant": "votes counted no more",
}


def lies():
    """(what, what verify-log says, what to do to the leaves)."""
    yield "nothing changed", None, lambda f: None
    yield "a vote left out", "granted with 1 of 2 persons", lambda f: f.leaves.pop(f.at("vote", 1))
    yield "both votes left out", "granted with 0 of 2 persons", \
        lambda f: [f.leaves.pop(f.at("vote", 1)) for _ in range(2)]
    yield "one person counted twice", "a second vote of", \
        lambda f: f.leaves[f.at("vote", 1, 1)][1].update(person="Ana")
    yield "two keys of one person", "a second vote of", lambda f: (
        person(f, "ben").update(person="Ana"), f.leaves[f.at("vote", 1, 1)][1].update(person="Ana"))
    yield "revoked between vote and grant", "granted by persons whose groups fill 1 of 2 places", \
        lambda f: f.leaves.insert(f.at("request.granted", 1), revoke(f, "ana"))
    yield "a person that the key is not of", "is not the person", \
        lambda f: f.leaves[f.at("vote", 1, 1)][1].update(person="Somebody")
    yield "the owner approves", "the owner approved", \
        lambda f: f.leaves[f.at("vote", 1, 1)][1].update(person="Olga")
    yield "a vote with a key of the broker's making", "the key is not", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(99))
    yield "a vote about another request", "about another request", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(1), request="0" * 36)
    yield "a vote on another digest", "about another digest", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(1), digest=bytes(32))
    yield "a vote of another instance", "about another instance", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(1), instance="other")
    yield "a deny told as an approve", "about another decision", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(1), decision="deny")
    yield "a vote from long ago", "more than two minutes away", \
        lambda f: f.vote_again(f.at("vote", 1), reviewer(1), at_ms=1767225600000 - 200000)
    yield "a vote whose signature is broken", "signature does not verify", \
        lambda f: f.leaves[f.at("vote", 1)][1].update(signature=bytes(64))
    yield "a vote by an agent", "is no reviewer", lambda f: agent_votes(f)
    yield "a revoked voter", "was no principal", \
        lambda f: person(f, "ana").update(revoked=True)
    yield "a voter of another group", "groups fill 1 of 2 places", \
        lambda f: person(f, "ben").update(groups=["dba"])
    yield "approved after the deadline", "approved after the deadline", \
        lambda f: [f.leaves[f.at(e, 1)][1].update(deadline_ms=1) for e in ("request.pending", "extend")]
    yield "needs fewer persons than it says", "another number of persons", \
        lambda f: f.leaves[f.at("request.pending", 1)][1].update(needed=1)
    yield "the policy's no becomes a grant", "begins as granted", lambda f: relabel(f, 3, "blocked", "granted")
    yield "a hold begins granted", "begins as granted", lambda f: relabel(f, 6, "pending", "granted")
    yield "run without a grant", "from pending to executing", \
        lambda f: f.leaves.pop(f.at("request.granted", 1))
    yield "claimed twice", "from executing to executing", \
        lambda f: f.leaves.insert(f.at("request.executing", 1), f.leaves[f.at("request.executing", 1)])
    yield "a final state moves on", "from expired to granted", \
        lambda f: f.leaves.insert(f.at("request.expired", 6) + 1, twist(f, f.at("request.expired", 6), "granted"))
    yield "denied by nobody", "denied, and nobody did", lambda f: f.leaves.pop(f.at("vote", 2))
    yield "an unknown state", "from pending to forgiven", lambda f: relabel(f, 6, "expired", "forgiven")
    yield "a request left out", "the log does not know it", lambda f: f.leaves.pop(f.at("request.blocked", 3))
    yield "submitted twice", "submitted twice", \
        lambda f: f.leaves.append(f.leaves[f.at("request.blocked", 3)])
    yield "another digest in a leaf", "carries another digest", \
        lambda f: f.leaves[f.at("request.expired", 6)][0].__setitem__(8, bytes(32))
    yield "other canonical bytes", "carries another digest", lambda f: f.leaves[f.at("request.blocked", 3)][1].update(
        canonical=pack({**unpack(f.leaves[f.at("request.blocked", 3)][1]["canonical"]), "summary": "harmless"}))
    yield "a resume that nobody needed", "was not halted", \
        lambda f: f.leaves.append(([*f.leaves[0][0][:5], "resume", "root", "", None, b""], {"scope": "all"}))
    yield "a halt left out", "halted is", lambda f: [
        f.leaves.pop(place) for place, (fields, _) in list(enumerate(f.leaves)) if fields[5] == "halt"]
    yield "a note left out", "notes is", lambda f: f.leaves.pop(f.at("note", 1))
    yield "an extension left out", "extensions is", lambda f: f.leaves.pop(f.at("extend", 1))


def person(f, name):
    """An entry of the leaf that says who is enrolled."""
    return next(entry for entry in f.leaves[1][1]["principals"] if entry["name"] == name)


def revoke(f, name):
    """Another leaf of who is enrolled, with this one revoked."""
    fields, body = f.leaves[1]
    return [*fields], {"first": 0, "principals": [
        {**entry, "revoked": True} if entry["name"] == name else entry for entry in body["principals"]]}


def agent_votes(f):
    place = f.at("vote", 1)
    f.leaves[place][0][6] = "agent"
    f.leaves[place][1]["person"] = ""
    person(f, "agent")["person"] = f.leaves[place][1]["person"] = "Robot"
    f.vote_again(place, reviewer(3), by="agent")


def relabel(f, request, before, after):
    fields, body = f.leaves[f.at(f"request.{before}", request)]
    fields[5], body["state"] = f"request.{after}", after


def twist(f, place, state):
    fields, body = f.leaves[place]
    return [*fields[:5], f"request.{state}", *fields[6:]], {**body, "state": state}


def main():
    made = Made()
    try:
        made.fresh()
        made.expect(True, "a made log verifies", "verified: 42 leaves, 4 checkpoints, 13 requests, 6 votes")
        made.expect(True, "without a lock file it says what would not show", "no lock file given", "no lock file and no --anchor", lock=False)
        run = subprocess.run([sys.executable, os.path.join(DEV, "verify-log"), "--db", made.path(), "--lock",
                              made.path("checkpoint.lock"), "--log-key", made.key.replace("made", "other")],
                             text=True, capture_output=True)
        ok(run.returncode == 1 and "not a verifier key" in run.stdout, "a key of another origin", run.stdout)
        flip_everything(made)
        change_the_log(made)
        for what, says, action in lies():
            forger = Forger(made)
            action(forger)
            forger.write()
            made.expect(says is None, f"a lying broker: {what}", says or "verified", AUDIT_SAYS.get(what))
            forger.db.close()
    finally:
        shutil.rmtree(made.dir, ignore_errors=True)
    print(f"1..{count}")


main()
