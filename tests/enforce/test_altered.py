"""One byte of action, rollback, canonical bytes, salt, vote or file changed: refused and reported.

The broker is the one that changes it; the executor believes it nothing.
"""
import hashlib
import os

from doctored import ANA, BEN, Bench, flipped, flips, grant, tap

with Bench() as bench:
    effect = bench.path("effect")
    pinned = bench.script("pinned", "#!/bin/sh\ntouch " + effect + "\n")
    with open(pinned, "rb") as file:
        pin = {"path": pinned, "sha256": hashlib.sha256(file.read()).hexdigest()}

    def whole():
        return grant({"command": ["touch", effect], "resources": ["file"], "cwd": bench.dir,
                      "env": {"COLOUR": "red"}, "arguments": {"why": ["not"]}, "files": [pin]},
                     rollback={"plan": "remove it", "command": ["sh", "-c", "rm " + effect]},
                     voters=(ANA, BEN))

    def happened():
        if os.path.exists(effect):
            os.unlink(effect)
            return True
        return False

    bench.start()
    reports = bench.run(whole())
    tap.equal([r["result"] for r in reports], ["succeeded"], "unaltered, it runs")
    tap.ok(happened(), "and has its effect")

    counts = {"refused": 0}
    wrong = []
    sample = whole()
    for part in ("action", "rollback", "salt", "votes", "canonical"):
        tried = 0
        for path, size in flips(sample[part]):
            if path and path[-1] == "decision":
                continue        # what the broker says beside the signed body; nobody reads it
            for at in range(0, size, 5 if part == "canonical" else 3 if size > 100 else 1):
                reply = whole()
                reply[part] = flipped(reply[part], path, at) if path else \
                    flipped([reply[part]], (0,), at)[0]
                reports = bench.run(reply)
                tried += 1
                ran = happened()
                results = [r["result"] for r in reports]
                if ran or results[:1] != ["failed"] or not reports[0].get("output"):
                    wrong.append((part, path, at, ran, results))
        tap.ok(tried > 0 and not wrong, f"{part}: one byte changed, {tried} times: refused and reported each time",
               wrong[:10])
        wrong.clear()
    tap.ok("nothing was run" in bench.broker.reports[-1]["output"] and
           bench.broker.reports[-1]["result"] == "rolled_back",
           "where nothing was run, nothing is run to undo it, and the record says so")

    # A file: its bytes, not the request.
    with open(pinned, "a") as file:
        file.write("#")
    reports = bench.run(whole())
    tap.ok(reports[0]["result"] == "failed" and "not the file that was asked about" in reports[0]["output"],
           "a pinned file: one byte more is refused and reported", reports)
    tap.ok(not happened(), "and nothing ran")
    os.unlink(pinned)
    reports = bench.run(whole())
    tap.ok(reports[0]["result"] == "failed" and "does not exist" in reports[0]["output"], "a pinned file that is gone", reports)
tap.done()
