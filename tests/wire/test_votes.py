"""Which votes count: places, persons, owners as enrolled now; and what the events say of them."""
import json
import os

import msgpack
import zmq

from hp import Client, Instance, tap


def two_groups(text):
    """Escalated requests need one of oncall and one of dba."""
    return text.replace("require: [{groups: [oncall], count: 2}]",
                        "require: [{groups: [oncall], count: 1}, {groups: [dba], count: 1}]")


def enrol(instance, name, *options):
    path = os.path.join(instance.dir, name + ".key")
    line = instance.cli("keygen", name, "-o", path).stdout
    done = instance.cli("--as", "admin", "enrol", name, *options, input=line)
    assert done.returncode == 0, done.stderr
    with open(path) as file:
        return Client(instance, name, door="control", key=json.load(file))


def subscribe(instance, name):
    key, socket = instance.key(name), instance.context.socket(zmq.SUB)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    socket.curve_serverkey = instance.broker["curve_public"].encode()
    socket.subscribe(b"vote")
    socket.connect(instance.broker["events"])
    return socket


def deletion(agent):
    return agent.submit(operation="cloudformation:DeleteStack", resources=["prod-x"], arguments=None,
                        impact={"resources_affected": 1, "reversible": False})["id"]


with Instance(policy=two_groups) as instance:
    agent, executor = Client(instance, "demo-agent"), Client(instance, "executor")
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")
    one = enrol(instance, "one", "--role", "reviewer", "--person", "uma", "--group", "oncall")
    two = enrol(instance, "two", "--role", "reviewer", "--person", "vic", "--group", "oncall")
    dba = enrol(instance, "three", "--role", "reviewer", "--person", "wes", "--group", "dba")

    events = subscribe(instance, "reviewer")
    while not events.poll(100):  # until the subscription has arrived
        one.decide(deletion(agent), "approve", "heard?")
    while events.poll(100):
        events.recv_multipart()

    held = deletion(agent)
    tap.equal(one.decide(held, "approve", "one")["approvals"], 1, "the first of oncall fills a place")
    tap.ok(events.poll(5000), "its event comes")
    event = msgpack.unpackb(events.recv_multipart()[2])
    tap.equal((event["id"], event["approvals"], event["needed"]), (held, 1, 2), "and counts the vote it tells of")
    tap.equal(two.decide(held, "approve", "two")["code"], "not_eligible", "a second of oncall fills none")
    tap.equal(len(reviewer.call(type="show", id=held)["votes"]), 1, "and is not stored")
    tap.equal(dba.decide(held, "approve", "three")["state"], "granted", "one of dba fills the other")

    # Who came to own the agent since counts no more.
    path = os.path.join(instance.home, "principals.d", "demo-agent.yaml")
    with open(path) as file:
        text = file.read()
    owner = text.split("owner:")[1].split()[0]
    with open(path, "w") as file:
        file.write(text.replace(f"owner: {owner}", 'owner: "uma"'))
    admin.call(type="reload")
    tap.equal(executor.code(type="claim", id=held, nonce=os.urandom(16), timeout_ms=0), "conflict",
              "an approver who owns the agent by now has approved nothing")
    tap.equal(one.decide(deletion(agent), "approve", "mine")["code"], "self_approval", "nor may approve again")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
