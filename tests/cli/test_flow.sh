#!/usr/bin/env bash
# Requests through a live broker by commands alone: ask, look, decide, extend, withdraw, halt.
. "$(dirname "$0")/tap.sh"
make_instance
start_broker
FIXTURES=$HP_SRCDIR/tests/fixtures
NONE=00000000-0000-4000-8000-000000000000

# --- ask ---
as demo-agent submit -f "$FIXTURES/kiro-delete.yaml"
is "$CODE|$ERR" "12|" "Kiro's delete is pending"
is "$(field state) $(field verdict) $(field effect) $(field tier) $(field environment) $(field class)" \
	"pending hold escalate gated production delete" "its receipt"
ID=$(field id) DIGEST=$(field digest)
like "$OUT" "*finding       1 escalate *finding       2 escalate *" "findings of layers 1 and 2"
as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --id "$ID" --json
is "$CODE|$(json '(d["type"], d["id"], d["state"], d["digest"])')" \
	"12|('receipt', '$ID', 'pending', '$DIGEST')" "the same again is the same receipt"
as demo-agent submit -f "$FIXTURES/kiro-patch.yaml" --id "$ID"
like "$CODE|$OUT|$ERR" "10||holdpoint: submit: conflict: *" "other content under the id is a conflict"
as demo-agent submit --operation elasticbeanstalk:DeleteEnvironment --environment production \
	--summary "delete it" --why "it drifted" --resources-affected 1 --irreversible
is "$CODE|$(field state)|$(field verdict)" "5|blocked|block" "deleting an environment is blocked"
as demo-agent-supervised submit -f "$FIXTURES/kiro-patch.yaml" --json
is "$CODE|$(json '(d["verdict"], d["effect"], d["state"])')" "0|('log', 'log', 'granted')" \
	"the patch is logged and granted"
as gateway submit --for demo-agent -f "$FIXTURES/kiro-delete.yaml" --resource other --quiet
is "$CODE|${#OUT}" "12|36" "a gateway asks for an agent; -q prints the id"
VIA=$OUT
as reviewer submit -f "$FIXTURES/kiro-delete.yaml"
like "$CODE|$ERR" "9|holdpoint: submit: *" "a reviewer does not ask"

# --- look ---
as reviewer list
is "$CODE|$ERR|$(wc -l <"$SCRATCH/out")" "0||3" "two pending, with a heading"
like "$OUT" "ID  *STATE  *TIER  *ENVIRONMENT  *CLASS  *REQUESTER  *VOTES  *DEADLINE  *OPERATION  *RESOURCE*" \
	"the heading"
like "$OUT" "*$ID  pending  gated  production  *delete  demo-agent  0/2    20??-??-??T??:??:??Z  cloudformation:DeleteStack  arn:aws-cn:*" \
	"a row"
is "$(LC_ALL=C tr -d '\n -~' <"$SCRATCH/out" | wc -c)" "0" "no tabs, no escapes"
as reviewer list -q
is "$(cut -d' ' -f1 "$SCRATCH/out")" "$VIA"$'\n'"$ID" "newest first; -q has no heading"
as reviewer list --all --json
is "$(json '(d["type"], sorted(i["state"] for i in d["items"]), "next" in d)')" \
	"('requests', ['blocked', 'granted', 'pending', 'pending'], False)" "--all --json"
as reviewer list --all --limit 1 --json
is "$(json '(len(d["items"]), d["next"] == d["items"][-1]["id"])')" "(1, True)" "--limit"
as reviewer list --state denied
is "$CODE|$OUT|$ERR" "0||holdpoint: list: no such requests" "none is said on standard error"
as reviewer list --requester nobody -q
is "$CODE|$OUT|$ERR" "0||" "or, with -q, not at all"
as demo-agent-supervised list --all --json
is "$(json '[i["requester"] for i in d["items"]]')" "['demo-agent-supervised']" "an agent lists its own"

as reviewer show "${ID:0:8}"
like "$CODE|$ERR|$OUT" "0||*WHAT *cloudformation:DeleteStack*WHY *drift*ALTERNAT. *ROLLBACK *none*RULES *$DIGEST*$ID*" \
	"show prints the whole request"
is "$(LC_ALL=C grep -c $'[\001-\010\013-\037\177]' "$SCRATCH/out")" "0" "and no control character"
as reviewer show "$ID" --json
is "$(json '(d["digest"], d["request"]["operation"], d["request"]["findings"][0]["layer"])')" \
	"('$DIGEST', 'cloudformation:DeleteStack', 1)" "show --json has the wire's map and its contents"
is "$(/usr/bin/python3 -c 'import hashlib, json, sys
d = json.load(sys.stdin); print(hashlib.sha256(b"holdpoint/request/v1\0" + bytes.fromhex(d["canonical"])).hexdigest())' <<<"$OUT")" \
	"$DIGEST" "the digest is that of the bytes"
