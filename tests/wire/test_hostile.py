"""What a hostile or unlucky peer may send: each answered by its code, and the broker serves on."""
from hp import Client, Instance, tap

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

    shown = reviewer.call(type="show", id=held["id"])
    for at_ms in (-2**63, -1, 0, 2**63 - 1):
        tap.equal(reviewer.code(**{**reviewer.ballot(shown, "approve"), "at_ms": at_ms}), "bad_signature",
                  f"a vote of the year {at_ms}")

    tap.equal(agent.call(type="ping")["type"], "pong", "and the broker serves on")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
