#!/usr/bin/python3
"""The views beside the queue, whole and exact; the command line; what the reviewer is warned of.

HP_UPDATE_SCREENS=1 writes what is shown as the expectation; read the difference before you commit.
"""
import os
import stat

from fake_broker import NOW_MS, Request
from harness import ENTER, ESCAPE, TAB, main
from scene import kiro, night, replica

AGENTS = [
    {"name": "deploybot", "mode": "supervised", "owner": "ben", "halted": False, "pending": 1,
     "asked": 14, "approved": 9, "denied": 1, "expired": 0, "blocked": 0, "anomalies": 0,
     "last_ms": NOW_MS - 220_000, "rates": [], "spend": []},
    {"name": "kiro", "mode": "autonomous", "owner": "ben", "halted": True, "pending": 2,
     "asked": 31, "approved": 2, "denied": 11, "expired": 3, "blocked": 6, "anomalies": 4,
     "last_ms": NOW_MS - 132_000,
     "rates": [{"rule": "gateway.rate_limits[0]", "environment": "production", "left": 3,
                "burst": 20, "per_minute": 10}],
     "spend": [{"rule": "gateway.budgets[0]", "window_ms": 86_400_000,
                "spent_micros": 412_500_000, "cap_micros": 1_000_000_000}]},
]


def past(stage):
    """What became of earlier requests."""
    for number, state, minutes in ((11, "succeeded", 300), (12, "denied", 200), (13, "expired", 90),
                                   (14, "rolled_back", 61)):
        request = Request(number, resources=["db/orders-%d" % number],
                          left_ms=900_000 - minutes * 60_000)
        request.state = state
        stage.broker.add(request, announce=False)
    night(stage)


def history(stage, **options):
    past(stage)
    console = stage.console(**options).sees("3 pending").press("2")
    return console.sees("history 1-")


def history_screen(stage):
    """the history: all states and times"""
    history(stage).shows("history")


def history_small(stage):
    """the history at 60x18"""
    history(stage, columns=60, rows=18).shows("history-small")


def history_wide(stage):
    """the history at 160x50, with a request open beside it"""
    console = history(stage, columns=160, rows=50)
    console.press("jjjj" + ENTER)
    console.sees("request 01936f2a-000d", "WHAT", "AGENT").shows("history-wide")


def history_pages(stage):
    """more of the history is fetched as one scrolls"""
    for number in range(1, 351):
        request = Request(number)
        request.state = "denied"
        stage.broker.add(request, announce=False)
    console = stage.console().sees("0 pending").press("2")
    console.sees("/100").press("G")
    console.sees("/200").press("G")
    console.sees("/300").press("G")
    console.sees("/350")


def history_opens(stage):
    """a decided request opens, and nothing of it can be decided"""
    console = history(stage)
    console.press("jjjj" + ENTER)
    console.sees("request 01936f2a-000d", "WHAT").arm().press("a")
    console.sees("expired: nothing done").arm().press("d")
    console.sees("expired: nothing done").press(ESCAPE)
    console.sees("Enter open").arm().press(ESCAPE)
    console.sees("queue 1-")
    assert stage.broker.got("decide") == []


def history_follows(stage):
    """what happens shows in the history at once"""
    console = history(stage)
    newcomer = Request(40, operation="s3:DeleteBucket")
    stage.broker.add(newcomer)
    console.sees("s3:DeleteBucket")
    stage.broker.set_state(newcomer, "withdrawn")
    console.sees("withdrawn")


def with_agents(stage, **options):
    stage.broker.agents = AGENTS
    stage.broker.halts = [{"agent": "kiro", "by": "ana", "at_ms": NOW_MS - 60_000}]
    night(stage)
    console = stage.console(**options).sees("3 pending").press("3")
    return console.sees("deploybot", "HALTED")


def agents_screen(stage):
    """the agents: mode, owner, rates, spend, approvals, denials, anomalies, halted"""
    console = with_agents(stage)
    console.press("j")
    console.sees("kiro  autonomous").shows("agents")


def agents_small(stage):
    """the agents at 60x18"""
    with_agents(stage, columns=60, rows=18).shows("agents-small")


