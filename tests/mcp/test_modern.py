"""The era without `initialize` (2026-07-28): scripted peers, since no client of it is published yet."""
import json

from gateway import Client, Gateway, Instance, pending, state, tap, wait_for, words

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}

with Instance() as instance:
    reviewer = Client(instance, "reviewer")
    with Gateway(instance, name="modern", modern=True) as gateway:
        found = gateway.ask("server/discover")["result"]
        tap.equal((found["supportedVersions"], found["resultType"]), (["2026-07-28"], "complete"), "discovery comes through")
        result = gateway.ask("tools/list")["result"]
        tap.ok(result["resultType"] == "complete" and all("_holdpoint" in t["inputSchema"]["properties"] for t in result["tools"]),
               "the list, with the reasons in its schemas", result)
        lists = [json.loads(line) for line in gateway.seen() if b"tools/list" in line]
        tap.equal((len(lists), lists[0]["params"]["_meta"], lists[0]["id"]), (2, META, "holdpoint:1"),
                  "the gateway's own list says its version as its client does")

        answer = gateway.answer(gateway.call("read_file", "a"))["result"]
        tap.equal((answer["resultType"], answer["content"][0]["text"]), ("complete", "read_file a"), "a call goes through")
        tap.equal(gateway.calls_seen()[-1]["params"]["_meta"], META, "with its own _meta")

        held = gateway.call("write_file", "b", token=9)
        one = pending(reviewer, "mcp:modern/write_file")
        tap.equal(gateway.note("notifications/progress")["params"]["progressToken"], 9, "a held call's client hears")
        reviewer.decide(one, "deny", "not now")
        answer = gateway.answer(held)["result"]
        tap.equal((answer["resultType"], answer["isError"], "not now" in answer["content"][0]["text"]), ("complete", True, True),
                  "a denial is a complete result of this era")

        # ---- a call that asks back: the retry is another call, and another request ----
        first = gateway.call("write_file", "input")
        one = pending(reviewer, "mcp:modern/write_file")
        reviewer.decide(one, "approve", "ok")
        answer = gateway.answer(first)["result"]
        tap.equal((answer["resultType"], answer["requestState"]), ("input_required", "AKIA-state"), "the server wants more: its state comes through")
        again = gateway.request("tools/call", {"name": "write_file", "arguments": {"path": "c"}, "inputResponses": {"x": {"action": "accept"}},
                                               "requestState": "AKIA-state"})
        two = pending(reviewer, "mcp:modern/write_file")
        tap.ok(two != one, "the retry is asked for anew")
        import msgpack
        canonical = msgpack.unpackb(reviewer.call(type="show", id=two)["canonical"])
        tap.equal(canonical["arguments"], {"path": "c"}, "a reviewer sees its arguments")
        reviewer.decide(two, "approve", "ok")
        tap.equal(words(gateway.answer(again)), "write_file c", "and lets it go on")
        tap.equal(gateway.calls_seen()[-1]["params"]["requestState"], "AKIA-state", "with its state")

        # ---- cancelled ----
        held = gateway.call("write_file", "d", token="d")
        one = pending(reviewer, "mcp:modern/write_file")
        gateway.send(method="notifications/cancelled", params={"requestId": held, "_meta": META})
        wait_for(lambda: state(reviewer, one) == "withdrawn", "withdrawn")
        tap.ok(not [m for m in gateway.kept if m.get("id") == held], "cancelled while held: withdrawn, not answered")

    # ---- what is granted is bound to what the call says, not to what carries it ----
    with Gateway(instance, name="modern", modern=True, options=("--hold", "200ms")) as gateway:
        gateway.open()

        def call(trace, state, **extra):
            meta = {**META, "traceparent": trace, **extra}
            return gateway.request("tools/call", {"name": "write_file", "arguments": {"path": "e"}, "requestState": state, "_meta": meta})

        gateway.modern = False                 # `call` brings its own _meta
        one = words(gateway.answer(call("00-1", "s"))).split()[1]
        tap.equal(words(gateway.answer(call("00-2", "s"))).split()[1], one, "another trace is the same call")
        tap.ok(words(gateway.answer(call("00-2", "t"))).split()[1] != one, "another state is not")
        tap.ok(words(gateway.answer(call("00-2", "s", other=1))).split()[1] != one, "nor other words beside it")
        reviewer.decide(one, "approve", "ok")
        wait_for(lambda: state(reviewer, one) == "granted", "granted")
        tap.equal(words(gateway.answer(call("00-3", "s"))), "write_file e", "approved: called again, it runs")
        got = gateway.calls_seen()[-1]["params"]["_meta"]
        tap.equal((got["traceparent"], got["io.modelcontextprotocol/protocolVersion"]), ("00-3", "2026-07-28"), "with the newest trace")
tap.done()
