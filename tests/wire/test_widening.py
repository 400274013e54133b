"""More people may vote later (escalate_after), and deadlines move within limits (extend), by the running broker."""
import os
import time

from hp import Client, Instance, tap



def widened(text):
    """Leads join after two seconds; nobody needs two persons, since one will be in no group but leads."""
    for old, new in (("{groups: [oncall], count: 2}", "{groups: [oncall], count: 1}"), ("{after: 10m, groups: [leads]}", "{after: 2s, groups: [leads]}")):
        assert old in text, old
        text = text.replace(old, new)
    return text


def groups(instance, name, words):
    """Enrols a reviewer into other groups, as an editor and a reload do."""
    path = os.path.join(instance.home, "principals.d", name + ".yaml")
    with open(path) as file:
        lines = file.read().splitlines()
    with open(path, "w") as file:
        file.write("\n".join(f"groups: {words}" if line.startswith("groups:") else line for line in lines) + "\n")
    Client(instance, "admin").call(type="reload")


def leads():
    with Instance(widened) as instance:
        groups(instance, "reviewer2", '["leads"]')
        agent, oncall, lead = (Client(instance, n) for n in ("demo-agent-supervised", "reviewer", "reviewer2"))
        start = time.monotonic()
        held = agent.submit()
        early = lead.decide(held["id"], "approve", "now")
        if time.monotonic() - start < 2:
            tap.equal(early.get("code"), "not_eligible", "a lead is not asked at once")
        tap.equal(oncall.call(type="show", id=held["id"])["needed"], 1, "one person is needed")
        instance.restart()
        deadline = time.monotonic() + 20
        while True:  # until the time has come, through a kill -9
            reply = lead.decide(held["id"], "approve", "nobody else is up")
            if reply.get("code") != "not_eligible" or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        waited = time.monotonic() - start
        tap.equal((reply["type"], reply.get("state")), ("status", "granted"), "later a lead may release it")
        tap.ok(waited >= 2, "no sooner than the policy says", waited)
        other = agent.submit()
        tap.equal(oncall.decide(other["id"], "approve", "mine").get("state"), "granted", "who was asked first still may")
        third = agent.submit()
        tap.equal(lead.decide(third["id"], "deny", "no").get("state"), "denied", "a denial waits for no time")
        tap.equal(instance.verify(), "", "the log verifies")


def limits():
    def short(text):
        for old, new in (("timeout: 30m ", "timeout: 60s "), ("max_timeout: 4h ", "max_timeout: 90s "), ("extend: {by: 15m, times: 2}", "extend: {by: 20s, times: 2}")):
            assert old in text, old
            text = text.replace(old, new)
        return text
    with Instance(short) as instance:
        agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
        held = agent.submit()
        first = held["deadline_ms"]

        def extend(by_ms, request=held["id"], who=reviewer):
            return who.ask(type="extend", id=request, by_ms=by_ms, reason="still reading")

        tap.equal(extend(20001).get("code"), "conflict", "not by more than the policy says at a time")
        tap.equal(extend(0).get("code"), "malformed", "nor by nothing")
        tap.equal(extend(1000, who=agent).get("code"), "unauthorised", "nor by who asked")
        tap.equal(extend(20000)["deadline_ms"], first + 20000, "by as much as it says")
        instance.restart()
        tap.equal(extend(5000)["deadline_ms"], first + 25000, "again, after kill -9")
        tap.equal(extend(1000).get("code"), "conflict", "and not a third time")
        longest = agent.submit(ttl_s=90)
        tap.equal(extend(1000, longest["id"]).get("code"), "conflict", "never past the longest deadline")
        over = agent.submit(ttl_s=3600)
        tap.ok(over["deadline_ms"] <= submitted(reviewer, over) + 90000, "which also caps what an agent asks for", over)
        granted = reviewer.decide(held["id"], "approve", "fine")
        tap.equal((granted.get("state"), extend(1000).get("code")), ("granted", "conflict"), "what is decided has no deadline to move")
        done = agent.submit()
        reviewer.decide(done["id"], "deny", "no")
        tap.equal(extend(1000, done["id"]).get("code"), "final", "nor has what is over")
        tap.equal(instance.verify(), "", "the log verifies")


def submitted(reviewer, receipt):
    return reviewer.call(type="show", id=receipt["id"])["submitted_ms"]


leads()
limits()
tap.done()
