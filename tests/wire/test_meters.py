"""Layer 3 through the running broker: rates, budgets, caps, anomalies, chains; all through kill -9."""
import os
import sqlite3
import threading
import time

import msgpack
import zmq

from hp import Client, Instance, request, tap, with_gateway

# Room for what these tests ask at once; the caps of one action have tests of their own below.
WIDE = ("max_resources_affected: 5\n", "max_resources_affected: 5000\n")
WIDE_HARD = ("hard_max_resources_affected: 50 ", "hard_max_resources_affected: 5000 ")
WIDE_COST = ("max_cost_impact_usd: 1000\n", "max_cost_impact_usd: 1000000\n")


def policy(section, *replacements):
    """The trial policy with a gateway section and replaced lines."""
    def change(text):
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        return with_gateway(text, section)
    return change


def paid(usd, **changes):
    """A supervised agent's granted change in staging that costs so much."""
    return request(**{"operation": "ecs:UpdateService", "environment": "staging", "resources": ["api"],
                      "impact": {"resources_affected": 1, "cost_usd": usd, "reversible": True}, **changes})


def rules(reply):
    return [finding["rule"] for finding in reply["findings"]]


def edit(instance, statement, *values):
    """Changes the meters under a broker that is down: time, which no test can wait for."""
    instance.kill()
    base = sqlite3.connect(os.path.join(instance.home, "state", "holdpoint.db"))
    base.execute(statement, values)
    base.commit()
    base.close()
    instance.start()


def budgets():
    with Instance(policy("  budgets: [{window: 24h, max_cost_usd: 1000, effect: hold}]\n", WIDE, WIDE_HARD,
                         WIDE_COST)) as instance:
        replies = []

        clients = [Client(instance, "demo-agent-supervised") for _ in range(10)]

        def ask(client):
            for _ in range(10):
                client.send(type="submit", **paid(900))
            replies.extend(client.receive() for _ in range(10))

        threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = sorted(reply["state"] for reply in replies)
        tap.equal(states, ["granted"] + ["pending"] * 99, "100 concurrent $900 requests under $1,000 let one through")
        held = next(reply for reply in replies if reply["state"] == "pending")
        tap.equal(rules(held).count("gateway.budgets[0]"), 1, "the others say that it is the budget")
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        for reply in replies:
            if reply["state"] == "pending":
                agent.call(type="withdraw", id=reply["id"])
        instance.restart()
        tap.equal(agent.submit(**paid(100))["state"], "granted", "what was withdrawn is released; $900 stand after kill -9")
        tap.equal(agent.submit(**paid(0.01))["state"], "pending", "and one cent more is held")
        other = Client(instance, "demo-agent")
        tap.ok("gateway.budgets[0]" not in rules(other.submit(**paid(900))), "another agent has a budget of its own")

    with Instance(policy("  budgets: [{window: 24h, max_cost_usd: 1000, effect: block}]\n", WIDE, WIDE_HARD,
                         WIDE_COST)) as instance:
        agent, executor = Client(instance, "demo-agent-supervised"), Client(instance, "executor")
        reviewer = Client(instance, "reviewer")
        first = agent.submit(impact={"resources_affected": 1, "cost_usd": 900, "reversible": True})
        tap.equal(agent.submit(**paid(101))["state"], "blocked", "a budget that blocks, blocks")
        tap.equal(agent.submit(**paid(100))["state"], "granted", "what is blocked reserves nothing")
        reviewer.decide(first["id"], "approve", "ok")
        executor.call(type="claim", id=first["id"], nonce=os.urandom(16), timeout_ms=0)
        executor.call(type="report", id=first["id"], result="succeeded", cost_usd=400)
        instance.restart()
        tap.equal(agent.submit(**paid(501))["state"], "blocked", "settled at what was reported ($400 of $900) …")
        own = agent.submit(audience=None, **paid(500))
        tap.equal(own["state"], "granted", "… to the cent, after kill -9")
        agent.call(type="claim", id=own["id"], nonce=os.urandom(16), timeout_ms=0)
        agent.call(type="report", id=own["id"], result="succeeded", cost_usd=0)
        tap.equal(agent.submit(**paid(1))["state"], "blocked", "who runs its own action cannot report its cost away")
        unsaid = {"resources_affected": 1, "reversible": True}
        tap.equal(rules(agent.submit(operation="ecs:UpdateService", environment="staging", impact=unsaid)).count(
            "gateway.budgets[0]"), 1, "a missing claim counts as the cap of one action")
        read = agent.submit(operation="ecs:DescribeServices", environment="staging", impact=unsaid)
        tap.equal(read["state"], "granted", "a read without a claim costs nothing")
        tap.equal(instance.verify(), "", "the log verifies")

    # Checked again at claim: the budget was overrun by another one's report.
    with Instance(policy("  budgets: [{window: 24h, max_cost_usd: 1000, effect: hold}]\n", WIDE, WIDE_HARD,
                         WIDE_COST)) as instance:
        agent = Client(instance, "demo-agent-supervised")
        one, two = agent.submit(**paid(500, audience=None)), agent.submit(**paid(500, audience=None))
        agent.call(type="claim", id=one["id"], nonce=os.urandom(16), timeout_ms=0)
        agent.call(type="report", id=one["id"], result="succeeded", cost_usd=800)
        tap.equal(agent.code(type="claim", id=two["id"], nonce=os.urandom(16), timeout_ms=0), "rate_limited",
                  "a grant that the budget no longer covers cannot be claimed")


