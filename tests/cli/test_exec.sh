#!/usr/bin/env bash
# exec: nothing runs without a grant, the command's own exit code, and an end that comes at once.
. "$(dirname "$0")/tap.sh"
make_instance
# More is asked here in ten minutes than the shipped caps let one agent's chain grow.
sed -i "s/^\( *\)max_resources_affected: [0-9]*/\1max_resources_affected: 100000/; s/hard_max_resources_affected: [0-9]*/hard_max_resources_affected: 100000000/" "$HOME_DIR/policy.yaml"
start_broker
AGENT=demo-agent-supervised
# In development a supervised agent's small reversible change is logged and run by itself.
SMALL=(--environment development --resources-affected 1 --cost-usd 0 --reversible --confidence 0.9
	--summary "try it" --why "a test")

state_of() {
	as reviewer list --all --json
	json "[i['state'] for i in d['items'] if i['requester'] == '$AGENT'][0]"
}

# --- it ran: its own code ---
as $AGENT exec "${SMALL[@]}" -- /bin/echo one "two  three"
is "$CODE|$OUT|$ERR" "0|one two  three|" "a command runs, its output is its own"
is "$(state_of)" "succeeded" "and is reported"
as $AGENT exec "${SMALL[@]}" -- false
is "$CODE|$ERR|$(state_of)" "1||failed" "its own exit code"
cat >"$SCRATCH/seven" <<'EOT'
#!/bin/sh
[ "$1" = kill ] && kill -USR1 $$
pwd
exit 7
EOT
chmod +x "$SCRATCH/seven"
(cd "$SCRATCH" && as $AGENT exec "${SMALL[@]}" -- ./seven; echo "$CODE|$OUT") >"$SCRATCH/result"
is "$(cat "$SCRATCH/result")" "7|$SCRATCH" "a relative program, in the working directory"
as $AGENT exec "${SMALL[@]}" -- "$SCRATCH/seven" kill
is "$CODE|$(state_of)" "138|failed" "128 and the signal that ended it"
PATH=$SCRATCH:$PATH as $AGENT exec "${SMALL[@]}" -- seven
is "$CODE" "7" "a bare program is found on PATH"
as reviewer list --all --json
ID=$(json "d['items'][0]['id']")
is "$(json "d['items'][0]['operation']")" "shell:seven" "the operation is shell:NAME"
as reviewer show "$ID" --json
is "$(json "(d['request']['command'], d['request']['summary'])")" "(['$SCRATCH/seven'], 'try it')" \
	"the command is the argv with the program found"
as $AGENT exec --environment development --resources-affected 1 -- true
is "$CODE" "0" "what is not given is filled"
"$HOLDPOINT" --home "$HOME_DIR" --as $AGENT exec "${SMALL[@]}" -- cat >"$SCRATCH/out" <<<"from standard input"
is "$(cat "$SCRATCH/out")" "from standard input" "standard input is the command's"
as $AGENT exec "${SMALL[@]}" -- sh -c 'trap "" TERM; exec 2>&-; sleep 0'
is "$CODE" "0" "arguments reach the command as they are"

# --- pinned files ---
echo good >"$SCRATCH/pinned"
as $AGENT exec "${SMALL[@]}" --pin "$SCRATCH/pinned" -- cat "$SCRATCH/pinned"
is "$CODE|$OUT" "0|good" "a pinned file that is the same"

# --- it did not run: 125 and one line ---
as demo-agent exec --timeout 1s --environment development --resources-affected 140000 -- true
is "$CODE|$OUT" "125|" "nobody decides in time"
is "$(tail -n 1 <<<"$ERR")" "holdpoint: exec: not run: no decision in time; withdrawn" "and one line says so"
AGENT=demo-agent
is "$(state_of)" "withdrawn" "what is not waited for is withdrawn"
AGENT=demo-agent-supervised
as demo-agent exec --environment production -- aws elasticbeanstalk delete-environment
like "$CODE|$ERR" "125|holdpoint: exec: *" "no such program, or blocked: 125"
mkdir "$SCRATCH/bin"
printf '#!/bin/sh\ntouch %s\n' "$SCRATCH/touched" >"$SCRATCH/bin/aws"
chmod +x "$SCRATCH/bin/aws"
PATH=$SCRATCH/bin:$PATH as demo-agent exec --environment production -- aws elasticbeanstalk delete-environment
like "$CODE|$OUT|$ERR" "125||holdpoint: exec: not run: blocked; nobody can approve it here: *" "blocked"
as admin halt --agent $AGENT --reason "odd"
as $AGENT exec "${SMALL[@]}" -- touch "$SCRATCH/touched"
like "$CODE|$ERR" "125|holdpoint: exec: not run: halted: *" "halted"
as admin resume --agent $AGENT --reason "over"

