"""What a granted command finds around it, what becomes of its output, and how it ends."""
import hashlib
import os
import shutil
import signal
import subprocess
import time

from doctored import HOLDPOINT, Bench, eventually, grant, processes, tap

SHELL = ["sh", "-c"]
SECRET = "AKIA" + "IOSFODNN7" + "EXAMPLA"


def run(bench, script, rollback=None, **changes):
    action = {"command": [*SHELL, script]}
    for key in ("cwd", "env", "files", "arguments", "operation"):
        if key in changes:
            action[key] = changes.pop(key)
    return bench.run(grant(action, rollback, **changes))


# ---- surroundings ----
with Bench(path="/usr/bin:/bin") as bench:
    os.environ["UNASKED"] = "leak"
    bench.start()
    del os.environ["UNASKED"]
    out = run(bench, "env | sort", env={"COLOUR": "red"})[0]["output"].split()
    tap.equal([line.split("=")[0] for line in out if not line.startswith(("PWD", "OLDPWD", "SHLVL", "_"))],
              ["COLOUR", "HOLDPOINT_ID", "PATH"], "a clean environment")
    tap.ok("COLOUR=red" in out and "PATH=/usr/bin:/bin" in out, "with what the file allows")
    out = run(bench, "pwd; cat; echo \"$?\"; ls -l /proc/self/fd | grep -c ' [0-9]* ->'; ls /proc/self/fd | wc -l;"
              " grep -E 'NoNewPrivs|CoreDump' /proc/self/status; ulimit -c; ulimit -n; tty; echo >/dev/tty")[0]["output"]
    lines = out.splitlines()
    tap.equal(lines[:2], ["/", "0"], "in / with nothing to read")
    tap.equal(lines[3], "4", "and no descriptor but its own three (and ls's)")
    tap.ok("NoNewPrivs:\t1" in out, "it can gain no privileges", out)
    tap.ok("\n0\n1024\nnot a tty" in out, "no core dump, few descriptors, no terminal", out)
    own = run(bench, "ps -o pgid=,sid=,pid= -p $$")[0]["output"].split()
    tap.ok(own[0] == own[1] == own[2], "a session and group of its own", own)
    tap.equal(run(bench, "pwd", cwd=bench.dir)[0]["output"], bench.dir + "\n", "in the request's directory")
    tap.equal(run(bench, "exit 7")[0]["exit_code"], 7, "the command's own exit code is reported")
    tap.equal(run(bench, "kill -USR1 $$")[0]["exit_code"], 128 + signal.SIGUSR1, "or 128 and the signal")
    tap.equal(bench.run(grant({"command": ["sh", "-c", "echo $0 \"$1\"", "a;b", "two  words"]}))[0]["output"], "a;b two  words\n",
              "arguments arrive as they are, by no shell of ours")

    # ---- output ----
    report = run(bench, f"echo token {SECRET}; printf 'half '; sleep 1.2; echo line; echo err >&2; sleep 1.2")[0]
    tap.ok(SECRET not in report["output"] and "[REDACTED:" in report["output"] and "half line\nerr\n" in report["output"],
           "the report's output is redacted", report["output"])
    tap.ok(any("[REDACTED:" in text for text in bench.broker.texts) and
           not any(SECRET in text for text in bench.broker.texts), "and so is what is told meanwhile", bench.broker.texts)
    report = run(bench, r"printf '\377\000caf\303\251\n'")[0]
    tap.equal(report["output"], "\ufffd\ufffdcafé\n", "what is no text becomes text")
    report = run(bench, "i=0; while [ $i -lt 9000 ]; do echo line $i of many; i=$((i + 1)); done")[0]
    tap.ok(report["output"].startswith("[the beginning is left out]\n") and report["output"].endswith("line 8999 of many\n") and
           len(report["output"].encode()) <= 65536, "of much output the end is reported")
    tap.equal(report["result"], "succeeded", "and it succeeds")
    left = bench.path("left")
    report = run(bench, f"(setsid sh -c 'sleep 1; touch {left}' &) ; setsid sh -c ': {left}; exec sleep 600' & exit 0")[0]
    tap.equal(report["result"], "succeeded", "what it leaves in the background does not hold it up")
    tap.equal(processes(left), {}, "and ends with it")

    # ---- operations without a command ----
with Bench(programs={"lambda:Invoke": "/usr/bin/env", "sh": "/bin/sh"}, operations=["lambda:*", "shell:*"]) as bench:
    bench.start()
    out = bench.run(grant({"operation": "lambda:Invoke", "arguments": {"Name": "f'\"$x"}}))[0]["output"]
    tap.ok('HOLDPOINT_ACTION={"' in out and '"Name":"f\'\\"$x"' in out.replace(" ", ""),
           "an operation's program finds the action in its environment", out)

