"""Role × message: who may send what, from protocol.md's table, at each door."""
from hp import Client, Instance, tap
from samples import SAMPLES

ANY = {"agent", "human", "gateway", "executor", "reviewer", "admin", "auditor"}
MAY = {  # type: roles; the last column: only on the control socket
    "hello": (ANY, False), "ping": (ANY, False), "stats": (ANY, True),
    "submit": ({"agent", "human", "gateway"}, False), "wait": (ANY, False),
    "withdraw": ({"agent", "human", "gateway"}, False), "list": (ANY, False), "show": (ANY, False),
    "decide": ({"reviewer", "human"}, True), "extend": ({"reviewer"}, True),
    "note": ({"reviewer", "agent", "human", "gateway"}, False),
    "claim": ({"executor", "gateway", "agent", "human"}, False),
    "progress": ({"executor", "gateway", "agent", "human"}, False),
    "report": ({"executor", "gateway", "agent", "human"}, False), "settle": ({"reviewer"}, True),
    "halt": ({"reviewer", "admin", "human"}, True), "resume": ({"admin"}, True),
    "task": ({"human", "reviewer", "admin"}, True), "task_close": ({"human", "reviewer", "admin"}, True),
    "tasks": ({"human", "reviewer", "admin", "auditor", "agent"}, False), "spot_check": ({"reviewer"}, True),
    "audit": ({"auditor", "admin", "reviewer"}, True), "checkpoint": ({"auditor", "admin", "reviewer"}, True),
    "agents": ({"auditor", "admin", "reviewer", "human"}, True),
    "proof": ({"auditor", "admin", "reviewer"}, True), "reload": ({"admin"}, True),
}
SEATS = [("agent", "demo-agent", "agents"), ("human", "developer", "agents"), ("human", "developer", "control"),
         ("gateway", "gateway", "agents"), ("executor", "executor", "agents"),
         ("reviewer", "reviewer", "control"), ("admin", "admin", "control"), ("auditor", "auditor", "control")]
assert set(SAMPLES) == set(MAY)

with Instance() as instance:
    for role, name, door in SEATS:
        client = Client(instance, name, door=door)
        for message, (roles, control_only) in sorted(MAY.items()):
            may = role in roles and (door == "control" or not control_only)
            reply = client.ask(type=message, **SAMPLES[message])
            refused = reply["type"] == "error" and reply["code"] == "unauthorised"
            tap.equal(not refused, may, f"{role} on {door}: {message} {'allowed' if may else 'refused'}")
        client.close()
tap.done()
