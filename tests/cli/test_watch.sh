#!/usr/bin/env bash
# watch: one line an event, a command an event, and what it says of a broker that goes and comes.
. "$(dirname "$0")/tap.sh"
make_instance
start_broker
FIXTURES=$HP_SRCDIR/tests/fixtures

# watch NAME ARGUMENTS: in the background; its output in $SCRATCH/NAME and $SCRATCH/NAME.err
PIDS=()
watch() {
	local name=$1
	shift
	: >"$SCRATCH/$name"
	"$HOLDPOINT" --home "$HOME_DIR" --as reviewer watch "$@" >"$SCRATCH/$name" 2>"$SCRATCH/$name.err" </dev/null &
	PIDS+=($!)
}
# wait_for FILE PATTERN: until a line matches (each look takes a call; a hanging one is given up on)
wait_for() {
	for _ in {1..1500}; do
		grep -q -- "$2" "$1" 2>/dev/null && return 0
		as reviewer list -q
	done
	return 1
}

watch plain
watch lines --json
watch seen --exec "cat >>$SCRATCH/events; printf 'ran '"
watch failing --exec "exit 3"
as demo-agent submit -f "$FIXTURES/kiro-delete.yaml" --id aaaaaaaa-0000-4000-8000-000000000001 -q
ID=$OUT
# A subscription takes effect a moment after it is made: notes until each of them has seen one.
for n in {1..500}; do
	as reviewer note "$ID" "hello $n"
	grep -q note "$SCRATCH/plain" && grep -q note "$SCRATCH/lines" && grep -q note "$SCRATCH/events" \
		2>/dev/null && grep -q "ended with 3" "$SCRATCH/failing.err" && break
done
as reviewer deny "$ID" --reason "no"
wait_for "$SCRATCH/plain" denied && wait_for "$SCRATCH/lines" denied && wait_for "$SCRATCH/events" denied
ok $? "every watcher sees the decision"

like "$(grep denied "$SCRATCH/plain")" \
	"20??-??-??T??:??:??Z  request.denied      $ID  denied  production  demo-agent  cloudformation:DeleteStack" \
	"a line of columns"
OUT=$(grep denied "$SCRATCH/lines")
is "$(json "(d['type'], d['id'], d['state'], type(d['event_seq']).__name__, len(d['digest']))")" \
	"('request.denied', '$ID', 'denied', 'int', 64)" "a line of JSON"
is "$(/usr/bin/python3 -c 'import json, sys
n = [json.loads(line)["event_seq"] for line in sys.stdin]; print(n == list(range(n[0], n[0] + len(n))))' \
	<"$SCRATCH/lines")" "True" "without gaps"
is "$(grep denied "$SCRATCH/events")" "$OUT" "the command gets the same line on standard input"
like "$(cat "$SCRATCH/seen")" "ran ran *" "and its own output is shown"
like "$(cat "$SCRATCH/failing.err")" "holdpoint: watch: the command for an event ended with 3*" \
	"a failing command is told of, and the next event comes all the same"

stop_broker
wait_for "$SCRATCH/plain.err" "lost"
is "$(cat "$SCRATCH/plain.err")" "holdpoint: watch: the broker is lost; trying again" "a lost broker is told of"
start_broker
wait_for "$SCRATCH/plain.err" "connected again"
ok $? "and one that comes back"
for n in {1..500}; do
	as reviewer halt --agent demo-agent --reason "x"
	as admin resume --agent demo-agent --reason "x"
	grep -q resume "$SCRATCH/plain" && break
done
like "$(tail -n 1 "$SCRATCH/plain")" "*Z  resume *" "events go on"

for pid in "${PIDS[@]}"; do
	kill -TERM "$pid"
	wait "$pid"
	is $? 0 "SIGTERM ends a watch"
done
as reviewer watch --timeout 500ms
is "$CODE|$OUT|$ERR" "0||" "so does --timeout"
as demo-agent watch --timeout 5s
like "$CODE|$OUT|$ERR" "9||holdpoint: watch: *" "agents do not watch"

done_testing
