"""Memory that runs out at the n-th allocation of a whole life: the broker ends, or goes on without."""
from scenario import SHORT, Scene, count_operations, quick, sweep
from hp import tap

scene = Scene(policy=quick)
_, allocations = count_operations(scene)
print(f"# a life takes {allocations} allocations of our own")
scene.close()
lives = 12 if SHORT else min(allocations, 3000)
chosen = [1 + (allocations - 1) * k // max(1, lives - 1) for k in range(lives)]
tally = sweep([(f"allocation {n}", False, {"FAULT_ALLOC": n}) for n in chosen], quick)
print(f"# {tally.lives} lives, {tally.struck} ended early, {len(tally.wrong)} wrong")
tap.ok(tally.struck > 0, "a failed allocation ends a broker now and then", tally.struck)
tap.ok(not tally.wrong, "nothing acknowledged is lost, nothing is let through, nothing crashes", "\n".join(tally.wrong[:20]))
tap.done()
