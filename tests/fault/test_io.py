"""A disk that fails, fills, dies or lies at the n-th operation of a whole life, for every n.

dev/fault io takes every n; as a test, some of them.
"""
import os
import subprocess
import time

from scenario import SHORT, Scene, count_operations, quick, sweep
from hp import Client, request, tap

KINDS = (("io", "io:{}", False), ("full", "full:{}", False), ("stays full", "full:{}+", False), ("killed", "kill:{}", False),
         ("lies", "drop:{}", True))

scene = Scene(policy=quick)
operations, _ = count_operations(scene)
print(f"# a life takes {operations} operations of its files")
tap.ok(operations > 100, "the scenario reaches the disk", operations)
for name, spec, may_lie in KINDS:
    if name not in os.environ.get("HP_FAULT_KINDS", name).split(","):
        continue
    step = max(1, operations // 5) if SHORT else int(os.environ.get("HP_FAULT_STEP", 1))
    tally = sweep([(f"{name} at {n}", may_lie, {"FAULT_DISK": spec.format(n)})
                   for n in range(1 + (step > 1) * (len(name) % step), operations + 1, step)], quick)
    print(f"# {name}: {tally.lives} lives, {tally.struck} ended early, {tally.refused} refused to start again, "
          f"{tally.detected} found by verification, {len(tally.wrong)} wrong")
    tap.ok(not tally.wrong, f"a disk that {name}: nothing acknowledged is lost, nothing is let through", "\n".join(tally.wrong[:20]))

# ---- a full disk: no new work, and what stops things commits still ----
def mounted(path):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", path], stderr=subprocess.DEVNULL).returncode == 0


scene.fresh()
state = os.path.join(scene.home, "state")
if os.geteuid() != 0 or not mounted(state):
    tap.count += 1
    print(f"ok {tap.count} - a full disk # SKIP a small file system cannot be mounted here")
else:
    try:
        scene.start()
        agent, reviewer, admin = (Client(scene, name) for name in ("demo-agent-supervised", "reviewer", "admin"))
        held = [agent.submit()["id"] for _ in range(3)]
        runs = agent.submit(operation="rds:DescribeDBInstances", arguments=None)["id"]
        agent.call(type="claim", id=runs, nonce=os.urandom(16), timeout_ms=0)
        tap.equal(reviewer.call(type="stats")["stats"]["disk_low"], 0, "a disk with room is not low")

        def fill(leave):
            with open(os.path.join(state, "filler"), "ab") as file:
                info = os.statvfs(state)
                file.write(bytes(max(0, info.f_bavail * info.f_frsize - leave)))

        fill(30 << 20)
        tap.equal(agent.code(type="submit", **request()), "unavailable", "low: new work is refused")
        tap.equal(reviewer.decide(held[0], "approve")["code"], "unavailable", "and approvals are")
        tap.equal(reviewer.call(type="stats")["stats"]["disk_low"], 1, "the stats say so")
        leaves = reviewer.call(type="stats")["stats"]["leaves"]
        seconds = time.monotonic()
        for _ in range(200):
            agent.call(type="progress", id=runs, text="x" * 4000)
            agent.ask(type="submit", action={"x": "y" * 60000})
        seconds = time.monotonic() - seconds
        agent.call(type="report", id=runs, result="succeeded", output="x" * 60000)
        leaves = reviewer.call(type="stats")["stats"]["leaves"] - leaves
        tap.ok(leaves <= 2 * seconds + 4, "and what can be said without end leaves hardly a leaf", (leaves, seconds))
        large = [r["seq"] for r in reviewer.call(type="audit", **{"from": 0}, limit=1000)["entries"] if len(r.get("body") or b"") > 50000]
        tap.equal(large, [], "nor anything large")
        fill(0)
        for _ in range(3):
            admin.call(type="ping")
        fill(2 << 20)
        tap.equal(reviewer.decide(held[0], "deny", "no")["state"], "denied", "full: a denial commits")
        tap.equal(admin.ask(type="halt", scope="all", reason="disk")["type"], "halted", "and a halt does")
        tap.equal(reviewer.call(type="show", id=held[1])["state"], "halted", "which ends what waits")
        scene.stop()
        scene.start()
        reviewer.close(), admin.close()
        reviewer, admin = Client(scene, "reviewer"), Client(scene, "admin")
        tap.equal([reviewer.call(type="show", id=id)["state"] for id in held], ["denied", "halted", "halted"], "both are there after a restart")
        os.remove(os.path.join(state, "filler"))
        admin.call(type="resume", scope="all", reason="room")
        tap.equal(agent.submit()["state"], "pending", "with room again there is new work")
        tap.equal(scene.verify(), "", "and the log verifies")
        scene.stop()
    finally:
        if scene.process.poll() is None:
            scene.stop()
        subprocess.run(["umount", "-l", state], check=False)
scene.close()
tap.done()
