"""Coding agents' hooks: each host's payload, and the exact bytes and exit code of the answer.

The payloads of hooks/ have the shape that Claude Code 2.1.197, Codex 0.171.0 and Gemini CLI 0.61.0
were seen to send, each run against a model that was played; Kiro's is from its documentation. Those
three honoured both answers. Here the host's side is played.
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
from hp import HOLDPOINT, SOURCE, Client, Instance, tap

PAYLOADS = os.path.join(SOURCE, "tests", "enforce", "hooks")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def payload(name):
    with open(os.path.join(PAYLOADS, name + ".json"), "rb") as file:
        return file.read()


def start(instance, name, host, environment, *more, data=None):
    process = subprocess.Popen(
        [HOLDPOINT, "--home", instance.home, "--as", name, "hook", host, "--environment", environment, *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if data is not None:
        process.stdin.write(data)
        process.stdin.close()
        process.stdin = None
    return process


def finish(process):
    """Exit code, output and messages, with ID for the id of the request."""
    out, err = process.communicate(timeout=60)
    return process.returncode, ID.sub("ID", out.decode()), ID.sub("ID", err.decode())


def hook(instance, name, host, environment, what, *more):
    return finish(start(instance, name, host, environment, *more,
                        data=payload(what) if isinstance(what, str) else what))


def held(reviewer, operation):
    for _ in range(400):
        for item in reviewer.call(type="list", state="pending")["items"]:
            if item["operation"] == operation:
                return item
        reviewer.socket.poll(25)
    raise TimeoutError(f"{operation} did not arrive")


def newest(reviewer):
    return reviewer.call(type="list", limit=1)["items"][0]


QUIET = (0, "", "")
WHY = "no longer needed there"
PRE = '{"hookSpecificOutput":{"hookEventName":"PreToolUse",'
PERMISSION = '{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":'
DENIED = f"Denied by holdpoint ID: denied by reviewer: {WHY}"
TIMED_OUT = "Denied by holdpoint ID: no decision in time; withdrawn"

# host, payload, environment → answer without anybody: policy alone.
ALONE = [
    ("claude-code", "claude-code-read", "production", QUIET),
    ("claude-code", "claude-code-todo", "production", QUIET),
    ("codex", "codex-read", "production", QUIET),
    ("gemini", "gemini-read", "production", (0, '{"decision":"allow"}\n', "")),
    ("kiro", "kiro-read", "production", QUIET),
]
# host, payload → the three answers of a held call: approved, denied, out of time.
ASKED = [
    ("claude-code", "claude-code-bash", "shell:rm",
     (0, PRE + '"permissionDecision":"allow","permissionDecisionReason":"holdpoint ID: granted by reviewer: fine"}}\n', ""),
     (2, "", DENIED + "\n"), (2, "", TIMED_OUT + "\n")),
    ("claude-code", "claude-code-permission", "shell:rm",
     (0, PERMISSION + '{"behavior":"allow"}}}\n', ""),
     (0, PERMISSION + '{"behavior":"deny","message":"' + DENIED + '"}}}\n', ""),
     (0, PERMISSION + '{"behavior":"deny","message":"' + TIMED_OUT + '"}}}\n', "")),
    ("codex", "codex-bash", "shell:rm", QUIET, (2, "", DENIED + "\n"), (2, "", TIMED_OUT + "\n")),
    ("codex", "codex-permission", "shell:rm", (0, PERMISSION + '{"behavior":"allow"}}}\n', ""),
     (2, "", DENIED + "\n"), (2, "", TIMED_OUT + "\n")),
    ("gemini", "gemini-shell", "shell:rm", (0, '{"decision":"allow"}\n', ""),
     (0, '{"decision":"deny","reason":"' + DENIED + '"}\n', ""),
     (0, '{"decision":"deny","reason":"' + TIMED_OUT + '"}\n', "")),
    ("kiro", "kiro-bash", "shell:rm", QUIET, (2, "", DENIED + "\n"), (2, "", TIMED_OUT + "\n")),
]
# host → how it is told that nothing can be asked.
NO_BROKER = "Denied by holdpoint: no broker answers at "
DOWN = [
    ("claude-code", "claude-code-bash", "", 2), ("claude-code", "claude-code-permission", PERMISSION, 0),
    ("codex", "codex-bash", "", 2), ("codex", "codex-permission", "", 2), ("gemini", "gemini-shell", '{"decision":"deny"', 0),
    ("kiro", "kiro-bash", "", 2),
]

with Instance() as instance:
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")

    for host, what, environment, want in ALONE:
        tap.equal(hook(instance, "demo-agent", host, environment, what), want, f"{what}: policy alone lets it through")
    for host, what, operation, approved, denied, late in ASKED:
        for decision, reason, want in (("approve", "fine", approved), ("deny", WHY, denied)):
            process = start(instance, "gateway", host, "development", "--for", "demo-agent", data=payload(what))
            item = held(reviewer, operation)
            reviewer.decide(item["id"], decision, reason)
            tap.equal(finish(process), want, f"{what}: {decision}, as {host} reads it")
            state = reviewer.call(type="show", id=item["id"])["state"]
            tap.equal(state, "released" if decision == "approve" else "denied", f"{what}: {decision} is its end")
        tap.equal(hook(instance, "gateway", host, "development", what, "--for", "demo-agent", "--timeout", "2s"), late,
                  f"{what}: nobody decides in time")
        tap.equal(newest(reviewer)["state"], "withdrawn", f"{what}: and it waits no longer")

    # ---- what is asked ----
    def asked(host, what, environment="production"):
        hook(instance, "demo-agent", host, environment, what, "--timeout", "1s")
        item = newest(reviewer)
        return item, reviewer.call(type="show", id=item["id"])

    for host, what, operation, classes in (
            ("claude-code", "claude-code-edit", "edit_file", {"patch"}),
            ("claude-code", "claude-code-mcp", "mcp:github/delete_repository", {"delete"}),
            ("codex", "codex-patch", "delete_file", {"delete"}),
            ("gemini", "gemini-mcp", "mcp:my_read_db/delete_all", {"delete"}),
            ("gemini", "gemini-mcp-joined", "mcp_my_read_db_delete_all", set()),
            ("kiro", "kiro-aws", "shell:aws", {"delete"}),
            ("kiro", "kiro-mcp", "mcp:github/delete_repository", {"delete"})):
        item, shown = asked(host, what)
        tap.equal(item["operation"], operation, f"{what}: the operation")
        tap.ok(classes <= set(item["class"]) and "read" not in item["class"], f"{what}: its class", item["class"])
    item, shown = asked("codex", "codex-patch")
    tap.equal(item["resource"], "src/cart.ts", "a patch's files are its resources")
    padded = json.loads(payload("codex-patch"))
    padded["tool_input"]["command"] = padded["tool_input"]["command"].replace("*** Delete", " \t\u2003*** Delete")
    item, shown = asked("codex", json.dumps(padded).encode())
    tap.equal((item["operation"], item["resources"]), ("delete_file", 2), "also where their marks have padding, which the host takes too")

    def line(command, **more):
        return json.dumps({**json.loads(payload("claude-code-bash")), "tool_input": {"command": command, **more}}).encode()

    # Policy alone: what a shell would do more than run one program is not read.
    for command, allowed in (("ls -la /etc", True), ("git log --oneline -5 'a b' \"c d\"", True), ("git diff HEAD~1", True),
                             ("ls | xargs rm", False), ("ls; rm -rf /", False), ("ls $(rm x)", False), ("ls `rm x`", False),
                             ("ls > /etc/passwd", False), ("ls\nrm -rf /", False), ("FOO=1 ls", False), ("ls ~root", False),
                             ("ls {a,b}", False), ("ls *", False), ("ls \\$x", False), ("if ls", False), ("'ls", False)):
        code, out, err = hook(instance, "demo-agent", "claude-code", "production", line(command))
        tap.equal((code, out), (0, "") if allowed else (2, ""), f"{command!r} is {'a read' if allowed else 'not taken for one'}")

    # ---- what cannot be read is a no ----
    for name, data, says in (
            ("nothing", b"", "end of file"), ("no JSON", b"rm -rf", "invalid"), ("a list", b"[1]", "expected an object"),
            ("no event", b'{"tool_name":"Read","tool_input":{}}', "hook_event_name"),
            ("another event", payload("claude-code-read").replace(b"PreToolUse", b"PostToolUse"), 'no hook "PostToolUse"'),
            ("no tool", payload("claude-code-read").replace(b'"tool_name"', b'"toolname"'), "tool_name"),
            ("no input", payload("claude-code-read").replace(b'"tool_input"', b'"toolinput"'), "tool_input"),
            ("no command", line("x").replace(b'"command"', b'"kommand"'), "command"),
            ("an empty command", line("  \n"), "command"), ("a NUL", line("ls\0rm -rf /"), "NUL"),
            ("a key twice", payload("claude-code-read").replace(b'"tool_name"', b'"tool_name":"Read","tool_name"'), "duplicate"),
            ("half a call", payload("claude-code-bash")[:100], ""), ("too much", line("ls " + "x" * 70000), ""),
            ("far too much", line("ls " + "x" * 2000000), "over 1048576 bytes"),
            ("no UTF-8", payload("claude-code-read").replace(b"cart.ts", b"cart\xff.ts"), "")):
        code, out, err = hook(instance, "demo-agent", "claude-code", "production", data)
        tap.ok((code, out) == (2, "") and err.startswith("Denied by holdpoint") and err.count("\n") == 1 and says in err,
               f"{name}: denied in one line", (code, out, err))
    for bad in (["hook", "emacs", "--environment", "x"], ["hook", "kiro"], ["hook", "kiro", "--environment", "x", "--limit", "1s"],
                ["hook"], ["hook", "kiro", "--environment", "x", "--wrong"]):
        run = instance.cli(*bad, stdin=subprocess.DEVNULL)
        tap.equal((run.returncode, run.stdout), (2, ""), f"{' '.join(bad)}: a mistake in the settings denies too")
    code, out, err = hook(instance, "nobody", "gemini", "production", "gemini-read")
    tap.ok(code == 0 and out.startswith('{"decision":"deny","reason":"Denied by holdpoint: ') and "nobody.key" in out,
           "a key that is not there is a no, in the host's form", (code, out, err))

    # ---- a host that leaves, one that is slow, one that keeps its end open ----
    process = start(instance, "gateway", "kiro", "development", "--for", "demo-agent", data=payload("kiro-bash"))
    item = held(reviewer, "shell:rm")
    process.terminate()
    tap.equal(finish(process)[:2], (2, ""), "a hook that is told to end says no")
    tap.equal(reviewer.call(type="show", id=item["id"])["state"], "withdrawn", "and its request is withdrawn")
    process = start(instance, "demo-agent", "kiro", "production")
    process.stdin.write(payload("kiro-read"))
    process.stdin.flush()
    began = time.monotonic()
    threading.Timer(40, process.kill).start()
    process.wait(60)
    tap.equal(process.returncode, 0, "a host that keeps standard input open is answered all the same")
    process.stdin.close()
    tap.ok(time.monotonic() - began < 30, "within its limit", time.monotonic() - began)

    # ---- a broker that falls silent while a person is waited for ----
    began = time.monotonic()
    process = start(instance, "gateway", "kiro", "development", "--for", "demo-agent", "--limit", "10s", data=payload("kiro-bash"))
    held(reviewer, "shell:rm")
    instance.process.send_signal(signal.SIGSTOP)
    code, out, err = finish(process)
    took = time.monotonic() - began
    instance.process.send_signal(signal.SIGCONT)
    tap.equal((code, out), (2, ""), "a broker that falls silent is a no")
    tap.ok(took < 9.5, "said before the host loses its patience, which would be a yes", took)

    # ---- halted, without a broker ----
    admin.call(type="halt", scope="agent", agent="demo-agent", reason="look first")
    tap.equal(hook(instance, "demo-agent", "codex", "production", "codex-read"),
              (2, "", 'Denied by holdpoint ID: halted: "demo-agent" is halted; only an admin resumes\n'), "a halt denies reads too")
    own = [("claude-code", "claude-code-todo"), ("codex", json.dumps({**json.loads(payload("codex-read")), "tool_name": "update_plan"}).encode())]
    HALTED = (2, "", "Denied by holdpoint: halted: only an admin resumes\n")
    for host, what in own:
        tap.equal(hook(instance, "demo-agent", host, "production", what), HALTED, f"{host}: and the host's own books")
    tap.equal(hook(instance, "gateway", "claude-code", "production", "claude-code-todo", "--for", "demo-agent"), HALTED,
              "also where a gateway asks for the agent")
    tap.equal(hook(instance, "gateway", "claude-code", "production", "claude-code-todo", "--for", "demo-agent-supervised"), QUIET,
              "but not another agent's")
    code, out, err = hook(instance, "gateway", "claude-code", "production", "claude-code-todo", "--for", "stranger")
    tap.ok((code, out) == (2, "") and "unauthorised" in err, "an agent that it does not speak for is a no", (code, out, err))
    admin.call(type="resume", scope="agent", agent="demo-agent", reason="seen")
    admin.call(type="halt", scope="session", agent="demo-agent", session=json.loads(payload("claude-code-todo"))["session_id"], reason="this one")
    tap.equal(hook(instance, "demo-agent", "claude-code", "production", "claude-code-todo"), HALTED, "the halt of a session stops its books")
    tap.equal(hook(instance, "demo-agent", "claude-code", "production", payload("claude-code-todo").replace(b'"session_id":', b'"session_id":"x","was":')), QUIET,
              "and no other session's")
    admin.call(type="halt", scope="all", reason="all")
    tap.equal(hook(instance, "demo-agent-supervised", "claude-code", "production", "claude-code-todo"), HALTED, "and the halt of all everybody's")
    instance.kill()
    DOWN.append(("claude-code", "claude-code-todo", "", 2))
    for host, what, begins, code in DOWN:
        got = hook(instance, "demo-agent", host, "production", what)
        tap.ok(got[0] == code and got[1].startswith(begins) and (got[1] or got[2]).count("Denied by holdpoint: ") == 1
               and ("" if code else "deny") in got[1], f"{what}: no broker, no tool", got)
    instance.start()
    tap.equal(instance.verify(), "", "the log verifies")

# ---- settings ----
for host, key, limit in (("claude-code", "timeout", 600), ("codex", "timeout", 600), ("gemini", "timeout", 600000), ("kiro", "timeout_ms", 600000)):
    run = subprocess.run([HOLDPOINT, "hook", host, "--environment", "production", "--key", "/etc/hold point/k's.key", "--print-config"],
                         text=True, capture_output=True)
    entry = list(json.loads(run.stdout)["hooks"].values())[0][0]
    entry = entry["hooks"][0] if "hooks" in entry else entry
    tap.equal((entry[key], entry["command"]),
              (limit, f"holdpoint hook {host} --environment production --key '/etc/hold point/k'\\''s.key' --limit 600s"),
              f"{host}: the settings give a person ten minutes")
tap.done()
