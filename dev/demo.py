"""The story that dev/demo tells. Agents are simulated with pyzmq over the real wire; the executor is the
real one; the reviewer is `holdpoint` itself, by script or in the console."""
import os
import subprocess
import sys
import threading
import textwrap

sys.path.insert(0, os.path.join(os.environ["HP_SRCDIR"], "tests", "wire"))
from hp import HOLDPOINT, Client, Instance, kiro, request  # noqa: E402

BOLD, DIM, RED, GREEN, OFF = ("\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[0m") \
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("",) * 5
wrong = []


def say(text="", indent=2):
    for line in text.splitlines() or [""]:
        print(textwrap.fill(line, 96, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)))


def step(title):
    print(f"\n{BOLD}{title}{OFF}", flush=True)


def check(good, text):
    """One thing that must be true for the story to be the one we promise."""
    print(f"  {GREEN + 'as expected' if good else RED + 'NOT AS EXPECTED'}{OFF}: {text}", flush=True)
    if not good:
        wrong.append(text)


def where(finding):
    """The line of the policy, or that the rule is built in."""
    return f"policy.yaml:{finding['line']}" if finding["line"] else "built in"


def explain(receipt):
    """Which layer spoke, and what it said."""
    names = {1: "planning constraints", 2: "permissions", 3: "gateway", 4: "orchestration"}
    say(f"verdict {receipt['verdict']} ({receipt['effect']}), tier {receipt['tier']}, environment "
        f"{receipt['environment']}, class {' '.join(receipt['class'])}")
    if not receipt["findings"]:
        say("no layer objects", 4)
    for finding in receipt["findings"]:
        say(f"layer {finding['layer']} {names[finding['layer']]}: {finding['message']} "
            f"{DIM}[{finding['effect']}, {where(finding)}]{OFF}", 4)


def asked(name, body):
    action = body["action"]
    say(f"{name} asks: {action['operation']} {' '.join(action.get('resources', []))}")
    say(f"{DIM}why: {' '.join(body['why'].split())}{OFF}", 4)


READ = dict(operation="ce:GetCostAndUsage", resources=["cost-explorer/prod"], arguments=None, audience=None,
            summary="Read the cost table", why="Find which rows are stale",
            impact={"resources_affected": 1, "reversible": True}, rollback={"plan": "nothing to undo"})
BLOCKED = dict(operation="elasticbeanstalk:DeleteEnvironment", resources=["cost-explorer-prod"], arguments=None,
               summary="Delete the environment and start over", why="A clean environment has no stale rows",
               impact={"resources_affected": 40, "reversible": False}, alternatives=[], rollback=None)
CREATE = dict(summary="Add a read replica for the cost reports", why="Reports slow down the primary at night")
IRREVERSIBLE = dict(operation="s3:DeleteBucket", environment="staging", resources=["cost-exports-staging"],
                    arguments=None, audience=None, summary="Delete the staging export bucket",
                    why="It holds only old test exports",
                    impact={"resources_affected": 1, "reversible": False}, rollback=None, alternatives=[])


