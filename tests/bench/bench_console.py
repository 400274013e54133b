#!/usr/bin/python3
"""The console before 10,000 pending requests and 200 arrivals a second, through a pseudo-terminal.

A real broker, a real console; the time of a key is from writing it to the pseudo-terminal until the
selection's cursor stands elsewhere, the terminal's emulation included. Aims stand beside the
figures (issue: console); exit 1 when one is missed.

  bench_console.py [--pending N] [--arrivals N] [--keys N]
"""
import argparse
import os
import random
import signal
import sys
import time
import uuid

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(SOURCE, "tests", "tui"), os.path.join(SOURCE, "tests", "wire")]
from harness import Console                     # noqa: E402
from hp import Client, Instance, request, with_gateway     # noqa: E402

COLUMNS, ROWS, WINDOW = 80, 24, 128


# Room for what is asked at once.
WIDER = (("hard_max_resources_affected: 50 ", "hard_max_resources_affected: 100000000 "),
         ("max_resources_affected: 5\n", "max_resources_affected: 10000000\n"),
         ("max_cost_impact_usd: 1000\n", "max_cost_impact_usd: 100000000\n"))


def policy(text):
    for old, new in WIDER:
        assert old in text, old
        text = text.replace(old, new, 1)
    return with_gateway(text, "  pending_cap: 1000000\n")


def held(number):
    return request(id=str(uuid.uuid4()), resources=["db/%06d" % number], summary="Drop %d" % number)


def submit(instance, count):
    """Pipelined: the broker commits many at once."""
    client = Client(instance, "demo-agent-supervised")
    sent = answered = 0
    while answered < count:
        while sent < count and sent - answered < WINDOW:
            client.send(type="submit", **held(sent))
            sent += 1
        reply = client.receive()
        assert reply and reply.get("state") == "pending", reply
        answered += 1
    client.close()


def arrive(instance, rate):
    """Asks so often, until killed. The parent's sockets are not touched."""
    import zmq
    instance.context = zmq.Context()
    client, number, start = Client(instance, "demo-agent-supervised"), 0, time.monotonic()
    while True:
        late = time.monotonic() - start - number / rate
        if late < 0:
            time.sleep(-late)
        client.send(type="submit", **held(500_000 + number))
        number += 1
        while client.receive(0):
            pass


class Place:
    """What the harness wants to know of a broker."""

    def __init__(self, instance):
        self.directory = instance.home

    def path(self, name):
        return os.path.join(self.directory, name)


def memory_kb(pid, what):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what))


def cpu_s(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def key(console, keys, patience_s=5):
    """Seconds until the cursor stands elsewhere, and the bytes until then."""
    screen, before = console.screen, len(console.raw)
    place = screen.y
    start = time.perf_counter()
    console.press(keys)
    while screen.y == place:
        console.pump_once()
        if time.perf_counter() - start > patience_s:
            raise AssertionError("no answer to %r\n%s" % (keys, screen.text()))
    return time.perf_counter() - start, len(console.raw) - before


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


def start(instance):
    """A console, how long until its first rows, and until all are listed."""
    begin = time.perf_counter()
    console = Console(Place(instance), os.path.join(instance.home, "keys", "reviewer.key"),
                      columns=COLUMNS, rows=ROWS)
    console.until(lambda screen: "▸" in screen.text(), "the first row")
    first = time.perf_counter() - begin
    return console, first, begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--arrivals", type=int, default=200)
    parser.add_argument("--keys", type=int, default=600)
    options = parser.parse_args()
    failed = 0

    def say(what, value, unit, aim):
        nonlocal failed
        missed = value >= aim
        failed += missed
        print("%-44s %9.1f %-5s under %g%s" % (what, value, unit, aim, "  MISSED" if missed else ""),
              flush=True)

    with Instance(policy) as instance:
        submit(instance, options.pending)
        firsts = []
        for _ in range(5):
            console, first, begin = start(instance)
            firsts.append(first)
            console.until(lambda screen: "%d pending" % options.pending in screen.text(), "all")
            listed = time.perf_counter() - begin
            if len(firsts) < 5:
                console.press("q")
                console.exits(0)
                console.close()
        print("%d pending, %d arrivals a second, %dx%d, xterm-256color" % (
            options.pending, options.arrivals, COLUMNS, ROWS))
        say("first screen (median of 5)", 1000 * percentile(firsts, 50), "ms", 150)
        print("%-44s %9.1f ms" % ("all of them listed", 1000 * listed))

        console.settle(0.5)
        moves = []
        for number in range(40):
            before = len(console.raw)
            console.press("j" if number < 30 else "k")
            console.settle(0.1)
            moves.append(len(console.raw) - before)
        say("bytes for one move of the selection (most)", max(moves), "bytes", 2048)
        print("%-44s %9.1f bytes" % ("  (median)", percentile(moves, 50)))

        console.press("g")
        console.settle(0.3)
        child = os.fork()
        if child == 0:
            try:
                arrive(instance, options.arrivals)
            finally:
                os._exit(1)
        try:
            console.until(lambda screen: "%d pending" % options.pending not in screen.text(),
                          "the first arrival")
            console.settle(1)
            times, seed = [], random.Random(7)
            cpu, took = cpu_s(console.pid), time.monotonic()
            for number in range(options.keys):
                console.settle(seed.uniform(0.01, 0.05))
                times.append(key(console, "jk"[number % 2])[0])
            took = time.monotonic() - took
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        say("key to screen, p99 of %d" % options.keys, 1000 * percentile(times, 99), "ms", 16)
        print("%-44s %9.1f ms, %.1f ms, %.1f ms" % (
            "  (p50, p90, most)", 1000 * percentile(times, 50), 1000 * percentile(times, 90),
            1000 * max(times)))
        print("%-44s %9.1f ms a second" % ("  (processor time of the console meanwhile)",
                                           1000 * (cpu_s(console.pid) - cpu) / took))
        say("resident memory, most", memory_kb(console.pid, "VmHWM") / 1024, "MB", 60)
        console.press("q")
        console.exits(0)
        console.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