# in the background: OUT, ERR and CODE come from `finish_exec`
begin_exec() {
	"$HOLDPOINT" --home "$HOME_DIR" --as $AGENT exec "$@" >"$SCRATCH/exec.out" 2>"$SCRATCH/exec.err" </dev/null &
	EXEC_PID=$!
}
finish_exec() {
	wait "$EXEC_PID"
	CODE=$?
	OUT=$(cat "$SCRATCH/exec.out")
	ERR=$(cat "$SCRATCH/exec.err")
}
# await STATE: until the newest request of $AGENT is in it; the broker's events say when to look
await() {
	until [ "$(state_of)" = "$1" ]; do
		kill -0 "$EXEC_PID" 2>/dev/null || break
	done
	as reviewer list --all --json
	ID=$(json "[i['id'] for i in d['items'] if i['requester'] == '$AGENT'][0]")
}
# Over the cap: held for a person, of a tier that who asked may run.
HELD=(--environment development --resources-affected 140000 --cost-usd 0 --reversible --confidence 0.9)

begin_exec "${HELD[@]}" -- rm -f "$SCRATCH/nothing"
await pending
as reviewer deny "$ID" --reason "use the console"
finish_exec
is "$CODE|$(tail -n 1 <<<"$ERR")" "125|holdpoint: exec: not run: denied by reviewer: use the console" "denied"
is "$(head -n 1 <<<"$ERR")" "holdpoint: exec: $ID waits for a decision" "meanwhile it says that it waits"

begin_exec "${HELD[@]}" -- echo approved
await pending
as reviewer show "$ID" --json
DIGEST=$(json "d['digest']")
as reviewer approve "$ID" --reason "fine" --digest "$DIGEST"
finish_exec
is "$CODE|$OUT|$(state_of)" "0|approved|succeeded" "approved, it runs"

begin_exec "${HELD[@]}" -- rm -f "$SCRATCH/nothing"
await pending
kill -TERM "$EXEC_PID"
finish_exec
is "$CODE|$(tail -n 1 <<<"$ERR")|$(state_of)" "125|holdpoint: exec: not run: interrupted by SIGTERM|withdrawn" \
	"an interrupted wait is withdrawn"

# --- a halt ends it at once, whole group and all ---
cat >"$SCRATCH/stubborn" <<EOT
#!/bin/sh
trap '' TERM
(trap '' TERM; echo \$\$ >$SCRATCH/child; while :; do sleep 1; done) &
echo started >$SCRATCH/started
wait
EOT
chmod +x "$SCRATCH/stubborn"
mkfifo "$SCRATCH/started"
begin_exec "${SMALL[@]}" -- "$SCRATCH/stubborn"
read -r STARTED <"$SCRATCH/started"
is "$STARTED" "started" "a long command runs"
await executing
BEGAN=$(date +%s%N)
as reviewer halt --agent $AGENT --reason "stop it"
finish_exec
TOOK=$((($(date +%s%N) - BEGAN) / 1000000))
is "$CODE|$ERR" "137|holdpoint: exec: stopped: the broker said stop" "a halt kills it"
[ "$TOOK" -lt 5000 ]
ok $? "at once ($TOOK ms)"
pgrep -f "$SCRATCH/stubborn" >/dev/null
is $? 1 "with its whole group"
as admin resume --agent $AGENT --reason "over"
printf '#!/bin/sh\nexec 2>/dev/null\ntrap "exit 0" TERM\necho started >%s\nwhile :; do sleep 0.1; done\n' "$SCRATCH/started" >"$SCRATCH/meek"
chmod +x "$SCRATCH/meek"
begin_exec "${SMALL[@]}" -- "$SCRATCH/meek"
read -r STARTED <"$SCRATCH/started"
await executing
as reviewer halt --agent $AGENT --reason "stop it"
finish_exec
is "$CODE|$ERR|$(state_of)" "143|holdpoint: exec: stopped: the broker said stop|failed" "what a halt ends has not succeeded, whatever it says"
as admin resume --agent $AGENT --reason "over"

