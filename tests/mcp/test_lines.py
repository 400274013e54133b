"""What is no message, what is too long, what holds a secret; a broker that goes, a halt."""
import json
import time

from gateway import SECRET, Client, Gateway, Instance, pending, requests, state, tap, wait_for, words

with Instance() as instance:
    reviewer, admin = Client(instance, "reviewer"), Client(instance, "admin")

    with Gateway(instance) as gateway:
        gateway.open()
        waiting = gateway.call("write_file", "beat", token="beat")
        gateway.note("notifications/progress")
        before = len(gateway.seen())

        # ---- the client's lines ----
        for line, id, code, name in (
                (b'{"jsonrpc":"2.0","id":101,"method":"tools/call","params":{"name":"a","name":"b"}}', 101, -32700, "a key that stands twice"),
                (b'{"jsonrpc":"2.0","id":"q","method":"x","params":{"n":9223372036854775808}}', "q", -32700, "an integer beyond 64 bits"),
                (b'{"jsonrpc":"2.0","id":102,"method":"x","params":{"n":1e400}}', 102, -32700, "a number beyond all"),
                (b'{"jsonrpc":"2.0","id":103,"method":"x","params":{"s":"\\ud800"}}', 103, -32700, "half a surrogate"),
                (b'{"jsonrpc":"2.0","id":104,"method":"x","params":{"s":"\xff"}}', 104, -32700, "bytes that are no UTF-8"),
                (b'[{"jsonrpc":"2.0","id":1,"method":"tools/call"}]', None, -32600, "a batch"),
                (b'{"jsonrpc":"2.0","id":null,"method":"x"}', None, -32600, "a null id"),
                (b'{"jsonrpc":"2.0","id":1.5,"method":"x"}', None, -32600, "a fraction as id"),
                (b'{"jsonrpc":"2.0","id":1.0,"method":"x"}', None, -32600, "an integer that is none to all"),
                (b'{"jsonrpc":"1.0","id":105,"method":"x"}', 105, -32600, "another JSON-RPC"),
                (b'{"jsonrpc":"2.0","id":106,"method":"x","result":{}}', 106, -32600, "a request that is an answer"),
                (b'{"jsonrpc":"2.0","id":107,"method":"tools/call","params":[]}', 107, -32600, "parameters that are a list"),
                (b'{"jsonrpc":"2.0","id":"' + b"x" * 300 + b'","method":"x"}', None, -32600, "an id that is too long"),
                (b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_file","arguments":{"path":"x"}}}', None, -32600,
                 "a call without an id, which is a call to many a server"),
                (b'{"jsonrpc":"2.0","id":109,"method":"ping","params":{"x":\r' +
                 b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_file","arguments":{"path":"x"}}}\r}}', 109, -32600,
                 "a call within, in a line of its own to readers that end lines at carriage returns too"),
                (b'{"jsonrpc":"2.0","id":110,"method":"ping","Method":"tools/call","params":{"name":"delete_file"}}', 110, -32600,
                 "a method that readers without regard to case would take"),
                (b'{"jsonrpc":"2.0","id":111,"method":"tools/call","params":{"name":"read_file","NAME":"delete_file","arguments":{}}}', 111, -32600,
                 "a tool of that kind"),
                ('{"jsonrpc":"2.0","id":112,"method":"tools/call","params":{"name":"read_file","arguments":{},"argument\u017f":{"path":"x"}}}'.encode(),
                 112, -32600, "arguments with a letter that folds to another"),
                (b"{" * 200, None, -32700, "depth"),
                (b"hello", None, -32700, "no JSON"),
                (b"", None, -32700, "nothing"),
                (b'{"jsonrpc":"2.0","id":108,"method":"x","params":{"s":"' + b"y" * (9 << 20) + b'"}}', 108, -32600, "a line of 9 MiB")):
            gateway.raw(line + b"\n")
            answer = gateway.until(lambda m: "error" in m)
            tap.equal((answer["id"], answer["error"]["code"]), (id, code), f"answered with an error: {name}")
        tap.equal(len(gateway.seen()), before, "none of them reached the server")
        gateway.send(id=77, result={})
        tap.equal(gateway.ask("ping")["result"], {}, "an answer that nobody asked for goes nowhere, and the gateway goes on")

        # ---- byte for byte ----
        odd = b'{ "jsonrpc" : "2.0","id":201 , "method":"resources/list","params":{"a":0.1,"b":1E2,"c":"\\u00e9\\/","d":12345678901234567} }'
        gateway.raw(odd + b"\r\n")
        gateway.answer(201)
        tap.equal(gateway.seen()[-1], odd, "what needs no change is forwarded byte for byte")
        raw = b'{"params": {"arguments" : {"path":"z", "n": 0.10, "_hold\\u0070oint" : {"why":"w"} , "big":1e2}, "name":"read_file"}, "id":202,"method":"tools/call","jsonrpc":"2.0"}'
        gateway.raw(raw + b"\n")
        gateway.answer(202)
        tap.equal(gateway.seen()[-1], b'{"params": {"arguments" : {"path":"z","n":0.10,"big":1e2}, "name":"read_file"}, "id":202,"method":"tools/call","jsonrpc":"2.0"}',
                  "reasons are cut out of the text, however their key is spelled; every number stays as written")
        gateway.request("tools/call", {"name": "read_file", "arguments": {"path": "precise"}}, id=203)
        line = gateway.line()
        tap.equal(line, b'{"jsonrpc": "2.0", "id": 203, "result": {"content": [ ], "structuredContent": {"a": 0.1, "b": 1.0e2, "c": "\\u00e9"}}}\n',
                  "a result without secrets too")

        # ---- the server's lines ----
        for path, name in (("2^63", "an integer beyond 64 bits"), ("twice", "a key that stands twice"), ("huge", "a line of 9 MiB")):
            answer = gateway.answer(gateway.call("read_file", path))
            tap.equal(answer.get("error", {}).get("code"), -32603, f"an answer that cannot be judged is withheld, and who asked is told: {name}")
        tap.equal(words(gateway.answer(gateway.call("read_file", "garbage"))), "after garbage", "what is no message goes nowhere")
        tap.ok("no message" in gateway.said("no message"), "and is told on standard error", gateway.said())
        tap.equal(words(gateway.answer(gateway.call("read_file", "stranger"))), "after a stranger's answer", "an answer to nothing goes nowhere")
        tap.ok(not [m for m in gateway.kept if m.get("id") == 4711], "not to the client either")
        tap.equal(len(words(gateway.answer(gateway.call("read_file", "big")))), 1 << 20, "1 MiB passes")
        tap.ok(gateway.answer(gateway.call("read_file", "failed"))["result"]["isError"], "a tool that fails says so itself")
        wait_for(lambda: state(reviewer, requests(reviewer, "mcp:scripted/read_file")[0]) == "failed", "failed")
        tap.ok(True, "and its request has failed")

        # ---- secrets ----
        answer = gateway.answer(gateway.call("read_file", "secrets"))
        line, result = json.dumps(answer), answer["result"]
        tap.ok(SECRET not in line and "hunter2" not in line and "4111" not in line, "no secret is left in a result", line)
        tap.ok("[REDACTED:" in words(answer) and "[REDACTED:" in result["content"][1]["resource"]["text"], "text and resources say that something was there")
        content = result["structuredContent"]
        tap.equal((content["card"], content["n"], type(content["id"]), type(content["deep"][0]["password"])), (0, [1, 0.5, True, None], str, str),
                  "structured content keeps its types")
        tap.equal(result["content"][2]["data"], "QUtJQVo3UVhBTVBMRUtFWTIzNDU=", "images are left alone")
        tap.ok(SECRET not in json.dumps(gateway.note("notifications/message")), "nor in a log message")
        error = gateway.answer(gateway.call("read_file", "error"))["error"]
        tap.ok(SECRET not in json.dumps(error) and error["code"] == -32000, "nor in an error and its data", error)
        contents = gateway.ask("resources/read", {"uri": "file:///k"})["result"]["contents"]
        tap.ok(SECRET not in json.dumps(contents) and contents[1]["blob"] == "AAAA", "nor in resources that are read", contents)

        # ---- the server asks ----
        asked = gateway.call("read_file", "ask")
        message = gateway.note("sampling/createMessage")
        tap.ok(SECRET not in json.dumps(message) and message["id"] == 1, "what the server asks of the client comes through, redacted", message)
        gateway.send(id=1, result={"model": "m"})
        tap.ok("client said" in words(gateway.answer(asked)), "and the answer goes back")
        gateway.send(id=1, result={"model": "again"})
        tap.equal(gateway.ask("ping")["result"], {}, "once")

        # ---- a call that waits long ----
        beat = gateway.note("notifications/progress")["params"]
        tap.equal((beat["progressToken"], beat["progress"]), ("beat", 2), "a client that waits is told again and again")
        gateway.send(method="notifications/cancelled", params={"requestId": waiting})

        # ---- many at once ----
        held = [gateway.call("write_file", f"many{i}") for i in range(60)]
        wait_for(lambda: len(requests(reviewer, "mcp:scripted/write_file", "pending")) >= 40, "many are pending")
        full = [m for m in (gateway.answer(id) for id in held[48:])]
        tap.ok(all("too many calls" in words(m) for m in full), "calls beyond the limit are denied", full)
        for id in held[:48]:
            gateway.send(method="notifications/cancelled", params={"requestId": id})
        wait_for(lambda: not requests(reviewer, "mcp:scripted/write_file", "pending"), "withdrawn")
        tap.equal(words(gateway.answer(gateway.call("read_file", "y"))), "read_file y", "and there is room again")

        # ---- the server ends ----
        running = gateway.call("read_file", "exit")
        held = gateway.call("write_file", "l")
        tap.equal(gateway.answer(running)["error"]["code"], -31001, "the server ended: who waits is told")
        tap.equal(gateway.close(), 3, "and the gateway ends with its code")

    # ---- what a server says of itself, in either era ----
    for era, method in ((False, "initialize"), (True, "server/discover")):
        with Gateway(instance, "indiscreet", name=f"indiscreet-{era}", modern=era) as gateway:
            told = gateway.ask(method, {} if era else {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})["result"]
            tap.ok(told["instructions"].startswith("the key is [REDACTED:") and SECRET not in str(told), f"{method}: instructions are redacted", told)
            tap.equal(told.get("protocolVersion") or told["supportedVersions"], ["2026-07-28"] if era else "2025-11-25", "and versions stay")

    # ---- halt ----
    with Gateway(instance) as gateway:
        gateway.open()
        running = gateway.call("read_file", "slow")
        wait_for(lambda: any(c["params"]["arguments"]["path"] == "slow" for c in gateway.calls_seen()), "it runs")
        held = gateway.call("write_file", "m")
        one = pending(reviewer, "mcp:scripted/write_file")
        started = time.monotonic()
        reviewer.call(type="halt", scope="all", reason="stop everything")
        answer = gateway.answer(held)
        tap.ok(answer["result"]["isError"] and "halted" in words(answer), "a halt denies what is held", answer)
        answer = gateway.answer(running)
        took = time.monotonic() - started
        tap.ok(answer["result"]["isError"] and "Stopped by holdpoint" in words(answer), "and stops what runs", answer)
        tap.ok(took < 5, f"within {took * 1000:.0f} ms")
        wait_for(lambda: b"notifications/cancelled" in b"".join(gateway.seen()), "the server is told")
        answer = gateway.answer(gateway.call("read_file", "a"))
        tap.ok(answer["result"]["isError"] and "halt" in words(answer), "under a halt every call is denied", answer)
        admin.call(type="resume", scope="all", reason="again")
        tap.equal(words(gateway.answer(gateway.call("read_file", "a"))), "read_file a", "and after it, not")

        # ---- the broker goes ----
        held = gateway.call("write_file", "n", token="n")
        one = pending(reviewer, "mcp:scripted/write_file")
        instance.restart()
        reviewer.decide(one, "approve", "ok")
        tap.equal(words(gateway.answer(held)), "write_file n", "a broker that restarts is waited for")
        held = gateway.call("write_file", "o", token="o")
        pending(reviewer, "mcp:scripted/write_file")
        instance.kill()
        started = time.monotonic()
        answer = gateway.answer(gateway.call("read_file", "a"))
        tap.ok(answer["result"]["isError"] and "broker is gone" in words(answer), "without a broker a call is denied", answer)
        answer = gateway.answer(held)
        tap.ok(answer["result"]["isError"] and "broker is gone" in words(answer), "what is held too", answer)
        tap.ok(time.monotonic() - started < 40, "in time")
        instance.start()
        wait_for(lambda: words(gateway.answer(gateway.call("read_file", "a"))) == "read_file a", "the broker is back")
        tap.ok(True, "and when it is back, calls go through")

    # ---- what cannot begin ----
    for options, key, code, name in ((("--for", "nobody"), "demo-agent", 2, "--for with a key that is no gateway's"),
                                     (("--server", "a/b"), "demo-agent", 2, "a server's name that is none"),
                                     (("--redact", "all"), "demo-agent", 2, "rules that are none")):
        run = instance.cli("--as", key, "mcp", "--environment", "staging", *options, "--", "/bin/true")
        tap.ok(run.returncode == code and run.stderr.count("\n") == 1 and not run.stdout, f"refused in a line: {name}", run)
    run = instance.cli("--as", "gateway", "mcp", "--environment", "staging", "--", "/bin/true")
    tap.ok(run.returncode == 2 and "--for" in run.stderr, "a gateway's key without --for", run.stderr)
    run = instance.cli("--as", "demo-agent", "mcp", "--environment", "staging", "--", "no-such-program")
    tap.ok(run.returncode == 2 and "no-such-program" in run.stderr, "a server that is not there", run.stderr)
tap.done()
