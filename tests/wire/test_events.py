"""Events and reload: gapless numbers, the summary's fields, a broken policy keeps the old one."""
import os
import signal

import msgpack
import zmq
from zmq.utils.monitor import recv_monitor_message

from hp import Client, Instance, tap


def subscribe(instance, name):
    key, socket = instance.key(name), instance.context.socket(zmq.SUB)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    socket.curve_serverkey = instance.broker["curve_public"].encode()
    socket.subscribe(b"")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.connect(instance.broker["events"])
    assert monitor.poll(5000)
    recv_monitor_message(monitor)
    socket.disable_monitor()
    return socket


def read(socket, until):
    """Events to the first for which `until` holds."""
    events = []
    while not (events and until(*events[-1])) and socket.poll(5000):
        topic, protocol, body = socket.recv_multipart()
        assert protocol == b"HPP/1"
        events.append((topic.decode(), msgpack.unpackb(body)))
    return events


with Instance() as instance:
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")
    agent = Client(instance, "demo-agent-supervised")
    socket = subscribe(instance, "reviewer")
    # The subscription itself travels after the handshake: notes are sent until one is heard.
    receipt = agent.submit()
    while not socket.poll(100):
        reviewer.call(type="note", id=receipt["id"], text="anyone?")
    while socket.poll(100):
        socket.recv_multipart()
    seq = reviewer.call(type="list", limit=1)["event_seq"]
    receipt = agent.submit()
    reviewer.call(type="note", id=receipt["id"], text="why?")
    reviewer.decide(receipt["id"], "approve", "fine")
    reviewer.call(type="halt", scope="agent", agent="demo-agent-supervised", reason="stop")
    admin.call(type="resume", scope="agent", agent="demo-agent-supervised", reason="go")
    admin.call(type="reload")
    want = ["request.pending", "note", "vote", "request.granted", "request.halted", "request.halted",
            "halt", "resume", "policy"]
    events = read(socket, lambda topic, body: topic == "policy")
    tap.equal([topic for topic, _ in events if topic in want], want, "each step has its event, in order")
    numbers = [body["event_seq"] for _, body in events]
    tap.equal(numbers, list(range(seq + 1, seq + 1 + len(numbers))), "numbered without a gap")
    tap.ok(all(body["type"] == topic and body["at_ms"] > 0 for topic, body in events), "with type and time")
    first = events[0][1]
    tap.ok({"id", "state", "tier", "effect", "environment", "class", "operation", "requester", "summary",
            "approvals", "needed", "flags", "digest"} <= set(first), "and the summary's fields", sorted(first))
    text = admin.call(type="checkpoint")["text"]
    admin.call(type="ping")
    told = read(socket, lambda topic, body: topic == "checkpoint" and body["text"] == text)
    tap.equal(str(told[-1][1].get("size")), text.splitlines()[1], "a checkpoint has its event, with its text and size")
    last = reviewer.call(type="list", limit=1)["event_seq"]
    instance.restart()
    tap.ok(reviewer.call(type="list", limit=1)["event_seq"] >= last, "numbers go on after a kill -9")

    # ---- reload ----
    path = os.path.join(instance.home, "policy.yaml")
    good = open(path).read()
    version = admin.call(type="reload")["policy"]
    with open(path, "w") as file:
        file.write(good + "\nno_such_section: 1\n")
    reply = admin.ask(type="reload")
    line = good.count("\n") + 2
    tap.ok(reply["type"] == "error" and f"policy.yaml:{line}:" in reply["message"] and "no_such_section" in reply["message"],
           "a broken policy is refused with file and line", reply)
    tap.equal(agent.submit()["state"], "pending", "the old one stays in force")
    with open(path, "w") as file:
        file.write(good + "# a comment\n")
    tap.ok(admin.call(type="reload")["policy"] != version, "a good one is a new version")
    instance.process.send_signal(signal.SIGHUP)
    leaves = admin.call(type="audit", **{"from": 0, "limit": 1000})["entries"]
    texts = [msgpack.unpackb(e["body"]).get("text") for e in leaves if e.get("body") and
             msgpack.unpackb(e["leaf"])[5] == "policy"]
    tap.ok((good + "# a comment\n").encode() in texts, "whose whole text is a leaf's body")
    os.remove(path)
    tap.equal(admin.ask(type="reload")["code"], "malformed", "a missing policy is refused")
    tap.equal(instance.kill(signal.SIGTERM), 0, "SIGTERM ends it cleanly")
    tap.ok(not instance.start(expect=False), "without a policy it does not start")
    tap.ok("policy.yaml" in instance.log_text(), "and says which file is missing")
    instance.process.wait(10)
tap.done()
