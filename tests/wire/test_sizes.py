"""No reply outgrows a message, whatever was put into a request; what could is refused before."""
import os

import msgpack
import zmq

from hp import Client, Instance, request, tap

MESSAGE_BYTES = 256 * 1024


def size(client, **message):
    """Bytes of the reply's map, which is no error."""
    client.send(**message)
    assert client.socket.poll(20000)
    payload = client.socket.recv_multipart()[-1]
    reply = msgpack.unpackb(payload)
    assert reply["type"] != "error", reply
    return len(payload)


def fill(agent, blobs, **changes):
    """The error code of a submit whose arguments hold so many KiB, or its receipt."""
    arguments = {f"blob{n:03}": "x" * 1000 for n in range(blobs)}
    reply = agent.ask(type="submit", **request(arguments=arguments, **changes))
    return reply.get("code") or reply


with Instance() as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    executor, auditor = Client(instance, "executor"), Client(instance, "auditor")
    tap.equal(fill(agent, 190), "too_large", "a request whose action and canonical bytes fill more than a message")
    low, high = 1, 190
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fill(agent, middle) == "too_large" else (middle, high)
    biggest = fill(agent, low, resources=["r" * 60000] if low > 60 else ["r"])
    if biggest == "too_large":
        biggest = fill(agent, low)
    tap.equal(biggest["state"], "pending", f"the largest that is taken has {low} KiB of arguments")

    codes = [agent.code(type="note", id=biggest["id"], text="\u0001" * 2000) for _ in range(8)]
    tap.ok(codes[:3] == ["ok"] * 3 and codes[-1] == "queue_full", "who asked fills a share of the notes only", codes)
    codes = [reviewer.code(type="note", id=biggest["id"], text="n" * 4000) for _ in range(4)]
    tap.ok(codes[0] == "ok" and codes[-1] == "queue_full", "reviewers find room, until all of it is full", codes)
    reviewer.call(type="extend", id=biggest["id"], by_ms=1000, reason="e" * 4096)
    reviewer.decide(biggest["id"], "approve", "a" * 4096)
    nonce = os.urandom(16)
    sizes = {
        "show": size(reviewer, type="show", id=biggest["id"]),
        "wait": size(agent, type="wait", id=biggest["id"], until="decided", timeout_ms=0),
        "claim": size(executor, type="claim", id=biggest["id"], nonce=nonce, timeout_ms=0),
    }
    executor.call(type="report", id=biggest["id"], result="failed", output="o" * 65536)
    sizes["show at its end"] = size(reviewer, type="show", id=biggest["id"])
    tap.ok(all(n <= MESSAGE_BYTES for n in sizes.values()), "all that is said of it fits a message", sizes)

    long = [agent.submit(resources=["/" + "é" * 30000]) for _ in range(6)][-1]
    item = reviewer.call(type="list", limit=1)["items"][0]
    tap.ok(item["id"] == long["id"] and 1000 < len(item["resource"].encode()) < 1100 and item["resource"].endswith("é…"),
           "a long resource is cut in a summary, and shows it", item["resource"][-5:])

    # Principals of many operations: parted over leaves that can be read, or refused.
    def enrol(name, operations):
        public, _ = zmq.curve_keypair()
        with open(os.path.join(instance.home, "principals.d", name + ".yaml"), "w") as file:
            file.write(f"roles: [gateway]\nagents: [demo-agent]\ncurve_public: '{public.decode()}'\noperations:\n")
            file.writelines(f"  - 'service{n:0>100}:*'\n" for n in range(operations))
        return admin.ask(type="reload")
    admin = Client(instance, "admin")
    reply = enrol("huge", 2000)
    tap.ok(reply["type"] == "error" and "huge" in reply["message"], "a principal too large for a leaf is refused", reply)
    os.remove(os.path.join(instance.home, "principals.d", "huge.yaml"))
    for n in range(4):
        tap.equal(enrol(f"large{n}", 800)["type"], "reloaded", f"{n + 1} large ones are taken")

    for n in range(0, admin.call(type="stats")["stats"]["leaves"], 4):
        page = size(auditor, type="audit", **{"from": n, "limit": 1000})
        tap.ok(page <= MESSAGE_BYTES, f"a page of the log from leaf {n} fits a message", page)
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
