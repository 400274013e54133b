#!/usr/bin/python3
"""Hostile text in every text field: shown escaped, forging nothing (console.md, truth 5).

The terminal of screen.py raises at any control character, format character or sequence that the
console itself does not write, so every screen drawn here is a check of its own.
"""
import json
import os

from fake_broker import IMPACT_KEYS, Request
from harness import ENTER, SOURCE, main

with open(os.path.join(SOURCE, "tests", "fixtures", "hostile-text.json"),
          encoding="utf-8") as file:
    CASES = json.load(file)["cases"]

MARK = "ZZ"     # stands before and behind each hostile value, to find it again


def wrap(text, limit=60_000):
    """Not longer than the field may be; a broker would not let more through."""
    room = limit - 2 * len(MARK)
    return MARK + text.encode()[:room].decode(errors="ignore") + MARK


def hostile(text):
    """A request with the text wherever a stranger can put text."""
    name, line, text = wrap(text, 64), wrap(text, 128), wrap(text)
    impact = dict.fromkeys(IMPACT_KEYS, 1)
    impact.update(reversible=True, note=text)
    request = Request(
        1, operation=line, environment=name, resources=[text, text], arguments={text: [text]},
        command=[text, text], cwd=text, env={text: text},
        files=[{"path": text, "sha256": "0" * 64}], audience=name, summary=line, why=text,
        impact=impact, alternatives=[{"approach": text, "rejected_because": text}],
        rollback={"plan": text, "operation": line, "command": [text], "arguments": {text: text},
                  "minutes": 1},
        session=name, branch=name, evidence=[{"label": text, "text": text}], requester=name,
        owner=name, mode="autonomous", **{"class": [name]},
        findings=[{"layer": 1, "rule": text, "effect": "hold", "message": text, "line": 1}],
        quorum=[{"groups": [name], "count": 1}])
    request.notes.append({"by": text, "at_ms": request.deadline_ms, "text": text})
    request.history.append({"at_ms": request.deadline_ms, "state": "pending", "by": text,
                            "reason": text})
    return request


def whole_page(console):
    """All lines of the open request, by scrolling one at a time."""
    first, last = 6, 20         # the pane's lines that show it, at 80x24
    console.sees("WHAT").arm().press("g")
    console.settle(0.1)
    lines = console.screen.lines()[first:last]
    while "more line" in console.screen.text():
        top = console.screen.lines()[5]
        console.press("j")
        console.until(lambda screen: screen.lines()[5] != top, "the next line")
        lines.append(console.screen.lines()[last])
    lines.append(console.screen.lines()[21])
    return lines


LABELS = ("WHAT", "WHY", "IMPACT", "ALTERNAT.", "ROLLBACK", "EVIDENCE", "BY", "RULES", "QUORUM",
          "NOTES", "HISTORY", "AGENT", "RESOURCE", "SESSION", "DIGEST")


def labels(lines):
    """The sections that the page claims to have, without repeats at the window's edge."""
    found = [line[1:10].strip() for line in lines if line[1:2].strip()]
    return [label for at, label in enumerate(found) if at == 0 or found[at - 1] != label]


def check(stage, name):
    request, quiet = hostile(CASES[name]), hostile("quiet")
    quiet.id = request.id
    stage.broker.add(request, announce=False)
    console = stage.console().sees("1 pending", MARK)
    row = console.screen.text()
    assert "holdpoint  1 pending · 0 escalated" in row.splitlines()[0], row
    console.press(ENTER)
    lines = whole_page(console)
    assert labels(lines) == list(LABELS), (labels(lines), lines)
    page = "\n".join(lines)
    for char in CASES[name]:
        if not char.isprintable():
            assert "<U+%04X>" % ord(char) in page or char == "\n", (name, hex(ord(char)), page)
    # What the decision acts on is untouched by any of it, and is still the person's to make.
    console.press("d")
    console.sees("own words", "deny request " + request.id[:13]).arm().press("2")
    console.sees("denial recorded")
    (vote,) = stage.broker.got("decide")
    assert vote["id"] == request.id and vote["digest"] == request.digest, vote
    assert vote["decision"] == "deny" and vote["reason"] == "wrong target or environment", vote


def case(name):
    def test(stage):
        check(stage, name)
    test.__name__ = name
    test.__doc__ = "5: " + name
    return test


def forged_section(stage):
    """5: a forged section stays behind the frame or inside its value"""
    stage.broker.add(hostile(CASES["newline_forge"]), announce=False)
    console = stage.console().sees("1 pending").press(ENTER)
    lines = whole_page(console)
    forged = [line for line in lines if "none fired" in line]
    assert forged, lines
    for line in forged:
        assert line.startswith(" " * 11) or "<U+000A>" in line, line
        assert not line.startswith(" RULES     none"), line
    framed = [line for line in forged if line.lstrip().startswith("│")]
    assert framed, forged


def everything_at_once(stage):
    """5: all cases in one request, on a narrow monochrome ASCII terminal"""
    text = " ".join(CASES.values())
    stage.broker.add(hostile(text), announce=False)
    console = stage.console(columns=60, rows=18, LC_ALL="C", NO_COLOR="1").sees("1 pending")
    console.press(ENTER)
    console.sees("WHAT").arm()
    while "more line" in console.screen.text():
        before = console.screen.lines()[5]
        console.press("\x04")
        console.until(lambda screen: screen.lines()[5] != before, "the next page")
    assert all(ord(char) < 0x7F for char in console.screen.text().replace("\n", ""))


def marked_in_the_action(stage):
    """5: mixed scripts and non-ASCII are marked in the action"""
    stage.broker.add(Request(1, operation="pr\u043ed:Delete", resources=["caf\u00e9"]),
                     announce=False)
    console = stage.console().sees("1 pending")
    console.sees("pr<U+043E>d:Delete", "caf<U+00E9>")      # the row: ASCII only
    console.press(ENTER)
    console.sees("<mixed>", "⚑ mixed scripts", "resource café ⚑ not ASCII")


def hostile_names_from_the_broker(stage):
    """5: not even the broker's own words can write to the terminal"""
    stage.broker.roles = ["\x1b[2J", "a\u202eb"]
    stage.broker.answers["decide"] = {"type": "error", "code": "\x1b]0;x\x07",
                                      "message": "\r\n\x1b[31m"}
    stage.broker.add(Request(1), announce=False)
    console = stage.console().sees("1 pending", "<U+001B>")
    console.press(ENTER)
    console.sees("WHAT").arm().press("d")
    console.sees("own words").arm().press("1")
    console.sees("denial refused (<U+001B>]0;x<U+0007>): <U+000D><U+000A><U+001B>[31m")


main([case(name) for name in CASES] + [forged_section, everything_at_once, marked_in_the_action,
                                       hostile_names_from_the_broker])
