"""A scripted MCP client, and `holdpoint mcp` between it and a scripted server."""
import json
import os
import queue
import subprocess
import sys
import threading
import time

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
import hp                                    # noqa: E402
from hp import Client, Instance, tap         # noqa: E402,F401

SERVER = os.path.join(SOURCE, "tests", "mcp", "server.py")
PATIENCE_S = 60
SECRET = "AKIA" + "Z7QXAMPLEKEY2345"


def caps_off(policy):
    """The shipped policy; rates are for others to test."""
    return policy + "\ngateway: {rates: []}\n" if "\ngateway:" not in policy else policy


class Gateway:
    """One run. Lines come in on a thread of their own; `next` is what came, in order."""

    def __init__(self, instance, *habits, name="scripted", agent="demo-agent-supervised", environment="staging", options=(),
                 env=None, key="gateway", command=None, modern=False):
        self.instance, self.modern = instance, modern
        self.received = os.path.join(instance.dir, f"received.{time.monotonic_ns()}")
        speaks = ["--for", agent] if key == "gateway" else []
        self.process = subprocess.Popen(
            [hp.HOLDPOINT, "--home", instance.home, "--as", key, "mcp", "--environment", environment, "--server", name, *speaks,
             *options, "--", *(command or ["/usr/bin/python3", SERVER, *(["modern"] if modern else []), *habits])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "XDG_STATE_HOME": os.path.join(instance.dir, "pins"), "RECEIVED": self.received, **(env or {})})
        self.lines, self.errors, self.kept, self.id = queue.Queue(), [], [], 0
        for stream, take in ((self.process.stdout, self.lines.put), (self.process.stderr, self.errors.append)):
            threading.Thread(target=self.read, args=(stream, take), daemon=True).start()

    @staticmethod
    def read(stream, take):
        for line in stream:
            take(line)
        take(None)

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message):
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def params(self, params, token=None):
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {}} if self.modern else {}
        if token is not None:
            meta["progressToken"] = token
        return {**params, **({"_meta": meta} if meta else {})}

    def request(self, method, params=None, token=None, id=None):
        """Sends it; its id."""
        self.id += 1
        id = self.id if id is None else id
        self.send(id=id, method=method, params=self.params(params or {}, token))
        return id

    def call(self, tool, path="x", token=None, id=None, **more):
        return self.request("tools/call", {"name": tool, "arguments": {"path": path, **more}}, token, id)

    def line(self, timeout=PATIENCE_S):
        """The next line; None at the end of output."""
        try:
            return self.lines.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("no line of the gateway; it said:\n" + self.said())

    def until(self, wanted, timeout=PATIENCE_S):
        """The first message, old or new, that `wanted` likes; the others are kept in their order."""
        for message in self.kept:
            if wanted(message):
                self.kept.remove(message)
                return message
        end = time.monotonic() + timeout
        while True:
            line = self.line(max(0.01, end - time.monotonic()))
            if line is None:
                raise EOFError("the gateway ended; it said:\n" + self.said())
            message = json.loads(line)
            if wanted(message):
                return message
            self.kept.append(message)

    def answer(self, id, timeout=PATIENCE_S):
        return self.until(lambda m: m.get("id") == id and "method" not in m, timeout)

    def ask(self, method, params=None, **more):
        return self.answer(self.request(method, params, **more))

    def note(self, method, timeout=PATIENCE_S):
        return self.until(lambda m: m.get("method") == method, timeout)

    def open(self):
        """Up to where tools are known."""
        if not self.modern:
            self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
            self.send(method="notifications/initialized")
        return self.ask("tools/list")["result"]["tools"]

    def said(self, awaited=""):
        """Its standard error so far; where something is awaited, once it is there or 10 s are over."""
        for _ in range(1000):
            text = b"".join(e for e in self.errors if e).decode(errors="replace")
            if awaited in text:
                break
            threading.Event().wait(0.01)
        return text

    def seen(self):
        """What the server got, as lines."""
        if not os.path.exists(self.received):
            return []
        with open(self.received, "rb") as file:
            return file.read().splitlines()

    def calls_seen(self):
        return [json.loads(line) for line in self.seen() if b'"tools/call"' in line]

    def close(self, timeout=60):
        """The client goes; the exit code of the gateway."""
        if self.process.poll() is None:
            self.process.stdin.close()
        code = self.process.wait(timeout)
        while self.lines.get() is not None:
            pass
        while not self.errors or self.errors[-1] is not None:
            time.sleep(0.01)
        if "AddressSanitizer" in self.said() or "runtime error" in self.said():
            tap.ok(False, "the gateway ended cleanly", self.said())
        return code

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            print("# the gateway said:\n# " + self.said().replace("\n", "\n# "))
        elif self.process.poll() is None:
            self.close()


def wait_for(condition, what, timeout=PATIENCE_S):
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)
    return value


def requests(reviewer, operation, state=None):
    """Ids of requests of this operation, newest first."""
    items = reviewer.call(type="list", limit=100, **({"state": state} if state else {}))["items"]
    return [item["id"] for item in items if item["operation"] == operation]


def pending(reviewer, operation, known=()):
    """The id of a pending request, once it is there."""
    return wait_for(lambda: next((i for i in requests(reviewer, operation, "pending") if i not in known), None),
                    f"{operation} is pending")


def state(reviewer, id):
    return reviewer.call(type="show", id=id)["state"]


def words(answer):
    return answer["result"]["content"][0]["text"]