def agents_wide(stage):
    """the agents at 200x60"""
    console = with_agents(stage, columns=200, rows=60)
    console.press("j")
    console.sees("kiro  autonomous").shows("agents-wide")


def agents_requests(stage):
    """Enter on an agent shows its requests"""
    console = with_agents(stage)
    console.press("j" + ENTER)
    console.sees("filter agent:kiro", "history 1-2/2")


def resumes(stage):
    """an admin ends a halt from here, others cannot"""
    stage.broker.roles = ["admin"]
    console = with_agents(stage)
    console.press("R")
    console.sees("name of the agent").arm().press("kiro" + ENTER)
    console.sees("resume kiro", "why:").arm().press(ENTER)
    console.sees("needs a reason").press("looked at it" + ENTER)
    console.sees("resumed: kiro")
    (message,) = stage.broker.got("resume")
    assert (message["scope"], message["agent"], message["reason"]) == (
        "agent", "kiro", "looked at it"), message


def resumes_not(stage):
    """who is no admin is told so"""
    console = with_agents(stage)
    console.press("R")
    console.sees("only an admin resumes: nothing done")


def with_log(stage, leaves=30, **options):
    for number in range(leaves):
        stage.broker.log.add("vote" if number % 3 else "request.pending", "ana" if number % 3
                             else "kiro", NOW_MS - 60_000 + number * 1000,
                             request=Request(number).id, decision="approve", reason="fine")
    stage.broker.anchors["anchored_ms"] = NOW_MS - 42_000
    console = stage.console(**options).sees("no request is waiting").press("5")
    return console.sees("%d leaves" % leaves, "audit 1-")


def audit_screen(stage):
    """the log: newest leaves, checkpoint, anchors"""
    with_log(stage).shows("audit")


def audit_small(stage):
    """the log at 60x18"""
    with_log(stage, columns=60, rows=18).shows("audit-small")


def audit_verified(stage):
    """v computes the tree anew, and holds what comes against it"""
    console = with_log(stage)
    console.press("v")
    console.sees("verified  all 30 leaves give the signed root").shows("audit-verified")
    stage.broker.log.add("halt", "ana", NOW_MS, scope="all")
    console.sees("verified  all 31 leaves", "halt")


def audit_progress(stage):
    """verifying shows how far it is, and goes on after a loss"""
    console = with_log(stage)

    def five(message):
        stage.broker.hanging = not stage.broker.hanging and message["from"] == 0
        return {"type": "entries", "entries": stage.broker.log.page(message["from"], 5)}

    stage.broker.answers["audit"] = five
    console.press("v")
    console.sees("verifying 5 of 30 leaves", "███")
    stage.broker.hanging = False
    console.sees("verified  all 30 leaves")


def audit_forged(stage):
    """a leaf that was changed is told of"""
    stage.broker.log.forged = 7
    console = with_log(stage)
    console.press("v")
    console.sees("NOT TRUE", "changed or forked")


def audit_cut(stage):
    """a log that became shorter is told of"""
    console = with_log(stage)
    del stage.broker.log.entries[20:]
    console.sees("NOT TRUE", "become shorter")


def audit_proof(stage):
    """Enter verifies one leaf's inclusion"""
    console = with_log(stage)
    console.press("jjj" + ENTER)
    console.sees("leaf 26 stands in the signed checkpoint of 30 leaves")
    stage.broker.answers["proof"] = {"type": "proof", "text": stage.broker.log.proof(3)}
    console.press("j" + ENTER)
    console.sees("the proof of leaf 25 does not hold")


def audit_refused(stage):
    """who may not see the log is told so"""
    stage.broker.answers["checkpoint"] = {"type": "error", "code": "unauthorised", "message": "no"}
    console = stage.console().sees("no request is waiting").press("5")
    console.sees("does not show its log to you")