# --- signals and --timeout reach the command ---
printf '#!/bin/sh\nexec 2>/dev/null\ntrap "echo bye; exit 9" TERM\necho started >%s\nwhile :; do sleep 0.1; done\n' \
	"$SCRATCH/started" >"$SCRATCH/polite"
chmod +x "$SCRATCH/polite"
begin_exec "${SMALL[@]}" -- "$SCRATCH/polite"
read -r STARTED <"$SCRATCH/started"
kill -TERM "$EXEC_PID"
finish_exec
is "$CODE|$OUT|$(state_of)" "9|bye|failed" "SIGTERM is passed on; the code is the command's"
begin_exec --timeout 2s "${SMALL[@]}" -- "$SCRATCH/polite"
read -r STARTED <"$SCRATCH/started"
finish_exec
is "$CODE|$OUT|$ERR" "9|bye|holdpoint: exec: stopped: its time is over" "--timeout bounds the command too"

# --- a restarted broker is waited for ---
begin_exec "${HELD[@]}" -- rm -f "$SCRATCH/nothing"
await pending
stop_broker
start_broker
as reviewer deny "$ID" --reason "still no"
finish_exec
is "$CODE|$(tail -n 1 <<<"$ERR")" "125|holdpoint: exec: not run: denied by reviewer: still no" \
	"a decision after a restart arrives"
begin_exec "${SMALL[@]}" -- "$SCRATCH/polite"
read -r STARTED <"$SCRATCH/started"
await executing
stop_broker
start_broker
kill -TERM "$EXEC_PID"
finish_exec
is "$CODE|$(state_of)" "9|failed" "a command outlives a restart, and is reported"

# --- gated: an executor runs it, not who asked ---
begin_exec "${HELD[@]}" --irreversible -- true
finish_exec
like "$CODE|$ERR" "125|*--reversible or --irreversible*" "contradictions are refused"
begin_exec --timeout 2s --environment production --irreversible -- rm -f "$SCRATCH/nothing"
finish_exec
like "$CODE|$ERR" \
	"125|holdpoint: exec: policy does not let who asks run it: asking for the executor \"executor\"*no decision in time; withdrawn" \
	"it is handed over to an executor"
as reviewer list --all --json
is "$(json "[i['state'] for i in d['items'] if i['requester'] == '$AGENT'][:2]")" "['withdrawn', 'withdrawn']" \
	"what it asked for itself was withdrawn before a person was asked"

# --- a lease that nobody renews ends the command; how it ended is for a person to say ---
stop_broker
sed -i 's/^\( *lease: \).*/\13s/' "$HOME_DIR/policy.yaml"
grep -q '^ *lease: 3s' "$HOME_DIR/policy.yaml" || echo "Bail out! no lease in the policy"
start_broker
begin_exec "${SMALL[@]}" -- "$SCRATCH/stubborn"
read -r STARTED <"$SCRATCH/started"
await executing
stop_broker
finish_exec
is "$CODE|$(head -n 1 <<<"$ERR")" \
	"137|holdpoint: exec: stopped: the lease ended without an answer of the broker" \
	"without the broker the lease ends the command"
like "$ERR" $'*\nholdpoint: exec: the result could not be reported; *' "which cannot be reported"
pgrep -f "$SCRATCH/stubborn" >/dev/null
is $? 1 "its group is gone"
start_broker
for _ in {1..2000}; do
	[ "$(state_of)" = unknown ] && break
done
as reviewer settle "$ID" --result failed --reason "it was killed"
is "$CODE|$(field state)" "0|failed" "a person settles it"

[ -e "$SCRATCH/touched" ]
is $? 1 "nothing ran that was not granted"

done_testing
