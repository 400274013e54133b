"""What was blocked or refused has a leaf that holds what was asked, whole, and why; without its secrets."""
import time

import msgpack
from hp import Client, Instance, canon, request, tap

SECRET = "AKIAQZXWVUTSRQPONMLK"
WHY = "Step 1: stale rows. Step 2: " + "thinking " * 200 + "Step 3: recreate it, key " + SECRET + ". End."
CHAIN = {"summary": "Recreate the stack", "why": WHY,
         "alternatives": [{"approach": "patch the job", "rejected_because": "takes longer"}],
         "evidence": [{"label": "log", "text": "row 17 is stale"}]}


def leaves(instance):
    auditor = Client(instance, "auditor")
    entries, at = [], 0
    while page := auditor.call(type="audit", **{"from": at, "limit": 1000})["entries"]:
        entries += page
        at = page[-1]["seq"] + 1
    auditor.close()
    return [(*(msgpack.unpackb(e["leaf"])[n] for n in (5, 6, 7)), msgpack.unpackb(e["body"])) for e in entries]


def is_whole(said):
    """The reasoning chain from its first word to its last, the secret aside."""
    return (said["summary"] == CHAIN["summary"] and said["why"].startswith("Step 1: stale rows. Step 2: thinking")
            and said["why"].endswith(". End.") and len(said["why"]) > 1500 and SECRET not in said["why"]
            and said["alternatives"] == CHAIN["alternatives"] and said["evidence"] == CHAIN["evidence"])


with Instance() as instance:
    agent, gateway = Client(instance, "demo-agent"), Client(instance, "gateway")
    executor, admin = Client(instance, "executor"), Client(instance, "admin")

    def asked(**changes):
        return request(**{**CHAIN, **changes})

    taken = agent.submit(**asked())["id"]
    blocked = agent.submit(**asked(operation="elasticbeanstalk:DeleteEnvironment", resources=["cost-explorer-prod"]))
    tap.equal(blocked["state"], "blocked", "the policy blocks one")
    body = next(b for event, _, rid, b in leaves(instance) if (event, rid) == ("request.blocked", blocked["id"]))
    canonical = msgpack.unpackb(body["canonical"])
    tap.ok(is_whole(canonical), "its leaf holds the reasoning whole", canonical)
    tap.equal([f["rule"] for f in canonical["findings"]], [f["rule"] for f in blocked["findings"]],
              "and every finding that its receipt has")
    tap.ok(all(f["message"] and f["layer"] in (1, 2, 3, 4) for f in canonical["findings"]), "each with layer and message")

    ways = [
        ("malformed: a field of another type", agent, "malformed", asked(impact="much")),
        ("malformed: an unknown field", agent, "malformed", asked(hurry=True)),
        ("refused by role", executor, "unauthorised", asked()),
        ("a gateway that speaks for nobody like that", gateway, "unauthorised", {**asked(), "for": "reviewer"}),
        ("an id that is taken", agent, "conflict", asked(id=taken, session="other")),
        ("what it supersedes is not there", agent, "not_found",
         asked(supersedes="00000000-0000-4000-8000-000000000000")),
        ("too large to be shown", agent, "too_large", asked(arguments={str(n): "x" * 60000 for n in range(4)})),
    ]
    for name, client, code, message in ways:
        tap.equal(client.code(type="submit", **message), code, f"{name}: {code}")
        event, actor, _, body = [l for l in leaves(instance) if l[0] == "refused"][-1]
        if code == "too_large":
            tap.ok("asked" not in body and body["asked_bytes"] > 192 * 1024, "what no leaf can hold is said by its size")
            continue
        said = msgpack.unpackb(body["asked"]) if "asked" in body else {}
        tap.ok(said and is_whole(said) and said["action"]["operation"] == message["action"]["operation"],
               f"{name}: its leaf holds the reasoning whole", body)
        tap.equal((actor, body["code"], body["asked"] == canon(said)), (client.name, code, True),
                  "who, why, in the canonical form")

    admin.call(type="halt", scope="all", reason="stop")
    tap.equal(agent.code(type="submit", **asked()), "halted", "under a halt: halted")
    body = [l for l in leaves(instance) if l[0] == "refused"][-1][3]
    tap.ok(is_whole(msgpack.unpackb(body["asked"])), "its leaf holds the reasoning whole")
    with open(f"{instance.home}/state/holdpoint.db-wal", "rb") as wal, open(f"{instance.home}/state/holdpoint.db",
                                                                          "rb") as base:
        tap.ok(SECRET.encode() not in wal.read() + base.read(), "no file holds the secret that they all carried")

    before, began = len(leaves(instance)), time.monotonic()
    for n in range(60):  # a flood of large refusals
        agent.send(type="submit", **asked(arguments={"a": "y" * 60000}, impact=n))
    for n in range(60):
        agent.receive()
    flood = [b for event, _, _, b in leaves(instance)[before:] if event == "refused"]
    kept = sum(len(b["asked"]) for b in flood if "asked" in b)
    tap.ok(len(flood) >= 10 and kept <= (time.monotonic() - began + 2) * 256 * 1024,
           f"a flood keeps {kept // 1024} KiB of {60 * 60} KiB sent")
    tap.ok(any("asked_bytes" in b for b in flood), "and says what it does not keep")
    agent.send_raw(b"\xc1 no map")
    tap.equal(agent.receive()["code"], "malformed", "what cannot be decoded is refused")
    body = [l for l in leaves(instance) if l[0] == "refused"][-1][3]
    tap.ok("asked" not in body and body["message"], "its leaf says why", body)
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
