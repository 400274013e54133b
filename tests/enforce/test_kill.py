"""kill -9 of the executor or of the broker at every step of a run: the side effect happens at most
once, and the state ends `succeeded`, `failed` or `unknown`, and is never wrong.

A real broker and a real executor. A run takes some tens of milliseconds from approval to report;
the kills are spread over it, round by round, and each round says what it saw.
"""
import os
import re
import signal
import subprocess
import time

from doctored import eventually
from hp import HOLDPOINT, Client, Instance, request, tap

ROUNDS = int(os.environ.get("HP_KILL_ROUNDS", "25"))
STEP_MS = 4


def short_lease(text):
    text = re.sub(r"^  lease: .*$", "  lease: 2s", text, flags=re.M)
    return re.sub(r"affected: 50 ", "affected: 5000 ", text)


class Runner:
    """`holdpoint executor`, started again and again on one state directory."""

    def __init__(self, instance):
        self.instance, self.log = instance, os.path.join(instance.dir, "executor.log")
        path = os.path.join(instance.home, "executor.yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("  echo: /bin/echo", "  sh: /bin/sh"))
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [HOLDPOINT, "--home", self.instance.home, "--as", "executor", "executor"],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the executor did not start: " + self.text())

    def text(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(30)
        self.process.stdout.close()
        return self.process.returncode


def killing_executor(instance, runner):
    runner.kill()
    runner.start()


def killing_broker(instance, runner):
    instance.restart()


with Instance(short_lease) as instance:
    runner = Runner(instance)
    agent = Client(instance, "demo-agent-supervised")
    reviewer = Client(instance, "reviewer")

    def ask(number, rollback=None):
        """One request whose effect is a line in a file of its own."""
        effect = os.path.join(instance.dir, f"effect-{number}")
        receipt = agent.submit(operation="shell:sh", resources=[effect], arguments=None,
                               command=["sh", "-c", f"echo begun >>{effect}; sleep 0.03; echo whole >>{effect}"],
                               impact={"resources_affected": 1, "reversible": True}, rollback=rollback)
        assert receipt["state"] == "pending", receipt
        return receipt["id"], effect

    def lines(path):
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return file.read().split()

    def state_of(id):
        return reviewer.call(type="show", id=id)["state"]

    number = 0
    for name, kill in (("executor", killing_executor), ("broker", killing_broker)):
        seen, wrong = {}, []
        for turn in range(ROUNDS):
            number += 1
            id, effect = ask(number)
            approved = reviewer.decide(id, "approve", "ok")
            assert approved["type"] == "status", approved
            time.sleep(turn * STEP_MS / 1000)       # where in the run the kill comes is what varies
            kill(instance, runner)
            ended = eventually(lambda: state_of(id) in ("succeeded", "failed", "unknown"), 20)
            state, did = state_of(id), lines(effect)
            seen[state] = seen.get(state, 0) + 1
            if not ended or did.count("begun") > 1 or did.count("whole") > 1 or \
                    (state == "succeeded" and did != ["begun", "whole"]):
                wrong.append((turn, state, did))
        print(f"# {name} killed {ROUNDS} times: {seen}")
        tap.ok(not wrong, f"kill -9 of the {name} at {ROUNDS} moments of a run: at most once, and never a wrong state",
               f"{wrong}\n{runner.text()[-3000:]}")
        tap.ok(seen.get("succeeded", 0) >= 1, f"{name}: and where it did no harm the run succeeds", seen)
        id, effect = ask(f"{name}-after")
        reviewer.decide(id, "approve", "ok")
        tap.ok(eventually(lambda: state_of(id) == "succeeded") and lines(effect) == ["begun", "whole"],
               f"{name}: after all that one more runs")
    tap.equal(instance.verify(), "", "the log verifies")

    # ---- a rollback is in the log ----
    undone = os.path.join(instance.dir, "undone")
    receipt = agent.submit(operation="shell:sh", resources=["x"], arguments=None, command=["sh", "-c", "exit 5"],
                           impact={"resources_affected": 1, "reversible": True},
                           rollback={"plan": "undo", "command": ["sh", "-c", f"touch {undone}"], "minutes": 1})
    reviewer.decide(receipt["id"], "approve", "ok")
    tap.ok(eventually(lambda: state_of(receipt["id"]) == "rolled_back") and os.path.exists(undone),
           "a failure is rolled back", state_of(receipt["id"]))
    told = agent.call(type="wait", id=receipt["id"], until="done", timeout_ms=0)
    tap.equal(told.get("exit_code"), 5, "who asked is told the command's exit code, not the rollback's")
    history = [step["state"] for step in reviewer.call(type="show", id=receipt["id"])["history"]]
    tap.equal(history[-3:], ["executing", "rolling_back", "rolled_back"], "its history says so")
    leaves, start = [], 0
    auditor = Client(instance, "auditor")
    while True:
        page = auditor.call(type="audit", **{"from": start, "limit": 1000})["entries"]
        if not page:
            break
        leaves += page
        start = page[-1]["seq"] + 1
    import msgpack
    events = [msgpack.unpackb(leaf["leaf"], raw=False) for leaf in leaves]
    tap.equal([e[5] for e in events if e[7] == receipt["id"] and e[6] == "executor"],
              ["request.executing", "request.rolling_back", "request.rolled_back"], "and so do the leaves of the log")

    # ---- a halt by the real broker ----
    mark = os.path.join(instance.dir, "mark")
    receipt = agent.submit(operation="shell:sh", resources=["x"], arguments=None,
                           command=["sh", "-c", f"trap '' TERM; while :; do sleep 1; done # {mark}"],
                           impact={"resources_affected": 1, "reversible": True},
                           rollback={"plan": "undo", "command": ["sh", "-c", f"touch {undone}2"]})
    reviewer.decide(receipt["id"], "approve", "ok")
    from doctored import processes
    eventually(lambda: processes(mark))
    begun = time.monotonic()
    reviewer.call(type="halt", scope="all", reason="stop")
    eventually(lambda: not processes(mark))
    took_ms = (time.monotonic() - begun) * 1000
    print(f"# halt by the real broker to the last process gone: {took_ms:.0f} ms")
    tap.ok(took_ms < 1000, "a halt: the group is gone within a second", took_ms)
    tap.ok(eventually(lambda: state_of(receipt["id"]) == "rolling_back"), "and its rollback waits")
    Client(instance, "admin").call(type="resume", scope="all", reason="over")
    tap.ok(eventually(lambda: state_of(receipt["id"]) == "rolled_back") and os.path.exists(undone + "2"),
           "until an admin resumes", state_of(receipt["id"]))
    tap.equal(runner.kill(signal.SIGTERM), 0, "the executor ends cleanly")
    tap.ok("Sanitizer" not in runner.text() and "runtime error" not in runner.text(), "and had no fault", runner.text()[-3000:])
tap.done()
