"""One fixed life of a few requests, played against a broker that may fail at any point of it.

What was acknowledged is written down as it comes; check() holds it against the broker that starts
next. Nothing that was acknowledged may be lost, nothing may be granted or claimed that was not, and
the log must verify.
"""
import contextlib
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import zmq
from hp import BUILD, HOLDPOINT, SOURCE, Client, Instance, request

FAULTD = os.path.join(BUILD, "tests", "fault", "faultd")
SHORT = os.environ.get("HP_FAULT_FULL") is None  # a test run, not dev/fault
GRANTED = {"granted", "executing", "succeeded", "failed", "unknown", "rolling_back", "rolled_back", "rollback_failed", "released"}
FINAL = {"blocked", "succeeded", "failed", "rolled_back", "rollback_failed", "released", "denied", "expired", "withdrawn", "halted", "lapsed"}


# For sweeps: few classes and one pattern, since those of the shipped default are what a start takes
# most of its time for, nearly all of it inside a library. The rest is the shipped default.
QUICK_POLICY = """\
classes: [{name: read, match: ["*:Describe*"]}, {name: minor_update, match: []}, {name: patch, match: ["*:Modify*"]},
          {name: create, match: ["*:Create*"]}, {name: modify_data, match: []}, {name: bulk_modify, match: []},
          {name: delete, match: ["*:Delete*"]}, {name: create_environment, match: []}, {name: delete_environment, match: []}]
gateway: {redaction: {rules: [], patterns: ["x[0-9]"]}}
"""


def quick(_):
    return QUICK_POLICY


