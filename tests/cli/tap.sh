# Sourced by the tests of the command line: TAP, a scratch directory, a trial instance.
set -u
: "${HP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${HP_BUILDDIR:=$PWD}"
HOLDPOINT=$HP_BUILDDIR/holdpoint
unset HOLDPOINT_HOME HOLDPOINT_KEY HOLDPOINT_AS HOLDPOINT_BROKER HOLDPOINT_PASSPHRASE_FILE NO_COLOR
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/hp-cli.XXXXXX")
HOME_DIR=$SCRATCH/hp
BROKER_PID=
COUNT=0

finish() {
	# shellcheck disable=SC2046
	kill $BROKER_PID $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	rm -rf "$SCRATCH"
}
trap finish EXIT

# ok STATUS NAME
ok() {
	COUNT=$((COUNT + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $COUNT - $2"
	else
		echo "not ok $COUNT - $2"
	fi
	return "$1"
}

# is GOT WANTED NAME
is() {
	[ "$1" = "$2" ]
	ok $? "$3" || printf '# got    %s\n# wanted %s\n' "${1//$'\n'/$'\n#        '}" "${2//$'\n'/$'\n#        '}"
}

# like TEXT PATTERN NAME: a bash pattern that the whole text has to match
like() {
	# shellcheck disable=SC2053
	[[ $1 == $2 ]]
	ok $? "$3" || printf '# got     %s\n# pattern %s\n' "${1//$'\n'/$'\n#         '}" "$2"
}

# run ARGUMENTS: leaves standard output, standard error and exit code in OUT, ERR and CODE
run() {
	"$HOLDPOINT" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
	CODE=$?
	OUT=$(cat "$SCRATCH/out")
	ERR=$(cat "$SCRATCH/err")
}

# as NAME ARGUMENTS: the same, as a principal of the trial instance
as() {
	local name=$1
	shift
	run --home "$HOME_DIR" --as "$name" --timeout 30s "$@"
}

# field NAME: the value of "name  value" in OUT
field() {
	sed -n "s/^$1  *//p" <<<"$OUT" | head -n 1
}

# json EXPRESSION: of OUT as Python sees it in `d`
json() {
	/usr/bin/python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" <<<"$OUT"
}

make_instance() {
	run init "$HOME_DIR"
	[ "$CODE" -eq 0 ] || { echo "Bail out! init: $ERR"; exit 1; }
}

# The broker prints "ready" once it accepts connections: nothing sleeps here.
start_broker() {
	local ready
	exec 3< <(exec "$HP_BUILDDIR/holdpointd" --home "$HOME_DIR" 2>"$SCRATCH/broker.log")
	BROKER_PID=$!
	read -r -t 60 ready <&3
	[ "${ready:-}" = ready ] || { echo "Bail out! holdpointd: $(cat "$SCRATCH/broker.log")"; exit 1; }
}

stop_broker() {
	kill "$BROKER_PID"
	wait "$BROKER_PID" 2>/dev/null
	BROKER_PID=
	exec 3<&-
}

done_testing() {
	echo "1..$COUNT"
}
