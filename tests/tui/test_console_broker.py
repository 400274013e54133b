#!/usr/bin/python3
"""Losing the broker, starting without one, and terminals that cannot show the console (7, 8)."""
import os
import signal
import time

from harness import ENTER, ESCAPE, main
from scene import kiro, night, replica


def approving(stage):
    """A console that stands in a typed confirmation."""
    target = replica()
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    console.sees("WHAT").arm()
    for _ in range(3):
        console.press("\x04")
    console.sees("DIGEST").arm().press("a")
    return target, console.sees("To approve").arm()


def hangs(stage):
    """8: a broker that answers no more is shown as lost within 2 s, and decisions are off"""
    night(stage)
    console = stage.console().sees("3 pending").press(ENTER)
    console.sees("WHAT").arm()
    stage.broker.hanging = True
    start = time.monotonic()
    console.sees("BROKER LOST", "no answer from the broker", "the broker is lost")
    assert time.monotonic() - start < 2.5, time.monotonic() - start
    console.arm().press("d")
    console.sees("the broker is lost: nothing done").press("j")
    console.loses("nothing done").press("H")
    console.sees("the broker is lost: nothing done")
    assert stage.broker.received == []
    stage.broker.hanging = False
    console.sees("the broker is back", "3 pending", "WHAT").loses("LOST")


def vanishes(stage):
    """8: it reconnects and resyncs by itself, the open request kept"""
    target, _, _ = night(stage)
    console = stage.console().sees("3 pending").press(ENTER)
    console.sees("WHAT").arm()
    stage.broker.stop()
    console.sees("BROKER LOST", "WHAT")
    newcomer = kiro()
    newcomer.__init__(9, operation="s3:DeleteBucket", left_ms=100_000)
    stage.broker.add(newcomer, announce=False)
    stage.broker.start()
    console.sees("4 pending", "request 01936f2a-0001", "WHAT").loses("LOST")
    console.arm().press("d")
    console.sees("deny request 01936f2a-0001").arm().press("1")
    console.sees("denial recorded")
    (vote,) = stage.broker.got("decide")
    assert vote["digest"] == target.digest, vote


def lost_while_confirming(stage):
    """8: what is typed survives a loss, and is sent only to a broker that is there"""
    target, console = approving(stage)
    console.press("orders")
    console.sees("> orders")
    stage.broker.hanging = True
    console.sees("BROKER LOST").arm().press("-ro" + ENTER)
    console.sees("the broker is lost: nothing sent", "> orders-ro")
    stage.broker.hanging = False
    console.loses("LOST").sees("> orders-ro").settle(0.5)
    assert stage.broker.got("decide") == []
    console.arm().press(ENTER)
    console.sees("approval recorded")
    assert len(stage.broker.got("decide")) == 1
    assert target.approvals == 1


def decided_while_lost(stage):
    """8: after a return the open request has its new state"""
    target, console = approving(stage)
    stage.broker.stop()
    console.sees("BROKER LOST")
    target.state = "withdrawn"
    stage.broker.start()
    console.sees("withdrawn: nothing was sent").press(ESCAPE)
    console.loses("nothing was sent").sees("no approving, no denying: withdrawn")


def no_late_orders(stage):
    """8: an order without answer is told, and not sent again"""
    _, console = approving(stage)
    stage.broker.answers["decide"] = lambda message: {"type": "nonsense"}
    real = stage.broker.serve

    def swallow(control):
        real_send = control.send_multipart
        control.send_multipart = lambda frames: (
            None if b"nonsense" in frames[-1] else real_send(frames))
        try:
            real(control)
        finally:
            control.send_multipart = real_send

    stage.broker.serve = swallow
    console.press("orders-ro" + ENTER)
    console.sees("no answer to the approval: it may or may not count")
    console.settle(1)
    assert len(stage.broker.got("decide")) == 1


def key_revoked(stage):
    """8: a key that is revoked under way is told"""
    night(stage)
    console = stage.console().sees("3 pending")
    stage.broker.answers["hello"] = {"type": "error", "code": "unauthorised", "message": "revoked"}
    console.sees("BROKER LOST", "refuses this key")


# --- starting ---

def starts(stage, code, *texts, **options):
    start = time.monotonic()
    console = stage.lone_console(**options).exits(code)
    took = time.monotonic() - start
    error = console.stderr()
    assert error.startswith("holdpoint: ") and error.count("\n") == 1, error
    for text in texts:
        assert text in error, error
    assert console.raw == b"", console.raw       # the terminal is as it was
    return took


def no_broker(stage):
    """8: without a broker it says so within 2 s, exit 8"""
    assert starts(stage, 8, "broker") < 3


def silent_broker(stage):
    """8: an endpoint behind which nobody speaks is no broker"""
    import socket
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(stage.broker.path("control"))
        listener.listen()
        assert starts(stage, 8, "no answer from") < 3


