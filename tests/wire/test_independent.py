"""An auditor with somebody else's tools: an export, a checkpoint and proofs of a live run are verified by the
independent checker, which shares no code with holdpoint, and `audit verify` agrees; also where they were touched."""
import json
import os
import re
import subprocess

from hp import SOURCE, Client, Instance, kiro, tap


def independent(instance, *options):
    run = subprocess.run(["/usr/bin/python3", os.path.join(SOURCE, "dev", "verify-log"), "--log-key",
                          instance.broker["log_key"], *options], text=True, capture_output=True)
    return run.returncode, run.stdout + run.stderr


def save(instance, name, text):
    path = os.path.join(instance.dir, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


with Instance() as instance:
    agent, supervised = Client(instance, "demo-agent"), Client(instance, "demo-agent-supervised")
    reviewer, reviewer2 = Client(instance, "reviewer"), Client(instance, "reviewer2")
    executor, admin = Client(instance, "executor"), Client(instance, "admin")

    # ---- a run with something of everything ----
    receipt = agent.call(type="submit", **kiro("kiro-delete.yaml"))
    reviewer.decide(receipt["id"], "approve", "plausible")
    reviewer2.decide(receipt["id"], "deny", "patch instead")
    receipt = supervised.submit()
    reviewer.call(type="note", id=receipt["id"], text="why now? \u202e")
    reviewer.call(type="extend", id=receipt["id"], by_ms=60000, reason="lunch")
    reviewer.decide(receipt["id"], "approve", "small")
    executor.call(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
    executor.call(type="report", id=receipt["id"], result="succeeded", exit_code=0)
    reviewer.call(type="note", id=receipt["id"], text="and afterwards")
    supervised.code(type="submit", nonsense=1)
    admin.call(type="halt", scope="agent", agent="demo-agent", reason="odd")
    admin.call(type="resume", scope="agent", agent="demo-agent", reason="explained")
    instance.cli("--as", "admin", "reload")

    run = instance.cli("audit", "verify", "--json")
    verdict = json.loads(run.stdout or "{}")
    tap.equal((run.returncode, verdict.get("verified"), verdict.get("first_bad")), (0, True, None),
              "audit verify passes on the database that the broker serves")
    tap.equal(instance.verify(), "", "so does the independent checker")

    # ---- carried away ----
    run = instance.cli("audit", "export")
    lines = run.stdout.splitlines()
    tap.ok(run.returncode == 0 and run.stdout.isascii() and len(lines) > 15, "an export is ASCII", run.stderr)
    tap.equal([json.loads(line).get("seq") for line in lines if "seq" in json.loads(line)],
              list(range(verdict["leaves"])), "it has a line a leaf, up to the newest checkpoint")
    export = save(instance, "export", run.stdout)
    checkpoint = save(instance, "checkpoint", instance.cli("--as", "auditor", "audit", "checkpoint").stdout)
    proofs = []
    for seq in range(verdict["leaves"]):
        run = instance.cli("--as", "auditor", "audit", "prove", str(seq))
        proofs.append(save(instance, f"proof{seq}", run.stdout))
    code, out = independent(instance, "--export", export, "--checkpoint", checkpoint,
                            *(option for proof in proofs for option in ("--proof", proof)))
    tap.equal(code, 0, "the independent checker verifies the export, the checkpoint and a proof of each leaf")
    tap.ok(f"verified: {verdict['leaves']} leaves" in out and f"{verdict['votes']} votes" in out,
           "and counts the same", out)
    run = instance.cli("audit", "verify", "--export", export, "--anchor", checkpoint)
    tap.equal(run.returncode, 0, "audit verify agrees on the export")
    run = instance.cli("audit", "prove", "3", "--db", os.path.join(instance.home, "state", "holdpoint.db"))
    tap.equal(run.stdout, instance.cli("--as", "auditor", "audit", "prove", "3").stdout,
              "a proof from the database alone is the broker's")
    run = instance.cli("--as", "auditor", "audit", "prove", "99999")
    tap.equal((run.returncode, run.stdout), (7, ""), "a leaf that is not there is not proved")

    # ---- touched: each line, in turn ----
    both = lambda path: (independent(instance, "--export", path)[0],
                         instance.cli("audit", "verify", "--export", path).returncode)
    disagreed = []
    for number, line in enumerate(lines):
        at = len(line) // 2
        for what, changed in (("changed", lines[:number] + [line[:at] + ("0" if line[at] != "0" else "1") + line[at + 1:]] + lines[number + 1:]),
                              ("twice", lines[:number] + [line, line] + lines[number + 1:]),
                              ("swapped", lines[:number] + lines[number + 1:number + 2] + [line] + lines[number + 2:])):
            if changed != lines and both(save(instance, "bad", "\n".join(changed) + "\n")) != (1, 11):
                disagreed.append((number, what))
        # An older checkpoint that is left out hides nothing.
        without = save(instance, "bad", "\n".join(lines[:number] + lines[number + 1:]) + "\n")
        want = (0, 0) if "checkpoint" in line[:14] and number < len(lines) - 1 else (1, 11)
        if both(without) != want:
            disagreed.append((number, "left out"))
    tap.equal(disagreed, [], f"both refuse each of {len(lines)} lines changed, doubled, swapped or left out")
    proof = open(proofs[3]).read()
    hashes = re.findall(r"^[A-Za-z0-9+/]{43}=$", proof, re.M)
    bad = save(instance, "badproof", proof.replace(hashes[0], hashes[1], 1))
    tap.equal(independent(instance, "--export", export, "--proof", bad)[0], 1, "a touched proof proves nothing")

    # ---- votes, by anyone ----
    shown = json.loads(instance.cli("--as", "auditor", "show", receipt["id"], "--votes", "--json").stdout)
    vote = shown["votes"][0]
    tap.equal({"by", "person", "body", "signature", "sign_public"} - set(vote), set(), "show --votes --json gives body, signature and key")
    from hp import VOTE_TYPE  # noqa: E402
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: E402
    body = bytes.fromhex(vote["body"])
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(vote["sign_public"])).verify(
        bytes.fromhex(vote["signature"]), b"DSSEv1 %d %s %d %s" % (len(VOTE_TYPE), VOTE_TYPE, len(body), body))
    tap.ok(bytes.fromhex(shown["digest"]) in body, "which verify, over the digest of the request")
tap.done()
