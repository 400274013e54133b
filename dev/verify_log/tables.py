"""The tables, which the broker works with, against what the log says."""
import sqlite3

from .canon import Bad, pack, sha256, unpack
from .replay import FOLLOWS

GRANT_SLACK_MS = 2000  # the broker measures a request's age by a clock that cannot be set


class Tables:
    def __init__(self, db, replay, note):
        self.db, self.replay, self.note = db, replay, note

    def differ(self, request_id, what, got, wanted):
        if got != wanted:
            self.note(None, f"request {request_id}: {what} is {shown(got)}, the log says {shown(wanted)}")

    def check(self):
        self.db.row_factory = sqlite3.Row
        seen = set()
        for row in self.db.execute("SELECT * FROM request LEFT JOIN request_canonical USING(key)"
                                   " LEFT JOIN request_secret USING(key) ORDER BY key"):
            request = self.replay.requests.get(row["id"])
            seen.add(row["id"])
            if request is None or not request.states:
                self.note(None, f"request {row['id']}: the log does not know it")
                continue
            self.check_moves(row, request)
            self.check_parts(row, request)
            self.differ(row["id"], "erased", (row["erased_ms"], row["erased_by"]), request.erased)
            if row["erased_ms"] is not None:
                self.check_erased(row)
            if request.canonical is not None:
                self.check_fixed(row, request)
        self.check_about()
        for request_id in self.replay.requests.keys() - seen:
            self.note(None, f"request {request_id}: the log knows it, the table does not")
        for table in ("vote", "note", "history", "request_canonical", "request_secret"):
            column = "key" if table.startswith("request") else "request"
            for (key,) in self.db.execute(f"SELECT {column} FROM {table} WHERE {column} NOT IN"
                                          " (SELECT key FROM request)"):
                self.note(None, f"table {table} has a row of no request, {key}")
        halts = {(row["agent"], row["session"]): (row["by_name"], row["reason"], row["at_ms"])
                 for row in self.db.execute("SELECT * FROM halt")}
        if halts != self.replay.halts:
            self.note(None, f"halted is {shown(halts)}, the log says {shown(self.replay.halts)}")

    def check_fixed(self, row, request):
        c = request.canonical
        resources = c["resources"] or []
        for column, wanted in {
            "requester": c["requester"], "owner": c["owner"] or "", "mode": c["mode"], "tier": c["tier"],
            "effect": c["effect"], "environment": c["environment"], "operation": c["operation"],
            "summary": c["summary"] or "", "session": c["session"] or "", "audience": c["audience"] or "",
            "submitted_ms": c["submitted_ms"], "submitted_wall_ms": c["submitted_ms"], "via": request.via,
            "classes": pack(c["class"]), "action_digest": c["action_digest"], "digest": request.digest,
            "canonical": request.raw, "needed": request.needed, "resource_count": len(resources),
            "resource": resources[0] if resources else "",
        }.items():
            self.differ(row["id"], column, row[column], wanted)
        try:
            frozen = unpack(row["quorum"] or b"")
            self.differ(row["id"], "quorum", (sorted(frozen), frozen["slots"]), (["slots", "widenings"], c["quorum"]))
            self.check_groups(row, request, frozen)
        except (Bad, TypeError, KeyError):
            self.note(None, f"request {row['id']}: its frozen quorum is damaged")

    def check_about(self):
        """Whose erasure takes a body along: the leaf's request; a refusal's, if it names one that was there, or -1."""
        keys = dict(self.db.execute("SELECT id, key FROM request"))
        about = {row["seq"]: (row["request"], row["at_ms"]) for row in self.db.execute("SELECT * FROM leaf_about")}
        for seq, fields, body in self.replay.log.leaves:
            wall_ms, event, request_id = fields[2], fields[5], fields[7]
            wanted = [None]
            if event == "refused":
                named = body.get("request") if body else None
                wanted = [None, (-1, wall_ms), (keys.get(named), wall_ms)]  # None: it quotes nobody
            elif request_id and body is not None and event != "erase":
                wanted = [(keys.get(request_id), wall_ms)]
            got = about.pop(seq, None)
            if got not in wanted or (body is None and got is not None):
                self.note(None, f"leaf {seq}: what takes its body along is {got}, the log says {wanted[-1]}")
        if about:
            self.note(None, f"leaf_about has rows of no leaf: {shown(sorted(about))}")

    def check_erased(self, row):
        texts = [row[column] or "" for column in ("session", "audience", "operation", "resource", "summary", "reason",
                                                  "canonical", "action", "salt")]
        for column, table in (("body", "vote"), ("text", "note"), ("reason", "history")):
            texts += [text for (text,) in self.db.execute(f"SELECT {column} FROM {table} WHERE request = ?",
                                                          (row["key"],))]
        if any(texts):
            self.note(None, f"request {row['id']} was erased, and something of it is still there")

    def check_groups(self, row, request, frozen):
        """Each place of each slot by another approver: a maximum matching, one augmenting path at a time."""
        if request.granters is None:
            return
        granted_ms = next(wall_ms for state, wall_ms, _, _ in request.states if state == "granted")
        age_ms = granted_ms - row["submitted_ms"] + GRANT_SLACK_MS
        wider = [g for widening in frozen["widenings"] if widening["after_ms"] <= age_ms for g in widening["groups"]]
        places = [set(slot["groups"]) | set(wider) for slot in frozen["slots"] for _ in range(slot["count"])]
        taken = {}

        def seat(voter, tried):
            for place, groups in enumerate(places):
                if place in tried or not groups & set(request.granters[voter]):
                    continue
                tried.add(place)
                if place not in taken or seat(taken[place], tried):
                    taken[place] = voter
                    return True
            return False

        filled = sum(seat(voter, set()) for voter in range(len(request.granters)))
        if filled < len(places):
            self.note(None, f"request {row['id']}: granted by persons whose groups fill {filled} of "
                            f"{len(places)} places")

    def check_moves(self, row, request):
        state, _, actor, body = request.states[-1]
        self.differ(row["id"], "state", row["state"], state)
        self.differ(row["id"], "extensions", row["extensions"], request.extensions)
        if not request.blind:
            self.differ(row["id"], "claimer", row["claimer"], request.claimer)
        approvals = sum(approve for approve, _ in request.votes.values())
        if state == "pending" and row["approvals"] > approvals:
            self.differ(row["id"], "approvals", row["approvals"], approvals)
        if len(request.states) > 1:
            self.differ(row["id"], "moved_by", row["moved_by"], actor)
            self.differ(row["id"], "reason", row["reason"], body.get("reason", ""))
        elif row["moved_by"] not in ("", "policy", actor):
            self.differ(row["id"], "moved_by", row["moved_by"], "policy")
        if state not in FOLLOWS:
            self.differ(row["id"], "due_wall_ms", row["due_wall_ms"], None)
            self.differ(row["id"], "action", row["action"], None)
            self.differ(row["id"], "salt", row["salt"], None)
        elif state in ("pending", "granted") and request.deadline_ms is not None:
            self.differ(row["id"], "due_wall_ms", row["due_wall_ms"], request.deadline_ms)
        if row["action"] is not None and row["salt"] is not None:
            digest = sha256(b"holdpoint/action/v1\x00", row["salt"], row["action"])
            self.differ(row["id"], "action", digest, row["action_digest"])

    def check_parts(self, row, request):
        lines = [tuple(line) for line in self.db.execute(
            "SELECT n, state, at_ms FROM history WHERE request = ? ORDER BY n", (row["key"],))]
        self.differ(row["id"], "history", lines, [(n, s[0], s[1]) for n, s in enumerate(request.states)])
        said = [tuple(line) for line in self.db.execute(
            "SELECT by_name, reason FROM history WHERE request = ? ORDER BY n", (row["key"],))]
        self.differ(row["id"], "history", said[1:], [(s[2], s[3].get("reason", "")) for s in request.states[1:]])
        if said:  # its last line is the request's; the first one is the policy's own
            self.differ(row["id"], "history", said[-1], (row["moved_by"], row["reason"]))
            if said[0][0] not in ("", "policy", request.states[0][2]):
                self.differ(row["id"], "history", said[0][0], "policy")
        votes = [tuple(vote) for vote in self.db.execute(
            "SELECT person, by_name, approve, body, signature, sign_public, at_ms FROM vote WHERE request = ?"
            " ORDER BY person", (row["key"],))]
        if not request.blind:
            self.differ(row["id"], "votes", votes, [vote for _, (_, vote) in sorted(request.votes.items())])
            notes = [tuple(note) for note in self.db.execute(
                "SELECT n, by_name, text, at_ms FROM note WHERE request = ? ORDER BY n", (row["key"],))]
            self.differ(row["id"], "notes", notes, [(n, *note) for n, note in enumerate(request.notes)])


def shown(value):
    text = ascii(value)
    return text if len(text) <= 120 else text[:117] + "..."