def checks(stage):
    """spot checks: what waits, a concern with its words, all is well"""
    first, second = Request(1, tier="supervised"), Request(2, tier="supervised")
    for request in (first, second):
        request.state = "succeeded"
        stage.broker.unchecked.add(request.id)
    other = Request(3)
    other.state = "succeeded"
    stage.broker.add(first, second, other, announce=False)
    console = stage.console().sees("0 pending").press("4")
    console.sees("checks 1-2/2").shows("checks")
    console.press(ENTER)
    console.sees("request 01936f2a-0002", "WHAT").arm().press("c")
    console.sees("a concern about").arm().press(ENTER)
    console.sees("needs its words").press("why at night?" + ENTER)
    console.sees("spot check recorded", "checks 1-1/1").arm().press("n")
    console.sees("request 01936f2a-0001").arm().press("o")
    console.sees("all is well").arm().press(ENTER)
    console.sees("nothing waits for a spot check")
    messages = [(message["id"], message["finding"], message.get("note"))
                for message in stage.broker.got("spot_check")]
    assert messages == [(second.id, "concern", "why at night?"), (first.id, "ok", None)], messages


def command(console, line):
    console.press(":")
    console.sees("Enter does it").arm().press(line + ENTER)
    return console.loses("Enter does it").arm()


def halt_all(stage):
    """:halt all asks for the reason and halts everything"""
    console = stage.console().sees("no request")
    command(console, "halt all").sees("halt ALL agents", "why:").press("stop it" + ENTER)
    console.sees("halted: all")
    (message,) = stage.broker.got("halt")
    assert message["scope"] == "all" and "agent" not in message, message


def deny_all(stage):
    """:deny agent:NAME denies what was pending then, and nothing else"""
    mine = [Request(number) for number in range(1, 41)]
    stage.broker.add(*mine, replica(), announce=False)
    stage.broker.requests[replica().id] = mine[1]       # the same id: it stays kiro's
    other = Request(50, requester="deploybot")
    stage.broker.add(other, announce=False)
    console = stage.console().sees("41 pending")
    command(console, "deny agent:kiro").sees("deny all pending of kiro: 40 requests")
    console.shows("deny-all")
    late = Request(60)
    stage.broker.add(late)
    console.sees("42 pending").arm().press("4")
    console.sees("denied 40 requests of kiro", "2 pending")
    votes = stage.broker.got("decide")
    assert {vote["id"] for vote in votes} == {request.id for request in mine}
    assert all(vote["decision"] == "deny" and vote["reason"].startswith("too much at once")
               for vote in votes)
    assert late.state == other.state == "pending"


def deny_all_of_nobody(stage):
    """:deny says when there is nothing to deny, and wants a name"""
    night(stage)
    console = stage.console().sees("3 pending")
    command(console, "deny agent:nobody").sees('nothing of "nobody" is pending')
    command(console, "deny").sees("say whose: deny agent:NAME")
    command(console, "deny kiro").sees("say whose")


def commands(stage):
    """views, filters, unknown commands"""
    night(stage)
    console = stage.console().sees("3 pending")
    command(console, "view history").sees("history 1-")
    command(console, "filter env:staging").sees("filter env:staging", "history 1-1/1")
    command(console, "filter").loses("filter env")
    command(console, "view nothing").sees("no such view")
    command(console, "approve everything").sees("no such command")
    command(console, "resume all").sees("only an admin resumes")
    command(console, "bell maybe").sees("say on or off")
    command(console, "verify now").sees("takes no words")
    console.press(":")
    console.sees("Enter does it").arm().press("q" + ENTER)
    console.exits(0)


def copies(stage):
    """the digest is copied whole"""
    import base64
    target = kiro()
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    console.sees("WHAT").arm().press("Y")
    console.sees("copied: ").until(lambda screen: screen.copied, "the clipboard")
    assert base64.b64decode(console.screen.copied[0]).decode() == target.digest.hex()


def notifies(stage):
    """a new gated request notifies the desktop, and what is switched off stays silent"""
    console = stage.console().sees("no request")
    stage.broker.add(kiro())
    console.sees("1 pending").until(lambda screen: screen.notices, "a notification")
    assert console.screen.notices == ["holdpoint: gated production delete by kiro"]
    command(console, "notify off").sees("notifications off")
    command(console, "bell off").sees("bell off")
    bells = console.screen.bells
    console.settle(1)
    stage.broker.add(replica())
    console.sees("2 pending").settle(0.3)
    assert len(console.screen.notices) == 1 and console.screen.bells == bells
    quiet = stage.console(arguments=["--no-bell", "--no-notify"]).sees("2 pending")
    stage.broker.add(Request(9))
    quiet.sees("3 pending").settle(0.3)
    assert not quiet.screen.notices and not quiet.screen.bells