def wrong_key(stage):
    """8: with a key that the broker does not know it says so within 2 s, exit 9"""
    stage.broker.start()
    key = stage.broker.key_file("stranger", known=False)
    assert starts(stage, 9, "refuses this key", key=key) < 3


def wrong_broker(stage):
    """8: a broker with another key than broker.json's is not spoken to"""
    import json
    stage.broker.start()
    path = stage.broker.path("broker.json")
    with open(path, encoding="ascii") as file:
        info = json.load(file)
    import zmq
    info["curve_public"] = zmq.curve_keypair()[0].decode()
    with open(path, "w", encoding="ascii") as file:
        json.dump(info, file)
    assert starts(stage, 8, "broker") < 3


def dumb_terminal(stage):
    """7: TERM=dumb gets a hint to the command line"""
    starts(stage, 2, 'TERM is "dumb"', "holdpoint list", TERM="dumb")


def unknown_terminal(stage):
    """7: a terminal that terminfo does not know gets a hint"""
    starts(stage, 2, "terminfo does not know", "TERM=xterm-256color", TERM="nobody-knows-me")
    starts(stage, 2, "terminfo does not know", "<U+001B>", TERM="\x1b[31m")


def no_terminal(stage):
    """7: without a terminal it says so"""
    import subprocess
    from harness import PROGRAM
    stage.broker.start()
    run = subprocess.run(
        [PROGRAM, "console"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
        env={**os.environ, "HOLDPOINT_BROKER": stage.broker.path("broker.json"),
             "HOLDPOINT_KEY": stage.key, "HOLDPOINT_HOME": stage.directory})
    assert run.returncode == 2 and run.stdout == b"", run
    assert b"needs a terminal" in run.stderr and b"holdpoint list" in run.stderr, run


# --- terminals ---

def resizes(stage):
    """7: resizing at any moment, also below what fits, loses nothing"""
    _, console = approving(stage)
    console.press("orders")
    console.sees("> orders")
    for columns, rows in ((130, 40), (60, 18), (59, 24), (80, 17), (20, 5), (1, 1), (200, 60)):
        console.resize(columns, rows)
        if columns >= 60 and rows >= 18:
            console.sees("> orders", "To approve request 01936f2a-0002")
        elif columns > 20:
            console.sees("too small: %dx%d" % (columns, rows))
        else:
            console.settle(0.2)
    console.arm().press("-ro" + ENTER)
    console.sees("approval recorded")


def blind_keys(stage):
    """7: on a terminal that is too small no key decides"""
    _, console = approving(stage)
    console.press("orders-ro")
    console.sees("> orders-ro")
    console.resize(40, 10)
    console.sees("too small").arm().press(ENTER + "q" + "x")
    console.settle(0.3)
    assert stage.broker.got("decide") == []
    console.resize(80, 24)
    console.sees("> orders-ro").arm()
    assert stage.broker.got("decide") == []


def monochrome(stage):
    """7: NO_COLOR, --no-color and a colourless terminal draw the same words without colour"""
    night(stage)
    texts = []
    for options in ({}, {"NO_COLOR": "1"}, {"arguments": ["--no-color"]}, {"TERM": "xterm-mono"}):
        console = stage.console(**options).sees("3 pending").press(ENTER)
        console.sees("WHAT").arm()
        console.press("G")
        console.sees("DIGEST").settle(0.1)
        texts.append(console.screen.text())
        assert console.screen.colors_used == (options == {}), options
    assert all(text == texts[0] for text in texts), texts


def leaves_the_terminal(stage):
    """7: quitting gives the terminal and all memory back, exit 0"""
    night(stage)
    console = stage.console().sees("3 pending").press(ENTER)
    console.sees("WHAT").arm().press("m")
    console.sees("note:").arm().press("left\r")
    console.sees("note recorded").arm().press("n")
    console.sees("request 01936f2a-0002", "CreateDBInstance").arm().press("?")
    console.sees("to the first request or line").arm().press(ESCAPE)
    console.loses("to the first request or line").arm().press("q").exits(0)
    assert console.screen.left_alternate
    assert console.stderr() == "", console.stderr()


def terminated(stage):
    """7: a console that is told to end gives the terminal back too"""
    console = stage.console().sees("no request is waiting")
    os.kill(console.pid, signal.SIGTERM)
    console.exits(1)
    assert console.screen.left_alternate


def terminal_goes(stage):
    """7: a terminal that goes away ends the console"""
    console = stage.console().sees("no request is waiting")
    os.close(console.fd)
    _, status = os.waitpid(console.pid, 0)
    console.status, console.fd = status, os.dup(console.errors.fileno())


main([hangs, vanishes, lost_while_confirming, decided_while_lost, no_late_orders, key_revoked,
      no_broker, silent_broker, wrong_key, wrong_broker, dumb_terminal, unknown_terminal,
      no_terminal, resizes, blind_keys, monochrome, leaves_the_terminal, terminated,
      terminal_goes])
