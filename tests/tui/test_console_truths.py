#!/usr/bin/python3
"""What must be true of the console (console.md, "What must be true"), by number."""
from harness import DOWN, ENTER, ERASE, ESCAPE, TAB, main
from fake_broker import NOW_MS, Request
from scene import kiro, night, patch, replica


def watch(stage, *requests, **options):
    """A console with these requests in its queue."""
    stage.broker.add(*requests, announce=False)
    return stage.console(**options).sees("%d pending" % len(requests))


def read(console):
    """Opens the selected request and sees it to its end."""
    console.press(ENTER)
    console.sees("WHAT").arm()
    for _ in range(40):
        if "DIGEST" in console.screen.text():
            break
        console.press("\x04")
        console.settle()
    return console.sees("DIGEST").arm()


def confirmation(console):
    """What the open approve dialog wants typed."""
    line = [line for line in console.screen.lines() if "To approve request" in line][0]
    return line.rsplit(": ", 1)[1]


def begin_approval(console):
    console.press("a")
    console.sees("To approve request").arm()
    return confirmation(console)


def nothing_decided(stage):
    assert stage.broker.got("decide") == [], stage.broker.got("decide")


# --- 1: pinned ---

def decides_by_id_and_digest(stage):
    """1: a decision carries the id and the digest that were on screen"""
    target, other, _ = night(stage)
    console = stage.console().sees("3 pending")
    read(console)
    console.press(begin_approval(console) + ENTER)
    console.sees("approval recorded")
    (vote,) = stage.broker.got("decide")
    assert vote["id"] == target.id and vote["digest"] == target.digest, vote
    assert vote["decision"] == "approve" and abs(vote["at_ms"] - NOW_MS) < 2000, vote
    assert other.approvals == 0 and target.approvals == 1
    console.sees("1/2 votes", "1 of 2 given")


def arrivals_move_nothing(stage):
    """1: riskier arrivals during a typed confirmation change neither target nor focus"""
    target = replica()
    console = watch(stage, target)
    read(console)
    code = begin_approval(console)
    assert code == "orders-ro", code
    console.press("orders")
    console.sees("> orders")
    stage.broker.add(kiro(), Request(7, effect="escalate", left_ms=61_000))
    console.sees("3 pending", "> orders", "approve request 01936f2a-0002").arm()
    console.press("-ro" + ENTER)
    console.sees("approval recorded")
    (vote,) = stage.broker.got("decide")
    assert vote["id"] == target.id and vote["digest"] == target.digest


def selection_stays(stage):
    """1: the selection stays on its request when others arrive, and Enter opens that one"""
    target = patch()
    console = watch(stage, target)
    stage.broker.add(kiro(), replica())
    console.sees("3 pending").press(ENTER)
    console.sees("request 01936f2a-0003", "WHAT")


def selected_row_keeps_the_cursor(stage):
    """7: the hardware cursor stands on the selected row"""
    console = watch(stage, kiro(), replica())
    console.until(lambda screen: (screen.y, screen.x) == (1, 1), "the cursor on the first row")
    console.press(DOWN)
    console.until(lambda screen: (screen.y, screen.x) == (3, 1), "the cursor on the second row")
    assert console.screen.lines()[3].startswith(" ▸"), console.screen.text()


def other_content(stage):
    """1: content whose digest is not the one announced is never decided on"""
    target, swapped = kiro(), kiro(resources=["harmless"])
    swapped.id = target.id
    console = watch(stage, target)
    stage.broker.answers["show"] = lambda message: {
        **target.summary(), "type": "request", "canonical": swapped.bytes, "votes": [],
        "notes": [], "history": []}
    console.press(ENTER)
    console.sees("its digest differs", "not trusted").arm()
    console.press("a")
    console.sees("nothing done").press("d")
    console.sees("its content is not trusted: nothing done")
    assert "harmless" not in console.screen.text()
    nothing_decided(stage)


def swapped_later(stage):
    """1: content that changes under an open dialog kills the dialog"""
    target, swapped = kiro(), kiro(resources=["harmless"])
    console = watch(stage, target)
    read(console)
    code = begin_approval(console)
    stage.broker.answers["show"] = lambda message: {
        **swapped.summary(), "type": "request", "canonical": swapped.bytes, "votes": [],
        "notes": [], "history": []}
    stage.broker.publish("note", target)
    console.sees("its content is not trusted: nothing was sent").arm()
    console.press(code + ENTER)
    console.settle(0.3)
    nothing_decided(stage)


