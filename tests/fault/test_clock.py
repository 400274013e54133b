"""Clocks that jump: a day ahead, a day back, through a suspend, into another boot.

Nothing is approved late by either clock, and where the wall clock is behind the log nothing is
granted at all; deny and halt go on. Then random jumps, each decision held against both clocks.
"""
import os
import random
import time

from scenario import SHORT, Scene
from hp import Client, request, tap

DAY, MINUTE = 86_400_000, 60_000
REBOOT = 1000 - int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)  # to a second after a boot
scene = Scene()
clock = os.path.join(scene.dir, "clock")
wall = boot = boots = 0


def set_clock(w=None, b=None, id=None):
    global wall, boot, boots
    wall, boot, boots = wall if w is None else w, boot if b is None else b, boots if id is None else id
    with open(clock + ".new", "w") as file:
        file.write(f"{wall} {boot} {boots}\n")
    os.rename(clock + ".new", clock)


def up():
    global agent, reviewer, executor, admin
    assert scene.start_failing(FAULT_CLOCK=clock), scene.log_text()
    agent, reviewer, executor, admin = (Client(scene, name) for name in ("demo-agent-supervised", "reviewer", "executor", "admin"))


def down():
    for client in (agent, reviewer, executor, admin):
        client.close()
    return scene.stop()


def fresh():
    scene.fresh()
    set_clock(0, 0, 0)
    up()


def state(id):
    return reviewer.call(type="show", id=id)["state"]


def vote(id, decision="approve"):
    """A vote dated by the broker's own wall clock, which may be a day away from ours."""
    shown = reviewer.call(type="show", id=id)
    reply = reviewer.ask(**reviewer.ballot(shown, decision, "", at_ms=int(time.time() * 1000) + wall))
    return reply.get("code") or reply["state"]


def claim(id):
    reply = executor.ask(type="claim", id=id, nonce=os.urandom(16), timeout_ms=0)
    return reply.get("code") or reply["type"]


# name, jump, state of what waits, what an approval gets, what a claim of what was granted gets
for name, jump, waits, approval, claimed in (
        ("a day ahead", dict(w=DAY), "expired", "expired", "final"),
        ("through a suspend of a day", dict(b=DAY), "expired", "expired", "final"),
        ("a day back", dict(w=-DAY), "pending", "unavailable", "unavailable"),
        ("a second back", dict(w=-5000), "pending", "unavailable", "unavailable"),
        ("a minute ahead", dict(w=MINUTE), "pending", "granted", "claimed")):
    fresh()
    held, granted, other = (agent.submit()["id"] for _ in range(3))
    tap.equal(vote(granted), "granted", f"{name}: before it an approval grants")
    set_clock(**jump)
    tap.equal(state(held), waits, f"{name}: what waits is {waits}")
    tap.equal(vote(held), approval, f"{name}: an approval is answered {approval}")
    tap.equal(claim(granted), claimed, f"{name}: a claim is answered {claimed}")
    if waits == "pending":
        tap.equal(vote(other, "deny"), "denied", f"{name}: deny goes on")
    tap.equal(admin.ask(type="halt", scope="all", reason="clock")["type"], "halted", f"{name}: halt goes on")
    if approval == "unavailable":
        tap.equal(reviewer.call(type="stats")["stats"]["clock_frozen"], 1, f"{name}: the stats say that approvals are frozen")
        set_clock(w=0)
        admin.call(type="resume", scope="all", reason="back")
        tap.equal(vote(agent.submit()["id"]), "granted", f"{name}: once the clock has caught up, approvals are taken")
    tap.equal(down(), 0, f"{name}: it ends as asked to")

# ---- another boot: its boot time says nothing about deadlines of the one before ----
for name, jump, waits in (("at once", dict(w=0, b=REBOOT, id=1), "pending"), ("hours later", dict(w=DAY // 4, b=REBOOT, id=1), "expired"),
                          ("with a wall clock that was lost", dict(w=-DAY, b=REBOOT, id=1), "pending")):
    fresh()
    held = agent.submit()["id"]
    deadline = reviewer.call(type="show", id=held)["deadline_ms"]
    down()
    set_clock(**jump)
    up()
    shown = reviewer.call(type="show", id=held)
    tap.equal((shown["state"], waits == "expired" or shown["deadline_ms"] == deadline), (waits, True), f"a reboot, {name}: {waits}, its deadline kept")
    tap.equal(vote(held), {"at once": "granted", "hours later": "expired"}.get(name, "unavailable"), f"a reboot, {name}: and so is an approval judged")
    down()

# ---- random jumps ----
seed = int(os.environ.get("HP_FAULT_SEED", random.randrange(1 << 30)))
rng, late, granted_count, frozen_count = random.Random(seed), [], 0, 0
jumps = 40 if SHORT else 1000
fresh()
last_leaf_wall = 0
for k in range(jumps):
    if k % 20 == 0 and k:  # and a new agent's day: caps of pending requests and chains
        down()
        fresh()
        last_leaf_wall = 0
    ttl = rng.choice((60, 600, 3600))
    receipt = agent.ask(type="submit", **request(ttl_s=ttl))
    if receipt["type"] != "receipt":
        set_clock(w=max(wall, last_leaf_wall))
        continue
    last_leaf_wall = max(last_leaf_wall, wall)
    dw, db = rng.choice((0, 30_000, -30_000, 120_000, DAY, -DAY, ttl * 1000 - 5000, ttl * 1000 + 5000)), rng.choice((0, 30_000, 120_000, ttl * 1000 + 5000))
    set_clock(w=wall + dw, b=boot + db)
    got = vote(receipt["id"])
    may = dw < ttl * 1000 and db < ttl * 1000 and wall >= last_leaf_wall
    granted_count += got == "granted"
    frozen_count += got == "unavailable"
    if got == "granted" and not may:
        late.append((k, ttl, dw, db, got))
    if got != "granted" and may and abs(wall - last_leaf_wall) > 2000:
        late.append((k, ttl, dw, db, got))
    last_leaf_wall = max(last_leaf_wall, wall)
    if wall < last_leaf_wall:
        set_clock(w=last_leaf_wall)
down()
print(f"# seed {seed}: {jumps} jumps, {granted_count} approvals took, {frozen_count} were frozen, {len(late)} wrong")
tap.ok(not late and granted_count and frozen_count, "whatever the clocks do, nothing is approved late", late[:5])
scene.start()
tap.equal(scene.verify(), "", "the log verifies")
scene.stop()
scene.close()
tap.done()