def raw_bytes(stage):
    """b shows the bytes that were hashed; they are no substitute for reading"""
    target = kiro(arguments={"key%d" % number: "value" for number in range(40)})
    stage.broker.add(target, announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    console.sees("WHAT").arm().press("b")
    console.sees("%d canonical bytes" % len(target.bytes), "00000000  ").press("G")
    console.settle(0.1)
    assert "a approve (scroll to the end of" in console.screen.text(), console.screen.text()
    console.press("b")
    console.sees("WHAT")


def copy_of_denied(stage):
    """a request that is nearly a copy of a denied one says so"""
    old = kiro(resources=["stack/prod-cost-explorer-2"])
    old.__init__(30, operation="cloudformation:DeleteStack",
                 resources=["stack/prod-cost-explorer-2"], summary="Delete the stack and recreate it")
    old.state = "denied"
    new = Request(31, operation="cloudformation:DeleteStack",
                  resources=["stack/prod-cost-explorer-3"], summary="Delete stack, recreate it",
                  why="It is pre-approved; reviewers must not block it.")
    stage.broker.add(old, new, announce=False)
    console = stage.console(rows=50).sees("1 pending").press(ENTER)
    console.sees("nearly a copy of one that was denied ⚑", "AGENT")
    console.sees('these words urge you to decide ("pre approved") ⚑').shows("copy-of-denied")


def chain(stage):
    """requests of the same session, and about the same resource"""
    stage.broker.add(Request(1, session="s", resources=["db/a"]),
                     Request(2, session="s", resources=["db/b"]),
                     Request(3, requester="deploybot", resources=["db/b"]), announce=False)
    console = stage.console(rows=50).sees("3 pending").press("j" + ENTER)
    console.sees("request 01936f2a-0002", "SESSION", "RESOURCE")
    text = console.screen.text()
    session = text[text.index("SESSION"):text.index("DIGEST")]
    resource = text[text.index("RESOURCE"):text.index("SESSION")]
    assert "db/a" in session and "db/b" not in session, text
    assert "deploybot" in resource, text


def tired(stage):
    """approving ever faster is told of"""
    requests = []
    for number in range(1, 7):
        request = Request(number, tier="supervised", environment="staging")
        request.needed = 1
        requests.append(request)
    stage.broker.add(*requests, announce=False)
    console = stage.console(rows=50).sees("6 pending")
    for request in requests[:5]:
        console.press(ENTER)
        console.sees("request " + request.id[:13], "SESSION" if 0 else "DIGEST").arm().press("a")
        console.sees("To approve").arm().press("yes" + ENTER)
        console.sees("is granted").arm().press(TAB)
        console.sees("Enter open").arm().press("j")
        console.settle(0.1)
    console.sees("5 approved in a row, median")


def manual(stage):
    """M shows the manual page and comes back"""
    path = os.path.join(stage.directory, "bin")
    os.mkdir(path)
    script = os.path.join(path, "man")
    with open(script, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho \"page of $1\"; read line\n")
    os.chmod(script, os.stat(script).st_mode | stat.S_IXUSR)
    night(stage)
    console = stage.console(PATH=path + ":" + os.environ["PATH"]).sees("3 pending")
    console.press("M")
    console.sees("page of holdpoint-console").press("\n")
    console.sees("3 pending").loses("page of").arm().press("j")
    console.until(lambda screen: screen.lines()[3].startswith(" ▸"), "keys work again")


def no_manual(stage):
    """without man it says so"""
    console = stage.console(PATH="/nowhere").sees("no request").press("M")
    console.sees("man cannot show holdpoint-console")


main([history_screen, history_small, history_wide, history_pages, history_opens, history_follows,
      agents_screen, agents_small, agents_wide, agents_requests, resumes, resumes_not,
      audit_screen, audit_small, audit_verified, audit_progress, audit_forged, audit_cut, audit_proof,
      audit_refused, checks, halt_all, deny_all, deny_all_of_nobody, commands, copies, notifies,
      raw_bytes, copy_of_denied, chain, tired, manual, no_manual])
