"""exec with an audience: an executor runs it, and exec ends as that ends."""
import os
import subprocess
import sys

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
import hp                                   # noqa: E402
from hp import tap                          # noqa: E402


def begin(instance, *more):
    """exec of a gated command, up to its first remark: it waits."""
    run = subprocess.Popen(
        [hp.HOLDPOINT, "--home", instance.home, "--as", "demo-agent-supervised", "exec",
         "--environment", "production", "--resources-affected", "1", "--irreversible",
         "--audience", "executor", *more, "--", "/bin/echo", "not here"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = run.stderr.readline()
    return run, line.split()[2]


def end(run):
    out, err = run.communicate(timeout=60)
    return run.returncode, out, err.strip().split("\n")[-1]


def grant(instance, request_id):
    reviewer = hp.Client(instance, "reviewer")
    reply = reviewer.decide(request_id, "approve", "fine")
    reviewer.close()
    return reply["state"]


with hp.Instance() as trial:
    executor = hp.Client(trial, "executor")

    for result, code, state in (("succeeded", 0, "succeeded"), ("failed", 1, "failed")):
        exec_, one = begin(trial)
        tap.equal(grant(trial, one), "granted", "a person grants it")
        claimed = executor.call(type="claim", id=one, nonce=os.urandom(16), timeout_ms=20000)
        tap.equal((claimed["type"], claimed["action"]["command"]),
                  ("claimed", ["/bin/echo", "not here"]), "the executor gets the command")
        tap.ok("cwd" not in claimed["action"], "without a directory of ours")
        executor.call(type="report", id=one, result=result, exit_code=code)
        tap.equal(end(exec_), (code, "", f"holdpoint: exec: run by the executor: {state}"),
                  f"exec ends as it ends: {result}")

    exec_, one = begin(trial)
    reviewer = hp.Client(trial, "reviewer")
    reviewer.decide(one, "deny", "no")
    tap.equal(end(exec_), (125, "", "holdpoint: exec: not run: denied by reviewer: no"),
              "a denied one did not run")

    exec_, one = begin(trial)
    grant(trial, one)
    exec_.stderr.readline()                 # it waits for the executor now
    reviewer.decide(one, "deny", "changed my mind")
    tap.equal(end(exec_),
              (125, "", "holdpoint: exec: not run: denied by reviewer: changed my mind"),
              "nor one that was taken back")

    exec_, one = begin(trial, "--timeout", "2s")
    grant(trial, one)
    tap.equal(end(exec_),
              (125, "", "holdpoint: exec: not run: no executor took it in time; withdrawn"),
              "one that nobody ran in time is taken back")
    executor.close()
    reviewer.close()
tap.done()
