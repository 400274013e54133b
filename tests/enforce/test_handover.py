"""exec: what policy lets who asks run runs here; what it does not goes to the executor. Either way
the agent gets its output redacted, and the command's exit code.
"""
import os
import signal
import subprocess

from doctored import eventually
from hp import HOLDPOINT, Client, Instance, tap

SECRET = "AKIA" + "IOSFODNN7" + "EXAMPLA"


def boundary(instance):
    path = os.path.join(instance.home, "executor.yaml")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("  echo: /bin/echo", "  echo: /bin/echo\n  sh: /bin/sh\n  touch: /usr/bin/touch"))


with Instance() as instance:
    boundary(instance)
    log = open(os.path.join(instance.dir, "executor.log"), "w+")
    executor = subprocess.Popen([HOLDPOINT, "--home", instance.home, "--as", "executor", "executor"],
                                stdout=subprocess.PIPE, stderr=log)
    assert executor.stdout.readline() == b"ready\n"
    reviewer, second = Client(instance, "reviewer"), Client(instance, "reviewer2")
    secret = os.path.join(instance.dir, "secret")       # in a command it would be blocked
    with open(secret, "w") as file:
        file.write(SECRET + "\n")

    def run(*words, approve=None, environment="production"):
        """`holdpoint exec`; a person decides once it is asked for the executor's audience."""
        process = subprocess.Popen(
            [HOLDPOINT, "--home", instance.home, "--as", "demo-agent-supervised", "exec", "--environment", environment,
             "--resources-affected", "1", "--reversible", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        seen = []

        def asked():
            seen[:] = [item for item in reviewer.call(type="list", state="pending")["items"]]
            for item in seen:
                shown = reviewer.call(type="show", id=item["id"])
                import msgpack
                if msgpack.unpackb(shown["canonical"], raw=False)["audience"] == "executor":
                    return item["id"]
            return process.poll() is not None
        if approve is not None:
            eventually(asked)
            for item in seen:
                for person in (reviewer, second):       # one may be enough
                    person.decide(item["id"], "approve" if approve else "deny", "not now")
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    def states(count):
        return [item["state"] for item in reviewer.call(type="list", limit=count)["items"]]

    code, out, err = run("--", "sh", "-c", f"echo token; cat {secret}; echo ' two  words'; exit 7", approve=True)
    tap.equal(code, 7, "handed over: the command's own exit code")
    tap.ok(out.startswith("token\n[REDACTED:") and out.endswith("\n two  words\n") and SECRET not in out,
           "and its output, redacted", out)
    tap.ok("asking for the executor \"executor\"" in err and "run by the executor: failed" in err, "and it is said who ran it", err)
    tap.equal(states(2), ["failed", "withdrawn"], "what it had asked for itself is withdrawn")
    flag = os.path.join(instance.dir, "flag")
    code, out, err = run("--audience", "executor", "--", "touch", flag, approve=True)
    tap.ok(code == 0 and os.path.exists(flag), "asked for the executor at once", (code, out, err))
    code, out, err = run("--", "touch", flag + "2", approve=False)
    tap.ok(code == 125 and "denied by reviewer: not now" in err and not os.path.exists(flag + "2"), "denied, nothing runs", (code, err))
    code, out, err = run("--", "rm", "-f", flag, approve=True)
    tap.ok(code == 125 and out == "" and "not run: the executor refused: the executor's file names no program" in err and
           os.path.exists(flag), "what its file does not know it refuses, and exec says so", (code, err))

    # ---- arguments that redaction hid from people ----
    agent = Client(instance, "demo-agent-supervised")
    receipt = agent.submit(arguments={"Token": SECRET, "Mail": ["ana.smith@example.org", "x"]})
    for person in (reviewer, second):
        person.decide(receipt["id"], "approve", "ok")
    status = agent.call(type="wait", id=receipt["id"], until="done", timeout_ms=20000)
    tap.ok(status["state"] == "succeeded" and "Token" in status["output"] and SECRET not in str(status),
           "an action whose arguments people saw redacted runs with the real ones, which nobody is told", status)

    # ---- run by itself ----
    code, out, err = run("--", "sh", "-c", f"echo out $(cat {secret}); echo err $(cat {secret}) >&2; exit 3", environment="development")
    tap.ok(code == 3 and "out [REDACTED:" in out and "err [REDACTED:" in err and SECRET not in out + err,
           "run by itself, both its outputs are redacted", (code, out, err))
    both = subprocess.run(
        [HOLDPOINT, "--home", instance.home, "--as", "demo-agent-supervised", "exec", "--environment", "development",
         "--resources-affected", "1", "--reversible", "--", "sh", "-c", "for i in 1 2 3; do echo $i; echo e$i >&2; done; printf end"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    tap.equal(both.stdout, b"1\ne1\n2\ne2\n3\ne3\nend", "in one pipe they keep their order, and the rest without a newline")
    large = run("--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 100", environment="development")
    tap.equal((large[0], len(large[1])), (0, 3029999), "large outputs come whole")
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join("MIIEowIBAAKCAQEA" + "q" * 48 for _ in range(24)) + "\n-----END RSA PRIVATE KEY-----\n"
    with open(os.path.join(instance.dir, "key"), "w") as file:
        file.write("before\n" + key + "after\n")
    code, out, err = run("--", "sh", "-c", f"while read -r line; do echo \"$line\"; sleep 0.02; done <{instance.dir}/key", environment="development")
    tap.ok(out.startswith("before\n[REDACTED:") and out.endswith("after\n") and "MIIE" not in out, "a key that comes line by line is hidden whole", out)

    # ---- who reads what was reported ----
    id = reviewer.call(type="list", requester="demo-agent-supervised", state="failed", limit=10)["items"][-1]["id"]
    status = agent.call(type="wait", id=id, until="done", timeout_ms=0)
    tap.ok(status.get("exit_code") == 7 and "[REDACTED:" in status.get("output", ""), "a status tells who asked what was reported", status)
    tap.equal(Client(instance, "demo-agent").code(type="wait", id=id, until="done", timeout_ms=0), "not_found", "and nobody else's agent")
    tap.equal(instance.verify(), "", "the log verifies")
    executor.send_signal(signal.SIGTERM)
    tap.equal(executor.wait(30), 0, "the executor ends cleanly")

    # ---- what another executor says failed; the poll of the one that has ended takes nothing ----
    other = Client(instance, "executor")
    for code in (0, 256):
        process = subprocess.Popen(
            [HOLDPOINT, "--home", instance.home, "--as", "demo-agent-supervised", "exec", "--environment", "production",
             "--audience", "executor", "--resources-affected", "1", "--reversible", "--", "ls"], stderr=subprocess.DEVNULL)
        for _ in range(6):  # a busy machine starts a process late
            claimed = other.call(type="claim", nonce=os.urandom(16), timeout_ms=20000)
            if claimed["type"] == "claimed":
                break
        other.call(type="report", id=claimed["id"], result="failed", exit_code=code)
        tap.equal(process.wait(30), 1, f"failed with the code {code} is no success to who asked")
tap.done()
