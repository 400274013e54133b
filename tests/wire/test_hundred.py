"""100 claims of one request at once: one wins, and it alone gets the action."""
import os
from collections import Counter

from hp import Client, Instance, tap

with Instance() as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    claimers = [Client(instance, "executor") for _ in range(100)]
    for claimer in claimers:
        claimer.call(type="ping")

    def race(name, **message):
        for claimer in claimers:
            claimer.send(type="claim", nonce=os.urandom(16), **message)
        return [claimer.receive() for claimer in claimers]

    for round_number in range(5):
        id = agent.submit()["id"]
        reviewer.decide(id, "approve", "ok")
        replies = race("granted", id=id, timeout_ms=0)
        kinds = Counter(reply.get("code", reply["type"]) for reply in replies)
        tap.equal(kinds, {"claimed": 1, "conflict": 99}, f"round {round_number + 1}: of 100 claims one wins")
        tap.equal(sum("action" in reply or "salt" in reply for reply in replies), 1, "and it alone gets the action")
        shown = reviewer.call(type="show", id=id)
        tap.equal([step["state"] for step in shown["history"]].count("executing"), 1, "it was claimed once")

    # Waiting already when it is granted, by the id and as the next of the audience.
    id = agent.submit()["id"]
    for claimer in claimers[:50]:
        claimer.send(type="claim", nonce=os.urandom(16), id=id, timeout_ms=8000)
    for claimer in claimers[50:60]:
        claimer.send(type="claim", nonce=os.urandom(16), timeout_ms=3000)
    reviewer.decide(id, "approve", "ok")
    kinds = Counter((r.get("code") or r["type"]) for r in (c.receive() for c in claimers[:60]))
    tap.equal((kinds["claimed"], sum(kinds.values())), (1, 60), "of 60 that wait for the grant one wins")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
