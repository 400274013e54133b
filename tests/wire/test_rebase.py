"""An old copy of the database, a lost lock, a fork: not served until somebody says why."""
import os
import shutil
import subprocess

import msgpack
from hp import HOLDPOINTD, Client, Instance, tap


def refused(instance, why):
    started = instance.start(expect=False)
    if started:
        instance.kill()
    else:
        instance.process.wait(10)
    tap.equal((started, instance.process.returncode), (False, 10), f"{why}: not served, exit 10")


def rebase(instance, reason):
    return subprocess.run([HOLDPOINTD, "--home", instance.home, "--rebase", reason], text=True, capture_output=True)


with Instance() as instance:
    state, old = os.path.join(instance.home, "state"), os.path.join(instance.dir, "old")
    agent = Client(instance, "demo-agent-supervised")
    agent.submit()
    instance.kill()
    shutil.copytree(state, old)
    instance.start()
    lost = agent.submit()["id"]
    agent.call(type="wait", id=lost, until="decided", timeout_ms=0)
    Client(instance, "auditor").call(type="checkpoint")
    tap.equal(rebase(instance, "x").returncode, 10, "no rebase while a broker serves")
    instance.kill()
    for name in os.listdir(old):
        if name.startswith("holdpoint.db"):
            shutil.copy(os.path.join(old, name), state)
    refused(instance, "an old copy of the database")
    tap.equal(rebase(instance, "").returncode, 2, "a rebase needs a reason")
    tap.equal(rebase(instance, "restored last night's copy").returncode, 0, "with a reason it is accepted")
    instance.start()
    leaves = Client(instance, "auditor").call(type="audit", **{"from": 0, "limit": 1000})["entries"]

    bodies = [msgpack.unpackb(e["body"]) for e in leaves if msgpack.unpackb(e["leaf"])[5] == "rebase"]
    tap.equal([b["reason"] for b in bodies], ["restored last night's copy"], "the reason is in the log")
    tap.ok(bodies and b"\n\n" in bodies[0]["lock"], "with what the lock said", bodies)
    tap.equal(agent.code(type="show", id=lost), "not_found", "what the old copy lacks is gone, and that can be seen")
    tap.equal(instance.verify(), "", "the log verifies again")
    instance.kill()
    os.remove(os.path.join(state, "checkpoint.lock"))
    refused(instance, "a lost lock")
    tap.equal(rebase(instance, "the lock's disk died").returncode, 0, "accepted with a reason")
    instance.start()
    tap.equal(instance.verify(), "", "and the log verifies")
tap.done()
