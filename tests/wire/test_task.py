"""Task scopes through the running broker: who opens them, what they stop, that they survive kill -9."""
import json
import os
import sqlite3

import msgpack
import zmq

from hp import Client, Instance, request, tap

SECRET = "AKIAQZXWVUTSRQPONMLK"


def task(**changes):
    """A scope for one session: look at and patch one function in production, for an hour."""
    return {"type": "task", "agent": "demo-agent-supervised", "session": "s1",
            "operations": ["lambda:*", "shell:aws"], "resources": ["function/cost-*"],
            "environment": "production", "for_s": 3600, "reason": "TICKET-7", **changes}


def patch(**changes):
    """What the default policy lets a supervised agent do in production, logged."""
    return request(**{"operation": "lambda:UpdateFunctionConfiguration", "environment": "production",
                      "resources": ["function/cost-refresh"], "audience": None, "session": "s1",
                      "rollback": {"plan": "put the old value back",
                                   "operation": "lambda:UpdateFunctionConfiguration"}, **changes})


def rules(reply, effect="block"):
    return sorted(f["rule"] for f in reply["findings"] if f["effect"] == effect)


def age(instance, agent, session):
    """Lets a task's time run out under a broker that is down: what no test can wait for."""
    instance.kill()
    base = sqlite3.connect(os.path.join(instance.home, "state", "holdpoint.db"))
    base.execute("UPDATE task SET until_wall_ms = opened_ms WHERE agent = ? AND session = ?", (agent, session))
    base.commit()
    base.close()
    instance.start()


def scopes():
    with Instance() as instance:
        agent, owner = Client(instance, "demo-agent-supervised"), Client(instance, "developer", door="control")
        tap.equal(agent.submit(**patch())["state"], "granted", "without a task the matrix alone speaks")
        opened = owner.call(**task())
        tap.equal({k: opened[k] for k in ("type", "agent", "session", "state", "operations", "resources", "environment",
                                          "by", "reason")},
                  {"type": "task", "agent": "demo-agent-supervised", "session": "s1", "state": "open",
                   "operations": ["lambda:*", "shell:aws"], "resources": ["function/cost-*"],
                   "environment": "production", "by": "developer", "reason": "TICKET-7"}, "an owner opens a task")
        tap.equal(opened["until_ms"] - opened["opened_ms"], 3600000, "for as long as it says")
        instance.restart()
        cases = [
            ("inside", {}, []),
            ("a read inside", {"operation": "lambda:GetFunction", "rollback": None}, []),
            ("in another case", {"operation": "LAMBDA:updatefunctionconfiguration"}, []),
            ("another operation", {"operation": "ecs:UpdateService"}, ["task.operations"]),
            ("another resource", {"resources": ["function/cost-refresh", "function/billing"]}, ["task.resources"]),
            ("no resource", {"resources": []}, ["task.resources"]),
            ("another environment", {"environment": "staging"}, ["task.environment"]),
            ("another command", {"command": ["kubectl", "get", "pods"], "rollback": None}, ["task.operations"]),
            ("a rollback outside", {"rollback": {"plan": "x", "operation": "ecs:UpdateService"}}, ["task.operations"]),
            ("all at once", {"operation": "ecs:UpdateService", "resources": ["x"], "environment": "staging"},
             ["task.environment", "task.operations", "task.resources"]),
        ]
        for name, changes, blocked in cases:
            reply = agent.submit(**patch(**changes))
            found = [rule for rule in rules(reply) if rule.startswith("task")]
            tap.equal((found, reply["state"] == "blocked"), (blocked, bool(blocked)), f"after kill -9, {name}: {blocked or 'let through'}")
        told = agent.submit(**patch(operation="ecs:UpdateService"))["findings"][0]
        tap.equal((told["layer"], told["effect"]), (2, "block"), "it is layer 2 that blocks")
        tap.equal(told["message"], 'ecs:UpdateService is outside the task of session "s1"', "in plain words")
        tap.equal(agent.submit(**patch(session="s2", operation="lambda:UpdateAlias", environment="staging"))["state"], "granted",
                  "another session has no scope")
        other = Client(instance, "demo-agent")
        tap.ok(not any(r.startswith("task") for r in rules(other.submit(**patch(operation="ecs:UpdateService")))),
               "nor has another agent's of the same name")

        # Looked at again when the grant is claimed.
        held = agent.submit(**patch())
        owner.call(type="task_close", agent="demo-agent-supervised", session="s1", reason="done")
        tap.equal(agent.submit(**patch())["state"], "blocked", "a session whose task was closed has nothing left")
        reply = agent.ask(type="claim", id=held["id"], nonce=os.urandom(16), timeout_ms=0)
        tap.equal(reply.get("code"), "conflict", "what was granted in it cannot be claimed any more")
        tap.ok("has ended" in reply.get("message", ""), "and the reply says why", reply)
        tap.equal(agent.call(type="show", id=held["id"])["state"], "lapsed", "the grant ends")
        owner.call(**task(operations=["*"], resources=["*"], environment="*"))
        tap.equal(agent.submit(**patch())["state"], "granted", "another task may be opened")
        tap.equal(agent.submit(**patch(resources=[], environment="staging"))["state"], "granted", "* asks for no names")
        age(instance, "demo-agent-supervised", "s1")
        late = agent.submit(**patch())
        tap.equal((late["state"], rules(late)), ("blocked", ["task"]), "when its time has run out nothing is in scope")
        tap.equal(owner.call(type="tasks")["items"], [], "and it is not listed")
        tap.equal(instance.verify(), "", "the log verifies")


