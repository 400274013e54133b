#!/usr/bin/python3
"""Attempts to break the eight truths: floods, storms, long requests, slow links, and a real broker
that is killed under a decision.
"""
import os
import re
import select
import socket
import sys
import threading
import time

import zmq

from fake_broker import Request
from harness import ENTER, ESCAPE, SOURCE, Console, main
from scene import kiro, night, replica

sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
from hp import Client, Instance, request        # noqa: E402


def read(console):
    """Opens the selected request and sees it to its end."""
    console.press(ENTER)
    console.sees("WHAT").arm()
    for _ in range(400):
        if "DIGEST" in console.screen.text():
            break
        top = console.screen.text()
        console.press("\x04")
        console.until(lambda screen: screen.text() != top, "the next page")
    return console.sees("DIGEST").arm()


def arrivals_while_typing(stage):
    """1: 300 arrivals while a decision is typed, key by key, change nothing of it"""
    target = replica()
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending")
    read(console)
    console.press("a")
    console.sees("To approve request 01936f2a-0002").arm()
    for number, char in enumerate("orders-ro"):
        for step in range(33):
            stage.broker.add(Request(100 + number * 40 + step, effect="escalate",
                                     left_ms=61_000 + step))
        typed = "orders-ro"[:number + 1]
        console.press(char)
        console.sees("> " + typed, "approve request 01936f2a-0002")
    console.sees("298 pending")
    for _ in range(60):             # the flood has disarmed nothing for good
        console.press(ENTER)
        console.settle(0.1)
        if "approval recorded" in console.screen.text():
            break
    (vote,) = stage.broker.got("decide")
    assert vote["id"] == target.id and vote["digest"] == target.digest


def expires_under_typing(stage):
    """1, 6: the pinned request expires among arrivals, under the confirmation"""
    target = replica()
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending")
    read(console)
    console.press("a")
    console.sees("To approve request 01936f2a-0002").arm()
    console.press("orders-r")
    for number in range(50):
        stage.broker.add(Request(100 + number, left_ms=2_000_000))
    stage.broker.advance(680_001)
    console.sees("expired: nothing was sent").press("o" + ENTER + "y" + ENTER)
    console.settle(0.3)
    assert stage.broker.got("decide") == []


def resize_storm(stage):
    """7: 200 resizes in a row while a decision is typed lose and send nothing"""
    target = replica()
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending")
    read(console)
    console.press("a")
    console.sees("To approve request").arm().press("orders")
    console.sees("> orders")
    sizes = [(80, 24), (60, 18), (59, 17), (200, 60), (1, 1), (132, 40), (300, 2), (61, 90)]
    for number in range(200):
        columns, rows = sizes[number * 7 % len(sizes)]
        console.set_size(columns, rows)
        if number % 10 == 0:
            console.settle_unseen(0.01)
    console.settle_unseen(0.3)
    assert stage.broker.got("decide") == []
    console.resize(80, 24)
    console.press("\x0c")                           # ^L: draw it anew
    console.sees("> orders", "To approve request 01936f2a-0002").arm().press("-ro" + ENTER)
    console.sees("approval recorded")


def keys_ahead(stage):
    """2: whole decisions typed ahead of the drawing decide nothing"""
    stage.broker.add(*[Request(number, tier="supervised") for number in range(1, 6)],
                     announce=False)
    console = stage.console().sees("5 pending")
    for keys in (ENTER + "ayes" + ENTER, ENTER + "d1", "n" + "d1" * 20, "H" + "kiro" + ENTER,
                 "a" * 50 + "yes" + ENTER):
        console.press(keys)
        console.arm().press(ESCAPE * 3)
        console.arm()
    assert stage.broker.got("decide") == [] and stage.broker.got("halt") == []


def sixty_kilobytes(stage):
    """3: an action of 60 KB is read to its last line before it can be approved"""
    big = {"block%03d" % number: "%03d" % number + "x" * 250 for number in range(235)}
    target = kiro(arguments=big)
    assert len(target.bytes) > 60_000
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    console.sees("block000", "more lines").arm().press("G")
    console.sees("DIGEST").arm().press("a")
    console.sees("scroll to the end of WHAT first: nothing done").press("g")
    console.sees("block000").arm()
    presses = 0
    while "a approve  d deny" not in console.screen.text():
        top = console.screen.text()
        console.press("\x04")
        console.until(lambda screen: screen.text() != top, "the next page")
        presses += 1
        assert presses < 200
    assert presses > 10, presses
    shown = " ".join(console.screen.seen)
    missing = [name for name in big if "argument %s" % name not in shown]
    assert missing == [], missing
    console.arm().press("a")
    console.sees("To approve request")


