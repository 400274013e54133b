#!/usr/bin/env bash
# policy check, show, explain, test: offline, on the trial instance's policy and principals.
. "$(dirname "$0")/tap.sh"
make_instance
export HOLDPOINT_HOME=$HOME_DIR
FIXTURES=$HP_SRCDIR/tests/fixtures

# --- check ---
run policy check
is "$CODE|$ERR" "0|" "the policy that init writes is fine"
like "$OUT" "$HOME_DIR/policy.yaml: ok, version [0-9a-f]*" "it says so, with the version"
VERSION=$(sed 's/.*version //' <<<"$OUT")
is "$VERSION" "$(sha256sum <"$HOME_DIR/policy.yaml" | cut -d' ' -f1)" "the version is the file's SHA-256"
run policy check "$FIXTURES/article-policy.yaml" --json
is "$CODE|$ERR" "0|" "the article's policy is fine"
is "$(json 'd["file"].endswith("article-policy.yaml"), len(d["version"]), type(d["warnings"]) is list')" \
	"True 64 True" "check --json"
printf 'version: 1\nagent_constraint: {}\n' >"$SCRATCH/typo.yaml"
run policy check "$SCRATCH/typo.yaml"
like "$CODE|$OUT|$ERR" "2||holdpoint: policy check: $SCRATCH/typo.yaml:2:1: *agent_constraint*" \
	"an unknown key is an error with its place"
printf 'version: 1\napprovals: {rules: [{effect: hold, require: [{groups: [nobody], count: 1}]}]}\n' \
	>"$SCRATCH/unfillable.yaml"
run policy check "$SCRATCH/unfillable.yaml"
like "$CODE|$ERR" "2|holdpoint: policy check: $SCRATCH/unfillable.yaml:*nobody*" \
	"a quorum that these principals cannot fill is an error"
HOLDPOINT_HOME=$SCRATCH/empty run policy check "$SCRATCH/unfillable.yaml"
like "$CODE|$OUT|$ERR" "0|$SCRATCH/unfillable.yaml: ok,*|*no principals in $SCRATCH/empty*" \
	"without principals that is not checked, and said"

# --- show ---
run policy show
is "$OUT" "$(cat "$HOME_DIR/policy.yaml")" "show prints the file byte for byte"
run policy show --json
is "$(json 'd["version"]')" "$VERSION" "show --json has the version"
run policy show --default
like "$CODE|$OUT" "0|*version: 1*" "show --default prints the shipped policy"

# --- explain ---
# line TEXT: the first line of the policy that holds it.
line() { grep -nF -- "$1" "$HOME_DIR/policy.yaml" | head -n 1 | cut -d: -f1; }
run policy explain -f "$FIXTURES/kiro-delete.yaml" --as demo-agent
is "$CODE|$ERR" "0|" "explain succeeds"
is "$OUT" "verdict       hold
effect        escalate
environment   production
class         delete
tier          gated
quorum        2 of oncall
approvers     reviewer, reviewer2; never developer, its owner
later         after 10 m: also leads
policy        $HOME_DIR/policy.yaml

