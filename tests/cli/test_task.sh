#!/usr/bin/env bash
# task, task list, task close, spot-check, list --spot-checks: by commands alone.
. "$(dirname "$0")/tap.sh"
make_instance
sed -i 's/spot_check: 0.05/spot_check: 1/' "$HOME_DIR/policy.yaml"
start_broker
AGENT=demo-agent-supervised
SCOPE=(--agent "$AGENT" --session s1)
ASK=(submit --environment production --session s1 --resource function/cost-refresh --summary x --why y
	--resources-affected 1 --reversible)

# --- usage ---
while IFS='|' read -r arguments code message; do
	# shellcheck disable=SC2086
	as developer $arguments
	like "$CODE|$ERR" "$code|holdpoint: $message" "$arguments"
done <<'CASES'
task|2|task: --agent is needed
task --agent a --session s --environment e --reason r|2|task: --operation is needed
task --agent a --session s --environment e --reason r --operation o|2|task: --for is needed
task --agent a --session s --environment e --reason r --operation o --for 5|2|task: --for: *
task --agent a --session s --environment e --reason r --operation o --for 169h|2|task: malformed: *for_s*
task --agent nobody --session s --environment e --reason r --operation o --for 1h|7|task: not_found: no agent "nobody" (agent)
task open|2|task: unexpected argument "open"
task close --agent a|2|task close: --session is needed
task close --agent demo-agent --session s --reason r|10|task close: conflict: that session has no open task (session)
spot-check 1234 fine|2|spot-check: expected ok or concern, not "fine"
CASES

# --- a task ---
as developer task list
is "$CODE|$OUT|$ERR" "0||holdpoint: task list: no open tasks" "no task yet"
as developer task "${SCOPE[@]}" --operation 'lambda:*' --resource 'function/cost-*' --environment production \
	--for 2h --reason "TICKET-7: refresh $(printf '\033[31m')job"
is "$CODE|$ERR|$(field agent)|$(field session)|$(field state)|$(field operations)|$(field resources)|$(field environment)|$(field by)" \
	"0||$AGENT|s1|open|lambda:*|function/cost-*|production|developer" "a task is open"
is "$(field reason)" 'TICKET-7: refresh <U+001B>[31mjob' "what it prints is escaped"
as "$AGENT" "${ASK[@]}" --operation lambda:UpdateFunctionConfiguration
is "$CODE|$(field state)" "0|granted" "inside"
as "$AGENT" "${ASK[@]}" --operation ecs:UpdateService
is "$CODE|$(field state)" "5|blocked" "outside: exit 5"
like "$OUT" '*finding       2 block task.operations:0 ecs:UpdateService is outside the task of session "s1"*' \
	"with the finding"
as reviewer task list
like "$CODE|$OUT" "0|AGENT  *SESSION  *ENVIRONMENT  *UNTIL  *BY  *OPERATIONS  *RESOURCES  *REASON*$AGENT  *s1  *production  *20??-??-??T??:??:??Z  *developer  *lambda:\\*  *function/cost-\\*  *TICKET-7*" \
	"listed"
as "$AGENT" task list --json
is "$CODE|$(json '[(t["session"], t["operations"]) for t in d["items"]]')" "0|[('s1', ['lambda:*'])]" "an agent sees its own"
as demo-agent task list --json
is "$(json 'd["items"]')" "[]" "and no other's"
as "$AGENT" task "${SCOPE[@]}" --operation '*' --environment '*' --for 1h --reason r
is "$CODE" "9" "an agent opens none"
as developer task "${SCOPE[@]}" --operation '*' --environment '*' --for 1h --reason r
is "$CODE" "10" "one at a time"
as developer task close "${SCOPE[@]}" --reason done --json
is "$CODE|$(json '(d["type"], d["state"])')" "0|('task', 'closed')" "closed"
as "$AGENT" "${ASK[@]}" --operation lambda:UpdateFunctionConfiguration
like "$CODE|$OUT" "5|*the task of session \"s1\" has ended: nothing is in its scope*" "and then nothing is inside"
as developer task "${SCOPE[@]}" --operation '*' --environment '*' --for 1h --reason r --quiet
is "$CODE|$(field resources)" "0|*" "without --resource it is for any"

# --- spot checks ---
as "$AGENT" "${ASK[@]}" --operation lambda:UpdateAlias --json
ID=$(json 'd["id"]')
as reviewer list --spot-checks --json
is "$CODE|$(json "'$ID' in [i['id'] for i in d['items']], len(d['items'])")" "0|True 2" "logged requests wait for a look"
as reviewer list --spot-checks --environment staging
is "$CODE|$ERR" "0|holdpoint: list: no such requests" "with the filters of a list"
as developer spot-check "${ID:0:8}" ok
is "$CODE" "9" "the owner does not look"
as reviewer spot-check "${ID:0:8}" concern --note "why an alias?"
is "$CODE|$(field id)|$(field state)" "0|$ID|granted" "a reviewer does"
as reviewer spot-check "$ID" ok
like "$CODE|$ERR" "10|holdpoint: spot-check: already_voted: *" "once"
as reviewer show "$ID" --json
is "$(json '[(c["by"], c["finding"], c["note"]) for c in d["spot_checks"]]')" \
	"[('reviewer', 'concern', 'why an alias?')]" "and it is shown"
as reviewer list --spot-checks --json
is "$(json "'$ID' in [i['id'] for i in d['items']]")" "False" "it waits no more"
/usr/bin/python3 "$HP_SRCDIR/dev/verify-log" "$HOME_DIR" >"$SCRATCH/verify" 2>&1
ok $? "the log verifies"
done_testing
