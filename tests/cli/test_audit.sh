#!/usr/bin/env bash
# audit verify, prove, export: a database at rest, and input of every kind that is none.
. "$(dirname "$0")/tap.sh"

mkdir "$SCRATCH/made"
KEY=$("$HP_BUILDDIR/tests/broker/make_log" "$SCRATCH/made")
DB=$SCRATCH/made/holdpoint.db LOCK=$SCRATCH/made/checkpoint.lock

# verify OPTIONS
verify() { run audit verify --log-key "$KEY" "$@"; }

# ---- what is sound ----
verify --db "$DB" --anchor "$LOCK"
is "$CODE|$OUT|$ERR" "0|verified: 42 leaves, 4 checkpoints, 13 requests, 6 votes|" "a database at rest"
chmod 400 "$DB" && chmod 500 "$SCRATCH/made"
verify --db "$DB"
like "$CODE|$ERR" "0|*no lock file and no --anchor*" "read-only; without a witness a remark says what would not show"
chmod 700 "$SCRATCH/made" && chmod 600 "$DB"
verify --db "$DB" -q
is "$CODE|$OUT|$ERR" "0||" "-q says nothing of what is sound"
verify --db "$DB" --json
like "$CODE|$OUT" '0|{"verified":true,"instance":"hp.example/made","leaves":42,"signed":42,"root":"*,"first_bad":null,"problem_count":0,"problems":\[\]}' "--json"
run audit export --db "$DB"
cp "$SCRATCH/out" "$SCRATCH/export"
is "$CODE|$(wc -l <"$SCRATCH/export")|$(LC_ALL=C grep -c '[^ -~]' "$SCRATCH/export")" "0|46|0" "an export has a line a leaf and a checkpoint, in ASCII"
verify --export "$SCRATCH/export" --anchor "$LOCK"
is "$CODE|$OUT" "0|verified: 42 leaves, 4 checkpoints, 13 requests, 6 votes" "an export"
run audit prove 41 --db "$DB" --log-key "$KEY"
like "$CODE|$OUT" "0|c2sp.org/tlog-proof@v1*index 41*hp.example/made*42*" "a proof without a broker"
run audit prove 42 --db "$DB" --log-key "$KEY"
is "$CODE|$ERR" "7|holdpoint: audit prove: no leaf 42 under the newest checkpoint" "of a leaf that is not there"

# ---- what is no log, or not this one ----
printf 'not a database, but long enough to look like a file of some kind %0500d' 7 >"$SCRATCH/text"
: >"$SCRATCH/empty"
sqlite3() { /usr/bin/python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()' "$@"; }
sqlite3 "$SCRATCH/other" "CREATE TABLE t(x)"
cp "$DB" "$SCRATCH/future" && sqlite3 "$SCRATCH/future" "PRAGMA user_version = 99"
cp "$DB" "$SCRATCH/tableless" && sqlite3 "$SCRATCH/tableless" "DROP TABLE node"
head -c 30000 "$DB" >"$SCRATCH/short"
head -c 20000 "$SCRATCH/export" >"$SCRATCH/cut"
{ sed 10q "$SCRATCH/export"; head -c 3000000 /dev/zero | tr '\0' a; echo; sed 1,10d "$SCRATCH/export"; } >"$SCRATCH/huge"
{ sed 10q "$SCRATCH/export"; echo '{"seq":10,"leaf":'; sed 1,11d "$SCRATCH/export"; } >"$SCRATCH/torn"
head -c 5000000 /dev/urandom >"$SCRATCH/noise"
while IFS='|' read -r code options says; do
	# shellcheck disable=SC2086
	verify ${options//@/$SCRATCH/}
	like "$CODE|$OUT$ERR" "$code|*$says*" "$options: $says"
done <<'TABLE'
2|--db @nowhere|unable to open
2|--db @made|it is no file
2|--db @text|not a database
2|--db @empty|not a database of holdpoint
2|--db @other|not a database of holdpoint
2|--db @future|schema has version 99
11|--db @short|malformed
2|--export @nowhere|No such file
2|--export @made|no export of a log
2|--export @empty|no export of a log
2|--export @noise|no export of a log
2|--export @made/holdpoint.db|no export of a log
11|--export @cut|NOT VERIFIED
11|--export @huge|line 11: it is longer than any line
11|--export @torn|first bad sequence number 10
2|--db @made/holdpoint.db --anchor @text|there is no checkpoint in it
2|--db @made/holdpoint.db --anchor @nowhere|No such file
2|--db @made/holdpoint.db --export @export|not both
2|--log-key nonsense --db @made/holdpoint.db|--log-key
11|--log-key hp.example/made+238f6b67+AeHvL+byEfc5mopqVf3IEe6S7H8B7hJZQtqH72WVU0mf --db @short|malformed
TABLE
verify --db "$SCRATCH/tableless"
like "$CODE|$ERR" "[12]*|*node*" "a table is missing"
OTHER=$(sed 's/made/othr/' <<<"$KEY")
run audit verify --db "$DB" --log-key "$OTHER"
like "$CODE|$ERR" "2|*--log-key*" "a key of another log is none"
for word in "" -1 x 99999999999999999999 1.5; do
	run audit prove --db "$DB" --log-key "$KEY" -- "$word"
	like "$CODE" "2" "prove \"$word\""
done
run --home "$SCRATCH/nowhere" audit verify
like "$CODE|$ERR" "2|*nowhere/holdpoint.yaml*" "without an instance"

# ---- what somebody says in it reaches no terminal raw ----
sqlite3 "$DB" "DROP TRIGGER request_fixed; UPDATE request SET id = char(27) || '[2J' WHERE key = 3"
verify --db "$DB"
like "$CODE|$OUT" "11|*<U+001B>\[2J: the log does not know it*" "control characters are shown, not sent"
is "$(LC_ALL=C tr -d '\n -~' <"$SCRATCH/out" | wc -c)" 0 "nor is anything else"
done_testing
