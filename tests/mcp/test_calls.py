"""The gateway between a scripted client and a scripted server: what is let through, held, denied."""
import json
import time

from gateway import Client, Gateway, Instance, pending, requests, state, tap, wait_for, words

with Instance() as instance:
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")

    def approve(id, reason="ok"):
        return reviewer.decide(id, "approve", reason)

    def ends(id, wanted, name):
        wait_for(lambda: state(reviewer, id) not in ("executing", "granted", "pending"), f"{id} ends")
        return tap.equal(state(reviewer, id), wanted, name)

    with Gateway(instance) as gateway:
        tools = {tool["name"]: tool for tool in gateway.open()}
        tap.equal(sorted(tools), ["delete_file", "edit_file", "get_bare", "get_number", "list_things", "read_file", "write_file"],
                  "the list comes through")
        reasons = tools["read_file"]["inputSchema"]["properties"]["_holdpoint"]
        tap.equal(sorted(reasons["properties"]), ["alternatives", "impact", "rollback", "why"], "each schema takes the agent's reasons")
        tap.ok("_holdpoint" in tools["get_bare"]["inputSchema"]["properties"] and tools["read_file"]["inputSchema"]["required"] == ["path"],
               "also one without properties, and nobody has to give them")

        # ---- allowed ----
        tap.equal(words(gateway.answer(gateway.call("read_file", "a"))), "read_file a", "reading goes through")
        ends(requests(reviewer, "mcp:scripted/read_file")[0], "succeeded", "and is on record")
        tap.equal(words(gateway.answer(gateway.call("read_file", "a", id="text \u00e9"))), "read_file a", "an id may be a string")

        # ---- held, approved, run; the others go on ----
        held = gateway.call("write_file", "b", token="tok", _holdpoint={
            "why": "the page is wrong", "alternatives": [{"approach": "wait", "rejected_because": "visible now"}],
            "rollback": {"plan": "restore it", "minutes": 2}, "impact": {"resources_affected": 1, "reversible": False}})
        one = pending(reviewer, "mcp:scripted/write_file")
        beat = gateway.note("notifications/progress")["params"]
        tap.ok(beat["progressToken"] == "tok" and one in beat["message"], "while it is held its client is told so", beat)
        tap.equal(words(gateway.answer(gateway.call("read_file", "c"))), "read_file c", "a held call blocks no other")
        shown = reviewer.call(type="show", id=one)
        canonical = __import__("msgpack").unpackb(shown["canonical"])
        tap.equal((canonical["why"], canonical["alternatives"][0]["approach"], canonical["rollback"]["plan"], canonical["arguments"]),
                  ("the page is wrong", "wait", "restore it", {"path": "b"}), "a reviewer reads the reasons, and the arguments without them")
        tap.equal((canonical["resources"], canonical["requester"], canonical["session"][:13]), (["b"], "demo-agent-supervised", "mcp-scripted-"),
                  "what is touched, for whom, in which session")
        tap.equal(len([c for c in gateway.calls_seen() if c["params"]["name"] == "write_file"]), 0, "the server has not heard of it")
        digest = instance.cli("--as", "reviewer", "show", one, "--json")
        ran = instance.cli("--as", "reviewer", "approve", one, "--digest", json.loads(digest.stdout)["digest"], "--reason", "fine")
        tap.equal(ran.returncode, 0, "approved on the command line")
        tap.equal(words(gateway.answer(held)), "write_file b", "it runs, and its result arrives")
        got = gateway.calls_seen()[-1]["params"]
        tap.equal(got, {"name": "write_file", "arguments": {"path": "b"}, "_meta": {"progressToken": "tok"}}, "without the reasons")
        ends(one, "succeeded", "and is reported")

        # ---- denied ----
        held = gateway.call("delete_file", "d")
        one = pending(reviewer, "mcp:scripted/delete_file")
        reviewer.decide(one, "deny", "restore from backup instead")
        answer = gateway.answer(held)["result"]
        tap.equal((answer["isError"], answer["content"][0]["text"]),
                  (True, f"Denied by holdpoint {one}: denied by reviewer: restore from backup instead. Do not retry."),
                  "a denial is a result that the model reads, with the reason")
        tap.ok("resultType" not in answer, "as results are in that era")
        known = requests(reviewer, "mcp:scripted/edit_file")
        held = gateway.call("edit_file", "e", _holdpoint={"impact": {"reversible": True, "resources_affected": 1}})
        tap.equal(words(gateway.answer(held)), "edit_file e", "what is reversible and small goes through in staging")
        held = gateway.call("delete_file", "e", _holdpoint={"impact": {"reversible": True, "resources_affected": 1}})
        one = pending(reviewer, "mcp:scripted/delete_file")
        impact = __import__("msgpack").unpackb(reviewer.call(type="show", id=one)["canonical"])["impact"]
        tap.equal(impact["reversible"], False, "a tool that says it destroys is not undone because an agent says so")
        reviewer.decide(one, "deny", "no")
        gateway.answer(held)

        # ---- what the agent gets wrong ----
        for reasons, name in (({"why": 7}, "why"), ({"impact": {"size": 1}}, "impact"), ({"x": 1}, "something other"), ("no", "no object"),
                              ({"rollback": {"command": ["/bin/rm"]}}, "only a plan")):
            answer = gateway.answer(gateway.call("read_file", "a", _holdpoint=reasons))["result"]
            tap.ok(answer["isError"] and name in answer["content"][0]["text"], f"reasons that are none are told: {name}", answer)
        answer = gateway.answer(gateway.call("no_such_tool"))
        tap.ok(answer["result"]["isError"] and "does not list" in words(answer), "a tool that is not listed is denied", answer)
        answer = gateway.answer(gateway.call("write_file", "x" * 70000))
        tap.ok(answer["result"]["isError"] and "smaller parts" in words(answer), "what is too large to be judged is denied", answer)
        for params in ({}, {"name": 5}, {"name": ""}, {"name": "read_file", "arguments": [1]}):
            answer = gateway.ask("tools/call", params)
            tap.equal(answer.get("error", {}).get("code"), -32602, f"no call: {json.dumps(params)}")

        # ---- progress stays monotone ----
        held = gateway.call("write_file", "progress", token=17)
        one = pending(reviewer, "mcp:scripted/write_file")
        seen = [gateway.note("notifications/progress")["params"]["progress"]]
        approve(one)
        tap.equal(words(gateway.answer(held)), "done", "a long call, held and run")
        seen += [m["params"]["progress"] for m in gateway.kept if m.get("method") == "notifications/progress"]
        totals = [m["params"]["total"] for m in gateway.kept if m.get("method") == "notifications/progress"]
        gateway.kept.clear()
        tap.ok(len(seen) == 5 and all(a < b for a, b in zip(seen, seen[1:])) and set(totals) == {5}, "its progress only grows", (seen, totals))
        gateway.answer(gateway.call("read_file", "progress", token=18))
        plain = [m["params"]["progress"] for m in gateway.kept if m.get("method") == "notifications/progress"]
        gateway.kept.clear()
        tap.equal(plain, [0, 1, 2, 3], "and is the server's own where nothing was held")

        # ---- cancelled ----
        held = gateway.call("write_file", "f", token="t2")
        one = pending(reviewer, "mcp:scripted/write_file")
        gateway.send(method="notifications/cancelled", params={"requestId": held, "reason": "user"})
        ends(one, "withdrawn", "cancelled while held: withdrawn")
        gateway.ask("ping")
        tap.ok(not [m for m in gateway.kept if m.get("id") == held], "and not answered")
        tap.ok(b"notifications/cancelled" not in b"".join(gateway.seen()), "nor does the server hear of it")
        running = gateway.call("read_file", "slow")
        wait_for(lambda: any(c["params"]["arguments"]["path"] == "slow" for c in gateway.calls_seen()), "the server has it")
        gateway.send(method="notifications/cancelled", params={"requestId": running})
        wait_for(lambda: b"notifications/cancelled" in b"".join(gateway.seen()), "the server hears")
        gateway.ask("release")
        tap.ok(not [m for m in gateway.kept if m.get("id") == running], "cancelled while it ran: the late answer goes nowhere")
        ends(requests(reviewer, "mcp:scripted/read_file")[0], "succeeded", "but into the record")

        # ---- two at once with one id ----
        held = gateway.call("write_file", "g")
        one = pending(reviewer, "mcp:scripted/write_file")
        gateway.call("read_file", "a", id=held)
        tap.equal(gateway.answer(held).get("error", {}).get("code"), -32600, "an id in use is refused")
        reviewer.decide(one, "deny", "no")
        tap.ok(gateway.answer(held)["result"]["isError"], "and the first of it still answered")

        # ---- end of input ----
        gateway.call("write_file", "h")
        one = pending(reviewer, "mcp:scripted/write_file")
        started = time.monotonic()
        tap.equal(gateway.close(), 0, "at the end of input the gateway ends as its server does")
        tap.ok(time.monotonic() - started < 15, "soon")
        ends(one, "withdrawn", "and withdraws what nobody waits for")

    # ---- a client that is killed; a server that does not go ----
    with Gateway(instance, "stubborn") as gateway:
        gateway.open()
        gateway.call("write_file", "i")
        one = pending(reviewer, "mcp:scripted/write_file")
        started = time.monotonic()
        code = gateway.close()
        tap.ok(code == 137 and time.monotonic() - started < 25, f"a server that ignores its end is killed ({code})")
        ends(one, "withdrawn", "and the request is withdrawn all the same")

    # ---- told to come again ----
    with Gateway(instance, options=("--hold", "300ms")) as gateway:
        gateway.open()
        answer = gateway.answer(gateway.call("write_file", "j"))
        one = pending(reviewer, "mcp:scripted/write_file")
        tap.ok(answer["result"]["isError"] and f"holdpoint {one} is pending" in words(answer) and "identical" in words(answer),
               "where it cannot hold: pending, come again", answer)
        again = words(gateway.answer(gateway.call("write_file", "j", token="x")))
        tap.ok(one in again and pending(reviewer, "mcp:scripted/write_file") == one, "coming early: still pending, the same request", again)
        tap.ok(one not in words(gateway.answer(gateway.call("write_file", "k"))), "other arguments are another request")
        other = [i for i in requests(reviewer, "mcp:scripted/write_file", "pending") if i != one][0]
        approve(one)
        wait_for(lambda: state(reviewer, one) == "granted", "granted")
        gateway.ask("ping")
        tap.equal((state(reviewer, one), len(gateway.calls_seen())), ("granted", 0), "nobody waits: the grant is not taken up")
        tap.equal(words(gateway.answer(gateway.call("write_file", "j"))), "write_file j", "called again it runs")
        ends(one, "succeeded", "under that grant")
        tap.ok(one not in words(gateway.answer(gateway.call("write_file", "j"))), "once: the next is a new request")
        reviewer.decide(other, "deny", "no")
        tap.ok("denied by reviewer: no" in words(gateway.answer(gateway.call("write_file", "k"))), "a denial is kept too")
        gateway.close()
        wait_for(lambda: not requests(reviewer, "mcp:scripted/write_file", "pending"), "all withdrawn")
        tap.ok(True, "at the end all of them are withdrawn")

    # ---- the agent's own key, without a gateway's ----
    with Gateway(instance, key="demo-agent-supervised") as gateway:
        gateway.open()
        tap.equal(words(gateway.answer(gateway.call("read_file", "a"))), "read_file a", "an agent's own key does for what it may run itself")
tap.done()