def other_instance(stage):
    """1: bytes of another instance are refused"""
    console = watch(stage, kiro(instance="elsewhere"))
    console.press(ENTER)
    console.sees("the request belongs to another instance")


def broken_bytes(stage):
    """1: bytes that are no canonical request are refused"""
    console = watch(stage, kiro(extra="key"))
    console.press(ENTER)
    console.sees("cannot be read")


# --- 2: re-arm and type-ahead ---

def typed_ahead(stage):
    """2: what is typed before the request is drawn reaches nothing"""
    console = watch(stage, kiro())
    console.press(ENTER + "Hd1")
    console.sees("WHAT").arm()
    assert "d deny" in console.screen.text(), console.screen.text()
    nothing_decided(stage)


def typed_ahead_of_a_dialog(stage):
    """2: what is typed before a dialog is drawn reaches nothing"""
    console = watch(stage, kiro())
    console.press(ENTER)
    console.sees("WHAT").arm().press("m" + "x" * 40)
    console.sees("note:").arm()
    assert "xx" not in console.screen.text(), console.screen.text()


def drawn_key_by_key(stage):
    """2, 3: pages that are scrolled past by keys typed ahead are drawn all the same"""
    arguments = {"key%03d" % i: "value" for i in range(120)}
    console = watch(stage, kiro(arguments=arguments))
    console.press(ENTER)
    console.sees("key000").arm().press("\x04" * 12)
    console.sees("DIGEST")
    shown = " ".join(console.screen.seen)
    missing = [name for name in arguments if "argument %s = value" % name not in shown]
    assert missing == [], missing


def in_time(attempt):
    """Repeats what must be done within 0.4 s until the machine lets us be quick enough once."""
    for _ in range(20):
        if attempt():
            return
    raise AssertionError("deciding keys were never too soon")


def too_soon(stage):
    """2: deciding keys do nothing within 0.4 s of a drawing, and say so"""
    console = watch(stage, kiro())

    def attempt():
        console.press(ENTER)
        console.sees("WHAT").settle(0.05).press("d")
        console.until(lambda screen: "just changed" in screen.text() or
                      "own words" in screen.text(), "an answer to d")
        quick = "just changed" in console.screen.text()
        console.arm().press(ESCAPE if quick else ESCAPE * 2)
        console.sees("Enter open").arm()
        return quick

    in_time(attempt)
    nothing_decided(stage)


def news_disarm(stage):
    """2: a vote that arrives disarms the keys again"""
    target = kiro()
    target.needed = 99
    console = watch(stage, target)
    console.press(ENTER)
    console.sees("WHAT").arm()

    def attempt():
        target.vote("approve", "mia")
        target.approvals += 1
        stage.broker.publish("vote", target)
        console.sees("%d/99 votes" % target.approvals).settle(0.05).press("d")
        console.until(lambda screen: "just changed" in screen.text() or
                      "own words" in screen.text(), "an answer to d")
        quick = "just changed" in console.screen.text()
        console.arm()
        if not quick:
            console.press(ESCAPE)
            console.loses("own words").arm()
        return quick

    in_time(attempt)


def no_decision_from_the_queue(stage):
    """2: in the queue deciding keys act on nothing"""
    console = watch(stage, kiro(), replica())
    console.press(ENTER)
    console.sees("WHAT").arm().press(TAB)
    console.sees("Enter open").arm().press("j")
    console.settle().press("d")
    console.sees("open the request first: Enter").arm().press("a")
    console.sees("open the request first: Enter")
    nothing_decided(stage)


# --- 3: whole payload ---

def approve_after_reading(stage):
    """3: approving is off, and says why, until WHAT and ROLLBACK were on screen to their end"""
    arguments = {"key%02d" % i: "value" for i in range(30)}
    long_plan = {"plan": "\n".join("step %d" % i for i in range(20)), "operation": "x:Restore"}
    evidence = [{"label": "drift", "text": "\n".join("line %d" % i for i in range(20))}]
    console = watch(stage, kiro(arguments=arguments, rollback=long_plan, evidence=evidence))
    console.press(ENTER)
    console.sees("more lines", "a approve (scroll to the end of WHAT first)").arm()
    console.press("a")
    console.sees("scroll to the end of WHAT first: nothing done")
    console.press("G")                  # past both ends
    console.sees("DIGEST", "a approve (scroll to the end of WHAT first)")
    console.press("g")
    console.sees("key00").press("\x04\x04")
    console.sees("a approve (scroll to the end of ROLLBACK first)").arm().press("a")
    console.sees("ROLLBACK first: nothing done")
    console.press("\x04\x04\x04")
    console.until(
        lambda screen: "a approve  d deny" in screen.text(), "approving on")
    console.arm()
    begin_approval(console)


