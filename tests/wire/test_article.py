"""The article's tables, row by row, through the running broker: the matrix, the tiers, the bullets of
layer 3, the checklist. Each test is named after its row."""
import os
import uuid

import msgpack
import zmq

from hp import Client, Instance, request, tap

PERSON, SUPERVISED, AUTONOMOUS = "developer", "demo-agent-supervised", "demo-agent"
GATEWAY = """
gateway:
  rate_limits: [{environment: production, except: [read], per_minute: 5, burst: 5, effect: block}]
  budgets: [{window: 24h, max_cost_usd: 1000, effect: hold}]
  anomaly: {first_time: alert, asked_again: alert, rate: alert}
"""


def change(**changes):
    """A small, reversible change; `operation` and the rest say which."""
    return request(**{"resources": ["orders"], "arguments": None, "audience": None, "summary": "A change",
                      "impact": {"resources_affected": 1, "cost_usd": 0, "reversible": True}, **changes})


def ask(client, operation, environment="production", **changes):
    return client.call(type="submit", **change(operation=operation, environment=environment, **changes))


def logged(auditor, request_id, event):
    """The request as this leaf of the log keeps it."""
    entries, start = [], 0
    while True:
        page = auditor.call(type="audit", **{"from": start, "limit": 500})["entries"]
        entries += page
        if len(page) < 500:
            break
        start += 500
    for entry in entries:
        leaf = msgpack.unpackb(entry["leaf"], raw=False)
        if leaf[5] == event and leaf[7] == request_id:
            return msgpack.unpackb(msgpack.unpackb(entry["body"], raw=False)["canonical"], raw=False)
    return {}


def claimed(client, receipt):
    return client.ask(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)["type"] == "claimed"


def released(instance, receipt, *reviewers):
    """The state after these persons approved."""
    state = receipt["state"]
    for name in reviewers:
        client = Client(instance, name)
        reply = client.decide(receipt["id"], "approve", "looked at it")
        state = reply.get("state", reply.get("code"))
        client.close()
    return state


# ---- Permission Scope | Human Developer | AI Agent (Supervised) | AI Agent (Autonomous) ----

def matrix():
    rows = [
        ("Read production data", "rds:DescribeDBInstances",
         [("Yes", "granted"), ("Yes", "granted"), ("Yes", "granted")]),
        ("Patch configuration", "lambda:UpdateFunctionConfiguration",
         [("Yes", "granted"), ("Yes (with logging)", "granted"), ("No", "blocked")]),
        ("Create resources", "rds:CreateDBInstanceReadReplica",
         [("Yes", "granted"), ("Approval required", "pending"), ("No", "blocked")]),
        ("Delete resources", "rds:DeleteDBInstance",
         [("Approval required", "pending"), ("Blocked", "pending"), ("Blocked", "pending")]),
        ("Modify IAM/permissions", "iam:AttachRolePolicy",
         [("Admin only", "pending"), ("Blocked", "blocked"), ("Blocked", "blocked")]),
    ]
    with Instance() as instance:
        clients = [Client(instance, PERSON, door="control"), Client(instance, SUPERVISED), Client(instance, AUTONOMOUS)]
        reviewer = Client(instance, "reviewer")
        for row, operation, cells in rows:
            for client, (article, state) in zip(clients, cells):
                receipt = ask(client, operation)
                got, want = {"state": receipt["state"]}, {"state": state}
                if article == "Yes (with logging)":
                    got["verdict"], want["verdict"] = receipt["verdict"], "log"
                if state == "pending":
                    # What is "Blocked" is not for the asker: nobody alone can let it through.
                    groups = {"Approval required": (1, ["oncall"]), "Admin only": (1, ["admins"]),
                              "Blocked": (2, ["oncall"])}[article]
                    shown = reviewer.call(type="show", id=receipt["id"])
                    frozen = msgpack.unpackb(shown["canonical"], raw=False)["quorum"]
                    got["quorum"] = [(slot["count"], slot["groups"]) for slot in frozen]
                    want["quorum"] = [groups]
                    got["claimed"], want["claimed"] = claimed(client, receipt), False
                    got["one approval"] = released(instance, receipt, "reviewer")
                    want["one approval"] = "pending" if article == "Blocked" else "granted"
                tap.equal(got, want, f"matrix: {row}, {client.name}: {article}")
        tap.equal(instance.verify(), "", "the log verifies")


