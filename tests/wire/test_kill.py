"""kill -9 between any two messages of a life: nothing acknowledged is lost, deadlines stand; nor what clients
have ready when the broker comes back."""
import os

import zmq

from hp import Client, Instance, request, tap

# Hundreds of requests of one agent are one chain: more than the hard cap of one action.
with Instance(lambda text: text.replace("affected: 50 ", "affected: 5000 ")) as instance:
    agent = Client(instance, "demo-agent-supervised")
    reviewer, executor = Client(instance, "reviewer"), Client(instance, "executor")
    nonce = os.urandom(16)
    body = request(rollback={"plan": "undo", "operation": "rds:ModifyDBInstance"})
    deadline = None

    def shown():
        return reviewer.call(type="show", id=body["id"])

    steps = [
        ("submit", lambda: agent.call(type="submit", **body), "pending"),
        ("note", lambda: reviewer.call(type="note", id=body["id"], text="why today?"), "pending"),
        ("extend", lambda: reviewer.call(type="extend", id=body["id"], by_ms=60000, reason="busy"), "pending"),
        ("approve", lambda: reviewer.decide(body["id"], "approve", "ok"), "granted"),
        ("claim", lambda: executor.call(type="claim", id=body["id"], nonce=nonce, timeout_ms=0), "executing"),
        ("progress", lambda: executor.call(type="progress", id=body["id"], text="half"), "executing"),
        ("report failed", lambda: executor.call(type="report", id=body["id"], result="failed"), "rolling_back"),
        ("report rolled_back", lambda: executor.call(type="report", id=body["id"], result="rolled_back"), "rolled_back"),
    ]
    for number, (name, step, state) in enumerate(steps):
        reply = step()
        before = shown()
        instance.restart()
        after = shown()
        tap.equal(after["state"], state, f"{name}: acknowledged, killed, still {state}")
        same = {k: v for k, v in before.items() if k not in ("re", "now_ms")}
        tap.equal({k: v for k, v in after.items() if k not in ("re", "now_ms")}, same,
                  f"{name}: votes, notes, history, deadline as before")
        if name in ("submit", "claim"):
            again = step()
            tap.equal({**again, "re": 0}, {**reply, "re": 0}, f"{name}: said again, answered the same")
        tap.equal(instance.verify(), "", f"{name}: the log verifies")
    held = agent.submit(ttl_s=2)
    instance.kill()
    instance.start()
    status = agent.call(type="wait", id=held["id"], until="decided", timeout_ms=20000)
    tap.equal(status["state"], "expired", "a deadline stands through a kill")

    # Killed under load: every receipt that arrived is kept, and the tree is whole.
    for round_number in range(3):
        ids = [agent.send(type="submit", **request()) for _ in range(200)]
        receipts = [agent.receive() for _ in range(50 * (round_number + 1))]
        instance.restart()
        agent.close()
        agent = Client(instance, "demo-agent-supervised")
        states = [agent.call(type="show", id=r["id"])["state"] for r in receipts]
        tap.equal(set(states), {"pending"}, f"killed under load: all {len(states)} acknowledged submits are there")
        tap.equal(instance.verify(), "", "and the log verifies")

    # The broker tries its own doors before it is ready; what others say through them then is not its own.
    people = [Client(instance, "reviewer") for _ in range(60)]
    ends = [person.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) for person in people]
    for person in people:
        person.call(type="ping")
    for round_number in range(2):
        instance.kill()
        gone = [end.poll(20000) and end.recv_multipart() for end in ends]
        for person in people:
            person.send(type="ping")
        instance.start()
        answers = [person.receive(10000) for person in people]
        tap.ok(all(gone) and None not in answers, "what clients had ready when it came back is answered",
               f"{answers.count(None)} of {len(people)} never")
tap.done()
