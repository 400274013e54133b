"""`policy export aws-iam`: the boundary, evaluated here as IAM evaluates one, beside the verdicts of the
policy on every action that AWS has."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from boundary import Boundary  # noqa: E402
from judged import HOLDPOINT, SOURCE, Tap, environment, judge, trial_instance  # noqa: E402

QUOTA = 6144


def catalogue():
    service = ""
    with open(os.path.join(SOURCE, "core", "aws_actions.txt")) as text:
        for line in text:
            if line.startswith("\t"):
                yield from (f"{service}:{name}" for name in line.split())
            elif not line.startswith("#"):
                service = line.split()[0]


def export(home, *arguments):
    run = subprocess.run([HOLDPOINT, "policy", "export", "aws-iam", *arguments], text=True, capture_output=True,
                         env=environment(home))
    return run.returncode, run.stdout, run.stderr


def check(tap, home, actions, who, mode, *arguments, at_least):
    code, text, said = export(home, "--mode", mode, *arguments)
    what = " ".join((mode, *arguments))
    tap.ok(code == 0 and len(text.strip()) <= QUOTA, f"{what}: {len(text.strip())} characters of {QUOTA}", [said])
    boundary = Boundary(text)
    answers = judge(home, [{"as": who, "request": {
        "action": {"operation": action, "environment": "production"},
        "impact": {"resources_affected": 1, "reversible": True}}} for action in actions])
    free = {action for action, answer in zip(actions, answers) if answer["verdict"] in ("allow", "log")}
    let = {action for action in actions if boundary.allows(action)}
    services = {action.split(":")[0] for action in let}
    tap.ok(not let - free, f"{what}: each of {len(actions) - len(free)} that the policy stops is denied",
           sorted(let - free)[:20])
    denied = {action for action in free - let if action.split(":")[0] in services}
    tap.ok(not denied, f"{what}: none that it allows is denied in {len(services)} services", sorted(denied)[:20])
    tap.ok(len(services) >= at_least and len(let) > 0, f"{what}: {len(let)} of {len(free)} allowed actions have room")
    tap.ok(mode != "autonomous" or not any(boundary.allows(action) for action in (
        "s3:GrantEverything", "nosuchservice:GetThing", "ec2:Obliterate", "logs:StartSomething", "ec2:ExportAll",
        "s3:DeleteAll")),
        f"{what}: what AWS does not have yet is denied")
    return services


tap = Tap()
actions = list(catalogue())
with trial_instance() as home:
    services = check(tap, home, actions, "demo-agent", "autonomous", at_least=40)
    tap.ok({"ec2", "s3", "iam", "rds", "lambda", "dynamodb", "logs"} <= services, "the common services have room")
    services = check(tap, home, actions, "demo-agent", "autonomous", "--service", "s3", "--service", "qldb", at_least=2)
    tap.ok(services == {"s3", "qldb"}, "the services that were asked for, and no other")
    check(tap, home, actions, "demo-agent-supervised", "supervised", at_least=5)
    none = [f"--service={service}" for service in sorted({action.split(":")[0] for action in actions})]
    for arguments, code, message in (
            (["--service", "s33"], 2, "holdpoint: policy export: --service: no actions of \"s33\" are known\n"),
            (["--mode", "human"], 2,
             "holdpoint: policy export: --mode: expected autonomous or supervised, found \"human\"\n"),
            (["--environment", "moon"], 2, "holdpoint: policy export: the policy has no environment \"moon\"\n")):
        tap.ok(export(home, *arguments) == (code, "", message), message.strip(), [export(home, *arguments)])
    code, text, said = export(home, *none)
    tap.ok(code == 2 and not text and "does not fit: a boundary may have 6144 characters" in said,
           "all services do not fit, and that is said", [said])
    run = subprocess.run([HOLDPOINT, "policy", "export", "gcp"], text=True, capture_output=True,
                         env=environment(home))
    tap.ok((run.returncode, run.stderr) == (2, 'holdpoint: policy export: expected aws-iam, found "gcp"\n'),
           "another cloud is refused", [run.stderr])
tap.done()
