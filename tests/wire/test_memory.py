"""Many large requests at once: a halt, a page of the log, timers and claims take the memory of one."""
import os
import signal
import sys
import time

from hp import HOLDPOINTD, Client, Instance, request, tap

with open(HOLDPOINTD, "rb") as file:
    if b"__asan_" in file.read():
        print("1..0 # SKIP memory is not the broker's own under AddressSanitizer")
        sys.exit(0)

MANY, ARGUMENTS = 700, {f"blob{n}": "x" * 10000 for n in range(9)}
GROWTH_KIB = (64 + 32) * 1024  # the database's cache, and some; the requests hold 120 MiB


def peak(instance):
    with open(f"/proc/{instance.process.pid}/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM:")).split()[1])


def measured(name, call):
    """The call's reply; a fresh broker's peak of memory over that of an idle one is a check."""
    instance.restart(signal.SIGTERM)
    reply = call()
    grown = peak(instance) - idle
    tap.ok(grown < GROWTH_KIB, f"{name} takes the memory of a few requests", f"{grown} KiB")
    return reply


with Instance(lambda text: text.replace("affected: 50 ", "affected: 5000 ")) as instance:
    idle = peak(instance)
    agent, reader = Client(instance, "demo-agent-supervised"), Client(instance, "demo-agent")
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")
    executor, auditor = Client(instance, "executor"), Client(instance, "auditor")
    for _ in range(MANY):
        agent.submit(arguments=ARGUMENTS, session="one")
    measured("a page of the log", lambda: auditor.call(type="audit", **{"from": 0, "limit": 1000}))
    reply = measured("a halt", lambda: reviewer.call(type="halt", scope="all", reason="enough"))
    tap.equal(reply["halted"], MANY, f"which ends {MANY}")
    measured("a resume", lambda: admin.call(type="resume", scope="all", reason="well"))

    agents = [agent.send(type="submit", **request(arguments=ARGUMENTS, ttl_s=3)) for _ in range(MANY)]
    receipts = [agent.receive() for _ in agents]
    instance.kill(signal.SIGTERM)
    time.sleep(max(0, max(r["deadline_ms"] for r in receipts) / 1000 - time.time()))
    instance.start()  # all of them are due by now
    agent.call(type="ping")
    tap.ok(peak(instance) - idle < GROWTH_KIB, "an expiry of all takes the memory of a few requests", peak(instance) - idle)
    agent.call(type="wait", id=receipts[-1]["id"], until="decided", timeout_ms=20000)
    states = {agent.call(type="show", id=r["id"])["state"] for r in receipts}
    tap.equal(states, {"expired"}, f"{MANY} deadlines passed")

    reads = [reader.submit(operation="rds:DescribeDBInstances", arguments=ARGUMENTS) for _ in range(MANY)]
    tap.equal({r["state"] for r in reads}, {"granted"}, f"{MANY} reads are granted")
    path = os.path.join(instance.home, "principals.d", "demo-agent.yaml")
    with open(path, "a") as file:
        file.write("revoked: true\n")
    admin.call(type="reload")
    live = agent.submit(operation="rds:DescribeDBInstances", arguments=None)["id"]
    reply = measured("a claim behind dead grants",
                     lambda: executor.call(type="claim", nonce=os.urandom(16), timeout_ms=20000))
    tap.equal(reply.get("id"), live, "which finds the live one")

    def flood():
        asked = [auditor.send(type="audit", **{"from": 3000, "limit": 1000}) for _ in range(200)]
        return [auditor.receive() for _ in asked]
    measured("a flood of large pages", flood)
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