def counts_what_is_hidden(stage):
    """3: the lines that are not shown are counted"""
    console = watch(stage, kiro())
    console.press(ENTER)
    console.sees("… 21 more lines").press("\x04")
    console.sees("… 7 more lines").press("G")
    console.loses("more line")


# --- 4: typed confirmation ---

def wrong_words(stage):
    """4: a wrong confirmation sends nothing"""
    console = watch(stage, replica())
    read(console)
    begin_approval(console)
    for wrong in ("", "orders", "orders-rw", "ORDERS-RO", "y", "orders-ro2"):
        console.press(wrong + ENTER)
        console.sees("that is not what was asked for: nothing sent").press(" " + ERASE)
        console.loses("that is not what").arm()
    nothing_decided(stage)
    console.press("orders-ro" + ENTER)
    console.sees("approval recorded")


def escape_leaves(stage):
    """4: Esc leaves every dialog, and nothing was sent"""
    console = watch(stage, kiro())
    read(console)
    for key, text in (("a", "To approve"), ("d", "own words"), ("e", "by: 15m"), ("m", "note:"),
                      ("H", "name of the agent"), ("/", "all must match")):
        console.press(key)
        console.sees(text).arm().press(ESCAPE)
        console.loses(text).arm()
    assert stage.broker.received == []


def long_names_get_a_code(stage):
    """4: a name over 20 characters is confirmed by a code of 4"""
    console = watch(stage, kiro())
    read(console)
    code = begin_approval(console)
    assert len(code) == 4 and code.isalnum(), code


def supervised_too(stage):
    """4: no request is approved by a single key"""
    target = patch()
    console = watch(stage, target)
    read(console)
    assert begin_approval(console) == "yes"
    console.press(ENTER)
    console.sees("nothing sent").arm()
    nothing_decided(stage)
    console.press("yes" + ENTER)
    console.sees("approval recorded: request 01936f2a-0003 is granted, 1/1 votes")


def deny_with_preset(stage):
    """4: d and the key of a reason deny"""
    target, _, _ = night(stage)
    console = stage.console().sees("3 pending").press(ENTER)
    console.sees("WHAT").arm()
    console.press("d")
    console.sees("own words").arm().press("3")
    console.sees("denial recorded", "is denied", "2 pending")
    (vote,) = stage.broker.got("decide")
    assert vote["id"] == target.id and vote["digest"] == target.digest
    assert vote["decision"] == "deny"
    assert vote["reason"] == "no rollback: give one and ask again", vote
    console.sees("no approving, no denying: denied")


def deny_with_words(stage):
    """4: a denial in own words, in any script"""
    console = watch(stage, kiro())
    console.press(ENTER)
    console.sees("WHAT").arm().press("d")
    console.sees("own words").arm().press("6")
    console.sees("why:").arm().press(ENTER)
    console.sees("needs a reason").press("Nein, zu groß – später 明日x" + ERASE + ENTER)
    console.sees("denial recorded")
    (vote,) = stage.broker.got("decide")
    assert vote["reason"] == "Nein, zu groß – später 明日", vote


def take_back(stage):
    """4: a granted request can still be denied, not approved"""
    target = kiro()
    console = watch(stage, target)
    console.press(ENTER)
    console.sees("WHAT")
    stage.broker.set_state(target, "granted")
    console.sees("granted").arm().press("a")
    console.sees("granted: nothing done").arm().press("d")
    console.sees("own words").arm().press("1")
    console.sees("denial recorded")


