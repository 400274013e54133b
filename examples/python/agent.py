#!/usr/bin/env python3
"""An agent that asks before it acts, and works on while it waits.

Two branches: a restart in staging, which policy may allow by itself and the agent then runs, and a
new replica in production, which waits for a person and is run by the executor that has the
credentials. Needs pyzmq and msgpack, $HOLDPOINT_KEY and $HOLDPOINT_BROKER. Exits 0 when each branch
was done or refused for a reason.
"""
import json
import os
import subprocess
import sys
import uuid

import msgpack
import zmq


class Holdpoint:
    """One session: a DEALER, so that several questions may be open at once."""

    def __init__(self, key_file, broker_file):
        with open(key_file) as file:
            key = json.load(file)
        with open(broker_file) as file:
            broker = json.load(file)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_publickey = key["curve_public"].encode()
        self.socket.curve_secretkey = key["curve_secret"].encode()
        self.socket.curve_serverkey = broker["curve_public"].encode()
        self.socket.connect(broker["agents"])
        self.seq = 0

    def send(self, **message):
        self.seq += 1
        self.socket.send_multipart([b"", b"HPP/1", msgpack.packb({"seq": self.seq, **message})])
        return self.seq

    def receive(self):
        reply = msgpack.unpackb(self.socket.recv_multipart()[-1])
        if reply["type"] == "error" and reply["code"] != "conflict":
            raise RuntimeError(f"{reply['code']}: {reply['message']}")
        return reply

    def call(self, **message):
        seq = self.send(**message)
        while (reply := self.receive())["re"] != seq:
            pass
        return reply


def ask(action, **story):
    return {"type": "submit", "id": str(uuid.uuid4()), "alternatives": [], "rollback": None, "action": action, **story}


def wait(hold, request):
    """Its long poll: where an executor runs it, until it is done. The number of the reply."""
    until = "done" if request["action"].get("audience") else "decided"
    return hold.send(type="wait", id=request["id"], until=until, timeout_ms=30000)


def run(hold, request):
    """Claims, runs what was asked and nothing else, reports. The claim is the permission."""
    claimed = hold.call(type="claim", id=request["id"], nonce=os.urandom(16), timeout_ms=0)
    if claimed["type"] != "claimed":
        return f"not claimed: {claimed.get('reason') or claimed.get('message')}"
    done = subprocess.run(claimed["action"]["command"], capture_output=True, text=True)
    hold.call(type="report", id=request["id"], exit_code=done.returncode, output=done.stdout[-4000:],
              result="failed" if done.returncode else "succeeded")
    return "failed" if done.returncode else "done"


def main():
    hold = Holdpoint(os.environ["HOLDPOINT_KEY"], os.environ["HOLDPOINT_BROKER"])
    branches = {
        "restart": ask({"operation": "k8s:Restart", "environment": "staging", "resources": ["deploy/api"],
                        "command": ["/bin/echo", "restarted"]},
                       summary="Restart api", why="It has been out of memory since 02:10.",
                       impact={"resources_affected": 1, "reversible": True}),
        "replica": ask({"operation": "rds:CreateDBInstanceReadReplica", "environment": "production",
                        "resources": ["orders-ro"], "arguments": {"Class": "db.t3.small"}, "audience": "executor"},
                       summary="Add a read replica for reports", why="Reports slow down the primary.",
                       impact={"resources_affected": 1, "cost_usd": 12.5, "reversible": True}),
    }
    waiting = {}  # number of a long poll → branch
    for name, request in branches.items():
        receipt = hold.call(**request)
        print(f"{name}: {receipt['state']}: {receipt['message']}", flush=True)
        if receipt["state"] == "granted" and not request["action"].get("audience"):
            print(f"{name}: {run(hold, request)}", flush=True)
        elif receipt["state"] in ("granted", "pending"):
            waiting[wait(hold, request)] = name
    while waiting:  # the other branches' work would go on here
        reply = hold.receive()
        name = waiting.pop(reply["re"], None)
        if name is None:
            continue
        request = branches[name]
        others = ("granted", "executing") if request["action"].get("audience") else ()
        if reply["state"] in ("pending", *others):
            waiting[wait(hold, request)] = name
        elif reply["state"] == "granted":
            print(f"{name}: {run(hold, request)}", flush=True)
        else:
            print(f"{name}: {reply['state']}: {reply.get('reason') or 'by ' + str(reply.get('by'))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