# Sequences that ncurses writes for these terminals, by themselves; all else must be text.
OWN = re.compile(rb"\x1b\[[?>]?[0-9;]*[A-Za-z@`]|\x1b[()][B0]|\x1b[=>78M]|\x1b\]104\x07|"
                 rb"\x1b\]9;holdpoint: [ -~]*\x07|\x1b\]52;c;[A-Za-z0-9+/=]*\x07|[\r\n\x08\x07\x0e\x0f\t]")


def hostile_everywhere(stage):
    """5: hostile text in agents, log and history: the stream holds no sequence but our own"""
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\n\x08\x00\u200b\x1b[?1049l\x1bP+q\x1b\\"
    item = {"name": evil[:60], "mode": evil, "owner": evil, "halted": True, "pending": 1, "asked": 1,
            "approved": 1, "denied": 1, "expired": 1, "blocked": 1, "anomalies": 1, "last_ms": 1,
            "rates": [{"rule": evil, "environment": evil, "left": 1, "burst": 2, "per_minute": 3}],
            "spend": [{"rule": evil, "window_ms": 1, "spent_micros": 1, "cap_micros": 10**7}]}
    stage.broker.agents = [item]
    stage.broker.halts = [{"agent": evil, "session": evil, "by": evil, "at_ms": 1}]
    stage.broker.log.add("request.pending", evil, 1, request=evil, note=evil)
    stage.broker.log.add(evil, "ana", 2, request=evil, **{evil: evil})
    first = Request(1, operation=evil[:40], resources=[evil], summary=evil[:60], session=evil[:30],
                    requester=evil[:30], why=evil, environment=evil[:30])
    second = Request(2, operation=evil[:40], resources=[evil], summary=evil[:60], session=evil[:30],
                     requester=evil[:30])
    second.state = "denied"
    stage.broker.unchecked.add(second.id)
    stage.broker.add(first, second, announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    console.sees("WHAT").arm().press("G")
    console.sees("DIGEST").arm()
    for view, text in (("2", "history"), ("3", "HALTED"), ("4", "checks 1-1/1"), ("5", "2 leaves")):
        console.press(view)
        console.sees(text).arm().press("j" + ENTER)
        console.settle(0.2)
        console.press(ESCAPE)
        console.arm()
    console.press(":")
    console.sees("Enter does it").arm().press("deny agent:\u202eevil" + ENTER)
    console.sees("nothing of")
    stage.broker.add(Request(7, requester=evil[:40], environment=evil[:30]))
    console.until(lambda screen: screen.notices, "a notification")
    console.press(ESCAPE * 3)
    console.arm().press("q")
    console.exits(0)
    rest = OWN.sub(b"", console.raw)
    foreign = [byte for byte in rest if byte < 0x20 or byte == 0x7F]
    assert foreign == [], (foreign, rest[:300])
    assert b"\x9b" not in rest.decode().encode("utf-16-le")[::2] and "\x9b" not in rest.decode()
    assert not [char for char in rest.decode() if 0x7F <= ord(char) < 0xA0 or char in "\u202e\u200b"]


# --- slow links ---

class Delay:
    """Passes bytes on, each after so many seconds, both ways."""

    def __init__(self, seconds, target):
        self.seconds, self.target = seconds, target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        held = []
        while True:
            wait = max(0, held[0][0] - time.monotonic()) if held else None
            if select.select([source], [], [], wait)[0]:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    sink.close()
                    return
                held.append((time.monotonic() + self.seconds, data))
            while held and held[0][0] <= time.monotonic():
                try:
                    sink.sendall(held.pop(0)[1])
                except OSError:
                    return


def slow_broker(stage):
    """works over a link to the broker with 300 ms each way, at 60x18"""
    context = zmq.Context()
    ports = {}
    for name in ("control", "events"):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports[name] = free.getsockname()[1]
    context.destroy()
    stage.broker.listen_on = {name: "tcp://127.0.0.1:%d" % port for name, port in ports.items()}
    slow = {name: "tcp://127.0.0.1:%d" % Delay(0.3, ("127.0.0.1", port)).port
            for name, port in ports.items()}
    stage.broker.write_files(**slow)
    target = replica()
    stage.broker.add(target, announce=False)
    console = stage.console(columns=60, rows=18).sees("1 pending")
    stage.broker.add(Request(9))
    start = time.monotonic()
    console.sees("2 pending")
    assert time.monotonic() - start < 1.5, "events come over it too"
    read(console)
    console.press("a")
    console.sees("To approve").arm().press("orders-ro" + ENTER)
    console.sees("approval recorded")
    console.settle(2.5)
    assert "LOST" not in " ".join(console.screen.seen), console.screen.text()


class SlowConsole(Console):
    """A terminal at the end of a line with 300 ms each way."""
    DELAY_S = 0.3

    def __init__(self, *arguments, **options):
        self.sent, self.coming = [], []
        super().__init__(*arguments, **options)

    def press(self, keys):
        self.sent.append((time.monotonic() + self.DELAY_S, keys.encode()))
        return self

    def pump(self, seconds):
        until = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            while self.sent and self.sent[0][0] <= now:
                os.write(self.fd, self.sent.pop(0)[1])
            while self.coming and self.coming[0][0] <= now:
                data = self.coming.pop(0)[1]
                self.raw += data
                self.screen.feed(data)
            if select.select([self.fd], [], [], 0.005)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    return False
                self.coming.append((now + self.DELAY_S, data))
            if now >= until:
                return True


def slow_terminal(stage):
    """works on a terminal with 300 ms each way, at 60x18: approve and deny"""
    first, second = replica(), Request(5, resources=["db/old"])
    stage.broker.add(first, second, announce=False)
    stage.broker.start()
    console = SlowConsole(stage.broker, stage.key, columns=60, rows=18)
    stage.consoles.append(console)
    console.sees("2 pending")
    while "request 01936f2a-0002" not in console.screen.text():
        console.press("n")
        console.sees("WHAT").arm()
        console.settle(0.8)
    for _ in range(4):
        console.press("\x04")
        console.settle(0.8)
    console.sees("DIGEST").arm().press("a")
    console.sees("To approve").arm().press("orders-ro" + ENTER)
    console.sees("approval recorded").arm().press("N")
    console.sees("request 01936f2a-0005").arm()
    console.settle(0.8)
    console.press("d")
    console.sees("own words").arm().press("2")
    console.sees("denial recorded")
    votes = {vote["id"]: vote["decision"] for vote in stage.broker.got("decide")}
    assert votes == {first.id: "approve", second.id: "deny"}, votes


# --- terminals ---

def terminals(stage):
    """7: 8 and 256 colours, monochrome, a Linux console: the same words"""
    night(stage)
    texts = {}
    for term in ("xterm-256color", "xterm", "xterm-color", "screen", "tmux-256color",
                 "linux", "vt100", "xterm-mono"):
        console = stage.console(TERM=term, LC_ALL="C").sees("3 pending").press(ENTER)
        console.sees("WHAT", "DIGEST" if 0 else "request 01936f2a").arm()
        texts[term] = console.screen.text()
        console.press("q")
        console.exits(0)
    assert len(set(texts.values())) == 1, texts


def sizes(stage):
    """7: 80x24, 60x18 and 200x60 in every view, UTF-8 and ASCII: nothing leaves its place"""
    night(stage)
    stage.broker.log.add("start", "broker", 1)
    for columns, rows in ((80, 24), (60, 18), (200, 60)):
        for locale in ("C.UTF-8", "C"):
            console = stage.console(columns=columns, rows=rows, LC_ALL=locale).sees("3 pending")
            for view, text in (("2", "pending"), ("3", "AGENT"), ("4", "spot check"),
                               ("5", "signed    1"), ("1", "3 pending"), ("?", "one line down")):
                console.press(view)
                console.sees(text).settle(0.05)
                assert console.screen.lines()[0].startswith(" holdpoint"), console.screen.text()
            if locale == "C":
                assert all(ord(char) < 0x7F for char in console.screen.text()), \
                    console.screen.text()
            console.close()
            stage.consoles.remove(console)


# --- a real broker ---

class Place:
    def __init__(self, instance):
        self.directory = instance.home

    def path(self, name):
        return os.path.join(self.directory, name)


def killed(stage):
    """8: a real broker, killed and restarted under the confirmation: the decision holds, once"""
    with Instance() as instance:
        agent = Client(instance, "demo-agent-supervised")
        asked = agent.submit()
        console = Console(Place(instance), os.path.join(instance.home, "keys", "reviewer.key"))
        stage.consoles.append(console)
        console.sees("1 pending")
        read(console)
        console.press("a")
        console.sees("To approve request").arm().press("orders-")
        instance.kill()
        console.sees("BROKER LOST").arm().press("ro" + ENTER)
        console.sees("the broker is lost: nothing sent")
        instance.start()
        console.sees("> orders-ro").loses("LOST").arm().press(ENTER)
        console.sees("approval recorded", "is granted")
        shown = Client(instance, "reviewer").call(type="show", id=asked["id"])
        assert shown["state"] == "granted" and len(shown["votes"]) == 1, shown
        problem = instance.verify()
        assert problem == "", problem


main([arrivals_while_typing, expires_under_typing, resize_storm, keys_ahead, sixty_kilobytes,
      hostile_everywhere, slow_broker, slow_terminal, terminals, sizes, killed])
