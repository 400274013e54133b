"""The official MCP client over the gateway, with the official filesystem and everything servers.

Needs node and, once, npm and its registry; SKIPPED with the reason where they are not. The packages go
to the build directory, at the versions of package-lock.json.
"""
import json
import os
import queue
import shutil
import subprocess
import sys
import threading

from gateway import PATIENCE_S, SOURCE, Client, Instance, hp, pending, requests, state, tap, wait_for

HERE = os.path.join(SOURCE, "tests", "mcp")
PLACE = os.path.join(hp.BUILD, "tests", "mcp", "npm")
OLDEST = 18


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def install():
    """Puts client and servers into PLACE, unless these very ones are there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node:
        skip("node is not installed (Debian: apt-get install nodejs npm)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        skip(f"node {version} is older than {OLDEST}")
    lock = os.path.join(HERE, "package-lock.json")
    done = os.path.join(PLACE, "installed")
    with open(lock) as file:
        wanted = file.read()
    if not os.path.exists(done) or open(done).read() != wanted:
        if not npm:
            skip("npm is not installed (Debian: apt-get install npm)")
        shutil.rmtree(PLACE, ignore_errors=True)
        os.makedirs(PLACE)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(os.path.join(HERE, name), os.path.join(PLACE, name))
        try:
            run = subprocess.run([npm, "ci", "--ignore-scripts", "--no-progress"], cwd=PLACE, capture_output=True, text=True,
                                 timeout=240)
        except subprocess.TimeoutExpired:
            skip("the npm registry does not answer in time")
        if run.returncode != 0:
            skip("npm cannot install: " + " ".join((run.stderr or run.stdout).split())[:200])
        with open(done, "w") as file:
            file.write(wanted)
    shutil.copyfile(os.path.join(HERE, "client.mjs"), os.path.join(PLACE, "client.mjs"))
    return node, version


class Sdk:
    """client.mjs over `holdpoint mcp` over a server."""

    def __init__(self, node, instance, name, *server, environment="staging", options=()):
        self.process = subprocess.Popen(
            [node, os.path.join(PLACE, "client.mjs"), hp.HOLDPOINT, "--home", instance.home, "--as", "gateway", "mcp", "--environment",
             environment, "--server", name, "--for", "demo-agent-supervised", *options, "--", *server],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "XDG_STATE_HOME": os.path.join(instance.dir, "pins")})
        self.queue, self.kept, self.errors, self.id = queue.Queue(), [], [], 0
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        self.connected = self.get("connected")

    def read(self):
        for line in self.process.stdout:
            self.queue.put(json.loads(line))
        self.queue.put(None)

    def get(self, op, id=None):
        for message in self.kept:
            if message["op"] == op and id in (None, message.get("id")):
                self.kept.remove(message)
                return message
        while True:
            message = self.queue.get(timeout=PATIENCE_S)
            if message is None:
                raise EOFError("the client ended: " + "".join(self.errors))
            if message["op"] == op and id in (None, message.get("id")):
                return message
            self.kept.append(message)

    def send(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def begin(self, name, arguments, **more):
        self.id += 1
        self.send(op="call", id=self.id, name=name, arguments=arguments, **more)
        return self.id

    def end(self, id):
        return self.get("result", id)["result"]

    def call(self, name, arguments, **more):
        return self.end(self.begin(name, arguments, **more))

    def tools(self):
        self.send(op="list")
        return {tool["name"]: tool for tool in self.get("tools")["tools"]}

    def close(self):
        self.send(op="close")
        self.get("closed")
        return self.process.wait(PATIENCE_S)


node, version = install()
print(f"# node {version}")
SERVERS = os.path.join(PLACE, "node_modules", "@modelcontextprotocol")

with Instance() as instance:
    reviewer = Client(instance, "reviewer")
    root = os.path.join(instance.dir, "files")
    os.mkdir(root)

    def path(name):
        return os.path.join(root, name)

    def write(name, text):
        with open(path(name), "w") as file:
            file.write(text)

    def read(name):
        try:
            with open(path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return None

    # ---- server-filesystem ----
    write("a.txt", "as it was")
    sdk = Sdk(node, instance, "filesystem", node, os.path.join(SERVERS, "server-filesystem", "dist", "index.js"), root)
    tap.ok(sdk.connected["server"]["name"], "initialise: the server's own name arrives", sdk.connected)
    tools = sdk.tools()
    tap.ok({"read_text_file", "write_file", "move_file"} <= set(tools), "list", sorted(tools))
    tap.ok(all("_holdpoint" in tool["inputSchema"]["properties"] for tool in tools.values()), "with the reasons in every schema")
    result = sdk.call("read_text_file", {"path": path("a.txt")})
    tap.equal(result["content"][0]["text"], "as it was", "read: allowed")

    held = sdk.begin("write_file", {"path": path("a.txt"), "content": "as it is", "_holdpoint": {"why": "it was wrong"}}, progress=True)
    one = pending(reviewer, "mcp:filesystem/write_file")
    tap.ok(one in sdk.get("progress", held)["message"], "write: held, and its client told so")
    result = sdk.call("read_text_file", {"path": path("a.txt")})
    tap.equal(result["content"][0]["text"], "as it was", "two at once: the other goes on")
    digest = json.loads(instance.cli("--as", "reviewer", "show", one, "--json").stdout)["digest"]
    run = instance.cli("--as", "reviewer", "approve", one, "--digest", digest, "--reason", "right")
    result = sdk.end(held)
    tap.equal((run.returncode, read("a.txt"), bool(result.get("isError"))), (0, "as it is", False), "approved by CLI: executed, result delivered")
    wait_for(lambda: state(reviewer, one) == "succeeded", "it is reported")
    tap.ok(True, "and reported")

    held = sdk.begin("move_file", {"source": path("a.txt"), "destination": path("gone.txt")})
    one = pending(reviewer, "mcp:filesystem/move_file")
    reviewer.decide(one, "deny", "others read it there")
    result = sdk.end(held)
    tap.ok(result["isError"] and result["content"][0]["text"] == f"Denied by holdpoint {one}: denied by reviewer: others read it there. Do not retry.",
           "denied: the model reads why", result)
    tap.equal((read("a.txt"), read("gone.txt")), ("as it is", None), "and nothing was moved")

    held = sdk.begin("write_file", {"path": path("b.txt"), "content": "x"}, progress=True)
    one = pending(reviewer, "mcp:filesystem/write_file")
    sdk.send(op="cancel", id=held)
    sdk.get("failed", held)
    wait_for(lambda: state(reviewer, one) == "withdrawn", "withdrawn")
    tap.equal(read("b.txt"), None, "cancelled while held: withdrawn, not written")

    held = sdk.begin("write_file", {"path": path("c.txt"), "content": "x"}, progress=True)
    one = pending(reviewer, "mcp:filesystem/write_file")
    sdk.process.kill()
    wait_for(lambda: state(reviewer, one) == "withdrawn", "withdrawn")
    tap.equal(read("c.txt"), None, "client killed while held: withdrawn, not written")

    big = "0123456789abcde\n" * 65536
    secret = "AKIA" + "Z7QXAMPLEKEY2345"
    write("big.txt", big)
    write("secret.txt", "aws_access_key_id = " + secret)
    sdk = Sdk(node, instance, "filesystem", node, os.path.join(SERVERS, "server-filesystem", "dist", "index.js"), root)
    sdk.tools()
    result = sdk.call("read_text_file", {"path": path("big.txt")})
    tap.ok(result["content"][0]["text"] == big and result.get("structuredContent", {}).get("content", big) == big, "1 MB of result, to the byte")
    result = sdk.call("read_text_file", {"path": path("secret.txt")})
    tap.ok(secret not in json.dumps(result) and "[REDACTED:" in result["content"][0]["text"], "a secret in text is redacted", result)
    tap.ok("structuredContent" not in result or "[REDACTED:" in json.dumps(result["structuredContent"]), "and in structured content", result)
    # Escalated: two persons, in production.
    sdk.close()
    sdk = Sdk(node, instance, "filesystem", node, os.path.join(SERVERS, "server-filesystem", "dist", "index.js"), root,
              environment="production")
    sdk.tools()
    held = sdk.begin("edit_file", {"path": path("a.txt"), "edits": [{"oldText": "as it is", "newText": "delete all"}]})
    one = pending(reviewer, "mcp:filesystem/edit_file")
    shown = json.loads(instance.cli("--as", "reviewer", "show", one, "--json").stdout)
    tap.equal(shown["needed"], 2, "what deletes in production is escalated: two persons")
    reviewer.decide(one, "deny", "not in production")
    result = sdk.end(held)
    tap.ok(result["isError"] and "not in production" in result["content"][0]["text"] and read("a.txt") == "as it is",
           "denied, with the reason, and not done", result)
    tap.equal(sdk.close(), 0, "the client closes cleanly")

    # ---- server-everything ----
    sdk = Sdk(node, instance, "everything", node, os.path.join(SERVERS, "server-everything", "dist", "index.js"))
    tools = sdk.tools()
    name = next(n for n in tools if "long-running" in n.lower() or "longrunning" in n.lower())
    held = sdk.begin(name, {"duration": 2, "steps": 4}, progress=True)
    one = pending(reviewer, "mcp:everything/" + name)
    first = sdk.get("progress", held)
    reviewer.decide(one, "approve", "go on")
    result = sdk.end(held)
    seen = [first["progress"]] + [m["progress"] for m in sdk.kept if m["op"] == "progress" and m["id"] == held]
    tap.ok(len(seen) >= 4 and all(a < b for a, b in zip(seen, seen[1:])), "a long-running tool, held first: its progress only grows", seen)
    tap.ok(not result.get("isError"), "and its result arrives", result)
    known = [n for n in tools if "structured" in n.lower()]
    result = sdk.call(known[0], {"location": "New York"})
    tap.ok(result.get("structuredContent"), "structured content passes the client's own check of its schema", result)
    held = sdk.begin("echo", {"message": "hello " + secret})
    wait_for(lambda: requests(reviewer, "mcp:everything/echo"), "echo is asked")
    one = requests(reviewer, "mcp:everything/echo")[0]
    if state(reviewer, one) == "pending":
        reviewer.decide(one, "approve", "fine")
    result = sdk.end(held)
    tap.ok(secret not in json.dumps(result), "what a tool gives back of a secret is redacted", result)
    tap.equal(sdk.close(), 0, "the client closes cleanly")
    # A progress and the result behind it in one read: this client forgets the token first, with or without us.
    errors = [m for m in sdk.kept if m["op"] == "error" and "unknown token" not in m["message"]]
    tap.ok(not errors, "the client met no error", errors)
tap.done()