# ---- pinned programs ----
with Bench() as bench:
    tool = bench.script("tool", "#!/bin/sh\necho tool \"$1\"\n")
    binary = bench.path("binary")
    shutil.copy("/bin/echo", binary)
    bench.write_boundary(programs={"tool": tool, "binary": binary, "mv": "/bin/mv"})
    bench.start()

    def pin(path):
        with open(path, "rb") as file:
            return [{"path": path, "sha256": hashlib.sha256(file.read()).digest()}]

    for name, path, said in (("tool", tool, "tool x\n"), ("binary", binary, "x\n")):
        report = bench.run(grant({"command": [name, "x"], "files": pin(path)}))[0]
        tap.equal((report["result"], report.get("output")), ("succeeded", said), f"a pinned {name} runs from the file that was hashed")
    reply = grant({"command": ["tool", "x"], "files": pin(tool)})
    bench.script("other", "#!/bin/sh\necho other\n")
    os.replace(bench.path("other"), tool)
    report = bench.run(reply)[0]
    tap.ok(report["result"] == "failed" and "not the file that was asked about" in report["output"], "and no other in its place", report)

# ---- another user ----
if os.geteuid() == 0:
    with Bench(user="nobody") as bench:
        bench.start()
        out = run(bench, "id -u; id -G; echo $HOME $USER; touch state/executor-executor.ledger 2>&1; kill -9 $PPID 2>&1; echo alive",
                  cwd=bench.dir)[0]["output"].splitlines()
        tap.equal(out[:3], ["65534", "65534", "/nonexistent nobody"], "commands run as the file's user")
        tap.ok(out[-1] == "alive" and sum("ermitted" in line or "denied" in line for line in out) == 2,
               "and can touch neither the ledger nor their keeper", out)
    with Bench(user="no-such-user") as bench:
        tried = subprocess.run([HOLDPOINT, "--key", bench.path("executor.key"), "--broker", bench.path("broker.json"), "executor",
                                "--boundary", bench.path("executor.yaml"), "--state", bench.path("state")], capture_output=True, text=True)
        tap.ok(tried.returncode == 2 and 'no user "no-such-user"' in tried.stderr, "a user that is not there", tried.stderr)

# ---- limits ----
with Bench(timeout="1s", output_limit=4096) as bench:
    bench.start()
    started = time.monotonic()
    report = run(bench, "trap '' TERM; sleep 600")[0]
    tap.ok(report["result"] == "failed" and "longer than the executor's timeout" in report["output"] and
           time.monotonic() - started < 8, "a command that runs too long is ended", report)
    report = run(bench, "while :; do echo more and more; done")[0]
    tap.ok(report["result"] == "failed" and "output_limit" in report["output"], "one that prints too much, too",
           report["output"][-200:])

# ---- rollback ----
with Bench() as bench:
    bench.start()
    file = bench.path("state-of-the-world")
    change = f"echo changed >{file}; exit 3"
    reports = run(bench, change, {"plan": "put it back", "command": [*SHELL, f"echo before >{file}; echo undone"]})
    tap.equal([r["result"] for r in reports], ["failed", "rolled_back"], "after a failure the approved rollback runs")
    tap.ok(open(file).read() == "before\n" and reports[1]["output"] == "undone\n" and reports[0]["exit_code"] == 3,
           "and what it printed is reported", reports)
    reports = run(bench, change, {"command": [*SHELL, "exit 4"]})
    tap.equal([(r["result"], r["exit_code"]) for r in reports], [("failed", 3), ("rollback_failed", 4)], "one that fails, too")
    reports = run(bench, change, {"plan": "by hand"})
    tap.equal([r["result"] for r in reports], ["failed"], "a plan alone runs nothing")
    reports = run(bench, "exit 0", {"command": [*SHELL, "exit 0"]})
    tap.equal([r["result"] for r in reports], ["succeeded"], "nor does a success")

