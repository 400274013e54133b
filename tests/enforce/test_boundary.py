"""The broker says yes, the executor says no: what its own file forbids does not run.

Everything granted here is consistent and, where it matters, properly signed: only the executor's
boundary stands against it.
"""
import os
import subprocess

from doctored import ANA, ANA2, BEN, STRANGER, Bench, grant, tap

with Bench() as bench:
    effect = bench.path("effect")
    outside = bench.path("outside")
    os.mkdir(bench.path("roots"))
    os.mkdir(outside)
    os.symlink(outside, bench.path("roots/link"))
    bench.write_boundary(cwd_roots=[bench.path("roots")])
    bench.start()
    TOUCH = {"command": ["touch", effect]}
    denied = grant(TOUCH, voters=())
    denied["votes"] = [BEN.vote(denied["id"], denied["canonical"], "deny"),
                       ANA.vote(denied["id"], denied["canonical"])]
    other = grant(TOUCH)
    replayed = grant(TOUCH)
    replayed["votes"] = other["votes"]
    foreign = grant(TOUCH, voters=())
    foreign["votes"] = [ANA.vote(foreign["id"], foreign["canonical"], instance="test/other")]
    borrowed = grant(TOUCH, voters=())
    borrowed["votes"] = [STRANGER.vote(borrowed["id"], borrowed["canonical"])]
    for key in ("by", "person"):
        borrowed["votes"][0][key] = "ana"
    hidden = {"shown": {"command": ["[REDACTED:secret]", effect]}}

    refused = [
        ("another environment", grant(TOUCH, environment="staging"), "another environment"),
        ("an environment that only the canonical bytes have", grant(TOUCH, shown={"environment": "staging"}), "another environment"),
        ("another audience", grant({**TOUCH, "audience": "other"}), "another audience"),
        ("no audience", grant({**TOUCH, "audience": None}), "another audience"),
        ("an operation that is not allowed", grant({**TOUCH, "operation": "lambda:Invoke"}), 'operation "lambda:Invoke"'),
        ("its case counts", grant({**TOUCH, "operation": "Shell:touch"}), "operation"),
        ("a program that is not known", grant({"command": ["rm", effect]}), 'no program for the action\'s "rm"'),
        ("by its path neither", grant({"command": ["/bin/rm", effect]}), "no program"),
        ("another spelling of a path", grant({"command": ["/usr/bin/../bin/touch", effect]}), "no program"),
        ("no command, and no program for the operation", grant({}), "no program"),
        ("a rollback that is not known", grant(TOUCH, {"command": ["rm", effect]}), "rollback's \"rm\""),
        ("a rollback's operation", grant(TOUCH, {"operation": "rds:Delete"}), "rollback's operation"),
        ("a variable", grant({**TOUCH, "env": {"LD_PRELOAD": "/tmp/x"}}), 'variable "LD_PRELOAD"'),
        ("a directory outside", grant({**TOUCH, "cwd": outside}), "directory"),
        ("a directory outside by ..", grant({**TOUCH, "cwd": bench.path("roots/../outside")}), "directory"),
        ("a directory outside by a link", grant({**TOUCH, "cwd": bench.path("roots/link")}), "directory"),
        ("a directory with a root's name before it", grant({**TOUCH, "cwd": bench.path("roots") + "2"}), "directory"),
        ("no vote", grant(TOUCH, voters=(), quorum=0), "0 of 1 votes"),
        ("a tier that the file does not know", grant(TOUCH, tier="autonomous"), "min_votes"),
        ("one vote where the file wants two", grant(TOUCH, tier="grave"), "1 of 2 votes"),
        ("two keys of one person", grant(TOUCH, tier="grave", voters=(ANA, ANA2)), "1 of 2 votes"),
        ("one vote where the request wants two", grant(TOUCH, quorum=2), "1 of 2 votes"),
        ("a stranger's vote", grant(TOUCH, voters=(STRANGER,)), "0 of 1 votes"),
        ("the owner's vote", grant(TOUCH, owner="ana"), "0 of 1 votes"),
        ("a deny beside an approval", denied, "voted against"),
        ("a vote about another request", replayed, "about something else"),
        ("a vote in another instance", foreign, "about something else"),
        ("a stranger's vote in a reviewer's name", borrowed, "bad_signature"),
        ("a command that was hidden from people", grant(TOUCH, **hidden), "\"command\" is not the one"),
        ("a rollback that was hidden", grant(TOUCH, {"command": ["sh", "-c", "true"]}, shown={"rollback": None}), "no rollback"),
        ("arguments that are others", grant({**TOUCH, "arguments": {"a": "b"}}, shown={"arguments": {"a": "c"}}), "arguments"),
        ("another instance", grant(TOUCH, instance="test/other"), "another instance"),
    ]
    for name, reply, reason in refused:
        reports = bench.run(reply)
        tap.ok(reports and reports[0]["result"] == "failed" and reason in reports[0].get("output", ""),
               f"{name}: refused and reported", reports)
        if not tap.ok(not os.path.exists(effect), f"{name}: nothing ran"):
            os.unlink(effect)

    accepted = [
        ("an allowed directory", grant({**TOUCH, "cwd": bench.path("roots")})),
        ("a program by its path", grant({"command": ["/usr/bin/touch", effect]})),
        ("two persons where two are wanted", grant(TOUCH, tier="grave", voters=(ANA, BEN))),
        ("a vote beside a stranger's", grant(TOUCH, voters=(STRANGER, ANA))),
        ("no vote where none is wanted", grant(TOUCH, tier="supervised", voters=(), quorum=0)),
        ("arguments hidden by redaction", grant({**TOUCH, "arguments": {"token": "abc-def", "n": [1, "x y"]}},
                                                shown={"arguments": {"token": "[REDACTED:token]", "n": [1, "x [REDACTED:pii]"]}})),
    ]
    for name, reply in accepted:
        reports = bench.run(reply)
        tap.ok([r["result"] for r in reports] == ["succeeded"] and os.path.exists(effect), f"{name}: runs", reports)
        if os.path.exists(effect):
            os.unlink(effect)

    # ---- never twice, whatever the broker says ----
    reply = grant({"command": ["sh", "-c", "echo x >>" + effect]})
    bench.run(reply)
    told = len(bench.broker.texts)
    bench.broker.grants.append(reply)
    bench.broker.pump(lambda: len(bench.broker.texts) > told)
    tap.ok("has begun it before" in bench.broker.texts[-1], "a request that was begun is refused, and the broker told",
           bench.broker.texts)
    tap.equal(len(bench.broker.reported(reply["id"])), 1, "and not reported on: nobody knows")
    bench.kill()
    bench.start()
    bench.broker.grants.append(reply)
    bench.broker.pump(lambda: len(bench.broker.texts) > told + 1)
    with open(effect) as file:
        tap.equal(file.read(), "x\n", "nor after a restart: it ran once")

    # ---- the file itself ----
    def check(text=None, mode=0o644, **changes):
        bench.write_boundary(**changes)
        if text is not None:
            with open(bench.path("executor.yaml"), "w") as file:
                file.write(text)
        os.chmod(bench.path("executor.yaml"), mode)
        from doctored import HOLDPOINT
        return subprocess.run([HOLDPOINT, "executor", "--check", "--boundary", bench.path("executor.yaml")],
                              capture_output=True, text=True)

    run = check()
    tap.equal((run.returncode, run.stdout), (0, ""), "--check accepts a good file")
    for name, run, reason in [
            ("writable by others", check(mode=0o666), "others can write this file"),
            ("writable by the group", check(mode=0o664), "others can write this file"),
            ("an unknown key", check("environment: production\nshell: /bin/sh\n"), "executor.yaml:2:1: "),
            ("a program that is not there", check(programs={"x": "/nowhere/x"}), "does not exist"),
            ("a program that others could change", check(programs={"x": bench.script("loose", "#!/bin/sh\n", 0o777)}), "can be changed by others"),
            ("a program that cannot run", check(programs={"x": bench.script("plain", "text", 0o644)}), "cannot be executed"),
            ("a root that is not there", check(cwd_roots=["/nowhere"]), "is no directory")]:
        tap.ok(run.returncode == 2 and reason in run.stderr and run.stderr.count("\n") == 1,
               f"{name}: exit 2 and one line", (run.returncode, run.stderr))
tap.done()
