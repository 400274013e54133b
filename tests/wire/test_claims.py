"""Claims: the same answer for the same nonce, and what was granted but does not stand any more."""
import os
import time

from hp import Client, Instance, request, tap, with_gateway


def entry(instance, name):
    return os.path.join(instance.home, "principals.d", name + ".yaml")


def edit(instance, name, old, new):
    """Changes a principal's file; the file's text before."""
    with open(entry(instance, name)) as file:
        text = file.read()
    assert old in text, text
    with open(entry(instance, name), "w") as file:
        file.write(text.replace(old, new))
    return text


with Instance() as instance:
    agent, gateway = Client(instance, "demo-agent-supervised"), Client(instance, "gateway")
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")
    executor = Client(instance, "executor")

    def granted(client=agent, **changes):
        receipt = client.submit(**changes)
        if receipt["state"] == "pending":
            reviewer.decide(receipt["id"], "approve", "ok")
        return receipt["id"]

    def claim(id=None, nonce=None, client=executor, **more):
        id = {"id": id} if id else {}
        return client.ask(type="claim", nonce=nonce or os.urandom(16), **{"timeout_ms": 0, **id, **more})

    # ---- one nonce ----
    id, nonce = granted(), os.urandom(16)
    tap.equal(executor.code(type="show", id=id), "not_found", "an executor reads nothing that it has not claimed")
    tap.equal(executor.call(type="wait", id=id, until="decided", timeout_ms=0)["state"], "granted", "but may wait for it")
    first = claim(id.upper(), nonce)
    tap.equal(first["type"], "claimed", "an id is claimed however it is spelled")
    tap.equal({**claim(id.upper(), nonce), "re": 0}, {**first, "re": 0}, "and the same nonce repeats the reply")
    tap.equal({**claim(None, nonce), "re": 0}, {**first, "re": 0}, "also without the id")
    tap.equal(claim(granted(), nonce).get("code"), "conflict", "one nonce claims one request")
    tap.equal(executor.call(type="show", id=id)["state"], "executing", "what it has claimed it reads")
    executor.call(type="report", id=id, result="succeeded")
    reply = claim(id, nonce)
    tap.equal((reply["type"], reply.get("code")), ("error", "final"), "an erased action is not claimed again as nothing")
    id, nonce = granted(), os.urandom(16)
    tap.equal(claim(id, nonce, detached=True)["type"], "claimed", "a detached claim")
    tap.equal(claim(id, nonce).get("code"), "final", "nor is a released one")
    id, nonce = granted(), os.urandom(16)
    tap.equal(claim(id, nonce)["type"], "claimed", "a claim whose reply, say, was lost")
    reviewer.call(type="halt", scope="all", reason="stop")
    tap.equal(claim(id, nonce).get("code"), "halted", "is not answered again under a halt: nothing begins then")
    tap.equal(claim(None, nonce).get("code"), "halted", "without its id neither")
    admin.call(type="resume", scope="all", reason="go on")
    tap.equal(claim(id, nonce)["type"], "claimed", "after it, it is")
    id, nonce = granted(), os.urandom(16)
    tap.equal(claim(id, nonce, lease_s=1)["type"], "claimed", "a claim with a short lease")
    end = time.monotonic() + 20
    while reviewer.call(type="show", id=id)["state"] == "executing" and time.monotonic() < end:
        time.sleep(0.05)
    tap.equal((claim(id, nonce).get("code"), reviewer.call(type="show", id=id)["state"]), ("final", "unknown"), "is not answered again once that has ended")
    tap.equal(reviewer.code(type="list", after=id.upper()), "ok", "a page begins after an id however it is spelled")
    while claim()["type"] == "claimed":
        pass

    # ---- what does not stand any more ----
    def ends(id, name):
        reply = claim(id)
        tap.equal((reply["type"], reply.get("code")), ("error", "conflict"), f"{name}: not claimed")
        shown = reviewer.call(type="show", id=id)
        tap.ok(shown["state"] == "lapsed" and "cannot be claimed" in shown["reason"], f"{name}: its grant ends, and says why",
               (shown["state"], shown.get("reason")))

    id = granted()
    text = edit(instance, "demo-agent-supervised", "curve_public:", "environments: [staging]\ncurve_public:")
    admin.call(type="reload")
    ends(id, "an agent bound to other environments since")
    with open(entry(instance, "demo-agent-supervised"), "w") as file:
        file.write(text)
    admin.call(type="reload")

    spoken = gateway.call(type="submit", **{"for": "demo-agent-supervised"}, **request())["id"]
    reviewer.decide(spoken, "approve", "ok")
    text = edit(instance, "gateway", '"demo-agent-supervised"', '"nobody"')
    admin.call(type="reload")
    ends(spoken, "a gateway that does not speak for its agent any more")
    with open(entry(instance, "gateway"), "w") as file:
        file.write(text)
    admin.call(type="reload")

    # Many dead grants stand before a live one: the next claim comes to it.
    dead = [granted(client=Client(instance, "demo-agent"), operation="rds:DescribeDBInstances", arguments=None)
            for _ in range(40)]
    live = granted()
    edit(instance, "demo-agent", "curve_public:", "revoked: true\ncurve_public:")
    admin.call(type="reload")
    waiting = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=20000)
    started = time.monotonic()
    reply = executor.receive()
    tap.equal((reply["re"], reply.get("id")), (waiting, live), "behind 40 dead grants the next claim finds the live one")
    tap.ok(time.monotonic() - started < 5, "at once")
    states = {reviewer.call(type="show", id=id)["state"] for id in dead}
    tap.equal(states, {"lapsed"}, "and the dead ones have ended")

    # Who waits longest is served first.
    first = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=20000)
    second = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=20000)
    executor.call(type="ping")
    for turn in (first, second):
        granted()
        tap.equal(executor.receive()["re"], turn, "claims are served in their order")
    tap.equal(instance.verify(), "", "the log verifies")


def budget(text):
    return with_gateway(text, "  budgets: [{window: 24h, max_cost_usd: 1000, effect: block}]\n")


# What meters refuse for now stays granted: it must not stand in the way of another agent's either.
with Instance(policy=budget) as instance:
    agent, other = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    executor = Client(instance, "executor")

    def read(client):
        receipt = client.submit(operation="rds:DescribeDBInstances", arguments=None,
                                impact={"resources_affected": 1, "cost_usd": 1, "reversible": True})
        assert receipt["state"] == "granted", receipt
        return receipt["id"]

    spent = read(agent)
    refused = [read(agent) for _ in range(80)]
    executor.call(type="claim", id=spent, nonce=os.urandom(16), timeout_ms=0)
    executor.call(type="report", id=spent, result="succeeded", cost_usd=5000)
    live = read(other)
    tap.equal(executor.code(type="claim", id=refused[0], nonce=os.urandom(16), timeout_ms=0), "rate_limited",
              "an agent beyond its budget")
    waiting = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=20000)
    reply = executor.receive()
    tap.equal((reply["re"], reply.get("id")), (waiting, live), "hides no other agent's grant behind 80 of its own")
    idle = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=1500)
    turns = executor.call(type="ping") and Client(instance, "admin").call(type="stats")["stats"]["turns_total"]
    tap.equal(executor.receive()["re"], idle, "with nothing to claim the long poll ends in time")
    after = Client(instance, "admin").call(type="stats")["stats"]["turns_total"]
    tap.ok(after - turns < 100, "and keeps nobody busy meanwhile", after - turns)
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
