"""Anchors: checkpoints put where who owns database and lock cannot take them back."""
import base64
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import time

import msgpack
import zmq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hp import HOLDPOINTD, TIMEOUT_MS, Client, Instance, tap


def until(condition, seconds=15):
    """Its first true value, or the last one in time."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


def settings(**lines):
    """holdpoint.yaml with these lines in place of its own."""
    def change(text):
        kept = [line for line in text.split("\n") if line.split(":")[0] not in lines]
        return "\n".join(kept) + "".join(f"{name}: {value}\n" for name, value in lines.items())
    return change


def records(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    found, at = [], 0
    while at + 5 < len(lines):
        if lines[at] and lines[at + 3] == "" and lines[at + 4].startswith("— "):
            found.append("\n".join(lines[at:at + 5]) + "\n")
            at += 6
        else:
            at += 1
    return found


def verifies(text, vkey):
    origin, _, key = vkey.split("+", 2)
    name, size, _, _, note = text.rstrip("\n").split("\n")
    public = base64.b64decode(key)[1:]
    keyid = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    signature = base64.b64decode(note.split(" ")[-1])
    Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], "\n".join(text.split("\n")[:3]).encode() + b"\n")
    return name == origin and size.isdigit() and signature[:4] == keyid


def leaves_of(instance, event):
    auditor = Client(instance, "auditor")
    entries, at = [], 0
    while page := auditor.call(type="audit", **{"from": at, "limit": 1000})["entries"]:
        entries += page
        at = page[-1]["seq"] + 1
    auditor.close()
    return [msgpack.unpackb(e["body"]) for e in entries if msgpack.unpackb(e["leaf"])[5] == event]


def stat_of(instance, name):
    admin = Client(instance, "admin")
    value = admin.call(type="stats")["stats"][name]
    admin.close()
    return value


def newest(instance):
    auditor = Client(instance, "auditor")
    text = auditor.call(type="checkpoint")["text"]
    auditor.close()
    return text


def a_file():
    place = "/tmp/hp-anchor-%d" % os.getpid()
    with Instance(config=settings(anchors=f"[{{file: {place}}}]")) as instance:
        agent = Client(instance, "demo-agent-supervised")
        for _ in range(3):
            agent.submit()
            text = newest(instance)
            tap.ok(until(lambda: text in records(place)), "each signed checkpoint is appended")
        found = records(place)
        tap.ok(all(verifies(t, instance.broker["log_key"]) for t in found), f"all {len(found)} verify, in Python")
        sizes = [int(t.split("\n")[1]) for t in found]
        tap.equal(sizes, sorted(set(sizes)), "in the order they were made, each once")
        tap.equal(oct(stat.S_IMODE(os.stat(place).st_mode)), "0o600", "nobody else reads it")
        tap.equal((stat_of(instance, "anchors"), stat_of(instance, "anchors_failing")), (1, 0), "stats say so")
        tap.ok(until(lambda: abs(stat_of(instance, "anchored_ms") / 1000 - time.time()) < 60),
               "and when the last one was written")

        with open(place, "a") as file:
            file.write("hp.example/torn\n123\nAAA")  # a disk that was full
        agent.submit()
        text = newest(instance)
        tap.ok(until(lambda: text in records(place)), "what was torn off does not run into the next")
        instance.kill()
        with open(place, encoding="utf-8") as file:
            tap.ok("\nAAA\n" in file.read(), "and the next one stands on lines of its own")
        instance.start()
        agent.submit()
        newest(instance)
        instance.kill(15)
        last = records(place)[-1]
        with open(os.path.join(instance.home, "state", "checkpoint.lock"), encoding="utf-8") as file:
            tap.equal(last, file.read(), "after a clean stop the last one is the lock's")
    os.remove(place)


def put_back():
    """Database and lock both put back: the lock agrees, the anchor does not."""
    place, lock = "/tmp/hp-anchor-%d" % os.getpid(), "/tmp/hp-lock-%d" % os.getpid()
    with Instance(config=settings(anchors=f"[{{file: {place}}}]", lock_file=lock)) as instance:
        state, old = os.path.join(instance.home, "state"), os.path.join(instance.dir, "old")
        agent = Client(instance, "demo-agent-supervised")
        agent.submit()
        instance.kill(15)
        tap.ok(os.path.exists(lock) and not os.path.exists(os.path.join(state, "checkpoint.lock")),
               "a lock file on another path is the one that is used")
        shutil.copytree(state, old)
        shutil.copy(lock, old)
        instance.start()
        agent.submit()
        instance.kill(15)

        def put(*names):
            for name in os.listdir(state):
                if name.startswith("holdpoint.db"):
                    os.remove(os.path.join(state, name))
            for name in names:
                shutil.copy(os.path.join(old, name), lock if name.startswith("hp-lock") else state)

        def not_served(what, word):
            before = len(instance.log_text())
            started = instance.start(expect=False)
            code = instance.kill(15) if started else instance.process.wait(10)
            said = instance.log_text()[before:]
            tap.ok(not started and code == 10 and word in said, f"{what}: not served, and {word} is named", said)

        databases = [name for name in os.listdir(old) if name.startswith("holdpoint.db")]
        put(*databases)
        not_served("the database alone put back", lock)
        put(*databases, os.path.basename(lock))
        not_served("database and lock put back", place)
        with open(place, encoding="utf-8") as file:
            kept = file.read()
        run = subprocess.run([HOLDPOINTD, "--home", instance.home, "--rebase", "disk died"], text=True,
                             capture_output=True)
        tap.equal(run.returncode, 0, "a rebase accepts it")
        tap.ok(len(records(place)) == kept.count("—") + 1, "and tells the anchor, which keeps what it had")
        instance.start()
        agent.submit()
        text = newest(instance)
        tap.ok(until(lambda: text in records(place)), "served again, anchored again")
        instance.kill(15)
        # A fork: other leaves behind the copy, as many as before.
        shutil.copytree(state, old, dirs_exist_ok=True)
        shutil.copy(lock, old)
        instance.start()
        agent.submit(summary="one history")
        instance.kill(15)
        put(*[n for n in os.listdir(old) if n.startswith("holdpoint.db")], os.path.basename(lock))
        with open(place, "rb+") as file:
            whole = file.read()
            file.truncate(0)  # anchors off while the other history is made
        instance.start()
        for _ in range(4):
            agent.submit(summary="another history")
        instance.kill(15)
        with open(place, "wb") as file:
            file.write(whole)
        not_served("a fork that outgrew the first history", place)
    for path in (place, lock, lock + ".held"):
        os.remove(path)


def failing():
    """A place that fails is said, and stops nobody from denying."""
    place = "/tmp/hp-anchor-%d-dir/anchor" % os.getpid()
    fifo = "/tmp/hp-anchor-%d-fifo" % os.getpid()
    os.mkfifo(fifo)
    with Instance(config=settings(anchors=f"[{{file: {place}}}, {{file: {fifo}}}]")) as instance:
        tap.ok(until(lambda: stat_of(instance, "anchors_failing") == 2), "two places fail: stats count them")
        tap.equal(stat_of(instance, "anchored_ms"), 0, "and that nothing has been written everywhere")
        bodies = until(lambda: leaves_of(instance, "anchor")[1:] and leaves_of(instance, "anchor"))
        tap.equal(sorted((b["anchor"], b["failing"]) for b in bodies), sorted([(place, True), (fifo, True)]),
                  "each has its leaf")
        tap.ok(all(b.get("reason") for b in bodies), "with the reason", bodies)
        tap.ok("anchor" in instance.log_text() and "No such file" in instance.log_text(), "and its line of the log")
        reviewer, agent = Client(instance, "reviewer"), Client(instance, "demo-agent-supervised")
        events = instance.context.socket(zmq.SUB)
        key = instance.key("reviewer")
        events.linger = 0
        events.curve_publickey, events.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
        events.curve_serverkey = instance.broker["curve_public"].encode()
        events.subscribe(b"anchor")
        events.connect(instance.broker["events"])
        held = agent.submit()["id"]
        tap.equal(reviewer.decide(held, "deny", "no")["state"], "denied", "people deny all the same")

        def heard():
            os.makedirs(os.path.dirname(place), exist_ok=True)
            agent.submit()  # makes a checkpoint
            return events.poll(100) and events.recv_multipart()

        news = msgpack.unpackb(until(heard)[-1])
        tap.equal((news["type"], news["anchor"], news["failing"]), ("anchor", place, False), "its recovery is an event")
        tap.ok(records(place), "and checkpoints go there again")
        tap.equal(stat_of(instance, "anchors_failing"), 1, "the other one still fails")
        tap.equal([b["failing"] for b in leaves_of(instance, "anchor") if b["anchor"] == place], [True, False],
                  "one leaf when it began, one when it ended, however often it was tried")
        tap.equal(instance.verify(), "", "the log verifies")
    shutil.rmtree(os.path.dirname(place))
    os.remove(fifo)


def to_syslog():
    if os.path.exists("/dev/log"):
        tap.ok(True, "syslog: skipped, this machine has a daemon # SKIP")
        return
    with Instance(config=settings(anchors="[syslog]")) as instance:
        tap.ok(until(lambda: stat_of(instance, "anchors_failing") == 1), "without a daemon syslog is said to fail")
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            log.bind("/dev/log")
        except OSError as error:
            tap.ok(True, f"syslog: skipped, {error.strerror} # SKIP")
            return
        try:
            log.settimeout(TIMEOUT_MS / 1000)
            Client(instance, "demo-agent-supervised").submit()
            text = newest(instance)
            line = ""
            while " checkpoint " in " " + line or not line:
                line = log.recv(4096).decode()
                words = line[line.index("checkpoint "):].split()
                made = f"{words[1]}\n{words[2]}\n{words[3]}\n\n— {words[1]} {words[4]}\n"
                if made == text:
                    break
            tap.equal(made, text, "a line of syslog is the checkpoint, which can be made from it again")
            tap.ok(verifies(made, instance.broker["log_key"]), "and verifies")
        finally:
            log.close()
            os.remove("/dev/log")


a_file()
put_back()
failing()
to_syslog()
tap.done()
