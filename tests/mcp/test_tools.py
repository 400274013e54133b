"""The pinned list of tools: what changes is not shown and nothing is called until a person accepts it."""
import glob
import json
import os

import msgpack

from gateway import Client, Gateway, Instance, pending, requests, state, tap, wait_for, words

ALL = ["delete_file", "edit_file", "get_bare", "get_number", "list_things", "read_file", "write_file"]
CHANGED = "mcp:scripted/tools-changed"


def names(tools):
    return sorted(tool["name"] for tool in tools)


with Instance() as instance:
    reviewer = Client(instance, "reviewer")
    script = os.path.join(instance.dir, "script")

    def now(text):
        with open(script, "w") as file:
            file.write(text)

    def gateway(*habits, **more):
        return Gateway(instance, *habits, env={"TOOLS": script}, **more)

    def pin():
        return glob.glob(os.path.join(instance.dir, "pins/holdpoint/mcp/*/staging.scripted.json"))[0]

    # ---- the first list, and the same in another order ----
    with gateway() as one:
        tap.equal(names(one.open()), ALL, "the first list is shown")
        tap.ok("pinned 7 tools" in one.said("pinned 7 tools"), "pinned, and that is said", one.said())
        tap.equal(sorted(json.load(open(pin()))["tools"]), ALL, "in a file")
        tap.equal(os.stat(pin()).st_mode & 0o777, 0o600, "of its user's")
    now("order")
    with gateway() as one:
        tap.equal(names(one.open()), ALL, "another order of keys is no change")
        tap.equal(words(one.answer(one.call("read_file", "a"))), "read_file a", "and calls go on")

    # ---- a change between two runs ----
    now("poison new")
    with gateway() as one:
        tap.equal(names(one.open()), [name for name in ALL if name != "read_file"], "a changed and a new tool are not shown")
        held, other = one.call("list_things", "x", token="t"), one.call("read_file", "a")
        asked = pending(reviewer, CHANGED)
        note = one.note("notifications/progress")["params"]["message"]
        tap.ok("tools changed" in note, "calls wait, of unchanged tools too, and say for what", note)
        canonical = msgpack.unpackb(reviewer.call(type="show", id=asked)["canonical"])
        tap.equal((canonical["arguments"]["added"], canonical["arguments"]["changed"]), (["get_new"], ["read_file"]), "a person sees what changed")
        tap.ok(any("evil.example" in item["text"] for item in canonical["evidence"]), "and the new words", canonical["evidence"])
        tap.equal(one.calls_seen(), [], "the server gets no call")
        reviewer.decide(asked, "deny", "that is an attack")
        answers = [one.answer(held), one.answer(other)]
        tap.ok(all(a["result"]["isError"] and "that is an attack" in words(a) for a in answers), "denied: the calls are, with the reason", answers)
        tap.ok("that is an attack" in words(one.answer(one.call("list_things"))), "and later ones too")
        tap.equal(requests(reviewer, CHANGED, "pending"), [], "nobody is asked again")
        now("")
        one.ask("changed")
        wait_for(lambda: one.seen()[-1].find(b"tools/list") > 0, "the gateway lists again")
        tap.equal(names(one.ask("tools/list")["result"]["tools"]), ALL, "back as it was: accepted again")
        tap.equal(words(one.answer(one.call("read_file", "a"))), "read_file a", "and called")

    # ---- a change while it runs, accepted ----
    now("")
    with gateway() as one:
        one.open()
        now("new gone")
        one.ask("changed")
        one.note("notifications/tools/list_changed")
        held = one.call("read_file", "b")
        asked = pending(reviewer, CHANGED)
        tap.equal(names(one.ask("tools/list")["result"]["tools"]), ALL[:2] + ALL[3:], "what is new stays hidden")
        reviewer.decide(asked, "approve", "read it")
        tap.equal(words(one.answer(held)), "read_file b", "accepted: the call that waited goes on")
        one.note("notifications/tools/list_changed")
        tap.ok("get_new" in names(one.ask("tools/list")["result"]["tools"]), "its client is told, and sees the new tool")
        wait_for(lambda: state(reviewer, asked) == "succeeded", "reported")
        tap.ok("get_new" in json.load(open(pin()))["tools"], "and it is pinned")

    # ---- what was asked before the change ----
    with gateway() as one:
        one.open()
        held, other = one.call("write_file", "f", token=1), one.call("write_file", "g")
        known = wait_for(lambda: len(ids := requests(reviewer, "mcp:scripted/write_file", "pending")) == 2 and ids, "both are pending")
        now("new gone poison")
        one.ask("changed")
        asked = pending(reviewer, CHANGED)
        for id in known:
            reviewer.decide(id, "approve", "ok")
        one.ask("ping")
        tap.equal((one.calls_seen(), {state(reviewer, id) for id in known}), ([], {"granted"}), "a grant of before is not taken up")
        reviewer.decide(asked, "deny", "poisoned")
        answers = [words(one.answer(held)), words(one.answer(other))]
        tap.ok(all("poisoned" in answer for answer in answers), "denied: nor later", answers)
        wait_for(lambda: {state(reviewer, id) for id in known} == {"withdrawn"}, "withdrawn")
        tap.equal(one.calls_seen(), [], "the server got neither")
    now("new gone")

    # ---- nobody waits any longer ----
    now("poison")
    with gateway() as one:
        one.open()
        asked = pending(reviewer, CHANGED)
        now("new gone")
        one.ask("changed")
        wait_for(lambda: state(reviewer, asked) == "withdrawn", "withdrawn")
        tap.equal(words(one.answer(one.call("read_file", "c"))), "read_file c", "changed back: the question is withdrawn, calls go on")
        now("poison")
        one.ask("changed")
        asked = pending(reviewer, CHANGED)
    wait_for(lambda: state(reviewer, asked) == "withdrawn", "withdrawn")
    tap.ok(True, "at the end it is withdrawn too")

    # ---- lists of other shapes ----
    now("")
    with gateway("pages", name="paged") as one:
        tap.equal(len(one.open()), 2, "a list in pages comes in pages")
        tap.equal(words(one.answer(one.call("write_file", "x", _holdpoint={"impact": {"reversible": True, "resources_affected": 1}}))),
                  "write_file x", "and all of it is known")
    with gateway("unlisted", name="unlisted") as one:
        answer = one.answer(one.call("read_file", "a"))
        tap.ok(answer["result"]["isError"] and "cannot list its tools" in words(answer), "a server that lists none: denied", answer)
        tap.equal(one.ask("tools/list")["error"]["code"], -32601, "and its own error goes on")
    with gateway("precise", name="precise") as one:
        one.ask("initialize", {"protocolVersion": "2025-11-25"})
        one.request("tools/list")
        line = one.line()
        tap.ok(b'"type" :"object"' in line and b'"minimum":0.1,"maximum":1E+2' in line and b'"x": 0.10' in line and b'"_holdpoint"' in line,
               "what is not ours in a list stays byte for byte", line)

    # ---- a pin that cannot be read ----
    with open(pin(), "w") as file:
        file.write('{"v":2}')
    one = gateway()
    code = one.process.wait(60)
    one.close()
    tap.ok(code == 2 and "remove it to pin" in one.said(), "an unreadable pin is a bad file, not a new one", (code, one.said()))

# ---- a policy that lets the change through without a person ----
with Instance(policy=lambda text: text.replace("tools_changed: {human: hold, supervised: hold,    autonomous: hold}",
                                               "tools_changed: {human: allow, supervised: allow, autonomous: allow}")
              .replace("- {name: autonomous, classes: [read]", "- {name: autonomous, classes: [read, tools_changed]")) as instance:
    reviewer = Client(instance, "reviewer")
    script = os.path.join(instance.dir, "script")
    with Gateway(instance, env={"TOOLS": script}) as one:
        one.open()
    with open(script, "w") as file:
        file.write("new")
    with Gateway(instance, env={"TOOLS": script}) as one:
        one.open()
        answer = words(one.answer(one.call("read_file", "a")))
        tap.ok("without a person" in answer, "a grant without a vote is none", answer)
tap.done()
