#!/usr/bin/env bash
# Help comes from the one table: every command, with every option, and no other.
. "$(dirname "$0")/tap.sh"
TABLE=$HP_SRCDIR/cli/commands.def

run help
is "$CODE$ERR" "0" "help succeeds without a message"
ALL=$OUT
is "$(sed -n 's/^HP_COMMAND("\([^"]*\)".*/\1/p' "$TABLE")" \
	"$(sed -n '/^global/q; s/^  \([a-z-]\+\( [a-z]\+\)\?\)  .*/\1/p' <<<"$ALL" | sed 's/ *$//')" \
	"help lists the table's commands in its order"
run --help
is "$OUT" "$ALL" "--help is help"
run -h
is "$OUT" "$ALL" "-h is help"

while read -r -a words; do
	name="${words[*]}"
	run help "${words[@]}"
	like "$CODE|$OUT" "0|usage: holdpoint $name*global options:*--timeout DUR*" "help $name"
	HELP=$OUT
	run "${words[@]}" --help
	is "$OUT" "$HELP" "$name --help is the same"
	run --help "${words[@]}"
	is "$OUT" "$HELP" "--help $name is the same"
done < <(sed -n 's/^HP_COMMAND("\([^"]*\)".*/\1/p' "$TABLE")

run help policy
is "$(sed 's/^  \(policy [a-z]*\) .*/\1/' <<<"$OUT" | tr '\n' ',')" \
	"policy check,policy explain,policy test,policy show,policy export," "help of a family"
run policy --help
like "$CODE|$OUT" "0|  policy check*" "a family --help"

run --version
is "$CODE|$ERR" "0|" "--version succeeds"
like "$OUT" "holdpoint [0-9]*.[0-9]*" "--version prints name and version"
run list --version
like "$CODE|$OUT" "0|holdpoint [0-9]*" "--version after a command too"

LC_ALL=C grep -q $'[^\t -~]' <<<"$ALL"
is $? 1 "help is ASCII"
awk 'length > 80' <<<"$ALL" | grep -q .
is $? 1 "help fits 80 columns"

"$HOLDPOINT" help >/dev/full 2>"$SCRATCH/err"
is "$?|$(cat "$SCRATCH/err")" "1|holdpoint: cannot write to standard output" \
	"output that does not arrive is a failure"

done_testing
