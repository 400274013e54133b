"""A broker that says whatever a test wants said to an executor, and what the executor's tests share.

It speaks CURVE and HPP/1 like holdpointd, but grants what nobody approved, alters what it hands out,
halts, falls silent. Written from the protocol's description alone.
"""
import base64
import copy
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

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from hp import HOLDPOINT, VOTE_TYPE, canon, tap  # noqa: E402,F401

INSTANCE = "test/doctored"
CANONICAL_KEYS = """v instance id requester owner mode submitted_ms environment class tier effect
operation resources arguments command cwd env files audience summary why impact alternatives
rollback confidence session branch evidence supersedes findings quorum policy
action_digest""".split()
IMPACT_KEYS = "resources_affected cost_usd downtime_s users_affected reversible note".split()
PATIENCE_S = 30


def eventually(condition, timeout_s=PATIENCE_S):
    """Whether it holds in the end; asked again and again, at most for so long."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def processes(mark):
    """Processes with `mark` among their arguments, zombies apart: {pid: command line}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if any(mark.encode() in word for word in words) and int(pid) != os.getpid():
            found[int(pid)] = b" ".join(words).decode(errors="replace")
    return found


class Reviewer:
    def __init__(self, name, person=None):
        self.name, self.person = name, person or name
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.seed = self.key.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
            serialization.NoEncryption())

    def vote(self, request_id, canonical, decision="approve", instance=INSTANCE, reason="fine"):
        body = canon({"v": 1, "instance": instance, "request": request_id,
                      "digest": hashlib.sha256(b"holdpoint/request/v1\0" + canonical).digest(),
                      "decision": decision, "reason": reason, "by": self.name,
                      "at_ms": int(time.time() * 1000)})
        pae = b"DSSEv1 %d %s %d %s" % (len(VOTE_TYPE), VOTE_TYPE, len(body), body)
        return {"by": self.name, "person": self.person, "decision": decision,
                "at_ms": int(time.time() * 1000), "body": body, "signature": self.key.sign(pae),
                "sign_public": self.public}


ANA, BEN, ANA2 = Reviewer("ana"), Reviewer("ben"), Reviewer("ana2", "ana")
STRANGER = Reviewer("eve")


def grant(action, rollback=None, voters=(ANA,), tier="gated", environment="production",
          quorum=1, lease_ms=60000, owner="developer", shown=None, **canonical_fields):
    """A `claimed` reply that is consistent in itself, as the real broker would make it."""
    action = {"operation": "shell:touch", "environment": environment, "audience": "executor",
              **action}
    action = {key: value for key, value in action.items() if value is not None}
    salt, request_id = os.urandom(32), str(uuid.uuid4())
    digest = hashlib.sha256(b"holdpoint/action/v1\0" + salt +
                            canon({"action": action, "rollback": rollback})).digest()
    canonical = dict.fromkeys(CANONICAL_KEYS)
    canonical.update({
        "v": 1, "instance": INSTANCE, "id": request_id, "requester": "kiro", "owner": owner,
        "mode": "autonomous", "submitted_ms": int(time.time() * 1000), "environment": environment,
        "class": ["other"], "tier": tier, "effect": "hold", "summary": "a test", "why": "a test",
        "alternatives": [], "impact": dict.fromkeys(IMPACT_KEYS), "rollback": rollback,
        "findings": [], "quorum": [{"groups": ["oncall"], "count": quorum}] if quorum else [],
        "policy": bytes(32), "action_digest": digest})
    for key in ("operation", "resources", "arguments", "command", "cwd", "env", "files",
                "audience"):
        canonical[key] = action.get(key)
    canonical.update(shown or {})
    canonical.update(canonical_fields)
    packed = canon(canonical)
    return {"type": "claimed", "id": request_id, "action": action, "rollback": rollback,
            "salt": salt, "canonical": packed, "lease_ms": lease_ms,
            "votes": [voter.vote(request_id, packed) for voter in voters]}


