"""A network that is slow, cuts connections in the middle of a frame, or goes silent without a word.

Every client speaks through a proxy that does so at random. Each step is said again, with the same id
or nonce, until it is answered; each request is then done once, not lost and not twice.
"""
import os
import random
import re
import select
import socket
import threading
import time

from scenario import SHORT, Scene
from hp import Client, request, tap

seed = int(os.environ.get("HP_FAULT_SEED", random.randrange(1 << 30)))
rng = random.Random(seed)
JOURNEYS = {"slow": 2, "cut": 4, "silent": 1} if SHORT else {"slow": 20, "cut": 100, "silent": 20}
ANSWER_MS = 1500


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Proxy(threading.Thread):
    """Forwards one port to another; `delay` seconds each way; cut() and freeze() hit all there are."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.delay, self.pairs, self.lock = target, 0.0, [], threading.Lock()
        self.cuts = self.freezes = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            pair = {"near": near, "far": far, "frozen": False}
            with self.lock:
                self.pairs.append(pair)
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(pair, a, b), daemon=True).start()

    def pump(self, pair, source, sink):
        try:
            while True:
                if pair["frozen"]:
                    if pair["far"].fileno() < 0:
                        return
                    select.select([], [], [], 0.1)
                    continue
                if not select.select([source], [], [], 0.1)[0]:
                    continue
                data = source.recv(65536)
                if not data:
                    break
                if self.delay:
                    time.sleep(self.delay)  # the link's own, not a wait for something
                if not pair["frozen"]:
                    sink.sendall(data)
        except (OSError, ValueError):
            pass
        source.close()
        sink.close()

    def cut(self):
        """Ends every connection at once, wherever it is."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self.cuts += 1
            for end in (pair["near"], pair["far"]):
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
                    end.close()
                except OSError:
                    pass

    def freeze(self):
        """Every connection stays open and carries nothing any more."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self.freezes += 1
            pair["frozen"] = True


ports = {"agents": free_port(), "control": free_port()}


def on_tcp(config):
    for door, port in ports.items():
        config = re.sub(rf'^{door}: .*$', f'{door}: "tcp://127.0.0.1:{port}"', config, flags=re.M)
    return config


class NetScene(Scene):
    def __init__(self):
        self.environment, self.program = {}, os.path.join(os.environ.get("HP_BUILDDIR", "."), "holdpointd")
        super(Scene, self).__init__(config=on_tcp, policy=lambda text: text.replace("max_resources_affected: 5\n", "max_resources_affected: 100000\n").replace(
            "affected: 50 ", "affected: 1000000 ").replace("per_minute: 5, burst: 5", "per_minute: 100000, burst: 100000"))


scene = NetScene()
proxies = {door: Proxy(port) for door, port in ports.items()}
for door, proxy in proxies.items():
    scene.broker[door] = f"tcp://127.0.0.1:{proxy.port}"


class Patient:
    """Says a thing again on a new connection until it is answered."""

    def __init__(self, name):
        self.name, self.again, self.client = name, 0, Client(scene, name)

    def ask(self, **message):
        for _ in range(40):
            seq = self.client.send(**message)
            until = time.monotonic() + ANSWER_MS / 1000
            while (left := until - time.monotonic()) > 0:
                reply = self.client.receive(int(left * 1000) + 1)
                if reply and reply.get("re") == seq:
                    return reply
            self.again += 1
            self.client.close()
            self.client = Client(scene, self.name)
        raise TimeoutError(f"{self.name}: {message['type']} was never answered")


def trouble(mode):
    for proxy in proxies.values():
        if mode == "cut" and rng.random() < 0.5:
            proxy.cut()
        if mode == "silent" and rng.random() < 0.25:
            proxy.freeze()


def journey(mode):
    """One request's whole way; what is wrong with it."""
    whole, nonce = request(), os.urandom(16)
    steps = (lambda: agent.ask(type="submit", **whole), lambda: reviewer.ask(type="show", id=whole["id"]),
             lambda: reviewer.ask(**reviewer.client.ballot(shown, "approve", "ok")),
             lambda: executor.ask(type="claim", id=whole["id"], nonce=nonce, timeout_ms=0),
             lambda: executor.ask(type="report", id=whole["id"], result="succeeded"))
    shown = None
    for number, step in enumerate(steps):
        hurt = threading.Timer(rng.uniform(0, 0.01), trouble, (mode,))
        hurt.start()
        reply = step()
        hurt.join()
        if number == 1:
            shown = reply
        # A vote or report that had arrived is answered so the second time.
        if reply["type"] == "error" and reply["code"] not in ("already_voted", "final") and (number, reply["code"]) != (2, "conflict"):
            return [f"{mode}: step {number}: {reply['code']}: {reply['message']}"]
    last = reviewer.ask(type="show", id=whole["id"])
    states = [entry["state"] for entry in last["history"]]
    return [] if states == ["pending", "granted", "executing", "succeeded"] else [f"{mode}: {states}"]


agent, reviewer, executor = Patient("demo-agent-supervised"), Patient("reviewer"), Patient("executor")
for mode, delay in (("slow", 0.15), ("cut", 0.0), ("silent", 0.0)):
    before = agent.again + reviewer.again + executor.again
    for proxy in proxies.values():
        proxy.delay = delay
    journeys = JOURNEYS[mode]
    began = time.monotonic()
    wrong = [line for _ in range(journeys) for line in journey(mode)]
    print(f"# {mode}: {journeys} journeys in {time.monotonic() - began:.0f} s, {sum(p.cuts for p in proxies.values())} cut and "
          f"{sum(p.freezes for p in proxies.values())} silent connections so far, {agent.again + reviewer.again + executor.again - before} things said again")
    tap.ok(not wrong, f"a network that is {mode}: each request is done once", "\n".join(wrong[:10]))
tap.ok(sum(p.cuts for p in proxies.values()) > 0 and sum(p.freezes for p in proxies.values()) > 0, "the network did fail")
print(f"# seed {seed}")

# ---- a peer that goes silent is let go, and costs nobody else anything ----
for proxy in proxies.values():
    proxy.delay = 0.0
waiting = Client(scene, "demo-agent-supervised")
held = waiting.submit()["id"]
waiting.send(type="wait", id=held, until="decided", timeout_ms=30000)
proxies["agents"].freeze()
other = Patient("demo-agent-supervised")
tap.equal(other.ask(type="ping")["type"], "pong", "while one connection is silent another is served")
reviewer.ask(**reviewer.client.ballot(reviewer.ask(type="show", id=held), "deny", "no"))
tap.equal(other.ask(type="wait", id=held, until="decided", timeout_ms=0)["state"], "denied", "and the decision is kept for who comes back")
for client in (agent.client, reviewer.client, executor.client, waiting, other.client):
    client.close()
tap.equal(scene.verify(), "", "the log verifies")
scene.stop()
scene.close()
tap.done()
