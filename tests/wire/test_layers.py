"""Four layers that fail independently: each is switched off in turn, and Kiro's incident is still stopped.

The incident is an autonomous agent with an operator's permissions that deletes the stack of the cost explorer, and
then its environment. Stopped means: nothing of it can be claimed, by the agent, by a gateway or by the executor, also
when one reviewer approves without looking. A layer is off when its part of the policy stops nothing; what of it
stands outside the broker, the boundary in the cloud, is held against a broker that allows everything.
"""
import os
import sys

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
sys.dont_write_bytecode = True
from boundary import Boundary  # noqa: E402

from hp import Client, Instance, kiro, tap  # noqa: E402

DELETES = ("cloudformation:DeleteStack", "elasticbeanstalk:DeleteEnvironment")
FREE = dict.fromkeys(("human", "supervised", "autonomous"), "allow")


def no_planning(policy):
    policy["agent_constraints"] = {
        "destructive_actions": [],
        "change_magnitude": {"max_resources_affected": 1000000, "max_cost_impact_usd": 1000000,
                             "policy": "REQUIRE_APPROVAL_IF_EXCEEDED", "hard_max_resources_affected": 1000000},
        "environment_rules": {"production": {"allowed_operations": [c["name"] for c in policy["classes"]],
                                             "blocked_operations": []}},
        "confidence": {"min": 0, "policy": "REQUIRE_APPROVAL"}, "context": {"alternatives": "flag", "rollback": "flag"}}


def no_permissions(policy):
    names = [c["name"] for c in policy["classes"]]
    policy["permissions"] = {name: {key: dict(FREE) for key in (*names, "other")}
                             for name in ("production", "other")}


def no_gateway(policy):
    policy["gateway"] = {"rate_limits": [], "budgets": [], "anomaly": {}, "redaction": {"rules": [], "patterns": []}}


def no_orchestration(policy):
    """No floor for any tier, whoever asks may run it, and one vote is a quorum."""
    policy["tiers"] = [{"name": "gated", "effect": "allow"}]
    policy["approvals"]["self_run"] = ["gated"]
    policy["approvals"]["rules"] = [{"effect": effect, "require": [{"groups": ["oncall"], "count": 1}]}
                                    for effect in ("escalate", "admin", "hold")]
    policy["approvals"]["escalate_after"] = []


def without(*layers):
    def change(text):
        policy = yaml.safe_load(text)
        for layer in layers:
            layer(policy)
        return yaml.safe_dump(policy, sort_keys=False)
    return change


def incident(instance, lying=False):
    """[receipt] of the two requests. A liar says that they can be undone: what cannot be is held by layer 4
    whatever its settings, and would hide what the others do."""
    agent = Client(instance, "demo-agent")
    stack, environment = kiro("kiro-delete.yaml"), kiro("kiro-delete.yaml", summary="Delete the environment")
    for each in (stack, environment):
        each["impact"] = {**each["impact"], "reversible": lying}
    environment["action"] = {"operation": DELETES[1], "environment": "production", "audience": "executor",
                             "resources": ["cost-explorer-prod"]}
    return [agent.call(type="submit", **each) for each in (stack, environment)]


def claimed(instance, receipts):
    """Whether anybody who might run one of them gets it."""
    replies = [Client(instance, name).ask(type="claim", id=receipt["id"], nonce=os.urandom(16), timeout_ms=0)
               for name in ("demo-agent", "gateway", "executor") for receipt in receipts]
    return [reply for reply in replies if reply["type"] == "claimed"]


def stopping(receipt):
    return {f["layer"] for f in receipt["findings"] if f["effect"] in ("hold", "admin", "escalate", "block")}


def exported():
    """The boundary of the whole policy, as it lies in the cloud."""
    with Instance() as whole:
        run = whole.cli("policy", "export", "aws-iam", "--service", "cloudformation", "--service", "elasticbeanstalk")
        tap.equal(run.returncode, 0, "the boundary is exported from the whole policy")
        return Boundary(run.stdout)


def layer_off(number, name, layer, others, boundary):
    with Instance(without(layer)) as instance:
        receipts = incident(instance, lying=layer is no_orchestration)
        tap.equal([r["state"] for r in receipts], ["pending", "blocked"],
                  f"without layer {number} ({name}) the deletions are held and blocked")
        found = [stopping(r) for r in receipts]
        tap.ok(all(found) and not any(number in each for each in found) and set().union(*found) == others,
               f"by layers {', '.join(map(str, sorted(others)))}, not by it", found)
        tap.equal(claimed(instance, receipts), [], "nobody can run them")
        reviewer = Client(instance, "reviewer")
        state = reviewer.decide(receipts[0]["id"], "approve", "did not look")["state"]
        last = reviewer.decide(receipts[1]["id"], "approve", "did not look")["code"]
        if layer is no_orchestration:
            tap.equal((state, last), ("granted", "final"),
                      "layers 1 and 2 still ask for a vote, though one careless one is now enough …")
            tap.ok(not any(boundary.allows(action) for action in DELETES),
                   "… and then the cloud's boundary, layer 2 outside the broker, refuses")
        else:
            tap.equal((state, last, claimed(instance, receipts)), ("pending", "final", []),
                      "nor after one careless approval")
        tap.equal(instance.verify(), "", "the log verifies")


def all_off(boundary):
    """A broker that says yes to everything."""
    with Instance(without(no_planning, no_permissions, no_gateway, no_orchestration)) as instance:
        receipts = incident(instance, lying=True)
        tap.equal([r["state"] for r in receipts], ["granted", "granted"],
                  "a policy without any layer lets the deletions through …")
        tap.ok(not any(boundary.allows(action) for action in DELETES), "… and the cloud's boundary still refuses both")
        tap.ok(boundary.allows("cloudformation:DescribeStacks"), "though it lets the agent look")


kept = exported()
layer_off(1, "planning constraints", no_planning, {2, 4}, kept)
layer_off(2, "permissions", no_permissions, {1, 4}, kept)
layer_off(3, "gateway", no_gateway, {1, 2, 4}, kept)
layer_off(4, "orchestration", no_orchestration, {1, 2}, kept)
all_off(kept)
tap.done()