LAYER  JUDGES       EFFECT    AT               FINDING
1      plans        escalate  policy.yaml:$(line 'pattern: "delete|')  Destructive action detected. Routing to human approval. (\"Delete\") [destructive_actions[0]]
1      plans        hold      policy.yaml:$(line ' max_resources_affected:')  14 resources affected; the cap is 5 [change_magnitude.max_resources_affected]
1      plans        hold      policy.yaml:$(line ' allowed_operations:')  delete is not on the list of what agents may do in production: needs one person of oncall [environment_rules.production.allowed_operations]
1      plans        allow     policy.yaml:$(line ' context:')  the agent considered no alternatives [context.alternatives]
1      plans        allow     policy.yaml:$(line ' context:')  the agent gives no way back (rollback) [context.rollback]
2      permissions  escalate  policy.yaml:$(line '    delete: ')  delete in production by an autonomous agent needs two persons of oncall [permissions.production.delete]
3      gateway      -         -                rates, budgets, chains and anomalies are counted by a broker, not here
4      people       hold      built-in         cannot be undone: needs one person of oncall [reversible]
4      people       hold      policy.yaml:$(line 'name: gated')  tier gated needs one person of oncall [tiers.gated]" \
	"Kiro's delete: each layer with its lines, the verdict, and who may approve"
run policy explain -f "$FIXTURES/kiro-patch.yaml" --as demo-agent-supervised
like "$OUT" "*approvers     none needed*nothing against it*" "the patch needs nobody"
sed 's/DeleteStack/UpdateStack/; s/delete-stack/update-stack/' "$FIXTURES/kiro-delete.yaml" >"$SCRATCH/update.yaml"
run policy explain -f "$SCRATCH/update.yaml" --as demo-agent
like "$OUT" "verdict       block*approvers     nobody: it is blocked for good*" "what is blocked needs nobody either"
run policy explain -f "$FIXTURES/kiro-delete.yaml" --as demo-agent --json
is "$(json '(d["verdict"], d["effect"], d["environment"], d["class"], d["tier"], d["quorum"])')" \
	"('hold', 'escalate', 'production', ['delete'], 'gated', [{'groups': ['oncall'], 'count': 2}])" \
	"Kiro's delete: JSON"
is "$(json '{1, 2} <= {f["layer"] for f in d["findings"]}, sorted(d["findings"][0])')" \
	"True ['effect', 'layer', 'line', 'message', 'rule']" "its findings have their keys"
run policy explain -f "$FIXTURES/kiro-patch.yaml" --as demo-agent-supervised --json
is "$(json '(d["verdict"], d["effect"], d["tier"], d["quorum"])')" "('log', 'log', 'supervised', [])" \
	"the patch of a supervised agent is logged"
run policy explain -f "$FIXTURES/kiro-delete.yaml"
is "$CODE|$ERR" "2|holdpoint: policy explain: as whom? give --as NAME" "explain asks for --as"
run policy explain -f "$FIXTURES/kiro-delete.yaml" --as nobody
is "$CODE|$ERR" '7|holdpoint: policy explain: no principal "nobody" in principals.d' "an unknown principal"
run policy explain -f "$FIXTURES/kiro-delete.yaml" --as auditor
is "$CODE|$ERR" '7|holdpoint: policy explain: "auditor" is no agent and no human: it never asks' \
	"one that never asks"
sed 's/^why:/whyever:/' "$FIXTURES/kiro-patch.yaml" >"$SCRATCH/bad.yaml"
run policy explain -f "$SCRATCH/bad.yaml" --as demo-agent
like "$CODE|$OUT|$ERR" "2||holdpoint: policy explain: $SCRATCH/bad.yaml:9:1: *whyever*" \
	"a request's fault has its place"
HOLDPOINT_HOME=$SCRATCH/empty run policy explain -f "$FIXTURES/kiro-delete.yaml" --as demo-agent
like "$CODE|$ERR" "2|*$SCRATCH/empty/policy.yaml*" "no instance: the missing file is named"

# --- explain, JSON lines ---
lines() {
	"$HOLDPOINT" policy explain -f - "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	CODE=$?
	OUT=$(cat "$SCRATCH/out")
	ERR=$(cat "$SCRATCH/err")
}
REQUEST='{"action":{"operation":"s3:ListBuckets","environment":"production"},"summary":"x","why":"y","impact":{},"alternatives":[],"rollback":null}'
lines --as developer <<EOT
{"request":$REQUEST}
{"as":"demo-agent","request":$REQUEST}
EOT
is "$CODE|$ERR|$(wc -l <"$SCRATCH/out")" "0||2" "one answer a line"
is "$(head -n 1 <<<"$OUT" | { OUT=$(cat); json 'd["verdict"]'; })" "allow" "the first asks as --as"
lines <<EOT
{"as":"demo-agent","request":$REQUEST}
{"as":"demo-agent","request":{"action":{}}}
not JSON
{"as":"nobody","request":$REQUEST}
{"request":$REQUEST}
{"as":"demo-agent","request":$REQUEST,"other":1}
{"as":"demo-agent","request":$REQUEST}
EOT
is "$CODE|$ERR" "2|holdpoint: policy explain: 5 of 7 lines could not be judged" "bad lines are counted"
is "$(/usr/bin/python3 -c 'import json, sys
for line in sys.stdin: d = json.loads(line); print(d.get("code", d.get("verdict")), d.get("field", ""))' <<<"$OUT")" \
	"allow 
malformed action.operation
malformed 
not_found 
malformed 
malformed other
allow " "and answered in their place"
yes "{\"as\":\"demo-agent\",\"request\":$REQUEST}" | head -n 2000 >"$SCRATCH/many"
lines <"$SCRATCH/many"
is "$CODE|$(sort -u "$SCRATCH/out" | wc -l)|$(wc -l <"$SCRATCH/out")" "0|1|2000" "two thousand lines"

# --- test ---
cat >"$SCRATCH/cases.yaml" <<EOT
- name: reads are free
  as: demo-agent
  request: {action: {operation: "s3:ListBuckets", environment: production}}
  expect: {verdict: allow, effect: allow, environment: production, tier: autonomous, class: read, not_class: [delete, unknown]}
- name: deletes are not
  as: demo-agent
  request: {action: {operation: "cloudformation:DeleteStack", environment: production}, impact: {resources_affected: 1}}
  expect: {verdict: hold, effect: escalate, class: [delete], rule: "destructive_actions[0]"}
EOT
run policy test "$SCRATCH/cases.yaml"
is "$CODE|$OUT|$ERR" "0|2 passed, 0 failed|" "cases that pass"
sed -e 's/verdict: allow/verdict: block/' -e 's/not_class: \[delete/not_class: [read/' \
	-e 's/destructive_actions\[0\]/no_such_rule/' "$SCRATCH/cases.yaml" >"$SCRATCH/failing.yaml"
run policy test "$SCRATCH/failing.yaml"
is "$CODE|$ERR|$OUT" "11||$SCRATCH/failing.yaml:1: reads are free
  verdict      expected block, found allow
  not_class    expected read, found read
$SCRATCH/failing.yaml:5: deletes are not
  rule         expected no_such_rule, found no such finding
0 passed, 2 failed" "differences and a count"
run policy test "$SCRATCH/failing.yaml" --json
is "$CODE|$(json '(d["passed"], d["failed"], d["cases"][0]["differences"][0])')" \
	"11|(0, 2, {'what': 'verdict', 'expected': 'block', 'found': 'allow'})" "test --json"
sed 's/^  expect/  expects/' "$SCRATCH/cases.yaml" >"$SCRATCH/bad-cases.yaml"
run policy test "$SCRATCH/bad-cases.yaml"
like "$CODE|$OUT|$ERR" "2||holdpoint: policy test: $SCRATCH/bad-cases.yaml:4:3: *expects*" \
	"a case's fault has its place"
echo '{}' >"$SCRATCH/no-cases.yaml"
run policy test "$SCRATCH/no-cases.yaml"
like "$CODE|$ERR" "2|holdpoint: policy test: $SCRATCH/no-cases.yaml:*expected a list of cases, found map" \
	"a file without a list"

done_testing
