"""libholdpoint as a program uses it: what it says of an answer stays true through calls that get none."""
import ctypes
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
from hp import BUILD, Client, Instance, request, tap

if os.environ.get("HP_SANITIZERS") == "yes":  # they would have to be loaded before Python itself
    print("1..0 # SKIP the library is built with sanitizers")
    sys.exit(0)
LIB = ctypes.CDLL(os.path.join(BUILD, "libholdpoint.so.0"))
OK, DENIED, UNAVAILABLE, PENDING = 0, 3, 8, 12
for name in ("holdpoint_message", "holdpoint_request_state"):
    getattr(LIB, name).restype = ctypes.c_char_p
LIB.holdpoint_request_reason.restype = ctypes.c_void_p  # the pointer itself, to be handed back
for name in ("holdpoint_message", "holdpoint_close"):
    getattr(LIB, name).argtypes = [ctypes.c_void_p]
for name in ("claim", "withdraw", "report", "wait", "progress", "request_reason", "request_state", "request_free"):
    getattr(LIB, "holdpoint_" + name).argtypes = {
        "withdraw": [ctypes.c_void_p, ctypes.c_void_p], "wait": [ctypes.c_void_p, ctypes.c_int],
        "progress": [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
        "report": [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]}.get(name, [ctypes.c_void_p])


def reason(asked):
    return ctypes.string_at(LIB.holdpoint_request_reason(asked)).decode()


def submit(session, **changes):
    asked = ctypes.c_void_p()
    result = LIB.holdpoint_submit(session, json.dumps(request(**changes)).encode(), ctypes.byref(asked))
    return result, asked


with Instance() as instance:
    agent, reviewer = Client(instance, "demo-agent-supervised"), Client(instance, "reviewer")
    session = ctypes.c_void_p()
    files = [os.path.join(instance.home, *path).encode() for path in (("keys", "demo-agent-supervised.key"), ("broker.json",))]
    tap.equal(LIB.holdpoint_connect(*files, 5000, ctypes.byref(session)), OK, "it connects")

    result, asked = submit(session)
    tap.equal(result, PENDING, "it asks, and people are asked")
    held = reason(asked)
    tap.ok(held.startswith("held for approval"), "why is said", held)
    tap.equal(LIB.holdpoint_withdraw(asked, LIB.holdpoint_request_reason(asked)), OK, "what was answered can be the next call's words")
    pending, = [item["id"] for item in agent.call(type="list")["items"]]
    tap.equal(agent.call(type="wait", id=pending, until="done", timeout_ms=0)["reason"], held, "and arrives as it was")
    LIB.holdpoint_request_free(asked)

    result, asked = submit(session)
    pending = next(item["id"] for item in agent.call(type="list")["items"] if item["state"] == "pending")
    reviewer.decide(pending, "deny", "not on a Friday, whatever the agent may think of it")
    tap.equal((LIB.holdpoint_wait(asked, 20000), LIB.holdpoint_request_state(asked), reason(asked)),
              (DENIED, b"denied", "not on a Friday, whatever the agent may think of it"), "a denial and its reason")
    instance.kill()
    for call in range(2):
        tap.equal((LIB.holdpoint_withdraw(asked, b"x" * 200), reason(asked)),
                  (UNAVAILABLE, "not on a Friday, whatever the agent may think of it"), "without a broker the last answer stands")
    instance.start()
    LIB.holdpoint_request_free(asked)
    LIB.holdpoint_close(session)
tap.done()
