#!/usr/bin/env bash
# The benchmarks run, in a small form: figures here say nothing, that there are any does.
. "$(dirname "$0")/../cli/tap.sh"
BENCH=$HP_BUILDDIR/tests/bench

# figures SCENE OPTIONS: how many figures it finds, all of them finite and none below 0.
figures() {
	rm -rf "$SCRATCH/site" && mkdir "$SCRATCH/site"
	"$BENCH/bench_broker" --scene "$@" --seconds 0.1 --json "$HP_BUILDDIR" "$SCRATCH/site" \
		2>"$SCRATCH/err" >"$SCRATCH/out" || { tail -n 1 "$SCRATCH/err"; return; }
	/usr/bin/python3 -c 'import json, math, sys
found = json.load(sys.stdin)["figures"]
assert all(math.isfinite(f["value"]) and f["value"] >= 0 for f in found), found
print(len(found))' <"$SCRATCH/out"
}

is "$(figures submits --windows 1,1024)" 12 "broker: submits"
is "$(figures cycles)" 4 "broker: whole cycles"
is "$(figures stored --stored 1000)" 6 "broker: a store that fills"
is "$(figures pending --pending 100)" 3 "broker: memory"
is "$(figures agents --agents 20)" 6 "broker: agents that wait"
is "$(figures reviewers --reviewers 5)" 4 "broker: reviewers"
like "$("$BENCH/bench_redact" --seconds 0.01 2>&1 | head -n 3)" "*[0-9]*" "redact"
mkdir "$SCRATCH/policy"
like "$("$BENCH/bench_policy" --seconds 0.01 --json "$SCRATCH/policy" 2>&1 | tail -n 1)" "*}*" "policy"
done_testing
