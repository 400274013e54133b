"""Load of many hands with a ledger: agents ask, reviewers decide, executors claim and report.

One thread drives all sockets, each with a few calls in flight; what comes back is written down. It
knows nothing of what it did not hear.
"""
import os
import random
import time

import zmq
from scenario import FINAL, judge
from hp import Client, request

IN_FLIGHT = 4


class Hand(Client):
    """A client whose calls are answered one by one, whenever they are."""

    def __init__(self, scene, name):
        super().__init__(scene, name)
        self.open_calls = {}

    def ask_later(self, then, **message):
        self.open_calls[self.send(**message)] = then

    def hear(self):
        while (reply := self.receive(0)) is not None:
            then = self.open_calls.pop(reply.get("re"), None)
            if then:
                then(reply)


class Load:
    def __init__(self, scene, seed):
        self.scene, self.random = scene, random.Random(seed)
        self.told = {}      # id → what was told of it (scenario.judge)
        self.deadlines = {}  # id → deadline_ms as told
        self.extended = set()
        self.pending, self.acknowledged, self.errors = [], 0, {}
        self.hands = []

    def connect(self):
        scene = self.scene
        self.agents = [Hand(scene, "demo-agent-supervised"), Hand(scene, "demo-agent"), Hand(scene, "demo-agent-supervised")]
        self.reviewers = [Hand(scene, "reviewer"), Hand(scene, "reviewer2")]
        self.executors = [Hand(scene, "executor"), Hand(scene, "executor")]
        self.hands = self.agents + self.reviewers + self.executors
        self.pending = []  # their digests are told again by nobody: new ones are asked

    def disconnect(self):
        for hand in self.hands:
            hand.hear()
            hand.close()
        self.hands = []

    def of(self, id):
        return self.told.setdefault(id, {"state": None, "approve": set(), "deny": set(), "nonces": set()})

    def note(self, id, reply):
        """A status or receipt; True when it is none."""
        if reply["type"] not in ("status", "receipt"):
            self.errors[reply.get("code")] = self.errors.get(reply.get("code"), 0) + 1
            return True
        self.acknowledged += 1
        told = self.of(id)
        if told["state"] not in FINAL:
            told["state"] = reply["state"]
        if reply["type"] == "receipt" and reply.get("deadline_ms") and reply["state"] == "pending":
            self.deadlines.setdefault(id, reply["deadline_ms"])
        return False

    # ---- what each hand does ----
    def submit(self, hand):
        kind = self.random.random()
        if kind < 0.15:
            whole = request(environment="staging", operation="k8s:Restart", resources=[f"deploy/{self.random.randrange(99)}"])
        elif kind < 0.3:
            whole = request(operation="cloudformation:DeleteStack", resources=["stack/a"], rollback=None)
        elif kind < 0.5:
            whole = request(ttl_s=self.random.choice((1, 2, 3)))
        else:
            whole = request(rollback={"plan": "undo", "operation": "rds:ModifyDBInstance"})

        def then(reply):
            if not self.note(whole["id"], reply) and reply["state"] == "pending":
                self.pending.append((whole["id"], reply["digest"], hand))
        hand.ask_later(then, type="submit", **whole)

    def decide(self, hand):
        if not self.pending:
            return
        id, digest, _ = self.random.choice(self.pending)
        decision = "approve" if self.random.random() < 0.75 else "deny"
        ballot = hand.ballot({"id": id}, decision, "load", digest=digest)

        def then(reply):
            if not self.note(id, reply):
                self.of(id)[decision].add(hand.name)
        hand.ask_later(then, **ballot)

    def extend(self, hand):
        if not self.pending:
            return
        id, _, _ = self.random.choice(self.pending)
        self.extended.add(id)
        hand.ask_later(lambda reply: self.note(id, reply), type="extend", id=id, by_ms=1000, reason="load")

    def withdraw(self, hand):
        own = [entry for entry in self.pending if entry[2] is hand]
        if own:
            id = self.random.choice(own)[0]
            hand.ask_later(lambda reply: self.note(id, reply), type="withdraw", id=id)

    def claim(self, hand):
        nonce = os.urandom(16)

        def then(reply):
            if reply["type"] != "claimed":
                return
            self.acknowledged += 1
            id = reply["id"]
            self.of(id)["nonces"].add(nonce)
            self.of(id)["state"] = "executing"
            result = "succeeded" if self.random.random() < 0.7 else "failed"
            hand.ask_later(lambda answer: self.note(id, answer), type="report", id=id, result=result)
        hand.ask_later(then, type="claim", nonce=nonce, timeout_ms=0)

    def run(self, seconds):
        """Works for so long, or until the broker is gone."""
        until = time.monotonic() + seconds
        poller = zmq.Poller()
        for hand in self.hands:
            poller.register(hand.socket, zmq.POLLIN)
        while (left := until - time.monotonic()) > 0 and self.scene.process.poll() is None:
            for hand in self.hands:
                if len(hand.open_calls) >= IN_FLIGHT:
                    continue
                if hand in self.agents:
                    (self.withdraw if self.random.random() < 0.05 else self.submit)(hand)
                elif hand in self.reviewers:
                    (self.extend if self.random.random() < 0.05 else self.decide)(hand)
                else:
                    self.claim(hand)
            self.pending = self.pending[-300:]
            poller.poll(min(5, left * 1000))
            for hand in self.hands:
                hand.hear()

    # ---- what must hold after a restart ----
    def check(self, sample=400):
        """What is wrong, one line each: everything not final yet, and a sample of the rest."""
        wrong, now = [], None
        reader = Client(self.scene, "admin")
        try:
            now = reader.call(type="hello")["now_ms"]
            ids = [id for id, told in self.told.items() if told["state"] not in FINAL]
            rest = [id for id, told in self.told.items() if told["state"] in FINAL]
            ids += self.random.sample(rest, min(sample, len(rest)))
            for id in ids:
                told, shown = self.told[id], reader.ask(type="show", id=id)
                if shown["type"] == "error":
                    if told["state"]:
                        wrong.append(f"{id}: told {told['state']}, and it is {shown['code']}")
                    continue
                wrong += judge(id, told, shown)
                if shown["state"] in FINAL and told["state"] not in FINAL:
                    told["state"] = shown["state"]  # never to change again
                if id in self.deadlines and id not in self.extended and shown["state"] == "pending":
                    if shown["deadline_ms"] != self.deadlines[id]:
                        wrong.append(f"{id}: its deadline moved by {shown['deadline_ms'] - self.deadlines[id]} ms")
                    if now > shown["deadline_ms"] + 1000:
                        wrong.append(f"{id}: still pending {now - shown['deadline_ms']} ms after its deadline")
        finally:
            reader.close()
        return wrong