def extend(stage):
    """more time, with a reason"""
    target = kiro()
    console = watch(stage, target)
    console.press(ENTER)
    console.sees("WHAT").arm().press("e")
    console.sees("by: 15m").arm().press("\x15" + "soon" + ENTER)
    console.sees("a time like 15m").press("\x15" + "10m" + ENTER)
    console.sees("why:").arm().press("the owner is on the train" + ENTER)
    console.sees("17:48")
    (message,) = stage.broker.got("extend")
    assert (message["id"], message["by_ms"], message["reason"]) == (
        target.id, 600_000, "the owner is on the train"), message


def note(stage):
    """a note reaches the broker and comes back framed"""
    target = kiro()
    console = watch(stage, target)
    console.press(ENTER)
    console.sees("WHAT").arm().press("m")
    console.sees("note:").arm().press("who owns this stack?" + ENTER)
    console.sees("note recorded").press("G")
    console.sees("│ who owns this stack?")
    (message,) = stage.broker.got("note")
    assert (message["id"], message["text"]) == (target.id, "who owns this stack?")


def halt(stage):
    """a halt needs the agent's name typed, and a reason"""
    console = watch(stage, kiro())
    console.press("H")
    console.sees("name of the agent").arm().press(ENTER)
    console.sees("type the agent's name").press("kiro" + ENTER)
    console.sees("why:").arm().press("runs wild" + ENTER)
    console.sees("halted: kiro")
    (message,) = stage.broker.got("halt")
    assert (message["scope"], message["agent"], message["reason"]) == (
        "agent", "kiro", "runs wild"), message


def refusals_are_told(stage):
    """what the broker refuses is told in its words"""
    console = watch(stage, kiro())
    stage.broker.answers["decide"] = {"type": "error", "code": "self_approval",
                                      "message": "you own kiro"}
    read(console)
    console.press(begin_approval(console) + ENTER)
    console.sees("approval refused (self_approval): you own kiro")


# --- 6: the clock is the broker's ---

def dies_under_the_confirmation(stage):
    """6: a request that expires under the confirmation cannot be approved any more"""
    target = replica()
    console = watch(stage, target)
    read(console)
    begin_approval(console)
    console.press("orders")
    stage.broker.advance(680_000)
    console.sees("expired: nothing was sent")
    # The person goes on typing: neither text nor Enter may become commands.
    console.press("-ro" + ENTER + "d1q")
    console.settle(0.3)
    assert "expired: nothing was sent" in console.screen.text(), console.screen.text()
    nothing_decided(stage)
    console.press(ESCAPE)
    console.loses("nothing was sent").sees("no approving, no denying: expired")


def broker_says_denied(stage):
    """6: a denial by somebody else ends the confirmation too"""
    target = replica()
    console = watch(stage, target)
    read(console)
    begin_approval(console)
    stage.broker.set_state(target, "denied", by="mia", reason="no")
    console.sees("denied: nothing was sent").press("orders-ro" + ENTER)
    console.settle(0.3)
    nothing_decided(stage)


def expired_stays_a_minute(stage):
    """6: an expired row stays, marked, for a minute"""
    console = watch(stage, kiro(), patch())
    stage.broker.advance(301_000)
    console.sees("▸", "expired", "1 pending")
    stage.broker.advance(50_000)
    console.sees("03:18:35Z", "expired")
    stage.broker.advance(12_000)
    console.loses("expired").sees("1-1/1")


def bells(stage):
    """6: one bell for a new gated request, one for the last minute"""
    console = watch(stage, kiro())
    assert console.screen.bells == 0, console.screen.bells
    stage.broker.add(replica())
    console.sees("2 pending").until(lambda screen: screen.bells == 1, "a bell")
    stage.broker.add(patch())           # supervised: no bell
    console.sees("3 pending").settle(0.2)
    assert console.screen.bells == 1, console.screen.bells
    stage.broker.advance(468_000 - 59_000)
    console.until(lambda screen: screen.bells == 2, "the bell of the last minute")
    stage.broker.advance(1000)
    console.sees("00:58").settle(0.2)
    assert console.screen.bells == 2, console.screen.bells


def wall_clock(stage):
    """6: only the broker's clock counts"""
    far = 40 * 365 * 86_400_000
    stage.broker.now_ms += far
    console = watch(stage, kiro(now_ms=NOW_MS + far))
    console.sees("07:48", "03:12:44Z")


def last_minute_is_bold(stage):
    """6: under a minute the time is bold"""
    console = watch(stage, kiro(left_ms=59_000), replica())
    console.press("j")
    console.settle(0.1)
    bold = [run for run in console.screen.styled(1) if run[1]]
    assert any("00:59" in run[0] for run in bold), console.screen.styled(1)


