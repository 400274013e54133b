#!/usr/bin/env bash
# preflight: fails on the trial's settings, passes after the very steps that the manual gives; its
# probes are in the log, marked, and nothing ever comes of them.
. "$(dirname "$0")/tap.sh"
make_instance
start_broker

# result NUMBER: of one check
result() {
	json "d['checks'][$1]['result']"
}
# told NUMBER RESULT: the evidence of its findings with that result
told() {
	json "'; '.join(f['evidence'] for f in d['checks'][$1]['findings'] if f['result'] == '$2')"
}

# --- a trial instance fails, and says on what ---
as admin preflight --json
is "$CODE|$(json '(d["type"], d["result"])')" "11|('preflight', 'failed')" "a trial instance fails: exit 11"
is "$(json '[(c["number"], c["name"], c["result"]) for c in d["checks"]]')" \
	"[(0, 'trial-settings', 'failed'), (1, 'permission-scoping', 'failed'), (2, 'destructive-blocklist', 'passed'), (3, 'peer-review', 'failed'), (4, 'timeout', 'passed'), (5, 'rollback', 'not-checked'), (6, 'audit-trail', 'failed'), (7, 'blast-radius', 'warned'), (8, 'environment-isolation', 'failed')]" \
	"each of the eight checks, and the trial settings"
like "$(told 0 failed)" "the broker says that it serves a trial instance" "trial"
like "$(told 1 failed)" "*each environment*demo-agent, demo-agent-supervised; *operation that nobody needs*demo-agent*" \
	"agents without bounds"
like "$(told 1 warned)" "in production these need no open task: *" "no task scope is a warning"
like "$(told 2 passed)" "48 destructive actions as an autonomous agent in production: * none allowed; 48 destructive actions as a supervised agent*the broker judged a probe by the very policy*" \
	"nothing destructive is allowed, by the policy that is in force"
like "$(told 3 failed)" "the broker counts votes from a user that also runs agents; *can read secret keys*: admin, reviewer, reviewer2" \
	"same_uid, and secrets that can be read"
like "$(told 3 passed)" "*developer asked a probe and voted for it: the broker refused (self_approval)*" \
	"who asked cannot release"
like "$(told 4 passed)" "a probe that nobody answered was denied (expired) after [1-9].* s; claiming it afterwards was refused (*)" \
	"a probe expires, and cannot be claimed"
like "$(told 6 passed)" "the probe is leaf *; its proof under the signed checkpoint verifies here, and with a byte less it does not" \
	"the probe is proved in the log"
like "$(told 6 failed)" "the broker has no anchor: *" "no anchor"
like "$(told 7 passed)" "probes of 51 resources and more at once are blocked*; probes of \$1001 and more *" "the caps"
like "$(told 8 failed)" "*executor" "the executor's key lies with the others"
as admin preflight
like "$CODE|$ERR" "11|holdpoint: preflight: 5 of 9 checks failed" "in words, with the count"
like "$OUT" "NO  CHECK  *RESULT  *EVIDENCE*0   trial-settings  *failed  *what to do:*  0 trial-settings: take \`trial\` out of *" \
	"a table, and what to do"
is "$(LC_ALL=C tr -d '\n -~' <"$SCRATCH/out" | wc -c)" "0" "no tabs, no escapes"

# --- the probes ---
as auditor list --all --text "preflight" --json
is "$(json 'sorted({(i["state"], i["summary"], i["requester"]) for i in d["items"]})')" \
	"[('expired', 'preflight probe', 'developer')]" "every probe says that it is one, and has expired"
ID=$(json 'd["items"][0]["id"]')
as auditor show "$ID" --json
is "$(json '(d["request"]["why"], [h["state"] for h in d["history"]], d["request"]["command"] if "command" in d["request"] else None, d["votes"])')" \
	"('preflight probe: it is never run, and expires or is withdrawn by itself', ['pending', 'expired'], None, [])" \
	"nothing ran, nobody voted"
/usr/bin/python3 "$HP_SRCDIR/dev/verify-log" "$HOME_DIR" >"$SCRATCH/verify" 2>&1
ok $? "the log verifies"

# --- what it needs ---
as demo-agent preflight
is "$CODE" "9" "an agent may not"
as admin preflight --probe demo-agent
like "$CODE|$ERR" "2|holdpoint: preflight: --probe: *demo-agent.key is not the key of an enrolled human" \
	"probes are a human's: an agent's would mark this user"
as admin preflight --probe nobody
is "$CODE" "2" "a key that is not there"
as admin preflight --tools "$HP_SRCDIR/tests/cli/tools.json"
is "$CODE" "2" "--tools needs --server"
as admin preflight --server filesystem --tools "$HP_SRCDIR/tests/cli/tools.json" --json
like "$(told 2 warned)" "no class of the policy matches these tools*: mcp:filesystem/frobnicate" \
	"a tool without a class is told"
mv "$HOME_DIR/keys/developer.key" "$SCRATCH/developer.key"
as admin preflight --json
is "$(result 4)|$(result 6)" "not-checked|failed" "without a key to ask with, what needs it is not checked"
like "$(told 6 not-checked)" "there is no probe to look up in the log" "which is said"
as admin preflight --json --probe "$SCRATCH/developer.key"
is "$(result 4)" "passed" "a key from elsewhere"
as admin halt --all --reason test
as admin preflight --json --probe "$SCRATCH/developer.key"
like "$(result 4)|$(told 4 not-checked)" "not-checked|the broker says halted: *" "a halted broker takes no probe: not checked"
as admin resume --all --reason test

