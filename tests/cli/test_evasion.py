"""The corpus of tests/policy/evasion-*.yaml, judged as the autonomous agent's in production: nothing
destructive is allowed, and nearly everything harmless is."""
import os
import sys

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from judged import SOURCE, Tap, judge, trial_instance  # noqa: E402


def corpus(kind):
    """[(name, line for `policy explain`)]"""
    with open(os.path.join(SOURCE, "tests", "policy", f"evasion-{kind}.yaml")) as text:
        cases = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for case in cases:
        assert case["as"] == "demo-agent" and case["request"]["action"]["environment"] == "production", case
    return [(case["name"], {"as": case["as"], "request": case["request"]}) for case in cases]


tap = Tap()
destructive, harmless = corpus("destructive"), corpus("harmless")
with trial_instance() as home:
    verdicts = [answer["verdict"] for answer in judge(home, [line for _, line in destructive + harmless])]
allowed = [name for (name, _), verdict in zip(destructive, verdicts) if verdict not in ("hold", "block")]
held = [name for (name, _), verdict in zip(harmless, verdicts[len(destructive):])
        if verdict not in ("allow", "log")]
print(f"# destructive: {len(destructive)}, allowed {len(allowed)}")
print(f"# harmless: {len(harmless)}, held {len(held)} ({100 * len(held) / len(harmless):.1f} %)")
for cases, kind in ((destructive, "destructive"), (harmless, "harmless")):
    actions = {str(line) for _, line in cases}
    tap.ok(len(cases) >= 300 and len(actions) == len(cases), f"{len(cases)} {kind} actions, each once")
tap.ok(not allowed, "none of the destructive ones is allowed", allowed)
tap.ok(len(held) * 100 <= 3 * len(harmless), "at most 3 % of the harmless ones are held", held)
tap.done()
