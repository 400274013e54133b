"""audit report: its figures against what was done, from a database and an export, as text, JSON and HTML."""
import html.parser
import json
import os
import re
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
from hp import HOLDPOINT, Client, Instance, request, tap  # noqa: E402

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e&\"'"
VOID = {"meta", "rect"}


class Page(html.parser.HTMLParser):
    """What a browser would make of it: tags, texts, links, and whether it nests."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.ids, self.links, self.outside, self.crossed = [], [], set(), [], [], []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            if name == "href":
                self.links.append(value)
            if name in ("src", "href", "action", "style", "xlink:href") and not value.startswith("#"):
                self.outside.append((tag, name, value))
            if name.startswith("on"):
                self.outside.append((tag, name, value))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        self.text += data


def play(instance):
    """A day's work; what of it is counted."""
    agent, other = Client(instance, "demo-agent-supervised"), Client(instance, "demo-agent")
    reviewers = [Client(instance, "reviewer"), Client(instance, "reviewer2")]
    admin, executor = Client(instance, "admin"), Client(instance, "executor")
    held = [agent.submit(summary=f"number {n}", session="s")["id"] for n in range(5)]
    for n, decision in enumerate(["approve", "approve", "approve", "deny"]):
        reviewers[n % 2].decide(held[n], decision, "looked at")
    executor.call(type="claim", id=held[0], nonce=os.urandom(16), timeout_ms=0)
    other.submit(operation="elasticbeanstalk:DeleteEnvironment", resources=["prod " + HOSTILE], summary=HOSTILE)
    agent.submit(why="the key is AKIAQZXWVUTSRQPONMLK")
    for _ in range(3):
        agent.ask(type="submit", **request(impact="no"))
    late = agent.submit(ttl_s=1)["id"]
    while agent.call(type="wait", id=late, until="decided", timeout_ms=5000)["state"] == "pending":
        pass
    reviewers[0].call(type="halt", scope="agent", agent="demo-agent-supervised", reason="odd")
    executor.call(type="report", id=held[0], result="failed")
    admin.call(type="resume", scope="agent", agent="demo-agent-supervised", reason="fine")
    admin.call(type="erase", id=late, reason="asked")
    assert instance.cli("--as", "admin", "revoke", "auditor").returncode == 0
    for client in (agent, other, admin, executor, *reviewers):
        client.close()


def figures(report):
    return {figure["name"]: figure for figure in report["figures"]}


def rows(figure):
    return {row["label"]: row["count"] for row in figure["rows"]}


def check_figures(report):
    f = figures(report)
    tap.equal({a["article"] for a in report["figures"]}, {"Art. 9", "Art. 12", "Art. 14", "Art. 15"}, "four articles")
    tap.ok(all(a["query"] and a["title"] for a in report["figures"]), "every figure names its query")
    tap.ok(all(a["leaves"] for a in report["figures"] if a["count"]), "and links leaves")
    tap.equal((f["actions"]["count"], rows(f["actions_by_tier"]), rows(f["actions_by_effect"])),
              (7, {"gated": 7}, {"hold": 6, "block": 1}), "Art. 9: actions by tier and effect, but for the erased one")
    tap.equal(rows(f["actions_by_class"]).get("delete_environment"), 1, "by class")
    tap.equal(len(f["policy_versions"]["rows"]), 1, "the policy's versions")
    tap.equal(sum(rows(f["leaves_by_event"]).values()), report["leaves"], "Art. 12: all leaves are counted")
    keys = [row["label"].split(" ", 1)[1] for row in f["key_history"]["rows"]]
    tap.equal(sum(" enrolled" in key for key in keys), 9, "each key that was enrolled")
    tap.ok(keys[-1].startswith("auditor revoked") and "key" in keys[-1], "and revoked, with its key", keys)
    tap.equal(rows(f["decisions"]), {"reviewer: approve": 2, "reviewer2: approve": 1, "reviewer2: deny": 1},
              "Art. 14: decisions by person")
    tap.ok(f["time_to_decide"]["count"] == 4 and 0 <= f["time_to_decide"]["median_ms"] <= f["time_to_decide"]["most_ms"]
           < 60000, "time to decide")
    tap.equal((rows(f["not_decided"]), rows(f["halts"]), f["halted"]["count"]),
              ({"request.expired": 1}, {"halt: agent": 1, "resume: agent": 1}, 4), "expiries and halts")
    tap.ok(f["halt_last"]["count"] == 1 and 0 <= f["halt_last"]["most_ms"] < 60000, "how fast the halt took hold")
    tap.equal((f["blocked"]["count"], rows(f["refused"]), f["redactions"]["count"], f["strangers"]["count"]),
              (1, {"malformed": 3}, 1, 0), "Art. 15: blocked, refused, redacted")
    tap.equal((rows(f["in_a_row"]), rows(f["approved_share"])),
              ({"reviewer": 2, "reviewer2": 1}, {"reviewer": 100, "reviewer2": 50}), "signals of fatigue")
    tap.equal(rows(f["erasures"]), {"asked": 2}, "bodies erased")
    checks = {check["name"]: check["shown"] for check in report["checks"]}
    tap.equal(len(checks), 8, "the eight checks")
    tap.ok(report["checks_from"] == "log" and all(c["query"] for c in report["checks"]), "which say where they are from")
    tap.ok(checks["timeout"] and checks["audit_trail"] and not checks["permission_scoping"], "and what the log shows")


