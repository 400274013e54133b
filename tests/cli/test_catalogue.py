"""The shipped policy against all of AWS: every action of the catalogue, read here from the text that
the broker's tables are made of, is judged as an agent's in production."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from judged import SOURCE, Tap, judge, trial_instance  # noqa: E402

CREDENTIALS = """acm:ExportCertificate codeartifact:GetAuthorizationToken cognito-identity:GetCredentialsForIdentity
cognito-idp:DescribeUserPoolClient ec2:GetPasswordData ecr:GetAuthorizationToken eks:GetToken
elasticmapreduce:GetClusterSessionCredentials iam:CreateAccessKey iam:CreateServiceSpecificCredential kms:Decrypt
kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext lakeformation:GetTemporaryGlueTableCredentials
lightsail:DownloadDefaultKeyPair lightsail:GetBucketAccessKeys redshift:GetClusterCredentials
redshift:GetClusterCredentialsWithIAM secretsmanager:BatchGetSecretValue secretsmanager:GetSecretValue
ssm:GetParameter ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath states:RevealSecrets
sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:GetFederationToken sts:GetSessionToken
wafv2:GetDecryptedAPIKey""".split()


def catalogue():
    """[(service:Action, level)]"""
    actions, service, level = [], "", ""
    with open(os.path.join(SOURCE, "core", "aws_actions.txt")) as text:
        for line in text:
            if line.startswith("\t"):
                actions += [(f"{service}:{name}", level) for name in line.split()]
            elif not line.startswith("#"):
                service, level = line.split()
    return actions


def requests(actions, as_):
    return [{"as": as_, "request": {"action": {"operation": name, "environment": "production"},
                                    "impact": {"resources_affected": 1, "reversible": True}}}
            for name, _ in actions]


tap = Tap()
actions = catalogue()
tap.ok(len(actions) > 20000 and len(set(actions)) == len(actions), f"{len(actions)} actions, each once")
with trial_instance() as home:
    answers = judge(home, requests(actions, "demo-agent"))
    supervised = judge(home, requests(actions, "demo-agent-supervised"))
    secrets = judge(home, requests([(name, "") for name in CREDENTIALS], "demo-agent"))

levels = collections.Counter(level for _, level in actions)
classes = collections.Counter()
bad = collections.defaultdict(list)
for (name, level), answer in zip(actions, answers):
    found = set(answer["class"])
    classes.update((level, kind) for kind in found)
    changes = level in ("write", "tagging", "permissions")
    if changes and "read" in found:
        bad["read"].append(name)
    if changes and answer["verdict"] not in ("hold", "block"):
        bad["allowed"].append(name)
    if level == "permissions" and "modify_iam" not in found:
        bad["permissions"].append(name)
    if not changes and not found & {"read", "credentials"}:
        bad["unread"].append(name)
    if not changes and "unknown" in found:
        bad["unknown"].append(name)
    if not changes and found == {"read"} and answer["verdict"] != "allow":
        bad["held"].append(name)
for level in levels:
    counted = ", ".join(f"{kind} {classes[level, kind]}" for _, kind in sorted(
        (key for key in classes if key[0] == level), key=lambda key: -classes[key]))
    print(f"# {level}: {levels[level]}: {counted}")


def none(key, name):
    tap.ok(not bad[key], name, bad[key][:20])


none("read", "nothing that changes something is read")
none("allowed", "nothing that changes something is allowed to an autonomous agent")
none("permissions", "what manages permissions is modify_iam")
none("unread", "what lists or reads is read or credentials")
none("unknown", "and never unknown")
held = bad["held"]
tap.ok(len(held) * 1000 < levels["list"] + levels["read"], f"{len(held)} plain reads are held for a word in their name",
       held)
unknown = classes["write", "unknown"]
tap.ok(unknown * 20 < levels["write"], f"{unknown} of {levels['write']} writes are of no known class")
loose = [name for (name, level), answer in zip(actions, supervised)
         if answer["verdict"] in ("allow", "log") and set(answer["class"]) - {"read", "patch", "minor_update"}]
tap.ok(not loose, "a supervised agent changes settings and labels, nothing else", loose[:20])
missing = [name for name, answer in zip(CREDENTIALS, secrets) if "credentials" not in answer["class"]]
tap.ok(not missing, f"{len(CREDENTIALS)} that show secrets are credentials", missing)
tap.done()
