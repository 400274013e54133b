"""One well-formed message of each type, about a request that nobody has."""
import os
import uuid

from hp import request

NOBODY = str(uuid.uuid4())
SAMPLES = {
    "hello": {}, "ping": {}, "stats": {}, "agents": {}, "checkpoint": {}, "reload": {},
    "submit": request(), "wait": {"id": NOBODY, "until": "decided", "timeout_ms": 0},
    "withdraw": {"id": NOBODY}, "list": {"limit": 1}, "show": {"id": NOBODY},
    "decide": {"id": NOBODY, "digest": bytes(32), "decision": "deny", "reason": "", "at_ms": 1,
               "signature": bytes(64)},
    "extend": {"id": NOBODY, "by_ms": 1000, "reason": "x"}, "note": {"id": NOBODY, "text": "x"},
    "claim": {"id": NOBODY, "nonce": os.urandom(16), "timeout_ms": 0}, "progress": {"id": NOBODY},
    "report": {"id": NOBODY, "result": "failed"},
    "settle": {"id": NOBODY, "result": "failed", "reason": "x"},
    "halt": {"scope": "session", "agent": "demo-agent", "session": "none", "reason": "x"},
    "resume": {"scope": "session", "agent": "demo-agent", "session": "other", "reason": "x"},
    "task": {"agent": "demo-agent", "session": "none", "operations": ["x"], "resources": [],
             "environment": "x", "for_s": 1, "reason": "x"},
    "tasks": {}, "task_close": {"agent": "demo-agent", "session": "nowhere", "reason": "x"},
    "spot_check": {"id": NOBODY, "finding": "ok"},
    "audit": {"from": 0, "limit": 1}, "proof": {"leaf": 0},
}
