"""Erasure: what was said goes from every file, that it was said stays provable."""
import base64
import glob
import hashlib
import os
import sqlite3
import time
import uuid

import msgpack
from hp import Client, Instance, request, tap


def until(condition, seconds=20):
    """Its first true value, or the last one in time."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


class Marks:
    """A word of its own for each field, so that a test can say which one is still somewhere."""

    def __init__(self):
        self.all = {}

    def __call__(self, field):
        return self.all.setdefault(field, "qzx" + hashlib.sha256(f"{id(self)}{field}".encode()).hexdigest()[:12])


def marked(mark, **changes):
    """A request that says something in every field there is."""
    return request(**{**{
        "operation": "rds:Create" + mark("operation"), "resources": [mark("resource"), mark("resource 2")],
        "arguments": {mark("argument name"): {"a": [mark("argument")]}}, "payload": mark("payload").encode(),
        "command": ["/bin/" + mark("command"), mark("command argument")], "cwd": "/" + mark("cwd"),
        "env": {mark("env name"): mark("env")}, "files": [{"path": "/" + mark("file"), "sha256": bytes(32)}],
        "summary": "Do " + mark("summary"), "why": "Because of " + mark("why") + " " * 9000 + mark("end of why"),
        "impact": {"resources_affected": 1, "cost_usd": 1.5, "reversible": True, "note": mark("impact note")},
        "alternatives": [{"approach": mark("approach"), "rejected_because": mark("rejected_because")}],
        "rollback": {"plan": mark("plan"), "operation": "x:" + mark("rollback operation"), "minutes": 5,
                     "command": ["/bin/" + mark("rollback command")], "arguments": {"a": mark("rollback argument")}},
        "session": mark("session"), "branch": mark("branch"),
        "evidence": [{"label": mark("label"), "text": mark("evidence") * 400}],
    }, **changes})


def files_of(instance):
    """Every byte in the state directory: database, write-ahead log, its index, and what else lies there."""
    whole = b""
    for path in glob.glob(os.path.join(instance.home, "state", "*")):
        with open(path, "rb") as file:
            whole += b"\0" + file.read()
    return whole


def found(instance, mark, what=files_of):
    whole = what(instance)
    return sorted(field for field, word in mark.all.items() if word.encode() in whole)


def pages(instance):
    auditor = Client(instance, "auditor")
    entries, at = [], 0
    while page := auditor.call(type="audit", **{"from": at, "limit": 1000})["entries"]:
        entries += page
        at = page[-1]["seq"] + 1
    auditor.close()
    return entries


def exported(instance):
    return b"".join(e["leaf"] + e.get("body", b"") + e.get("salt", b"") for e in pages(instance))


def leaves(instance, event):
    """(seq, request, actor, body) of each leaf of this event."""
    found = []
    for entry in pages(instance):
        fields = msgpack.unpackb(entry["leaf"])
        if fields[5] == event:
            found.append((entry["seq"], fields[7], fields[6], msgpack.unpackb(entry["body"])))
    return found


def proves(text, leaf):
    """A tlog-proof holds this leaf: RFC 9162, 2.1.3.2."""
    head, _, rest = text.partition("\n\n")
    lines = head.split("\n")
    index, path = int(lines[1].split()[1]), [base64.b64decode(line) for line in lines[2:]]
    size, root = int(rest.split("\n")[1]), base64.b64decode(rest.split("\n")[2])
    at, last, node = index, size - 1, hashlib.sha256(b"\0" + leaf).digest()
    for sibling in path:
        if at & 1 or at == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def run_and_report(instance, mark, agent, executor, reviewers):
    """A request that lives a whole life: held, noted, extended, approved, claimed, told of, reported."""
    held = agent.submit(**marked(mark))["id"]
    agent.call(type="note", id=held, text="I add " + mark("agent's note"))
    reviewers[0].call(type="note", id=held, text="I see " + mark("reviewer's note"))
    reviewers[0].call(type="extend", id=held, by_ms=60000, reason=mark("reason to extend"))
    for n, reviewer in enumerate(reviewers):
        if reviewer.decide(held, "approve", mark(f"reason {n}"))["state"] == "granted":
            break
    claimed = executor.call(type="claim", id=held, nonce=os.urandom(16), timeout_ms=0)
    assert claimed["type"] == "claimed", claimed
    executor.call(type="progress", id=held, text="half of " + mark("progress"))
    executor.call(type="report", id=held, result="failed", exit_code=1, output=mark("output"))
    executor.call(type="report", id=held, result="rolled_back", output=mark("rollback output"))
    reviewers[1].ask(type="extend", id=held, by_ms=1, reason=mark("refused reason"))
    return held


def verifies(instance):
    """The whole log, by dev/verify-log and by holdpoint itself; what they say against it."""
    run = instance.cli("audit", "verify")
    return instance.verify() + ("" if run.returncode == 0 else run.stdout + run.stderr)


def by_an_admin():
    mark = Marks()
    with Instance() as instance:
        agent, executor = Client(instance, "demo-agent-supervised"), Client(instance, "executor")
        reviewers = [Client(instance, "reviewer"), Client(instance, "reviewer2")]
        admin, auditor = Client(instance, "admin"), Client(instance, "auditor")
        other = Marks()
        kept = agent.submit(summary=other("a request that stays"))["id"]
        held = run_and_report(instance, mark, agent, executor, reviewers)
        agent.ask(type="submit", **marked(mark, id=held, summary=mark("the same id again")))
        text = auditor.call(type="checkpoint")["text"]
        size = int(text.split("\n")[1])
        old_proofs = {n: auditor.call(type="proof", leaf=n)["text"] for n in range(size)}
        old_leaves = {e["seq"]: e["leaf"] for e in pages(instance)}
        there = found(instance, mark)
        missing = sorted(set(mark.all) - set(there))
        tap.ok(len(there) > 30 and set(missing) <= {"refused reason", "the same id again"},
               f"before, {len(there)} of {len(mark.all)} fields are in the files", missing)

        tap.equal(reviewers[0].code(type="erase", id=held, reason="x"), "unauthorised", "a reviewer does not erase")
        tap.equal(admin.code(type="erase", id=kept, reason="x"), "conflict", "what is pending is not erased")
        tap.equal(admin.code(type="erase", id=str(uuid.uuid4()), reason="x"), "not_found", "nor what is not there")
        tap.equal(admin.code(type="erase", id=held), "malformed", "nor without a reason")
        run = instance.cli("--as", "admin", "audit", "erase", "--request", held[:8], "--reason",
                           "asked by the person: " + "AKIA" + "Z7QXAMPLEKEY2345", "--json")
        tap.equal(run.returncode, 0, "holdpoint audit erase --request")
        tap.equal(found(instance, mark), [], "after it no file has a word of any field")
        tap.equal(found(instance, mark, exported), [], "nor has the log as auditors read it")
        tap.equal(found(instance, other), ["a request that stays"], "other requests stay")
        tap.equal(admin.code(type="erase", id=held, reason="x"), "final", "once is enough")
        tap.equal(admin.call(type="stats")["stats"]["erasures_unfinished"], 0, "nothing is left to do")

        said = leaves(instance, "erase")
        tap.equal([(s[1], s[2], s[3]["reason"], s[3]["cause"]) for s in said],
                  [(held, "admin", "asked by the person: [REDACTED:aws_access_key]", "asked")],
                  "the erasure is a leaf: which, who, why, and no secret in it, for that leaf stays")
        gone = [e["seq"] for e in pages(instance) if "body" not in e]
        tap.equal(said[0][3]["leaves"], gone, f"it lists the {len(gone)} leaves whose bodies are gone")
        tap.ok(all("salt" not in e for e in pages(instance) if "body" not in e), "their salts are gone too")
        tap.equal({e["seq"]: e["leaf"] for e in pages(instance) if e["seq"] < size}, old_leaves,
                  "every leaf is as it was")
        tap.ok(all(proves(t, old_leaves[n]) for n, t in old_proofs.items()), f"{size} proofs from before still hold")
        new = {n: auditor.call(type="proof", leaf=n)["text"] for n in range(size)}
        tap.ok(all(proves(t, old_leaves[n]) for n, t in new.items()), "and so does a new one of each leaf")
        tap.equal(verifies(instance), "", "the whole log verifies, from outside")

        shown = auditor.call(type="show", id=held)
        tap.equal((shown["state"], shown["requester"], shown["erased_by"], "canonical" in shown),
                  ("rolled_back", "demo-agent-supervised", "admin", False), "who asked, and what became of it, stay")
        tap.ok([v["decision"] for v in shown["votes"]] and all("body" not in v for v in shown["votes"]),
               "who decided stays, what they said is gone", shown["votes"])
        plain = instance.cli("--as", "auditor", "show", held)
        tap.ok(plain.returncode == 0 and "ERASED" in plain.stdout and "by admin" in plain.stdout,
               "show says so", plain.stdout + plain.stderr)
        votes = instance.cli("--as", "auditor", "show", held, "--votes")
        tap.ok(votes.returncode == 0 and "erased" in votes.stdout, "and show --votes", votes.stdout + votes.stderr)
        listed = instance.cli("--as", "auditor", "list", "--all")
        tap.ok([line for line in listed.stdout.split("\n") if held in line and "erased" in line], "and list",
               listed.stdout)
        late = instance.cli("--as", "reviewer", "approve", held, "--digest", "0" * 64, "--reason", "x")
        tap.ok(late.returncode == 10 and "erased" in late.stderr, "approve says why not", late.stderr)
        tap.equal(agent.code(type="submit", **marked(Marks(), id=held)), "final", "its id does not come back")
        for socket in (agent, executor, admin, auditor, *reviewers):
            socket.close()
        instance.restart()
        tap.equal(found(instance, mark), [], "nor does a word of it after kill -9 and a start")
        instance.kill(15)
        instance.start()
        tap.equal(found(instance, mark), [], "or a clean stop and a start")


def many():
    """Pages that were split, merged and moved leave nothing either."""
    marks = []
    with Instance() as instance:
        agents = [Client(instance, "demo-agent-supervised"), Client(instance, "demo-agent")]
        admin, owner = Client(instance, "admin"), Client(instance, "developer", door="control")
        ids = []
        for n in range(40):
            mark = Marks()
            one = marked(mark, why=mark("why") + "x" * (n * 700 % 9000))
            reply = agents[n % 2].ask(type="submit", **one)
            if reply["type"] != "receipt":
                continue
            agents[n % 2].ask(type="withdraw", id=one["id"], reason=mark("reason to withdraw"))
            ids.append(one["id"])
            marks.append(mark)
        tap.ok(len(ids) >= 20 and all(found(instance, mark) for mark in marks), f"{len(ids)} requests are in the files")
        for request_id in ids[::2] + ids[1::2]:
            admin.call(type="erase", id=request_id, reason="all of them")
        left = {field for mark in marks for field in found(instance, mark)}
        tap.equal(left, set(), "and all are gone from them")
        tap.equal(verifies(instance), "", "the log verifies")
        owner.close()


def while_read():
    """A reader holds an old page: it is said that the log cannot be emptied yet, and done when it can."""
    mark = Marks()
    with Instance() as instance:
        agent, admin = Client(instance, "demo-agent-supervised"), Client(instance, "admin")
        one = marked(mark)
        agent.call(type="submit", **one)
        agent.call(type="withdraw", id=one["id"])
        reader = sqlite3.connect(f"file:{instance.home}/state/holdpoint.db?mode=ro", uri=True)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leaf").fetchone()
        admin.call(type="erase", id=one["id"], reason="x")
        tap.equal(admin.call(type="stats")["stats"]["erasures_unfinished"], 1, "while somebody reads, stats say so")
        tap.ok("erase-waits" in instance.log_text(), "and the broker's log")
        reader.close()
        tap.ok(until(lambda: admin.call(type="stats")["stats"]["erasures_unfinished"] == 0), "then it is done")
        tap.equal(found(instance, mark), [], "and nothing is left")


def by_age():
    mark, young = Marks(), Marks()
    with Instance(config=lambda text: text + "erase_after: 1s\n") as instance:
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        open_one = agent.submit(**marked(young, why=young("why")))["id"]
        one = marked(mark)
        agent.call(type="submit", **one)
        agent.ask(type="submit", **marked(mark, impact=mark("malformed")))
        reviewer.decide(one["id"], "deny", mark("reason"))
        tap.ok(until(lambda: reviewer.call(type="show", id=one["id"]).get("erased_by") == "broker"),
               "what is older than erase_after is erased by itself")
        tap.ok(until(lambda: not found(instance, mark)), "from every file", found(instance, mark))
        tap.ok("why" in found(instance, young), "what is pending is not")
        late = Marks()
        for text in (agent, reviewer):
            tap.equal(text.code(type="note", id=one["id"], text=late("note")), "final", "an erased request takes no notes")
        tap.equal(agent.code(type="submit", **marked(late, id=one["id"])), "final", "nor is it asked for again")
        tap.ok(until(lambda: not found(instance, late)), "and what was said with it is erased in its turn", found(instance, late))
        said = leaves(instance, "erase")
        tap.ok(one["id"] in [s[1] for s in said] and all((s[2], s[3]["cause"], s[3]["erase_after_ms"]) ==
                                                          ("broker", "age", 1000) for s in said),
               "its leaf says why", said)
        total = len(pages(instance))
        reviewer.decide(open_one, "deny", "")
        tap.ok(until(lambda: not found(instance, young)), "until it has ended")
        tap.ok(len(pages(instance)) > total, "no leaf is ever deleted")
        tap.equal(verifies(instance), "", "the log verifies")


by_an_admin()
many()
while_read()
by_age()
tap.done()
