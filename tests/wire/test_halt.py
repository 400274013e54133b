"""Halt and resume: what waits ends, what runs is told, nothing new starts, only an admin resumes."""
import os

from hp import Client, Instance, request, tap

with Instance() as instance:
    agent, supervised = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    reviewer, admin, executor = (Client(instance, n) for n in ("reviewer", "admin", "executor"))
    developer = Client(instance, "developer", door="control")

    def granted(**changes):
        receipt = supervised.submit(**changes)
        if receipt["state"] == "pending":
            reviewer.decide(receipt["id"], "approve", "ok")
        return receipt["id"]

    running = granted(session="one")
    executor.call(type="claim", id=running, nonce=os.urandom(16), timeout_ms=0)
    waiting = supervised.submit(session="one")["id"]
    other = supervised.submit(session="two")["id"]
    ready = granted(session="one")
    stop = executor.send(type="wait", id=running, until="stop", timeout_ms=20000)
    told = supervised.send(type="wait", id=waiting, until="decided", timeout_ms=20000)

    reply = reviewer.call(type="halt", scope="session", agent="demo-agent-supervised", session="one", reason="odd")
    tap.equal((reply["type"], reply["halted"], reply["stopping"]), ("halted", 2, 1), "a session is halted")
    reply = executor.receive()
    tap.equal((reply["re"], reply["state"], reply["stop"]), (stop, "executing", True), "its executor is told to stop")
    tap.equal((supervised.receive()["state"]), "halted", "its waiting agent too")
    tap.equal(executor.call(type="progress", id=running)["stop"], True, "and progress says so")
    tap.equal(reviewer.call(type="show", id=ready)["state"], "halted", "what was granted ends")
    tap.equal(reviewer.call(type="show", id=other)["state"], "pending", "another session goes on")
    tap.equal(supervised.code(type="submit", **request(session="one")), "halted", "the session submits nothing more")
    tap.equal(supervised.call(type="submit", **request(session="three"))["type"], "receipt", "another one does")
    tap.equal(reviewer.decide(waiting, "approve", "x")["code"], "halted", "what was halted takes no vote")

    gateway = Client(instance, "gateway")
    def told(client=supervised, **more):
        reply = client.ask(type="hello", **more)
        return reply.get("code", reply.get("halted"))
    tap.equal([told(), told(session="one"), told(session="two")], [False, True, False], "hello says whether a session is halted")
    tap.equal([told(gateway, **{"for": "demo-agent-supervised", **more}) for more in ({}, {"session": "one"})], [False, True],
              "to the gateway of its agent too")
    tap.equal([told(gateway, **{"for": "developer"}), told(**{"for": "demo-agent"}), told(gateway)], ["unauthorised", "malformed", False],
              "to nobody else's, and a gateway may ask for itself")

    tap.equal(developer.code(type="halt", scope="all", reason="x"), "unauthorised", "an owner may not halt all")
    tap.equal(developer.call(type="halt", scope="agent", agent="demo-agent-supervised", reason="mine")["type"],
              "halted", "but its own agent")
    tap.equal(supervised.code(type="submit", **request(session="fresh")), "halted",
              "another session name does not escape an agent's halt")
    tap.equal(agent.call(type="submit", **request(environment="staging", resources=["api"]))["type"], "receipt",
              "another agent goes on")
    tap.equal(reviewer.code(type="resume", scope="agent", agent="demo-agent-supervised", reason="x"), "unauthorised",
              "only an admin resumes")
    tap.equal(admin.call(type="resume", scope="agent", agent="demo-agent-supervised", reason="ok")["type"], "resumed",
              "an admin does")
    tap.equal(admin.code(type="resume", scope="agent", agent="demo-agent-supervised", reason="ok"), "conflict",
              "what is not halted cannot be resumed")
    tap.equal(supervised.code(type="submit", **request(session="one")), "halted", "the session's own halt still stands")
    instance.restart()
    tap.equal(supervised.code(type="submit", **request(session="one")), "halted", "also after a kill -9")
    tap.equal(reviewer.call(type="halt", scope="all", reason="everything")["type"], "halted", "halt all")
    tap.equal(agent.code(type="submit", **request()), "halted", "stops everyone")
    tap.equal(reviewer.code(type="halt", scope="agent", agent="nobody", reason="x"), "not_found", "an unknown agent is named")
    tap.equal(reviewer.code(type="halt", scope="agent", reason="x"), "malformed", "a scope without its agent")
    for scope in ({"scope": "all"}, {"scope": "session", "agent": "demo-agent-supervised", "session": "one"}):
        admin.call(type="resume", reason="over", **scope)
    tap.equal(executor.call(type="progress", id=running)["stop"], False, "what ran may go on after the last resume")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
