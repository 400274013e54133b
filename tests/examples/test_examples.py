"""The examples, each as a newcomer runs it: its branches end as people decide.

Those in JavaScript need Node.js and npm, and what npm installs; where these are not there they are
skipped, and so are those in C under sanitizers (a program would have to be built with them too).
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
from hp import BUILD, SOURCE, Client, Instance, tap

scratch = tempfile.mkdtemp(prefix="hp-examples.")
shutil.copytree(os.path.join(SOURCE, "examples"), os.path.join(scratch, "examples"), ignore=shutil.ignore_patterns("node_modules"))
EXAMPLES = os.path.join(scratch, "examples")
for directory, _, files in os.walk(EXAMPLES):  # a distribution's files may be read-only
    os.chmod(directory, 0o755)


def environment(instance, name, **more):
    return {**os.environ, "HOLDPOINT_BROKER": os.path.join(instance.home, "broker.json"),
            "HOLDPOINT_KEY": os.path.join(instance.home, "keys", name + ".key"),
            "PATH": BUILD + ":" + os.environ["PATH"], "CI": "", **more}


def play(instance, reviewer, argv, cwd, decisions, name="demo-agent-supervised", **more):
    """Runs it, decides what it asks in turn; exit code, output and messages."""
    process = subprocess.Popen(argv, cwd=os.path.join(EXAMPLES, cwd), env=environment(instance, name, **more), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    killer = threading.Timer(120, process.kill)
    killer.start()
    for decision, reason in decisions:
        for _ in range(1200):
            items = reviewer.call(type="list", state="pending")["items"]
            if items or process.poll() is not None:
                break
            reviewer.socket.poll(50)
        if items:
            reviewer.decide(items[0]["id"], decision, reason)
            if decision == "approve" and reviewer.call(type="show", id=items[0]["id"])["state"] == "granted":
                execute(items[0]["id"])
    out, err = process.communicate()
    killer.cancel()
    return process.returncode, out, err


def skip(name, why):
    tap.count += 1
    print(f"ok {tap.count} - {name} # SKIP {why}", flush=True)


def has_node(least):
    try:
        version = subprocess.run(["node", "--version"], text=True, capture_output=True).stdout
        return bool(shutil.which("npm")) and int(version.lstrip("v").split(".")[0]) >= least
    except (OSError, ValueError):
        return False


def npm(directory):
    """Whether what the example needs is installed; what npm said if it is not."""
    run = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=os.path.join(EXAMPLES, directory), text=True,
                         capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
    return run.returncode == 0, (run.stdout + run.stderr).strip().splitlines()[-1:]


def roomy(policy):
    """Room for a chain of examples: they are many small changes in a few minutes."""
    return re.sub(r"(max_resources_affected: )\d+", r"\g<1>100000", policy)


with Instance(policy=roomy) as instance:
    reviewer, executor = Client(instance, "reviewer"), Client(instance, "executor")

    def execute(id):
        """The executor's part, where it has one."""
        if executor.ask(type="claim", id=id, nonce=os.urandom(16), timeout_ms=0)["type"] == "claimed":
            executor.call(type="report", id=id, result="succeeded")

    # ---- Python ----
    code, out, err = play(instance, reviewer, ["/usr/bin/python3", "agent.py"], "python", [("approve", "go on")])
    tap.ok(code == 0 and "restart: done" in out and "replica: succeeded: by executor" in out,
           "python: one branch goes on while the other waits, and is done once it is approved", (code, out, err))
    code, out, err = play(instance, reviewer, ["/usr/bin/python3", "agent.py"], "python", [("deny", "not tonight")])
    tap.ok(code == 0 and "replica: denied: not tonight" in out and "succeeded" not in out,
           "python: what is denied is not done, and the agent learns why", (code, out, err))

    # ---- a pipeline ----
    os.mkdir(os.path.join(scratch, "bin"))
    with open(os.path.join(scratch, "bin", "helm"), "w") as file:
        file.write('#!/bin/sh\necho "helm $*"\n')
    os.chmod(file.name, 0o755)
    deploy, path = ["bash", "deploy.sh", "v1.2.3"], BUILD + ":" + os.path.join(scratch, "bin") + ":" + os.environ["PATH"]
    code, out, err = play(instance, reviewer, deploy, "ci", [], ENVIRONMENT="staging", PATH=path)
    tap.equal((code, out), (0, "helm upgrade --install shop ./chart --set image.tag=v1.2.3\ndeployed v1.2.3\n"),
              "ci: policy lets it through in staging")
    code, out, err = play(instance, reviewer, deploy, "ci", [("deny", "frozen")], AUDIENCE="executor", WAIT="60s", PATH=path)
    tap.ok(code == 125 and out == "" and "not deployed" in err and "frozen" in err, "ci: production waits, and a denial ends the step",
           (code, out, err))
    code, out, err = play(instance, reviewer, deploy, "ci", [("approve", "go")], AUDIENCE="executor", WAIT="60s", PATH=path)
    tap.ok(code == 0 and "deployed v1.2.3" in out and "helm" not in out, "ci: approved, the executor deploys", (code, out, err))
    code, out, err = play(instance, reviewer, deploy, "ci", [], name="demo-agent", ENVIRONMENT="staging", WAIT="1s", PATH=path)
    tap.ok(code == 125 and out == "", "ci: nobody decides in time: not deployed", (code, out, err))

    # ---- C ----
    prefix = os.path.join(scratch, "installed")
    if os.environ.get("HP_SANITIZERS") == "yes":
        skip("c: an installed libholdpoint", "built with sanitizers")
    else:
        made = subprocess.run(["make", "-C", BUILD, "-s", f"DESTDIR={prefix}", "install-exec-local", "install-pkgconfigDATA",
                               "install-includeHEADERS"], text=True, capture_output=True)
        tap.equal(made.returncode, 0, "c: the library installs, with header and pkg-config file")
        packages, = glob.glob(os.path.join(prefix, "**", "pkgconfig"), recursive=True)  # wherever it was configured for
        library = os.path.dirname(packages)
        env = {**os.environ, "PKG_CONFIG_PATH": packages, "PKG_CONFIG_SYSROOT_DIR": prefix, "LD_LIBRARY_PATH": library, "MAKEFLAGS": ""}
        made = subprocess.run(["make", "-s"], cwd=os.path.join(EXAMPLES, "c"), env=env, text=True, capture_output=True)
        tap.ok(made.returncode == 0, "c: the example builds against it", made.stdout + made.stderr)
        symbols = subprocess.run(["nm", "-D", "--defined-only", os.path.join(library, "libholdpoint.so.0")], text=True, capture_output=True).stdout
        foreign = [line for line in symbols.splitlines() if "@@HOLDPOINT_0" not in line and not line.endswith(" A HOLDPOINT_0")]
        tap.equal(foreign, [], "c: it exports its versioned functions and nothing else")
        code, out, err = play(instance, reviewer, ["./agent", "staging"], "c", [], LD_LIBRARY_PATH=library)
        tap.equal((code, out), (0, "restarted\nsucceeded\n"), "c: asked, claimed, done, reported")
        code, out, err = play(instance, reviewer, ["./agent", "staging"], "c", [("deny", "leave it")], name="demo-agent", LD_LIBRARY_PATH=library)
        tap.ok(code == 3 and "denied: leave it" in err and "restarted" not in out, "c: a denial ends it with 3", (code, out, err))
        code, out, err = play(instance, reviewer, ["./agent", "staging"], "c", [("approve", "ok")], name="demo-agent", LD_LIBRARY_PATH=library)
        tap.ok(code == 0 and out.endswith("restarted\nsucceeded\n"), "c: an approval lets it", (code, out, err))
        code, out, err = play(instance, reviewer, ["./agent"], "c", [], LD_LIBRARY_PATH=library, HOLDPOINT_KEY="/nonexistent")
        tap.ok(code == 2 and "/nonexistent" in err, "c: a key that is not there is named", (code, out, err))

    # ---- JavaScript ----
    for name, least in (("node", 18), ("langgraph", 20)):
        if not has_node(least):
            skip(f"{name}: the example", f"needs Node.js {least} and npm")
            continue
        good, said = npm(name)
        if not good:
            skip(f"{name}: the example", "npm could not install what it needs: " + " ".join(said))
            continue
        if name == "node":
            code, out, err = play(instance, reviewer, ["node", "agent.mjs"], "node", [("approve", "go on")])
            tap.ok(code == 0 and "restart: done" in out and "replica: succeeded: by executor" in out, "node: both branches are done", (code, out, err))
            code, out, err = play(instance, reviewer, ["node", "agent.mjs"], "node", [("deny", "not tonight")])
            tap.ok(code == 0 and "replica: denied: not tonight" in out, "node: what is denied is not done", (code, out, err))
        else:
            run = ["node", "graph.mjs"]
            code, out, err = play(instance, reviewer, run, name, [("approve", "go on")])
            tap.ok(code == 0 and "done: rds:CreateDBInstanceReadReplica orders-ro" in out and "not done" not in out,
                   "langgraph: an interrupted graph goes on with the grant", (code, out, err))
            code, out, err = play(instance, reviewer, run, name, [("deny", "not tonight")])
            tap.ok(code == 0 and "not done: denied: not tonight" in out, "langgraph: and ends without one", (code, out, err))
    tap.equal(instance.verify(), "", "the log verifies")
shutil.rmtree(scratch, ignore_errors=True)
tap.done()
