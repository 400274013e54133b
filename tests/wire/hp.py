"""What the wire tests stand on: a broker on a trial instance, clients of every role, TAP.

Written from the protocol's description alone, with pyzmq and msgpack: it shares no code with the
programs under test.
"""
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import msgpack
import zmq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BUILD = os.environ.get("HP_BUILDDIR", os.getcwd())
SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
HOLDPOINT = os.path.join(BUILD, "holdpoint")
HOLDPOINTD = os.path.join(BUILD, "holdpointd")
VOTE_TYPE = b"application/vnd.holdpoint.vote.v1+msgpack"
TIMEOUT_MS = 20000


class Tap:
    """Counts checks and prints them; the plan comes last."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, detail=""):
        self.count += 1
        if not good:
            self.failed += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good and detail != "":
            for line in str(detail).splitlines():
                print(f"# {line}", flush=True)
        return good

    def equal(self, got, want, name):
        return self.ok(got == want, name, f"got  {got!r}\nwant {want!r}")

    def done(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)


tap = Tap()


def canon(value):
    """HP-canon of plain Python values (no surrogates, no NaN in tests)."""
    def order(v):
        if isinstance(v, dict):
            return {k: order(v[k]) for k in sorted(v, key=lambda k: k.encode())}
        if isinstance(v, list):
            return [order(x) for x in v]
        return v
    return msgpack.packb(order(value), use_bin_type=True)


class Error(Exception):
    def __init__(self, reply):
        super().__init__(f"{reply.get('code')}: {reply.get('message')}")
        self.code, self.reply = reply.get("code"), reply


class Client:
    """One connection as one principal."""

    def __init__(self, instance, name, socket_type=zmq.DEALER, door=None, key=None):
        self.instance, self.name = instance, name
        self.key = key or instance.key(name)
        if door is None:
            door = "control" if name in ("reviewer", "reviewer2", "admin", "auditor") else "agents"
        self.door, self.type, self.seq = door, socket_type, 0
        self.open()

    def open(self):
        self.socket = self.instance.context.socket(self.type)
        self.socket.linger = 0
        self.socket.curve_publickey = self.key["curve_public"].encode()
        self.socket.curve_secretkey = self.key["curve_secret"].encode()
        self.socket.curve_serverkey = self.instance.broker["curve_public"].encode()
        self.socket.connect(self.instance.broker[self.door])

    def close(self):
        self.socket.close()

    def send_raw(self, payload, protocol=b"HPP/1"):
        frames = [protocol, payload]
        self.socket.send_multipart(frames if self.type == zmq.REQ else [b""] + frames)

    def send(self, **message):
        self.seq += 1
        self.send_raw(msgpack.packb({"seq": self.seq, **message}, use_bin_type=True))
        return self.seq

    def receive(self, timeout_ms=TIMEOUT_MS):
        """The next reply, or None in time."""
        if not self.socket.poll(timeout_ms):
            return None
        frames = self.socket.recv_multipart()
        assert frames[-2] == b"HPP/1", frames
        return msgpack.unpackb(frames[-1], raw=False)

    def ask(self, **message):
        """The reply to this message, errors included."""
        seq = self.send(**message)
        while True:
            reply = self.receive()
            if reply is None:
                raise TimeoutError(f"{self.name}: no reply to {message.get('type')}")
            if reply.get("re") == seq:
                return reply

    def call(self, **message):
        reply = self.ask(**message)
        if reply["type"] == "error":
            raise Error(reply)
        return reply

    def code(self, **message):
        """The error code of the reply, or "ok"."""
        reply = self.ask(**message)
        return reply["code"] if reply["type"] == "error" else "ok"

    def submit(self, **changes):
        return self.call(type="submit", **request(**changes))

    def ballot(self, shown, decision, reason="", at_ms=None, sign_as=None, digest=None):
        """A complete `decide` message over the bytes that `show` gave, or over a digest that is known."""
        digest = digest or hashlib.sha256(b"holdpoint/request/v1\0" + shown["canonical"]).digest()
        at_ms = int(time.time() * 1000) if at_ms is None else at_ms
        key = sign_as or self.key
        body = canon({"v": 1, "instance": self.instance.broker["instance"],
                      "request": shown["id"], "digest": digest, "decision": decision,
                      "reason": reason, "by": self.name, "at_ms": at_ms})
        pae = b"DSSEv1 %d %s %d %s" % (len(VOTE_TYPE), VOTE_TYPE, len(body), body)
        seed = base64.b64decode(key["sign_secret"])
        return {"type": "decide", "id": shown["id"], "digest": digest, "decision": decision,
                "reason": reason, "at_ms": at_ms,
                "signature": Ed25519PrivateKey.from_private_bytes(seed).sign(pae)}

    def decide(self, request_id, decision, reason="", **changes):
        shown = self.call(type="show", id=request_id)
        return self.ask(**{**self.ballot(shown, decision, reason), **changes})


def request(**changes):
    """A held creation in production; fields of `action` may be given at the top."""
    action = {"operation": "rds:CreateDBInstanceReadReplica", "environment": "production",
              "resources": ["orders-ro"], "arguments": {"Class": "db.t3.small"},
              "audience": "executor"}
    for name in ("operation", "environment", "resources", "arguments", "command", "audience",
                 "cwd", "env", "files", "payload"):
        if name in changes:
            value = changes.pop(name)
            action[name] = value
            if value is None:
                del action[name]
    whole = {"id": str(uuid.uuid4()), "action": action, "summary": "Add a read replica",
             "why": "Reports slow down the primary",
             "impact": {"resources_affected": 1, "cost_usd": 12.5, "reversible": True},
             "alternatives": [{"approach": "cache", "rejected_because": "stale figures"}],
             "rollback": {"plan": "delete the replica", "minutes": 5}, "confidence": 0.9}
    whole.update(changes)
    return whole


def with_gateway(text, lines):
    """A policy with more lines in its section `gateway`, indented as they are to stand."""
    head, tail = text.split("\ngateway:\n")
    return f"{head}\ngateway:\n{lines}{tail}"


def kiro(name, **changes):
    """A fixture of tests/fixtures as a wire request."""
    import yaml
    with open(os.path.join(SOURCE, "tests", "fixtures", name)) as file:
        return {"id": str(uuid.uuid4()), **yaml.safe_load(file), **changes}


class Instance:
    """A trial instance in a temporary directory, and its broker."""

    def __init__(self, policy=None, config=None):
        self.dir = tempfile.mkdtemp(prefix="hp-", dir="/tmp")
        self.home = os.path.join(self.dir, "i")
        self.context = zmq.Context()
        self.process = None
        subprocess.run([HOLDPOINT, "init", self.home], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        for name, change in (("policy.yaml", policy), ("holdpoint.yaml", config)):
            if change:
                path = os.path.join(self.home, name)
                with open(path) as file:
                    text = file.read()
                changed = change(text)
                assert changed != text, f"the change of {name} changed nothing"
                with open(path, "w") as file:
                    file.write(changed)
        with open(os.path.join(self.home, "broker.json")) as file:
            self.broker = json.load(file)
        self.start()

    def key(self, name):
        with open(os.path.join(self.home, "keys", name + ".key")) as file:
            return json.load(file)

    def start(self, expect=True):
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen([HOLDPOINTD, "--home", self.home],
                                        stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if expect and line != b"ready\n":
            raise RuntimeError("holdpointd did not start: " + self.log_text())
        return line == b"ready\n"

    def log_text(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as file:
            return file.read()

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        return code

    def restart(self, how=signal.SIGKILL):
        self.kill(how)
        self.start()

    def cli(self, *arguments, **options):
        return subprocess.run([HOLDPOINT, "--home", self.home, *arguments], text=True,
                              capture_output=True, **options)

    def verify(self):
        """The independent check of the log; its output on failure, else ""."""
        run = subprocess.run(["/usr/bin/python3", os.path.join(SOURCE, "dev", "verify-log"),
                              self.home], text=True, capture_output=True)
        return "" if run.returncode == 0 else run.stdout + run.stderr

    def close(self):
        """Stops the broker, which must end cleanly, and cleans up."""
        code = self.kill(signal.SIGTERM) if self.process.poll() is None else None
        self.context.destroy(linger=0)
        log = self.log_text()
        if code not in (0, None) or "ERROR: AddressSanitizer" in log or "runtime error" in log:
            tap.ok(False, f"the broker ended cleanly (code {code})", log[-4000:])
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
