"""The same-uid rule, and subscribers whose key is revoked."""
import os
import re
import signal
import socket as sockets

import msgpack
import zmq

from hp import Client, Instance, tap


def strict(text):
    return text.replace("same_uid: allow", "same_uid: refuse").replace("trial: true", "trial: false")


def subscribe(instance, name):
    key, socket = instance.key(name), instance.context.socket(zmq.SUB)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    socket.curve_serverkey = instance.broker["curve_public"].encode()
    socket.subscribe(b"note")
    socket.connect(instance.broker["events"])
    return socket


def hears(socket, talk):
    """Whether an event arrives while `talk` makes some; what was heard before is dropped."""
    while socket.poll(0):
        socket.recv_multipart()
    for _ in range(30):
        talk()
        if socket.poll(100):
            return msgpack.unpackb(socket.recv_multipart()[2])["type"] == "note"
    return False


with Instance(config=strict) as instance:
    reviewer = Client(instance, "reviewer")
    supervised = Client(instance, "demo-agent-supervised")
    held = supervised.submit()
    reply = reviewer.decide(held["id"], "approve", "same user")
    tap.equal(reply.get("code"), "not_eligible", "a vote from the agents' own user does not count")
    tap.ok("same_uid" in reply.get("message", ""), "and the message names the rule", reply)
    reply = reviewer.decide(held["id"], "deny", "same user")
    tap.equal(reply.get("code"), "not_eligible", "not even a denial: its owner may still withdraw or halt")
    instance.restart()
    fresh = Client(instance, "reviewer")
    state = fresh.call(type="show", id=held["id"])["state"]
    tap.equal(state, "pending", "nothing was decided")
    supervised.close()
    for how in (signal.SIGKILL, signal.SIGTERM):
        instance.restart(how)
        reply = fresh.decide(held["id"], "approve", "no agent is here")
        tap.equal(reply.get("code"), "not_eligible", "nor does it count when the agent stays away after a restart")

with Instance() as instance:
    reviewer, second = subscribe(instance, "reviewer"), subscribe(instance, "reviewer2")
    agent = Client(instance, "demo-agent-supervised")
    held, count = agent.submit(), [0]

    def talk():
        count[0] += 1
        agent.ask(type="note", id=agent.submit()["id"], text=f"note {count[0]}")

    tap.ok(hears(reviewer, talk) and hears(second, talk), "two reviewers hear events")
    done = instance.cli("--as", "admin", "revoke", "reviewer2")
    tap.equal(done.returncode, 0, "one of them is revoked, though a quorum of two cannot be filled any more")
    tap.ok(hears(reviewer, talk), "the other one hears on")
    tap.ok(not hears(second, talk), "the revoked one hears nothing more")
    tap.equal(instance.verify(), "", "the log verifies")

# Cutting subscribers off binds the endpoint again, which libzmq gives back when it pleases.
with sockets.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
for door, config in (("ipc", None), ("tcp", lambda text: re.sub("events: .*", f"events: tcp://127.0.0.1:{port}", text))):
    with Instance(config=config) as instance:
        admin, path = Client(instance, "admin"), os.path.join(instance.home, "principals.d", "reviewer2.yaml")
        with open(path) as file:
            entry = file.read()
        answers = []
        for text in (entry + "revoked: true\n", entry) * 20:
            with open(path, "w") as file:
                file.write(text)
            answers.append(admin.ask(type="reload")["type"])
        if config:  # broker.json is of the instance as it was made
            instance.broker["events"] = f"tcp://127.0.0.1:{port}"
        tap.equal(set(answers), {"reloaded"}, f"{door}: readers are cut off twenty times")
        agent, reviewer = Client(instance, "demo-agent-supervised"), subscribe(instance, "reviewer")
        tap.ok(hears(reviewer, talk), f"{door}: and another one hears")
tap.done()
