"""One request's whole way, and the Kiro incident: judged, denied, blocked, allowed, held, run."""
import hashlib
import os

from hp import Client, Instance, canon, kiro, tap

with Instance() as instance:
    kiro_agent = Client(instance, "demo-agent")
    supervised = Client(instance, "demo-agent-supervised")
    reviewer, reviewer2 = Client(instance, "reviewer"), Client(instance, "reviewer2")
    executor = Client(instance, "executor")

    # ---- Kiro's delete ----
    receipt = kiro_agent.call(type="submit", **kiro("kiro-delete.yaml"))
    tap.equal((receipt["verdict"], receipt["effect"], receipt["state"]), ("hold", "escalate", "pending"),
              "Kiro's delete is escalated")
    tap.equal((receipt["environment"], receipt["class"], receipt["tier"]),
              ("production", ["delete"], "gated"), "it is a gated delete in production")
    tap.ok({1, 2} <= {f["layer"] for f in receipt["findings"]}, "layers 1 and 2 both speak",
           receipt["findings"])
    tap.ok(all(f["line"] > 0 for f in receipt["findings"] if f["layer"] in (1, 2)),
           "each of these findings names its line of the policy", receipt["findings"])
    shown = reviewer.call(type="show", id=receipt["id"])
    tap.equal((shown["approvals"], shown["needed"]), (0, 2), "it needs two persons")
    tap.equal(hashlib.sha256(b"holdpoint/request/v1\0" + shown["canonical"]).digest(), receipt["digest"],
              "the digest is the hash of the bytes served")
    status = reviewer.decide(receipt["id"], "approve", "looks plausible")
    tap.equal((status["type"], status["state"], status["approvals"]), ("status", "pending", 1),
              "one approval does not release it")
    status = reviewer2.decide(receipt["id"], "deny", "patch the refresh job instead")
    tap.equal(status["state"], "denied", "one denial ends it")
    told = kiro_agent.call(type="wait", id=receipt["id"], until="decided", timeout_ms=0)
    tap.equal((told["state"], told["reason"], told["by"]),
              ("denied", "patch the refresh job instead", "reviewer2"), "the agent is told why, and by whom")
    tap.equal(reviewer.decide(receipt["id"], "approve", "again")["code"], "final", "a denial is final")
    tap.equal(executor.code(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0), "final",
              "a denied request cannot be claimed")

    # ---- deleting the environment itself ----
    receipt = kiro_agent.submit(operation="elasticbeanstalk:DeleteEnvironment", resources=["cost-prod"], arguments=None,
                                summary="Delete the environment", impact={"resources_affected": 1, "reversible": False})
    tap.equal((receipt["verdict"], receipt["state"]), ("block", "blocked"), "delete_environment is blocked finally")
    tap.equal(reviewer.decide(receipt["id"], "approve", "no")["code"], "final", "nobody can approve it")

    # ---- what it should have asked for ----
    receipt = supervised.call(type="submit", **kiro("kiro-patch.yaml"))
    tap.equal((receipt["verdict"], receipt["state"], receipt["tier"]), ("log", "granted", "supervised"),
              "the patch by a supervised agent is allowed and logged")

    # ---- a create: held, approved, run ----
    receipt = supervised.submit()
    tap.equal((receipt["verdict"], receipt["state"]), ("hold", "pending"), "a create in production is held")
    nonce = os.urandom(16)
    waiting = executor.send(type="claim", id=receipt["id"], nonce=nonce, timeout_ms=20000)
    status = reviewer.decide(receipt["id"], "approve", "small and reversible")
    tap.equal(status["state"], "granted", "one person of oncall releases it")
    claimed = executor.receive()
    tap.equal((claimed["re"], claimed["type"], claimed["id"]), (waiting, "claimed", receipt["id"]),
              "the executor's long poll gets it at once")
    tap.equal(claimed["action"]["operation"], "rds:CreateDBInstanceReadReplica", "with the exact action")
    digest = hashlib.sha256(b"holdpoint/action/v1\0" + claimed["salt"] +
                            canon({"action": claimed["action"], "rollback": claimed["rollback"]})).digest()
    tap.equal(digest, receipt["action_digest"], "the action's digest can be computed anew")
    again = executor.call(type="claim", id=receipt["id"], nonce=nonce, timeout_ms=0)
    tap.equal({**again, "re": 0}, {**claimed, "re": 0}, "the same nonce repeats the same reply")
    tap.equal(executor.code(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0), "conflict",
              "another claim gets conflict")
    tap.equal(executor.call(type="progress", id=receipt["id"], text="halfway")["state"], "executing",
              "progress renews the lease")
    tap.equal(executor.call(type="report", id=receipt["id"], result="succeeded", exit_code=0)["state"],
              "succeeded", "the report ends it")
    tap.equal(executor.call(type="report", id=receipt["id"], result="succeeded", exit_code=0)["state"],
              "succeeded", "a report said again is answered again")
    tap.equal(executor.code(type="report", id=receipt["id"], result="failed"), "final", "and never changes")
    steps = [h["state"] for h in reviewer.call(type="show", id=receipt["id"])["history"]]
    tap.equal(steps, ["pending", "granted", "executing", "succeeded"], "history tells the way")

    # ---- silence is a no ----
    receipt = supervised.submit(ttl_s=1)
    status = supervised.call(type="wait", id=receipt["id"], until="decided", timeout_ms=10000)
    tap.equal(status["state"], "expired", "without a vote it expires and is denied")
    tap.equal(reviewer.decide(receipt["id"], "approve", "late")["code"], "expired", "a late vote is refused")

    # ---- failure, rollback, unknown ----
    receipt = supervised.submit(rollback={"plan": "delete it", "operation": "rds:DeleteDBInstance"},
                                summary="With a runnable rollback")
    for person in (reviewer, reviewer2):
        if person.call(type="show", id=receipt["id"])["state"] == "pending":
            person.decide(receipt["id"], "approve", "ok")
    status = reviewer.call(type="show", id=receipt["id"])
    tap.equal(status["state"], "granted", "a request with a destructive rollback can be released")
    executor.call(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
    tap.equal(executor.call(type="report", id=receipt["id"], result="failed", exit_code=1)["state"],
              "rolling_back", "a failure with a runnable rollback rolls back")
    tap.equal(executor.call(type="report", id=receipt["id"], result="rolled_back")["state"], "rolled_back",
              "and says when it has")
    receipt = supervised.submit(summary="Its executor dies")
    reviewer.decide(receipt["id"], "approve", "ok")
    executor.call(type="claim", id=receipt["id"], nonce=os.urandom(16), lease_s=1, timeout_ms=0)
    for _ in range(100):
        state = reviewer.call(type="show", id=receipt["id"])["state"]
        if state != "executing":
            break
        reviewer.socket.poll(50)
    tap.equal(state, "unknown", "a lease that ends leaves it unknown")
    tap.equal(executor.code(type="report", id=receipt["id"], result="succeeded"), "conflict",
              "a late report is refused")
    tap.equal(reviewer.call(type="settle", id=receipt["id"], result="failed", reason="saw no replica")["state"],
              "failed", "a person settles it")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
