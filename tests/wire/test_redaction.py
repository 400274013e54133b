"""Redaction through the running broker: what is marked as a secret, in every field of every message, reaches
neither a file nor a stream nor anybody but the executor; what it does to the verdict; and that it costs little."""
import hashlib
import os
import random
import signal
import string
import subprocess

import msgpack
import zmq

from hp import HOLDPOINT, Client, Instance, canon, request, tap

ALNUM = string.ascii_letters + string.digits
random.seed(8)
secrets = {}  # where it was put → the secret


def token(where):
    """A secret of a well-known form, never used twice."""
    secrets[where] = "ghp_" + "".join(random.choices(ALNUM, k=36))
    return secrets[where]


def weak(where):
    """One that only the word before it gives away."""
    secrets[where] = "horse-" + "".join(random.choices(string.ascii_lowercase, k=8))
    return secrets[where]


heard = []  # every reply and event, as bytes


class Ear(Client):
    def receive(self, timeout_ms=20000):
        if not self.socket.poll(timeout_ms):
            return None
        frames = self.socket.recv_multipart()
        heard.append(frames[-1])
        return msgpack.unpackb(frames[-1], raw=False)


def subscribe(instance, name):
    key, socket = instance.key(name), instance.context.socket(zmq.SUB)
    socket.linger, socket.rcvhwm = 0, 0
    socket.curve_publickey, socket.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    socket.curve_serverkey = instance.broker["curve_public"].encode()
    socket.subscribe(b"")
    socket.connect(instance.broker["events"])
    return socket


def files(instance):
    """Every byte that the instance and its broker have written."""
    found = {"stderr": instance.log_text().encode()}
    for folder, _, names in os.walk(instance.home):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, instance.home)] = file.read()
    return found


def leaks(texts, wanted=None):
    """[(where a secret was put, where it lies)]; half of one is one too."""
    halves = {where: secret.encode()[4:24] if secret.startswith("ghp_") else secret.encode()
              for where, secret in secrets.items() if wanted is None or where in wanted}
    return [(where, name) for name, text in texts.items() for where, half in halves.items() if half in text]


def finding(receipt):
    return [f for f in receipt["findings"] if f["rule"] == "gateway.redaction"]


def shown(client, receipt):
    return msgpack.unpackb(client.call(type="show", id=receipt["id"])["canonical"], raw=False)


