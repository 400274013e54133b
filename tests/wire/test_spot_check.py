"""Spot checks through the running broker: who is drawn, by which rule, who looks, and the queue."""
import os

import msgpack
import zmq

from hp import Client, Instance, request, tap

WIDE = ("hard_max_resources_affected: 50 ", "hard_max_resources_affected: 5000 ")
MORE = ("max_resources_affected: 5\n", "max_resources_affected: 5000\n")
COST = ("max_cost_impact_usd: 1000\n", "max_cost_impact_usd: 1000000\n")


def policy(share):
    """The trial policy where the supervised tier's share is this."""
    def change(text):
        for old, new in (WIDE, MORE, COST):
            text = text.replace(old, new, 1)
        return text.replace("spot_check: 0.05", f"spot_check: {share}")
    return change


def update(**changes):
    """A supervised agent's logged change in staging."""
    return request(**{"operation": "ecs:UpdateService", "environment": "staging", "resources": ["api"],
                      "audience": None, "rollback": None, **changes})


def drawn(digest, share_bp):
    """The rule as the manual gives it, for auditors."""
    return int.from_bytes(digest[:8], "big") % 10000 < share_bp


def flagged(client, reply):
    return "spot-check" in client.call(type="show", id=reply["id"])["flags"]


def queue(client, **filters):
    return [item["id"] for item in client.call(type="list", spot_checks=True, **filters)["items"]]


def sampling():
    with Instance(policy(0.25)) as instance:
        agent, reviewer, auditor = (Client(instance, n) for n in ("demo-agent-supervised", "reviewer", "auditor"))
        ids = [agent.send(type="submit", **update()) for _ in range(300)]
        receipts = [agent.receive() for _ in ids]
        tap.equal({r["state"] for r in receipts}, {"granted"}, "300 logged requests")
        want = [r["id"] for r in receipts if drawn(r["digest"], 2500)]
        tap.equal(sorted(queue(reviewer)), sorted(want), "the queue is what the rule draws from their digests")
        tap.ok(45 <= len(want) <= 105, "about a quarter", len(want))
        tap.equal(sorted(r["id"] for r in receipts if flagged(reviewer, r)), sorted(want), "and those are flagged")
        bodies, start = [], 0
        while True:
            page = auditor.call(type="audit", **{"from": start, "limit": 1000})["entries"]
            bodies += [msgpack.unpackb(e["body"], raw=False) for e in page if e.get("body")]
            if not page:
                break
            start = page[-1]["seq"] + 1
        leaves = [b for b in bodies if "spot_check_bp" in b]
        tap.equal((len(leaves), {b["spot_check_bp"] for b in leaves}), (len(want), {2500}),
                  "their leaves say so, with the share")
        instance.restart()
        tap.equal(sorted(queue(reviewer)), sorted(want), "the queue survives kill -9")
        tap.equal(queue(reviewer, environment="production"), [], "it takes the filters of a list")
        tap.equal(sorted(queue(agent)), sorted(want), "an agent sees its own at most")
        tap.equal(queue(Client(instance, "demo-agent")), [], "and not another's")
        tap.equal(instance.verify(), "", "the log verifies")


def looking():
    with Instance(policy(1)) as instance:
        agent, reviewer, second = (Client(instance, n) for n in ("demo-agent-supervised", "reviewer", "reviewer2"))
        one, two = agent.submit(**update()), agent.submit(**update())
        person = Client(instance, "developer").submit(**update())
        held, read = agent.submit(), agent.submit(**update(operation="ecs:DescribeServices"))
        tap.equal((held["state"], read["effect"], person["state"]), ("pending", "allow", "granted"), "a held, a read, a person's")
        tap.equal(sorted(queue(reviewer)), sorted([one["id"], two["id"]]),
                  "drawn are logged ones of agents, of tiers with a share; no held ones, no people's")
        agent.call(type="claim", id=one["id"], nonce=os.urandom(16), timeout_ms=0)
        agent.call(type="report", id=one["id"], result="succeeded")
        sub = instance.context.socket(zmq.SUB)
        sub.linger = 0
        key = instance.key("reviewer")
        sub.curve_publickey, sub.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
        sub.curve_serverkey = instance.broker["curve_public"].encode()
        sub.subscribe(b"spot_check")
        sub.connect(instance.broker["events"])

        tap.equal(agent.code(type="spot_check", id=one["id"], finding="ok"), "unauthorised", "an agent looks at nothing")
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="fine"), "malformed", "a finding is ok or concern")
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="ok", note="x" * 1025), "malformed", "a note is short")
        tap.equal(reviewer.code(type="spot_check", id=held["id"], finding="ok"), "conflict", "not what was not drawn")
        reply = reviewer.call(type="spot_check", id=one["id"], finding="concern", note="three replicas, not two")
        tap.equal((reply["type"], reply["state"]), ("status", "succeeded"), "a reviewer says what it found; the state stays")
        tap.equal(queue(reviewer), [two["id"]], "it leaves the queue")
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="ok"), "already_voted", "once a person")
        instance.restart()
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="ok"), "already_voted", "also after kill -9")
        tap.equal(second.code(type="spot_check", id=one["id"], finding="ok"), "ok", "another person may look too")
        shown = reviewer.call(type="show", id=one["id"])["spot_checks"]
        tap.equal([(c["by"], c["finding"], c.get("note")) for c in shown],
                  [("reviewer", "concern", "three replicas, not two"), ("reviewer2", "ok", None)], "show tells who found what")
        told, number = None, 0
        while not told and number < 50:  # a subscription takes a moment, and the broker was killed
            number += 1
            extra = agent.submit(**update())
            reviewer.call(type="spot_check", id=extra["id"], finding="ok")
            if sub.poll(300):
                told = msgpack.unpackb(sub.recv_multipart()[2], raw=False)
        tap.equal(((told or {}).get("type"), (told or {}).get("operation")), ("spot_check", "ecs:UpdateService"), "it is an event")
        agent.call(type="withdraw", id=two["id"])
        tap.equal(queue(reviewer), [], "what never ran leaves the queue")
        tap.equal(reviewer.code(type="spot_check", id=two["id"], finding="ok"), "conflict", "and takes no finding")
        entries = Client(instance, "auditor").call(type="audit", **{"from": 0, "limit": 1000})["entries"]
        tap.ok(any(b"three replicas" in (e.get("body") or b"") and b"spot_check" in e["leaf"] for e in entries), "and a leaf")
        tap.equal(instance.verify(), "", "the log verifies")

    # The owner, as a reviewer of groups, still is not the one who looks.
    with Instance(policy(1)) as instance:
        path = os.path.join(instance.home, "principals.d", "demo-agent-supervised.yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace('owner: "developer"', 'owner: "reviewer"'))
        tap.equal(Client(instance, "admin").code(type="reload"), "ok", "a reviewer who owns the agent")
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        one = agent.submit(**update())
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="ok"), "self_approval", "does not look at its requests")

    with Instance(policy(1), config=lambda text: text.replace("same_uid: allow", "same_uid: refuse")) as instance:
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        one = agent.submit(**update())
        tap.equal(reviewer.code(type="spot_check", id=one["id"], finding="ok"), "not_eligible", "nor a user that runs agents")


sampling()
looking()
tap.done()
