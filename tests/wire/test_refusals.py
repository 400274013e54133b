"""Each refusal with its code: keys, roles, objects, votes."""
import json
import os
import time
import uuid

import zmq
from zmq.utils.monitor import recv_monitor_message

from hp import Client, Instance, request, tap


def connects(instance, key, door):
    """Whether a key gets an answer at that door."""
    client = Client(instance, "stranger", door=door, key=key)
    client.socket.setsockopt(zmq.IMMEDIATE, 1)
    client.send(type="ping")
    reply = client.receive(1500)
    client.close()
    return reply is not None


def subscribes(instance, key):
    """Whether a SUB socket completes its handshake with `events`."""
    socket = instance.context.socket(zmq.SUB)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    socket.curve_serverkey = instance.broker["curve_public"].encode()
    wanted = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    monitor = socket.get_monitor_socket(wanted)
    socket.connect(instance.broker["events"])
    event = recv_monitor_message(monitor)["event"] if monitor.poll(5000) else None
    socket.disable_monitor()
    socket.close()
    return event == zmq.EVENT_HANDSHAKE_SUCCEEDED


with Instance() as instance:
    agent, supervised = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    developer = Client(instance, "developer", door="control")
    reviewer, reviewer2 = Client(instance, "reviewer"), Client(instance, "reviewer2")
    admin = Client(instance, "admin")

    public, secret = zmq.curve_keypair()
    stranger = {"curve_public": public.decode(), "curve_secret": secret.decode()}
    for door in ("agents", "control"):
        tap.ok(not connects(instance, stranger, door), f"an unknown key gets no answer on {door}")
    tap.ok(not subscribes(instance, stranger), "nor on events")
    for name in ("demo-agent", "gateway", "executor"):
        tap.ok(not connects(instance, instance.key(name), "control"), f"{name}'s key fails on control")
        tap.ok(not subscribes(instance, instance.key(name)), f"{name}'s key fails on events")
    tap.ok(subscribes(instance, instance.key("reviewer")), "a reviewer's key subscribes")

    tap.equal(agent.code(type="halt", scope="all", reason="x"), "unauthorised", "an agent may not halt")
    tap.equal(reviewer.code(type="submit", **request()), "unauthorised", "a reviewer does not submit")
    tap.equal(reviewer.code(type="reload"), "unauthorised", "only an admin reloads")

    mine = supervised.submit()
    tap.equal(agent.code(type="show", id=mine["id"]), "not_found", "another agent's id is not found")
    tap.equal(agent.code(type="wait", id=mine["id"], until="decided", timeout_ms=0), "not_found",
              "not even by waiting")
    tap.equal(agent.code(type="withdraw", id=mine["id"]), "not_found", "nor by withdrawing")
    tap.equal(reviewer.code(type="show", id=str(uuid.uuid4())), "not_found", "an id nobody uses")

    shown = reviewer.call(type="show", id=mine["id"])
    tap.equal(developer.ask(**developer.ballot(shown, "approve"))["code"], "self_approval",
              "its owner cannot approve it")
    tap.equal(reviewer.ask(**{**reviewer.ballot(shown, "approve"), "digest": bytes(32)})["code"],
              "digest_mismatch", "a vote on another digest")
    tap.equal(reviewer.ask(**reviewer.ballot(shown, "approve", at_ms=int(time.time() * 1000) - 121000))["code"],
              "bad_signature", "a vote from more than two minutes ago")
    tap.equal(reviewer.ask(**{**reviewer.ballot(shown, "approve"), "signature": bytes(64)})["code"],
              "bad_signature", "a vote with no true signature")
    tap.equal(reviewer.ask(**reviewer.ballot(shown, "approve", sign_as=instance.key("reviewer2")))["code"],
              "bad_signature", "a vote signed by somebody else")
    tap.equal(reviewer.ask(**{**reviewer.ballot(shown, "deny", "a"), "reason": "b"})["code"],
              "bad_signature", "a reason that was not signed")

    # A second key of one person fills no second place.
    escalated = agent.submit(operation="cloudformation:DeleteStack", resources=["prod-x"], arguments=None,
                             impact={"resources_affected": 1, "reversible": False})
    keygen = instance.cli("keygen", "reviewer-again", "-o", os.path.join(instance.dir, "again.key"))
    enrol = instance.cli("--as", "admin", "enrol", "reviewer-again", "--role", "reviewer", "--person",
                         open(os.path.join(instance.home, "principals.d", "reviewer.yaml")).read()
                         .split("person:")[1].split()[0].strip('"'), "--group", "oncall",
                         input=keygen.stdout)
    tap.equal(enrol.returncode, 0, "an admin enrols a second key of one person")
    again = Client(instance, "reviewer-again", door="control",
                   key=json.load(open(os.path.join(instance.dir, "again.key"))))
    reviewer.decide(escalated["id"], "approve", "one")
    tap.equal(again.decide(escalated["id"], "approve", "two")["code"], "already_voted",
              "the second key of one person does not count twice")
    tap.equal(reviewer.decide(escalated["id"], "approve", "three")["code"], "already_voted",
              "nor does the same key")

    # The revoked key on its live connection.
    tap.equal(instance.cli("--as", "admin", "revoke", "reviewer-again").returncode, 0, "the admin revokes it")
    tap.equal(again.code(type="ping"), "unauthorised", "a revoked key on a live connection is refused at once")
    tap.ok(not connects(instance, json.load(open(os.path.join(instance.dir, "again.key"))), "control"),
           "and cannot connect again")

    # What is voted stays voted; then the voter is revoked before the claim.
    reviewer2.decide(escalated["id"], "approve", "two")
    tap.equal(reviewer.call(type="show", id=escalated["id"])["state"], "granted", "two persons release it")
    instance.cli("--as", "admin", "revoke", "reviewer2")
    executor = Client(instance, "executor")
    tap.equal(executor.code(type="claim", id=escalated["id"], nonce=os.urandom(16), timeout_ms=0), "conflict",
              "a grant whose voter was revoked cannot be claimed")

    # Claims.
    own = supervised.submit(audience=None)
    reviewer.decide(own["id"], "approve", "fine")
    tap.equal(supervised.code(type="claim", id=own["id"], nonce=os.urandom(16), timeout_ms=0), "unauthorised",
              "a gated request is not run by who asked")
    tap.equal(agent.code(type="claim", nonce=os.urandom(16), timeout_ms=0), "malformed",
              "only an executor claims without an id")

    # Fields.
    bad = request()
    bad["surprise"] = 1
    reply = agent.ask(type="submit", **bad)
    tap.equal((reply["code"], reply["field"]), ("malformed", "surprise"), "an unknown key is named")
    reply = agent.ask(type="submit", **request(operation=7))
    tap.equal((reply["code"], reply["field"]), ("malformed", "action.operation"), "a wrong type is named by path")
    tap.equal(agent.code(type="dance"), "unsupported", "an unknown type")
    same = request()
    first = agent.call(type="submit", **same)
    tap.equal({**agent.call(type="submit", **same), "re": 0}, {**first, "re": 0}, "the same submit, the same receipt")
    tap.equal(agent.code(type="submit", **{**same, "why": "another reason"}), "conflict", "other content, conflict")
    tap.equal(agent.code(type="submit", **request(supersedes=str(uuid.uuid4()))), "not_found",
              "superseding what is not there")
    gateway = Client(instance, "gateway")
    tap.equal(gateway.code(type="submit", **request()), "malformed", "a gateway says for whom")
    tap.equal(gateway.code(type="submit", **{"for": "developer"}, **request()), "unauthorised",
              "and speaks only for its agents")
    tap.equal(gateway.call(type="submit", **{"for": "demo-agent"}, **request())["type"], "receipt", "for those it does")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