def rates():
    section = "  rate_limits: [{environment: staging, except: [read], per_minute: 5, burst: 5, effect: block}]\n"
    with Instance(policy(section, WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent = Client(instance, "demo-agent-supervised")
        states = [agent.submit(**paid(1))["state"] for _ in range(3)]
        instance.restart()
        last = [agent.submit(**paid(1)) for _ in range(3)]
        tap.equal(states + [reply["state"] for reply in last], ["granted"] * 5 + ["blocked"],
                  "five a minute, the sixth gets a blocked receipt; a kill -9 refills nothing")
        tap.equal((last[2]["verdict"], last[2]["findings"][0]["layer"], last[2]["findings"][0]["rule"]),
                  ("block", 3, "gateway.rate_limits[0]"), "which says so, with layer and rule")
        with open(os.path.join(instance.home, "policy.yaml")) as file:
            line = next(n for n, text in enumerate(file, 1) if "rate_limits" in text)
        tap.equal(last[2]["findings"][0]["line"], line, "and the line of the file")
        read = agent.submit(operation="ecs:DescribeServices", environment="staging", resources=["api"])
        tap.equal(read["state"], "granted", "reads are excepted")
        again = request(operation="rds:CreateDBInstanceReadReplica")
        tap.ok("gateway.rate_limits[0]" not in rules(agent.call(type="submit", **again)), "so is another environment")
        developer = Client(instance, "developer", door="control")
        tap.equal({developer.submit(**paid(1))["state"] for _ in range(7)}, {"granted"}, "people have no meters")
        tap.equal(instance.verify(), "", "the log verifies")

    # Grants that were saved up are not all used at once.
    section = "  rate_limits: [{environment: staging, per_minute: 2, effect: block}]\n"
    with Instance(policy(section, WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent = Client(instance, "demo-agent-supervised")
        saved = [agent.submit(**paid(1, audience=None)) for _ in range(2)]
        edit(instance, "DELETE FROM meter WHERE name LIKE 'rate %'")  # as if a minute had passed
        saved += [agent.submit(**paid(1, audience=None)) for _ in range(2)]
        tap.equal([reply["state"] for reply in saved], ["granted"] * 4, "a rate without `burst` and `except`")
        codes = [agent.code(type="claim", id=reply["id"], nonce=os.urandom(16), timeout_ms=0) for reply in saved[:3]]
        instance.restart()
        codes.append(agent.code(type="claim", id=saved[3]["id"], nonce=os.urandom(16), timeout_ms=0))
        tap.equal(codes, ["ok", "ok", "rate_limited", "rate_limited"], "saved-up grants are claimed at the rate, too")


def caps():
    with Instance(policy("  pending_cap: 3\n", WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        held = [agent.submit()["id"] for _ in range(3)]
        tap.equal(agent.code(type="submit", **request()), "queue_full", "the fourth pending request of three is refused")
        instance.restart()
        tap.equal({agent.code(type="submit", **request()) for _ in range(40)}, {"queue_full"}, "also after a kill -9")
        tap.equal(agent.submit(**paid(1))["state"], "granted", "what needs no person is not concerned")
        reviewer.decide(held[0], "deny", "no")
        tap.equal(agent.submit()["state"], "pending", "a decision makes room")
        auditor, told, deadline = Client(instance, "auditor"), [], time.time() + 20
        while not any(b"refused again" in body for body in told) and time.time() < deadline:
            entries = auditor.call(type="audit", **{"from": 0, "limit": 1000})["entries"]
            told = [entry["body"] for entry in entries if b"queue_full" in (entry.get("body") or b"")]
        tap.ok(2 <= len(told) <= 8, "the refusals are in the log, but not each with a leaf", f"{len(told)} of 41")
        counted = sum(msgpack.unpackb(body)["count"] if b"refused again" in body else 1 for body in told)
        tap.equal(counted, 41, "and all are counted")
        tap.equal(instance.verify(), "", "the log verifies")

    with Instance(policy("  bytes_per_day: 8KiB\n", WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent = Client(instance, "demo-agent-supervised")
        body = paid(1, why="x" * 3000)
        tap.equal([agent.code(type="submit", **body), agent.code(type="submit", **paid(1, why="x" * 3000))], ["ok", "ok"],
                  "what fits into a day's bytes")
        instance.restart()
        tap.equal(agent.code(type="submit", **paid(1, why="x" * 3000)), "rate_limited",
                  "what does not is refused, also after a kill -9")
        tap.equal(agent.code(type="submit", **body), "ok", "a submit said again costs nothing")

    with Instance(policy("  bytes_per_day: 16KiB\n", WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent, executor, auditor = (Client(instance, name) for name in ("demo-agent-supervised", "executor", "auditor"))
        first, second = (agent.submit(operation="rds:DescribeDBInstances", arguments=None)["id"] for _ in range(2))
        for id in (first, second):
            assert executor.call(type="claim", id=id, nonce=os.urandom(16), timeout_ms=0)["type"] == "claimed"
        tap.equal({executor.call(type="progress", id=first, text=f"{i}." + "w" * 2000)["state"] for i in range(20)}, {"executing"},
                  "progress is heard however much is said")
        bodies = [entry.get("body") or b"" for entry in auditor.call(type="audit", **{"from": 0, "limit": 1000})["entries"]]
        kept = sum(b"." + b"w" * 2000 in body for body in bodies)
        tap.ok(4 <= kept <= 7, "but what is kept of it counts as the agent's bytes of that day", f"{kept} of 20")
        tap.equal(agent.code(type="submit", **paid(1, why="x" * 3000)), "rate_limited", "so that a request is refused")
        executor.call(type="report", id=first, result="succeeded", output="o" * 20000)
        told = agent.call(type="wait", id=first, until="done", timeout_ms=0)
        tap.equal((told["state"], told.get("output")), ("succeeded", "(left out: over bytes_per_day)"), "a report ends its request all the same, and says what it lacks")
        executor.call(type="report", id=second, result="succeeded", output="o" * 50)
        tap.equal(agent.call(type="wait", id=second, until="done", timeout_ms=0).get("output"), "o" * 50, "what still fits is kept")
        tap.equal(instance.verify(), "", "the log verifies")


def anomalies():
    section = "  anomaly: {first_time: alert, asked_again: hold, rate: alert}\n"
    with Instance(policy(section, WIDE, WIDE_HARD, WIDE_COST)) as instance:
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        events = instance.context.socket(zmq.SUB)
        events.linger = 0
        key = instance.key("reviewer")
        events.curve_publickey, events.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
        events.curve_serverkey = instance.broker["curve_public"].encode()
        events.subscribe(b"anomaly")
        events.connect(instance.broker["events"])
        seen, deadline = None, time.time() + 20
        while not seen and time.time() < deadline:  # a subscription takes a moment
            first = agent.submit(**paid(1, resources=[f"new{chr(97 + int(time.time() * 10) % 26)}-1"]))
            if events.poll(500):
                seen = msgpack.unpackb(events.recv_multipart()[2], raw=False)
        tap.equal((seen or {}).get("type"), "anomaly", "an anomaly is an event")
        tap.ok("the first time that demo-agent-supervised" in (seen or {}).get("message", ""), "in plain words", seen)
        fresh = agent.submit(**paid(1, resources=["ledger-7"]))
        tap.ok(any("touches \"ledger\"" in f["message"] for f in fresh["findings"]), "a new resource family is told",
               fresh["findings"])
        tap.equal(fresh["state"], "granted", "an alert lets it through")
        instance.restart()
        again = agent.submit(**paid(1, resources=["ledger-8"]))
        tap.ok("gateway.anomaly.first_time" not in rules(again), "known the second time, through a kill -9",
               again["findings"])

        deed = {"operation": "rds:CreateDBInstanceReadReplica", "resources": ["orders-ro"]}
        asked = agent.submit(**deed)
        tap.ok("gateway.anomaly.asked_again" not in rules(asked), "asking once is nothing")
        reviewer.decide(asked["id"], "deny", "no")
        instance.restart()
        asked = agent.submit(why="a better argument", **deed)
        tap.ok("gateway.anomaly.asked_again" in rules(asked), "asking again after a denial is told, through a kill -9",
               rules(asked))
        tap.ok("asked-again" in reviewer.call(type="list", limit=1)["items"][0]["flags"], "and flagged in the queue")

        # A history of two requests in ten minutes, three hours long; then a burst.
        pace = b"".join(n.to_bytes(8, "big") for n in (int(time.time() * 1000) // 600000, 0, 2000, 18))
        edit(instance, "UPDATE meter SET state = ? WHERE name = 'pace'", pace)
        found = [("gateway.anomaly.rate" in rules(agent.submit(**paid(1)))) for _ in range(24)]
        tap.ok(not any(found[:15]) and any(found), "a rate far above its own history is told", found)
        tap.equal(instance.verify(), "", "the log verifies")


def chains():
    def one(**changes):
        return request(operation="ecs:UpdateService", environment="staging",
                       impact={"resources_affected": 1, "cost_usd": 300, "reversible": True},
                       **{"resources": ["api"], **changes})
    with Instance(lambda text: text.replace(*WIDE_COST)) as instance:
        agent = Client(instance, "demo-agent-supervised")
        states = [agent.call(type="submit", **one())["state"] for _ in range(3)]
        instance.restart()
        replies = [agent.call(type="submit", **one()) for _ in range(3)]
        tap.equal(states + [r["state"] for r in replies], ["granted"] * 5 + ["pending"],
                  "six changes of one resource are one change of six, through a kill -9")
        told = [f for f in replies[2]["findings"] if f["rule"] == "change_magnitude.max_resources_affected"]
        tap.equal((told[0]["layer"], told[0]["effect"]), (1, "hold"), "layer 1 says so")
        tap.ok("together with other requests" in told[0]["message"], "in plain words", told[0]["message"])
        other = agent.submit(operation="ecs:CreateService", environment="staging", resources=["api"],
                             impact={"resources_affected": 1, "cost_usd": 1, "reversible": True})
        tap.equal(other["state"], "granted", "another class is another chain")
        reads = {agent.submit(operation="ecs:DescribeServices", environment="staging", resources=["a"])["state"]
                 for _ in range(8)}
        tap.equal(reads, {"granted"}, "reading makes no chain")
        agent2 = Client(instance, "demo-agent")
        deletes = [agent2.submit(operation="ecs:DeleteService", environment="staging", resources=[f"s{n}"],
                                 impact={"resources_affected": 10, "reversible": True}) for n in range(6)]
        tap.equal([r["state"] for r in deletes], ["pending"] * 5 + ["blocked"],
                  "and the hard cap of 50 counts together too")
        agent2.call(type="withdraw", id=deletes[0]["id"])
        told = agent2.submit(operation="ecs:DeleteService", environment="staging", resources=["s7"],
                             impact={"resources_affected": 10, "reversible": True})
        tap.equal(told["state"], "pending", "what ends without running leaves its chain")
        five = Client(instance, "demo-agent-supervised")
        deletes = [five.submit(operation="ecs:DeleteService", environment="production", resources=["orders"],
                               impact={"resources_affected": 1, "reversible": True}) for _ in range(6)]
        counted = [[f["message"].split()[0] for f in reply["findings"] if "together" in f["message"]]
                   for reply in deletes]
        tap.equal(counted, [[]] * 5 + [["6"]], "five deletes of one resource are one delete of five, the sixth is over")
        tap.equal(instance.verify(), "", "the log verifies")
    with Instance() as instance:
        agent = Client(instance, "demo-agent-supervised")
        found = [rules(agent.call(type="submit", **one())).count("change_magnitude.max_cost_impact_usd")
                 for _ in range(4)]
        tap.equal(found, [0, 0, 0, 1], "costs of a chain count together")


budgets()
rates()
caps()
anomalies()
chains()
tap.done()