# ---- Tier | Action Type | Examples | Approval Required ----

def tiers():
    def sampled(text):
        return text.replace("spot_check: 0.05", "spot_check: 1")
    with Instance(sampled) as instance:
        agent, owner = Client(instance, SUPERVISED), Client(instance, AUTONOMOUS)
        reviewer, person = Client(instance, "reviewer"), Client(instance, PERSON, door="control")
        found = [(r["tier"], r["verdict"], r["state"]) for client in (agent, owner) for r in (
            ask(client, "cloudwatch:GetMetricData"), ask(client, "appconfig:GetConfiguration"),
            ask(client, "ec2:DescribeInstances"))]
        tap.equal(found, [("autonomous", "allow", "granted")] * 6,
                  "tier Autonomous: query metrics, read configs, list resources: no approval")

        receipts = [ask(agent, "appconfig:UpdateConfigurationProfile"),
                    ask(agent, "ecs:UpdateService", environment="staging")]
        found = [(r["tier"], r["verdict"], r["state"]) for r in receipts]
        waiting = {item["id"] for item in reviewer.call(type="list", spot_checks=True, limit=50)["items"]}
        looked = reviewer.call(type="spot_check", id=receipts[0]["id"], finding="ok")["type"]
        tap.equal((found, {r["id"] for r in receipts} <= waiting, looked),
                  ([("supervised", "log", "granted")] * 2, True, "status"),
                  "tier Supervised: update feature flags, modify non-prod configs: logged, spot-checked")

        receipts = [ask(agent, "rds:DeleteDBInstance"), ask(agent, "dynamodb:UpdateItem"),
                    ask(agent, "iam:AttachRolePolicy"), ask(person, "iam:AttachRolePolicy"),
                    ask(agent, "ecs:UpdateService", environment="staging",
                        impact={"resources_affected": 1, "reversible": False}),
                    ask(person, "ecs:UpdateService", impact={"resources_affected": 1, "reversible": False})]
        found = {(r["tier"], r["state"] in ("pending", "blocked")) for r in receipts}
        tap.equal(found, {("gated", True)},
                  "tier Gated: delete resources, modify production data, change IAM, the irreversible: always approved")


# ---- Layer 3: Gateway Policies ----

def gateway():
    with Instance(lambda text: text.replace("\ngateway:\n", GATEWAY, 1)) as instance:
        agent, auditor = Client(instance, SUPERVISED), Client(instance, "auditor")
        states = [ask(agent, "lambda:UpdateFunctionConfiguration")["state"] for n in range(6)]
        tap.equal(states, ["granted"] * 5 + ["blocked"],
                  "layer 3, rate limiting: no agent executes more than N writes a minute in production")

        money = {"resources_affected": 1, "reversible": True}
        other = Client(instance, AUTONOMOUS)
        first = ask(other, "rds:DeleteDBInstance", environment="staging", impact={**money, "cost_usd": 900})
        over = ask(other, "rds:DeleteDBInstance", environment="staging", impact={**money, "cost_usd": 900})
        told = [[f["rule"] for f in r["findings"] if f["layer"] == 3 and f["effect"] == "hold"] for r in (first, over)]
        tap.equal((told, over["state"]), ([[], ["gateway.budgets[0]"]], "pending"),
                  "layer 3, budget caps: what would exceed the cap is queued for human review")

        secret = "ghp_" + "0aB1cD2eF3" * 3 + "gH4iJ5"
        hidden = ask(other, "ecs:DescribeServices", why=f"The patient's mail is jane.doe@example.com, token {secret}")
        shown = other.call(type="show", id=hidden["id"])["canonical"]
        in_command = ask(other, "shell:ls", command=["ls", secret])
        tap.equal((hidden["state"], b"jane.doe" in shown, secret.encode() in shown, b"[REDACTED:" in shown,
                   in_command["state"]), ("granted", False, False, True, "blocked"),
                  "layer 3, PII/PHI redaction: stripped before it reaches anybody's context; in a command it blocks")

        blocked = ask(other, "iam:AttachRolePolicy", why="The reasoning chain, in full")
        kept = logged(auditor, blocked["id"], "request.blocked")
        tap.equal((blocked["state"], kept.get("why"), bool(kept.get("findings"))),
                  ("blocked", "The reasoning chain, in full", True),
                  "layer 3, audit logging: blocked actions too, with the full reasoning chain")

        events = instance.context.socket(zmq.SUB)
        key = instance.key("reviewer")
        events.linger = 0
        events.curve_publickey, events.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
        events.curve_serverkey = instance.broker["curve_public"].encode()
        events.subscribe(b"anomaly")
        events.connect(instance.broker["events"])
        heard = None
        for n in range(100):  # a subscription takes a moment
            ask(other, "rds:DeleteDBInstance", environment="staging", resources=[f"{chr(97 + n % 26)}{chr(97 + n // 26)}db-1"])
            if events.poll(200):
                heard = msgpack.unpackb(events.recv_multipart()[2], raw=False)
                break
        tap.ok(heard and "first time" in heard["message"],
               "layer 3, anomaly detection: deleting what it never deleted before triggers an alert", heard)
        tap.equal(instance.verify(), "", "the log verifies")