as demo-agent-supervised show "$ID"
like "$CODE|$OUT|$ERR" "7||holdpoint: show: not_found: *" "another's request is not found"
as reviewer show $NONE
like "$CODE|$ERR" "7|holdpoint: show: not_found: *" "nor one that is not there"
as reviewer show 0000
is "$CODE|$ERR" '7|holdpoint: show: no request of yours or before you begins with "0000"' \
	"nor one by a beginning"
for n in 1 2; do
	as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --id "fefefefe-0000-4000-8000-00000000000$n"
done
as reviewer show fefe
like "$CODE|$ERR" \
	'2|holdpoint: show: "fefe" begins several requests: fefefefe-0000-4000-8000-00000000000? (cloudformation:DeleteStack), fefefefe-0000-4000-8000-00000000000? (cloudformation:DeleteStack)' \
	"an ambiguous beginning lists the candidates"
as demo-agent withdraw FEFEFEFE-0000-4000-8000-000000000001 --reason "asked twice"
is "$CODE|$(field state)|$(field reason)" "0|withdrawn|asked twice" "withdraw; ids in any case"
as demo-agent wait fefefefe-0000-4000-8000-000000000001
is "$CODE" "3" "a withdrawn request waits no more"

# --- decide ---
as reviewer approve "$ID" --reason ok --digest "${DIGEST:0:62}00"
is "$CODE|$ERR" "10|holdpoint: approve: digest_mismatch: $ID is not the request with that digest" \
	"approving something else is refused"
as reviewer approve "${ID:0:8}" --reason ok --digest "$DIGEST"
is "$CODE|$(field state)|$(field approvals)" "0|pending|1 of 2" "a recorded vote is success"
as reviewer approve "$ID" --reason again --digest "$DIGEST"
like "$CODE|$ERR" "10|holdpoint: approve: already_voted: *" "a second vote of one person is not"
as developer approve "$ID" --reason mine --digest "$DIGEST"
like "$CODE|$ERR" "9|holdpoint: approve: *" "the owner cannot approve"
as demo-agent approve "$ID" --reason mine --digest "$DIGEST"
like "$CODE|$ERR" "9|holdpoint: approve: *" "nor the agent"
as demo-agent wait "$ID" --timeout 1s
is "$CODE|$(field state)|$(field approvals)" "12|pending|1 of 2" "waiting ends with --timeout, still pending"
as reviewer note "$ID" "looking at it"
is "$CODE" "0" "a note"
as reviewer extend "$ID" --by 10m --reason "need the dba"
is "$CODE|$(field note)" "0|reviewer looking at it" "an extension; the note is shown"
as reviewer2 deny "$ID" --reason "not tonight"
is "$CODE|$(field state)" "0|denied" "the first deny is final"
as demo-agent wait "$ID" --json
is "$CODE|$(json '(d["state"], d["by"], d["reason"])')" "3|('denied', 'reviewer2', 'not tonight')" \
	"and reaches the agent with its reason"
as reviewer approve "$ID" --reason late --digest "$DIGEST"
like "$CODE|$ERR" "10|holdpoint: approve: final: *" "nothing after it"
as reviewer show "$ID" --votes
is "$CODE|$(awk 'NR > 1 {print $1, $2, $3, $5}' <<<"$OUT")" \
	"0|reviewer reviewer approve good"$'\n'"reviewer2 reviewer2 deny good" "votes, with signatures"
as reviewer settle "$ID" --result failed --reason x
like "$CODE|$ERR" "10|holdpoint: settle: *" "only an unknown end can be settled"

as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --ttl 1s --wait
is "$CODE|$(field state)" "4|expired" "silence is a no"
like "$ERR" "holdpoint: submit: * waits for a decision until 20??-*Z" "and waiting is said"

as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --resource db-1 -q
GRANT=$OUT
for reviewer in reviewer reviewer2; do
	as $reviewer show "$GRANT" --json
	D=$(json 'd["digest"]')
	as $reviewer approve "$GRANT" --reason "seen with $reviewer" --digest "$D"
done
is "$CODE|$(field state)|$(field approvals)" "0|granted|2 of 2" "two persons grant it"
as demo-agent wait "$GRANT"
is "$CODE" "0" "and the agent may go on"
as demo-agent wait "$GRANT" --until done --timeout 1s
is "$CODE" "12" "though it is not done yet"

# --- hostile text reaches no terminal ---
HOSTILE=$'deploy \e[2J\u202eprod\u2069\rhidden'
as demo-agent submit --operation $'x:y\e]0;t\a' --environment $'prod\u200b' --summary "$HOSTILE" \
	--why "$HOSTILE" --resource "$HOSTILE" --impact-note "$HOSTILE" --alternative "$HOSTILE=$HOSTILE" \
	--evidence "$HOSTILE=$HOSTILE" --rollback-plan "$HOSTILE" --argument "$HOSTILE=$HOSTILE" --session a -q
