#!/usr/bin/env bash
# Every kind of bad command line: one line that says what failed and what was expected, and nothing
# done. Rows are: exit code | standard error | arguments.
. "$(dirname "$0")/tap.sh"
export HOLDPOINT_HOME=$SCRATCH/nowhere
ID=01234567-89ab-4cde-8f01-23456789abcd
printf '{' >"$SCRATCH/broken.json"
printf 'summary: x\nextra: 1\n' >"$SCRATCH/unknown.yaml"
printf 'a: 1\nseq: 3\n' >"$SCRATCH/message.yaml"
printf -- '- 1\n' >"$SCRATCH/list.yaml"

while IFS='|' read -r code message arguments; do
	[ -n "$code" ] || continue
	eval "set -- $arguments"
	run "$@"
	is "$CODE|$ERR" "$code|holdpoint: $message" "holdpoint $arguments"
	is "$OUT" "" "… and nothing on standard output"
done <<EOT
2|expected a command; see: holdpoint help|
2|no command "lst"; did you mean "list"?|lst
2|no command "frobnicate"; see: holdpoint help|frobnicate
2|no command ""; see: holdpoint help|""
2|no command "a<U+001B>[31mb"; see: holdpoint help|\$'a\\e[31mb'
2|no command "li"; did you mean "list"?|li
2|policy needs one of: check, explain, test, show, export|policy
2|audit needs one of: verify, prove, export, checkpoint, report, erase|audit
2|policy needs one of: check, explain, test, show, export|policy --json
2|no command "policy chek"; did you mean "policy check"?|policy chek
2|no command "audit xyzzy"; see: holdpoint help|audit xyzzy
2|no command "executioner"; see: holdpoint help|executioner
2|no command "nope"; see: holdpoint help|help nope
2|no option "--tiemout"; did you mean --timeout?|--tiemout 2s list
2|no option "--digest"|--digest 00 approve $ID
2|no option -z|-z list
2|list: no option -z|list -z
2|list: no option "--jsn"; did you mean --json?|list --jsn
2|list: no option "--enviro"; did you mean --environment?|list --enviro prod
2|list: no option "--x<U+202E>y"|list \$'--x\\u202ey'
2|list: --json takes no value|list --json=yes
2|list: --timeout needs a value (DUR)|list --timeout
2|list: --home needs a value that is not empty|list --home ''
2|--timeout: "2x" is not a duration such as 90s, 30m or 4h|--timeout 2x list
2|list: unexpected argument "extra"|list extra
2|list: --limit: expected a whole number from 1 to 2147483647, not "0"|list --limit 0
2|list: --limit: expected a whole number from 1 to 2147483647, not "1e3"|list --limit 1e3
2|list: give --all or --state, not both|list --all --state pending
2|keygen: expected NAME|keygen
2|show: expected ID|show
2|show: expected a request's id or its beginning, not "latest"|show latest
2|show: "012" is too short for an id: give at least 4 characters|show 012
2|show: expected a request's id or its beginning, not "${ID}0"|show ${ID}0
2|wait: --until: expected decided or done, not "stop"|wait --until stop $ID
2|approve: --reason is needed|approve $ID
2|approve: --reason is needed and may not be empty|approve $ID --reason ''
2|approve: without a terminal --digest is needed: the digest of what you saw (holdpoint show)|approve $ID --reason yes
2|approve: without a terminal --digest is needed: the digest of what you saw (holdpoint show)|approve $ID --reason yes --no-input
2|approve: with --json --digest is needed: the digest of what you saw (holdpoint show)|approve $ID --reason yes --json
2|approve: --digest: expected 64 hexadecimal digits, not "0123"|approve $ID --reason yes --digest 0123
2|deny: --reason is needed|deny $ID
2|deny: --digest: expected 64 hexadecimal digits, not ""|deny $ID --reason no --digest ''
2|extend: --by is needed|extend $ID
2|extend: --reason is needed|extend $ID --by 5m
2|extend: --by: "soon" is not a duration such as 90s, 30m or 4h|extend $ID --by soon --reason x
2|note: expected ID TEXT|note $ID
2|note: the note is empty|note $ID ''
2|settle: --result is needed|settle $ID --reason x
2|settle: --result: expected succeeded or failed, not "fine"|settle $ID --result fine --reason x
2|halt: give --all or --agent NAME|halt --reason x
2|halt: give --all or --agent NAME|halt --all --agent a --reason x
2|halt: --session needs --agent: sessions belong to one|halt --all --session s --reason x
2|halt: --reason is needed|halt --all
2|resume: --reason is needed|resume --agent a
2|stats: give --json or --prometheus, not both|stats --json --prometheus
2|console: there is no JSON of a console; see list and watch|console --json
2|submit: unexpected "ls": the command to run stands behind --|submit ls
2|submit: $SCRATCH/missing: cannot open: No such file or directory|submit -f $SCRATCH/missing
2|submit: give --reversible or --irreversible, not both|submit --reversible --irreversible
2|submit: --argument: expected NAME=VALUE, not "novalue"|submit --argument novalue
2|submit: --alternative: expected NAME=VALUE, not "=why"|submit --alternative =why
2|submit: --cost-usd: expected a number, not "cheap"|submit --cost-usd cheap
2|submit: --resources-affected: expected a whole number, not "1.5"|submit --resources-affected 1.5
2|submit: --ttl: "never" is not a duration such as 90s, 30m or 4h|submit --ttl never
2|submit: --summary: expected UTF-8, not "<0xFF>"|submit --summary \$'\\xff'
2|submit: $SCRATCH/message.yaml:2:1: request: unknown key "seq"|submit -f $SCRATCH/message.yaml
2|submit: $SCRATCH/list.yaml:1:1: request must be a map, found list|submit -f $SCRATCH/list.yaml
2|policy explain: --file is needed|policy explain
2|policy check: $SCRATCH/missing: cannot open: No such file or directory|policy check $SCRATCH/missing
125|exec: expected -- CMD [ARG...]|exec
125|exec: unexpected "ls": the command to run stands behind --|exec ls
125|exec: no option "--operation"|exec --operation x -- ls
125|exec: --environment is needed|exec -- ls
125|exec: no program "no-such-program"|exec --environment test -- no-such-program
125|exec: no program "/etc/passwd"|exec --environment test -- /etc/passwd
EOT

# Whose key, and which broker.
run list
like "$CODE|$ERR" "2|holdpoint: list: $SCRATCH/nowhere/broker.json: *" "no instance: the broker's file is named"
run list --key a --as b
like "$CODE|$ERR" "2|holdpoint: list: *" "--key and --as together are refused"

done_testing
