"""What a hostile or unlucky peer may send: each answered by its code, and the broker serves on."""
import msgpack

from hp import Client, Instance, request, tap

MALFORMED = {  # what is sent, beside seq; what the reply says
    "a type of control characters": ({"type": "\x01" * 20000}, ("unsupported", "type")),
    "a type cut inside a character": ({"type": "x" + "é" * 20000}, ("unsupported", "type")),
    "a type cut inside another": ({"type": "é" * 20000}, ("unsupported", "type")),
    "a type with a NUL": ({"type": "ping\0"}, ("malformed", "type")),
    "a key of control characters": ({"type": "ping", "\x1b" * 9000: 1}, ("malformed", "<U+001B>" * 15)),
}

with Instance() as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    for name, (message, (code, field)) in MALFORMED.items():
        reply = agent.ask(**message)
        tap.equal((reply.get("code"), reply.get("field", "")[:120]), (code, field), f"{name} is refused")
    held = agent.submit()

    for name, message in {
            "a note": {"type": "note", "id": held["id"], "text": "fine\0not fine"},
            "a reason": {"type": "withdraw", "id": held["id"], "reason": "why\0ever"}}.items():
        tap.equal(agent.code(**message), "malformed", f"{name} with a NUL, behind which something hides")
    tap.equal(agent.code(type="submit", **request(summary="fine\0not fine")), "malformed", "a summary likewise: a list would cut it")
    tap.equal(agent.submit(why="fine\0and shown", evidence=[{"label": "a\0b", "text": "c\0d"}])["state"], "pending",
              "other prose may hold one, which is shown")
    tap.equal(instance.verify(), "", "and what is stored is what the log says")

    shown = reviewer.call(type="show", id=held["id"])
    for at_ms in (-2**63, -1, 0, 2**63 - 1):
        tap.equal(reviewer.code(**{**reviewer.ballot(shown, "approve"), "at_ms": at_ms}), "bad_signature",
                  f"a vote of the year {at_ms}")

    # A flood of refusals: one leaf a message would let any peer fill the disk.
    def refused(actor, since):
        """Leaves of the actor's refusals from a sequence number on, and the refusals they stand for."""
        leaves, bodies, position = auditor.call(type="stats")["stats"]["leaves"], [], since
        while position < leaves:
            page = auditor.call(type="audit", **{"from": position, "limit": 1000})["entries"]
            bodies += [msgpack.unpackb(e["body"]) for e in page if msgpack.unpackb(e["leaf"])[5:7] == ["refused", actor]]
            position += len(page)
        return len(bodies), sum(body.get("count", 1) for body in bodies)

    flood, auditor = Client(instance, "demo-agent"), Client(instance, "auditor")
    since = auditor.call(type="stats")["stats"]["leaves"]
    codes = set()
    for _ in range(10):  # who does not read what it asks for loses replies
        for _ in range(200):
            flood.send(type="dance")
        codes |= {flood.receive()["code"] for _ in range(200)}
    tap.equal(codes, {"unsupported"}, "each of 2000 refusals is answered")
    for _ in range(100):  # the last second is counted when it is over
        leaves, refusals = refused("demo-agent", since)
        if refusals >= 2000 or not auditor.call(type="ping") or auditor.socket.poll(50):
            break
    tap.equal(refusals, 2000, "and counted in the log")
    tap.ok(leaves < 500, "by far fewer leaves", leaves)

    tap.equal(agent.call(type="ping")["type"], "pong", "and the broker serves on")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