def check_html(path, report):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    tap.ok(not page.open and not page.crossed, "HTML: it nests", (page.open, page.crossed))
    tap.ok("script" not in page.tags and not page.outside, "no scripts, nothing from elsewhere", page.outside)
    tap.ok(not re.search(r"url\(|@import|https?:", text), "not in its style either")
    tap.ok("svg" in page.tags and "prefers-color-scheme:dark" in text and "@media print" in text,
           "charts; light, dark and print")
    tap.ok(page.links and all(link[1:] in page.ids for link in page.links), f"{len(page.links)} links to leaves lead there")
    tap.ok(all(figure["title"] in page.text for figure in report["figures"]), "every figure is there")
    tap.ok("does not establish" in page.text, "it says what it is not")


with Instance(config=lambda text: text + "anchors: [{file: anchor}]\n") as instance:
    play(instance)
    run = instance.cli("audit", "report", "--json")
    tap.equal((run.returncode, run.stderr), (0, ""), "audit report --json, offline beside a live broker")
    report = json.loads(run.stdout)
    tap.ok(report["verification"]["verified"] and "does not establish" in report["statement"], "verified; says what it is not")
    check_figures(report)

    text = instance.cli("audit", "report")
    tap.ok(text.returncode == 0 and "Art. 9" in text.stdout and "does not establish" in text.stdout, "as text")
    tap.ok(not re.search("[\x00-\x09\x0b-\x1f\x7f-\uffff]", text.stdout), "of printable ASCII")
    page = os.path.join(instance.dir, "report.html")
    tap.equal(instance.cli("audit", "report", "--html", page).returncode, 0, "as HTML")
    check_html(page, report)

    export = os.path.join(instance.dir, "export")
    with open(export, "w", encoding="utf-8") as file:
        file.write(instance.cli("audit", "export").stdout)
    other = instance.cli("audit", "report", "--json", "--export", export, "--anchor", f"{instance.home}/anchor")
    again = json.loads(other.stdout)
    tap.equal((again["figures"], again["leaves"]), (report["figures"], report["leaves"]), "an export gives the same figures")
    tap.ok(again["verification"]["anchored"] > 0, "against an anchor, if there is one")

    tap.equal(json.loads(instance.cli("audit", "report", "--json", "--from", "2100-01-01").stdout)["leaves"], 0,
              "--from counts nothing that is earlier")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
    whole = json.loads(instance.cli("audit", "report", "--json", "--from", "2020-01-01T00:00:00Z", "--to", day).stdout)
    tap.equal(whole["figures"], report["figures"], "a range around all of it changes nothing")
    for arguments, word in ((["--from", "yesterday"], "--from"), (["--to", "2026-02-30"], "--to"),
                            (["--json", "--html", "x"], "not both"),
                            (["--from", "2026-02-02", "--to", "2026-02-01"], "before"),
                            (["--html", "/nowhere/x"], "/nowhere/x"), (["--db", "/nowhere"], "/nowhere")):
        bad = instance.cli("audit", "report", *arguments)
        tap.ok(bad.returncode == 2 and word in bad.stderr and bad.stderr.count("\n") == 1, f"refused: {arguments}",
               bad.stderr)

    instance.kill(15)
    copy = os.path.join(instance.dir, "copy.db")
    with open(f"{instance.home}/state/holdpoint.db", "rb") as old, open(copy, "wb") as new:
        new.write(old.read())
    base = sqlite3.connect(copy)
    base.execute("DROP TRIGGER leaf_fixed")
    base.execute("UPDATE leaf SET body = x'80' WHERE seq = 5")
    base.commit()
    base.close()
    key = instance.broker["log_key"]
    bad = subprocess.run([HOLDPOINT, "audit", "report", "--db", copy, "--log-key", key], text=True, capture_output=True)
    tap.ok(bad.returncode == 11 and "DOES NOT VERIFY" in bad.stdout, "a log that was changed: said first, exit 11",
           bad.stderr)
tap.done()
