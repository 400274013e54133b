#!/usr/bin/env bash
# Every file of tests/policy holds for the shipped policy, by `holdpoint policy test`.
. "$(dirname "$0")/tap.sh"
make_instance
export HOLDPOINT_HOME=$HOME_DIR
for FILE in "$HP_SRCDIR"/tests/policy/*.yaml; do
	run policy test "$FILE"
	[ "$CODE" = 0 ] && [ -z "$ERR" ]
	ok $? "$(basename "$FILE"): $(tail -n 1 <<<"$OUT")" || sed 's/^/# /' <<<"$OUT$ERR"
done
done_testing