# ---- Check | Question | Kiro Failed? ----

def bound(instance, name, **fields):
    """Bounds a principal, as its file says, and tells the broker."""
    path = os.path.join(instance.home, "principals.d", name + ".yaml")
    with open(path, "a") as file:
        for key, value in fields.items():
            file.write(f"{key}: {value}\n")
    Client(instance, "admin").call(type="reload")


def scoping():
    with Instance() as instance:
        agent, owner = Client(instance, SUPERVISED), Client(instance, PERSON, door="control")
        owner.call(type="task", agent=SUPERVISED, session="fix-7", operations=["lambda:*"],
                   resources=["function/cost-*"], environment="production", for_s=600, reason="TICKET-7")
        scoped = {"session": "fix-7", "rollback": {"plan": "as it was"}}
        found = [ask(agent, "lambda:UpdateFunctionConfiguration", resources=["function/cost-refresh"], **scoped),
                 ask(agent, "lambda:UpdateFunctionConfiguration", resources=["function/billing"], **scoped),
                 ask(agent, "ecs:UpdateService", resources=["function/cost-refresh"], **scoped)]
        bound(instance, AUTONOMOUS, environments="[staging]", operations='["ecs:*"]')
        narrow = Client(instance, AUTONOMOUS)
        found += [ask(narrow, "ecs:DescribeServices", environment="staging"),
                  ask(narrow, "rds:DescribeDBInstances", environment="staging"),
                  ask(narrow, "ecs:DescribeServices", environment="production")]
        tap.equal([r["state"] for r in found], ["granted", "blocked", "blocked"] * 2,
                  "checklist 1, permission scoping: nothing outside the task, or outside the agent's own bounds")


def blocklist():
    with Instance() as instance:
        found = set()
        for name in (SUPERVISED, AUTONOMOUS):
            agent = Client(instance, name)
            found |= {ask(agent, operation)["state"] for operation in (
                "s3:DeleteBucket", "ec2:TerminateInstances", "elasticbeanstalk:TerminateEnvironment")}
            for command in (["dropdb", "orders"], ["kubectl", "delete", "ns", "shop"], ["terraform", "destroy"],
                            ["psql", "-c", "DROP DATABASE orders"], ["rm", "-rf", "/srv"]):
                found.add(ask(agent, "shell:" + command[0], command=command)["state"])
        tap.ok(found == {"pending", "blocked"},
               "checklist 2, destructive-action blocklist: delete, terminate and drop are blocked or gated", found)


