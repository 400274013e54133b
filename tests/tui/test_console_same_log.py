#!/usr/bin/python3
"""The same decisions by console, by command line and by the wire give the same log.

Three requests that differ in nothing but their ids are decided in each of the three ways, against
one broker; then the leaves' decoded fields are compared, without what must differ: ids, times,
digests, salts, signatures.
"""
import os
import sys

import msgpack

from harness import ENTER, SOURCE, Console, main

sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
from hp import Client, Instance         # noqa: E402

REASON = "no rollback: give one and ask again"      # the third of the console's presets


class Place:
    def __init__(self, instance):
        self.directory = instance.home

    def path(self, name):
        return os.path.join(self.directory, name)


def plain(value, id_):
    """What may be compared of a body: no times, no bytes, and the request's own id by a name."""
    if isinstance(value, dict):
        # The command line insists on a reason for an approval, the console asks for a name instead.
        return {key: plain(item, id_) for key, item in value.items()
                if not key.endswith("_ms") and key not in ("seq", "instance") and
                not (key == "reason" and {value.get("decision"), value.get("cause")} &
                     {"approve", "quorum"})}
    if isinstance(value, list):
        return [plain(item, id_) for item in value]
    if isinstance(value, bytes):
        try:
            inner = msgpack.unpackb(value, raw=False)       # a vote's signed body
        except (ValueError, msgpack.exceptions.UnpackException):
            inner = None
        return plain(inner, id_) if isinstance(inner, dict) else len(value)
    return "THIS" if value == id_ else value


def story(auditor, id_):
    """The leaves of one request as (event, actor, body)."""
    leaves, start = [], 0
    while True:
        page = auditor.call(type="audit", limit=1000, **{"from": start})["entries"]
        if not page:
            return leaves
        for entry in page:
            leaf = msgpack.unpackb(entry["leaf"], raw=False)
            if leaf[7] == id_:
                body = msgpack.unpackb(entry["body"], raw=False) if entry.get("body") else None
                leaves.append((leaf[5], leaf[6], leaf[8] is not None, plain(body, id_)))
        start = page[-1]["seq"] + 1


class By:
    """One way to decide; each method leaves the request decided."""

    def __init__(self, instance, stage):
        self.instance, self.stage = instance, stage


class Wire(By):
    def approve(self, id_):
        Client(self.instance, "reviewer").decide(id_, "approve")

    def deny(self, id_):
        Client(self.instance, "reviewer").decide(id_, "deny", REASON)

    def note(self, id_):
        Client(self.instance, "reviewer").call(type="note", id=id_, text="who owns it?")

    def extend(self, id_):
        Client(self.instance, "reviewer").call(type="extend", id=id_, by_ms=300_000, reason="asleep")

    def halt(self, agent):
        Client(self.instance, "reviewer").call(type="halt", scope="agent", agent=agent, reason="wild")


class Cli(By):
    def run(self, *arguments):
        run = self.instance.cli("--as", "reviewer", *arguments)
        assert run.returncode == 0, run

    def approve(self, id_):
        shown = Client(self.instance, "reviewer").call(type="show", id=id_)
        self.run("approve", id_, "--digest", shown["digest"].hex(), "--reason", "fine")

    def deny(self, id_):
        self.run("deny", id_, "--reason", REASON)

    def note(self, id_):
        self.run("note", id_, "who owns it?")

    def extend(self, id_):
        self.run("extend", id_, "--by", "5m", "--reason", "asleep")

    def halt(self, agent):
        self.run("halt", "--agent", agent, "--reason", "wild")


class Tui(By):
    def open(self, id_):
        console = Console(Place(self.instance),
                          os.path.join(self.instance.home, "keys", "reviewer.key"))
        self.stage.consoles.append(console)
        console.sees("pending").press("2")
        console.sees("history 1-1/1").arm().press("/")
        console.sees("all must match").arm().press(id_ + ENTER)
        console.sees("filter " + id_, "history 1-1/1").arm().press(ENTER)
        console.sees("request " + id_[:13], "WHAT").arm()
        for _ in range(10):
            if "DIGEST" in console.screen.text():
                break
            console.press("\x04")
            console.settle(0.1)
        return console.sees("DIGEST").arm()

    def approve(self, id_):
        console = self.open(id_)
        console.press("a")
        console.sees("To approve").arm()
        line = [line for line in console.screen.lines() if "To approve request" in line][0]
        console.press(line.rsplit(": ", 1)[1] + ENTER)
        console.sees("approval recorded")

    def deny(self, id_):
        console = self.open(id_)
        console.press("d")
        console.sees("own words").arm().press("3")
        console.sees("denial recorded")

    def note(self, id_):
        console = self.open(id_)
        console.press("m")
        console.sees("note:").arm().press("who owns it?" + ENTER)
        console.sees("note recorded")

    def extend(self, id_):
        console = self.open(id_)
        console.press("e")
        console.sees("by:").arm().press("\x155m" + ENTER)
        console.sees("why:").arm().press("asleep" + ENTER)
        console.sees("extension recorded")

    def halt(self, agent):
        console = Console(Place(self.instance),
                          os.path.join(self.instance.home, "keys", "reviewer.key"))
        self.stage.consoles.append(console)
        console.sees("pending").arm().press("H")
        console.sees("name of the agent").arm().press(agent + ENTER)
        console.sees("why:").arm().press("wild" + ENTER)
        console.sees("halted: " + agent)


def compare(stage, *deeds):
    stories = {}
    for way in (Wire, Cli, Tui):
        with Instance() as instance:
            agent, auditor = Client(instance, "demo-agent-supervised"), Client(instance, "auditor")
            id_ = agent.submit()["id"]
            for deed in deeds:
                getattr(way(instance, stage), deed)("demo-agent-supervised" if deed == "halt" else id_)
            stories[way.__name__] = story(auditor, id_)
            problem = instance.verify()
            assert problem == "", problem
    assert len(stories["Wire"]) > len(deeds) - ("halt" in deeds), stories
    for way in ("Cli", "Tui"):
        assert stories[way] == stories["Wire"], "\n%s\n%s\n%s" % (way, stories[way], stories["Wire"])


def approves(stage):
    """approving"""
    compare(stage, "approve")


def denies(stage):
    """denying with a reason"""
    compare(stage, "deny")


def all_else(stage):
    """a note, more time, approving, taking it back"""
    compare(stage, "note", "extend", "approve", "deny")


def halts(stage):
    """halting the agent"""
    compare(stage, "halt")


main([approves, denies, all_else, halts])