# ---- halt ----
with Bench() as bench:
    bench.start()
    broker = bench.broker
    mark, undone = bench.path("mark"), bench.path("undone")
    # A group that ignores SIGTERM, and a grandchild that left it.
    stubborn = f"trap '' TERM; setsid sh -c 'trap \"\" TERM; : {mark}; while :; do sleep 1; done' & " \
        f"sh -c 'trap \"\" TERM; : {mark}; while :; do sleep 1; done' & echo up; while :; do sleep 1; done # {mark}"
    reply = grant({"command": [*SHELL, stubborn]}, {"command": ["touch", undone]})
    broker.grants.append(reply)
    broker.pump(lambda: len(processes(mark)) >= 3)
    tap.ok(len(processes(mark)) >= 3, "three processes run", processes(mark))
    begun = time.monotonic()
    broker.halt(reply["id"])
    broker.pump(lambda: not processes(mark))
    gone_ms = (time.monotonic() - begun) * 1000
    print(f"# halt to the last process gone: {gone_ms:.0f} ms")
    tap.ok(gone_ms < 1000, "a halt: within a second no process is left, not even one that had left the group", gone_ms)
    broker.pump(lambda: broker.reported(reply["id"]))
    tap.ok([r["result"] for r in broker.reported(reply["id"])] == ["failed"] and
           "halted" in broker.reported(reply["id"])[0]["output"], "it is reported")
    asked = len(broker.received)
    broker.pump(lambda: sum(m["type"] == "wait" and m["until"] == "done" for m in broker.received[asked:]) >= 2, 10)
    tap.ok(not os.path.exists(undone) and len(broker.reported(reply["id"])) == 1, "its rollback waits")
    broker.stopping.discard(reply["id"])
    broker.pump(lambda: broker.ended(reply["id"]))
    tap.ok([r["result"] for r in broker.reported(reply["id"])] == ["failed", "rolled_back"] and os.path.exists(undone),
           "until an admin has resumed", broker.reported(reply["id"]))
    late = grant({"command": ["touch", bench.path("late")]})
    broker.stopping.add(late["id"])
    reports = bench.run(late)
    tap.ok(reports[0]["result"] == "failed" and "halted before it had begun" in reports[0]["output"] and
           not os.path.exists(bench.path("late")), "what is halted between claim and start never starts", reports)

    # ---- the lease ----
    def holding(lease_ms, **more):
        reply = grant({"command": [*SHELL, f"trap '' TERM; while :; do sleep 1; done # {mark}"]}, lease_ms=lease_ms, **more)
        broker.grants.append(reply)
        broker.pump(lambda: processes(mark))
        return reply

    reply = holding(6000)
    broker.refuse_progress = True
    broker.pump(lambda: not processes(mark), 40)
    tap.ok(not processes(mark), "a broker that says that the claim has ended ends it")
    broker.refuse_progress = False
    broker.pump(lambda: broker.reported(reply["id"]))
    reply = holding(4000)
    silent = time.monotonic()
    broker.silence()
    gone = eventually(lambda: not processes(mark), 20)
    took = time.monotonic() - silent
    tap.ok(gone and took < 4.2, f"without an answer everything is dead when the lease of 4 s ends ({took:.1f} s)")
    broker.open()
    broker.pump(lambda: broker.reported(reply["id"]))
    tap.ok("lease ended" in broker.reported(reply["id"])[0]["output"], "and when the broker is back it is told")

    # ---- kill -9 ----
    broker.grants.append(grant({"command": [*SHELL, stubborn]}))
    broker.pump(lambda: len(processes(mark)) >= 3)
    bench.kill(signal.SIGKILL)
    tap.ok(eventually(lambda: not processes(mark)), "kill -9 of the executor leaves nothing running", processes(mark))
    bench.start()
    reply = holding(60000)
    keepers = [pid for pid in map(int, subprocess.run(["pgrep", "-P", str(bench.process.pid)], capture_output=True,
                                                      text=True).stdout.split())]
    os.kill(keepers[0], signal.SIGKILL)
    broker.pump(lambda: broker.reported(reply["id"]))
    tap.ok(eventually(lambda: not processes(mark)) and broker.reported(reply["id"])[0]["exit_code"] == 137,
           "killing its keeper kills the command, and is reported as that", broker.reported(reply["id"]))

    # ---- several at once, and the end ----
    gate = bench.path("gate")
    several = [grant({"command": [*SHELL, f"until [ -e {gate} ]; do sleep 0.05; done # {mark}"]}) for _ in range(6)]
    broker.grants.extend(several)
    broker.pump(lambda: len(processes(mark)) >= 4 and not broker.claims)
    broker.pump(lambda: False, 0.5)
    tap.equal((len(processes(mark)), len(broker.grants)), (4, 2), "max_parallel run at once, and no more is claimed")
    open(gate, "w").close()
    broker.pump(lambda: all(broker.ended(r["id"]) for r in several))
    tap.equal({r["result"] for g in several for r in broker.reported(g["id"])}, {"succeeded"}, "all of them in the end")
    reply = holding(60000)
    bench.process.send_signal(signal.SIGTERM)
    broker.pump(lambda: "once more stops it" in bench.log_text())
    tap.ok(processes(mark) and bench.process.poll() is None, "told to end, it lets what runs end")
    tap.equal(bench.kill(signal.SIGTERM), 0, "told again, it ends")
    tap.ok(broker.reported(reply["id"], ["failed"]) and not processes(mark), "and nothing runs on, which it has reported")
tap.done()
