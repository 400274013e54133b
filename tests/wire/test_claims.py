"""Claims: the same answer for the same nonce, and what was granted but does not stand any more."""
import os
import subprocess
import sys
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

    # ---- a poll that nobody listens to takes nothing ----
    def dead(*words):
        """A process that parks a claim and is killed; it is gone when this returns."""
        script = ("import os, sys, hp; from types import SimpleNamespace as S; import json, zmq\n"
                  "home, name, *id = sys.argv[1:]\n"
                  "i = S(home=home, context=zmq.Context(), broker=json.load(open(home + '/broker.json')))\n"
                  "c = hp.Client(i, name, key=json.load(open(f'{home}/keys/{name}.key')))\n"
                  "c.send(type='claim', nonce=os.urandom(16), timeout_ms=60000, **({'id': id[0]} if id else {}))\n"
                  "c.call(type='ping'); print('parked', flush=True); sys.stdin.read()")
        process = subprocess.Popen([sys.executable, "-c", script, instance.home, *words], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)})
        assert process.stdout.readline() == b"parked\n"
        process.kill()
        process.wait()
        process.stdin.close(), process.stdout.close()

    for _ in range(3):
        dead("executor")
    waiting = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=20000)
    executor.call(type="ping")
    id = granted()
    reply = executor.receive()
    tap.equal((reply["re"], reply.get("id")), (waiting, id), "behind three polls whose executors were killed, the one that lives is served")
    held = agent.submit()["id"]
    dead("executor", held)
    reviewer.decide(held, "approve", "ok")
    tap.equal(reviewer.call(type="show", id=held)["state"], "granted", "a killed poll for one request does not take it either")
    tap.equal(claim(held)["type"], "claimed", "who is there does")

    # ---- one that is sent again, and one that is withdrawn ----
    nonce, again = os.urandom(16), Client(instance, "executor")
    first = executor.send(type="claim", nonce=nonce, timeout_ms=20000)
    executor.call(type="ping")
    second = again.send(type="claim", nonce=nonce, timeout_ms=20000)
    reply = executor.receive()
    tap.ok((reply["re"], reply["type"]) == (first, "status") and "id" not in reply,
           "sent again over another connection, the older poll ends with nothing", reply)
    id = granted()
    reply = again.receive()
    tap.equal((reply["re"], reply.get("id")), (second, id), "and the newer one gets the grant")
    nonce, other = os.urandom(16), os.urandom(16)
    first = executor.send(type="claim", nonce=nonce, timeout_ms=20000)
    kept = executor.send(type="claim", nonce=other, timeout_ms=20000)
    ended = executor.send(type="claim", nonce=nonce, timeout_ms=0, withdraw=True)
    replies = [executor.receive() for _ in range(2)]
    tap.equal([(r["re"], r["type"], r.get("id")) for r in replies], [(first, "status", None), (ended, "status", None)],
              "a claim is withdrawn by its nonce")
    id = granted()
    reply = executor.receive()
    tap.equal((reply["re"], reply.get("id")), (kept, id), "a process beside it, of another nonce, goes on waiting")
    id = granted()
    tap.equal(claim(None, nonce, withdraw=True).get("id"), None, "what is withdrawn takes no grant that is there")
    tap.equal(claim(None, nonce).get("id"), id, "asked in earnest it does")
    tap.equal(claim(None, nonce, withdraw=True).get("id"), id, "and what it has taken it is told, though it withdraws")

    # Polls of closed connections make room for new ones.
    for _ in range(64):
        executor.send(type="claim", nonce=os.urandom(16), timeout_ms=60000)
    executor.call(type="ping")
    tap.equal(again.code(type="claim", nonce=os.urandom(16), timeout_ms=1), "queue_full", "64 polls of one key are enough")
    executor.close()
    end = time.monotonic() + 20
    while again.code(type="claim", nonce=os.urandom(16), timeout_ms=1) != "ok" and time.monotonic() < end:
        pass
    tap.ok(time.monotonic() < end, "once their connection closes there is room again")
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
    live = read(other)
    tap.equal(executor.call(type="claim", nonce=os.urandom(16), timeout_ms=0).get("id"), live, "nor from who does not wait")
    idle = executor.send(type="claim", nonce=os.urandom(16), timeout_ms=1500)
    turns = executor.call(type="ping") and Client(instance, "admin").call(type="stats")["stats"]["turns_total"]
    tap.equal(executor.receive()["re"], idle, "with nothing to claim the long poll ends in time")
    after = Client(instance, "admin").call(type="stats")["stats"]["turns_total"]
    tap.ok(after - turns < 100, "and keeps nobody busy meanwhile", after - turns)
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