class Executor:
    """`holdpoint executor` on the trial's own boundary, whose programs only say what they would do."""

    def __init__(self, instance):
        self.log = open(os.path.join(instance.dir, "executor.log"), "wb")
        self.process = subprocess.Popen([HOLDPOINT, "--home", instance.home, "--as", "executor", "executor"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def ended(client, request_id):
    return client.call(type="wait", id=request_id, until="done", timeout_ms=20000)


def script(instance):
    agent, supervised = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    executor = Executor(instance)

    step("1. An autonomous agent is to fix stale rows in a cost table. First it reads.")
    body = request(**READ)
    asked("demo-agent", body)
    receipt = agent.call(type="submit", **body)
    explain(receipt)
    check(receipt["state"] == "granted", "reading is allowed at once, and recorded")

    step("2. Then it concludes that deleting the production stack is the fastest fix. (December 2025.)")
    body = kiro("kiro-delete.yaml")
    asked("demo-agent", body)
    kiro_receipt = agent.call(type="submit", **body)
    explain(kiro_receipt)
    check(kiro_receipt["effect"] == "escalate" and kiro_receipt["state"] == "pending" and
          {1, 2} <= {f["layer"] for f in kiro_receipt["findings"]},
          "layers 1 and 2 both stop it; two persons who are not its owner would have to agree")

    step("3. Meanwhile it tries the environment itself.")
    body = request(**BLOCKED)
    asked("demo-agent", body)
    receipt = agent.call(type="submit", **body)
    explain(receipt)
    check(receipt["state"] == "blocked", "blocked: nobody can approve that here")

    step("4. The on-call engineer looks at the queue and denies the deletion.")
    print(instance.cli("--as", "reviewer", "list").stdout.rstrip())
    denial = instance.cli("--as", "reviewer", "deny", kiro_receipt["id"], "--reason",
                          "A few stale rows do not justify 13 hours of downtime: patch the refresh job")
    say(f"$ holdpoint deny {kiro_receipt['id'][:8]} --reason ... (exit {denial.returncode})")
    told = agent.call(type="wait", id=kiro_receipt["id"], until="decided", timeout_ms=0)
    say(f"the agent is told: {told['state']} by {told.get('by')}: {told.get('reason')}")
    check(told["state"] == "denied" and "patch the refresh job" in told.get("reason", ""),
          "denied by one person, and the reason reaches the agent")

    step("5. A supervised agent asks for what should have been asked in the first place.")
    body = kiro("kiro-patch.yaml")
    asked("demo-agent-supervised", body)
    receipt = supervised.call(type="submit", **body)
    explain(receipt)
    check(receipt["verdict"] == "log", "a reversible patch of one resource is allowed and logged")
    status = ended(supervised, receipt["id"])
    say(f"the executor reports: {status.get('output', '').strip()}")
    check(status["state"] == "succeeded" and "lambda:UpdateFunctionConfiguration" in status.get("output", ""),
          "the executor claims the grant, runs it once and reports")

    step("6. A creation in production waits for a person; a script approves exactly what it saw.")
    body = request(**CREATE)
    asked("demo-agent-supervised", body)
    receipt = supervised.call(type="submit", **body)
    explain(receipt)
    blind = instance.cli("--as", "reviewer2", "approve", receipt["id"], "--reason", "fine", stdin=subprocess.DEVNULL)
    say(f"$ holdpoint approve {receipt['id'][:8]} (exit {blind.returncode}) {blind.stderr.strip()}")
    check(blind.returncode == 2, "without a terminal and without --digest, approve refuses")
    approval = instance.cli("--as", "reviewer2", "approve", receipt["id"], "--digest", receipt["digest"].hex(),
                            "--reason", "small and reversible", stdin=subprocess.DEVNULL)
    say(f"$ holdpoint approve {receipt['id'][:8]} --digest {receipt['digest'].hex()[:16]}... "
        f"(exit {approval.returncode}) {approval.stderr.strip()}")
    state = ended(supervised, receipt["id"])["state"]
    check(approval.returncode == 0 and state == "succeeded", "one signed vote releases it, and the executor runs it")

    step("7. `holdpoint exec` runs what policy lets a supervised agent run itself, and nothing else.")
    flag, precious = os.path.join(instance.dir, "flag"), os.path.join(instance.dir, "prod-data")
    os.mkdir(precious)
    done = instance.cli("--as", "demo-agent-supervised", "exec", "--environment", "staging", "--resources-affected", "1",
                        "--reversible", "--", "touch", flag)
    say(f"$ holdpoint exec --environment staging -- touch .../flag (exit {done.returncode}) {done.stderr.strip()}")
    check(done.returncode == 0 and os.path.exists(flag), "the harmless command ran")
    kept = instance.cli("--timeout", "2s", "--as", "demo-agent", "exec", "--environment", "production", "--", "rm", "-rf",
                        precious)
    say(f"$ holdpoint exec --environment production -- rm -rf .../prod-data (exit {kept.returncode}) {kept.stderr.strip()}")
    check(kept.returncode == 125 and os.path.isdir(precious), "the destructive one did not, and says why")

    step("8. Nobody answers an irreversible request in staging. Silence means no.")
    body = request(ttl_s=2, **IRREVERSIBLE)
    asked("demo-agent", body)
    receipt = agent.call(type="submit", **body)
    explain(receipt)
    status = ended(agent, receipt["id"])
    say(f"two seconds later: {status['state']}: {status.get('reason')}")
    check(receipt["state"] == "pending" and status["state"] == "expired", "it expired, and so it is denied")

    executor.stop()
    finish(instance)


def finish(instance):
    step("What the record says")
    items = Client(instance, "auditor").call(type="list")["items"]
    for item in reversed(items):
        say(f"{item['state']:<10} {item['requester']:<22} {item['operation']} {item.get('resource', '')}", 4)
    failure = instance.verify()
    check(failure == "", "an independent check recomputes the log: every leaf, node, signature, vote and state"
          + ("\n" + failure if failure else ""))
    print()
    if wrong:
        print(f"{RED}{len(wrong)} step(s) did not come out as expected:{OFF}")
        for text in wrong:
            say(text)
        sys.exit(1)
    print("Every step came out as expected. Nothing ran without a grant.")


def console(instance):
    executor = Executor(instance)
    agent, supervised = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    agent.call(type="submit", **kiro("kiro-delete.yaml"))
    stopped = threading.Event()

    def stream():
        for client, body in ((agent, request(**READ)), (supervised, kiro("kiro-patch.yaml")),
                             (supervised, request(**CREATE)), (agent, request(**BLOCKED)),
                             (agent, request(ttl_s=120, **IRREVERSIBLE))):
            if stopped.wait(4):
                return
            client.ask(type="submit", **body)

    threading.Thread(target=stream, daemon=True).start()
    print("Two agents are at work; you are the on-call reviewer. Kiro's deletion is waiting for you.")
    print("In the console: Enter opens a request, d denies, a approves (after reading to the end), ? helps, q ends.")
    try:
        input("Press Enter to open the console. ")
    except EOFError:
        pass
    subprocess.run([HOLDPOINT, "--home", instance.home, "--as", "reviewer", "console"])
    stopped.set()
    executor.stop()
    finish(instance)


if __name__ == "__main__":
    print("A trial instance starts in a temporary directory.", flush=True)
    with Instance() as trial:
        {"script": script, "console": console}[sys.argv[1]](trial)