def load_verifier():
    """dev/verify-log as a module: a sweep runs it thousands of times."""
    path = os.path.join(SOURCE, "dev", "verify-log")
    sys.path.insert(0, os.path.dirname(path))
    loader = importlib.machinery.SourceFileLoader("verify_log_command", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


VERIFIER = load_verifier()


class Lost(Exception):
    """The broker did not answer: from here on nothing is known."""


class Ledger:
    """What a client was told, request by request."""

    def __init__(self):
        self.told = {}  # id → {state, approvals: {person}, nonce}

    def of(self, id):
        return self.told.setdefault(id, {"state": None, "approve": set(), "deny": set(), "nonces": set()})


class Scene(Instance):
    """An instance whose state is thrown away between lives, and whose broker can be the failing one."""

    def __init__(self, policy=None):
        self.environment = {}
        self.program = os.path.join(BUILD, "holdpointd")
        super().__init__(policy=policy)
        self.kill(signal.SIGTERM)

    def start(self, expect=True):
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen([self.program, "--home", self.home], stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **self.environment})
        line = self.process.stdout.readline()
        if expect and line != b"ready\n":
            raise RuntimeError("holdpointd did not start: " + self.log_text()[-2000:])
        return line == b"ready\n"

    def fresh(self):
        """A new state, as after init."""
        for name in ("state", "run"):
            path = os.path.join(self.home, name)
            for entry in os.listdir(path):
                os.remove(os.path.join(path, entry))
        open(os.path.join(self.dir, "log"), "w").close()

    def start_failing(self, **environment):
        """Whether the failing broker came as far as "ready"."""
        self.environment, self.program = {k: str(v) for k, v in environment.items()}, FAULTD
        try:
            return self.start(expect=False)
        finally:
            self.environment, self.program = {}, os.path.join(BUILD, "holdpointd")

    def verify(self):
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["verify-log", self.home]), contextlib.redirect_stdout(said):
            return said.getvalue() if VERIFIER.main() else ""

    def stop(self):
        """Ends whatever runs; its exit code (negative: a signal)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        self.process.stdout.close()
        self.log.close()
        return code

    def close(self):
        self.context.destroy(linger=0)
        if self.process.poll() is None:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class Player(Client):
    """A client that gives up as soon as the broker is gone, and never waits for a dead one."""

    def ask(self, **message):
        seq = self.send(**message)
        for _ in range(200):
            reply = self.receive(50)
            if reply is None:
                if self.instance.process.poll() is not None and not self.socket.poll(100):
                    raise Lost(message.get("type"))
                continue
            if reply.get("re") == seq:
                return reply
        raise Lost(message.get("type"))


def play(scene, ledger):
    """The life; ends early with Lost when the broker does. Fixed bytes but for ids, keys and times."""
    agent, other = Player(scene, "demo-agent-supervised"), Player(scene, "demo-agent")
    reviewer, second = Player(scene, "reviewer"), Player(scene, "reviewer2")
    executor, admin = Player(scene, "executor"), Player(scene, "admin")
    clients = (agent, other, reviewer, second, executor, admin)

    def note(id, reply):
        if reply["type"] == "status" or reply["type"] == "receipt":
            ledger.of(id)["state"] = reply["state"]
        return reply

    def submit(client, **changes):
        whole = request(**changes)
        note(whole["id"], client.ask(type="submit", **whole))
        return whole["id"]

    def decide(client, id, decision):
        shown = client.ask(type="show", id=id)
        if shown["type"] == "error":  # its submission was refused
            return shown
        reply = note(id, client.ask(**client.ballot(shown, decision, "ok")))
        if reply["type"] == "status":
            ledger.of(id)[decision].add(client.name)
        return reply

    def claim(id):
        nonce = os.urandom(16)
        reply = executor.ask(type="claim", id=id, nonce=nonce, timeout_ms=0)
        if reply["type"] == "claimed":
            ledger.of(id)["nonces"].add(nonce)
            ledger.of(id)["state"] = "executing"
        return reply

    def report(id, result, **more):
        return note(id, executor.ask(type="report", id=id, result=result, **more))

    try:
        first = submit(agent)
        decide(reviewer, first, "approve")
        claim(first)
        executor.ask(type="progress", id=first, text="half")
        report(first, "succeeded", exit_code=0, output="fine")
        two = submit(other, operation="cloudformation:DeleteStack", resources=["stack/a"], rollback=None)
        decide(reviewer, two, "approve")
        decide(second, two, "approve")
        denied = submit(agent)
        reviewer.ask(type="note", id=denied, text="why today?")
        reviewer.ask(type="extend", id=denied, by_ms=60000, reason="busy")
        decide(reviewer, denied, "deny")
        back = submit(agent, rollback={"plan": "undo", "operation": "rds:ModifyDBInstance"})
        decide(second, back, "approve")
        claim(back)
        report(back, "failed", exit_code=1)
        report(back, "rolled_back")
        waiting = submit(agent, session="night")
        reviewer.ask(type="halt", scope="session", agent="demo-agent-supervised", session="night", reason="look")
        status = note(waiting, reviewer.ask(type="wait", id=waiting, until="decided", timeout_ms=0))
        assert status.get("state", ledger.of(waiting)["state"]) in ("halted", None), status
        admin.ask(type="resume", scope="session", agent="demo-agent-supervised", session="night", reason="seen")
        gone = submit(agent)
        note(gone, agent.ask(type="withdraw", id=gone, reason="not needed"))
        submit(agent)
        admin.ask(type="checkpoint")
    finally:
        for client in clients:
            client.close()


def check(scene, ledger):
    """What is wrong, one line each, with the broker that runs now."""
    wrong = []
    reviewer = Player(scene, "reviewer")
    try:
        for id, told in ledger.told.items():
            shown = reviewer.ask(type="show", id=id)
            if shown["type"] == "error":
                if told["state"]:
                    wrong.append(f"{id}: told {told['state']}, and it is {shown['code']}")
                continue
            wrong += judge(id, told, shown)
    finally:
        reviewer.close()
    verify = scene.verify()
    if verify:
        wrong.append("the log does not verify: " + verify.strip().splitlines()[0])
    return wrong


def judge(id, told, shown):
    """One request: what its clients were told against what the broker says now."""
    wrong = []
    state, states = shown["state"], [h["state"] for h in shown["history"]]
    if told["state"] and told["state"] not in states:
        wrong.append(f"{id}: told {told['state']}, its history is {states}")
    if told["state"] in FINAL and state != told["state"]:
        wrong.append(f"{id}: told {told['state']}, final, and it is {state}")
    approved = {v["by"] for v in shown["votes"] if v["decision"] == "approve"} if shown["votes"] else set()
    denied = {v["by"] for v in shown["votes"] if v["decision"] == "deny"} if shown["votes"] else set()
    if len(told["approve"] - approved - denied):
        wrong.append(f"{id}: an acknowledged approval of {told['approve']} is not among {approved}")
    if told["deny"] and state != "denied":
        wrong.append(f"{id}: an acknowledged denial, and it is {state}")
    if GRANTED & set(states) and len(approved | denied) < shown["needed"]:
        wrong.append(f"{id}: {states} with {len(approved)} of {shown['needed']} votes")
    if len(told["nonces"]) > 1 or states.count("executing") > 1:
        wrong.append(f"{id}: claimed twice")
    return wrong


def count_operations(scene):
    """How many operations of its files, and allocations, a whole life takes."""
    path = os.path.join(scene.home, "run", "count")  # the broker writes nowhere else
    scene.fresh()
    assert scene.start_failing(FAULT_COUNT=path), scene.log_text()
    play(scene, Ledger())
    assert scene.stop() == 0, scene.log_text()
    with open(path) as file:
        return [int(word) for word in file.read().split()]


class Tally:
    """What became of a sweep, for its summary line."""

    def __init__(self):
        self.lives = self.struck = self.refused = self.detected = 0
        self.wrong = []

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def live_each(cases, policy):
    scene, tally = Scene(policy=policy), Tally()
    for name, may_lie, environment in cases:
        live(scene, tally, name, may_lie, **environment)
    scene.close()
    return tally


def sweep(cases, policy=None):
    """A life for each of `cases` (name, may_lie, environment), in as many scenes at once as there are
    processors; as a test, in one."""
    jobs = 1 if SHORT else min(len(cases), len(os.sched_getaffinity(0)))
    tally = Tally()
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for part in pool.starmap(live_each, [(cases[i::jobs], policy) for i in range(jobs)], chunksize=1):
            tally.add(part)
    return tally


def live(scene, tally, name, may_lie=False, **environment):
    """One life with one fault, and the check after it. `may_lie`: the disk said that it had done what
    it had not; then a start that refuses, a broker that ends at what it reads, or a log that does not
    verify, is what was promised."""
    ledger = Ledger()
    scene.fresh()
    tally.lives += 1
    ready = scene.start_failing(**environment)
    if ready:
        try:
            play(scene, ledger)
        except Lost:
            pass
        except Exception as error:  # an answer that the life does not know of: the sweep goes on
            tally.wrong.append(f"{name}: {type(error).__name__}: {error}")
    code = scene.stop()
    log = scene.log_text()
    if "AddressSanitizer" in log or "runtime error:" in log or code in (-11, -6) and "zmq" not in log.lower() and "Assertion" not in log:
        tally.wrong.append(f"{name}: crashed with {code}: {log[-400:]}")
    tally.struck += code != 0
    try:
        scene.start()
    except RuntimeError as error:
        code = scene.stop()
        tally.refused += 1
        if not may_lie or code < 0:
            tally.wrong.append(f"{name}: does not start again: {str(error)[-300:]}")
        return
    wrong, lost = [], False
    try:
        wrong = check(scene, ledger)
    except Lost:
        lost = True
    code = scene.stop()
    if lost and may_lie and code > 0:
        tally.refused += 1
    elif lost or code:
        tally.wrong.append(f"{name}: does not go on after its start ({code}): {scene.log_text()[-300:]}")
    elif wrong and may_lie and any("does not verify" in line for line in wrong):
        tally.detected += 1
    elif wrong:
        tally.wrong += [f"{name}: {line}" for line in wrong]