BAD=$OUT
for command in "list --all" "show $BAD" "list --all --json" "show $BAD --json"; do
	# shellcheck disable=SC2086
	as reviewer $command
	is "$CODE|$(LC_ALL=C grep -c $'[\001-\010\013-\037\177]' "$SCRATCH/out")|$(grep -c $'[\u202e\u2069\u200b]' "$SCRATCH/out")" \
		"0|0|0" "${command/$BAD/ID} shows hostile text escaped"
done
is "$(LC_ALL=C grep -c $'[^\t -~]' "$SCRATCH/out")" "0" "JSON is ASCII"
as demo-agent submit --operation $'x:y\n' --environment production --summary s --why "" --json
like "$CODE|$OUT|$ERR" "2||holdpoint: submit: *why*" "an empty why is refused"

# --- stop ---
as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --session s1 -q
S1=$OUT
as reviewer halt --agent demo-agent --session s1 --reason "odd"
is "$CODE" "0" "halt one session"
as demo-agent wait "$S1"
is "$CODE|$(field state)" "6|halted" "its request is halted"
as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --session s1
like "$CODE|$ERR" "6|holdpoint: submit: halted: *" "its session is stopped"
as reviewer resume --agent demo-agent --session s1 --reason "looked"
like "$CODE|$ERR" "9|holdpoint: resume: unauthorised: *" "a reviewer cannot resume"
as admin resume --agent demo-agent --session s1 --reason "looked"
is "$CODE" "0" "an admin can"
as reviewer halt --all --reason "everything" --json
is "$CODE|$(json '(d["type"], d["scope"])')" "0|('halted', 'all')" "halt everything"
as demo-agent-supervised submit -f "$FIXTURES/kiro-patch.yaml"
like "$CODE|$ERR" "6|holdpoint: submit: halted: *" "everybody is stopped"
as admin resume --all --reason "over"
is "$CODE" "0" "and resumed"

# --- the broker about itself ---
as auditor audit checkpoint
is "$CODE|$ERR" "0|" "the checkpoint verifies"
like "$OUT" $'trial/*\n[0-9]*\n*=\n\n— trial/* *' "and is printed as signed"
sed -i 's/"log_key": *"\([^+]*\)+[0-9a-f]*+[^"]*"/"log_key":"\1+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"/' "$HOME_DIR/broker.json"
as auditor audit checkpoint
like "$CODE|$OUT|$ERR" "11||holdpoint: audit checkpoint: the checkpoint does not verify: *" \
	"with another key it does not"
as auditor stats
like "$OUT" "*submits_total  *" "stats"
as auditor stats --prometheus
like "$OUT" $'*# TYPE holdpoint_submits_total counter\nholdpoint_submits_total [0-9]*' "stats for Prometheus"
is "$(grep -vc '^\(# TYPE \)\?holdpoint_[a-z_]* \([0-9]*\|counter\|gauge\)$' <<<"$OUT")" "0" "line by line"
as demo-agent stats
like "$CODE|$ERR" "9|holdpoint: stats: *" "not for agents"

# --- without a broker, or with another's key ---
"$HOLDPOINT" keygen stranger -o "$SCRATCH/stranger.key" >/dev/null
run --home "$HOME_DIR" --key "$SCRATCH/stranger.key" list
like "$CODE|$OUT|$ERR" "9||holdpoint: list: *refuses this key*" "an unknown key is refused, and said so"
run --home "$HOME_DIR" list
is "$CODE|$ERR" "2|holdpoint: list: whose key? give --as NAME (one of admin, auditor, broker, demo-agent-supervised, demo-agent, developer, executor, gateway, reviewer, reviewer2) or --key FILE" \
	"several keys: one has to be chosen"
HOLDPOINT_HOME=$HOME_DIR HOLDPOINT_AS=reviewer run list -q
is "$CODE" "0" "by the environment too"
HOLDPOINT_KEY=$HOME_DIR/keys/reviewer.key HOLDPOINT_BROKER=$HOME_DIR/broker.json run list -q
is "$CODE" "0" "a key and a broker file need no instance"
as ../keys/reviewer list
is "$CODE|$ERR" '2|holdpoint: list: --as: expected a principal'"'"'s name, not "../keys/reviewer"' \
	"a name is no path"
chmod 644 "$HOME_DIR/keys/reviewer.key"
as reviewer list
like "$CODE|$ERR" "2|holdpoint: list: $HOME_DIR/keys/reviewer.key: *" "a key that others can read is refused"
stop_broker
run --home "$HOME_DIR" --as reviewer2 --timeout 1s list
like "$CODE|$OUT|$ERR" "8||holdpoint: list: *" "no broker"

done_testing