# --- a policy that lets things through, and is not the one in force ---
cp "$HOME_DIR/policy.yaml" "$SCRATCH/policy.yaml"
cat >"$HOME_DIR/policy.yaml" <<'POLICY'
agent_constraints:
  destructive_actions: []
  change_magnitude: {hard_max_resources_affected: 1000000, max_cost_impact_usd: 100000000000}
  environment_rules: {production: {allowed_operations: [read, patch, delete, modify_data], blocked_operations: []}}
permissions:
  production:
    read:   {human: allow, supervised: allow, autonomous: allow}
    delete: {human: allow, supervised: allow, autonomous: block}
    other:  {human: hold,  supervised: hold,  autonomous: block}
tiers:
  - {name: all, effect: allow}
POLICY
as admin preflight --json --probe "$SCRATCH/developer.key"
like "$(result 2)|$(told 2 failed)" "failed|a supervised agent in production is allowed without anybody being asked: *(* in all)*the broker judges by another policy than the one here" \
	"a lax policy fails, and one that is not in force too"
like "$(result 7)|$(told 7 failed)" "failed|a probe of 10000 resources at once is not blocked; a probe that costs a billion dollars asks nobody" \
	"so do caps that are none"
echo "nonsense: 1" >"$HOME_DIR/policy.yaml"
as admin preflight
like "$CODE|$ERR" "2|holdpoint: preflight: $HOME_DIR/policy.yaml:1:1: *" "a broken policy is a bad file"
cp "$SCRATCH/policy.yaml" "$HOME_DIR/policy.yaml"
mv "$SCRATCH/developer.key" "$HOME_DIR/keys/developer.key"

# --- the manual's steps, word for word ---
stop_broker() {
	kill "$BROKER_PID"
	wait "$BROKER_PID" 2>/dev/null
}
awk '/^\.Ed/ { on = 0 } /^umask 077/ { on = 1 } on { gsub(/\\e/, "\\"); print }' \
	"$HP_SRCDIR/man/holdpoint.1" >"$SCRATCH/steps"
is "$(grep -c . "$SCRATCH/steps" | awk '{ print ($1 > 15) }')" "1" "the manual has the steps"
cat >"$SCRATCH/do" <<'STEPS'
PATH=$(dirname "$HOLDPOINT"):$PATH
systemctl() { touch "$SCRATCH/stopped"; while [ ! -e "$SCRATCH/started" ]; do sleep 0.1; done; }
export HOLDPOINT_HOME=$HOME_DIR ANCHOR=$SCRATCH/elsewhere/anchor
mkdir -p "$SCRATCH/elsewhere" "$SCRATCH/people"
cd "$SCRATCH/people" || exit 1
set -e
. "$SCRATCH/steps"
STEPS
export HOLDPOINT HOME_DIR SCRATCH
bash "$SCRATCH/do" >"$SCRATCH/out" 2>"$SCRATCH/err" &
STEPS_PID=$!
while [ ! -e "$SCRATCH/stopped" ] && kill -0 "$STEPS_PID" 2>/dev/null; do sleep 0.1; done
stop_broker
start_broker
touch "$SCRATCH/started"
wait "$STEPS_PID"
is "$?|$(cat "$SCRATCH/err")" "0|" "the steps end with a preflight that fails nothing"
OUT=$(cat "$SCRATCH/out")
like "$OUT" "*NO  CHECK*" "it has looked"
is "$(grep -c '^[0-9] .* failed ' <<<"$OUT")" "0" "no finding failed"
is "$(sed -n 's/^\([0-9]\)  *\([a-z-]*\)  *\(passed\|warned\|not-checked\) .*/\1 \3/p' <<<"$OUT" | sort -u | tr '\n' ',')" \
	"0 passed,1 passed,2 passed,3 passed,4 passed,5 not-checked,6 passed,7 passed,7 warned,8 not-checked,8 passed," \
	"what passed, what is a warning, and what honestly was not checked"
like "$OUT" "*6   audit-trail  *the anchor $SCRATCH/elsewhere/anchor holds a signed checkpoint over all that*" "the anchor is looked into"
run --home "$HOME_DIR" --key "$SCRATCH/people/cy.key" preflight --probe "$SCRATCH/people/dee.key" --json
is "$CODE|$(json 'd["result"]')" "0|passed" "again, as JSON: exit 0"
run --home "$HOME_DIR" --key "$SCRATCH/people/dee.key" preflight --json
is "$CODE|$(result 6)" "0|not-checked" "who may not read the log cannot prove it: not checked, not passed"
chmod 0700 "$SCRATCH/elsewhere"
: >"$SCRATCH/elsewhere/anchor"
run --home "$HOME_DIR" --key "$SCRATCH/people/cy.key" preflight --probe "$SCRATCH/people/dee.key" --json
like "$CODE|$(result 6)" "0|passed" "an anchor is written anew with every checkpoint"

stop_broker
run --home "$HOME_DIR" --key "$SCRATCH/people/cy.key" --timeout 5s preflight
is "$CODE" "8" "without a broker: exit 8"
done_testing