def who():
    with Instance() as instance:
        agent, owner = Client(instance, "demo-agent-supervised"), Client(instance, "developer", door="control")
        reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")
        auditor = Client(instance, "auditor")
        tap.equal([agent.code(**task()), Client(instance, "gateway").code(**task()), Client(instance, "executor").code(**task()),
                   auditor.code(**task()), Client(instance, "developer").code(**task())], ["unauthorised"] * 5,
                  "no agent, gateway, executor or auditor opens one, and nobody does at the agents' door")
        stranger = instance.cli("keygen", "other", "-o", instance.dir + "/other.key")
        instance.cli("--as", "admin", "enrol", "other", "--role", "human", "--person", "eve", input=stranger.stdout, check=True)
        instance.cli("--as", "admin", "reload", check=True)
        with open(instance.dir + "/other.key") as file:
            eve = Client(instance, "other", door="control", key=json.load(file))
        tap.equal(eve.code(**task()), "unauthorised", "a person only for agents of its own")
        tap.equal(owner.code(**task(agent="nobody")), "not_found", "an agent that is none")
        tap.equal(owner.code(**task(agent="developer")), "not_found", "or a person")
        tap.equal(reviewer.code(**task()), "ok", "a reviewer for any agent")
        tap.equal(owner.code(**task(operations=["*"])), "conflict", "a session has one open task")
        tap.equal(owner.code(type="task_close", agent="demo-agent-supervised", session="s1", reason="x"), "unauthorised",
                  "an owner cannot close, and so not widen, what a reviewer opened")
        tap.equal(eve.call(type="tasks")["items"], [], "others do not see it")
        seen = [len(c.call(type="tasks")["items"]) for c in (owner, reviewer, admin, auditor, agent)]
        tap.equal(seen, [1] * 5, "its owner, reviewers, admins, auditors and the agent do")
        tap.equal(agent.code(type="tasks", agent="demo-agent"), "unauthorised", "an agent asks about itself")
        tap.equal(len(Client(instance, "demo-agent").call(type="tasks")["items"]), 0, "another agent sees nothing")
        tap.equal(admin.code(type="task_close", agent="demo-agent-supervised", session="s1", reason="x"), "ok", "an admin closes any")
        tap.equal(admin.code(type="task_close", agent="demo-agent-supervised", session="s1", reason="x"), "conflict", "once")
        tap.equal(admin.code(type="task_close", agent="demo-agent-supervised", session="s9", reason="x"), "conflict", "and only what is there")
        bad = [({"for_s": 0}, "for_s"), ({"for_s": 7 * 86400 + 1}, "for_s"), ({"operations": []}, "operations"),
               ({"operations": ["x"] * 33}, "operations"), ({"operations": [""]}, "operations[0]"),
               ({"resources": ["x" * 257]}, "resources[0]"), ({"resources": ["a\0b"]}, "resources"),
               ({"session": ""}, "session"), ({"reason": ""}, "reason"), ({"environment": ""}, "environment"), ({"color": 1}, "color")]
        for changes, field in bad:
            reply = owner.ask(**task(**changes))
            tap.equal((reply.get("code"), field in reply.get("field", "")), ("malformed", True), f"malformed: {field}")
        for field, value in (("session", SECRET), ("environment", SECRET), ("resources", [SECRET]), ("operations", [SECRET])):
            reply = owner.ask(**task(**{field: value}))
            tap.equal((reply.get("code"), reply.get("field"), SECRET in str(reply)), ("malformed", field, False),
                      f"a secret in {field} is refused, and not repeated")
        told = owner.call(**task(session="r1", reason=f"for {SECRET}"))["reason"]
        tap.ok(SECRET not in told and "REDACTED" in told, "in the reason it is redacted", told)
        for number in range(255):
            owner.send(**task(session=f"n{number}"))
        replies = [owner.receive() for _ in range(255)]
        tap.equal({r["type"] for r in replies}, {"task"}, "256 open tasks of one agent")
        tap.equal(owner.code(**task(session="one-more")), "queue_full", "are all that it may have")
        wide = task(agent="demo-agent", operations=["o" * 250] * 32, resources=["r" * 250] * 32, reason="x" * 4000)
        for number in range(20):
            owner.call(**{**wide, "session": f"w{number}"})
        pages, after = [], None
        while True:
            page = owner.call(type="tasks", agent="demo-agent", **({"after": after} if after else {}))
            pages.append(len(page["items"]))
            after = page.get("next")
            if not after:
                break
        tap.ok(sum(pages) == 20 and len(pages) > 1, "large ones come in pages, all of them", pages)
        tap.equal(instance.verify(), "", "the log verifies")