class Broker:
    """Pumped by the test: nothing happens between two calls of pump()."""

    def __init__(self, directory):
        self.directory = directory
        self.context = zmq.Context()
        self.public, self.secret = zmq.curve_keypair()
        self.endpoint = "ipc://" + os.path.join(directory, "agents")
        self.claims, self.stops = [], []        # parked: (envelope, seq, end)
        self.given = {}                         # nonce → reply
        self.grants = []
        self.received, self.reports, self.texts, self.progressed = [], [], [], []
        self.states, self.stopping = {}, set()
        self.refuse_progress = False
        self.open()
        with open(self.path("broker.json"), "w") as file:
            json.dump({"instance": INSTANCE, "agents": self.endpoint, "control": self.endpoint,
                       "events": "ipc://" + self.path("events"),
                       "curve_public": self.public.decode(),
                       "log_key": INSTANCE + "+00000000+" +
                       base64.b64encode(b"\1" + bytes(32)).decode()}, file)
        public, secret = zmq.curve_keypair()
        key = os.open(self.path("executor.key"), os.O_CREAT | os.O_WRONLY, 0o600)
        with open(key, "w") as file:
            json.dump({"name": "executor", "curve_public": public.decode(),
                       "curve_secret": secret.decode(),
                       "sign_public": base64.b64encode(STRANGER.public).decode(),
                       "sign_secret": base64.b64encode(STRANGER.seed).decode()}, file)

    def path(self, name):
        return os.path.join(self.directory, name)

    def open(self):
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.curve_server, self.socket.curve_secretkey = True, self.secret
        self.socket.bind(self.endpoint)

    def silence(self):
        """Is gone, as after kill -9."""
        self.socket.close()
        self.claims, self.stops = [], []

    def close(self):
        self.context.destroy(linger=0)

    def send(self, envelope, seq, **reply):
        reply = {**reply, "re": seq}
        self.socket.send_multipart([*envelope, b"HPP/1", msgpack.packb(reply, use_bin_type=True)])

    def status(self, request_id):
        return {"type": "status", "id": request_id, "approvals": 0, "needed": 0,
                "state": self.states.get(request_id, "executing"),
                "stop": request_id in self.stopping}

    def take(self, envelope, message):
        seq, kind, request_id = message["seq"], message["type"], message.get("id")
        self.received.append(message)
        if kind == "claim":
            if message["nonce"] in self.given:
                self.send(envelope, seq, **self.given[message["nonce"]])
            else:
                self.claims.append((envelope, seq, message["nonce"]))
        elif kind == "wait" and message["until"] == "stop":
            if request_id in self.stopping:
                self.send(envelope, seq, **self.status(request_id))
            else:
                self.stops.append((envelope, seq, request_id))
        elif kind == "wait":
            self.send(envelope, seq, **self.status(request_id))
        elif kind == "progress":
            self.progressed.append(request_id)
            if "text" in message:
                self.texts.append(message["text"])
            if self.refuse_progress:
                self.send(envelope, seq, type="error", code="conflict", message="it has ended")
            else:
                self.send(envelope, seq, **self.status(request_id))
        elif kind == "report":
            self.reports.append(message)
            runnable = (self.rollbacks.get(request_id) or {}).keys() & {"operation", "command"}
            self.states[request_id] = "rolling_back" if message["result"] == "failed" and runnable \
                else message["result"]
            self.send(envelope, seq, **self.status(request_id))

    rollbacks = {}

    def pump(self, until, timeout_s=PATIENCE_S):
        """Serves until `until()` holds; whether it did in time."""
        end = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > end:
                return False
            if self.grants and self.claims:
                envelope, seq, nonce = self.claims.pop(0)
                reply = self.grants.pop(0)
                self.rollbacks[reply["id"]] = reply.get("rollback")
                self.given[nonce] = reply
                self.send(envelope, seq, **reply)
            if self.socket.poll(20):
                *envelope, protocol, payload = self.socket.recv_multipart()
                assert protocol == b"HPP/1"
                self.take(envelope, msgpack.unpackb(payload, raw=False))
        return True

    def halt(self, request_id):
        self.stopping.add(request_id)
        for envelope, seq, waiting in self.stops:
            if waiting == request_id:
                self.send(envelope, seq, **self.status(request_id))
        self.stops = [stop for stop in self.stops if stop[2] != request_id]

    def reported(self, request_id, results=None):
        return [r for r in self.reports if r["id"] == request_id and
                (results is None or r["result"] in results)]

    def ended(self, request_id):
        return self.states.get(request_id, "rolling_back") != "rolling_back"


