"""What the log says happened, and whether it was allowed."""
import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .canon import Bad, sha256, unpack

VOTE_TYPE = b"application/vnd.holdpoint.vote.v1+msgpack"
VOTE_KEYS = {"v", "instance", "request", "digest", "decision", "reason", "by", "at_ms"}
VOTE_SKEW_MS = 120_000
CANONICAL_KEYS = set(
    "v instance id requester owner mode submitted_ms environment class tier effect operation resources "
    "arguments command cwd env files audience summary why impact alternatives rollback confidence session "
    "branch evidence supersedes findings quorum policy action_digest".split())
# lifecycle.md: from each state, the ones that may follow. What is not here is final.
FOLLOWS = {
    None: {"blocked", "pending", "granted"},
    "pending": {"granted", "denied", "expired", "withdrawn", "halted"},
    "granted": {"executing", "released", "denied", "withdrawn", "halted", "lapsed"},
    "executing": {"succeeded", "failed", "rolling_back", "unknown"},
    "rolling_back": {"rolled_back", "rollback_failed", "unknown"},
    "unknown": {"succeeded", "failed"},
}


def pae(kind, body):
    """DSSE pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


class Request:
    """One request as its leaves tell it."""

    def __init__(self):
        self.states = []  # (state, leaf's wall_ms, actor, body)
        self.canonical = self.raw = self.digest = None
        self.via, self.claimer, self.deadline_ms = "", "", None
        self.needed = 0
        self.votes = {}   # person → (approve, row as the table must have it)
        self.notes, self.extensions = [], 0
        self.blind = False     # a body of it is erased
        self.erased = (None, None)  # when and by whom, if it is
        self.granters = None   # at the grant by votes: the groups of each approver

    @property
    def state(self):
        return self.states[-1][0] if self.states else None


class Replay:
    def __init__(self, log, note):
        self.log, self.note = log, note
        self.requests, self.halts, self.people = {}, {}, {}
        self.votes = self.erased = 0
        self.known_people = False

    def run(self):
        erased = {}  # sequence number → of the leaf that says so
        for seq, fields, body in self.log.leaves:
            if fields[5] == "erase" and body:
                erased.update((of, seq) for of in body.get("leaves", []))
        for seq, fields, body in self.log.leaves:
            _, _, wall_ms, _, _, event, actor, request_id, digest, _ = fields
            try:
                if body is None:
                    self.erased += 1
                    if erased.get(seq, -1) <= seq:
                        raise Bad("its body is gone and no leaf says that it was erased")
                self.leaf(event, actor, request_id, digest, wall_ms, body)
            except Bad as bad:
                self.note(seq, f"leaf {seq} ({event}{' ' + request_id if request_id else ''}): {bad}")

    def leaf(self, event, actor, request_id, digest, wall_ms, body):
        if event == "principals" and body:
            if body.get("first", 0) == 0:  # a new set begins
                self.people = {}
            self.known_people = True
            self.people.update((entry["name"], entry) for entry in body.get("principals", []))
        elif event == "halt" and body:
            scope = body.get("agent", ""), body.get("session", "")
            self.halts.setdefault(scope, (actor, body.get("reason"), wall_ms))
        elif event == "resume" and body:
            if self.halts.pop((body.get("agent", ""), body.get("session", "")), None) is None:
                raise Bad("what was not halted was resumed")
        if not request_id:
            return
        request = self.requests.setdefault(request_id, Request())
        if body is None:
            request.blind = True
            body = {}
        if "canonical" in body:
            self.submitted(request, request_id, body, wall_ms)
        if request.digest is not None and digest != request.digest:
            raise Bad("carries another digest than the request has")
        if {"body", "signature", "sign_public"} <= body.keys():
            self.vote(request, request_id, actor, wall_ms, body)
        if event == "erase" and request.erased[0] is None:
            request.erased = (wall_ms, actor)
        if event == "note":
            request.notes.append((actor, body.get("text"), wall_ms))
        if event == "extend":
            request.extensions += 1
            if request.state not in ("pending", None):
                raise Bad(f"extended while {request.state}")
        if "deadline_ms" in body:
            request.deadline_ms = body["deadline_ms"]
        state = body.get("state") or (event[8:] if event.startswith("request.") else None)
        if state is not None:
            self.move(request, state, actor, wall_ms, body)

    def submitted(self, request, request_id, body, wall_ms):
        if request.states:
            raise Bad("submitted twice")
        request.raw = body["canonical"]
        request.digest = sha256(b"holdpoint/request/v1\x00", request.raw)
        request.canonical = canonical = unpack(request.raw)
        if not isinstance(canonical, dict) or canonical.keys() != CANONICAL_KEYS or canonical["v"] != 1:
            raise Bad("its canonical bytes do not have the 33 keys")
        for key, wanted in (("id", request_id), ("instance", self.log.key.origin), ("submitted_ms", wall_ms)):
            if canonical[key] != wanted:
                raise Bad(f"its canonical bytes have another {key}: {canonical[key]!r}")
        request.via = body.get("via", "")
        request.needed = body.get("needed", 0)
        if request.needed != sum(slot["count"] for slot in canonical["quorum"] or []):
            raise Bad("needs another number of persons than its canonical bytes say")

    def vote(self, request, request_id, actor, wall_ms, body):
        self.votes += 1
        vote = unpack(body["body"])
        try:
            key = Ed25519PublicKey.from_public_bytes(body["sign_public"])
            key.verify(body["signature"], pae(VOTE_TYPE, body["body"]))
        except (InvalidSignature, ValueError):
            raise Bad("the vote's signature does not verify") from None
        if not isinstance(vote, dict) or vote.keys() != VOTE_KEYS or vote["v"] != 1:
            raise Bad("the vote does not have its eight keys")
        for name, wanted in (("request", request_id), ("instance", self.log.key.origin), ("by", actor),
                             ("digest", request.digest), ("decision", body.get("decision"))):
            if vote[name] != wanted and not (name == "digest" and request.blind):
                raise Bad(f"the vote is about another {name}")
        if abs(vote["at_ms"] - wall_ms) > VOTE_SKEW_MS:
            raise Bad("the vote was signed more than two minutes away from its leaf")
        approve, person = vote["decision"] == "approve", body.get("person")
        if not isinstance(person, str) or not person:
            raise Bad("the vote is nobody's")
        if request.state not in ("pending", None) and (approve or request.state != "granted"):
            raise Bad(f"a vote on a request that is {request.state}")
        if approve and request.canonical and person == request.canonical["owner"]:
            raise Bad("the owner approved")
        if approve and request.deadline_ms is not None and wall_ms >= request.deadline_ms:
            raise Bad("approved after the deadline")
        if person in request.votes and (approve or not request.votes[person][0]):
            raise Bad(f"a second vote of \"{person}\"")
        self.check_voter(actor, person, body["sign_public"], approve)
        request.votes[person] = (approve, (person, actor, int(approve), body["body"], body["signature"],
                                           body["sign_public"], vote["at_ms"]))

    def check_voter(self, name, person, key, approve):
        entry = self.people.get(name)
        if not self.known_people:
            return
        if not entry or entry.get("revoked"):
            raise Bad(f"\"{name}\" was no principal at that time")
        if entry.get("person") != person:
            raise Bad(f"\"{name}\" is not the person \"{person}\"")
        if base64.b64encode(key).decode() != entry.get("sign_public"):
            raise Bad(f"the key is not \"{name}\"'s")
        if approve and "reviewer" not in entry.get("roles", []):
            raise Bad(f"\"{name}\" is no reviewer")

    def move(self, request, state, actor, wall_ms, body):
        if state not in FOLLOWS.get(request.state, set()):
            raise Bad(f"from {request.state or 'nothing'} to {state}")
        effect = request.canonical["effect"] if request.canonical else None
        first = not request.states
        request.states.append((state, wall_ms, actor, body))
        request.claimer = body.get("claimer", request.claimer)
        if request.blind:
            return
        if first and request.canonical is None:
            raise Bad("begins without its canonical bytes")
        if first and state != {"allow": "granted", "log": "granted", "block": "blocked"}.get(effect, "pending"):
            raise Bad(f"the policy's effect is {effect}, the request begins as {state}")
        if first and state == "pending" and request.needed < 1:
            raise Bad("nobody is needed to release it")
        if state == "granted" and not first:
            approvals = sum(approve for approve, _ in request.votes.values())
            if approvals < request.needed or approvals != len(request.votes):
                raise Bad(f"granted with {approvals} of {request.needed} persons")
            if self.known_people:
                entries = [self.people.get(vote[1], {}) for _, vote in request.votes.values()]
                request.granters = [e.get("groups", []) for e in entries if not e.get("revoked")]
        if state == "denied" and all(approve for approve, _ in request.votes.values()):
            raise Bad("denied, and nobody did")
