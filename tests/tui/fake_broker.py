"""A broker that says exactly what a test wants said, at the time it says it is.

CURVE ROUTER and PUB behind a ZAP handler, HPP/1 on the wire: the console cannot tell it from
holdpointd, but its clock stands still, and it can hang, vanish, lie and come back.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import json
import os
import threading
import uuid

import msgpack
import zmq

from fake_log import Log

# RFC 8032, test 1: a known pair, so that nothing has to be generated to sign.
SIGN_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
SIGN_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

NOW_MS = 1795317164200      # 2026-11-22T03:12:44.2Z: a second's edge is far on both sides
INSTANCE = "test.example/holdpoint"
VOTE_TYPE = b"application/vnd.holdpoint.vote.v1+msgpack"

CANONICAL_KEYS = """v instance id requester owner mode submitted_ms environment class tier effect
operation resources arguments command cwd env files audience summary why impact alternatives
rollback confidence session branch evidence supersedes findings quorum policy
action_digest""".split()
IMPACT_KEYS = "resources_affected cost_usd downtime_s users_affected reversible note".split()


def canon(value):
    """HP-canon (trust.md): sorted keys, shortest forms."""
    if isinstance(value, dict):
        return {key: canon(value[key]) for key in sorted(value, key=lambda key: key.encode())}
    if isinstance(value, (list, tuple)):
        return [canon(item) for item in value]
    return value


def pack(value):
    return msgpack.packb(canon(value), use_bin_type=True)


def sodium():
    return ctypes.CDLL(ctypes.util.find_library("sodium"))


def pae(body):
    return b"DSSEv1 %d %s %d %s" % (len(VOTE_TYPE), VOTE_TYPE, len(body), body)


def sign(body):
    secret, signature = SIGN_SEED + SIGN_PUBLIC, ctypes.create_string_buffer(64)
    message = pae(body)
    sodium().crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)),
                                  secret)
    return signature.raw


def verifies(body, signature):
    message = pae(body)
    return sodium().crypto_sign_verify_detached(signature, message,
                                                ctypes.c_ulonglong(len(message)),
                                                SIGN_PUBLIC) == 0


class Request:
    """One request as the broker keeps it. Keyword arguments replace canonical fields."""

    def __init__(self, number=1, left_ms=468_000, total_ms=900_000, now_ms=NOW_MS, **fields):
        self.id = str(uuid.UUID(int=(0x01936F2A0000 + number) << 80 | 7 << 76 | 2 << 62 | number))
        deadline_ms = now_ms // 1000 * 1000 + left_ms
        self.canonical = dict.fromkeys(CANONICAL_KEYS)
        self.canonical.update({
            "v": 1, "instance": INSTANCE, "id": self.id, "requester": "kiro", "owner": "ben",
            "mode": "autonomous", "submitted_ms": deadline_ms - total_ms,
            "environment": "production", "class": ["delete"], "tier": "gated",
            "effect": "hold", "operation": "rds:DeleteDBInstance",
            "resources": ["db/orders-ro"], "summary": "Drop the read replica",
            "why": "It is not used since October.", "alternatives": [],
            "impact": {"resources_affected": 1, "cost_usd": 0, "downtime_s": 0,
                       "users_affected": 0, "reversible": False},
            "evidence": [],
            "findings": [{"layer": 2, "rule": "permissions.production.delete", "effect": "hold",
                          "message": "delete by an autonomous agent", "line": 41}],
            "quorum": [{"groups": ["oncall"], "count": 2}],
            "policy": bytes(32), "action_digest": bytes(32),
        })
        self.canonical.update(fields)
        impact = dict.fromkeys(IMPACT_KEYS)
        impact.update(self.canonical["impact"])
        self.canonical["impact"] = impact
        self.bytes = pack(self.canonical)
        self.digest = hashlib.sha256(b"holdpoint/request/v1\0" + self.bytes).digest()
        self.state, self.deadline_ms = "pending", deadline_ms
        self.approvals, self.needed = 0, 2
        self.votes, self.notes = [], []
        self.history = [{"at_ms": self.canonical["submitted_ms"], "state": "pending"}]

    def summary(self):
        get = self.canonical.get
        resources = get("resources") or []
        summary = {
            "id": self.id, "state": self.state, "tier": get("tier"), "effect": get("effect"),
            "environment": get("environment"), "class": get("class"),
            "operation": get("operation"), "resource": resources[0] if resources else None,
            "resources": len(resources), "requester": get("requester"),
            "summary": get("summary"), "submitted_ms": get("submitted_ms"),
            "approvals": self.approvals, "needed": self.needed, "flags": [],
            "digest": self.digest,
        }
        if self.state in ("pending", "granted"):
            summary["deadline_ms"] = self.deadline_ms
        return summary

    def vote(self, decision, by, at_ms=NOW_MS, reason=""):
        body = pack({"v": 1, "instance": INSTANCE, "request": self.id, "digest": self.digest,
                     "decision": decision, "reason": reason, "by": by, "at_ms": at_ms})
        self.votes.append({"by": by, "person": by, "body": body, "signature": sign(body),
                           "sign_public": SIGN_PUBLIC})


class Broker:
    """Runs in a thread of its own; every public method may be called from the test's."""

    def __init__(self, directory):
        self.directory = directory
        self.public, self.secret = zmq.curve_keypair()
        self.listen_on = {}             # endpoints instead of our sockets
        self.log = Log(INSTANCE, SIGN_SEED, SIGN_PUBLIC, sodium, pack)
        self.agents, self.halts = [], []
        self.anchors = {"anchors": 1, "anchors_failing": 0}
        self.unchecked = set()          # ids that wait for a spot check
        self.clients = {}               # CURVE public key → principal
        self.roles = ["reviewer"]
        self.requests = {}
        self.now_ms = NOW_MS
        self.halted = False
        self.event_seq = 100
        self.received = []              # every message but heartbeats and reads
        self.answers = {}               # type → reply instead of ours
        self.hanging = False            # reads nothing
        self.lock = threading.RLock()
        self.outbox = []
        self.running = False
        self.write_files()

    # --- files a console needs ---

    def path(self, name):
        return os.path.join(self.directory, name)

    def endpoint(self, name):
        return "ipc://" + self.path(name)

    def write_files(self, **endpoints):
        """broker.json; with endpoints that stand before ours where a test says so."""
        with open(self.path("broker.json"), "w", encoding="ascii") as file:
            json.dump({
                "instance": INSTANCE, **{name: endpoints.get(name, self.endpoint(name))
                   for name in ("agents", "control", "events")},
                "curve_public": self.public.decode(),
                "log_key": self.log.vkey(),
            }, file)

    def key_file(self, name, known=True):
        public, secret = zmq.curve_keypair()
        if known:
            self.clients[public] = name
        path = self.path(name + ".key")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            json.dump({"name": name, "curve_public": public.decode(),
                       "curve_secret": secret.decode(),
                       "sign_public": base64.b64encode(SIGN_PUBLIC).decode(),
                       "sign_secret": base64.b64encode(SIGN_SEED).decode()}, file)
        return path

    # --- life ---

    def start(self):
        self.running = True
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(5)
        return self

    def stop(self):
        self.running = False
        self.thread.join(5)

    def run(self, ready):
        context = zmq.Context()
        zap = context.socket(zmq.REP)
        zap.bind("inproc://zeromq.zap.01")
        control, events = context.socket(zmq.ROUTER), context.socket(zmq.PUB)
        for socket, name in ((control, "control"), (events, "events")):
            socket.curve_server, socket.curve_secretkey = True, self.secret
            socket.zap_domain = name.encode()
            socket.linger = 0
            socket.bind(self.listen_on.get(name, self.endpoint(name)))
        poller = zmq.Poller()
        for socket in (zap, control):
            poller.register(socket, zmq.POLLIN)
        ready.set()
        while self.running:
            ready_sockets = dict(poller.poll(5))
            if zap in ready_sockets:
                self.authenticate(zap)
            with self.lock:
                if control in ready_sockets and not self.hanging:
                    self.serve(control)
                for event in self.outbox:
                    events.send_multipart([event["type"].encode(), b"HPP/1", pack(event)])
                self.outbox.clear()
        zap.close(0)
        control.close(0)
        events.close(0)
        context.term()
        for name in ("control", "events"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))

    def authenticate(self, zap):
        version, request_id, _, _, _, mechanism, *credentials = zap.recv_multipart()
        from zmq.utils import z85
        key = z85.encode(credentials[0]) if mechanism == b"CURVE" else b""
        name = self.clients.get(key)
        code, text = (b"200", b"OK") if name else (b"400", b"unknown key")
        zap.send_multipart([version, request_id, code, text, (name or "").encode(), b""])

    # --- the wire ---

    def serve(self, control):
        *envelope, _, payload = control.recv_multipart()
        message = msgpack.unpackb(payload, raw=False)
        kind = message["type"]
        if kind not in ("hello", "list", "show", "agents", "audit", "checkpoint", "proof", "stats"):
            self.received.append(message)
        reply = self.answers.get(kind) or getattr(self, "on_" + kind)(message)
        reply = reply(message) if callable(reply) else reply
        control.send_multipart([*envelope, b"HPP/1", pack({**reply, "re": message["seq"]})])

    def on_hello(self, message):
        return {"type": "welcome", "broker": "fake", "version": "0", "instance": INSTANCE,
                "principal": "ana", "roles": self.roles, "now_ms": self.now_ms,
                "halted": self.halted}

    def on_list(self, message):
        items = [request.summary() for request in reversed(list(self.requests.values()))
                 if self.matches(request, message) and
                 (not message.get("spot_checks") or request.id in self.unchecked)]
        limit, reply = message.get("limit", 500), {"type": "requests"}
        if "after" in message:
            ids = [item["id"] for item in items]
            items = items[ids.index(message["after"]) + 1:]
        if len(items) > limit:
            items = items[:limit]
            reply["next"] = items[-1]["id"]
        return {**reply, "items": items, "event_seq": self.event_seq}

    @staticmethod
    def matches(request, message):
        get = request.canonical.get
        text = " ".join([get("operation"), *(get("resources") or [])[:1], get("summary"),
                         get("requester")])
        return (request.state == message.get("state", request.state) and
                all(get(name) == message.get(name, get(name))
                    for name in ("requester", "environment", "tier", "session")) and
                message.get("text", "").lower() in text.lower())

    def on_agents(self, message):
        return {"type": "agents", "items": self.agents, "halts": self.halts,
                "now_ms": self.now_ms}

    def on_audit(self, message):
        return {"type": "entries", "entries": self.log.page(message["from"], message["limit"])}

    def on_checkpoint(self, message):
        return {"type": "checkpoint", "text": self.log.checkpoint()}

    def on_proof(self, message):
        return {"type": "proof", "text": self.log.proof(message["leaf"])}

    def on_stats(self, message):
        return {"type": "stats", "stats": self.anchors}

    def on_spot_check(self, message):
        self.unchecked.discard(message["id"])
        return self.status(self.requests[message["id"]])

    def on_resume(self, message):
        return {"type": "resumed"}

    def on_show(self, message):
        request = self.requests.get(message["id"])
        if not request:
            return {"type": "error", "code": "not_found", "message": "no such request"}
        return {**request.summary(), "type": "request", "canonical": request.bytes,
                "votes": request.votes, "notes": request.notes, "history": request.history,
                "now_ms": self.now_ms}

    def status(self, request):
        return {"type": "status", "id": request.id, "state": request.state,
                "approvals": request.approvals, "needed": request.needed, "stop": False}

    def on_decide(self, message):
        request = self.requests[message["id"]]
        body = pack({"v": 1, "instance": INSTANCE, "request": message["id"],
                     "digest": message["digest"], "decision": message["decision"],
                     "reason": message["reason"], "by": "ana", "at_ms": message["at_ms"]})
        if message["digest"] != request.digest or not verifies(body, message["signature"]):
            return {"type": "error", "code": "bad_signature", "message": "not what was signed"}
        request.vote(message["decision"], "ana", message["at_ms"], message["reason"])
        if message["decision"] == "deny":
            self.set_state(request, "denied", by="ana", reason=message["reason"])
        else:
            request.approvals += 1
            if request.approvals >= request.needed:
                self.set_state(request, "granted")
            else:
                self.publish("vote", request)
        return self.status(request)

    def on_extend(self, message):
        request = self.requests[message["id"]]
        request.deadline_ms += message["by_ms"]
        self.publish("request.pending", request)
        return self.status(request)

    def on_note(self, message):
        request = self.requests[message["id"]]
        request.notes.append({"by": "ana", "at_ms": self.now_ms, "text": message["text"]})
        self.publish("note", request)
        return self.status(request)

    def on_halt(self, message):
        return {"type": "halted"}

    # --- what a test lets happen ---

    def publish(self, topic, request=None, **fields):
        with self.lock:
            self.event_seq += 1
            event = {**(request.summary() if request else {}), **fields, "type": topic,
                     "event_seq": self.event_seq, "at_ms": self.now_ms}
            self.outbox.append(event)

    def add(self, *requests, announce=True):
        with self.lock:
            for request in requests:
                self.requests[request.id] = request
                if announce:
                    self.publish("request.pending", request)
        return requests[0]

    def set_state(self, request, state, **why):
        with self.lock:
            request.state = state
            request.history.append({"at_ms": self.now_ms, "state": state, **why})
            self.publish("request." + state, request)

    def advance(self, ms):
        with self.lock:
            self.now_ms += ms

    def got(self, kind):
        with self.lock:
            return [message for message in self.received if message["type"] == kind]