class Bench:
    """A directory, a doctored broker, and an executor that believes itself in production."""

    def __init__(self, **boundary):
        self.dir = tempfile.mkdtemp(prefix="hp-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.broker = Broker(self.dir)
        self.process = None
        self.write_boundary(**boundary)
        os.mkdir(self.path("state"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def script(self, name, text, mode=0o755):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def write_boundary(self, **changes):
        known = {"environment": "production", "audience": "executor", "operations": ["shell:*"],
                 "programs": {"touch": "/usr/bin/touch", "sh": "/bin/sh"},
                 "cwd_roots": [self.dir], "env": ["COLOUR"],
                 "reviewers": [{"name": r.name, "person": r.person,
                                "sign_public": base64.b64encode(r.public).decode()}
                               for r in (ANA, BEN, ANA2)],
                 "min_votes": {"gated": 1, "supervised": 0, "grave": 2}, "max_parallel": 4}
        known.update(changes)
        with open(self.path("executor.yaml"), "w") as file:
            json.dump({k: v for k, v in known.items() if v is not None}, file)
        os.chmod(self.path("executor.yaml"), 0o644)

    def start(self, **options):
        self.log = open(self.path("log"), "a+b")
        self.process = subprocess.Popen(
            [HOLDPOINT, "--key", self.path("executor.key"), "--broker", self.path("broker.json"),
             "executor", "--boundary", self.path("executor.yaml"), "--state", self.path("state")],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, **options)
        os.set_blocking(self.process.stdout.fileno(), False)
        said = bytearray()

        def ready():
            said.extend(self.process.stdout.read() or b"")
            return b"ready\n" in said
        if not self.broker.pump(ready):
            raise RuntimeError("the executor did not start: " + self.log_text())
        return self

    def log_text(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.broker.pump(lambda: self.process.poll() is not None)
        self.process.stdout.close()
        self.log.close()
        self.broker.claims, self.broker.stops = [], []
        return self.process.returncode

    def run(self, reply, timeout_s=PATIENCE_S):
        """Grants it; the reports that came, to its end."""
        self.broker.grants.append(reply)
        self.broker.pump(lambda: self.broker.ended(reply["id"]), timeout_s)
        return self.broker.reported(reply["id"])

    def close(self):
        code = self.kill(signal.SIGTERM) if self.process and self.process.poll() is None else None
        log = self.log_text() if self.process else ""
        if code not in (0, None) or "ERROR: AddressSanitizer" in log or "runtime error" in log:
            tap.ok(False, f"the executor ended cleanly (code {code})", log[-4000:])
        self.broker.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def flips(value, path=()):
    """Each string and bin below, as (path, number of bytes)."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from flips(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from flips(below, (*path, index))
    elif isinstance(value, (str, bytes)) and value:
        yield path, len(value)


def flipped(value, path, at):
    """A deep copy with one byte changed there (of a string: one letter)."""
    whole = copy.deepcopy(value)
    holder = whole
    for step in path[:-1]:
        holder = holder[step]
    old = holder[path[-1]]
    if isinstance(old, bytes):
        holder[path[-1]] = old[:at] + bytes([old[at] ^ 1]) + old[at + 1:]
    else:
        holder[path[-1]] = old[:at] + ("x" if old[at] != "x" else "y") + old[at + 1:]
    return whole
