"""kill -9 at random points under load, again and again; what was acknowledged is held against what
the next broker says. dev/fault kill does it a thousand times."""
import os
import random
import time

from load import Load
from scenario import SHORT, Scene
from hp import tap

ROUNDS = int(os.environ.get("HP_FAULT_ROUNDS", 12 if SHORT else 1000))
LIFE = 6 if SHORT else 40  # kills of one database: it is checked whole each time
seed = int(os.environ.get("HP_FAULT_SEED", random.randrange(1 << 30)))
rng = random.Random(seed)


def roomy(policy):
    """Caps that a load of small requests does not reach."""
    for old, new in (("max_resources_affected: 5\n", "max_resources_affected: 100000\n"), ("affected: 50 ", "affected: 1000000 "),
                     ("pending_cap: 20", "pending_cap: 100000"), ("per_minute: 5, burst: 5", "per_minute: 100000, burst: 100000"),
                     ("max_cost_usd: 1000", "max_cost_usd: 100000000")):
        policy = policy.replace(old, new)
    return policy


scene = Scene(policy=roomy)
wrong, totals, kills = [], {"acknowledged": 0, "requests": 0, "claims": 0, "decisions": 0}, 0
began = time.monotonic()
while kills < ROUNDS and len(wrong) < 50:
    scene.fresh()
    scene.start()
    load = Load(scene, rng.random())
    for _ in range(min(LIFE, ROUNDS - kills)):
        load.connect()
        load.run(rng.uniform(0.05, 0.7))
        scene.kill()
        load.disconnect()
        kills += 1
        scene.start()
        wrong += [f"kill {kills}: {line}" for line in load.check()]
        if kills % 10 == 0 or kills == ROUNDS:
            verify = scene.verify()
            wrong += [f"kill {kills}: {line}" for line in verify.splitlines()[:3]]
    totals["acknowledged"] += load.acknowledged
    totals["requests"] += len(load.told)
    totals["claims"] += sum(len(told["nonces"]) for told in load.told.values())
    totals["decisions"] += sum(len(told["approve"] | told["deny"]) for told in load.told.values())
    scene.stop()
scene.close()
print(f"# seed {seed}: {kills} kills in {time.monotonic() - began:.0f} s, " + ", ".join(f"{n} {what}" for what, n in totals.items())
      + f", {len(wrong)} wrong")
tap.ok(totals["claims"] and totals["decisions"], "the load does everything", totals)
tap.ok(not wrong, f"{kills} kills: nothing acknowledged is lost, nothing is granted or claimed that was not", "\n".join(wrong[:20]))
tap.done()
