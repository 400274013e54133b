#!/usr/bin/python3
"""Whole screens of the console, exactly (console.md, Layout).

HP_UPDATE_SCREENS=1 writes what is shown as the expectation; read the difference before you commit.
"""
from harness import ENTER, ESCAPE, TAB, Stage, main
from scene import kiro, night


def opened(stage, **options):
    """The first request, open and armed."""
    night(stage)
    console = stage.console(**options)
    console.sees("3 pending")
    console.press(ENTER)
    return console.sees("WHAT").arm()


def first_screen(stage):
    """the queue, riskiest first"""
    night(stage)
    stage.console().shows("queue")


def empty(stage):
    """nothing is waiting"""
    stage.console().sees("no request is waiting").shows("empty")


def request(stage):
    """an open request fills the lower part"""
    opened(stage).shows("request")


def request_end(stage):
    """its end"""
    console = opened(stage)
    console.press("G")
    console.shows("request-end")


def replica(stage):
    """alternatives, rollback with its own action, cost"""
    night(stage)
    console = stage.console().sees("3 pending")
    console.press("j" + ENTER)
    console.sees("CreateDBInstanceReadReplica", "WHAT").arm()
    console.press("\x04")
    console.shows("replica")


def votes_and_notes(stage):
    """votes, notes and history, with the words of others framed"""
    target = kiro()
    stage.broker.add(target, announce=False)
    target.vote("approve", "mia", reason="seen it with the team")
    target.approvals = 1
    target.notes.append({"by": "ben", "at_ms": target.history[0]["at_ms"] + 60_000,
                         "text": "The template in git is\nnot the one that runs."})
    console = stage.console().sees("1 pending")
    console.press(ENTER)
    console.sees("WHAT").arm()
    console.press("G")
    console.shows("votes")


def approve(stage):
    """the typed confirmation names what it is for"""
    console = opened(stage)
    console.press("\x04")
    console.sees("ROLLBACK  none").arm().press("a")
    console.shows("approve")


def approve_name(stage):
    """a short resource is confirmed by its name"""
    night(stage)
    console = stage.console().sees("3 pending")
    console.press("jj" + ENTER)
    console.sees("CreateDBInstance", "WHAT").arm()
    console.press("\x04\x04")
    console.sees("DIGEST").arm().press("a")
    console.shows("approve-name")


def deny(stage):
    """denying asks for a reason"""
    console = opened(stage)
    console.press("d")
    console.shows("deny")


def deny_words(stage):
    """own words for a denial"""
    console = opened(stage)
    console.press("d")
    console.sees("own words").arm().press("6")
    console.sees("why:").arm().press("the drift is in one parameter")
    console.shows("deny-words")


def extend(stage):
    """more time"""
    console = opened(stage)
    console.press("e")
    console.shows("extend")


def note(stage):
    """a note, with letters of any language"""
    console = opened(stage)
    console.press("m")
    console.sees("note:").arm().press("Zoë fragt nach: 東京?")
    console.shows("note")


def halt(stage):
    """halting asks for the agent's name"""
    console = opened(stage)
    console.press("H")
    console.sees("name of the agent").arm().press("kiro")
    console.shows("halt")


def filtered(stage):
    """a filter hides rows and says so"""
    night(stage)
    console = stage.console().sees("3 pending")
    console.press("/")
    console.sees("all must match").arm().press("env:prod create" + ENTER)
    console.sees("filter env:prod create").shows("filter")


def help_page(stage):
    """help is made from the table of actions"""
    console = stage.console().sees("no request")
    console.press("?")
    console.sees("approve the open request").shows("help")
    console.press("G")
    console.shows("help-end")


def wide(stage):
    """from 120 columns on the request stands beside the queue"""
    opened(stage, columns=130, rows=32).shows("wide")


def wide_160(stage):
    """160x50: queue left, request right"""
    opened(stage, columns=160, rows=50).shows("wide-160")


def large(stage):
    """200x60, monochrome: the same, without colour"""
    console = opened(stage, columns=200, rows=60, NO_COLOR="1").shows("large")
    assert not console.screen.colors_used


def tall(stage):
    """a tall terminal gives the room to the request"""
    opened(stage, columns=100, rows=50).shows("tall")


def small(stage):
    """60x18 is enough"""
    opened(stage, columns=60, rows=18).shows("small")


def small_deny(stage):
    """even a dialog fits into 60x18"""
    console = opened(stage, columns=60, rows=18)
    console.press("d")
    console.shows("small-deny")


def too_small(stage):
    """59x18 says what it needs"""
    night(stage)
    stage.console(columns=59, rows=18).shows("too-small")


def ascii_chrome(stage):
    """a locale without UTF-8 gets ASCII"""
    opened(stage, LC_ALL="C").shows("ascii")


def expired(stage):
    """a request whose time is over stays, marked"""
    console = opened(stage)
    stage.broker.advance(470_000)
    console.sees("expired").shows("expired")


def last_minute(stage):
    """the last minute"""
    console = opened(stage)
    stage.broker.advance(420_000)
    console.sees("00:48").shows("last-minute")


def halted(stage):
    """a halt stands in the header"""
    stage.broker.halted = True
    night(stage)
    stage.console().sees("HALTED").shows("halted")


def back_in_queue(stage):
    """Tab and Esc go back to the queue, the open request stays"""
    console = opened(stage)
    console.press(TAB)
    console.sees("Enter open").arm().press("j")
    console.shows("back")
    console.press(TAB)
    console.sees("d deny").arm().press(ESCAPE)
    console.shows("back")


main([first_screen, empty, request, request_end, replica, votes_and_notes, approve, approve_name,
      deny, deny_words, extend, note, halt, filtered, help_page, wide, wide_160, large, tall, small, small_deny,
      too_small, ascii_chrome, expired, last_minute, halted, back_in_queue])