def required():
    with Instance(lambda text: text.replace("task_scope: {production: optional}", "task_scope: {production: required}")) as instance:
        agent, owner = Client(instance, "demo-agent-supervised"), Client(instance, "developer", door="control")
        reply = agent.submit(**patch())
        tap.equal((reply["state"], rules(reply)), ("blocked", ["permissions.task_scope.production"]),
                  "where a task is required, a session without one is blocked")
        tap.ok(reply["findings"][0]["line"] > 0, "with the file's line")
        tap.equal(reply["findings"][0]["message"], 'in production an agent needs an open task, and session "s1" has none', "in plain words")
        reply = agent.submit(**{k: v for k, v in patch().items() if k != "session"})
        tap.equal(rules(reply), ["permissions.task_scope.production"], "so is a request without a session")
        tap.equal(agent.submit(**patch(environment="staging", resources=["function/x"]))["state"], "granted", "elsewhere nothing is")
        person = Client(instance, "developer")
        tap.ok(not rules(person.submit(**patch())), "people need none")
        gateway = Client(instance, "gateway")
        tap.equal(gateway.call(type="submit", **{"for": "demo-agent-supervised"}, **patch())["state"], "blocked",
                  "through a gateway the same")
        owner.call(**task())
        tap.equal(agent.submit(**patch())["state"], "granted", "an open task lets it through")
        tap.equal(gateway.call(type="submit", **{"for": "demo-agent-supervised"}, **patch())["state"], "granted",
                  "through a gateway too")
        held = agent.submit(**patch())
        age(instance, "demo-agent-supervised", "s1")
        tap.equal(agent.code(type="claim", id=held["id"], nonce=os.urandom(16), timeout_ms=0), "conflict",
                  "a grant is not claimed when the task's time has run out")
        tap.equal(instance.verify(), "", "the log verifies")


def events():
    with Instance() as instance:
        owner, auditor = Client(instance, "developer", door="control"), Client(instance, "auditor")
        sub = instance.context.socket(zmq.SUB)
        sub.linger = 0
        key = instance.key("reviewer")
        sub.curve_publickey, sub.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
        sub.curve_serverkey = instance.broker["curve_public"].encode()
        sub.subscribe(b"task")
        sub.connect(instance.broker["events"])
        told = None
        for number in range(50):  # a subscription takes a moment
            owner.call(**task(session=f"e{number}"))
            if sub.poll(300):
                told = msgpack.unpackb(sub.recv_multipart()[2], raw=False)
                break
        tap.equal({k: (told or {}).get(k) for k in ("type", "state", "agent", "reason")},
                  {"type": "task", "state": "open", "agent": "demo-agent-supervised", "reason": "TICKET-7"}, "a task is an event")
        entries = auditor.call(type="audit", **{"from": 0, "limit": 1000})["entries"]
        tap.ok(any(b"TICKET-7" in (e.get("body") or b"") and b"task" in e["leaf"] for e in entries), "and a leaf")


def uid():
    with Instance(config=lambda text: text.replace("same_uid: allow", "same_uid: refuse")) as instance:
        agent, owner = Client(instance, "demo-agent-supervised"), Client(instance, "developer", door="control")
        agent.call(type="ping")
        reply = owner.ask(**task())
        tap.ok(reply.get("code") == "unauthorised" and "same_uid" in reply["message"],
               "a user that also runs agents opens none", reply)


scopes()
who()
required()
events()
uid()
tap.done()
