"""The agent of protocol.md, unchanged: autonomous (held, then decided) and supervised."""
import os
import subprocess

from hp import SOURCE, Client, Instance, tap

AGENT = os.path.join(SOURCE, "tests", "wire", "agent.py")


def start(instance, name):
    env = {**os.environ, "HOLDPOINT_KEY": os.path.join(instance.home, "keys", name + ".key"),
           "HOLDPOINT_BROKER": os.path.join(instance.home, "broker.json")}
    # -i prints nothing by itself: the last line shows what the agent ended with.
    return subprocess.Popen(["/usr/bin/python3", "-c", open(AGENT).read() + "\nprint(r['state'], r.get('reason'))"],
                            env=env, stdout=subprocess.PIPE, text=True)


def held(reviewer):
    """The pending request of the agent, once it is there."""
    for _ in range(200):
        items = reviewer.call(type="list", state="pending")["items"]
        if items:
            return items[0]
        reviewer.socket.poll(50)
    raise TimeoutError("the agent's request did not arrive")


with Instance() as instance:
    reviewer = Client(instance, "reviewer")
    for decision, reason, state in (("approve", "go", "granted"), ("deny", "not now", "denied")):
        agent = start(instance, "demo-agent")
        item = held(reviewer)
        tap.equal((item["operation"], item["environment"], item["requester"]),
                  ("k8s:Restart", "staging", "demo-agent"), f"{decision}: the queue shows what was derived")
        reviewer.decide(item["id"], decision, reason)
        out, _ = agent.communicate(timeout=60)
        tap.equal(out.split(), [state, *reason.split()], f"{decision}: the REQ agent learns it, with the reason")
        tap.equal(agent.returncode, 0, f"{decision}: and ends by itself")
    agent = start(instance, "demo-agent-supervised")
    out, _ = agent.communicate(timeout=60)
    tap.equal(out.split()[0], "granted", "a supervised agent's restart in staging is allowed and logged")
    reviewer.close()
tap.done()