# --- sorting, filter, views ---

def sorted_by_risk(stage):
    """the queue is sorted by risk, then by deadline"""
    make = [Request(1, tier="supervised", environment="staging", left_ms=100_000),
            Request(2, left_ms=300_000), Request(3, left_ms=200_000),
            Request(4, effect="escalate", left_ms=800_000),
            Request(5, environment="staging", left_ms=150_000)]
    console = watch(stage, *make, rows=50)
    times = [line[3:8] for line in console.screen.lines()[1:11:2]]
    assert times == ["13:20", "03:20", "05:00", "02:30", "01:40"], times


def filters(stage):
    """filters by words and by columns"""
    night(stage)
    console = stage.console().sees("3 pending")
    for text, shown in (("env:staging", "1-1/1"), ("agent:kiro", "1-2/2"),
                        ("class:CREATE", "1-1/1"), ("tier:gated delete", "1-1/1"),
                        ("replica", "1-1/1"), ("xyzzy", "0-0/0")):
        console.press("/")
        console.sees("all must match").arm().press("\x15" + text + ENTER)
        console.loses("all must match").sees("filter " + text, shown).arm()
    console.sees("nothing matches the filter").press(ESCAPE)
    console.loses("filter xyzzy").sees("1-3/3")


def next_and_previous(stage):
    """n and N open the neighbours of the open request"""
    night(stage)
    console = stage.console().sees("3 pending").press(ENTER)
    console.sees("request 01936f2a-0001", "WHAT").arm()
    console.press("n")
    console.sees("request 01936f2a-0002").arm().press("n")
    console.sees("request 01936f2a-0003").arm().press("N")
    console.sees("request 01936f2a-0002", "CreateDBInstanceReadReplica")


def copies_the_id(stage):
    """y copies the id, and only that"""
    import base64
    target = kiro()
    console = watch(stage, target)
    console.press(ENTER)
    console.sees("WHAT").arm().press("y")
    console.sees("copied: " + target.id).until(lambda screen: screen.copied, "the clipboard")
    assert base64.b64decode(console.screen.copied[0]).decode() == target.id


def thousands(stage):
    """thousands of requests over many pages"""
    requests = [Request(number, left_ms=500_000 + number) for number in range(1, 1601)]
    stage.broker.add(*requests, announce=False)
    console = stage.console().sees("1600 pending")
    console.press("G")
    console.sees("/1600").press(ENTER)
    console.sees("request 01936f2a-0640", "WHAT")


def few_bytes(stage):
    """moving the selection writes under 2 KB"""
    night(stage)
    console = stage.console().sees("3 pending").settle(0.2)
    before = len(console.raw)
    console.press("j")
    console.until(lambda screen: screen.lines()[3].startswith(" ▸"), "the move")
    assert len(console.raw) - before < 2048, len(console.raw) - before


def stale_listing(stage):
    """a request that vanishes from the listing is not pending any more"""
    target = kiro()
    console = watch(stage, target, replica())
    with stage.broker.lock:
        del stage.broker.requests[target.id]
        stage.broker.event_seq += 5
    stage.broker.publish("policy")
    console.sees("closed", "1 pending")


def other_reviewers(stage):
    """a request that others decide shows it, and leaves after a minute"""
    target = kiro()
    console = watch(stage, target, replica())
    console.press("j")
    console.settle()
    stage.broker.set_state(target, "granted")
    console.sees("granted", "1 pending")


main([decides_by_id_and_digest, arrivals_move_nothing, selection_stays,
      selected_row_keeps_the_cursor, other_content, swapped_later, other_instance, broken_bytes,
      typed_ahead, typed_ahead_of_a_dialog, drawn_key_by_key, too_soon, news_disarm,
      no_decision_from_the_queue, approve_after_reading,
      counts_what_is_hidden, wrong_words, escape_leaves, long_names_get_a_code, supervised_too,
      deny_with_preset, deny_with_words, take_back, extend, note, halt, refusals_are_told,
      dies_under_the_confirmation, broker_says_denied, expired_stays_a_minute, bells, wall_clock,
      last_minute_is_bold, sorted_by_risk, filters, next_and_previous, copies_the_id, thousands,
      few_bytes, stale_listing, other_reviewers])