with Instance() as instance:
    agent, gateway = Ear(instance, "demo-agent-supervised"), Ear(instance, "gateway")
    reviewer, admin, auditor = (Ear(instance, name) for name in ("reviewer", "admin", "auditor"))
    developer = Ear(instance, "developer")
    events = subscribe(instance, "auditor")
    first = agent.submit()
    while not events.poll(100):
        reviewer.call(type="note", id=first["id"], text="anyone?")

    # ---- layer 3, redaction: a secret in what runs blocks ----
    blocks = {
        "operation": lambda s: {"operation": "k8s:" + s},
        "environment": lambda s: {"environment": s},
        "resources": lambda s: {"resources": ["deploy/api", "x " + s]},
        "command": lambda s: {"command": ["curl", "-H", "X-Key: " + s, "https://api.internal/"]},
        "cwd": lambda s: {"cwd": "/srv/" + s},
        "files": lambda s: {"files": [{"path": "/srv/" + s, "sha256": "0" * 64}]},
        "audience": lambda s: {"audience": s},
        "session": lambda s: {"session": s},
        "branch": lambda s: {"branch": s},
        "rollback.plan": lambda s: {"rollback": {"plan": "log in with " + s}},
        "rollback.operation": lambda s: {"rollback": {"operation": "x:" + s}},
        "rollback.command": lambda s: {"rollback": {"command": ["kubectl", "--token", s]}},
        "rollback.arguments": lambda s: {"rollback": {"operation": "k8s:Scale", "arguments": {"note": s}}},
    }
    for client in (agent, developer):
        for where, change in blocks.items():
            name = f"{where} of {client.name}"
            receipt = client.submit(**change(token(name)))
            told = finding(receipt)
            tap.equal((receipt["verdict"], receipt["state"], [(f["layer"], f["effect"]) for f in told]),
                      ("block", "blocked", [(3, "block")]), f"a secret in {name} blocks")
            tap.ok(where in told[0]["message"] and "github_token, 40 bytes" in told[0]["message"] and told[0]["line"] > 0,
                   f"and is named in {name}", told)
            tap.ok("[REDACTED:github_token]" in repr(shown(reviewer, receipt)), f"and shown redacted in {name}")
    receipt = agent.submit(command=["mysql", "--password", weak("option")])
    tap.equal(receipt["verdict"], "block", "so does one that only its option gives away")
    receipt = agent.submit(resources=["mailbox bob.the.secret@example.com"])
    secrets["email"] = "bob.the.secret@example.com"
    tap.equal((receipt["verdict"], "email" in finding(receipt)[0]["message"]), ("block", True), "so does personal data")

    # ---- in what goes with it, it holds ----
    holds = {
        "arguments": lambda s: {"arguments": {"a": [{"token": s}]}},
        "env": lambda s: {"env": {"API_TOKEN": s}},
        "payload": lambda s: {"payload": b'{"k": "' + s.encode() + b'"}'},
        "a key": lambda s: {"arguments": {s: 1}},
    }
    held = {}
    for where, change in holds.items():
        receipt = agent.submit(environment="development", operation="k8s:GetPods", **change(token(where)))
        told = finding(receipt)
        tap.equal((receipt["verdict"], receipt["state"], [(f["layer"], f["effect"]) for f in told]),
                  ("hold", "pending", [(3, "hold")]), f"a secret in {where} holds")
        tap.ok("github_token, 40 bytes" in told[0]["message"], "and is told with kind and length", told)
        held[where] = receipt["id"]
    canonical = shown(reviewer, {"id": held["arguments"]})
    tap.equal(canonical["arguments"], {"a": [{"token": "[REDACTED:github_token]"}]}, "the reviewer sees its kind")
    tap.equal(shown(reviewer, {"id": held["a key"]})["arguments"], {"[REDACTED:github_token]": 1}, "of a key too")
    payload = [f["message"] for f in shown(reviewer, {"id": held["payload"]})["findings"] if f["rule"] == "payload"]
    tap.ok(payload and "not told" in payload[0], "no SHA-256 of a payload that a secret could be guessed from", payload)
    number = agent.submit(environment="development", operation="k8s:GetPods", arguments={"card": 4111111111111111})
    tap.equal(shown(reviewer, number)["arguments"], {"card": "[REDACTED:card]"}, "a number that is a card is hidden")

    # ---- prose is redacted, and judged by nothing else ----
    plain = agent.submit()
    prose = {
        "summary": lambda s: {"summary": "Use " + s},
        "why": lambda s: {"why": "The pod logs " + s + " in clear"},
        "impact": lambda s: {"impact": {"resources_affected": 1, "reversible": True, "note": s}},
        "alternatives": lambda s: {"alternatives": [{"approach": s, "rejected_because": "no"}]},
        "evidence": lambda s: {"evidence": [{"label": "log", "text": s}]},
    }
    for where, change in prose.items():
        receipt = agent.submit(**change(token(where)))
        told = finding(receipt)
        tap.equal((receipt["effect"], [f["effect"] for f in told]), (plain["effect"], ["allow"]),
                  f"a secret in {where} is told and changes nothing")
        tap.ok("[REDACTED:github_token]" in repr(shown(reviewer, receipt)[where]), f"and {where} is shown without it")
    long = agent.submit(summary=" ".join(["a@b.co"] * 28))
    secrets["long summary"] = "a@b.co"
    reviewer.decide(long["id"], "approve", "ok")
    executor = Client(instance, "executor")
    claimed = executor.ask(type="claim", id=long["id"], nonce=os.urandom(16), timeout_ms=0)
    tap.equal(claimed["type"], "claimed", "a summary that redaction made too long is still claimed")
    executor.call(type="report", id=long["id"], result="succeeded")

    # ---- everything else that peers write ----
    def held_now():
        return agent.submit()["id"]

    id = held_now()
    reviewer.call(type="note", id=id, text="try " + token("a note"))
    notes = agent.call(type="wait", id=id, until="decided", timeout_ms=0)["notes"]
    tap.equal(notes[0]["text"], "try [REDACTED:github_token]", "a note reaches the agent redacted")
    reviewer.call(type="extend", id=id, by_ms=1000, reason=token("extend"))
    reply = agent.call(type="withdraw", id=id, reason="leaked " + token("withdraw"))
    tap.equal(reply["reason"], "leaked [REDACTED:github_token]", "a reason to withdraw")
    id = held_now()
    for decision in ("approve", "deny"):
        reply = reviewer.decide(id, decision, "it says " + token(decision))
        tap.equal((reply.get("code"), reply.get("field")), ("malformed", "reason"),
                  f"a reason to {decision} is signed: it is refused, not changed")
    tap.equal(reviewer.decide(id, "deny", "no")["state"], "denied", "and the vote counts without it")
    admin.call(type="halt", scope="agent", agent="demo-agent-supervised", reason=token("halt"))
    admin.call(type="resume", scope="agent", agent="demo-agent-supervised", reason=token("resume"))

    id = held_now()
    reviewer.decide(id, "approve", "ok")
    executor.call(type="claim", id=id, nonce=os.urandom(16), timeout_ms=0)
    executor.call(type="progress", id=id, text="got " + token("progress"))
    executor.call(type="report", id=id, result="failed", output="password=" + weak("output") + "\n\0" + token("output 2"))

    refused = {
        "type": {"type": token("a type")},
        "unknown field": {"type": "ping", token("an unknown field"): 1},
        "a word": {"type": "wait", "id": id, "until": token("a word"), "timeout_ms": 0},
        "id": {"type": "wait", "id": token("an id"), "until": "done", "timeout_ms": 0},
        "for": {"type": "submit", "for": token("for"), **request()},
        "field of a request": {"type": "submit", **request(**{token("a field of a request"): 1})},
        "env name": {"type": "submit", **request(env={token("env name") + "=": "x"})},
        "not a map": {"type": "submit", **request(action=token("no action"))},
        "agent": {"type": "halt", "scope": "agent", "agent": token("an agent"), "reason": "x"},
    }
    for name, message in refused.items():
        door = admin if name == "agent" else gateway if name == "for" else agent
        tap.ok(door.code(**message) != "ok", f"refused: {name}")

    # ---- what was asked is known again, and cannot be guessed ----
    again = request(why="rotate " + token("asked twice"))
    digest = agent.call(type="submit", **again)["digest"]
    tap.equal(agent.call(type="submit", **again)["digest"], digest, "the same content is the same request")
    tap.equal(agent.code(**{"type": "submit", **again, "why": "rotate [REDACTED:github_token]"}), "conflict",
              "what only redaction makes equal is not the same")
    texts = files(instance)
    content = {k: v for k, v in again.items() if v is not None}
    tap.ok(all(hashlib.sha256(canon(content)).digest() not in text for text in texts.values()),
           "no plain hash of what was redacted is kept")

    # ---- no byte of it anywhere ----
    while events.poll(300):
        heard.append(b"".join(events.recv_multipart()))
    for _ in range(3):
        auditor.call(**{"type": "audit", "from": 0, "limit": 1000})
    auditor.call(type="list", limit=500)
    heard_text = {"a reply or an event": b"\0".join(heard)}
    kept = set(holds)  # for the executor, until the request ends
    gone = [where for where in secrets if where not in kept]
    tap.equal(leaks(heard_text), [], f"none of {len(secrets)} secrets is heard by anybody")
    tap.equal(leaks(texts, gone), [], f"none of {len(gone)} lies in a file, the log or standard error")
    tap.ok(any(name.endswith("-wal") for name in texts), "the write-ahead log was among them", list(texts))
    tap.ok({name for name, _ in leaks(texts, kept)} >= {"arguments"}, "what an executor gets whole is kept for it")

    # ---- the executor gets it whole ----
    secret = token("for the executor")
    receipt = agent.submit(arguments={"token": secret}, rollback=None)
    reviewer.decide(receipt["id"], "approve", "ok")
    claimed = executor.call(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
    tap.equal(claimed["action"]["arguments"], {"token": secret}, "the executor gets the action whole")
    digest = hashlib.sha256(b"holdpoint/action/v1\0" + claimed["salt"] +
                            canon({"action": claimed["action"], "rollback": claimed["rollback"]})).digest()
    tap.equal(msgpack.unpackb(claimed["canonical"], raw=False)["action_digest"], digest, "under the digest that was approved")
    executor.call(type="report", id=receipt["id"], result="succeeded", output="done with " + secret)
    for id in held.values():
        reviewer.decide(id, "deny", "no")
    tap.equal(instance.verify(), "", "the log verifies")
    instance.restart(signal.SIGTERM)
    texts = files(instance)
    tap.equal(leaks(texts), [], "and once all have ended nothing is left of any")

# ---- a policy's own words ----
def own(text):
    return text.replace("patterns: []", "patterns: ['(?i)falcon-[0-9]+', {name: badge, pattern: '^B[0-9]{6}$'}]") \
               .replace("rules: [pii, phi, secrets]", "rules: [secrets]")


with Instance(policy=own) as instance:
    agent, reviewer, admin = (Client(instance, name) for name in ("demo-agent-supervised", "reviewer", "admin"))
    receipt = agent.submit(why="for Falcon-7", arguments={"who": "B123456", "not": "xB123456"})
    canonical = shown(reviewer, receipt)
    tap.equal((canonical["why"], canonical["arguments"]),
              ("for [REDACTED:pattern]", {"not": "xB123456", "who": "[REDACTED:badge]"}), "own patterns and their names")
    tap.equal(agent.submit(resources=["falcon-9"])["verdict"], "block", "they block too")
    tap.ok("bob@example.com" in repr(shown(reviewer, agent.submit(why="ask bob@example.com"))), "rules left out are off")

    # what a later policy hides ends a grant that it was not asked about
    receipt = agent.submit(resources=["eagle-1"])
    reviewer.decide(receipt["id"], "approve", "ok")
    path = os.path.join(instance.home, "policy.yaml")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("falcon", "eagle"))
    admin.call(type="reload")
    executor = Client(instance, "executor")
    reply = executor.ask(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
    tap.equal(reply.get("code"), "conflict", "a claim is judged by the redaction in force")
    with open(path, "w") as file:
        file.write(text.replace("falcon-[0-9]+", "falcon-["))
    reply = admin.ask(type="reload")
    line = 1 + text[:text.index("falcon")].count("\n")
    tap.ok(reply.get("code") == "malformed" and f"policy.yaml:{line}:" in reply["message"] and
           "gateway.redaction.patterns[0]" in reply["message"], "a pattern that does not compile is named", reply)
    tap.equal(agent.submit(resources=["eagle-9"])["verdict"], "block", "and the patterns in force stay")

# ---- off ----
with Instance(policy=lambda text: text.replace("rules: [pii, phi, secrets]", "rules: []")) as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    receipt = agent.submit(why="ask bob@example.com")
    tap.equal((finding(receipt), shown(reviewer, receipt)["why"]), ([], "ask bob@example.com"), "an empty list is none")

# ---- what people approve hidden, the executor runs whole ----
CARD = 4111111111111111
with Instance() as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    with open(os.path.join(instance.dir, "executor"), "wb") as log:
        runner = subprocess.Popen([HOLDPOINT, "--home", instance.home, "--as", "executor", "executor"], stdout=log, stderr=log)
    for name, arguments in (("a number", {"Card": CARD}), ("bytes", {"Card": str(CARD).encode()}),
                            ("keys", {str(CARD): 1, "5555555555554444": 2, "b": 3})):
        receipt = agent.submit(arguments=arguments)
        tap.ok(str(CARD) not in repr(shown(reviewer, receipt)["arguments"]), f"{name} in arguments can be hidden")
        reviewer.decide(receipt["id"], "approve", "ok")
        status = agent.call(type="wait", id=receipt["id"], until="done", timeout_ms=20000)
        tap.equal(status["state"], "succeeded", f"and what has {name} hidden runs once approved")
    runner.terminate()
    runner.wait(20)

tap.done()