def review():
    with Instance() as instance:
        agent = Client(instance, SUPERVISED)
        receipt = agent.submit()
        # A reviewer who also owns the agent is not its reviewer.
        path = os.path.join(instance.home, "principals.d", SUPERVISED + ".yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace('owner: "developer"', 'owner: "reviewer"'))
        Client(instance, "admin").call(type="reload")
        second = agent.submit()
        got = {"the owner": Client(instance, "reviewer").decide(second["id"], "approve", "mine")["code"],
               "claimed unreviewed": claimed(agent, receipt),
               "state": second["state"], "another": released(instance, second, "reviewer2")}
        tap.equal(got, {"the owner": "self_approval", "claimed unreviewed": False, "state": "pending",
                        "another": "granted"},
                  "checklist 3, peer review: a change waits for somebody who does not own the agent")


def timeout():
    with Instance() as instance:
        agent, executor = Client(instance, SUPERVISED), Client(instance, "executor")
        receipt = agent.submit(ttl_s=1)
        ended = agent.call(type="wait", id=receipt["id"], until="decided", timeout_ms=15000)["state"]
        got = (ended, Client(instance, "reviewer").decide(receipt["id"], "approve", "late")["code"],
               executor.code(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0))
        tap.equal(got, ("expired", "expired", "expired"),
                  "checklist 4, timeout policy: a probe that nobody approves expires and is denied")


def rollback():
    with Instance() as instance:
        agent, executor = Client(instance, SUPERVISED), Client(instance, "executor")
        undo = {"plan": "put the old value back", "operation": "lambda:UpdateFunctionConfiguration",
                "arguments": {"Timeout": 3}, "minutes": 1}
        receipt = agent.submit(operation="lambda:UpdateFunctionConfiguration", rollback=undo)
        claimed = executor.call(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
        states = [executor.call(type="report", id=receipt["id"], result=result)["state"]
                  for result in ("failed", "rolled_back")]
        bare = agent.submit(rollback=None, impact={"resources_affected": 1})
        flags = Client(instance, "reviewer").call(type="show", id=bare["id"])["flags"]
        tap.equal((claimed["rollback"], states, "no-rollback" in flags),
                  (undo, ["rolling_back", "rolled_back"], True),
                  "checklist 5, rollback capability: the way back is granted with the action and runs when it fails")


def trail():
    with Instance() as instance:
        agent, auditor = Client(instance, SUPERVISED), Client(instance, "auditor")
        events = {}
        for event, changes in (("request.granted", {"operation": "ecs:DescribeServices"}),
                               ("request.pending", {}),
                               ("request.blocked", {"operation": "iam:AttachRolePolicy"})):
            why = f"because {uuid.uuid4()}"
            receipt = agent.submit(why=why, **changes)
            events[event] = logged(auditor, receipt["id"], event).get("why") == why
        proof = auditor.call(type="proof", leaf=0)["text"]
        tap.equal((events, proof.startswith("c2sp.org/tlog-proof@v1\n"), instance.verify()),
                  ({"request.granted": True, "request.pending": True, "request.blocked": True}, True, ""),
                  "checklist 6, audit trail: every action is logged with its reasoning, and can be proved")


def radius():
    with Instance() as instance:
        agent = Client(instance, SUPERVISED)

        def affect(count, listed=1):
            return ask(agent, "ecs:UpdateService", environment="staging", resources=[f"s{n}" for n in range(listed)],
                       impact={"resources_affected": count, "reversible": True})
        small = affect(1)["state"]
        found = [affect(6)["state"], affect(51)["state"], affect(1, listed=51)["state"]]
        tap.equal((small, found), ("granted", ["pending", "blocked", "blocked"]),
                  "checklist 7, blast radius limits: over 5 resources a person decides, over 50 nobody can")


def isolation():
    with Instance() as instance:
        agent, executor = Client(instance, SUPERVISED), Client(instance, "executor")
        staging = ask(agent, "ecs:UpdateService", environment="staging", audience="executor")
        lying = ask(agent, "rds:DescribeDBInstances", environment="staging", resources=["prod-orders"])
        got = (staging["state"], executor.code(type="claim", id=staging["id"], nonce=os.urandom(16), timeout_ms=0),
               lying["environment"])
        tap.equal(got, ("granted", "not_found", "production"),
                  "checklist 8, environment isolation: production's executor takes nothing of staging, "
                  "and no request calls production staging")


matrix()
tiers()
gateway()
scoping()
blocklist()
review()
timeout()
rollback()
trail()
radius()
isolation()
tap.done()
